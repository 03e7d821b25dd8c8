"""What becomes of a scenario, and who is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from shopcli.core.shop import Shop
from shopcli.core.stepping import Runner
from shopcli.demo.scenario import Scenario, Step
from shopcli.demo.statements import Prose, Statement


class Ran(Protocol):
    """How a command ended."""

    @property
    def exit(self) -> int:
        """Its exit code."""

    @property
    def out(self) -> str:
        """What it wrote to stdout."""

    @property
    def err(self) -> str:
        """What it wrote to stderr."""

    @property
    def screen(self) -> str:
        """Both, in the order in which a terminal shows them."""

    @property
    def shown(self) -> object:
        """What it wrote, as JSON."""

    @property
    def error(self) -> dict[str, object] | None:
        """What went wrong, as JSON."""


class RunCommand(Protocol):
    """Runs one command of `shop` at a shop that stays open."""

    def __call__(self, words: Sequence[str], shop: Shop, runner: Runner, *, stdin: str = "") -> Ran:
        """Run `shop WORDS...` with `stdin` as its input."""


class Verdict(StrEnum):
    """What became of a statement, or of a scenario."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Line:
    """A statement that was run."""

    statement: Statement
    verdict: Verdict
    seconds: float
    ran: Ran | None = None
    reason: str = ""
    """Why it failed: what was expected and what came."""
    expected: str = ""
    actual: str = ""
    whole: object = None
    """All that was looked into."""


@dataclass(slots=True)
class Played:
    """A scenario that was played, as far as it came."""

    scenario: Scenario
    backend: str
    lines: list[Line] = field(default_factory=list)
    seconds: float = 0.0
    reason: str = ""
    """Why it was skipped or stopped; empty where a line says so."""
    verdict: Verdict = Verdict.PASSED

    @property
    def failure(self) -> Line | None:
        """The statement that failed."""
        return next((line for line in self.lines if line.verdict is Verdict.FAILED), None)


class Audience(Protocol):
    """Who watches: the person at the terminal, a report, a recording."""

    def begins(self, scenario: Scenario, backend: str) -> None:
        """A scenario begins."""

    def step(self, step: Step) -> None:
        """A step begins."""

    def narrates(self, prose: Prose) -> None:
        """Something is told."""

    def starts(self, statement: Statement) -> None:
        """A statement is about to run; captured values stand in it as what they are."""

    def ended(self, line: Line) -> None:
        """It has run."""

    def ends(self, played: Played) -> None:
        """The scenario is over."""
