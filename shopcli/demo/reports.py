"""What was played, for other programs to read: JUnit's XML and JSON."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backends.text import clean
from shopcli.demo.ansi import plain
from shopcli.demo.played import Audience, Line, Played, Verdict
from shopcli.demo.scenario import Scenario, Step
from shopcli.demo.statements import Prose, Statement
from shopcli.demo.wording import name_of, on_one_line, place_of, reason_of, request_id_of, whole_of


class Collected:
    """Keeps what was played, also as far as it came when somebody stops it."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.plays: list[Played] = []

    def begins(self, scenario: Scenario, backend: str) -> None:
        """Wait for the end."""

    def step(self, step: Step) -> None:
        """Wait for the end."""

    def narrates(self, prose: Prose) -> None:
        """Wait for the end."""

    def starts(self, statement: Statement) -> None:
        """Wait for the end."""

    def ended(self, line: Line) -> None:
        """Wait for the end."""

    def ends(self, played: Played) -> None:
        """Keep it."""
        self.plays.append(played)


def counts(plays: Sequence[Played]) -> dict[str, int]:
    """Return how many scenarios passed, failed and were skipped."""
    return {verdict.value: sum(played.verdict is verdict for played in plays) for verdict in Verdict}


def as_object(plays: Sequence[Played]) -> dict[str, object]:
    """Return a report as JSON has it."""
    return {**counts(plays), "scenarios": [_played(played) for played in plays]}


def as_json(plays: Sequence[Played]) -> str:
    """Return a report in JSON."""
    return json.dumps(as_object(plays), indent=2, default=str) + "\n"


def as_junit(plays: Sequence[Played]) -> str:
    """Return a report in the XML of JUnit: a suite for each scenario, a case for each statement."""
    from xml.etree import ElementTree as ET

    suites = ET.Element("testsuites", {"name": "shop demo"})
    for played in plays:
        _suite(ET.SubElement(suites, "testsuite"), played)
    cases = list(suites.iter("testcase"))
    suites.attrib |= {**_numbers(cases), "time": f"{sum(played.seconds for played in plays):.3f}"}
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


FORMATS: Mapping[str, Callable[[Sequence[Played]], str]] = {".xml": as_junit, ".json": as_json}
"""How a report is written, by the ending of its file."""


def _played(played: Played) -> dict[str, object]:
    return {
        "name": name_of(played.scenario),
        "title": played.scenario.title,
        "file": played.scenario.path,
        "backend": clean(played.backend),
        "verdict": played.verdict.value,
        "reason": clean(played.reason) or None,
        "seconds": round(played.seconds, 3),
        "statements": len(played.scenario.statements),
        "lines": [_line(line) for line in played.lines],
    }


def _line(line: Line) -> dict[str, object]:
    told: dict[str, object] = {
        "line": line.statement.line,
        "statement": on_one_line(line.statement),
        "verdict": line.verdict.value,
        "seconds": round(line.seconds, 3),
        "exit": line.ran.exit if line.ran else None,
        "request_id": request_id_of(line),
    }
    if line.verdict is Verdict.FAILED:
        told |= {"message": reason_of(line), "expected": line.expected, "actual": line.actual, "whole": line.whole}
    return told


def _suite(suite: Any, played: Played) -> None:  # noqa: ANN401  an Element, imported where it is made
    from xml.etree import ElementTree as ET

    name = name_of(played.scenario)
    facts = ET.SubElement(suite, "properties")
    for key, value in (("backend", played.backend), ("file", played.scenario.path)):
        ET.SubElement(facts, "property", {"name": key, "value": clean(value)})
    for line in played.lines:
        case = ET.SubElement(suite, "testcase", _case(played, line.statement, line.seconds))
        if request_id := request_id_of(line):
            kept = ET.SubElement(case, "properties")
            ET.SubElement(kept, "property", {"name": "request_id", "value": clean(request_id)})
        if line.verdict is Verdict.FAILED:
            failure = ET.SubElement(case, "failure", {"message": clean(line.reason), "type": "expectation"})
            failure.text = "\n".join([f"{place_of(played, line)}: {reason_of(line)}", *whole_of(line)])
        if line.ran is not None:
            ET.SubElement(case, "system-out").text = clean(plain(line.ran.screen), keep="\n\t")
    for statement in played.scenario.statements[len(played.lines) :]:
        case = ET.SubElement(suite, "testcase", _case(played, statement, 0.0))
        ET.SubElement(case, "skipped", {"message": clean(played.reason) or "not reached"})
    if played.verdict is Verdict.FAILED and not played.failure:
        case = ET.SubElement(suite, "testcase", {"classname": name, "name": "stopped", "time": "0.000"})
        ET.SubElement(case, "error", {"message": clean(played.reason), "type": "stopped"})
    cases = list(suite.iter("testcase"))
    suite.attrib |= {"name": name, **_numbers(cases), "time": f"{played.seconds:.3f}"}


def _case(played: Played, statement: Statement, seconds: float) -> dict[str, str]:
    return {
        "classname": name_of(played.scenario),
        "name": clean(on_one_line(statement)),
        "file": played.scenario.path,
        "line": str(statement.line),
        "time": f"{seconds:.3f}",
    }


def _numbers(cases: Sequence[Any]) -> dict[str, str]:
    def having(kind: str) -> str:
        return str(sum(case.find(kind) is not None for case in cases))

    return {
        "tests": str(len(cases)),
        "failures": having("failure"),
        "errors": having("error"),
        "skipped": having("skipped"),
    }


_: type[Audience] = Collected
