"""The contract suite as a package: whole, and out of the way of whoever does not run it."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from textwrap import dedent

import pytest

import backends.conformance
from backends import Backend, MemorySessions, SessionStore
from backends.conformance import Harness, VirtualClock, countable_ids
from backends.conformance.places import TEST_CARDS, Fresh, Place, Standing, known_methods
from backends.conformance.running import areas, run
from backends.registry import BACKENDS
from stub_services.inprocess import InProcessBackend, Shop, open_memory
from tests.cli import planted as defects
from tests.cli.planted import Planted
from tests.conftest import plain_passwords

CONTRACT = Path(__file__).parents[1] / "contract"
Defect = Callable[[InProcessBackend], object]


def test_every_area_is_run_at_our_own_backends() -> None:
    collected = {path.stem.removeprefix("test_") for path in CONTRACT.glob("test_*.py")}

    assert collected == set(areas())
    for area in areas():
        star = f"from backends.conformance.test_{area} import *\n"
        assert star in (CONTRACT / f"test_{area}.py").read_text("utf-8").splitlines(keepends=True)


def test_the_contract_itself_knows_no_pytest() -> None:
    everything = "import backends; [getattr(backends, name) for name in backends.__all__]"
    subprocess.run([sys.executable, "-c", f"{everything}; import sys; assert 'pytest' not in sys.modules"], check=True)


def test_the_example_for_a_backends_own_tests_runs(tmp_path: Path) -> None:
    written = dedent(str(backends.conformance.__doc__).split("\n\n", 2)[2].rpartition("\n\n")[0])
    _, conftest, tests = written.split("# tests/")
    shop = f"sqlite:{tmp_path / 'shop'}"
    (tmp_path / "conftest.py").write_text("#" + conftest.replace("corner:127.0.0.1", shop).replace("good", "visa"))
    (tmp_path / "test_shop.py").write_text("#" + tests.replace("test_carts", "test_cancelling"))

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTEST_ADDOPTS": "-c /dev/null --disable-plugin-autoload"},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )

    assert "9 passed, 2 skipped" in ran.stdout, ran.stdout + ran.stderr


class Ours:
    """A shop whose tests are written like those of the example."""

    url = "memory:"
    keeps = ()

    async def open(self) -> None:
        """There is nothing to look at."""

    @contextmanager
    def supply(self) -> Iterator[Harness]:
        owner = open_memory("memory:", sessions=MemorySessions(), clock=VirtualClock(), ids=countable_ids())

        def visit(sessions: SessionStore | None) -> Backend:
            return owner.visit(sessions or MemorySessions())

        yield Harness(visit, countable_ids(), VirtualClock(), TEST_CARDS, admin=owner.admin, owner=owner)

    async def leave(self) -> None:
        """Nothing is left."""


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> dict[InProcessBackend, int]:
    """How often each backend was closed that a test opened."""
    plain_passwords(monkeypatch)
    times: dict[InProcessBackend, int] = {}
    begin, close = InProcessBackend.__init__, InProcessBackend.aclose

    def begun(backend: InProcessBackend, name: str, shop: Shop, sessions: SessionStore) -> None:
        times[backend] = 0
        begin(backend, name, shop, sessions)

    async def counted(backend: InProcessBackend) -> None:
        times[backend] += 1
        await close(backend)

    monkeypatch.setattr(InProcessBackend, "__init__", begun)
    monkeypatch.setattr(InProcessBackend, "aclose", counted)
    return times


@pytest.fixture
def standing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Defect], Standing]:
    """The function that makes a shop that stays, with a defect."""

    def planted(defect: Defect) -> Standing:
        monkeypatch.setitem(BACKENDS, "planted", "tests.cli.planted:open_planted")
        monkeypatch.setattr(Planted, "directory", tmp_path)
        monkeypatch.setattr(Planted, "defect", staticmethod(defect))
        return Standing("planted:", MemorySessions())

    return planted


@pytest.mark.parametrize("place", [Ours(), Fresh("sqlite:"), defects.none, defects.somebody_elses])
def test_whatever_is_opened_is_closed_once(
    closed: dict[InProcessBackend, int], standing: Callable[[Defect], Standing], place: Place | Defect
) -> None:
    where = standing(place) if callable(place) else place

    kept = [where.keeps, where.keeps]  # to ask, and to tell
    properties = run(where, ("privacy",), lambda *_: None)

    assert kept[0] == kept[1]
    assert {one.verdict for one in properties} <= {"holds", "not_checked"}
    assert set(closed.values()) == {1}


def test_an_account_that_was_made_to_look_around_is_deleted_whatever_happens(
    tmp_path: Path, closed: dict[InProcessBackend, int], standing: Callable[[Defect], Standing]
) -> None:
    asked: list[str | None] = []

    def defect(shop: InProcessBackend) -> object:
        async def methods() -> None:
            asked.append(shop.account_id())
            raise ValueError

        return defects.Changed(shop, payments=defects.Changed(shop.payments, methods=methods))

    asyncio.run(standing(defect).open())

    with closing(sqlite3.connect(tmp_path / "users.db")) as users:
        assert users.execute("SELECT * FROM users").fetchall() == []
    assert len(asked) == 1
    assert asked != [None]
    assert list(closed.values()) == [1, 1]


def test_only_a_test_card_is_paid_with() -> None:
    assert known_methods(set()) is None
    assert known_methods({"tok_b", "tok_a"}) is not None
    ours = known_methods({"tok_visa", "tok_declined", "tok_insufficient_funds", "tok_lost_answer"})
    assert ours == TEST_CARDS
    fewer = known_methods({"tok_visa"})
    assert fewer is not None
    assert (fewer.good, fewer.declined, fewer.lost) == ("tok_visa", None, None)
