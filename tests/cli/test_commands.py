"""The commands against the embedded shop, without a terminal."""

from __future__ import annotations

import os
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from backends.errors import InvalidValue, NotFound, OutcomeUnknown, Unavailable
from backends.models import Cart, Line, Notice, Order, OrderStatus, Registered
from backends.money import Money
from shopcli.cli.cart import find_line
from shopcli.core.checkout import Checkout
from shopcli.core.settling import Settled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Result, Run

_SLUG = "canon-ef-50mm-f1-8-stm"
_OTHER = "sony-alpha-7-iv"
_PASSWORD = "correct horse battery"
_CARD = "4242 4242 4242 4242 12/39 123\n"


# --- accounts ------------------------------------------------------------------------------------


def test_signing_up_also_logs_in(run: Run) -> None:
    result = run("signup", "--name", "Bea", "--email", "b@example.com", "--password-stdin", stdin=_PASSWORD)

    assert (result.code, result.rows) == (0, [["Bea", "b@example.com"]])
    assert result.err == "→ shop products list\n"
    assert run("whoami", "--json").json["email"] == "b@example.com"


def test_logging_out_and_in(ada: Run) -> None:
    assert ada("logout").err == "logged out\n"
    again = ada("logout")
    assert (again.code, again.err) == (0, "nobody is logged in\n")
    assert ada("whoami").code == 4
    wrong = ada("login", "--email", "ada@example.com", "--password-stdin", stdin="not this one")
    assert (wrong.code, wrong.out) == (4, "")
    right = ada("login", "--email", "ada@example.com", "--password-stdin", stdin=f"{_PASSWORD}\n")
    assert (right.code, right.rows) == (0, [["Ada", "ada@example.com"]])


@pytest.mark.parametrize(
    ("line", "flags"),
    [
        (["signup"], "--name, --email, --password-stdin are missing"),
        (["signup", "--name", "A", "--email", "a@example.com"], "--password-stdin is missing"),
        (["login", "--password-stdin"], "--email is missing"),
        (["addresses", "add", "work", "--name", "Ada"], "--line1, --postcode, --city, --country are missing"),
        (["checkout", "--pay", "tok_visa"], "--yes is missing"),
        (["orders", "cancel", "1001"], "--yes is missing"),
        (["payments", "refund", "x"], "--yes is missing"),
        (["products", "search"], "TEXT is missing"),
        (["catalog", "import"], "FILE is missing"),
        (["profile", "create"], "NAME, URL are missing"),
        (["profile", "create", "x"], "URL is missing"),
        (["config", "get"], "KEY is missing"),
        (["config", "unset"], "KEY is missing"),
        (["config", "set"], "KEY is missing"),
        (
            ["config", "set", "color"],
            "VALUE is missing, and there is no terminal to ask at; there is auto, always, never",
        ),
        (["config", "set", "profile"], "there is default"),
    ],
)
def test_nothing_is_asked_without_a_terminal(ada: Run, line: list[str], flags: str) -> None:
    ada("cart", "add", _SLUG)
    result = ada(*line)

    assert (result.code, result.out) == (2, "")
    assert flags in result.err


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        ("cart", "shop cart needs one of: show, add, set, remove, clear", "shop cart show"),
        ("addresses", "shop addresses needs one of: list, add, remove", "shop addresses list"),
        ("config", "shop config needs one of: list, get, set, unset, path", "shop config list"),
        ("account", "shop account needs one of: show, edit, password, delete", "shop account show"),
        ("services", "status, stop, start", "shop services status"),
        ("catalog", "shop catalog needs one of: import", "shop catalog --help"),
        (
            "products list --sort pirce",
            "--sort is one of relevance, title, price, -price, not 'pirce', did you mean price?",
            None,
        ),
        ("products list --sort", "--sort needs a value", None),
        ("products list in-stock", "shop products list takes no argument in-stock, did you mean --in-stock?", None),
        ("cart show x y", "shop cart show takes no argument x y", "shop cart show --help"),
        ("demo run buy-now --via tuy", "--via is one of cli, tui, not 'tuy', did you mean tui?", None),
        ("catalog import x --format jsnl", "--format is one of csv, jsonl, not 'jsnl', did you mean jsonl?", None),
        ("orders list -o jsno", "not 'jsno', did you mean json?", None),
    ],
)
def test_a_slip_on_the_line_is_told_in_our_words(run: Run, line: str, said: str, hint: str | None) -> None:
    result = run(*line.split())

    assert (result.code, result.out) == (2, "")
    assert said in result.err
    if hint is not None:
        assert result.err.endswith(f"→ {hint}\n")


def test_a_secret_from_a_pipe_is_one_line_of_text(run: Run) -> None:
    line = ("login", "--email", "a@example.com", "--password-stdin")

    assert run(*line).code == 2
    assert run(*line, stdin="x" * 5000).code == 2


def test_a_damaged_session_is_replaced_by_logging_out(ada: Run, tmp_path: Path) -> None:
    session = tmp_path / "data" / "profiles" / "default" / "session.json"
    session.write_text("{")

    broken = ada("whoami")
    assert (broken.code, broken.err.splitlines()[1]) == (12, "→ shop logout")
    assert ada("logout").code == 0
    assert ada("whoami").code == 4


def test_a_session_is_never_sent_to_another_shop(ada: Run, tmp_path: Path) -> None:
    assert ada("whoami", "--backend", f"sqlite:{tmp_path / 'other'}").code == 4
    assert ada("whoami", "--backend", f"sqlite:{tmp_path / 'data' / 'local'}").code == 0


# --- products ------------------------------------------------------------------------------------


def test_products_are_listed_page_by_page(run: Run) -> None:
    first = run("products", "list", "--limit", "2", "--json").json
    second = run("products", "list", "--limit", "2", "--cursor", first["next_cursor"], "--json").json

    assert len({item["slug"] for item in first["items"] + second["items"]}) == 4
    assert first["total"] > 100


def test_lists_longer_than_a_page_are_put_together(run: Run) -> None:
    total = run("products", "list", "--json").json["total"]
    everything = run("products", "list", "--all", "-o", "id").out.split()

    assert len(everything) == len(set(everything)) == total
    assert len(run("products", "list", "--limit", "101", "-o", "id").out.split()) == 101
    assert len(run("products", "list").rows) == 30


def test_products_can_be_narrowed_and_sorted(run: Run) -> None:
    line = ("products", "list", "--min-price", "100", "--max-price", "300.50", "--in-stock", "--fields", "price")
    prices = [float(row[0].split()[0]) for row in run(*line, "--sort", "-price").rows]

    assert prices == sorted(prices, reverse=True)
    assert 100 <= prices[-1] <= prices[0] <= 300.5


def test_products_are_searched_by_words(run: Run) -> None:
    assert _OTHER in run("products", "search", "sony", "alpha", "-o", "id").out
    nothing = run("products", "search", "zzzzzz")
    assert (nothing.code, nothing.out) == (0, "")
    assert "shop products list" in nothing.err
    assert run("products", "search", "zzzzzz", "--json").json == {"items": [], "next_cursor": None, "total": 0}
    assert run("products", "search", " ").code == 2


@pytest.mark.parametrize(
    "options",
    [
        ["--limit", "0"],
        ["--limit", "-1"],
        ["--limit", "1_0"],
        ["--limit", "1e2"],
        ["--limit", "5", "--all"],
        ["--min-price", "x"],
        ["--min-price", "1e3"],
        ["--max-price", "-1"],
        ["--max-price", "1,5"],
        ["--min-price", "2", "--max-price", "1"],
        ["--fields", "slug,nope"],
        ["--cursor", "garbage"],
    ],
)
def test_odd_options_of_a_list_are_refused(run: Run, options: list[str]) -> None:
    assert run("products", "list", *options).code == 2


def test_an_unknown_category_lists_the_known_ones(run: Run) -> None:
    result = run("products", "list", "--category", "lense")

    assert result.code == 3
    assert "prime-lenses" in result.err


def test_a_product_shows_its_variants(run: Run) -> None:
    assert run("products", "show", _SLUG).rows[0][0] == _SLUG
    assert run("products", "show", _SLUG, "--json").json["variants"][0]["ref"] == _SLUG
    assert run("products", "show", _SLUG, "-o", "id").out == f"{_SLUG}\n"
    unknown = run("products", "show", "canon-ef-50mm-f1-4-stm")
    assert unknown.code == 3
    assert _SLUG in unknown.err


_GOODS = "slug,title,variant,price,stock\n"


def _import(run: Run, *rows: str) -> None:
    assert run("catalog", "import", "-", "--format", "csv", stdin=_GOODS + "\n".join(rows)).code == 0


def test_what_is_in_stock_is_what_can_be_added(run: Run) -> None:
    _import(run, "t1,Tripod,red,10,0", "t1,Tripod,blue,10,1", "u1,Umbrella,,10,0")

    assert run("products", "show", "t1").err == "→ shop cart add t1/blue\n"
    assert run("products", "show", "u1").err == "→ shop products list --in-stock\n"


# --- cart ----------------------------------------------------------------------------------------


def test_a_guest_fills_a_cart(run: Run) -> None:
    added = run("cart", "add", f"{_SLUG}:2", _OTHER)

    assert [row[4] for row in added.rows] == ["2", "1"]
    assert "added 2 × Canon" in added.err
    assert added.err.endswith("→ shop checkout\n")
    assert run("cart", "show").rows == added.rows


def test_nothing_is_added_before_all_is_found(run: Run) -> None:
    assert run("cart", "add", _SLUG, "no-such-thing").code == 3
    assert run("cart", "add", _SLUG, f"{_OTHER}:0").code == 2
    assert run("cart", "show").out == ""


def test_what_was_added_before_a_failure_is_said(run: Run) -> None:
    result = run("cart", "add", _SLUG, f"{_OTHER}:900")

    assert result.code == 6
    assert "what stands before it on the line was added" in result.err
    assert len(run("cart", "show").rows) == 1


def test_lines_are_named_by_row_ref_and_id(run: Run) -> None:
    run("cart", "add", _SLUG, _OTHER)
    line_id = run("cart", "show", "-o", "id").out.split()[0]

    assert run("cart", "set", "2", "3").rows[1][4] == "3"
    assert run("cart", "set", _OTHER, "4").rows[1][4] == "4"
    assert [row[1] for row in run("cart", "remove", line_id).rows] == [_OTHER]
    assert run("cart", "remove", "2").code == 3
    assert run("cart", "clear").out == ""


@pytest.mark.parametrize("quantity", ["0", "-1", "-12", "1e9", "two", "1_000", "٣", "1000"])
def test_an_odd_quantity_changes_nothing(run: Run, quantity: str) -> None:
    run("cart", "add", f"{_SLUG}:2")
    result = run("cart", "set", "1", quantity)

    assert result.code == 2
    assert "1 to 999" in result.err
    assert run("cart", "show").rows[0][4] == "2"


def test_bad_fields_end_it_before_anything_is_changed(run: Run) -> None:
    assert run("cart", "add", _SLUG, "--json", "--fields", "nope").code == 2
    assert run("cart", "show").out == ""


def test_quiet_prints_data_alone(run: Run) -> None:
    assert run("cart", "add", _SLUG, "-q").err == ""


def _line(line_id: str, ref: str) -> Line:
    price = Money(Decimal(1), "EUR")
    return Line(line_id, "v", ref, "Title", "one", "S", 1, price, price)


def test_nothing_is_taken_for_one_of_several_lines_on_a_guess() -> None:
    lines = (_line("2", "a"), _line("x", "a"), _line("y", "b"))
    cart = Cart("c", 1, lines, None, None, None, None, ())

    assert find_line(cart, "b").id == "y"
    assert find_line(cart, "003").id == "y"
    for text in ("2", "a"):  # an id and a row, a ref of two lines
        with pytest.raises(InvalidValue, match="may be several lines"):
            find_line(cart, text)
    for text in ("0", "4", "²"):
        with pytest.raises(NotFound):
            find_line(cart, text)


def test_notices_of_the_shop_are_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def view(_: object) -> Cart:
        return Cart("c", 1, (_line("x", "a"),), None, None, None, None, (), (Notice("price", "dearer now"),))

    monkeypatch.setattr("stub_services.inprocess.backend._Carts.view", view)
    assert run("cart", "show").err == "! dearer now\n→ shop checkout\n"


def test_what_cannot_be_ordered_is_mended_by_one_next_command_after_the_other(run: Run) -> None:
    _import(run, "t1,Tripod,red,10,5", "t1,Tripod,blue,10,5", "u1,Umbrella,,10,5")
    run("cart", "add", "t1/red:3", "t1/blue:2", "u1")
    _import(run, "t1,Tripod,red,10,1", "u1,Umbrella,,10,0")

    said = [run("cart", "show").err.splitlines()]
    while (command := said[-1][-1].removeprefix("→ shop ")) != "checkout":
        said.append(run(*command.split()).err.splitlines())

    red, blue, umbrella = (
        "! Tripod (red): 3 in the cart, 1 left.",
        "! Tripod (blue) is not sold any more.",
        "! Umbrella: 1 in the cart, 0 left.",
    )
    assert said == [
        [red, blue, umbrella, "→ shop cart set t1/red 1"],
        [blue, umbrella, "→ shop cart remove t1/blue"],
        [umbrella, "→ shop cart remove u1"],
        ["→ shop checkout"],
    ]


def test_a_line_that_is_not_sold_any_more_can_only_be_removed(run: Run) -> None:
    _import(run, "t1,Tripod,red,10,5", "t1,Tripod,blue,10,5")
    run("cart", "add", "t1/red", "t1/blue:2")
    _import(run, "t1,Tripod,red,10,0")

    gone, sold_out = run("cart", "set", "t1/blue", "1"), run("cart", "set", "t1/red", "2")
    assert (gone.code, gone.err) == (6, "✗ Tripod (blue) is not sold any more\n→ shop cart remove t1/blue\n")
    assert (sold_out.code, sold_out.err) == (6, "✗ Tripod (red): 0 in stock\n→ shop cart remove t1/red\n")
    assert [row[1] for row in run("cart", "remove", "t1/blue").rows] == ["t1/red"]


# --- addresses -----------------------------------------------------------------------------------


def test_the_address_book(ada: Run) -> None:
    line = ("--name", "Ada", "--line1", "Desk 1", "--city", "Bonn", "--postcode", "53111", "--country", "de")
    assert ada("addresses", "add", "work", *line, "--default").rows[0][-2] == "DE"
    assert ada("addresses", "list", "-o", "id").out.split() == ["work", "home"]
    assert ada("addresses", "remove", "work").rows[0][0] == "home"
    assert ada("addresses", "remove", "work").code == 3


def test_a_guest_has_no_address_book(run: Run) -> None:
    assert run("addresses", "list").code == 4
    assert run("addresses", "add", "home").code == 4


# --- checkout ------------------------------------------------------------------------------------


def _ordered(ada: Run, *options: str, stdin: str = "") -> Result:
    assert ada("cart", "add", _SLUG).code == 0
    return ada("checkout", "--yes", *options, stdin=stdin)


def test_a_checkout_becomes_a_paid_order(ada: Run) -> None:
    result = _ordered(ada, "--pay", "tok_visa", "--json")

    assert (result.code, result.err) == (0, "")
    assert result.json["status"] == "paid"
    assert ada("cart", "show").out == ""


def test_the_cart_and_the_total_are_shown_before(ada: Run) -> None:
    result = _ordered(ada, "--pay", "tok_visa")

    assert "Canon EF 50mm" in result.err
    assert "total     123.90 EUR" in result.err
    assert "by        Standard" in result.err
    assert result.err.endswith("→ shop orders list\n")
    assert "\x1b" not in result.err


def test_without_a_terminal_the_whole_command_is_named(ada: Run) -> None:
    ada("cart", "add", _SLUG)
    result = ada("checkout", "--address", "home", "--pay", "tok_visa")

    assert result.code == 2
    assert "123.90 EUR" in result.err
    assert result.err.endswith("→ shop checkout --address home --pay tok_visa --yes --expect-total 123.90\n")


@pytest.mark.parametrize(("expected", "code"), [("123.90", 0), ("123.9 EUR", 0), ("123.90 USD", 6), ("1", 6), ("x", 2)])
def test_an_expected_total_is_held(ada: Run, expected: str, code: int) -> None:
    assert _ordered(ada, "--pay", "tok_visa", "--expect-total", expected).code == code
    assert len(ada("orders", "list").rows) == (code == 0)


def test_a_dry_run_orders_nothing(ada: Run) -> None:
    ada("cart", "add", _SLUG)
    result = ada("checkout", "--dry-run", "--json")

    assert result.json["totals"]["total"]["amount"] == "123.90"
    assert ada("orders", "list").out == ""


def test_paying_later(ada: Run) -> None:
    result = _ordered(ada, "--pay", "later")

    assert (result.code, result.rows[0][1]) == (8, "awaiting_payment")
    assert result.err.endswith("! order 1001 is placed and not paid yet\n→ shop orders pay 1001\n")
    told = ada("orders", "resume")
    assert (told.code, told.rows[0][:2]) == (8, ["1001", "awaiting_payment"])
    assert ada("orders", "resume").out == ""
    paid = ada("orders", "pay", "@last", "--pay", "tok_visa", "--yes")
    assert (paid.code, paid.rows[0][1]) == (0, "paid")
    assert ada("orders", "pay", "1001", "--pay", "tok_visa", "--yes").code == 6
    assert ada("orders", "pay", "1001", "--pay", "later", "--yes").code == 6


def test_a_declined_payment_shows_the_order_and_how_to_go_on(ada: Run) -> None:
    result = _ordered(ada, "--pay", "tok_declined", "--json")

    assert (result.code, result.json["status"]) == (7, "awaiting_payment")
    assert result.error["code"] == "payment_declined"
    assert result.error["hint"] == "shop orders pay 1001"


def test_a_card_comes_from_a_pipe_and_is_kept_as_a_token(ada: Run, tmp_path: Path) -> None:
    assert _ordered(ada, "--card-stdin", stdin=_CARD).code == 0
    saved = _ordered(ada)
    assert saved.code == 0
    assert "paying with Visa ending in 4242" in saved.err
    for file in (tmp_path / "data").rglob("*"):
        assert file.is_dir() or b"4242424242424242" not in file.read_bytes().replace(b" ", b"")


@pytest.mark.parametrize("card", ["", "4242", "4242 12/39", "4242 1239 123", "4242 12/3x 123", "x 12/39 123"])
def test_what_is_no_card_is_refused_without_repeating_it(ada: Run, card: str) -> None:
    result = _ordered(ada, "--card-stdin", stdin=card)

    assert result.code == 2
    assert "4242" not in result.err
    assert ada("orders", "list").out == ""


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ([], 2, "--pay is missing; there is tok_visa"),
        (["--pay", "tok_vias"], 2, "there is no such payment method"),
        (["--pay", "tok_visa", "--card-stdin"], 2, "contradict"),
        (["--pay", "tok_visa", "--address", "moon"], 3, "home"),
        (["--pay", "tok_visa", "--shipping", "rocket"], 3, "standard"),
    ],
)
def test_a_checkout_that_cannot_be_orders_nothing(ada: Run, options: list[str], code: int, said: str) -> None:
    result = _ordered(ada, *options)

    assert result.code == code
    assert said in result.err
    assert ada("orders", "list").out == ""


def test_a_checkout_needs_an_account_and_a_cart(run: Run, ada: Run) -> None:
    assert ada("checkout", "--pay", "tok_visa", "--yes").code == 6
    ada("logout")
    assert run("checkout", "--pay", "tok_visa", "--yes").code == 4


def test_an_interrupted_checkout_names_the_way_to_find_out(ada: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupted(*_: object) -> Order:
        raise KeyboardInterrupt

    monkeypatch.setattr(Checkout, "place", interrupted)
    result = _ordered(ada, "--pay", "tok_visa")

    assert result.code == 130
    assert "interrupted before the answer came: it may have happened, or not; nothing is charged twice" in result.err
    assert result.err.endswith("\n→ shop orders resume\n")


def test_an_unknown_outcome_is_told_as_such(ada: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silence(*_: object) -> Order:
        raise OutcomeUnknown("no answer")

    monkeypatch.setattr(Checkout, "pay", silence)
    result = _ordered(ada, "--pay", "tok_visa", "--json")

    assert (result.code, result.json["number"]) == (11, "1001")
    assert (result.error["outcome"], result.error["hint"]) == ("unknown", "shop orders resume")


# --- orders --------------------------------------------------------------------------------------


def test_orders_are_listed_and_shown(ada: Run) -> None:
    _ordered(ada, "--pay", "tok_visa")
    _ordered(ada, "--pay", "tok_visa")

    assert ada("orders", "list", "-o", "id").out.split() == ["1002", "1001"]
    assert ada("orders", "show", "@last", "--json").json["number"] == "1002"
    order_id = ada("orders", "show", "1001", "--json").json["id"]
    assert ada("orders", "show", order_id).rows[0][0] == "1001"
    assert ada("orders", "show", "99").code == 3


def test_without_orders_the_last_one_is_not_found(ada: Run) -> None:
    assert ada("orders", "show", "@last").code == 3
    assert "no orders yet" in ada("orders", "list").err


def test_cancelling(ada: Run) -> None:
    _ordered(ada, "--pay", "later")

    assert ada("orders", "cancel", "@last", "--yes").rows[0][1] == "cancelled"
    assert ada("orders", "cancel", "99", "--yes").code == 3


def test_other_commands_mention_what_is_unfinished_and_ask_nobody(ada: Run) -> None:
    _ordered(ada, "--pay", "later")

    assert "1 checkout is unfinished → shop orders resume\n" in ada("whoami").err
    assert ada("whoami", "--json").err == ""
    assert "order 1001 is placed and not paid\n→ shop orders pay 1001\n" in ada("cart", "show").err
    assert ada("whoami").err == ""


def test_a_damaged_journal_stops_no_browsing(ada: Run, tmp_path: Path) -> None:
    _ordered(ada, "--pay", "later")
    journal = tmp_path / "data" / "profiles" / "default" / "journal.db"
    for extra in journal.parent.glob("journal.db-*"):
        extra.unlink()
    journal.write_bytes(os.urandom(4096))

    result = ada("products", "list")
    assert result.code == 0
    assert "journal.db" in result.err
    assert ada("orders", "list").code == 12


@pytest.mark.parametrize(("errors", "code"), [([None], 0), ([OutcomeUnknown("x"), None], 11)])
def test_resume_leaves_with_the_gravest_code(
    ada: Run, errors: list[OutcomeUnknown | None], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def settle(*_: object, **__: object) -> tuple[Settled, ...]:
        return tuple(Settled(str(key), None, "said", error) for key, error in enumerate(errors))

    monkeypatch.setattr("shopcli.core.shop.Shop.settle", settle)
    result = ada("orders", "resume", "--json")

    assert result.code == code
    assert [item["message"] for item in result.json["items"]] == ["said"] * len(errors)
    assert all((item["error"] or {"outcome": "unknown"})["outcome"] == "unknown" for item in result.json["items"])


def test_watching_ends_when_nothing_more_can_happen(ada: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _ordered(ada, "--pay", "later")
    pauses: list[float] = []

    def pay_meanwhile(seconds: float) -> None:
        pauses.append(seconds)
        monkeypatch.setattr("shopcli.cli.orders.moves", lambda *_: False)

    monkeypatch.setattr("shopcli.cli.orders.time.sleep", pay_meanwhile)
    result = ada("orders", "watch", "@last")

    assert pauses == [1.0]
    assert "order 1001 is awaiting_payment" in result.err
    assert result.rows[0][1] == OrderStatus.AWAITING_PAYMENT


def test_a_paid_order_needs_no_watching(ada: Run) -> None:
    _ordered(ada, "--pay", "tok_visa")

    assert ada("orders", "watch", "1001").rows[0][1] == "paid"


# --- payments ------------------------------------------------------------------------------------


def test_payments_are_listed_shown_and_refunded(ada: Run) -> None:
    _ordered(ada, "--pay", "tok_visa")
    payment = ada("payments", "list", "-o", "id").out.strip()

    assert ada("payments", "list", "1001").rows[0][1] == "settled"
    assert ada("payments", "show", payment, "--json").json["amount"] == {"amount": "123.90", "currency": "EUR"}
    assert ada("payments", "show", "nope").code == 3
    assert ada("payments", "refund", payment, "--yes").code == 0
    assert ada("payments", "refund", "nope", "--yes").code == 3


def test_an_order_without_payments_says_how_to_pay(ada: Run) -> None:
    _ordered(ada, "--pay", "later")

    assert ada("payments", "list").err.endswith("no payment yet → shop orders pay 1001\n")
    ada("orders", "cancel", "1001", "--yes")
    assert ada("payments", "list").err == "no payment, and order 1001 is cancelled → shop orders show 1001\n"


def test_without_orders_there_are_no_payments(ada: Run) -> None:
    result = ada("payments", "list")

    assert (result.code, result.out) == (0, "")
    assert result.err == "no orders yet, so there are no payments → shop products list\n"
    assert ada("payments", "list", "--json").json["items"] == []
    assert ada("payments", "list", "@last").code == 3


# --- on a terminal, as far as it shows without one ------------------------------------------------


@pytest.fixture
def screen(ada: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SHOP_FORCE_TTY", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    return ada


def test_people_see_cards(screen: Run) -> None:
    assert "Ada <ada@example.com>" in screen("whoami").out
    assert "LABEL" in screen("addresses", "list").out
    product = screen("products", "show", _SLUG).out
    assert product.startswith("Canon EF 50mm f/1.8 STM\nCanon · Prime lenses\n")
    assert "ID" not in product.split()
    cart = screen("cart", "add", _SLUG).out
    assert cart.startswith("#  REF")
    assert "total     119.00 EUR" in cart
    assert "by        Standard" in screen("checkout", "--dry-run").out
    order = screen("checkout", "--pay", "later", "--yes").out
    assert order.startswith("order 1001: awaiting_payment\n")
    assert "pay until 20" in order
    assert "never" not in screen("orders", "resume").out
    screen("orders", "pay", "1001", "--pay", "tok_visa", "--yes")
    payment = screen("payments", "list", "-o", "id").out.strip()
    assert f"payment {payment}: settled\namount    123.90 EUR\n" in screen("payments", "show", payment).out
    assert "123.90 EUR" in screen("payments", "list").out
    assert screen("orders", "list", "--fields", "number").out.split() == ["NUMBER", "1001"]
    assert "(the order was cancelled)" in screen("orders", "cancel", "1001", "--yes").out


def test_why_it_is_as_it_is_is_said_once(screen: Run) -> None:
    screen("cart", "add", _SLUG)
    declined = screen("checkout", "--pay", "tok_declined", "--yes").err
    assert "the payment was declined; nothing was charged" in declined
    payment = screen("payments", "list", "-o", "id").out.strip()
    assert f"payment {payment}: declined\n" in screen("payments", "show", payment).out
    assert "order 1001: cancelled\n" in screen("orders", "cancel", "1001", "--yes").out


def test_an_empty_list_says_what_to_do(screen: Run) -> None:
    result = screen("orders", "list")

    assert (result.out, result.err) == ("", "no orders yet → shop products list\n")


# --- a shop that does not answer ------------------------------------------------------------------


def _down(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    async def silent(*_: object, **__: object) -> None:
        raise Unavailable("nobody answers", service="payments")

    service, _, name = method.partition(".")
    monkeypatch.setattr(f"stub_services.inprocess.backend._{service}.{name}", silent)


def test_without_payments_an_order_waits(ada: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _down(monkeypatch, "Payments.methods")
    _down(monkeypatch, "Payments.pay")
    result = _ordered(ada, "--pay", "tok_visa", "--timeout", "0.05", "--json")

    assert (result.code, result.json["status"]) == (8, "awaiting_payment")
    assert result.error["hint"] == "shop orders pay 1001"


def test_a_card_that_cannot_become_a_token_orders_nothing(ada: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _down(monkeypatch, "Payments.tokenize")
    result = _ordered(ada, "--card-stdin", stdin=_CARD)

    assert result.code == 10
    assert result.err.endswith("→ shop checkout --pay later\n")
    assert ada("orders", "list").out == ""


def test_an_account_that_is_made_is_not_lost_when_logging_in_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _down(monkeypatch, "Users.login")
    result = run("signup", "--name", "Bea", "--email", "b@example.com", "--password-stdin", stdin=_PASSWORD)

    assert result.code == 10
    assert "the account is made" in result.err


def test_an_account_that_has_to_be_confirmed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def registered(*_: object) -> Registered:
        return Registered("b@example.com", verification_required=True)

    monkeypatch.setattr("stub_services.inprocess.backend._Users.signup", registered)
    result = run("signup", "--name", "Bea", "--email", "b@example.com", "--password-stdin", stdin=_PASSWORD)

    assert (result.code, result.out) == (0, "")
    assert "confirm" in result.err
    assert result.err.endswith("→ shop login\n")


# --- start ---------------------------------------------------------------------------------------


def _next(run: Run) -> list[str]:
    steps: list[str] = run("--json").json["next"]
    return steps


def test_the_start_screen_follows_where_the_person_stands(run: Run, furnished: Path, tmp_path: Path) -> None:
    import shutil

    assert _next(run) == ["shop products list", "shop signup", "shop login"]
    run("cart", "add", _SLUG)
    assert _next(run)[0] == "shop cart show"
    shutil.rmtree(tmp_path / "data")
    shutil.copytree(furnished, tmp_path / "data")
    assert _next(run)[0] == "shop products list"
    run("cart", "add", _SLUG)
    assert _next(run)[:2] == ["shop cart show", "shop checkout"]
    run("checkout", "--yes", "--pay", "later")
    assert _next(run)[0] == "shop orders resume"


def test_the_start_screen_reads_well_in_a_pipe(ada: Run) -> None:
    result = ada()

    assert (result.code, result.err) == (0, "")
    assert "Ada <ada@example.com>" in result.out
    assert result.out.count("\n→ shop ") == 3
    assert max(map(len, result.out.splitlines())) <= 100 or "sqlite:" in result.out


def test_the_start_screen_shows_trouble_and_does_not_fail(ada: Run, tmp_path: Path) -> None:
    (tmp_path / "data" / "profiles" / "default" / "session.json").write_text("{")

    result = ada()
    assert result.code == 0
    assert "is damaged" in result.out
    assert "→ shop logout" in result.out
