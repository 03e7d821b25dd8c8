"""What a person types wrong: the exit code as documented, a clear message, a hint that helps, and nothing lost."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pexpect
import pytest

from shopcli.cli.main import main
from shopcli.core.refs import MAX_QUANTITY
from tests.cli.conftest import PASSWORD

if TYPE_CHECKING:
    from tests.cli.conftest import Finish, Result, Run, Terminal

LENS = "canon-ef-50mm-f1-8-stm"
SCARCE = "canon-eos-m50-mark-ii"
"""Two pieces are in stock."""
SOLD_OUT = "fujifilm-x-e4"
CHOICE = "irix-15mm-f2-4"
"""It comes in three variants."""

_ROOT = Path(__file__).parents[2]
_PAST = 1_000
_TABLES = {
    "users": ("users", "sessions", "addresses"),
    "products": ("variants", "reservations"),
    "carts": ("lines", "taken"),
    "orders": ("orders", "outbox"),
    "payments": ("payments", "methods", "outbox"),
    "processor": ("charges", "cards"),
}


def books(data: Path) -> dict[str, Any]:
    """Return all that must not be lost: what the shop has in its tables, and the session."""
    found: dict[str, Any] = {}
    for name, tables in _TABLES.items():
        file = data / "local" / f"{name}.db"
        if not file.exists():
            continue
        with contextlib.closing(sqlite3.connect(file)) as database:
            known = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            for table in tables:
                if table in known:
                    found[f"{name}.{table}"] = sorted(map(repr, database.execute(f"SELECT * FROM {table}")))  # noqa: S608
    session = data / "profiles" / "default" / "session.json"
    found["session"] = session.read_text() if session.exists() else None
    return found


def edit(data: Path, name: str, sql: str, *values: object) -> None:
    """Change a service's database behind its back."""
    with contextlib.closing(sqlite3.connect(data / "local" / f"{name}.db")) as database, database:
        database.execute(sql, values)


def shop(*words: str, stdin: str = "") -> tuple[int, str]:
    """Run `shop` in this process and return its exit code and what it printed."""
    printed, before = io.StringIO(), sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()))
    try:
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(io.StringIO()),
            pytest.raises(SystemExit) as left,
        ):
            main(list(words))
    finally:
        sys.stdin = before
    return int(left.value.code or 0), printed.getvalue()


def _done(line: str, *, code: int = 0, stdin: str = "") -> str:
    got, printed = shop(*shlex.split(line), stdin=stdin)
    assert got == code, line
    return printed.strip()


@pytest.fixture(scope="session")
def lived_in(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Make a shop in which Bob has an order, and Ada orders in four states and two lines in her cart."""
    data = tmp_path_factory.mktemp("lived-in") / "data"
    shutil.copytree(furnished, data)
    names: dict[str, str] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_DATA_DIR", str(data))

        def ordered(name: str, pay: str, code: int) -> None:
            _done(f"cart add {LENS} -q")
            order = json.loads(_done(f"checkout --yes --pay {pay} --json", code=code))
            names[name], names[f"{name}-id"] = order["number"], order["id"]

        _done("logout")
        _done("signup --name Bob --email bob@example.com --password-stdin", stdin=PASSWORD)
        _done("addresses add home --name Bob --line1 Way --city Bonn --postcode 53111 --country DE")
        ordered("bobs", "tok_visa", 0)
        names["bobs-payment"] = _done("payments list -o id")
        _done("logout")
        _done("login --email ada@example.com --password-stdin", stdin=PASSWORD)
        ordered("paid", "tok_visa", 0)
        names["payment"] = _done("payments list -o id")
        ordered("cancelled", "later", 8)
        _done("orders cancel @last --yes")
        ordered("refunded", "tok_visa", 0)
        names["refunded-payment"] = _done("payments list -o id")
        _done("orders cancel @last --yes")
        ordered("expired", "later", 8)
        edit(data, "orders", "UPDATE orders SET expires_at = ? WHERE id = ?", _PAST, names["expired-id"])
        ordered("waiting", "later", 8)
        _done("orders resume", code=8)
        _done(f"cart add {LENS}:2 {SCARCE} -q")
    return data, names


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def names(lived_in: tuple[Path, dict[str, str]], data: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Move in: Ada is logged in. What is returned names the orders and payments."""
    shutil.copytree(lived_in[0], data)
    monkeypatch.chdir(data)  # a hint may make a directory where it is run
    return lived_in[1]


def follow(run: Run, hint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what the hint says, as a person would who copies it; it has to work, or to ask at a terminal."""
    words = shlex.split(hint)
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        monkeypatch.setenv(name, value)
    assert words[0] == "shop", hint
    result = run(*words[1:], "--pay", "tok_visa") if words[1:3] == ["orders", "pay"] else run(*words[1:])
    asks = any(
        said in result.err for said in ("there is no terminal to ask at", "--yes is missing", "--pay is missing")
    )
    assert result.code in (0, 8) or asks, (hint, result)
    monkeypatch.delenv("SHOP_BACKEND", raising=False)


def refused(run: Run, words: list[str], code: int, said: str, *, stdin: str = "") -> Result:
    """Run the line twice, for people and for programs, and compare what both are told."""
    for_people = run(*words, stdin=stdin)
    assert (for_people.code, for_people.err.count("Traceback")) == (code, 0), for_people
    assert said in for_people.err
    for_programs = run("--json", *words, stdin=stdin)
    assert for_programs.code == code
    error = for_programs.error
    assert set(error) == {
        *("code", "category", "message", "hint", "retryable", "outcome", "service", "request_id"),
    }
    assert "no field" in said or error["message"] in for_people.err
    assert error["outcome"] == "not_applied"
    assert not error["retryable"]
    assert error["hint"], f"no hint: {error}"
    assert f"→ {error['hint']}\n" in for_people.err
    return for_programs


_NO_QUANTITY = [
    "0",
    "00",
    "-1",
    "-0",
    "1e9",
    "two",
    "1_000",
    "1.5",
    "٣",
    "²",
    "0x10",
    "9" * 400,
    "1000",
    "+1",
    "1 0",
    "",
]
_NO_AMOUNT = ["x", "-1", "1e3", "1,5", "1_0", "٣", "", "1.", ".5", "NaN", "inf", "9" * 40, "0x1", "1.00001"]
_NO_LIMIT = ["0", "-1", "1e2", "1_0", "x", "٣", "", "1.0", "1000001", "9" * 400]
# "null", 1, [], nothing of ours, a title that no database takes, an integer too large for one, and far too deep
_NO_CURSOR = [
    *("x", "", "é", "bnVsbA", "MQ", "W10", "e30", "WyJ0aXRsZSJd", "WyJwcmljZSIsMSwiYSJd", "WyJ0aXRsZSIsbnVsbCwiYSJd"),
    *("WyJ0aXRsZSIsIlx1ZDgwMCIsIngiXQ", "WyJ0aXRsZSIsMTIzNDU2Nzg5MDEyMzQ1Njc4OTAsIngiXQ", "W1tb" * 20_000),
]

_CASES: list[tuple[str, int, str]] = [
    # products
    ("products show nosuch", 3, "no product 'nosuch'"),
    ("products show canon-ef-50mm-f1-4-stm", 3, LENS),
    ("products show ''", 3, "no product ''"),
    ("products show -- -x", 3, "no product '-x'"),
    ('products show "a\'b; rm -rf ~"', 3, "no product"),
    ("products list --category nope", 3, "prime-lenses"),
    ("products list --category ''", 3, "prime-lenses"),
    ("products list --sort up", 2, "'up'"),
    ("products list --sort PRICE", 2, "'PRICE'"),
    ("products list --min-price 2 --max-price 1", 2, "above"),
    ("products list --fields nope", 2, "no field nope"),
    ("products list --fields ,", 2, "--fields"),
    ("products list --fields=", 2, "--fields"),
    ("products list --limit 5 --all", 2, "contradict"),
    ("products list -o id --fields slug", 2, "-o id"),
    (f"products search {'x' * 201}", 2, "200"),
    ("products search ''", 2, "TEXT is missing"),
    # cart
    ("cart add nosuch", 3, "no product 'nosuch'"),
    (f"cart add {CHOICE}", 2, f"{CHOICE}/nikon-f"),
    (f"cart add {CHOICE}/nope", 3, f"{CHOICE}/nikon-f"),
    (f"cart add {LENS}/nope", 3, "no variant 'nope'"),
    (f"cart add {LENS}/", 2, "PRODUCT[/VARIANT][:QTY]"),
    ("cart add :2", 2, "PRODUCT[/VARIANT][:QTY]"),
    ("cart add ''", 2, "PRODUCT[/VARIANT][:QTY]"),
    (f"cart add {LENS}:900", 6, "in stock, 2 of them in your cart"),
    (f"cart add {LENS}:999", 2, "1 to 999"),
    (f"cart add {SCARCE}:2", 6, "2 in stock, 1 of them in your cart"),
    (f"cart add {SOLD_OUT}", 6, "0 in stock"),
    (f"cart add {CHOICE}/nikon-f:999", 6, "in stock"),
    (f"cart set {LENS} 900", 6, "in stock"),
    ("cart set 9 1", 3, "no line '9'"),
    ("cart set nosuch 1", 3, "no line 'nosuch'"),
    ("cart set 1 -1", 2, "1 to 999"),
    ("cart remove 9", 3, "no line '9'"),
    ("cart remove 0", 3, "no line '0'"),
    ("cart remove 1 9", 3, "no line '9'"),
    ("cart show --fields nope", 2, "no field nope"),
    # accounts; nobody but Ada knows her password
    ("login --email ada@example.com --password-stdin < wrong password", 4, "password is wrong"),
    ("login --email nobody@example.com --password-stdin < wrong password", 4, "password is wrong"),
    ("login --email ada@example.com", 2, "--password-stdin is missing"),
    ("signup --name A --email ada@example.com --password-stdin < long enough", 6, "exists already"),
    ("signup --name A --email ADA@EXAMPLE.COM --password-stdin < long enough", 6, "exists already"),
    ("signup --name A --email 'no at' --password-stdin < long enough", 2, "e-mail"),
    ("signup --name A --email @ --password-stdin < long enough", 2, "e-mail"),
    ("signup --name A --email a@b@c.de --password-stdin < long enough", 2, "e-mail"),
    ("signup --name A --email a@b.de --password-stdin < short", 2, "8 to 1024"),
    (f"signup --name A --email a@b.de --password-stdin < {'x' * 1025}", 2, "8 to 1024"),
    ("signup --name ' ' --email a@b.de --password-stdin < long enough", 2, "name"),
    ("signup --name '' --email a@b.de --password-stdin < long enough", 2, "--name"),
    (f"signup --name {'x' * 201} --email a@b.de --password-stdin < long enough", 2, "name"),
    # addresses
    ("addresses remove nope", 3, "no address 'nope'"),
    ("addresses add work --name A --line1 R --city C --postcode 1 --country Germany", 2, "two-letter"),
    ("addresses add work --name A --line1 R --city C --postcode 1 --country 12", 2, "two-letter"),
    ("addresses add work --name A --line1 R --city C --postcode 1 --country ß", 2, "two-letter"),
    ("addresses add work --name A --line1 R --city C --postcode 1 --country ﬁ", 2, "two-letter"),
    ("addresses add Work --name A --line1 R --city C --postcode 1 --country DE", 2, "label"),
    ("addresses add work --name ' ' --line1 R --city C --postcode 1 --country DE", 2, "name"),
    # checkout
    ("checkout --yes --pay tok_visa --address moon", 3, "no address 'moon'; there is home"),
    ("checkout --yes --pay tok_visa --shipping rocket", 3, "standard"),
    ("checkout --yes --pay tok_visa --expect-total 1", 6, "not 1"),
    ("checkout --yes --pay tok_visa --expect-total '841.90 USD'", 6, "USD"),
    ("checkout --yes --pay nonsense", 2, "tok_visa"),
    ("checkout --yes --pay ''", 2, "tok_visa"),
    ("checkout --yes", 2, "--pay is missing"),
    ("checkout --yes --pay tok_visa --card-stdin", 2, "contradict"),
    ("checkout --pay tok_visa", 2, "--yes is missing"),
    ("checkout --yes --card-stdin < 4242 4242 4242 4241 12/39 123", 2, "not a card number"),
    ("checkout --yes --card-stdin < 4242 4242 4242 4242 01/20 123", 2, "expired"),
    ("checkout --yes --card-stdin < nonsense", 2, "NUMBER MM/YY CVV"),
    # orders and payments
    ("orders show 99", 3, "no order '99'"),
    ("orders show ''", 3, "no order ''"),
    (f"orders show {'9' * 400}", 3, "no order"),
    ("orders show @first", 3, "no order '@first'"),
    ("orders show {bobs}", 3, "no order"),
    ("orders show {bobs-id}", 3, "no order"),
    ("orders pay 99 --pay tok_visa --yes", 3, "no order '99'"),
    ("orders pay {bobs-id} --pay tok_visa --yes", 3, "no order"),
    ("orders pay {paid} --pay tok_visa --yes", 6, "is paid"),
    ("orders pay {cancelled} --pay tok_visa --yes", 6, "is cancelled"),
    ("orders pay {refunded} --pay tok_visa --yes", 6, "is refunded"),
    ("orders pay {expired} --pay tok_visa --yes", 6, "is expired"),
    ("orders pay {waiting} --pay nonsense --yes", 2, "tok_visa"),
    ("orders pay {waiting} --pay later --yes", 2, "later"),
    ("orders pay {waiting} --pay tok_visa", 2, "--yes is missing"),
    ("orders cancel 99 --yes", 3, "no order '99'"),
    ("orders cancel {bobs-id} --yes", 3, "no order"),
    ("orders cancel {waiting}", 2, "--yes is missing"),
    ("orders watch 99", 3, "no order '99'"),
    ("orders list --cursor x", 2, "cursor"),
    ("orders list --cursor=-5", 2, "cursor"),
    ("payments list 99", 3, "no order '99'"),
    ("payments list {bobs-id}", 3, "no order"),
    ("payments show nope", 3, "no payment 'nope'"),
    ("payments show {bobs-payment}", 3, "no payment"),
    ("payments refund nope --yes", 3, "no payment 'nope'"),
    # every command
    ("whoami --output xml", 2, "xml"),
    ("whoami --backend nonsense", 12, "'nonsense'"),
    ("whoami --backend http://user:secret@example.com/", 12, "no user and no password"),
    ("whoami --backend sqlite:", 12, "directory"),
    ("whoami --backend sqlite:~no-such-person/shop", 4, "nobody is logged in"),
]
_NO_TIMEOUT = ["0", "-1", "nan", "inf", "1e3", "3601", "soon", ".", "1.", "", "٣", "1_0", "0.0"]
_ODD = {
    f"cart add {LENS}:": (_NO_QUANTITY, f"1 to {MAX_QUANTITY}"),
    "cart set 1 -- ": (_NO_QUANTITY, f"1 to {MAX_QUANTITY}"),
    "products list --min-price=": (_NO_AMOUNT, "--min-price"),
    "products search lens --max-price=": (_NO_AMOUNT, "--max-price"),
    "checkout --yes --pay tok_visa --expect-total=": (_NO_AMOUNT, "--expect-total"),
    "products list --limit=": (_NO_LIMIT, "--limit"),
    "orders list --limit=": (_NO_LIMIT, "--limit"),
    "whoami --timeout=": (_NO_TIMEOUT, "--timeout"),
}


def _name(case: tuple[str, int, str]) -> str:
    return case[0] if len(case[0]) < 70 else f"{case[0][:60]}...{len(case[0])}"


@pytest.mark.parametrize(
    ("line", "code", "said"), _CASES, ids=[f"{at}-{_name(case)}" for at, case in enumerate(_CASES)]
)
def test_what_is_wrong_is_said_and_changes_nothing(
    run: Run, names: dict[str, str], data: Path, line: str, code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in names.items():
        line = line.replace(f"{{{name}}}", value)
    line, _, stdin = line.partition(" < ")
    before = books(data)
    if "~no-such-person" in line:
        monkeypatch.setenv("HOME", str(data))

    result = refused(run, shlex.split(line), code, said, stdin=stdin)

    after = books(data)
    if line.startswith("checkout"):  # address and delivery are on the cart before anything is confirmed
        assert before["carts.lines"] == after["carts.lines"]
    assert before == after
    assert "secret" not in result.err
    follow(run, str(result.error["hint"]), monkeypatch)


@pytest.mark.parametrize("line", _ODD)
def test_odd_numbers_are_never_guessed_at(run: Run, names: dict[str, str], data: Path, line: str) -> None:
    before = books(data)
    for odd in _ODD[line][0]:
        result = refused(run, shlex.split(f"{line}{shlex.quote(odd)}"), 2, _ODD[line][1])
        assert result.error["code"] in ("usage", "invalid_value")
        if not line.startswith("checkout"):
            assert books(data) == before
    assert books(data)["carts.lines"] == before["carts.lines"]


@pytest.mark.parametrize("cursor", _NO_CURSOR, ids=lambda cursor: cursor[:40])
def test_a_cursor_is_ours_or_refused(run: Run, names: dict[str, str], cursor: str) -> None:
    refused(run, ["products", "list", f"--cursor={cursor}"], 2, "cursor does not belong to this list")
    refused(run, ["orders", "list", f"--cursor={cursor}"], 2, "cursor does not belong to this list")


def test_refunding_and_cancelling_twice_moves_money_once(run: Run, names: dict[str, str], data: Path) -> None:
    before = books(data)

    assert run("payments", "refund", names["refunded-payment"], "--yes").code == 0
    assert run("orders", "cancel", names["refunded"], "--yes").rows[0][1] == "refunded"
    assert run("orders", "cancel", names["cancelled"], "--yes").rows[0][1] == "cancelled"
    assert books(data) == before


def test_more_than_is_in_stock_names_what_can_be_set(run: Run, names: dict[str, str]) -> None:
    result = run("cart", "set", SCARCE, "3", "--json")

    assert result.code == 6
    hint = shlex.split(result.error["hint"])
    assert run(*hint[1:]).code == 0
    quantities = {row[1]: row[4] for row in run("cart", "show").rows}
    assert quantities[SCARCE] in ("1", "2")


@pytest.mark.parametrize("line", ["1; reboot", "a b", "$(id)", "", "it's"])
def test_a_hint_quotes_what_the_person_typed(run: Run, names: dict[str, str], line: str) -> None:
    assert run("cart", "set", line, "0", "--json").error["hint"] == shlex.join(["shop", "cart", "remove", line])


# --- who is logged in ---------------------------------------------------------------------------------------------

_PRIVATE = [
    *("whoami", "addresses list", "addresses remove home", "orders list", "orders show 1001", "orders resume --json"),
    *("addresses add work --name A --line1 R --city C --postcode 1 --country DE", "checkout --yes --pay tok_visa"),
    *("orders pay 1001 --pay tok_visa --yes", "orders cancel 1001 --yes", "orders watch 1001", "payments list"),
    *("payments show x",),
]


@pytest.mark.parametrize("line", [line for line in _PRIVATE if "resume" not in line])
def test_nobody_is_logged_in(
    run: Run, names: dict[str, str], data: Path, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("logout")
    before = books(data)

    result = refused(run, line.split(), 4, "nobody is logged in")

    assert result.error["hint"] == "shop login"
    follow(run, "shop login", monkeypatch)
    assert books(data) == before


@pytest.mark.parametrize("line", [*(line for line in _PRIVATE if "resume" not in line), "cart show", "cart clear"])
def test_a_session_that_ended_loses_nothing(run: Run, names: dict[str, str], data: Path, line: str) -> None:
    edit(data, "users", "UPDATE sessions SET expires_at = ?", _PAST)
    before = books(data)

    result = refused(run, line.split(), 4, "your session has ended")

    assert (result.error["code"], result.error["hint"]) == ("session_expired", "shop login")
    assert books(data) == before
    assert run("login", "--email", "ada@example.com", "--password-stdin", stdin=PASSWORD).code == 0
    assert [row[4] for row in run("cart", "show").rows] == ["2", "1"]


def test_after_a_session_ended_browsing_and_logging_out_work(run: Run, names: dict[str, str], data: Path) -> None:
    edit(data, "users", "UPDATE sessions SET expires_at = ?", _PAST)

    assert run("products", "list").code == 0
    start = run()
    assert start.code == 0
    assert "your session has ended" in start.out
    assert "→ shop login" in start.out
    assert run("logout").code == 0
    assert run("cart", "show").code == 0


def test_an_unfinished_checkout_of_another_account_is_not_reported_as_missing(
    run: Run, names: dict[str, str], data: Path
) -> None:
    assert run("checkout", "--yes", "--pay", "later").code == 8
    run("logout")
    assert run("login", "--email", "bob@example.com", "--password-stdin", stdin=PASSWORD).code == 0

    assert "there is no order" not in run("orders", "list").err
    resumed = run("orders", "resume")
    assert "there is no order" not in resumed.out + resumed.err
    run("logout")
    assert "nobody is logged in" not in run("cart", "show").err
    run("login", "--email", "ada@example.com", "--password-stdin", stdin=PASSWORD)
    assert "waiting" in run("orders", "resume").out or run("orders", "list").rows[0][1] == "awaiting_payment"


def test_an_empty_cart_and_no_address_are_told_before_anything_is_ordered(
    run: Run, names: dict[str, str], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("addresses", "remove", "home")
    before = books(data)
    nowhere = refused(run, ["checkout", "--yes", "--pay", "tok_visa"], 2, "no address")
    assert books(data) == before
    follow(run, nowhere.error["hint"], monkeypatch)

    run("cart", "clear")
    before = books(data)
    empty = refused(run, ["checkout", "--yes", "--pay", "tok_visa"], 6, "cart is empty")
    assert books(data) == before
    follow(run, empty.error["hint"], monkeypatch)


def test_a_card_is_not_kept_if_nothing_is_ordered(run: Run, names: dict[str, str], data: Path) -> None:
    before = books(data)

    assert run("checkout", "--card-stdin", stdin="4242 4242 4242 4242 12/39 123").code == 2  # --yes is missing
    assert books(data) == before


def test_a_backend_that_nobody_serves_is_told_wherever_it_was_said(
    run: Run, names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_BACKEND", "http://user:hunter2@example.com/")

    result = refused(run, ["whoami"], 12, "no user and no password")

    assert "hunter2" not in result.err
    monkeypatch.delenv("SHOP_BACKEND")
    assert run("whoami").code == 0


# --- what is no text ----------------------------------------------------------------------------------------------

_NO_TEXT = ["\x1b[2J", "a\nb", "a\tb", "\x7f", "\x9b31m", "\x85", "a\rb", "\udcff", "\ud800", "\x07"]


@pytest.mark.parametrize("text", _NO_TEXT, ids=ascii)
@pytest.mark.parametrize(
    "words",
    [
        ["products", "search"],
        ["cart", "add"],
        ["orders", "show"],
        ["addresses", "remove"],
        ["signup", "--password-stdin", "--email", "a@b.de", "--name"],
        ["products", "list", "--fields"],
        ["whoami", "--backend"],
        ["--"],
    ],
    ids=" ".join,
)
def test_what_is_no_text_is_refused_as_an_argument(
    run: Run, names: dict[str, str], data: Path, words: list[str], text: str
) -> None:
    before = books(data)
    result = run(*words, text, stdin="long enough")

    assert result.code == 2
    assert "control characters or is no valid text" in result.err
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", result.err)
    assert run("--json", *words, text).error["code"] == "usage"
    assert books(data) == before


@pytest.mark.parametrize(
    "text", ["\u202e", "a\u200bb", "\u2066", "\ufeff", "\U000e0041", "\u2028", "\ue000"], ids=ascii
)
@pytest.mark.parametrize("flag", ["--name", "--line1", "--line2", "--city", "--postcode", "--region", "--phone"])
def test_invisible_text_is_no_part_of_an_address(
    run: Run, names: dict[str, str], data: Path, flag: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"--name": "A", "--line1": "R", "--city": "C", "--postcode": "1", "--country": "DE", flag: f"x{text}x"}
    words = ["addresses", "add", "work", *(word for pair in given.items() for word in pair)]
    before = books(data)

    result = refused(run, words, 2, "invisible")
    assert books(data) == before
    follow(run, result.error["hint"], monkeypatch)


@pytest.mark.parametrize("piped", [b"\xff\xfe secret\n", b"\xed\xa0\x80secret\n", b"", b"\n", b"x" * 5000])
@pytest.mark.parametrize(
    "line",
    [
        "login --email ada@example.com --password-stdin",
        "checkout --yes --card-stdin",
        "orders pay @last --yes --card-stdin",
    ],
)
def test_a_piped_secret_that_is_no_line_of_text(names: dict[str, str], data: Path, piped: bytes, line: str) -> None:
    before = books(data)
    done = _process(line.split(), stdin=piped)

    assert (done.returncode, done.stdout) == (2, b"")
    assert b"secret" not in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"-stdin" in done.stderr
    assert books(data) == before


def test_control_characters_in_a_piped_secret_are_a_wrong_password_and_never_shown(
    run: Run, names: dict[str, str]
) -> None:
    result = run("login", "--email", "ada@example.com", "--password-stdin", stdin="\x1b]52;c;x\x07wrong")

    assert result.code == 4
    assert "\x1b" not in result.err


def _process(words: list[str], *, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "shopcli", *words],
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        input=stdin,
        capture_output=True,
        check=False,
        timeout=50,
    )


# --- at a terminal ------------------------------------------------------------------------------------------------

_CTRL_C = "\x03"
_PICK = "Number or text: "
_CART_KEEPS = "nothing was ordered; the cart keeps the address and the delivery"
_QUESTIONS: list[tuple[list[str], list[tuple[str, str]], str]] = [
    (["signup"], [], "Name: "),
    (["signup"], [("Name: ", "Eve")], "E-mail: "),
    (["signup"], [("Name: ", "Eve"), ("E-mail: ", "e@example.com")], "Password: "),
    (["signup"], [("Name: ", "Eve"), ("E-mail: ", "e@example.com"), ("Password: ", PASSWORD)], "Password again: "),
    (["login"], [], "E-mail: "),
    (["login"], [("E-mail: ", "ada@example.com")], "Password: "),
    (["addresses", "add"], [], "such as home: "),
    (["addresses", "add", "work"], [("Name: ", "Ada")], "Street and number: "),
    (["checkout"], [], "Delivery:"),
    (["checkout", "--shipping", "standard"], [], _PICK),
    (["checkout", "--shipping", "standard"], [(_PICK, "another card")], "Card number: "),
    (["checkout", "--shipping", "standard"], [(_PICK, "1")], "y/N] "),
    (["orders", "pay", "@last"], [], _PICK),
    (["orders", "pay", "@last"], [(_PICK, "1")], "y/N] "),
    (["orders", "cancel", "@last"], [], "y/N] "),
    (["payments", "refund", "{payment}"], [], "y/N] "),
]


@pytest.mark.parametrize(
    ("words", "answers", "question"),
    _QUESTIONS,
    ids=[f"{' '.join(words)} {question}" for words, _, question in _QUESTIONS],
)
def test_ctrl_c_at_a_question_changes_nothing(
    terminal: Terminal,
    finish: Finish,
    names: dict[str, str],
    data: Path,
    words: list[str],
    answers: list[tuple[str, str]],
    question: str,
) -> None:
    before = books(data)
    words = [word.replace("{payment}", names["payment"]) for word in words]
    child = terminal(*words, NO_COLOR="1", SHOP_PROMPTS="plain")
    for asked, answer in answers:
        child.expect_exact(asked)
        child.sendline(answer)
    child.expect_exact(question)
    child.send(_CTRL_C)
    code, screen = finish(child)

    assert code == 130
    stands = _CART_KEEPS if words[0] == "checkout" else "nothing was changed"
    assert screen.splitlines()[-1] == f"✗ cancelled, {stands}"
    assert "Traceback" not in screen
    assert books(data) == before


def test_a_card_typed_before_a_no_is_not_kept(
    terminal: Terminal, finish: Finish, names: dict[str, str], data: Path
) -> None:
    before = books(data)
    child = terminal("checkout", "--shipping", "standard", SHOP_PROMPTS="plain")
    for question, answer in (
        (_PICK, "another card"),
        ("Card number: ", "4242 4242 4242 4242"),
        ("Expires (MM/YY): ", "12/39"),
        ("CVV: ", "123"),
        ("y/N] ", "n"),
    ):
        child.expect_exact(question)
        child.sendline(answer)
    code, screen = finish(child)

    assert code == 130
    assert _CART_KEEPS in " ".join(screen.split())
    assert books(data) == before


_NO_ANSWER = {
    "undecodable": b"\xff\xfe\n",
    "escape": b"a\x1b[2Jb\n",
    "bidi": "a\u202eb\n".encode(),
    "c1": "a\x9b31mb\n".encode(),
}


@pytest.mark.parametrize("typed", _NO_ANSWER)
@pytest.mark.parametrize(
    ("words", "before", "question"),
    [
        (["login"], [], "E-mail: "),
        (["login"], [("E-mail: ", b"ada@example.com\n")], "Password: "),
        (["addresses", "add", "work"], [("Name: ", b"Ada\n")], "Street and number: "),
        (["checkout"], [], _PICK),
        (["orders", "pay", "@last"], [(_PICK, b"another card\n")], "Card number: "),
    ],
    ids=["email", "password", "street", "method", "card"],
)
def test_what_is_no_text_is_refused_at_a_question(
    names: dict[str, str],
    data: Path,
    words: list[str],
    before: list[tuple[str, bytes]],
    question: str,
    typed: str,
) -> None:
    had = books(data)
    # What is hidden is read otherwise: bytes that are no text end it. A password may have any character.
    is_hidden = question in ("Password: ", "Card number: ")
    asks_again = question != "Password: " and not (is_hidden and typed == "undecodable")
    child = pexpect.spawn(
        sys.executable,
        ["-m", "shopcli", *words],
        env={**os.environ, "PYTHONPATH": str(_ROOT), "NO_COLOR": "1", "SHOP_PROMPTS": "plain"},
        timeout=30,
    )
    try:
        for asked, answer in (*before, (question, _NO_ANSWER[typed])):
            child.expect_exact(asked)
            child.send(answer)
        if asks_again:
            child.expect_exact("once more")
            child.expect_exact(question)
            child.sendintr()
        child.expect_exact("✗ ".encode())
        child.expect(pexpect.EOF)
        screen = child.before
    finally:
        child.close(force=True)

    assert screen is not None
    assert child.exitstatus == (130 if asks_again else 2 if typed == "undecodable" else 4)
    assert b"Traceback" not in screen
    assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f]", screen)
    assert books(data) == had
