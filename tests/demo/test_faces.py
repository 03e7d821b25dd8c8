"""What people and programs are shown while a scenario is played."""

import io
import json
import re
from pathlib import Path

import pytest

from shopcli.demo.ansi import cells, plain, runs, styled
from shopcli.demo.markdown import wrap
from shopcli.demo.narration import Narration, Terminal
from shopcli.demo.recording import Tape
from shopcli.demo.statements import Command
from shopcli.demo.tap import Tap
from shopcli.demo.wording import MOST_LINES, typed
from tests.demos import FILE, FIRST, RIGHT, WRONG, play, scenario


def narrated(directory: Path, *statements: str, width: int = 80, needs: str = "exact_stock") -> str:
    tape = Tape()
    play(scenario(*statements, needs=needs), directory, Narration(tape, width=width))
    return plain(tape.text)


def tapped(directory: Path, *statements: str, needs: str = "exact_stock") -> str:
    written: list[str] = []
    play(scenario(*statements, needs=needs), directory, Tap(written.append, 1))
    return "".join(written)


# --- narration -----------------------------------------------------------------------------------


def test_a_narration_has_titles_commands_output_and_expectations(tmp_path: Path) -> None:
    lines = narrated(tmp_path, "$ cart add sigma-35-f2/sony-e", "? .lines.length == 1").splitlines()

    assert lines[:3] == ["Planted", "shop demo run planted, at memory:", ""]
    assert lines[3] == "── A step " + "─" * 70
    assert "$ shop cart add sigma-35-f2/sony-e" in lines
    assert "added 1 × Sigma 35mm F2 DG DN Contemporary" in lines
    assert f"{'✓ you: .lines.length == 1':<75}[2/2]" in lines
    assert lines[-2:] == ["✓ 2 of 2 as expected", ""]


def test_a_wrong_value_is_told_with_its_line_and_the_whole_object(tmp_path: Path) -> None:
    told = narrated(tmp_path, *WRONG)

    assert re.search(r"✗ you: \.variants\[0\]\.stock == 1 +\[3/4\]\n", told)
    assert f"  {FILE}:{FIRST + 2}: expected == 1, got 26\n" in told
    assert '      "stock": 26\n' in told
    assert told.endswith("\n✗ ended at 3 of 4\n\n")
    assert "$ shop cart show" not in told


def test_a_long_object_is_cut(tmp_path: Path) -> None:
    told = narrated(tmp_path, "$ products list", "? .items.length == 1")

    assert len(told.splitlines()) < MOST_LINES + 60
    assert re.search(r"  \.\.\. \d+ of \d+ lines more\n", told)


def test_a_skipped_scenario_says_why(tmp_path: Path) -> None:
    assert "skipped: this shop has no guest_checkout\n" in narrated(tmp_path, RIGHT, needs="guest_checkout")


def test_a_shopper_with_a_name_has_it_in_the_prompt(tmp_path: Path) -> None:
    assert "\nben$ shop cart show\n" in narrated(tmp_path, "$ ben: cart show")


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_what_the_narrator_writes_fits(tmp_path: Path, width: int) -> None:
    add = '$ addresses add home --name Ada --line1 "Weg 1" --city Berlin --postcode 10115 --country DE'
    told = narrated(tmp_path, add, "? exit == 4", width=width)

    assert max(map(cells, told.split("✗")[0].splitlines())) <= max(width, 80)
    command = [line for line in told.splitlines() if line.startswith(("$", "    --", "    DE"))]
    assert all(cells(line) <= min(width, 80) for line in command)
    assert " ".join(" ".join(command).replace("\\", "").split()) == (
        "$ shop addresses add home --name Ada --line1 'Weg 1' --city Berlin --postcode 10115 --country DE"
    )


def test_an_option_and_its_value_stay_on_a_line() -> None:
    (statement,) = scenario("$ orders list --limit 10 --cursor abcdef").statements
    assert isinstance(statement, Command)

    assert typed(statement, 30) == ["shop orders list --limit 10 \\", "    --cursor abcdef"]


def test_without_colours_there_are_none(tmp_path: Path) -> None:
    tape = Tape()
    play(scenario(*WRONG), tmp_path, Narration(tape, color=False))

    assert "\x1b" not in tape.text


# --- a terminal ----------------------------------------------------------------------------------


def test_typing_takes_time_that_speed_divides() -> None:
    slept: list[float] = []
    stream = io.StringIO()
    screen = Terminal(stream, sleep=slept.append, speed=4)

    screen.type("abc")
    screen.enter()

    assert stream.getvalue() == "abc\n"
    assert slept == [0.005] * 3


def test_enter_runs_a_command_until_nobody_presses_it() -> None:
    stream, keys = io.StringIO(), io.StringIO("\n")
    screen = Terminal(stream, sleep=lambda _: None, keys=keys)

    screen.enter()
    assert keys.tell() == 1
    screen.enter()
    screen.enter()

    assert stream.getvalue() == "\n\n\n"


# --- prose ---------------------------------------------------------------------------------------


def test_prose_is_wrapped_by_what_shows() -> None:
    lines = wrap("one `two` *three four* and **five**, six\nseven", 14)

    assert [plain(line) for line in lines] == ["one two three", "four and five,", "six seven"]
    assert lines[1].startswith("\x1b[3mfour\x1b[0m and")


def test_lists_tables_and_code_keep_their_lines() -> None:
    text = "first\n\n- a b c\n- d\n\n```sh\nls  -l\n```\nlast"

    assert wrap(text, 5) == ["first", "", "- a b c", "- d", "", "```sh", "    ls  -l", "```", "last"]


def test_a_word_that_is_too_long_stands_alone() -> None:
    assert wrap("a verylongword b", 5) == ["a", "verylongword", "b"]


def test_wide_characters_take_two_columns_and_marks_none() -> None:
    assert [cells("日本"), cells("e\u0301"), cells("✓ →")] == [4, 1, 3]


def test_runs_are_what_looks_alike() -> None:
    assert list(runs(f"a{styled('b', '1', '31')}c")) == [("a", ()), ("b", ("1", "31")), ("c", ())]


# --- TAP -----------------------------------------------------------------------------------------


def test_tap_has_a_subtest_for_a_scenario(tmp_path: Path) -> None:
    assert tapped(tmp_path, RIGHT, '? .slug matches "#?"').splitlines() == [
        "TAP version 14",
        "1..1",
        "# Planted, at memory:",
        "# Subtest: planted",
        "    1..2",
        "    # A step",
        "    ok 1 - $ products show sigma-35-f2",
        '    ok 2 - ? .slug matches "\\#?"',
        "ok 1 - planted",
    ]


def test_tap_says_what_is_wrong_where_and_what_was_not_reached(tmp_path: Path) -> None:
    lines = tapped(tmp_path, *WRONG).splitlines()

    at = lines.index("    not ok 3 - ? .variants[0].stock == 1")
    assert lines[at + 1 : at + 8] == [
        "      ---",
        '      message: "expected == 1, got 26"',
        f'      file: "{FILE}"',
        f"      line: {FIRST + 2}",
        '      expected: "== 1"',
        '      actual: "26"',
        "      whole: |",
    ]
    end = lines.index("      ...")
    assert json.loads("\n".join(lines[at + 8 : end]))["slug"] == "sigma-35-f2"
    assert lines[end + 1 :] == ["    ok 4 - $ cart show # SKIP not reached", "not ok 1 - planted"]


def test_tap_skips_with_a_reason(tmp_path: Path) -> None:
    assert tapped(tmp_path, RIGHT, needs="guest_checkout").splitlines()[3:] == [
        "ok 1 - planted # SKIP this shop has no guest_checkout"
    ]
