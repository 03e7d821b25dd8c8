"""Whether an expectation holds.

Values are JSON as the commands print it; `comparing` says when two are equal.

- ``.length`` counts the items of a list.
- What is not there holds nothing: ``.nothing != 1`` fails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from backends.errors import ShopError
from shopcli.demo.comparing import Incomparable, as_word, hint, holds, kind_of, shown
from shopcli.demo.statements import Expression, Field, Lookup, Path, Reference, Subject, Value
from shopcli.demo.statements import path_text as written
from shopcli.demo.values import COUNTS

MOST_NAMES = 12
"""Fields that a failure lists where one is missing."""


class Environment(Protocol):
    """What an expectation is about: a shopper's last command, and the shop as this shopper sees it.

    Values are JSON as the commands print it. Lookups may raise ShopError.
    """

    @property
    def result(self) -> object:
        """What the last command printed as JSON; None where it printed nothing."""

    @property
    def exit(self) -> int:
        """Its exit code."""

    @property
    def error(self) -> Mapping[str, object] | None:
        """What it said under `error`; None where it did not fail."""

    @property
    def captured(self) -> Mapping[str, object]:
        """The captured values by name."""

    async def order(self, which: str) -> object:
        """Return an order, by its number or id, or `last`."""

    async def cart(self) -> object:
        """Return the shopper's cart."""

    async def payments(self, which: str) -> Sequence[object]:
        """Return the payments of an order, by its number or id, or `last`."""

    async def health(self, service: str) -> object:
        """Return one service's health."""

    async def products(self, words: str) -> Sequence[object]:
        """Return the products that a search finds."""


@dataclass(frozen=True, slots=True)
class Held:
    """The expectation holds; `actual` is what was looked at."""

    actual: object


@dataclass(frozen=True, slots=True)
class Failed:
    """The expectation does not hold."""

    expected: str
    """The operator and the value: ``== "paid"``."""
    actual: str
    """The value as JSON, or why there is none."""
    whole: object
    """All that was looked into: the whole order, the whole result."""

    def __str__(self) -> str:
        return f"expected {self.expected}, got {self.actual}"


class Missing(Exception):
    """There is no such value; `whole` is what was looked into."""

    def __init__(self, reason: str, whole: object = None) -> None:
        """Say what is missing, and what there is."""
        super().__init__(reason)
        self.reason = reason
        self.whole = whole


async def evaluate(expression: Expression, environment: Environment) -> Held | Failed:
    """Ask what the expression asks, and compare. Whatever is missing or cannot be asked is a failure."""
    expected = f"{expression.operator} {expression.value}"
    try:
        actual, whole = await _subject(expression.subject, environment)
        value = await _value(expression.value, environment)
    except Missing as missing:
        return Failed(expected, missing.reason, missing.whole)
    except ShopError as error:
        return Failed(expected, f"{error.code}: {error.message}", None)
    if isinstance(expression.value, Subject):
        expected += f", which is {shown(value)}"
    try:
        if holds(actual, expression.operator, value):
            return Held(actual)
    except Incomparable as error:
        return Failed(expected, f"{shown(actual)}: {error}", whole)
    return Failed(expected, shown(actual) + hint(actual, value), whole)


def find(value: object, path: Path) -> object:
    """Return the value at the end of a path. Raises Missing, which says what there is."""
    whole = value
    for at, step in enumerate(path):
        before = written(path[:at])
        if isinstance(step, Field):
            value = _field(value, step.name, before, whole)
        elif not isinstance(value, list | tuple):
            raise Missing(f"there is no {before}{step}; {before or 'it'} is {kind_of(value)}", whole)
        elif not -len(value) <= step.at < len(value):
            raise Missing(f"there is no {before}{step}; {before or 'it'} has {len(value)} items", whole)
        else:
            value = value[step.at]
    return value


# --- looking ---


async def _value(value: Value, environment: Environment) -> object:
    if isinstance(value, Subject):
        return (await _subject(value, environment))[0]
    return value.value


async def _subject(subject: Subject, environment: Environment) -> tuple[object, object]:
    """Return the value, and the whole that it was found in."""
    root = subject.root
    if isinstance(root, Lookup):
        whole = await _look_up(root, environment)
        if root.name == "payments":
            return _of_payments(whole, subject.path), whole
        return find(whole, subject.path), whole
    if isinstance(root, Reference):
        return _captured(root, environment), environment.captured
    if root == "exit":
        return environment.exit, environment.error
    if root == "error":
        if environment.error is None and subject.path:
            raise Missing(f"there is no error; the command ended with {environment.exit}", environment.result)
        return find(environment.error, subject.path), environment.error
    if environment.result is None:
        raise Missing(f"the last command printed no result and ended with {environment.exit}", environment.error)
    return find(environment.result, subject.path), environment.result


async def _look_up(lookup: Lookup, environment: Environment) -> object:
    if lookup.argument is None:
        return await environment.cart()
    look = {
        "order": environment.order,
        "payments": environment.payments,
        "health": environment.health,
        "products": environment.products,
    }[lookup.name]
    return await look(_argument(lookup.argument, environment))


def _argument(argument: str | Reference, environment: Environment) -> str:
    if isinstance(argument, str):
        return argument
    value = _captured(argument, environment)
    word = as_word(value)
    if word is None:
        raise Missing(f"{argument} is {kind_of(value)}, which nothing is called", dict(environment.captured))
    return word


def _captured(reference: Reference, environment: Environment) -> object:
    if reference.name not in environment.captured:
        raise Missing(f"nothing was captured as {reference.name}", dict(environment.captured))
    return environment.captured[reference.name]


def _of_payments(payments: object, path: Path) -> object:
    """Return what a path finds in payments, where ``.settled`` counts those of that status."""
    first = path[0] if path else None
    if not isinstance(payments, list | tuple) or not isinstance(first, Field) or first.name == "length":
        return find(payments, path)
    if first.name not in COUNTS:
        raise Missing(f"there is no .{first.name}; there is {', '.join(COUNTS)}", payments)
    counts = [isinstance(each, Mapping) and each.get("status") == first.name for each in payments]
    return find(sum(counts), path[1:])


def _field(value: object, name: str, before: str, whole: object) -> object:
    if isinstance(value, list | tuple) and name == "length":
        return len(value)
    if not isinstance(value, Mapping):
        raise Missing(f"there is no {before}.{name}; {before or 'it'} is {kind_of(value)}", whole)
    if name not in value:
        raise Missing(f"there is no {before}.{name}; there is {_names(value)}", whole)
    return value[name]


def _names(value: Mapping[str, object]) -> str:
    names = [*value][:MOST_NAMES]
    return ", ".join((*names, *("…" for _ in range(len(value) > MOST_NAMES)))) or "nothing"
