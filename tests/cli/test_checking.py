import asyncio
import json
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backends import open_backend
from backends.conformance.goods import TRIPOD
from backends.conformance.running import areas
from backends.registry import BACKENDS
from stub_services.inprocess import InProcessBackend
from tests.cli import planted as defects
from tests.cli.conftest import Finish, Run, Terminal
from tests.cli.planted import Planted
from tests.conftest import plain_passwords

Plant = Callable[[Callable[[InProcessBackend], object]], None]

USERS = ("--area", "users", "--area", "expiry")
NAMES = ("area", "holds", "broken", "unsupported", "not_checked")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_passwords(monkeypatch)


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Let the shop at planted: have a defect; the fixture returns the function that does."""
    monkeypatch.setitem(BACKENDS, "planted", "tests.cli.planted:open_planted")
    monkeypatch.setattr(Planted, "directory", tmp_path / "planted")
    return lambda defect: monkeypatch.setattr(Planted, "defect", staticmethod(defect))


def counts(result: Any) -> dict[str, dict[str, int]]:  # noqa: ANN401 - what JSON holds
    return {item["area"]: {name: item[name] for name in NAMES[1:]} for item in result.json["items"]}


def verdicts(result: Any, verdict: str) -> list[dict[str, Any]]:  # noqa: ANN401
    return [one for item in result.json["items"] for one in item["properties"] if one["verdict"] == verdict]


@pytest.mark.parametrize("url", ["memory:", "sqlite:"])
def test_a_new_shop_is_checked_and_leaves_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()

    result = run("backends", "check", url, *USERS)

    assert (result.code, result.err) == (0, "")
    assert [row[0] for row in result.rows] == ["expiry", "users"]
    assert all(int(row[1]) >= 7 and row[2:] == ["0", "0", "0"] for row in result.rows)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "data").exists()


@pytest.mark.campaign
def test_everything_holds_in_memory(run: Run) -> None:
    result = run("--backend", "memory:", "backends", "check", "--json")

    assert result.code == 0
    assert list(counts(result)) == list(areas())
    assert verdicts(result, "broken") == verdicts(result, "unsupported") == []
    assert len(verdicts(result, "holds")) > 140


def test_a_cart_that_ignores_the_quantity_is_broken_by_name(run: Run, plant: Plant) -> None:
    plant(defects.ignores_quantity)

    result = run("backends", "check", "planted:", "--area", "carts", "--yes", "--json")

    assert result.code == 1
    broken = {one["name"]: one for one in verdicts(result, "broken")}
    assert "adding makes a line" in broken
    assert "a cart starts empty" not in broken
    assert broken["adding makes a line"]["reason"].startswith("AssertionError: assert (")
    assert "test_carts.py:" in broken["adding makes a line"]["details"]
    assert result.error["code"] == "backend_broken"
    assert result.error["message"].startswith(f"{len(broken)} broken: carts: ")
    assert result.error["hint"] == "shop backends check planted: --area carts -v"


def test_people_read_what_is_broken_in_a_line_and_with_v_all_of_it(run: Run, plant: Plant) -> None:
    plant(defects.claims_to_cancel)

    brief = run("backends", "check", "planted:", "--area", "cancelling", "--yes")
    full = run("backends", "check", "planted:", "--area", "cancelling", "--yes", "-v")

    assert (brief.code, full.code) == (1, 1)
    assert "✗ cancelling: an order that waits for payment\n    backends.errors.Unsupported: nothing is" in brief.err
    assert "async def test_an_order_that_waits_for_payment" in full.err
    assert "async def" not in brief.err
    assert brief.out == full.out


def test_what_a_shop_says_it_lacks_is_unsupported(run: Run, plant: Plant) -> None:
    plant(defects.cancels_nothing)

    result = run("backends", "check", "planted:", "--area", "cancelling", "--yes", "--json")

    assert result.code == 0
    assert counts(result)["cancelling"]["holds"] == 0
    assert {one["reason"] for one in verdicts(result, "unsupported")} == {"this shop lacks cancel_order"}


def test_what_a_shop_says_it_has_and_has_not_is_broken(run: Run, plant: Plant) -> None:
    plant(defects.claims_to_cancel)

    result = run("backends", "check", "planted:", "--area", "cancelling", "--yes", "--json")

    assert result.code == 1
    broken = {one["name"]: one["reason"] for one in verdicts(result, "broken")}
    assert "nothing is cancelled here" in broken["an order that waits for payment"]


def test_without_its_goods_a_shop_is_checked_as_far_as_that_goes(run: Run, plant: Plant) -> None:
    plant(defects.somebody_elses)

    result = run("backends", "check", "planted:", "--area", "carts", "--area", "users", "--yes", "--json")

    assert result.code == 0
    found = counts(result)
    assert found["users"]["holds"] > 20
    assert found["carts"]["not_checked"] > 20
    reasons = {one["reason"] for one in verdicts(result, "not_checked")}
    assert reasons == {
        "its goods are not sold here, and nobody can import them",
        "the clock of this shop cannot be moved",
    }


def test_a_shop_that_stays_can_be_checked_again_and_again(run: Run, plant: Plant) -> None:
    chosen = [word for area in ("backend", "expiry", "orders") for word in ("--area", area)]

    first, second = (run("backends", "check", "planted:", *chosen, "--yes", "--json") for _ in range(2))

    assert (first.code, second.code) == (0, 0)
    assert counts(first) == counts(second)
    assert counts(first)["expiry"] == {"holds": 0, "broken": 0, "unsupported": 0, "not_checked": 7}


def test_what_a_check_leaves_is_sold_out_and_its_people_are_gone(run: Run, plant: Plant) -> None:
    run("backends", "check", "planted:", "--area", "carts", "--area", "hostile_text", "--yes")

    for slug in ("tripod", "twin", "bag-0", "evil"):
        item = asyncio.run(open_backend("planted:").products.get(slug))
        assert not item.variants[0].in_stock
        assert item.title in {"Carbon tripod", "Twin tripod", "Alpine camera"}
    with closing(sqlite3.connect(Planted.directory / "users.db")) as users:
        assert users.execute("SELECT email FROM users WHERE email LIKE 'ada%'").fetchall() == []


def test_products_of_the_shop_are_not_overwritten(run: Run, plant: Plant) -> None:
    own = replace(TRIPOD, title="Our own", variants=(replace(TRIPOD.variants[0], sku="OWN-1"),))
    owner = open_backend("planted:")
    assert owner.admin is not None
    asyncio.run(owner.admin.import_catalog((own,)))

    result = run("backends", "check", "planted:", "--yes")

    assert result.code == 6
    assert "a product 'tripod' of its own" in result.err
    assert asyncio.run(owner.products.get("tripod")).title == "Our own"


def test_a_shop_that_stays_is_not_touched_without_a_yes(run: Run, plant: Plant) -> None:
    result = run("backends", "check", "planted:", "--json")

    assert result.code == 2
    assert "--yes" in result.error["message"]


def test_what_stays_is_said_before_the_question(terminal: Terminal, finish: Finish, tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'standing'}"
    child = terminal("backends", "check", url)
    child.expect(r"accounts of people like ada-check-\w+-1@example.org")
    child.expect(r"\[y/N\]")
    child.sendline("n")

    code, screen = finish(child)

    assert code == 130
    assert "nothing was changed" in screen
    assert not (tmp_path / "standing").exists()


def test_a_terminal_sees_how_far_it_is(terminal: Terminal, finish: Finish) -> None:
    child = terminal("backends", "check", "memory:", "--area", "expiry")
    child.expect(r"expiry.*\d/7")

    code, screen = finish(child)

    assert code == 0
    assert "NOT CHECKED" in screen


def test_a_shop_that_nobody_reaches(run: Run, plant: Plant) -> None:
    plant(defects.down)

    assert run("backends", "check", "planted:", "--yes", "--json").error["message"] == "nobody is there"
    assert run("backends", "check", "planted:", "--yes").code == 10


def test_nothing_of_the_surroundings_takes_part(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conftest.py").write_text("raise SystemExit(7)\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --nonsense\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only")

    result = run("backends", "check", "memory:", "--area", "expiry", "-o", "jsonl")

    assert result.code == 0
    assert json.loads(result.out)["holds"] == 7
    assert {path.name for path in tmp_path.iterdir()} == {"conftest.py", "pytest.ini"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("memory:", "--area", "pets"), "there is no area pets; there is backend, "),
        (("memory:", "--backend", "sqlite:x"), "both say which shop"),
        (("memory:", "--fields", "nonsense"), "no field nonsense"),
    ],
)
def test_a_line_that_makes_no_sense(run: Run, line: tuple[str, ...], said: str) -> None:
    result = run("backends", "check", *line)

    assert result.code == 2
    assert said in result.err


def test_ids_are_areas_and_a_scheme_alone_is_enough(run: Run) -> None:
    assert run("backends", "check", "memory", "--area", "expiry", "-o", "id").out == "expiry\n"


def test_ctrl_c_stops_it(run: Run, plant: Plant) -> None:
    plant(defects.interrupted)

    result = run("backends", "check", "planted:", "--area", "carts", "--yes")

    assert result.code == 130
    assert "what was done there stays" in result.err


@pytest.mark.parametrize(
    ("defect", "area", "name", "reason"),
    [
        (defects.lists_garbage, "backend", "exact stock is what it says", "KeyError: 'items'"),
        (defects.filters_nothing, "products", "what is found is what was asked for", "AssertionError: "),
        (
            defects.never_ends,
            "products",
            "a walk over pages meets each product once and in order",
            "AssertionError: a cursor leads back to itself",
        ),
        (
            defects.suspends_after_all,
            "backend",
            "what never suspends needs no event loop",
            "Failed: it says suspends = False, and it waits for an event loop",
        ),
    ],
)
def test_mistakes_of_those_who_write_a_backend_are_found(
    run: Run, plant: Plant, defect: Callable[[InProcessBackend], object], area: str, name: str, reason: str
) -> None:
    plant(defect)

    result = run("backends", "check", "planted:", "--area", area, "--yes", "--json")

    assert result.code == 1
    broken = {one["name"]: one["reason"] for one in verdicts(result, "broken")}
    assert broken[name].startswith(reason)


def test_of_many_broken_cases_one_is_shown_and_what_was_expected_is_said(run: Run, plant: Plant) -> None:
    plant(defects.never_ends)

    result = run("backends", "check", "planted:", "--area", "products", "--yes", "--json")

    (found,) = (one for one in verdicts(result, "broken") if one["name"] == "a cursor that was tampered with")
    assert found["reason"].startswith("AssertionError: this was not refused, and invalid_value was expected")
    assert found["reason"].endswith("; 18 of 18 cases)")
    assert found["details"].count("async def test_a_cursor_that_was_tampered_with") == 1
