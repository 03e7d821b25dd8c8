"""What TAB offers, without a shell."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from backends.errors import Unavailable
from backends.models import Category, Page, Product, ProductQuery, Variant
from backends.money import Money
from shopcli.cli.completing import naming
from shopcli.cli.completing.tab import answer, split
from shopcli.cli.completing.words import MORE, Candidate, candidates
from shopcli.cli.signatures import COMMANDS, NOUNS
from shopcli.core.paths import config_file
from shopcli.core.shop import open_shop
from shopcli.core.stepping import Runner
from shopcli.core.stepping import run as step
from tests.served import Served

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from shopcli.core.shop import Shop
    from tests.cli.conftest import Run

LENS = "sigma-35-f2"
BREAKS = " \t\n\"'@><=;|&(:"


def texts(*words: str, shop: Shop | None = None) -> list[str]:
    *before, word = words
    return [candidate.text for candidate in candidates(before, word, shop=shop)]


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """Make the default shop, as the first command does; the fixture is its data directory."""
    shop = open_shop()
    step(shop.backend, shop.backend.products.list(ProductQuery(), 1))
    step(shop.backend, shop.aclose())
    return tmp_path / "data"


# --- commands and options ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("che",), ["checkout"]),
        (("pro",), ["products", "profile"]),
        (("products", "s"), ["search", "show"]),
        (("--json", "cart", "-q", "cl"), ["clear"]),
        (("-o", "json", "--backend=memory:", "log"), ["login", "logout"]),
        (("nonsense", "s"), []),
        (("products", "nonsense", "s"), []),
        (("logout", "s"), []),
    ],
)
def test_commands_and_verbs(words: tuple[str, ...], expected: list[str]) -> None:
    assert texts(*words) == expected


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({}, ".config/shop"),
        ({"XDG_CONFIG_HOME": "{}/xdg"}, "xdg/shop"),
        ({"XDG_CONFIG_HOME": "xdg"}, ".config/shop"),
        ({"XDG_CONFIG_HOME": "{}/xdg", "SHOP_CONFIG_DIR": "{}/own"}, "own"),
    ],
    ids=["home", "xdg", "xdg-relative", "own"],
)
def test_aliases_are_found_where_the_settings_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], place: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("SHOP_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, variables.get(name, "").format(tmp_path))
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "config.toml").write_text('[aliases]\ncheap = "whoami"\n', "utf-8")

    assert config_file() == tmp_path / place / "config.toml"
    assert texts("chea") == ["cheap"]


@pytest.mark.parametrize("name", ["$(touch pwn)", "\x1b[31m", "e e", "`id`", "--yes", "a\u202eb"])
def test_an_alias_that_a_shell_would_run_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("SHOP_CONFIG_DIR", str(tmp_path))
    (tmp_path / "config.toml").write_text(
        f'[aliases]\n{json.dumps(name)} = "cart show"\nll = "cart\\u001b show"\n', "utf-8"
    )

    assert [each.text for each in candidates([], "") if each.text not in {*NOUNS, *COMMANDS}] == ["ll"]
    assert candidates(["alias", "delete"], "") == [Candidate("ll", "cart� show")]


def test_each_command_comes_with_what_it_does() -> None:
    assert candidates([], "checko") == [Candidate("checkout", "Order what is in the cart and pay for it")]
    assert candidates([], "car") == [Candidate("cart", "Fill the cart")]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("products", "list", "--in"), ["--in-stock"]),
        (("products", "list", "--in-stock", "--in"), []),
        (("cart", "show", "--js"), ["--json"]),
        (("--out",), ["--output"]),
        (("-o", "json", "--out"), []),
        (("--output=json", "cart", "show", "--out"), []),
        (("demo", "run", "--record", "a.cast", "--rec"), ["--record"]),  # it repeats
        (("products", "search", "--", "--in"), []),
        (("signup", "--name", "--json", "--js"), ["--json"]),  # the first one is a name
    ],
)
def test_options_that_are_not_given_yet(words: tuple[str, ...], expected: list[str]) -> None:
    assert texts(*words) == expected


def test_where_nothing_else_can_come_there_are_the_options() -> None:
    assert "--all" in texts("orders", "list", "")
    assert "--all" not in texts("orders", "list", "a")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("cart", "show", "-o", "j"), ["json", "jsonl"]),
        (("-oj",), ["-ojson", "-ojsonl"]),
        (("-o=j",), ["-o=json", "-o=jsonl"]),
        (("cart", "--output=t"), ["--output=table", "--output=tsv"]),
        (("products", "list", "--sort", "-"), ["-price"]),
        (("products", "list", "--sort="), ["--sort=relevance", "--sort=title", "--sort=price", "--sort=-price"]),
        (("serve", "--gateway", ""), ["python", "nginx"]),
        (("serve", "--gateway="), ["--gateway=python", "--gateway=nginx"]),
        (("demo", "run", "--via", ""), ["cli", "tui"]),
        (("tui", "--open", "c"), ["cart"]),
        (("signup", "--name", ""), []),
        (("services", "stop", "pay"), ["payments"]),
        (("services", "fault", "c"), ["carts", "clear"]),
        (("services", "fault", "carts", "la"), ["latency"]),
        (("services", "fault", "clear", "car"), ["carts"]),
    ],
)
def test_values_that_no_shop_is_asked_for(words: tuple[str, ...], expected: list[str]) -> None:
    assert texts(*words) == expected


def test_files_of_this_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("my.md", "my shop/inner.md", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    assert texts("demo", "check", "my") == ["my shop/", "my.md"]
    assert texts("demo", "check", "my shop/") == ["my shop/inner.md"]
    assert texts("serve", "--data=m") == ["--data=my shop/"]
    assert texts("--backend", "sqlite:m") == ["sqlite:my shop/"]
    assert texts("serve", "--data", "nowhere/") == []


def test_scenarios_and_files_stand_for_a_scenario() -> None:
    assert "first-visit" in texts("demo", "run", "fi")


# --- what the shop knows ----------------------------------------------------------------------------------------------


def test_products_by_the_beginning_of_their_slug(filled: Path) -> None:
    assert texts("products", "show", "sigma-35") == [LENS]
    assert texts("products", "show", "canon-ef-50mm-f1-") == ["canon-ef-50mm-f1-8-stm"]  # it is called f/1.8
    assert texts("products", "show", "nothing-like-this") == []
    assert candidates(["products", "show"], LENS) == [Candidate(LENS, "Sigma 35mm F2 DG DN Contemporary, 639.00 EUR")]


def test_variants_and_quantities_of_a_product(filled: Path) -> None:
    assert texts("cart", "add", LENS) == [f"{LENS}/sony-e", f"{LENS}/l-mount"]
    assert texts("cart", "add", f"{LENS}/s") == [f"{LENS}/sony-e"]
    assert texts("cart", "add", f"{LENS}/sony-e:")[:2] == [f"{LENS}/sony-e:1", f"{LENS}/sony-e:2"]
    assert texts("cart", "add", "leica-m11", f"{LENS}/sony-e:3") == [f"{LENS}/sony-e:3"]
    assert texts("cart", "add", f"{LENS}:") == []  # which of the two?
    assert texts("cart", "add", "leica-m11:1") == ["leica-m11:1"]


def test_one_page_that_is_not_all_says_so(filled: Path) -> None:
    found = candidates(["products", "show"], "")

    assert len(found) == naming.MOST + 1
    assert found[-1] == Candidate(MORE, "more match: type on")
    assert texts("products", "show", "s")[-1] == f"s{MORE}"


def test_categories(filled: Path) -> None:
    assert texts("products", "list", "--category", "mac") == ["macro-lenses"]


def test_lines_of_the_cart(filled: Path, run: Run) -> None:
    assert texts("cart", "set", "") == []

    run("cart", "add", f"{LENS}/sony-e:2")

    assert candidates(["cart", "set"], "") == [Candidate(f"{LENS}/sony-e", "2 × Sigma 35mm F2 DG DN Contemporary")]


def test_what_is_ones_own(ada: Run) -> None:
    ada("cart", "add", "leica-m11")
    assert ada("checkout", "--pay", "tok_visa", "--yes").code == 0

    orders = candidates(["orders", "show"], "")
    assert [order.text for order in orders] == ["@last", "1001"]
    assert orders[1].description.startswith("paid, 8")
    assert texts("orders", "cancel", "@") == ["@last"]
    payment = candidates(["payments", "show"], "")
    assert payment[0].description.startswith("order 1001, ")
    assert texts("addresses", "remove", "") == ["home"]
    assert texts("checkout", "--address=h") == ["--address=home"]
    assert texts("checkout", "--pay", "tok_v") == ["tok_visa"]
    assert texts("checkout", "--pay", "la") == ["later"]
    assert "standard" in texts("checkout", "--shipping", "")


def test_nobodys_orders_are_nothing(filled: Path) -> None:
    assert texts("orders", "show", "") == []


# --- which shop -------------------------------------------------------------------------------------------------------


def test_profiles_by_name_and_by_url(run: Run, tmp_path: Path) -> None:
    run("profile", "create", "corner", f"sqlite:{tmp_path / 'corner'}")

    assert texts("profile", "use", "") == ["default", "corner"]
    assert texts("cart", "--profile", "c") == ["corner"]
    assert texts("profile", "create", "") == []
    assert f"sqlite:{tmp_path / 'corner'}" in texts("profile", "create", "x", "")
    assert texts("--backend", "h") == ["http://", "https://"]


@pytest.mark.parametrize(
    "line",
    [
        ["--profile", "corner", "cart", "set"],
        ["cart", "--profile=corner", "set"],
        ["cart", "set", "--profile", "corner"],
    ],
)
def test_the_line_says_which_shop_wherever_it_does(run: Run, tmp_path: Path, line: list[str]) -> None:
    run("profile", "create", "corner", f"sqlite:{tmp_path / 'corner'}")
    run("--profile", "corner", "cart", "add", "leica-m11")
    run("cart", "add", "leica-q3")

    assert texts(*line, "") == ["leica-m11"]
    assert texts("cart", "set", "") == ["leica-q3"]


def test_a_variable_says_which_shop(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_BACKEND", "memory:")
    monkeypatch.setenv("SHOP_OUTPUT", "nonsense")  # is nothing to TAB

    assert texts("products", "show", LENS) == [LENS]


def test_a_shop_that_is_open_already_is_asked(tmp_path: Path) -> None:
    shop = open_shop("memory:")
    product = step(shop.backend, shop.backend.products.get(LENS))
    step(shop.backend, shop.backend.carts.add(product.variants[0].id, 1))

    assert texts("cart", "remove", "", shop=shop) == [product.variants[0].ref]
    assert step(shop.backend, shop.backend.carts.view()).lines  # it is still open
    step(shop.backend, shop.aclose())


def test_a_served_shop_is_asked_beside_the_connections_of_an_open_one(tmp_path: Path) -> None:
    served, runner = Served(tmp_path), Runner()
    try:
        shop = open_shop(served.url)
        runner.run(shop.backend, shop.backend.products.get(LENS))

        assert texts("--backend", served.url, "cart", "add", LENS) == [f"{LENS}/sony-e", f"{LENS}/l-mount"]
        assert texts("products", "show", "sigma-35", shop=shop) == [LENS]
        assert runner.run(shop.backend, shop.backend.products.get(LENS)).slug == LENS
        runner.run(shop.backend, shop.aclose())
    finally:
        runner.close()
        served.stop()


# --- what must not happen ---------------------------------------------------------------------------------------------


ASKING = [
    ("products", "show", ""),
    ("cart", "add", LENS),
    ("cart", "set", ""),
    ("orders", "show", ""),
    ("checkout", "--address", ""),
    ("products", "list", "--category", ""),
    ("profile", "use", ""),
    ("--backend", ""),
]


@pytest.mark.parametrize("words", ASKING)
def test_no_shop_and_no_directory_is_made(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    texts(*words)
    texts("--backend", f"sqlite:{tmp_path}", *words)
    texts("--backend", "sqlite:.", *words)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ASKING)
def test_looking_changes_nothing_that_a_shop_keeps(words: tuple[str, ...], filled: Path) -> None:
    before = {path: path.stat().st_size for path in filled.rglob("*")}

    texts(*words)

    made = {path for path in filled.rglob("*") if path not in before}
    assert {path.name for path in made} <= {"carts.db", "users.db"}  # of a shop that is there


@pytest.mark.parametrize(
    ("words", "breaks"),
    [
        (("products", "show", "s"), "local/products.db"),
        (("cart", "set", ""), "profiles/default/session.json"),
        (("profile", "use", ""), "config.json"),
    ],
)
def test_a_broken_shop_is_silent(
    words: tuple[str, ...], breaks: str, filled: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (filled / breaks).parent.mkdir(parents=True, exist_ok=True)
    (filled / breaks).write_bytes(b"\xff not what it should be" * 100)

    found = texts(*words)

    assert found == (["default"] if words[0] == "profile" else [])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "words",
    [
        ("--backend", "http://127.0.0.1:9", "orders", "show", ""),
        ("--backend", "nonsense:", "orders", "show", ""),
        ("--profile", "nobody", "cart", "set", ""),
        ("--profile", "a", "--backend", "memory:", "cart", "set", ""),
        ("--backend", "sqlite:\0", "cart", "set", ""),
        ("cart", "set", "\udcff\x1b[2J"),
        ("products", "show", "'"),
        ("-", "--", "--", "="),
        ("--=",),
        ("-o",),
    ],
)
def test_a_line_that_makes_no_sense_is_silent(words: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> None:
    assert texts(*words) == []
    assert capfd.readouterr() == ("", "")


class _Shop:
    """An open shop whose one service says what a test says."""

    url = "memory:"
    has_begun = True

    def __init__(self, **services: object) -> None:
        self.backend = SimpleNamespace(name="test:", suspends=False, **services)


def _answering(answer: object) -> Callable[..., Coroutine[Any, Any, object]]:
    async def answered(*_: object) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return answered


def _ask(*words: str, **services: object) -> list[Candidate]:
    *before, word = words
    return candidates(before, word, shop=_Shop(**services))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "slug",
    [
        "$(reboot)",
        "`reboot`",
        "--yes",
        "a b",
        "a;b",
        "a\x1b[2J",
        "a\nb",
        "~root",
        "",
        "x" * 101,
        "a\u202eb",
        "a'b",
        "a*",
    ],
)
def test_what_is_no_plain_word_is_left_out(slug: str) -> None:
    hostile = Category(slug, "Hostile")
    services = SimpleNamespace(categories=_answering((hostile, Category("plain", "Pl\x1b[2J\tain\n" + "x" * 100))))

    found = _ask("products", "list", "--category", "", products=services)

    assert [each.text for each in found] == ["plain"]
    assert found[0].description.isprintable()
    assert len(found[0].description) <= 60


@pytest.mark.parametrize("error", [Unavailable("down"), RuntimeError("a bug"), RecursionError()])
def test_whatever_a_shop_raises_is_silent(error: Exception, capfd: pytest.CaptureFixture[str]) -> None:
    assert _ask("products", "show", "s", products=SimpleNamespace(list=_answering(error))) == []
    assert capfd.readouterr() == ("", "")


def test_a_large_catalog_is_asked_three_times_at_the_most() -> None:
    asked: list[tuple[str, int]] = []

    async def found(query: ProductQuery, limit: int) -> Page[Product]:
        asked.append((query.text, limit))
        variant = Variant("v", "other", "standard", "sku", Money(Decimal(1), "EUR"), in_stock=True, stock=1)
        return Page((Product("p", "other", "Other", "", "", "", (variant,)),), "more", None)

    assert _ask("products", "show", "a-b-c-d", products=SimpleNamespace(list=found)) == []
    assert asked == [("a b c d", naming.MOST), ("a b c", naming.MOST), ("a", naming.MOST)]


def test_a_shop_that_is_busy_has_a_second(filled: Path) -> None:
    import sqlite3

    with sqlite3.connect(filled / "local" / "products.db", isolation_level=None) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        begun = time.monotonic()
        assert texts("products", "show", "s") == []
        assert time.monotonic() - begun < 5 * naming.SECONDS
    other.close()


# --- what a shell is told ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("shop cart add a/b:2", (["shop", "cart", "add"], "a/b:2", 4, "")),
        ("shop cart ", (["shop", "cart"], "", 0, "")),
        ('shop "a b" c\\ d', (["shop", "a b"], "c d", 0, "")),
        ('shop x "a:b', (["shop", "x"], "a:b", 0, '"')),
        ("shop '' --output=js", (["shop", ""], "--output=js", 9, "")),
        ("shop 'it''s", (["shop"], "its", 2, "'")),
    ],
)
def test_a_line_is_split_as_bash_does(line: str, expected: tuple[object, ...]) -> None:
    assert split(line, BREAKS) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["bash", BREAKS, "shop cart --output=js"], ["words", "json ", "jsonl "]),
        (["bash", " ", "shop cart --output=js"], ["words", "--output=json ", "--output=jsonl "]),
        (["bash", BREAKS, 'shop cart -o "js'], ["words", "json", "jsonl"]),
        (["bash", BREAKS, "shop serve --data=x"], ["directories", "--data=", "7", "x", ""]),
        (["zsh", "--backend", "memory"], ["words", "-memory\\:"]),
        (["zsh", "cart", "cl"], ["words", "+clear:Empty the cart"]),
        (["fish", "cart", "cl"], ["words", "clear\tEmpty the cart"]),
        (["fish", "cart", '"cl'], ["words", "clear\tEmpty the cart"]),
        (["fish", "serve", "--data=x"], ["directories", "--data="]),
        (["fish", "x", ""], ["words"]),
    ],
)
def test_each_shell_is_told_in_its_way(
    arguments: list[str], expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    answer(arguments)

    assert capsys.readouterr().out.splitlines() == expected


@pytest.mark.parametrize("arguments", [[], ["tcsh", "x"], ["bash"], ["zsh"], ["fish"]])
def test_another_shell_is_told_nothing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    answer(arguments)

    assert capsys.readouterr() == ("", "")


def test_the_hidden_command_ends_well_whatever_it_gets(run: Run) -> None:
    assert run("__complete", "fish", "che").out == "words\ncheckout\tOrder what is in the cart and pay for it\n"
    assert (run("__complete").code, run("__complete", "x").err) == (0, "")
