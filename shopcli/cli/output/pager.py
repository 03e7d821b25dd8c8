"""What is longer than the screen goes through a pager, as with git and gh: $SHOP_PAGER, $PAGER, or less."""

import io
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from shopcli.cli.options import Options, is_terminal
from shopcli.cli.output.talk import cells
from shopcli.core.terminals import moves_cursor

_USUAL = "less"
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_FOR_LESS = {"LESS": "FRX", "LESSCHARSET": "utf-8"}
"""For people who set nothing themselves: what fits ends at once, colours stay colours, the text stays on the screen."""
_NOT_STARTED = (126, 127)
"""What `env` and shells end with where there is no such program."""


class Sheet(io.StringIO):
    """What is going to be on a terminal."""

    def isatty(self) -> bool:
        """Whether colours make sense."""
        return True


@contextmanager
def paged(options: Options) -> Iterator[TextIO]:
    """Give a stream for people: what is longer than the screen goes through the pager, if they want one.

    Never where stdout or stdin is no terminal, in CI, nor with `--no-input`: a pager waits for a key.
    """
    if not (options.pages and options.input_allowed and _is_screen()):
        yield sys.stdout
        return
    sheet = Sheet()
    yield sheet
    text = sheet.getvalue()
    if not (_is_longer(text) and _read_by(_pager(os.environ), text)):
        sys.stdout.write(text)


def _is_screen() -> bool:
    """Whether somebody sits there; a stand-in for stdout has no file behind it."""
    try:
        there = is_terminal(sys.stdin) and os.isatty(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return there and moves_cursor() and not os.environ.get("CI")


def _is_longer(text: str) -> bool:
    """Whether a text leaves no line for the prompt below it."""
    from shutil import get_terminal_size

    columns, rows = get_terminal_size()
    lines = _COLOR.sub("", text).splitlines()
    return sum(max(1, -(-cells(line) // columns)) for line in lines) >= rows


def _pager(environment: "os._Environ[str]") -> Sequence[str]:
    """Return the pager's words, none where it is not to be used."""
    from shlex import split

    try:
        words = split(environment.get("SHOP_PAGER") or environment.get("PAGER", _USUAL))
    except ValueError:  # an open quote
        return ()
    return () if words == ["cat"] else words


def _read_by(pager: Sequence[str], text: str) -> bool:
    """Show the text with a pager, until it is left; False where it does not start."""
    import signal
    from subprocess import PIPE, Popen

    if not pager:
        return False
    sys.stdout.flush()
    encoded = text.encode(sys.stdout.encoding, "backslashreplace")
    try:
        process = Popen(pager, stdin=PIPE, env={**_FOR_LESS, **os.environ})  # noqa: S603 - the person's own choice
    except OSError:
        return False
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pager's: it ends a search there
    try:
        process.communicate(encoded)  # leaving it early is no error
    except KeyboardInterrupt:  # somebody stops us, as Ctrl-C is the pager's: it would go on reading the keys
        process.terminate()
        process.wait()
        raise
    finally:
        signal.signal(signal.SIGINT, before)
    return process.returncode not in _NOT_STARTED
