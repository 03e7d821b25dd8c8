"""Hostile text in a shop, in every command and every mode: it is shown and never obeyed."""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import pyte
import pytest
from rich.cells import cell_len

from backends.models import Product, Variant
from backends.money import Money
from backends.registry import open_backend
from backends.text import is_clean
from shopcli.core import stepping
from tests.cli.hostile import LONG, STORABLE, TEXTS, acting, without_colours

if TYPE_CHECKING:
    from pathlib import Path

    from backends.interface import Backend
    from tests.cli.conftest import Finish, Result, Run, Terminal

_MODES = ["tsv", "json", "jsonl", "id"]
_WIDTHS = [40, 60, 80, 200]
_LIMIT = 30_000
"""Characters of a screen about one thing: what is longer floods a terminal."""

SLUGS = {name: f"t{number:03}" for number, name in enumerate(STORABLE)}
_SHORT = [name for name, text in STORABLE.items() if len(text) < 1_000]


def _product(slug: str, text: str) -> Product:
    price = Money(Decimal("10.00"), "EUR")
    variants = tuple(
        Variant(f"{slug}/{name}", f"{slug}/{name}", name, f"{name} {text}", price, True, 5) for name in ("one", "two")
    )
    return Product(slug, slug, f"T {text}", f"B {text}", f"C {text}", f"D {text}", variants)


def _import(data: Path, products: tuple[Product, ...]) -> None:
    backend: Backend = open_backend(f"sqlite:{data / 'local'}")
    assert backend.admin is not None
    try:
        stepping.run(backend, backend.admin.import_catalog(products))
    finally:
        stepping.run(backend, backend.aclose())


def _write(data: Path) -> None:
    """Put the texts where no import would: past its checks, into every column that is text."""
    with contextlib.closing(sqlite3.connect(data / "local" / "products.db")) as database, database:
        for name, slug in SLUGS.items():
            text = STORABLE[name]
            database.execute(
                "UPDATE products SET slug = ?, title = ?, brand = ?, category = ?, description = ? WHERE id = ?",
                (f"{text}{slug}", text, text, text, text, slug),
            )
            for variant in ("one", "two"):
                database.execute(
                    "UPDATE variants SET name = ?, sku = ? WHERE id = ?",
                    (f"{text}{variant}", text, f"{slug}/{variant}"),
                )


def _only_hostile(data: Path) -> None:
    with contextlib.closing(sqlite3.connect(data / "local" / "products.db")) as database, database:
        for table in ("variants", "search", "categories", "products"):
            database.execute(f"DELETE FROM {table}")  # noqa: S608  names of ours


@dataclass(frozen=True)
class House:
    """A shop full of hostile text, and its owner's orders in it."""

    run: Run
    data: Path


def _filled(run: Run, data: Path, *, written: bool) -> House:
    run("products", "list")
    _only_hostile(data)
    _import(data, tuple(_product(slug, STORABLE[name]) for name, slug in SLUGS.items()))
    if written:
        _write(data)
        with contextlib.closing(sqlite3.connect(data / "local" / "users.db")) as database, database:
            everything = "".join(text for text in STORABLE.values() if len(text) < 1_000)
            database.execute("UPDATE users SET name = ?", (everything,))
            database.execute("UPDATE addresses SET address = json_set(address, '$.line2', ?)", (everything[:150],))
    for slugs in (list(SLUGS.values())[:60], list(SLUGS.values())[60:]):
        # By the variant's id: the slug may be anything.
        added = run("cart", "add", *(f"{slug}/{slug}/one" if written else f"{slug}/one" for slug in slugs), "-q")
        assert added.code == 0, added.err[:500]
    return House(run, data)


@pytest.fixture(scope="session")
def _houses(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    from tests.cli.conftest import Result
    from tests.cli.test_bad_input import shop

    made: dict[bool, Path] = {}
    for written in (False, True):
        data = tmp_path_factory.mktemp("hostile") / "data"
        shutil.copytree(furnished, data)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SHOP_DATA_DIR", str(data))

            def run(*words: str, stdin: str = "") -> Result:
                code, printed = shop(*words, stdin=stdin)
                return Result(code, printed, printed)

            _filled(run, data, written=written)
        made[written] = data
    return made


@pytest.fixture(params=[False, True], ids=["imported", "written"])
def house(request: pytest.FixtureRequest, _houses: dict[bool, Path], run: Run, tmp_path: Path) -> House:
    shutil.copytree(_houses[request.param], tmp_path / "data")
    return House(run, tmp_path / "data")


def harmless(result: Result, *, mode: str, code: int | tuple[int, ...] = 0) -> Result:
    """Check everything that holds for whatever was printed."""
    assert result.code in ((code,) if isinstance(code, int) else code), (result.code, result.err[:500])
    for written in (result.out, result.err):
        assert acting(written, allowed="\n\t" if mode == "tsv" else "\n") == set()
        assert "Traceback" not in written
        assert "bug in shop" not in written
    if mode != "table":
        assert "\x1b" not in result.out
    if mode in ("json", "jsonl"):
        assert result.out.isascii()
        lines = result.out.splitlines()
        assert len(lines) == 1 or mode == "jsonl" or code
        for line in lines:
            json.loads(line)
    return result


def _is_a_table(result: Result, rows: int) -> None:
    """TSV has one line a row, and as many cells in each."""
    lines = result.out.split("\n")
    assert lines.pop() == ""
    assert lines == result.out.splitlines()
    assert len(lines) == rows
    assert len({line.count("\t") for line in lines}) == 1


# --- lists --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", _MODES)
def test_lists_of_hostile_products(house: House, mode: str) -> None:
    result = harmless(house.run("products", "list", "--all", "-o", mode), mode=mode)
    if mode == "tsv":
        _is_a_table(result, len(SLUGS))
    if mode == "json":
        assert len(result.json["items"]) == len(SLUGS)
    if mode in ("jsonl", "id"):
        assert len(result.out.splitlines()) == len(SLUGS)
    everything = harmless(
        house.run("products", "list", "--all", "-o", "tsv", "--fields", "id,slug,title,brand,category,description"),
        mode="tsv",
    )
    _is_a_table(everything, len(SLUGS))


@pytest.mark.parametrize("width", _WIDTHS)
@pytest.mark.parametrize("line", ["products list --all", "cart show", "orders list", "payments list", "addresses list"])
def test_tables_of_hostile_text_fit(house: House, width: int, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if line.startswith(("orders", "payments")):
        house.run("checkout", "--yes", "--pay", "tok_visa")
    monkeypatch.setenv("SHOP_FORCE_TTY", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    result = harmless(house.run(*line.split()), mode="table")

    lines = without_colours(result.out).split("\n")
    table = lines[: lines.index("")] if "" in lines else lines
    assert max(map(cell_len, table)) <= width
    assert len(table) <= 2 + len(SLUGS)
    assert len(result.out) < _LIMIT + len(SLUGS) * width * 8


@pytest.mark.parametrize("sort", ["relevance", "title", "price", "-price"])
def test_pages_of_hostile_titles_follow_each_other(house: House, sort: str) -> None:
    seen: list[str] = []
    cursor: list[str] = []
    while True:
        result = harmless(house.run("products", "list", "--limit", "7", "--sort", sort, *cursor, "--json"), mode="json")
        seen += [item["id"] for item in result.json["items"]]
        if (following := result.json["next_cursor"]) is None:
            break
        assert len(following) < 5_000  # it is shown to people, and passed as an argument
        cursor = ["--cursor", following]
    assert sorted(seen) == sorted(SLUGS.values())


# --- one thing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [*_MODES, "table"])
def test_each_hostile_product_is_shown(house: House, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("SHOP_FORCE_TTY", "1")
    for slug in SLUGS.values():
        result = harmless(house.run("products", "show", slug, "-o", mode), mode=mode)
        if mode == "tsv":
            _is_a_table(result, 2)
        if mode == "id":
            assert len(result.out.splitlines()) == 2


@pytest.mark.parametrize("name", ["very-long", "long-word", "marks", "cjk"])
@pytest.mark.parametrize("line", ["products show {}", "cart add {}/{}/two", "cart add {}/{}/two:900", "cart add {}"])
def test_what_is_long_does_not_flood_the_screen(
    house: House, name: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("SHOP_FORCE_TTY", "1")
    house.run("cart", "clear")
    result = harmless(house.run(*line.replace("{}", SLUGS[name]).split()), mode="table", code=(0, 2, 3, 6))

    # All of a description may be shown, once.
    assert len(result.out) < len(STORABLE[name]) * 1.2 + _LIMIT
    assert len(result.err) < _LIMIT


@pytest.mark.parametrize("mode", [*_MODES, "table"])
def test_a_cart_and_orders_of_hostile_text(house: House, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("SHOP_FORCE_TTY", "1")
    run = house.run
    chosen = ["-o", mode]

    cart = harmless(run("cart", "show", *chosen), mode=mode)
    dry = harmless(run("checkout", "--dry-run", *chosen), mode=mode)
    if mode == "tsv":
        _is_a_table(cart, len(SLUGS))
        _is_a_table(dry, len(SLUGS))
    harmless(run("checkout", "--pay", "tok_visa", *chosen), mode=mode, code=2)
    harmless(run("checkout", "--pay", "later", "--yes", *chosen), mode=mode, code=8)
    harmless(run("whoami", *chosen), mode=mode)
    harmless(run("addresses", "list", *chosen), mode=mode)
    harmless(run(*chosen), mode=mode)
    resumed = harmless(run("orders", "resume", *chosen), mode=mode, code=8)
    paid = harmless(run("orders", "pay", "@last", "--pay", "tok_visa", "--yes", *chosen), mode=mode)
    listed = harmless(run("orders", "list", *chosen), mode=mode)
    shown = harmless(run("orders", "show", "@last", *chosen), mode=mode)
    payments = harmless(run("payments", "list", *chosen), mode=mode)
    payment = run("payments", "list", "-o", "id").out.strip()
    one = harmless(run("payments", "show", payment, *chosen), mode=mode)
    harmless(run("orders", "cancel", "@last", "--yes", *chosen), mode=mode)
    if mode == "tsv":
        for result in (resumed, paid, listed, shown, payments, one):
            _is_a_table(result, 1)
    if mode == "json":
        assert len(shown.json["lines"]) == len(SLUGS)


def test_notices_of_hostile_text(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.closing(sqlite3.connect(house.data / "local" / "products.db")) as database, database:
        database.execute("UPDATE variants SET available = 0, price = price + 1")
    for mode in [*_MODES, "table"]:
        harmless(house.run("cart", "show", "-o", mode), mode=mode)
    harmless(house.run("checkout", "--yes", "--pay", "tok_visa"), mode="tsv", code=6)


# --- errors that quote it -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["tsv", "json", "table"])
def test_errors_that_quote_hostile_text(house: House, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_FORCE_TTY", "1")
    run = house.run
    run("cart", "clear")
    for slug in SLUGS.values():
        for words in (
            ("cart", "add", slug),
            ("cart", "add", f"{slug}/nope"),
            ("cart", "add", f"{slug}/{slug}/one:900"),
        ):
            harmless(run(*words, "-o", mode), mode=mode, code=(2, 3, 6))
    harmless(run("products", "list", "--category", "nope", "-o", mode), mode=mode, code=3)


def test_hints_with_hostile_names_are_single_words(house: House) -> None:
    run = house.run
    run("cart", "clear")
    for name in _SHORT:
        slug = SLUGS[name]
        for words in (("cart", "add", slug), ("cart", "add", f"{slug}/{slug}/one:900"), ("cart", "add", f"{slug}/no")):
            hint = run(*words, "--json").error["hint"]
            assert len(shlex.split(hint)) <= 4, hint
            assert shlex.join(shlex.split(hint)) == hint, name  # a shell would take it for the same words
        shown = run("products", "show", slug).err
        hint = shown.partition("→ ")[2].rstrip("\n")
        assert shlex.join(shlex.split(hint)) == hint, name


@pytest.mark.parametrize("name", TEXTS)
def test_a_search_for_hostile_text(ada: Run, name: str) -> None:
    text = TEXTS[name]
    for words in (
        ("products", "search", "--", text),
        ("products", "show", "--", text),
        ("cart", "add", "--", text),
        ("cart", "remove", "--", text),
        ("orders", "show", "--", text),
        ("addresses", "remove", "--", text),
        ("products", "list", f"--category={text}"),
        ("checkout", "--yes", f"--pay={text}"),
        (text,),
    ):
        result = ada(*words)
        assert result.code in (0, 2, 3, 6), (words[:2], result.err[:300])
        assert acting(result.out + result.err, allowed="\n\t") == set()
        assert "Traceback" not in result.err
        # It is what the person typed, but one line of it is enough.
        assert len(result.err) < _LIMIT + 4 * len(text)


# --- people -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TEXTS)
def test_names_and_addresses_are_clean_or_refused(ada: Run, name: str, tmp_path: Path) -> None:
    text = TEXTS[name]
    fine = is_clean(text) and len(text.strip()) in range(1, 201)
    given = {"--name": "A", "--line1": "R", "--city": "C", "--postcode": "1", "--country": "DE"}
    for flag in ("--name", "--line1", "--line2", "--city", "--postcode", "--region", "--phone"):
        words = [f"{key}={value}" for key, value in {**given, flag: text}.items()]
        result = ada("addresses", "add", "work", *words, "--json")
        assert result.code == (0 if fine else 2), (flag, result.err[:300])
        assert acting(result.out + result.err) == set()
        if fine:
            assert text.strip() in result.json.values()
        else:
            assert result.error["category"] == "usage"
            assert ada("addresses", "list", "-o", "id").out == "home\n"


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if not is_clean(text)])
def test_an_account_has_a_clean_name(run: Run, name: str, tmp_path: Path) -> None:
    words = ["signup", f"--name={TEXTS[name]}", "--email=e@example.com", "--password-stdin"]
    result = run(*words, stdin="long enough")
    assert result.code == 2
    assert "control characters" in result.err or "1 to 200" in result.err
    result = run("signup", "--name=E", f"--email=e{TEXTS[name]}@example.com", "--password-stdin", stdin="long enough")
    assert result.code == 2
    assert run("whoami").code == 4


@pytest.mark.parametrize("text", ["\ud800", "\udcff\udc9b"], ids=ascii)
@pytest.mark.parametrize("place", ["title", "brand", "category", "description", "sku"])
def test_an_import_refuses_what_no_database_takes(ada: Run, tmp_path: Path, text: str, place: str) -> None:
    from dataclasses import replace

    from backends.errors import InvalidValue

    ada("products", "list")
    fine = _product("fine", "x")
    if place == "sku":
        evil = replace(fine, variants=(replace(fine.variants[0], sku=text),))
    else:
        evil = replace(fine, **{place: f"x{text}"})  # type: ignore[arg-type]  # each of these is text
    with pytest.raises(InvalidValue):
        _import(tmp_path / "data", (evil,))
    assert ada("products", "show", "fine").code == 3


# --- a real terminal ----------------------------------------------------------------------------------------------


class _Watched(pyte.Screen):
    """A screen that remembers what acted on it."""

    def __init__(self, columns: int, lines: int) -> None:
        self.acted: list[str] = []
        super().__init__(columns, lines)

    def set_title(self, param: str) -> None:
        self.acted.append(f"title {param}")

    def set_icon_name(self, param: str) -> None:
        self.acted.append(f"icon {param}")

    def report_device_status(self, mode: int) -> None:
        self.acted.append("report")

    def erase_in_display(self, how: int = 0, *args: object, **kwargs: object) -> None:
        self.acted.append("erase")

    def bell(self, *args: object) -> None:
        self.acted.append("bell")


@pytest.mark.parametrize(
    "line", ["products list --all", "products show {osc-clipboard}", "cart show", "checkout --dry-run", ""]
)
def test_a_real_terminal_obeys_nothing(house: House, terminal: Terminal, finish: Finish, line: str) -> None:
    words = line.replace("{osc-clipboard}", SLUGS["osc-clipboard"]).split()
    code, written = finish(terminal(*words))

    assert code == 0
    assert acting(written.replace("\r\n", "\n")) == set()
    screen = _Watched(80, 2_000)
    screen.acted.clear()
    pyte.Stream(screen).feed(written)
    assert screen.acted == []
    assert sum(bool(row.strip()) for row in screen.display) >= 5


def test_a_table_of_hostile_text_keeps_its_rows_on_a_real_terminal(
    house: House, terminal: Terminal, finish: Finish
) -> None:
    _, written = finish(terminal("products", "list", "--all"))
    screen = pyte.Screen(80, 2_000)
    pyte.Stream(screen).feed(written)

    # pyte drops what stands behind a character that has no width and is no combining mark.
    undrawn = ("variation-selectors", "enclosing-marks", "emoji", "joiners")
    assert len([row for row in screen.display if "10.00 EUR" in row]) >= len(SLUGS) - len(undrawn)
    assert len([row for row in screen.display if row.strip()]) == len(SLUGS) + 1


def test_questions_quote_hostile_text_harmlessly(house: House, terminal: Terminal, finish: Finish) -> None:
    child = terminal("checkout", "--pay", "tok_visa", "--shipping", "standard")
    child.expect_exact("[y/N] ")
    written = child.before
    child.sendline("n")
    finish(child)

    assert acting(written.replace("\r\n", "\n")) == set()
    assert len(written) < len(SLUGS) * 400 + _LIMIT


def test_the_corpus_is_large_and_says_what_it_is() -> None:
    assert len(TEXTS) >= 60
    assert len(set(TEXTS.values())) == len(TEXTS)
    assert len(LONG) == 100_000
    assert acting("".join(TEXTS.values())) != set()
