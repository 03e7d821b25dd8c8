"""How a kind of thing is shown: its columns, its parts, its id.

Named tuples, because three more dataclasses would cost 0.2 of a bare Python start in every command.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from backends.text import BREAKS, clean
from shopcli.cli.output.jsonable import rfc3339


class Column(NamedTuple):
    """One column of a table, on a terminal and in TSV alike.

    `rank` is the order in which columns leave a table that is too narrow, highest first; 0 stays.
    A column that `shrinks` is cut short before any leaves. `styles` colours a cell by its text.
    """

    name: str
    value: Callable[[Any], object]
    header: str | None = None
    right: bool = False
    rank: int = 0
    shrinks: bool = False
    hidden: bool = False
    styles: Mapping[str, str] = MappingProxyType({})


class Card(NamedTuple):
    """One thing on a terminal: lines of text around a table of its parts."""

    head: Sequence[str]
    columns: Sequence[Column]
    rows: Sequence[Any]
    foot: Sequence[str] = ()


class View(NamedTuple):
    """How things of one model are written."""

    model: type
    columns: tuple[Column, ...]
    identity: Callable[[Any], str]
    """What the next command takes for a row."""
    rows: Callable[[Any], Sequence[Any]] = lambda thing: (thing,)
    """What the columns are about: the thing, or its parts."""
    card: Callable[[Any], Card] | None = None
    """How a single one is shown on a terminal, if not as a table."""


def plain(value: object) -> str:
    """Return a TSV cell: one line, nothing cut, times in RFC 3339."""
    return _text(value) if not isinstance(value, datetime) else rfc3339(value)


def shown(value: object) -> str:
    """Return a cell for people: times in their own time zone, to the minute."""
    return _text(value) if not isinstance(value, datetime) else f"{value.astimezone():%Y-%m-%d %H:%M}"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(str(value).translate(BREAKS))
