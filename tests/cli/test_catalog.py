"""`shop catalog import`: files into a shop, all of a file or nothing of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Finish, Run, Terminal

HEAD = "slug,title,price,stock\n"
GOODS = HEAD + "pen,Pen,2.50,5\ncup,Cup,3,0\n"


@pytest.fixture
def goods(tmp_path: Path) -> Path:
    file = tmp_path / "goods.csv"
    file.write_text(GOODS, "utf-8")
    return file


def large(price: str, word: str, number: int = 3000) -> str:
    return HEAD + "".join(f"thing-{each},{word} number {each} for the shelf,{price},5\n" for each in range(number))


# --- importing -----------------------------------------------------------------------------------


def test_a_card_has_no_room_for_what_a_product_lacks(run: Run, goods: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("catalog", "import", str(goods))
    monkeypatch.setenv("SHOP_FORCE_TTY", "1")
    monkeypatch.setenv("NO_COLOR", "1")

    assert run("products", "show", "pen").out.startswith("Pen\nOther\n\nREF")


def test_products_are_added_updated_and_left_as_they_are(run: Run, goods: Path) -> None:
    before = run("products", "list", "--all", "--json").json["total"]
    first = run("catalog", "import", str(goods))
    assert (first.code, first.rows, first.err) == (0, [["2", "2", "2", "0", "0", "0"]], "→ shop products list\n")
    (pen,) = run("products", "show", "pen", "--json").json["variants"]

    goods.write_text(GOODS.replace("2.50,5", "2.75,7") + "ink,Ink,1,1\n", "utf-8")
    again = run("catalog", "import", str(goods), "--json")
    done = {"products": 3, "variants": 3, "added": 1, "updated": 1, "unchanged": 1, "skipped": 0}
    assert (again.json, again.err) == (done, "")
    (changed,) = run("products", "show", "pen", "--json").json["variants"]
    assert changed == {**pen, "price": {"amount": "2.75", "currency": "EUR"}, "stock": 7}
    assert run("products", "list", "--json").json["total"] == before + 3
    assert [row[0] for row in run("products", "search", "ink").rows] == ["ink"]


def test_a_pipe_and_the_other_format(run: Run) -> None:
    line = json.dumps({"slug": "pen", "title": "Pen", "price": 2.5, "stock": 1}) + "\n"
    assert run("catalog", "import", "-", "--format", "jsonl", stdin=line).rows == [["1", "1", "1", "0", "0", "0"]]
    assert run("catalog", "import", "--format=csv", "-", stdin=GOODS).rows == [["2", "2", "1", "1", "0", "0"]]


def test_a_dry_run_imports_nothing(run: Run, goods: Path) -> None:
    dry = run("catalog", "import", str(goods), "--dry-run")
    assert (dry.rows, dry.err) == ([["2", "2", "", "", "", "0"]], "nothing was imported: this was a dry run\n")
    assert run("products", "show", "pen").code == 3


def test_memory(run: Run, goods: Path) -> None:
    assert run("--backend", "memory:", "catalog", "import", str(goods)).rows == [["2", "2", "2", "0", "0", "0"]]


# --- bad rows ------------------------------------------------------------------------------------


def test_a_bad_row_stops_all_of_it(run: Run, goods: Path) -> None:
    goods.write_text(GOODS + 'ink,Ink,"12,50",x\nbox,Box,1,1\n', "utf-8")
    failed = run("catalog", "import", str(goods))
    assert (failed.code, failed.out) == (2, "")
    assert failed.err == (
        f"✗ 1 of 4 rows of {goods} is bad, so nothing was imported\n"
        f'{goods}:4: price: "12,50" is no amount; write 12.50\n'
        f'{goods}:4: stock: "x" is no whole number, such as 5\n'
        f"→ shop catalog import {goods} --skip-bad\n"
    )
    assert run("products", "show", "pen").code == 3
    skipped = run("catalog", "import", str(goods), "--skip-bad")
    assert skipped.rows == [["3", "3", "3", "0", "0", "1"]]
    assert skipped.err.splitlines()[2] == "1 of 4 rows were skipped: 1 bad"
    assert run("products", "show", "ink").code == 3


def test_variants_of_a_product_with_a_bad_row_stay_as_they_are(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "goods.csv"
    rows = "slug,variant,title,price,stock\npen,red,Pen,1,1\npen,blue,Pen,1,1\ncup,big,Cup,1,1\n"
    file.write_text(rows, "utf-8")
    run("catalog", "import", str(file))
    file.write_text(rows.replace("blue,Pen,1", "blue,Pen,x").replace("red,Pen,1", "red,Pen,2"), "utf-8")
    skipped = run("catalog", "import", str(file), "--skip-bad")
    assert skipped.err.splitlines()[1] == "2 of 3 rows were skipped: 1 bad, and 1 of products that have one"
    variants = run("products", "show", "pen", "--json").json["variants"]
    assert [(each["name"], each["price"]["amount"]) for each in variants] == [("red", "1.00"), ("blue", "1.00")]


def test_many_bad_rows(run: Run, goods: Path) -> None:
    goods.write_text(HEAD + "pen,Pen,x,1\n" * 25, "utf-8")
    lines = run("catalog", "import", str(goods)).err.splitlines()
    assert lines[0] == f"✗ 25 of 25 rows of {goods} are bad, so nothing was imported"
    assert lines[-3:-1] == [f'{goods}:21: price: "x" is no amount; write an amount such as 12.50', "... and 5 more"]
    error = run("catalog", "import", str(goods), "--json").error
    assert (error["code"], error["bad_rows"], len(error["mistakes"])) == ("bad_rows", 25, 25)
    reason = '"x" is no amount; write an amount such as 12.50'
    assert error["mistakes"][24] == {"file": str(goods), "line": 26, "column": "price", "reason": reason}
    assert run("catalog", "import", str(goods), "--skip-bad").code == 2


def test_the_shops_currency(run: Run, goods: Path) -> None:
    goods.write_text("slug,title,price,stock,currency\npen,Pen,1,1,USD\n", "utf-8")
    assert f'{goods}:2: currency: "USD", but this shop sells in EUR' in run("catalog", "import", str(goods)).err


# --- files ---------------------------------------------------------------------------------------


def test_files_that_are_none(run: Run, tmp_path: Path) -> None:
    missing = run("catalog", "import", "nowhere.csv")
    assert (missing.code, missing.err) == (3, "✗ there is no file nowhere.csv\n")
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    unreadable = run("catalog", "import", str(folder))
    assert (unreadable.code, unreadable.err) == (12, f"✗ {folder} cannot be read: Is a directory\n")
    unknown = run("catalog", "import", "goods.txt")
    assert unknown.code == 2
    assert unknown.err == (
        "✗ the name of the file does not say what it is: --format csv or --format jsonl\n"
        "→ shop catalog import goods.txt --format csv\n"
    )
    assert run("catalog", "import", "goods.csv", "--format", "xml").code == 2
    header = run("catalog", "import", "-", "--format", "csv", stdin="slug,titel\n")
    assert header.err.startswith('✗ stdin:1: no column "titel", did you mean title?\n')


def test_a_terminal_is_no_pipe(terminal: Terminal, finish: Finish) -> None:
    code, screen = finish(terminal("catalog", "import", "-", "--format", "csv"))
    assert code == 2
    assert "FILE - reads a pipe, and there is none" in screen


def test_a_terminal_shows_how_far_it_is(terminal: Terminal, finish: Finish, goods: Path) -> None:
    goods.write_text(large("1", "word " * 20, 20_000), "utf-8")
    code, screen = finish(terminal("--backend", "memory:", "catalog", "import", str(goods)))
    assert code == 0
    assert "reading" in screen
    assert "importing 20,000 products" in screen
    assert "reading" not in finish(terminal("-q", "catalog", "import", str(goods), "--dry-run"))[1]


# --- who may -------------------------------------------------------------------------------------


def test_only_the_owner_may(run: Run, goods: Path) -> None:
    refused = run("--backend", "http://127.0.0.1:1", "catalog", "import", str(goods))
    assert refused.code == 12
    assert refused.err == (
        "✗ only the owner of a shop may import a catalog, and this profile does not know who that is\n"
        "→ shop profile create NAME URL --owner DIR/owner.json\n"
    )


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    shop = Served(tmp_path)
    yield shop
    shop.stop()


def test_over_http(run: Run, served: Served, goods: Path) -> None:
    assert run("profile", "create", "mine", served.url, "--owner", served.told["owner"], "--use").code == 0
    goods.write_text(large("1.50", "Thing", 6000), "utf-8")  # more than a megabyte, so it is sent compressed
    assert run("catalog", "import", str(goods)).rows == [["6000", "6000", "6000", "0", "0", "0"]]
    assert run("catalog", "import", str(goods)).rows == [["6000", "6000", "0", "0", "6000", "0"]]
    goods.write_text(GOODS, "utf-8")
    assert run("catalog", "import", str(goods)).rows == [["2", "2", "2", "0", "0", "0"]]
    assert run("products", "show", "thing-77", "--json").json["variants"][0]["price"]["amount"] == "1.50"


# --- interrupted ---------------------------------------------------------------------------------

SHARES = (0.3, 0.6, 0.9)
"""Of the time that an import takes."""
MORE_SHARES = tuple(each / 40 for each in range(8, 44, 4))


def _started(file: Path) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "shopcli", "catalog", "import", str(file))
    root = str(Path(__file__).parents[2])
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": root}, stdout=pipe, stderr=pipe, text=True)


def _prices(run: Run) -> list[str]:
    things = run("products", "list", "--all", "--json").json["items"]
    return [each["variants"][0]["price"]["amount"] for each in things if each["slug"].startswith("thing-")]


def _interrupt(run: Run, goods: Path, share: float, how: signal.Signals) -> None:
    old, new = large("1", "Old"), large("2", "New")
    goods.write_text(old, "utf-8")
    began = time.monotonic()
    process = _started(goods)
    process.communicate()
    seconds = time.monotonic() - began
    goods.write_text(new, "utf-8")
    process = _started(goods)
    time.sleep(seconds * share)
    process.send_signal(how)
    _, told = process.communicate()
    prices = _prices(run)
    assert len(prices) == 3000
    assert set(prices) in ({"1.00"}, {"2.00"})
    if process.returncode == 0:
        assert set(prices) == {"2.00"}
    elif how is signal.SIGINT and told:
        assert process.returncode in (130, -signal.SIGINT)
    assert run("catalog", "import", str(goods)).code == 0
    assert set(_prices(run)) == {"2.00"}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("share", SHARES)
def test_whatever_ends_it_leaves_one_catalog_whole(run: Run, goods: Path, share: float, how: signal.Signals) -> None:
    _interrupt(run, goods, share, how)


@pytest.mark.campaign
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("share", MORE_SHARES)
def test_ended_at_any_moment(run: Run, goods: Path, share: float, how: signal.Signals) -> None:
    _interrupt(run, goods, share, how)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            b"slug;title;price;stock\npen;Pen;1;1\n",
            "goods.csv:1: the columns are separated by semicolons; write commas",
        ),
        (b"slug\ttitle\tprice\tstock\n", "goods.csv:1: the columns are separated by tabs; write commas"),
        ("slug,title,price,stock\n".encode("utf-16"), "goods.csv is UTF-16: save it as UTF-8"),
    ],
    ids=["semicolons", "tabs", "utf-16"],
)
def test_what_a_spreadsheet_makes_of_it_is_told_from_nonsense(run: Run, goods: Path, content: bytes, why: str) -> None:
    goods.write_bytes(content)

    result = run("catalog", "import", str(goods))

    assert result.code == 2
    assert result.err.startswith(f"✗ {why.replace('goods.csv', str(goods))}\n")
