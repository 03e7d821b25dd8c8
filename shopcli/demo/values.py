"""Values, paths, questions and comparisons: the part of the grammar that expectations and captures share."""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from backends.interface import SERVICES
from backends.models.payments import PaymentStatus
from shopcli.demo.cursor import Cursor, choice
from shopcli.demo.statements import (
    LAST,
    OPERATORS,
    Command,
    Constant,
    Expression,
    Field,
    Index,
    Lookup,
    Number,
    Path,
    Reference,
    Statement,
    Subject,
    Text,
    Value,
)
from shopcli.demo.tokens import Line, Token, shown

if TYPE_CHECKING:
    from decimal import Decimal

RUN = "run"
"""What every scenario finds captured: a word that differs with each run at a shop that remembers."""
FAULTS = "faults"
"""The need of a scenario that operates the shop."""
CLOCK = "virtual_clock"
"""The need of a scenario that lets time pass."""
PLACES = (*SERVICES, "gateway")
"""What can be operated, and asked for its health."""
COUNTS = ("length", *(status.value for status in PaymentStatus))
"""What can be said of an order's payments as a whole."""

_CONSTANTS = {"true": True, "false": False, "null": None}
_SUBJECT = "exit, error, a path such as .totals.total, order(), cart(), payments(), health(), products() or {name}"
_VALUE = 'a value: a "text", a number, true, false, null, a path or a question'


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that a statement can use, and who acted last."""

    shoppers: tuple[str, ...] = ("you",)
    secrets: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset((FAULTS, CLOCK))
    captured: frozenset[str] = frozenset()
    acted: tuple[str, ...] = ()
    """Who gave a command so far, the last one at the end."""

    def after(self, statement: Statement) -> "Scope":
        """Return the scope of the next statement."""
        if not isinstance(statement, Command):
            return self
        fresh = () if statement.capture is None else (statement.capture.name,)
        return replace(self, captured=self.captured.union(fresh), acted=(*self.acted, statement.shopper))


class ValueParser(Cursor):
    """The rules from `expression` downwards."""

    def __init__(self, line: Line, scope: Scope) -> None:
        """Read a line in which these names are known."""
        super().__init__(line)
        self.scope = scope

    def expression(self, shopper: str) -> Expression:
        """Read a comparison, about the last command of `shopper`."""
        subject = self._subject(shopper, _SUBJECT)
        token = self.next()
        if token.written not in OPERATORS or token.kind not in ("symbol", "name"):
            self.fail(choice("an operator", OPERATORS), token)
        start = self.peek()
        value = self._value(shopper)
        if token.written == "matches":
            if not isinstance(value, Text):
                self.fail('a regular expression as a "text"', start)
            self._check_pattern(value.value, start)
        self.end("the end of the line")
        return Expression(subject, token.written, value)

    def _value(self, shopper: str) -> Value:
        token = self.peek()
        if token.kind == "text":
            return Text(str(self.next().value))
        if token.kind == "number":
            return Number(cast("Decimal", self.next().value))
        if token.kind == "name" and token.written in _CONSTANTS:
            return Constant(_CONSTANTS[self.next().written])
        return self._subject(shopper, _VALUE)

    def _check_pattern(self, pattern: str, token: Token) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            self.fail(f"a regular expression ({error})", token)

    def _subject(self, shopper: str, expected: str) -> Subject:
        token = self.peek()
        if token.written in (".", "["):
            self._check_acted(shopper, token)
            return Subject("result", self.path(expected))
        if token.written == "{":
            return Subject(self.reference())
        token = self.name(expected)
        if token.written == "exit":
            self._check_acted(shopper, token)
            return Subject("exit")
        if token.written == "error":
            self._check_acted(shopper, token)
            return Subject("error", self._any_path())
        if token.written not in _ARGUMENTS:
            self.fail(expected, token)
        return self._lookup(token.written)

    def _check_acted(self, shopper: str, token: Token) -> None:
        if shopper not in self.scope.acted:
            self.fail(f"a command of {shopper} before anything is said about it", token)

    def _lookup(self, name: str) -> Subject:
        self.expect("(")
        argument = _ARGUMENTS[name](self)
        self.expect(")")
        start = self.peek()
        path = self._any_path()
        if name == "payments" and path and isinstance(path[0], Field) and path[0].name not in COUNTS:
            self.fail(f"{', '.join(f'.{count}' for count in COUNTS)} or [0]", start)
        return Subject(Lookup(name, argument), path)

    def _which(self) -> str | Reference:
        token = self.peek()
        if token.written == "{":
            return self.reference()
        if token.kind == "text" or token.written == LAST:
            return str(self.next().value)
        return self.fail('last, {name} or a "number"', token)

    def _words(self) -> str | Reference:
        token = self.peek()
        if token.written == "{":
            return self.reference()
        if token.kind != "text":
            self.fail('what to search, as a "text"', token)
        return str(self.next().value)

    def _nothing(self) -> None:
        """Read what `cart` takes."""

    def service(self) -> str:
        """Read the name of a service, or of the gateway."""
        return self.one_of("a service", PLACES)

    def reference(self) -> Reference:
        """Read a captured value."""
        start = self.expect("{")
        reference = Reference(self.name("the name of a captured value").written)
        self.expect("}")
        self.check(reference, start)
        return reference

    def path(self, expected: str) -> Path:
        """Read the way to a value, at least one step."""
        path = self._any_path()
        if not path:
            self.fail(expected, self.peek())
        return path

    def _any_path(self) -> Path:
        steps: list[Field | Index] = []
        while True:
            if self.accept("."):
                steps.append(Field(self.name("the name of a field").written))
            elif self.accept("["):
                steps.append(Index(self.whole("an index such as 0, or -1 for the last")))
                self.expect("]")
            else:
                return tuple(steps)

    def check(self, reference: Reference, token: Token) -> None:
        """Refuse a captured value that is not there yet."""
        if reference.name not in self.scope.captured:
            there = sorted(self.scope.captured)
            wanted = choice("a captured value", tuple(there)) if there else "no {…}: nothing is captured up to here"
            self.scanner.fail(wanted, token.start, shown(str(reference)))


_ARGUMENTS: dict[str, Callable[[ValueParser], str | Reference | None]] = {
    "order": ValueParser._which,  # noqa: SLF001  a table of its own rules
    "cart": ValueParser._nothing,  # noqa: SLF001
    "payments": ValueParser._which,  # noqa: SLF001
    "health": ValueParser.service,
    "products": ValueParser._words,  # noqa: SLF001
}
