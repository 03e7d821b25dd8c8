"""The scenarios that come with shop pass on every kind of shop, and say the same on all of them."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from shopcli.demo import front_matter, grammar
from shopcli.demo.played import Played, Verdict
from shopcli.demo.scenario import Scenario, built_in, parse
from shopcli.demo.statements import Operation
from tests.conftest import plain_passwords
from tests.plays import MEMORY, play, recording, scenario, told, transcript
from tests.postgres import url as postgres_url
from tests.served import Served

NAMES = tuple(built_in())
CALM = tuple(name for name in NAMES if not any(isinstance(one, Operation) for one in scenario(name).statements))
"""Scenarios in which nothing is stopped or broken: what they print must not depend on the shop."""
PAGE = Path(__file__).parent.parent.parent / "docs" / "demo.md"
EXAMPLES = re.findall(r"^````markdown\n(.*?)^````", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)

Shop = Callable[[Scenario, Path], Played]
"""Plays a scenario in a shop in which nothing has happened yet."""


def in_memory(scenario: Scenario, directory: Path) -> Played:
    return play(scenario, MEMORY, directory)


def in_files(scenario: Scenario, directory: Path) -> Played:
    return play(scenario, f"sqlite:{directory / 'shop'}", directory)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str | None], Served]]:
    """Five processes, on SQLite or on the PostgreSQL databases of this name."""
    running: dict[str | None, Served] = {}

    def serve(database: str | None) -> Served:
        if database not in running:
            url = None if database is None else postgres_url(database)
            running[database] = Served(tmp_path_factory.mktemp("served"), "--faults", database_url=url)
        return running[database]

    yield serve
    for shop in running.values():
        shop.stop()


@pytest.fixture(
    params=[
        "memory",
        "sqlite",
        pytest.param("processes", marks=pytest.mark.campaign),
        pytest.param("processes_on_postgres", marks=pytest.mark.campaign),
    ]
)
def shop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Shop:
    if request.param in ("memory", "sqlite"):
        plain_passwords(monkeypatch)
        return in_memory if request.param == "memory" else in_files
    five: Served = request.getfixturevalue("served")("demo" if "postgres" in request.param else None)

    def in_processes(scenario: Scenario, directory: Path) -> Played:
        five.empty()
        return play(scenario, five.url, directory, owner=five.owner().read(), is_empty=True)

    return in_processes


@cache
def expected(name: str) -> list[tuple[object, ...]]:
    """The transcript of the shop in memory."""
    with TemporaryDirectory() as directory:
        return transcript(in_memory(scenario(name), Path(directory)))


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_passes(name: str, shop: Shop, tmp_path: Path) -> None:
    played = shop(scenario(name), tmp_path)

    assert played.verdict is Verdict.PASSED, told(played)
    assert [line.statement for line in played.lines] == list(played.scenario.statements)


@pytest.mark.parametrize("name", CALM)
def test_the_transcript_is_the_same_at_every_shop(name: str, shop: Shop, tmp_path: Path) -> None:
    assert transcript(shop(scenario(name), tmp_path)) == expected(name)


@pytest.mark.parametrize("name", NAMES)
def test_two_runs_in_memory_are_the_same_to_the_id(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain_passwords(monkeypatch)
    runs = [recording(in_memory(scenario(name), tmp_path / which)) for which in ("one", "other")]

    assert runs[0] == runs[1]


def test_most_scenarios_can_be_compared() -> None:
    assert {"buy-now", "declined-card", "first-visit", "last-one-in-stock", "monolith-or-five"} <= set(CALM)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_examples_of_the_page_hold(number: int, shop: Shop, tmp_path: Path) -> None:
    played = shop(parse(EXAMPLES[number], PAGE.name), tmp_path)

    skips = "virtual_clock" in played.scenario.needs and played.backend != MEMORY
    assert played.verdict is (Verdict.SKIPPED if skips else Verdict.PASSED), told(played)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) >= 4


def test_the_page_has_the_grammar_that_the_parsers_are_written_by() -> None:
    block = re.compile(r"^```ebnf\n(.*?)^```", re.DOTALL | re.MULTILINE)
    written = [block.findall(module.__doc__ or "") for module in (front_matter, grammar)]

    assert [each for [each] in written] == block.findall(PAGE.read_text("utf-8"))
