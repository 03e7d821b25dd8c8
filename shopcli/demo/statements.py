"""What can stand in a scenario, as frozen data. A statement prints as it is written, and parses to itself again.

Two statements are equal if they say the same, wherever they stand and however they are spaced.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from shlex import quote
from typing import Literal, TypeAlias

from backends.models.faults import Fault

LAST = "last"
"""What `order` and `payments` take for the latest order."""
UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
"""Milliseconds in the units of a duration, the longest first."""
OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "contains", "matches")
"""What an expectation can ask of two values."""


# --- values ---


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that a command before captured: ``{number}``."""

    name: str

    def __str__(self) -> str:
        return f"{{{self.name}}}"


@dataclass(frozen=True, slots=True)
class Word:
    """One argument of a command, of literal text and captured values."""

    parts: tuple[str | Reference, ...]

    def __str__(self) -> str:
        if not self.parts:
            return "''"
        return "".join(quote(part) if isinstance(part, str) else str(part) for part in self.parts)

    def fill(self, captured: Mapping[str, str]) -> str:
        """Return the argument. Raises KeyError for a value that is not there, which no parsed scenario does."""
        return "".join(part if isinstance(part, str) else captured[part.name] for part in self.parts)


@dataclass(frozen=True, slots=True)
class Field:
    """A step into an object: ``.totals``."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"


@dataclass(frozen=True, slots=True)
class Index:
    """A step into a list: ``[0]``, or ``[-1]`` for its last item."""

    at: int

    def __str__(self) -> str:
        return f"[{self.at}]"


Path: TypeAlias = tuple[Field | Index, ...]
"""The way to a value inside an object."""


def path_text(path: Iterable[Field | Index]) -> str:
    """Return a path as it is written: ``.lines[0].quantity``."""
    return "".join(map(str, path))


# --- expressions ---


@dataclass(frozen=True, slots=True)
class Text:
    """A text, or money: ``"12.00 EUR"``."""

    value: str

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'


@dataclass(frozen=True, slots=True)
class Number:
    """A number, exactly as it is written."""

    value: Decimal

    def __str__(self) -> str:
        return f"{self.value:f}"


@dataclass(frozen=True, slots=True)
class Constant:
    """``true``, ``false`` or ``null``."""

    value: bool | None

    def __str__(self) -> str:
        return {True: "true", False: "false", None: "null"}[self.value]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question to the shop: ``order(last)``, ``cart()``, ``health(payments)``."""

    name: str
    argument: str | Reference | None = None

    def __str__(self) -> str:
        argument = self.argument
        if argument is None:
            return f"{self.name}()"
        plain = isinstance(argument, Reference) or self.name == "health" or (self.name, argument) in _BARE
        return f"{self.name}({argument if plain else Text(str(argument))})"


_BARE = {("order", LAST), ("payments", LAST)}


@dataclass(frozen=True, slots=True)
class Subject:
    """A value that is looked at: a root, and the way from there."""

    root: Literal["result", "exit", "error"] | Lookup | Reference
    path: Path = ()

    def __str__(self) -> str:
        return ("" if self.root == "result" else str(self.root)) + path_text(self.path)


Value: TypeAlias = Subject | Text | Number | Constant
"""What can stand behind an operator."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A comparison."""

    subject: Subject
    operator: str
    value: Value

    def __str__(self) -> str:
        return f"{self.subject} {self.operator} {self.value}"

    @property
    def roots(self) -> tuple[str | Lookup | Reference, ...]:
        """What is looked at: ``exit``, ``error``, ``result``, lookups and captured values."""
        sides = (self.subject, self.value)
        return tuple(side.root for side in sides if isinstance(side, Subject))


# --- statements ---


@dataclass(frozen=True, slots=True)
class Capture:
    """Keeps a value of a command's result under a name."""

    name: str
    path: Path

    def __str__(self) -> str:
        return f"-> {self.name} = {path_text(self.path)}"


@dataclass(frozen=True, slots=True)
class Prose:
    """Narration, in Markdown; `line` is where it begins in the file."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """``$``: a shopper's command. `stdin` names the secret that is fed to it."""

    shopper: str
    words: tuple[Word, ...]
    stdin: str | None = None
    capture: Capture | None = None
    line: int = field(default=0, compare=False)
    source: str = field(default="", compare=False)
    """The statement as written, over as many lines."""

    def __str__(self) -> str:
        stdin = () if self.stdin is None else (f"<< {self.stdin}",)
        capture = () if self.capture is None else (str(self.capture),)
        return " ".join(("$", f"{self.shopper}:", *map(str, self.words), *stdin, *capture))


@dataclass(frozen=True, slots=True)
class Expectation:
    """``?``: what has to hold, for whom: his or her last command, order and cart; `within` is how long it may take."""

    shopper: str
    expression: Expression
    within: timedelta | None = None
    line: int = field(default=0, compare=False)
    source: str = field(default="", compare=False)

    def __str__(self) -> str:
        within = "" if self.within is None else f"within {duration_text(self.within)}: "
        return f"? {self.shopper}: {within}{self.expression}"


@dataclass(frozen=True, slots=True)
class Operate:
    """Stop, start or restart a service."""

    verb: Literal["stop", "start", "restart"]
    service: str

    def __str__(self) -> str:
        return f"{self.verb} {self.service}"


@dataclass(frozen=True, slots=True)
class Inject:
    """Let a service fail on purpose."""

    fault: Fault

    def __str__(self) -> str:
        fault, plain = self.fault, Fault(self.fault.service, self.fault.kind)
        action = (str(Text(fault.action)),) if fault.action else ()
        options = (
            f"{name}={_option_text(getattr(fault, name))}"
            for name in ("rate", "seconds", "times", "step", "after")
            if getattr(fault, name) != getattr(plain, name)
        )
        return " ".join(("fault", fault.service, fault.kind.value, *action, *options))


@dataclass(frozen=True, slots=True)
class Clear:
    """End the faults of a service, or all of them."""

    service: str | None = None

    def __str__(self) -> str:
        return "clear" if self.service is None else f"clear {self.service}"


@dataclass(frozen=True, slots=True)
class Advance:
    """Let time pass, where the clock is virtual."""

    by: timedelta

    def __str__(self) -> str:
        return f"advance {duration_text(self.by)}"


@dataclass(frozen=True, slots=True)
class Operation:
    """``!``: what the owner of the shop does to it."""

    deed: Operate | Inject | Clear | Advance
    line: int = field(default=0, compare=False)
    source: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"! {self.deed}"


Statement: TypeAlias = Command | Expectation | Operation
"""A line of a ```shop block."""
Part: TypeAlias = Prose | Statement
"""What a step consists of."""


def duration_text(duration: timedelta) -> str:
    """Return a duration as it is written, in the longest unit that divides it: ``20m``, ``500ms``."""
    milliseconds = duration // timedelta(milliseconds=1)
    unit, length = next((unit, length) for unit, length in UNITS.items() if milliseconds % length == 0)
    return f"{milliseconds // length}{unit}"


def _option_text(value: float | bool) -> str:  # noqa: FBT001  it is what is printed
    if isinstance(value, bool):
        return str(value).lower()
    return f"{Decimal(repr(value)):f}"
