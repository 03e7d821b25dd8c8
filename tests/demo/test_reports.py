"""What was played, for other programs."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from shopcli.demo.played import Played, Verdict
from shopcli.demo.reports import Collected, as_json, as_junit
from tests.demos import FILE, FIRST, RIGHT, WRONG, play, scenario


def collected(directory: Path) -> list[Played]:
    """One scenario that fails, one that passes, one that is skipped."""
    kept = Collected()
    play(scenario(*WRONG), directory / "1", kept)
    play(scenario(RIGHT), directory / "2", kept)
    play(scenario(RIGHT, needs="guest_checkout"), directory / "3", kept)
    return kept.plays


def test_json_has_file_line_backend_and_seconds(tmp_path: Path) -> None:
    report = json.loads(as_json(collected(tmp_path)))

    assert (report["passed"], report["failed"], report["skipped"]) == (1, 1, 1)
    wrong, right, skipped = report["scenarios"]
    assert (wrong["file"], wrong["backend"], wrong["statements"]) == (FILE, "memory:", 4)
    assert [line["verdict"] for line in wrong["lines"]] == ["passed", "passed", "failed"]
    failure = wrong["lines"][-1]
    assert (failure["line"], failure["expected"], failure["actual"]) == (FIRST + 2, "== 1", "26")
    assert failure["whole"]["slug"] == "sigma-35-f2"
    assert 0 <= right["lines"][0]["seconds"] <= right["seconds"]
    assert right["lines"][0]["exit"] == 0
    assert skipped["reason"] == "this shop has no guest_checkout"


def test_junit_has_a_case_for_each_statement(tmp_path: Path) -> None:
    suites = ET.fromstring(as_junit(collected(tmp_path)))  # noqa: S314  our own

    assert {name: suites.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6",
        "failures": "1",
        "errors": "0",
        "skipped": "2",
    }
    wrong = suites[0]
    assert wrong.find("properties/property[@name='backend']").attrib["value"] == "memory:"  # type: ignore[union-attr]
    cases = wrong.findall("testcase")
    assert [case.get("line") for case in cases] == [str(FIRST + at) for at in range(4)]
    assert cases[2].get("file") == FILE
    failure = cases[2].find("failure")
    assert failure is not None
    assert failure.get("message") == "expected == 1, got 26"
    assert (failure.text or "").startswith(f"{FILE}:{FIRST + 2}: expected == 1, got 26\n{{\n")
    assert cases[3].find("skipped").attrib["message"] == "not reached"  # type: ignore[union-attr]


def test_what_stopped_a_scenario_between_two_statements_is_an_error() -> None:
    played = Played(scenario(RIGHT), "memory:", reason="the shop is \x1b gone", verdict=Verdict.FAILED)
    suites = ET.fromstring(as_junit([played]))  # noqa: S314

    error = suites.find("testsuite/testcase/error")
    assert error is not None
    assert error.get("message") == "the shop is \N{REPLACEMENT CHARACTER} gone"
    assert suites.get("errors") == "1"
