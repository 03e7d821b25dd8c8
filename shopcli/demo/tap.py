"""A run for programs: TAP 14 (https://testanything.org/tap-version-14-specification.html), a subtest a scenario."""

import json
from collections.abc import Callable

from backends.text import clean
from shopcli.demo.played import Audience, Line, Played, Verdict
from shopcli.demo.scenario import Scenario, Step
from shopcli.demo.statements import Prose, Statement
from shopcli.demo.wording import name_of, on_one_line, reason_of, request_id_of, whole_of

_INDENT = "    "


class Tap:
    """Writes a test point for each statement, as soon as it has run, and one for each scenario."""

    def __init__(self, write: Callable[[str], object], scenarios: int) -> None:
        """Begin a document about so many scenarios."""
        self._write = write
        self._number = 0
        self._begun = False
        self._scenario: Scenario
        self._done = 0
        self._line("TAP version 14")
        self._line(f"1..{scenarios}")

    def begins(self, scenario: Scenario, backend: str) -> None:
        """Begin a subtest, whose plan waits for the first statement: skipped ones have none."""
        self._scenario, self._done, self._begun = scenario, 0, False
        self._number += 1
        self._line(f"# {_escaped(scenario.title)}, at {clean(backend)}")

    def step(self, step: Step) -> None:
        """Write the heading as a comment."""
        if not self._begun:
            self._begun = True
            self._line(f"# Subtest: {_escaped(name_of(self._scenario))}")
            self._line(f"{_INDENT}1..{len(self._scenario.statements)}")
        self._line(f"{_INDENT}# {_escaped(step.title)}")

    def narrates(self, prose: Prose) -> None:
        """Write nothing."""

    def starts(self, statement: Statement) -> None:
        """Write nothing."""

    def ended(self, line: Line) -> None:
        """Write a test point."""
        self._done += 1
        passed = line.verdict is Verdict.PASSED
        self._line(
            f"{_INDENT}{'ok' if passed else 'not ok'} {self._done} - {_escaped(on_one_line(line.statement))}",
        )
        if not passed:
            self._diagnose(line)

    def ends(self, played: Played) -> None:
        """Write what was not reached, and the scenario's own test point."""
        if self._begun:
            for statement in played.scenario.statements[self._done :]:
                self._done += 1
                text = _escaped(on_one_line(statement))
                self._line(f"{_INDENT}ok {self._done} - {text} # SKIP not reached")
        ok = "not ok" if played.verdict is Verdict.FAILED else "ok"
        skip = f" # SKIP {_escaped(played.reason)}" if played.verdict is Verdict.SKIPPED else ""
        self._line(f"{ok} {self._number} - {_escaped(name_of(played.scenario))}{skip}")
        if played.reason and not skip:
            self._yaml("  ", {"message": clean(played.reason), "file": played.scenario.path}, [])

    def stopped(self, why: str) -> None:
        """Say that nothing more comes."""
        self._line(f"Bail out! {_escaped(why)}")

    def comment(self, text: str) -> None:
        """Write something for people."""
        self._line(f"# {_escaped(text)}")

    def _diagnose(self, line: Line) -> None:
        facts: dict[str, str | int] = {
            "message": reason_of(line),
            "file": self._scenario.path,
            "line": line.statement.line,
            "expected": clean(line.expected),
            "actual": clean(line.actual, keep="\n"),
        }
        if request_id := request_id_of(line):
            facts["request_id"] = request_id
        self._yaml(f"{_INDENT}  ", facts, whole_of(line))

    def _yaml(self, indent: str, facts: dict[str, str | int], whole: list[str]) -> None:
        """Write YAML of JSON's kind of values, which is YAML, too."""
        self._line(f"{indent}---")
        for name, value in facts.items():
            self._line(f"{indent}{name}: {json.dumps(value)}")
        if whole:
            self._line(f"{indent}whole: |")
            for row in whole:
                self._line(f"{indent}  {row}")
        self._line(f"{indent}...")

    def _line(self, text: str) -> None:
        self._write(f"{text}\n")


def _escaped(text: str) -> str:
    """Return a description in which nothing is a directive."""
    return clean(text).replace("\\", "\\\\").replace("#", "\\#")


_: type[Audience] = Tap
