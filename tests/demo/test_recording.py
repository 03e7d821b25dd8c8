"""Recordings."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from shopcli.demo.narration import Narration
from shopcli.demo.recording import FORMATS, Tape, as_cast, as_svg, as_text
from shopcli.demo.scenario import built_in
from tests.demos import RIGHT, WRONG, play, scenario

ROOT = Path(__file__).parents[2]


def taped(directory: Path, *statements: str) -> Tape:
    tape = Tape()
    tape.title = "Planted & <told>"
    play(scenario(*statements), directory, Narration(tape))
    return tape


def test_an_asciicast_has_a_header_relative_times_and_markers(tmp_path: Path) -> None:
    header, *events = [json.loads(line) for line in as_cast(taped(tmp_path, RIGHT)).splitlines()]

    assert header == {"version": 3, "term": {"cols": 80, "rows": 24}, "title": "Planted & <told>"}
    assert all(after >= 0 and kind in "om" for after, kind, _ in events)
    assert [text for _, kind, text in events if kind == "m"] == ["A step"]
    shown = "".join(text for _, kind, text in events if kind == "o")
    assert shown.count("\n") == shown.count("\r\n")
    assert sum(after for after, _, _ in events) > len("shop products show sigma-35-f2") * 0.02 - 0.001


def test_speed_shortens_a_recording() -> None:
    slow, fast = Tape(), Tape(speed=2)
    for tape in (slow, fast):
        for key in "xy":
            tape.pause(3)
            tape.write(key)

    assert slow.events == [(3000, "o", "x"), (3000, "o", "y")]
    assert fast.events == [(1500, "o", "x"), (1500, "o", "y")]


def test_text_has_no_colours_and_no_blanks_at_ends(tmp_path: Path) -> None:
    text = as_text(taped(tmp_path, RIGHT))

    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_a_picture_shows_every_word_in_its_place(tmp_path: Path) -> None:
    tape = taped(tmp_path, RIGHT)
    picture = ET.fromstring(as_svg(tape))  # noqa: S314  our own
    rows: dict[str, str] = {}
    for text in picture.iter("{http://www.w3.org/2000/svg}text"):
        column = round((float(text.attrib["x"]) - 18) / 8.4)
        before = rows.get(text.attrib["y"], "")
        rows[text.attrib["y"]] = f"{before:<{column}}{text.text}"
        assert float(text.attrib["x"]) + float(text.attrib["textLength"]) <= 708 - 18 + 0.1

    assert list(rows.values()) == [line for line in as_text(tape).splitlines() if line]
    assert picture.get("aria-label") == "Planted & <told>"


def test_a_picture_loads_nothing(tmp_path: Path) -> None:
    picture = as_svg(taped(tmp_path, RIGHT))

    assert "url(" not in picture
    assert picture.count("http") == 1  # the namespace


@pytest.mark.parametrize("keep", FORMATS.values(), ids=FORMATS)
def test_a_wrong_value_is_in_every_recording(tmp_path: Path, keep: object) -> None:
    assert callable(keep)
    assert "expected == 1, got 26" in keep(taped(tmp_path, *WRONG))


def test_two_recordings_in_memory_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    seeds = ("1", "20")
    processes = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "shopcli", "demo", "run", *built_in(), "-q"),
                *(word for ending in FORMATS for word in ("--record", str(tmp_path / f"{seed}{ending}"))),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "SHOP_DATA_DIR": str(tmp_path / "data"),
                "TZ": f"UTC+{seed}",
                "COLUMNS": seed * 2,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        for seed in seeds
    ]

    assert [process.wait() for process in processes] == [0, 0]
    for ending in FORMATS:
        one, other = ((tmp_path / f"{seed}{ending}").read_bytes() for seed in seeds)
        assert one == other, ending
