"""The terminal: what it can show."""

import codecs
from collections.abc import Iterator
from shutil import get_terminal_size

from shopcli.core.doctor.finding import Finding, State, Surroundings
from shopcli.core.terminals import moves_cursor

_NARROW = 80


def characters(surroundings: Surroundings) -> Iterator[Finding]:
    """Whether every character can be written."""
    try:
        name = codecs.lookup(surroundings.encoding).name
    except LookupError:
        name = surroundings.encoding
    if name == "utf-8":
        yield Finding(State.OK, "text", "it is written as UTF-8")
    else:
        found = f"it is written as {name or 'unknown'}, which lacks most characters that a shop may use"
        yield Finding(State.WARNING, "text", found, "export LC_ALL=C.UTF-8")


def kind_of_terminal(surroundings: Surroundings) -> Iterator[Finding]:
    """What kind of terminal it is, how large, and whether there are colours."""
    kind = surroundings.environment.get("TERM", "")
    size = get_terminal_size()
    colors = "with colours" if surroundings.color else "without colours"
    if not surroundings.terminal:
        yield Finding(State.OK, "terminal", f"none, the output is a pipe or a file; TERM={kind}")
    elif not moves_cursor(surroundings.environment):
        found = f"TERM={kind}: neither colours nor the full-screen shop (shop tui) work"
        yield Finding(State.WARNING, "terminal", found, "export TERM=xterm-256color")
    elif size.columns < _NARROW:
        found = f"{kind}, {size.columns} x {size.lines}, {colors}: tables drop columns below {_NARROW}"
        yield Finding(State.WARNING, "terminal", found)
    else:
        yield Finding(State.OK, "terminal", f"{kind}, {size.columns} x {size.lines}, {colors}")
