"""Scenarios, statement by statement."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from shopcli.core.stepping import Runner
from shopcli.demo.played import Verdict
from tests.demos import FIRST, LENS, RIGHT, WRONG, play, scenario

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from shopcli.core.stepping import MaySuspend
    from shopcli.demo.played import Line, Played
    from shopcli.demo.scenario import Scenario, Step
    from shopcli.demo.statements import Prose, Statement


class Notes:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def begins(self, scenario: Scenario, backend: str) -> None:
        self.told.append(f"begins {scenario.title} at {backend}")

    def step(self, step: Step) -> None:
        self.told.append(f"step {step.title}")

    def narrates(self, prose: Prose) -> None:
        self.told.append(prose.text)

    def starts(self, statement: Statement) -> None:
        self.told.append(str(statement))

    def ended(self, line: Line) -> None:
        self.told.append(line.verdict)

    def ends(self, played: Played) -> None:
        self.told.append(f"ends {played.verdict}")


def test_everybody_is_told_everything_in_its_order(tmp_path: Path) -> None:
    notes = Notes()
    played = play(scenario(RIGHT, "? exit == 0"), tmp_path, notes)

    assert played.verdict is Verdict.PASSED
    assert notes.told == [
        *("begins Planted at memory:", "step A step", f"$ you: products show {LENS}", "passed"),
        *("? you: exit == 0", "passed", "ends passed"),
    ]


def test_a_wrong_value_ends_the_scenario_at_its_line(tmp_path: Path) -> None:
    played = play(scenario(*WRONG), tmp_path)

    failure = played.failure
    assert played.verdict is Verdict.FAILED
    assert failure is not None
    assert (failure.statement.line, failure.expected, failure.actual) == (FIRST + 2, "== 1", "26")
    assert failure.reason == "expected == 1, got 26"
    assert json.loads(json.dumps(failure.whole))["slug"] == LENS
    assert len(played.lines) == 3


@pytest.mark.parametrize(
    ("statements", "line"),
    [
        (["$ products show no-such-thing"], 0),
        (["$ products show no-such-thing", '? .slug == "x"'], 0),
        (["$ cart show", "$ products show no-such-thing", "$ cart show", "? exit == 0"], 1),
    ],
)
def test_an_exit_that_nobody_expects_is_a_failure(tmp_path: Path, statements: list[str], line: int) -> None:
    failure = play(scenario(*statements), tmp_path).failure

    assert failure is not None
    assert failure.statement.line == FIRST + line
    assert failure.reason == "expected exit 0, got 3: no product 'no-such-thing'"
    assert failure.whole == failure.ran.error if failure.ran else False


def test_an_exit_that_is_expected_is_none(tmp_path: Path) -> None:
    played = play(scenario("$ products show no-such-thing", "? exit == 3", '? error.code == "not_found"'), tmp_path)

    assert played.verdict is Verdict.PASSED


def test_what_a_shop_lacks_skips_a_scenario(tmp_path: Path) -> None:
    notes = Notes()
    played = play(scenario(RIGHT, needs="guest_checkout, exact_stock"), tmp_path, notes)

    assert (played.verdict, played.reason) == (Verdict.SKIPPED, "this shop has no guest_checkout")
    assert notes.told == ["begins Planted at memory:", "ends skipped"]


def test_two_shoppers_have_two_carts_and_one_shop(tmp_path: Path) -> None:
    played = play(
        scenario(
            "$ cart add sigma-35-f2/sony-e:2",
            "? cart().lines.length == 1",
            "? ben: cart().lines.length == 0",
            "$ ben: cart add sigma-35-f2/l-mount",
            "? .lines[0].quantity == 1",
            "? you: cart().lines[0].quantity == 2",
        ),
        tmp_path,
    )

    assert played.verdict is Verdict.PASSED, played.failure
    assert (tmp_path / "you" / "session.json").read_text() != (tmp_path / "ben" / "session.json").read_text()


def test_a_captured_value_stands_in_what_is_told_and_run(tmp_path: Path) -> None:
    notes = Notes()
    played = play(scenario(f"{RIGHT} -> ref = .variants[0].ref", "$ cart add {ref}:3"), tmp_path, notes)

    assert played.verdict is Verdict.PASSED
    assert "$ you: cart add sigma-35-f2/sony-e:3" in notes.told


def test_a_value_that_is_not_there_cannot_be_captured(tmp_path: Path) -> None:
    failure = play(scenario(f"{RIGHT} -> ref = .nothing"), tmp_path).failure

    assert failure is not None
    assert failure.expected == "a value at .nothing"


def test_time_is_given_on_the_virtual_clock(tmp_path: Path) -> None:
    played = play(scenario(RIGHT, "? within 20s: cart().lines.length == 1"), tmp_path)

    assert played.failure is not None
    assert played.seconds < 15


def test_an_operation_of_a_shop_that_cannot_is_a_failure(tmp_path: Path) -> None:
    played = play(scenario("! stop payments", "! start payments", "! stop payments", needs="faults"), tmp_path)

    assert played.verdict is Verdict.PASSED


def test_ctrl_c_in_a_command_ends_the_scenario_and_everybody_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = Runner.run

    def interrupted(runner: Runner, backend: MaySuspend, action: Coroutine[Any, Any, object]) -> object:
        monkeypatch.setattr(Runner, "run", really)
        action.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(Runner, "run", interrupted)
    notes = Notes()

    with pytest.raises(KeyboardInterrupt):
        play(scenario(RIGHT, "? exit == 130"), tmp_path, notes)

    assert notes.told[-1] == "ends failed"


def test_what_a_command_prints_is_kept_in_the_order_of_a_terminal(tmp_path: Path) -> None:
    ran = play(scenario("$ cart add sigma-35-f2/sony-e"), tmp_path).lines[0].ran

    assert ran is not None
    assert sorted(ran.screen) == sorted(ran.out + ran.err)
    said, row, following = ran.screen.splitlines()
    assert (said, following) == ("added 1 × Sigma 35mm F2 DG DN Contemporary", "→ shop checkout")
    assert row == ran.out.rstrip("\n")
