"""Reading answers strictly: what is not exactly as the contract says is garbage, and garbage decides nothing.

The standard library's json: importing a faster one costs more than it saves a command (msgspec: 3.8 bare Python
starts). Text is cleaned and bounded; an id that is not clean is no id.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import TypeVar

from backends.http.transport import Answer
from backends.money import Money
from backends.text import is_clean, shorten

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

Read = Callable[[object], T]
"""Makes something of a part of an answer. Raises Garbage."""
Decode = Callable[[Answer], T]
"""Makes something of a whole answer. Raises Garbage."""

MAX_TEXT = 1000
MAX_LONG_TEXT = 20_000
MAX_ID = 200
MAX_TOKEN = 4096
MAX_INTEGER = 10**18
_NO_CONTENT = 204
_WITH_CONTENT = (200, 201)

_CURRENCY = re.compile(r"[A-Z]{3}")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
# RFC 3339; `fromisoformat` alone would take week dates, and \d digits of every script.
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")


class Garbage(Exception):
    """What came is no answer; the text says where. It quotes nothing of it: there may be secrets in it."""


class WebPage(Garbage):
    """What came is for a browser: whoever answers there is hardly a shop."""


# --- whole answers ---------------------------------------------------------------------------------------------------


def nothing(answer: Answer) -> None:
    """An answer that says no more than that it worked."""
    if answer.status != _NO_CONTENT:
        raise Garbage(f"it answered {answer.status} where nothing was to be said")


def document(read: Read[T]) -> Decode[T]:
    """Return the decoder of an answer whose JSON is what `read` reads."""

    def decode(answer: Answer) -> T:
        if answer.status not in _WITH_CONTENT:
            raise Garbage(f"it answered {answer.status} without what was asked for")
        if answer.headers.get("content-type", "").lower().startswith("text/html"):
            raise WebPage("a web page came back, so what answers at the shop's address is probably no shop")
        return read(_json(answer.body))

    return decode


def _json(body: bytes) -> object:
    try:
        return json.loads(body, object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError):  # also half an answer, bytes that are no UTF-8, numbers of 5,000 digits
        raise Garbage("it is not JSON") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name twice: two readers would read two things")
    return found


def _no_number(name: str) -> object:
    raise ValueError(name)


# --- parts -----------------------------------------------------------------------------------------------------------


class Members:
    """The members of a JSON object. Those that nobody asks for are from a newer shop, and are left alone."""

    def __init__(self, value: object) -> None:
        """Raises Garbage if it is no object."""
        if not isinstance(value, dict):
            raise Garbage("it is no object")
        self._values = value

    def __call__(self, name: str, read: Read[T]) -> T:
        """Read one member; one that is missing is read as null."""
        try:
            return read(self._values.get(name))
        except Garbage as error:
            raise Garbage(f"{name}: {error}") from None


def text(value: object) -> str:
    """A line of text, cleaned and at most MAX_TEXT characters."""
    if not isinstance(value, str):
        raise Garbage("it is no text")
    return shorten(value, MAX_TEXT)


def long_text(value: object) -> str:
    """A description."""
    if not isinstance(value, str):
        raise Garbage("it is no text")
    return shorten(value, MAX_LONG_TEXT)


def identifier(value: object) -> str:
    """What is sent back as it came, so it cannot be cleaned."""
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID or not is_clean(value):
        raise Garbage("it is no id")
    return value


def secret(value: object) -> str:
    """A token that goes into a header (RFC 6750, 2.1)."""
    if not isinstance(value, str) or len(value) > MAX_TOKEN or not _TOKEN.fullmatch(value):
        raise Garbage("it is no token")
    return value


def integer(value: object) -> int:
    """A whole number, which true and false are not."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= MAX_INTEGER:
        raise Garbage("it is no whole number in range")
    return value


def count(value: object) -> int:
    """A whole number that is not negative."""
    counted = integer(value)
    if counted < 0:
        raise Garbage("it is negative")
    return counted


def number(value: object) -> float:
    """A number, finite and not negative."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < MAX_INTEGER:
        raise Garbage("it is no number in range")
    return float(value)


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Garbage("it is neither true nor false")
    return value


def moment(value: object) -> datetime:
    """A time (RFC 3339), in UTC."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise Garbage("it is no time")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Garbage("it is no time") from None


def money(value: object) -> Money:
    """An amount in minor units."""
    at = Members(value)
    return Money.of_minor(at("amount", integer), at("currency", _currency))


def _currency(value: object) -> str:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise Garbage("it is no currency")
    return value


def one_of(kind: type[E]) -> Read[E]:
    """Return the reader of an enumeration's values; an unknown one is from a shop that speaks another language."""

    def read(value: object) -> E:
        try:
            return kind(value)
        except ValueError:
            raise Garbage("it is none of the known values") from None

    return read


def nullable(read: Read[T]) -> Read[T | None]:
    """Return the reader of something that may be null."""
    return lambda value: None if value is None else read(value)


def listed(read: Read[T]) -> Read[tuple[T, ...]]:
    """Return the reader of an array."""

    def items(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise Garbage("it is no array")
        return tuple(read(each) for each in value)

    return items
