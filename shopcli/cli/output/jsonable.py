"""The contract's data as JSON: one stable shape, walked generically."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import get_args, get_type_hints

from backends.errors import ShopError
from backends.money import Money
from backends.text import clean

_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(:?)|true|false|null|-?\d[\d.eE+-]*')
_KEY, _TEXT, _OTHER = "1;34", "32", "36"


def rfc3339(time: datetime) -> str:
    """Return a time as RFC 3339 in UTC, always of one length: ``2026-01-31T14:05:00.000Z``."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def jsonable(value: object) -> object:
    """Return what `json.dumps` takes: dataclasses by their fields, money and times as the output contract says."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return clean(value, keep="\n\t")
    if isinstance(value, datetime):
        return rfc3339(value)
    return _structure(value)


def _structure(value: object) -> object:
    if isinstance(value, Money):
        return {"amount": f"{value.amount:f}", "currency": clean(value.currency)}
    if isinstance(value, ShopError):
        from shopcli.cli.failures import as_object

        return as_object(value)
    if is_dataclass(value):
        return {field.name: jsonable(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [jsonable(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def dumps(value: object, *, indented: bool = False, letters: bool = False) -> str:
    """Return JSON in ASCII: whatever a shop sends, no byte of it can act on a terminal.

    With `letters` they stay as they are, for people; what acts has to be cleaned before.
    """
    return json.dumps(value, ensure_ascii=not letters, indent=2 if indented else None)


def colored(text: str) -> str:
    """Return JSON with its keys, texts and other literals in colours, for a terminal."""
    return _TOKEN.sub(_painted, text)


def _painted(token: re.Match[str]) -> str:
    text, colon = token[1], token[2]
    if text is None:
        return f"\x1b[{_OTHER}m{token[0]}\x1b[0m"
    return f"\x1b[{_KEY if colon else _TEXT}m{text}\x1b[0m{colon}"


def selected(value: object, paths: Iterable[str]) -> object:
    """Return the parts that `paths` name (`totals.total`) of what `jsonable` made; of a list, those of each item."""
    if isinstance(value, list):
        return [selected(item, paths) for item in value]
    if not isinstance(value, dict):
        return value
    below: dict[str, list[str]] = {}
    for path in paths:
        name, _, rest = path.partition(".")
        below.setdefault(name, []).append(rest)
    return {name: value[name] if "" in rests else selected(value[name], rests) for name, rests in below.items()}


def paths_of(kind: object) -> Iterator[str]:
    """Find what can be selected from the JSON of a kind of thing: `totals`, `totals.total`, and so on."""
    if kind is Money:
        yield from ("amount", "currency")
    elif isinstance(kind, type) and is_dataclass(kind) and not issubclass(kind, ShopError):
        for name, hint in _hints(kind).items():
            yield name
            for inner in (hint, *get_args(hint)):
                yield from (f"{name}.{path}" for path in paths_of(inner))


def _hints(kind: type) -> Mapping[str, object]:
    """Return the types of a dataclass's fields; of one whose types are only known to a checker, just the names."""
    try:
        hints = get_type_hints(kind)
    except NameError:
        hints = {}
    return {field.name: hints.get(field.name) for field in fields(kind)}
