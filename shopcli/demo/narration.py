"""A scenario told to a person: headings, prose, commands as they are typed, what they print, and what had to hold."""

from collections.abc import Callable
from typing import Protocol, TextIO

from backends.text import clean
from shopcli.demo.ansi import BOLD, CYAN, DIM, GREEN, RED, YELLOW, cells, plain, styled
from shopcli.demo.markdown import wrap
from shopcli.demo.played import Audience, Line, Played, Verdict
from shopcli.demo.scenario import Scenario, Step
from shopcli.demo.statements import Command, Expectation, Operation, Prose, Statement
from shopcli.demo.wording import asked, name_of, prompt, reason_of, typed, whole_of

WIDTH = 80
"""Columns that a narration takes at most."""
KEY_SECONDS = 0.02
"""Between two keys."""
_LEAST = 40

# How long somebody reads, in seconds: an upper bound, and then for each word or line.
_PROSE = (6.0, 0.08)
_OUTPUT = (2.0, 0.15)
_HELD_SECONDS = 0.3


class Screen(Protocol):
    """What a narration is shown on."""

    def write(self, text: str) -> None:
        """Show text at once."""

    def type(self, text: str) -> None:
        """Show text key by key."""

    def pause(self, seconds: float) -> None:
        """Give people the time to read."""

    def chapter(self, title: str) -> None:
        """A chapter begins."""

    def enter(self) -> None:
        """The command that was typed is entered."""


class Terminal:
    """A screen in front of a person; `speed` 2 is twice as fast, and `sleep` is what takes time.

    With `keys` a command runs when enter is pressed there.
    """

    def __init__(
        self, stream: TextIO, *, sleep: Callable[[float], None], speed: float = 1.0, keys: TextIO | None = None
    ) -> None:
        """Write to `stream`."""
        self._stream = stream
        self._sleep = sleep
        self._speed = speed
        self._keys = keys

    def write(self, text: str) -> None:
        """Show text at once."""
        self._stream.write(text)
        self._stream.flush()

    def type(self, text: str) -> None:
        """Show text key by key."""
        for key in text:
            self.write(key)
            self.pause(KEY_SECONDS)

    def pause(self, seconds: float) -> None:
        """Wait."""
        self._sleep(seconds / self._speed)

    def chapter(self, title: str) -> None:
        """Show nothing: there is a heading."""

    def enter(self) -> None:
        """Wait for enter, which the terminal shows as the end of the line; end it here where nobody types."""
        if self._keys is None or not self._keys.readline():
            self._keys = None
            self.write("\n")
        elif not self._keys.isatty():
            self.write("\n")


class Narration:
    """Tells one scenario after the other on a screen."""

    def __init__(self, screen: Screen, *, width: int = WIDTH, color: bool = True) -> None:
        """Tell it in lines of at most `width` columns."""
        self._screen = screen
        self._width = max(_LEAST, min(width, WIDTH))
        self._color = color
        self._scenario: Scenario
        self._next: Statement
        self._done = 0
        self._told = False
        """Whether prose was the last that was written."""

    def begins(self, scenario: Scenario, backend: str) -> None:
        """Write the title."""
        self._scenario, self._done = scenario, 0
        self._line(styled(scenario.title, BOLD))
        self._line(styled(f"shop demo run {name_of(scenario)}, at {clean(backend)}", DIM))

    def step(self, step: Step) -> None:
        """Write a heading."""
        self._screen.chapter(step.title)
        if step.title != self._scenario.title:
            rule = "─" * (self._width - cells(step.title) - len("── ") - 1)
            self._line()
            self._line(styled("── ", DIM) + styled(step.title, BOLD, CYAN) + " " + styled(rule, DIM))

    def narrates(self, prose: Prose) -> None:
        """Write a paragraph, and let people read it."""
        self._line()
        for line in wrap(prose.text, self._width):
            self._line(line)
        self._pause(_PROSE, len(prose.text.split()))
        self._told = True

    def starts(self, statement: Statement) -> None:
        """Type a command."""
        self._next = statement
        if isinstance(statement, Command):
            self._line()
            self._type(prompt(statement, self._scenario), statement)
        elif isinstance(statement, Operation):
            self._line()
            self._write(styled("! ", BOLD, YELLOW))
            self._screen.type(str(statement).removeprefix("! "))
            self._screen.enter()
        elif self._told:
            self._line()
        self._told = False

    def ended(self, line: Line) -> None:
        """Write what a command printed, whether an expectation holds, and what is wrong."""
        self._done += 1
        statement = self._next
        if line.ran is not None:
            shown = line.ran.screen if self._color else plain(line.ran.screen)
            self._write(shown if shown.endswith("\n") or not shown else f"{shown}\n")
            self._pause(_OUTPUT, shown.count("\n"))
        if line.verdict is Verdict.FAILED:
            self._fails(line, statement)
        elif isinstance(statement, Expectation):
            self._counted(styled("✓", GREEN), asked(statement, self._scenario))
            self._screen.pause(_HELD_SECONDS)

    def ends(self, played: Played) -> None:
        """Write how it ended."""
        count = f"{self._done} of {len(played.scenario.statements)}"
        reason = clean(played.reason)
        self._line()
        if played.verdict is Verdict.PASSED:
            self._line(styled(f"✓ {count} as expected", GREEN))
        elif played.verdict is Verdict.SKIPPED:
            self._line(styled(f"skipped: {reason}", YELLOW))
        elif played.failure:
            self._line(styled(f"✗ ended at {count}", RED))
        else:
            self._line(styled(f"✗ ended at {count}: {reason}", RED))
        self._line()

    def _type(self, sign: str, command: Command) -> None:
        first, *others = typed(command, self._width - cells(sign))
        self._write(styled(sign, BOLD, GREEN))
        self._screen.type(first)
        for line in others:
            self._write("\n")
            self._screen.type(line)
        self._screen.enter()

    def _fails(self, line: Line, statement: Statement) -> None:
        what = asked(statement, self._scenario) if isinstance(statement, Expectation) else line.expected
        self._counted(styled("✗", RED), what)
        self._line(styled(f"  {self._scenario.path}:{line.statement.line}: {reason_of(line)}", RED))
        for row in whole_of(line):
            self._line(f"  {row}")

    def _counted(self, mark: str, text: str) -> None:
        """Write a line with the count of what has run at its end, where there is room for it."""
        count = f"[{self._done}/{len(self._scenario.statements)}]"
        gap = self._width - len("✓ ") - cells(text) - len(count)
        self._line(f"{mark} {text}" + (" " * gap + styled(count, DIM) if gap > 0 else ""))

    def _pause(self, most_and_each: tuple[float, float], count: int) -> None:
        most, each = most_and_each
        self._screen.pause(min(most, count * each))

    def _line(self, text: str = "") -> None:
        self._write(f"{text}\n")

    def _write(self, text: str) -> None:
        self._screen.write(text if self._color else plain(text))


_: type[Audience] = Narration
