"""`shop catalog import`: files into a shop, all of a file or nothing of it."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backends.errors import OutcomeUnknown, Unavailable
from backends.models import Imported
from stub_services.products.service import ProductService
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


STRAPS = "slug,title,brand,category,variant,price,stock\n" + "".join(
    f'strap,"Leather strap, 4 cm",Acme,Straps,{colour},24.50,40\n' for colour in ("brown", "black")
)
_STRAP = '{"slug": "strap", "title": "Leather strap, 4 cm", "brand": "Acme", "category": "Straps", "price": 24.50, '

_PEN = '{"slug": "pen", "title": "Pen", "price": 1, "stock": 1}'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bad.csv", STRAPS.replace("black,24.50,40", "black,24,50,0") + "pen,Pen,,Pens,,1,1\n"),
        (
            "bad.jsonl",
            f'{_STRAP}"variant": "brown", "stock": 1}}\n{_STRAP}"variant": "black", "stock": [0]}}\n{_PEN}\n',
        ),
    ],
    ids=["a decimal comma", "a list"],
)
def test_a_row_that_cannot_be_read_withdraws_no_variant(run: Run, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / "straps.csv").write_text(STRAPS, "utf-8")
    (tmp_path / name).write_text(content, "utf-8")
    run("catalog", "import", str(tmp_path / "straps.csv"))
    skipped = run("catalog", "import", str(tmp_path / name), "--skip-bad")
    assert skipped.err.splitlines()[1] == "2 of 3 rows were skipped: 1 bad, and 1 of products that have one"
    assert [each["name"] for each in run("products", "show", "strap", "--json").json["variants"]] == ["brown", "black"]


def test_nothing_is_skipped_where_a_row_may_belong_to_any_product(run: Run, goods: Path) -> None:
    goods.write_text(GOODS + 'ink,"Ink,1,1\npen,Pen,1,1\n', "utf-8")
    failed = run("catalog", "import", str(goods), "--skip-bad")
    assert (failed.code, failed.out) == (2, "")
    assert failed.err == (
        f"✗ the row in line 4 of {goods} may belong to any product, so that --skip-bad does not know which one to"
        " leave out: nothing was imported, mend that line\n"
        f"{goods}:4: this is no CSV: unexpected end of data\n"
        f"→ shop catalog import {goods} --skip-bad --dry-run\n"
    )
    assert run("products", "show", "pen").code == 3
    assert run("catalog", "import", str(goods)).err.splitlines()[-1] == f"→ shop catalog import {goods} --dry-run"


def test_a_dry_run_leads_to_no_import(run: Run, goods: Path, tmp_path: Path) -> None:
    goods.write_text(GOODS + "ink,Ink,x,1\n", "utf-8")
    failed = run("catalog", "import", str(goods), "--dry-run")
    assert failed.err.splitlines()[-1] == f"→ shop catalog import {goods} --skip-bad --dry-run"
    other = tmp_path / "goods"
    other.write_text(GOODS, "utf-8")
    unknown = run("catalog", "import", str(other), "--dry-run", "--skip-bad")
    assert unknown.err.splitlines()[-1] == f"→ shop catalog import {other} --format csv --skip-bad --dry-run"


def test_more_products_than_a_shop_takes_at_once(run: Run, goods: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopcli.cli.catalog.MAX_PRODUCTS", 1)
    for more in ((), ("--dry-run",)):
        failed = run("catalog", "import", str(goods), *more)
        assert (failed.code, failed.out) == (2, "")
        assert failed.err.startswith(
            f"✗ {goods} has 2 products, and a shop takes 1 at once, so nothing was imported: split it, with all rows of"
        )


def test_many_bad_rows(run: Run, goods: Path) -> None:
    goods.write_text(HEAD + "pen,Pen,x,1\n" * 25, "utf-8")
    lines = run("catalog", "import", str(goods)).err.splitlines()
    assert lines[0] == f"✗ 25 of 25 rows of {goods} are bad, so nothing was imported"
    assert lines[-3:-1] == [f'{goods}:21: price: "x" is no amount; write an amount such as 12.50', "... and 5 more"]
    error = run("catalog", "import", str(goods), "--json").error
    assert (error["code"], error["bad_rows"], len(error["mistakes"])) == ("bad_rows", 25, 25)
    reason = '"x" is no amount; write an amount such as 12.50'
    assert error["mistakes"][24] == {"file": str(goods), "line": 26, "column": "price", "reason": reason}
    assert lines[-1] == f"→ shop catalog import {goods} --dry-run"  # there would be nothing left to import
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
    assert unreadable.code == 2
    assert unreadable.err.startswith(f"✗ {folder} is a directory, and a catalog is a file\n")
    assert run("catalog", "import", "goods.txt").err == "✗ there is no file goods.txt\n"
    assert run("catalog", "import", "goods.csv", "--format", "xml").code == 2
    header = run("catalog", "import", "-", "--format", "csv", stdin="slug,titel\n")
    assert header.err.startswith('✗ stdin:1: no column "titel", did you mean title?\n')


@pytest.mark.parametrize(("content", "kind"), [(GOODS, "csv"), ('{"a": 1}', "jsonl")])
def test_what_a_file_may_be_whose_name_says_nothing(run: Run, tmp_path: Path, content: str, kind: str) -> None:
    file = tmp_path / "goods.txt"
    file.write_text(content, "utf-8")
    unknown = run("catalog", "import", str(file))
    assert unknown.code == 2
    assert unknown.err == (
        "✗ the name of the file does not say what it is: --format csv or --format jsonl\n"
        f"→ shop catalog import {file} --format {kind}\n"
    )


def test_another_name_of_json_lines(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "goods.ndjson"
    file.write_text('{"slug": "pen", "title": "Pen", "price": 2, "stock": 1}\n', "utf-8")
    assert run("catalog", "import", str(file)).rows == [["1", "1", "1", "0", "0", "0"]]


PACKED = gzip.compress(GOODS.encode(), mtime=0)  # the same for each of the processes that name tests by it


@pytest.mark.parametrize(
    ("name", "content", "why", "command"),
    [
        ("x.json", b'[{"slug": "pen"}]', "is a JSON array: write one object a line", "jq -c '.[]' {} | {} jsonl"),
        ("x.jsonl", b"\n [\n{}\n]", "is a JSON array: write one object a line", "jq -c '.[]' {} | {} jsonl"),
        ("x.csv.gz", PACKED, "is compressed", "gunzip -c {} | {} csv"),
        ("x.jsonl.GZ", PACKED, "is compressed", "gunzip -c {} | {} jsonl"),
        ("x.gz", PACKED, "is compressed", "gunzip -c {} | {} csv"),
        ("x.csv", PACKED, "is compressed", "gunzip -c {} | {} csv"),
        ("x.csv", GOODS.encode("utf-16"), "is UTF-16: save it as UTF-8", "iconv -f UTF-16 -t UTF-8 {} | {} csv"),
        ("x.csv", GOODS.encode("utf-32"), "is UTF-32: save it as UTF-8", "iconv -f UTF-32 -t UTF-8 {} | {} csv"),
        ("x.csv", GOODS.replace("\n", "\r").encode(), "end with CR alone", "tr '\\r' '\\n' < {} | {} csv"),
    ],
)
def test_another_tool_takes_the_rows_out(
    run: Run, tmp_path: Path, name: str, content: bytes, why: str, command: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    failed = run("--backend", "memory:", "catalog", "import", str(file), "--dry-run")
    message, hint = failed.err.removeprefix("memory: forgets everything when this command ends\n").splitlines()
    assert failed.code == 2
    assert why in message
    kind = command.rpartition(" ")[2]
    again = f"shop --backend memory: catalog import - --format {kind} --dry-run"
    assert hint == "→ " + command.replace(f"{{}} {kind}", again).format(file)


def test_a_pipe_is_told_apart_too(run: Run) -> None:
    failed = run("catalog", "import", "-", "--format", "csv", stdin="sep\rpen\r")
    assert failed.err.splitlines()[1] == "→ tr '\\r' '\\n' < FILE | shop catalog import - --format csv"


def test_a_pipe_is_not_waited_for_by_its_name(run: Run, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    failed = run("catalog", "import", str(pipe))  # pytest-timeout bounds it
    assert failed.code == 2
    assert failed.err == (
        f"✗ {pipe} is a pipe or a device, which is read as - only\n→ shop catalog import - --format jsonl < {pipe}\n"
    )


# --- an answer that is lost ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ended", "code", "told"),
    [
        (OutcomeUnknown("it is not known whether this happened", hint="shop products list"), 11, "it is not known"),
        (KeyboardInterrupt(), 130, "interrupted before the answer came"),
    ],
    ids=["silence", "Ctrl-C"],
)
def test_what_nobody_knows_is_imported_once_more(
    run: Run, goods: Path, monkeypatch: pytest.MonkeyPatch, ended: BaseException, code: int, told: str
) -> None:
    async def end(*_: object) -> Imported:
        raise ended

    monkeypatch.setattr(ProductService, "import_catalog", end)
    failed = run("catalog", "import", str(goods), "--skip-bad")
    assert failed.code == code
    assert told in failed.err
    assert failed.err.endswith(
        f"; importing the same file once more does no harm\n→ shop catalog import {goods} --skip-bad\n"
    )
    piped = run("catalog", "import", "-", "--format", "csv", "--json", stdin=GOODS)
    assert piped.error["outcome"] == "unknown"
    assert piped.error["message"].endswith("; importing the same rows once more does no harm")
    assert piped.error["hint"] == "shop catalog import - --format csv"


def test_another_failure_says_what_it_says(run: Run, goods: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> Imported:
        raise Unavailable("it is down", hint="shop services status")

    monkeypatch.setattr(ProductService, "import_catalog", fail)
    assert run("catalog", "import", str(goods)).err == "✗ it is down\n→ shop services status\n"


def test_what_was_sent_twice_is_not_counted(run: Run, goods: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def twice(*_: object) -> Imported:
        return Imported(None, None, None)

    monkeypatch.setattr(ProductService, "import_catalog", twice)
    done = run("catalog", "import", str(goods))
    assert done.rows == [["2", "2", "", "", "", "0"]]
    assert done.err.startswith("it was sent twice, as the first answer got lost: how many products it changed is not")


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
        "→ shop profile create served http://127.0.0.1:1 --owner DIR/owner.json\n"
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
