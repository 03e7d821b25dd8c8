"""Several terminals at the same time: real processes, real files."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.processes.books import Books, on_shelves, rows
from tests.processes.terminal import GOODS, VARIANT, Result, Running, Terminal, ref

MANY = 12
CHECKOUT = ("checkout", "--yes", "--pay", "tok_visa")


def results(running: list[Running]) -> list[Result]:
    return [each.result() for each in running]


def codes(ended: list[Result]) -> list[int]:
    return sorted(each.code for each in ended)


def add_many_times(terminal: Terminal) -> None:
    ended = results([terminal.start("cart", "add", ref(VARIANT)) for _ in range(MANY)])

    assert codes(ended) == [0] * MANY, ended
    cart = terminal.run("cart", "show", "--json").json()
    assert [(line["variant_id"], line["quantity"]) for line in cart["lines"]] == [(VARIANT, MANY)]


def test_adding_at_the_same_time_loses_no_piece(ready: Terminal, tmp_path: Path) -> None:
    terminal = ready.copy(tmp_path / "data")
    terminal.run("cart", "clear").ok()

    add_many_times(terminal)


def test_guests_who_are_the_first_ever_at_the_same_time_share_one_cart(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "not" / "there" / "yet")

    add_many_times(terminal)

    assert len(rows(terminal.shop / "carts.db", "SELECT * FROM carts")) == 1
    assert set(on_shelves(terminal.shop)) > set(GOODS)


def test_of_several_sign_ups_with_one_address_exactly_one_wins(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "data")
    passwords = [f"my secret number {n}" for n in range(6)]
    line = ("signup", "--name", "Ada", "--email", "ada@example.org", "--password-stdin")

    ended = results([terminal.start(*line, stdin=password) for password in passwords])

    assert codes(ended) == [0, 6, 6, 6, 6, 6], ended
    (won,) = (password for password, each in zip(passwords, ended, strict=True) if each.code == 0)
    assert terminal.run("whoami").ok().out == "Ada\tada@example.org\n"
    assert terminal.run("login", "--email", "ada@example.org", "--password-stdin", stdin=won).code == 0
    assert len(rows(terminal.shop / "users.db", "SELECT * FROM users")) == 1


@pytest.mark.parametrize("nth", range(3))
def test_one_cart_checked_out_twice_at_the_same_time_is_one_order(nth: int, ready: Terminal, tmp_path: Path) -> None:
    terminal = ready.copy(tmp_path / "data")
    initial = on_shelves(terminal.shop)

    ended = results([terminal.start(*CHECKOUT) for _ in range(2)])

    assert codes(ended) == [0, 6], ended
    books = Books.read(terminal)
    books.check(GOODS, initial)
    assert books.in_orders("paid") == Counter(GOODS)
    assert len(books.charges) == 1
    (lost,) = (each.err for each in ended if each.code)
    told = "by this checkout" in lost and "→ shop orders list" in lost
    assert told or "the cart is empty\n→ shop products list" in lost  # it began when the other one had ended


def last_piece(shop: Path) -> None:
    with closing(sqlite3.connect(shop / "products.db")) as connection, connection:
        connection.execute("UPDATE variants SET available = 1 WHERE id = ?", (VARIANT,))


@pytest.mark.parametrize("nth", range(2))
def test_the_last_piece_is_sold_once(nth: int, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    ada, ben = (Terminal(tmp_path / name, shop) for name in ("ada", "ben"))
    wanted = {VARIANT: 1}
    for person, email in ((ada, "ada@example.org"), (ben, "ben@example.org")):
        person.sign_up(email).ok()
        person.fill(wanted)
    last_piece(shop)
    initial = on_shelves(shop)

    ended = results([person.start(*CHECKOUT) for person in (ada, ben)])

    assert codes(ended) == [0, 6], ended
    books = Books.read(ada)
    books.check({VARIANT: 2}, initial)  # one in the winner's order, one still in the loser's cart
    assert books.in_orders("paid") == Counter(wanted)
    assert Books.read(ben).journal == []
    lost = ended[0] if ended[0].code else ended[1]
    assert "nothing was charged" in lost.err
