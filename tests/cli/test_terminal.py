"""What happens on a real terminal."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pyte
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Finish, Run, Terminal

_SLUG = "canon-ef-50mm-f1-8-stm"
_PASSWORD = "correct horse battery"
_CTRL_C = "\x03"
_CTRL_D = "\x04"


@pytest.fixture
def at_home(furnished: Path, tmp_path: Path) -> None:
    shutil.copytree(furnished, tmp_path / "data")


def test_signing_up_asks_for_all_and_shows_no_password(terminal: Terminal, finish: Finish) -> None:
    child = terminal("signup")
    child.expect("Name: ")
    child.sendline("")
    child.expect("Name: ")
    child.sendline("Bea")
    child.expect("E-mail: ")
    child.sendline("bea@example.com")
    for first, second in (("one two three", "something else"), (_PASSWORD, _PASSWORD)):
        child.expect("Password: ")
        child.sendline(first)
        child.expect("Password again: ")
        child.sendline(second)
    code, screen = finish(child)

    assert code == 0
    assert _PASSWORD not in screen
    assert "Bea <bea@example.com>" in screen
    assert "→ shop products list" in screen


@pytest.mark.parametrize("key", [_CTRL_C, _CTRL_D])
@pytest.mark.parametrize("question", ["E-mail: ", "Password: "])
def test_leaving_at_a_question_changes_nothing(terminal: Terminal, finish: Finish, key: str, question: str) -> None:
    child = terminal("login")
    child.expect("E-mail: ")
    if question == "Password: ":
        child.sendline("ada@example.com")
        child.expect(question)
    child.send(key)
    code, screen = finish(child)

    assert code == 130
    assert screen.splitlines()[-1] == "\x1b[31m✗\x1b[0m cancelled, nothing was changed"


def test_no_input_asks_nothing(terminal: Terminal, finish: Finish) -> None:
    code, screen = finish(terminal("login", "--no-input"))

    assert code == 2
    assert "--email, --password-stdin are missing" in screen


def test_a_secret_is_not_piped_from_a_terminal(terminal: Terminal, finish: Finish) -> None:
    code, screen = finish(terminal("login", "--email", "a@example.com", "--password-stdin"))

    assert code == 2
    assert "--password-stdin reads a pipe" in screen


@pytest.mark.usefixtures("at_home")
def test_an_address_is_asked_for_field_by_field(terminal: Terminal, finish: Finish) -> None:
    child = terminal("addresses", "add", "work", "--name", "Ada")
    for question, answer in (
        ("Street and number", "Desk 1"),
        ("More about the street", ""),
        ("Postcode", "53111"),
        ("City", "Bonn"),
        ("State or province", ""),
        ("Country", "de"),
        ("Phone", ""),
    ):
        child.expect(question)
        child.sendline(answer)
    code, screen = finish(child)

    assert code == 0
    assert "DE" in screen


@pytest.mark.usefixtures("at_home")
def test_a_checkout_is_chosen_and_confirmed(run: Run, terminal: Terminal, finish: Finish) -> None:
    run("cart", "add", _SLUG)
    child = terminal("checkout", SHOP_PROMPTS="plain")
    child.expect("Delivery:")
    child.expect_exact("1  Standard, 2 to 4 days, 4.90 EUR (default)")
    child.expect("Number or text: ")
    child.sendline("")
    child.expect("total     123.90 EUR")
    child.expect("Number or text: ")
    assert "Test Visa" in child.before
    child.sendline("nonsense")
    child.expect("nothing matches")
    child.expect("Number or text: ")
    child.sendline("1")
    child.expect(r"Order for 123\.90 EUR and pay with Test Visa.*\[y/N\] ")
    child.sendline("y")
    code, screen = finish(child)

    assert code == 0
    assert "order 1001: paid" in screen


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("answer", ["n", "", _CTRL_D, _CTRL_C])
def test_only_a_yes_orders(run: Run, terminal: Terminal, finish: Finish, answer: str) -> None:
    run("cart", "add", _SLUG)
    child = terminal("checkout", "--pay", "tok_visa", "--shipping", "standard")
    child.expect(r"\[y/N\] ")
    child.send(answer if answer in (_CTRL_C, _CTRL_D) else f"{answer}\n")
    code, screen = finish(child)

    assert code == 130
    assert "nothing was ordered; the cart keeps the address and the delivery" in " ".join(screen.split())
    assert run("orders", "list").out == ""


@pytest.mark.usefixtures("at_home")
def test_a_card_is_typed_unseen(run: Run, terminal: Terminal, finish: Finish) -> None:
    run("cart", "add", _SLUG)
    child = terminal("checkout", "--shipping", "standard", SHOP_PROMPTS="plain")
    child.expect("Number or text: ")
    child.sendline("another card")
    for question, answer in (("Card number", "4242 4242 4242 4242"), ("Expires", "12/39"), ("CVV", "987")):
        child.expect(question)
        child.sendline(answer)
    child.expect("ending in 4242")
    assert "4242 4242" not in child.before
    child.expect(r"\[y/N\] ")
    child.sendline("yes")
    code, screen = finish(child)

    assert code == 0
    assert "987" not in screen


@pytest.mark.usefixtures("at_home")
def test_paying_and_cancelling_are_confirmed(run: Run, terminal: Terminal, finish: Finish) -> None:
    run("cart", "add", _SLUG)
    run("checkout", "--pay", "later", "--yes")
    for line, question in (
        (
            ("orders", "pay", "@last", "--pay", "tok_visa"),
            r"Pay 123\.90 EUR for order 1001 with Test .*\? \[y/N\] ",
        ),
        (("orders", "cancel", "1001"), r"Cancel order 1001 \(123\.90 EUR, paid\), and give the money back\? \[y/N\] "),
    ):
        child = terminal(*line)
        child.expect(question)
        child.sendline("y")
        code, _ = finish(child)
        assert code == 0

    assert run("orders", "show", "1001").rows[0][1] in ("cancelled", "refunded")


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_table_never_wraps(terminal: Terminal, finish: Finish, columns: int) -> None:
    _, written = finish(terminal("products", "list", columns=columns))
    screen = pyte.Screen(columns, 60)
    pyte.Stream(screen).feed(written)

    lines = [line.rstrip() for line in screen.display if line.strip()]
    assert lines[0].startswith("SLUG")
    assert len([line for line in lines if "EUR" in line]) == 30


@pytest.mark.parametrize("columns", [80, 200])
def test_help_breaks_lines_between_words(terminal: Terminal, finish: Finish, columns: int) -> None:
    code, written = finish(terminal("catalog", "import", "--help", columns=columns, rows=60))
    lines = written.splitlines()

    assert code == 0
    assert max(map(len, lines)) <= min(columns, 100)
    assert "  shop catalog import goods.csv --dry-run" in lines
    assert "Rows with one slug are the variants of one product." in written


def test_json_on_a_terminal_is_indented_and_in_colour(terminal: Terminal, finish: Finish) -> None:
    _, written = finish(terminal("products", "show", _SLUG, "--json"))

    assert written.startswith('{\r\n  \x1b[1;34m"id"\x1b[0m: \x1b[32m"')
    assert "\x1b[36mtrue\x1b[0m" in written


def test_json_has_no_colour_where_none_is_wanted(terminal: Terminal, finish: Finish) -> None:
    _, written = finish(terminal("products", "show", _SLUG, "--json", "--no-color"))

    assert written.startswith('{\r\n  "id"')
    assert "\x1b" not in written


@pytest.mark.parametrize("off", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_are_off_when_unwanted(terminal: Terminal, finish: Finish, off: dict[str, str]) -> None:
    assert "\x1b" not in finish(terminal("products", "list", **off))[1]
    assert "\x1b" not in finish(terminal("whoami", **off))[1]
