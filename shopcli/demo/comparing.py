"""When two values are equal, and which one is larger.

Values are JSON as the commands print it. They are compared exactly:

- Numbers as decimals. Money, ``{"amount": "12.00", "currency": "EUR"}``, equals ``"12.00 EUR"`` and ``"12.0 EUR"``, and
  has an order among its own currency. Texts have the order of their characters, which is that of times, too.
- Whatever is of another kind is different: the text ``"1001"`` is not the number 1001.
- A list contains each value that one of its items is or, where items are objects, has in one of its fields. A text
  contains its parts.
- ``matches`` looks for a regular expression of Python in a text, a number or money.
"""

import re
import warnings
from collections.abc import Callable, Mapping
from decimal import Decimal
from json import dumps

from backends.money import Money

_MONEY = re.compile(r"(-?\d+(?:\.\d+)?) ([A-Z]{3})", re.ASCII)


class Incomparable(Exception):
    """The operator says nothing about these values; the message says why."""


def holds(actual: object, operator: str, value: object) -> bool:
    """Whether the operator, one of `statements.OPERATORS`, holds. Raises Incomparable."""
    return _OPERATORS[operator](actual, value)


def as_word(value: object) -> str | None:
    """Return a value as an argument of a command and as what ``matches`` looks into; None for what has no such form."""
    if isinstance(value, str):
        return value
    if (money := as_money(value)) is not None:
        return str(money)
    number = _number(value)
    return None if number is None else f"{number:f}"


def as_money(value: object) -> Money | None:
    """Return what JSON says as money: an object of an amount and a currency."""
    if not isinstance(value, Mapping) or value.keys() != {"amount", "currency"}:
        return None
    return _money(f"{value['amount']} {value['currency']}")


def shown(value: object) -> str:
    """Return a value in one line, as the expectation could be written: money as a text."""
    money = as_money(value)
    return dumps(value if money is None else str(money), ensure_ascii=False, default=str)


def kind_of(value: object) -> str:
    """Return what a value is, in words."""
    if value is None or isinstance(value, bool):
        return shown(value)
    if as_money(value) is not None:
        return "money"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, Mapping):
        return "an object"
    return "a text" if isinstance(value, str) else "a number"


def hint(actual: object, value: object) -> str:
    """Say what can be mixed up: ``"1001"`` and 1001, money and its amount."""
    if as_money(actual) is not None and not isinstance(value, bool) and isinstance(value, Decimal):
        return f', which is money, written "{value:f} {actual["currency"]}"' if isinstance(actual, Mapping) else ""
    if isinstance(actual, str) and isinstance(value, Decimal):
        return ", which is a text"
    return ""


def _number(value: object) -> Decimal | None:
    """Return an exact number; floats of JSON mean the digits that they are printed with."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return number if number.is_finite() else None


def _money(text: object) -> Money | None:
    found = _MONEY.fullmatch(text) if isinstance(text, str) else None
    return Money(Decimal(found[1]), found[2]) if found else None


def _equal(one: object, other: object) -> bool:
    one_money, other_money = as_money(one), as_money(other)
    if one_money is not None or other_money is not None:
        return (one_money or _money(one)) == (other_money or _money(other))
    one_number, other_number = _number(one), _number(other)
    if one_number is not None or other_number is not None:
        return one_number == other_number
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return type(one) is type(other) and one == other


def _order(one: object, other: object) -> int:
    """Return a number below, at or above 0. Raises Incomparable."""
    one_money, other_money = as_money(one), as_money(other)
    if one_money is not None or other_money is not None:
        return _order_of_money(one_money or _money(one), other_money or _money(other))
    numbers = (_number(one), _number(other))
    if numbers[0] is not None and numbers[1] is not None:
        return (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    if isinstance(one, str) and isinstance(other, str):
        return (one > other) - (one < other)
    raise Incomparable(f"{kind_of(one)} has no order with {kind_of(other)}")


def _order_of_money(one: Money | None, other: Money | None) -> int:
    if one is None or other is None or one.currency != other.currency:
        raise Incomparable('money has an order with money of its currency, written "12.00 EUR"')
    return (one.amount > other.amount) - (one.amount < other.amount)


def _contains(one: object, other: object) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return other in one
    if not isinstance(one, list | tuple):
        raise Incomparable("only a list contains something, and a text other texts")
    return any(_equal(item, other) or _has(item, other) for item in one)


def _has(item: object, wanted: object) -> bool:
    return isinstance(item, Mapping) and any(_equal(value, wanted) for value in item.values())


def _matches(one: object, pattern: object) -> bool:
    text = as_word(one)
    if text is None:
        raise Incomparable(f"{kind_of(one)} matches nothing: that is for texts, numbers and money")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.search(str(pattern), text) is not None


_OPERATORS: Mapping[str, Callable[[object, object], bool]] = {
    "==": _equal,
    "!=": lambda one, other: not _equal(one, other),
    "<": lambda one, other: _order(one, other) < 0,
    "<=": lambda one, other: _order(one, other) <= 0,
    ">": lambda one, other: _order(one, other) > 0,
    ">=": lambda one, other: _order(one, other) >= 0,
    "contains": _contains,
    "matches": _matches,
}
