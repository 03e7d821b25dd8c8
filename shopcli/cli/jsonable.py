"""The contract's data as JSON: one stable shape, walked generically."""

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum

from backends.errors import ShopError
from backends.money import Money
from backends.text import clean


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


def dumps(value: object, *, indented: bool = False) -> str:
    """Return JSON in ASCII: whatever a shop sends, no byte of it can act on a terminal."""
    return json.dumps(value, ensure_ascii=True, indent=2 if indented else None)
