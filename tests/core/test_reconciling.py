"""The books agree after whatever people do, and each single lie in them is found."""

import sqlite3
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pytest

from backends import Backend, BookEntry
from backends.conformance.clock import countable_ids
from backends.conformance.goods import GOODS
from backends.conformance.harness import Harness, Person
from backends.conformance.places import TEST_CARDS
from backends.interface import KEEPERS
from backends.models import Page
from backends.registry import open_backend, random_ids, system_clock
from shopcli.core.reconciling import Reconciled, differences, reconcile
from shopcli.core.stepping import Runner
from stub_services import books
from stub_services.products import stock_store
from tests.conftest import plain_passwords

TRIPOD = ("tripod/standard", 2)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    plain_passwords(monkeypatch)
    backend = open_backend(f"sqlite:{tmp_path}")
    yield backend
    Runner().run(backend, backend.aclose())


async def lives(shop: Backend) -> None:
    """A paid, an unpaid, a cancelled, a declined and a refunded order, and one that never arrived."""
    assert shop.admin is not None
    await shop.admin.import_catalog(GOODS)
    harness = Harness(lambda _: shop, countable_ids(), system_clock, TEST_CARDS)
    ada = Person(shop, harness, "Ada", "ada@example.org")
    await ada.sign_up()
    await ada.log_in()
    orders = [await ada.order(TRIPOD) for _ in range(5)]
    await shop.payments.pay(orders[0].id, "tok_visa", "payment-1")
    await shop.orders.cancel(orders[2].id, random_ids())
    await shop.payments.pay(orders[3].id, "tok_declined", "payment-2")
    await shop.payments.pay(orders[4].id, "tok_visa", "payment-3")
    await shop.orders.cancel(orders[4].id, random_ids())
    await shop.orders.cancel("never-arrived", random_ids())


async def found(shop: Backend) -> Reconciled:
    assert shop.admin is not None
    return await reconcile(shop.admin)


async def test_the_books_agree_after_all_that_can_become_of_an_order(shop: Backend) -> None:
    await lives(shop)
    told = await found(shop)
    assert (told.orders, told.under_way, told.differences) == (6, 0, [])
    assert dict(told.settled) == {"EUR": 30470}


LOST = "00000000-0000-4000-8000-000000000001"
PAID, UNPAID, GONE = "paid", "awaiting_payment", "unknown"
SHELF = "tripod/standard"
LIES = {
    "paid without a payment": (
        ("payments", "UPDATE payments SET state = 'declined' WHERE state = 'settled'"),
        {
            ("1001", "payments", "0.00 EUR kept (declined)", "304.70 EUR", PAID, "payment-1"),
            ("1001", "payments", "1 settled", "0 settled", PAID, None),
        },
    ),
    "paid too little": (
        ("payments", "UPDATE payments SET amount = 1 WHERE state = 'settled'"),
        {
            ("1001", "payments", "0.01 EUR kept (settled)", "304.70 EUR", PAID, "payment-1"),
            ("1001", "payments", "304.70 EUR", "0.01 EUR", PAID, "payment-1"),
        },
    ),
    "paid in other money": (
        ("payments", "UPDATE payments SET currency = 'JPY' WHERE state = 'settled'"),
        {("1001", "payments", "304.70 EUR", "30470 JPY", PAID, "payment-1")},
    ),
    "a payment for an order that is not paid": (
        ("orders", "UPDATE orders SET state = 'awaiting_payment' WHERE number = 1001"),
        {
            ("1001", "products", "held", "sold", UNPAID, None),
            ("1001", "payments", "0 settled", "1 settled", UNPAID, "payment-1"),
        },
    ),
    "charged twice": (
        (
            "processor",
            "INSERT INTO charges (reference, state, amount, currency, created_at) SELECT reference, state, amount,"  # noqa: ISC004
            " currency, created_at FROM charges WHERE state = 'captured' LIMIT 1",
        ),
        {("1001", "payments", "304.70 EUR kept (settled)", "609.40 EUR", PAID, "payment-1")},
    ),
    "charged for nothing": (
        (
            "processor",
            "INSERT INTO charges (reference, state, amount, currency, refunded, created_at) VALUES"  # noqa: ISC004
            " ('all', 'captured', 10490, 'EUR', 0, 1), ('none', 'captured', 10490, 'EUR', 10490, 1),"
            " ('no', 'card_declined', 10490, 'EUR', 0, 1), ('part', 'captured', 10490, 'EUR', 10000, 1)",
        ),
        {
            (None, "payments", "no charge", "104.90 EUR kept", None, "all"),
            (None, "payments", "no charge", "4.90 EUR kept", None, "part"),
        },
    ),
    "never charged": (
        ("processor", "DELETE FROM charges WHERE refunded = 0"),
        {("1001", "payments", "304.70 EUR kept (settled)", "0.00 EUR", PAID, "payment-1")},
    ),
    "not given back": (
        ("processor", "UPDATE charges SET refunded = 0"),
        {("1005", "payments", "0.00 EUR kept (refunded)", "304.70 EUR", "refunded", "payment-3")},
    ),
    "stock that was not sold": (
        ("products", "UPDATE reservations SET state = 'released' WHERE state = 'sold'"),
        {
            ("1001", "products", "sold", "released", PAID, None),
            (None, "products", "0 sold", "2 sold", None, SHELF),
        },
    ),
    "stock that is still held": (
        ("products", "UPDATE reservations SET state = 'held' WHERE state = 'released'"),
        {
            ("1003", "products", "released", "held", "cancelled", None),
            ("1005", "products", "released", "held", "refunded", None),
            (None, "products", "8 held", "4 held", None, SHELF),
        },
    ),
    "a shelf that counts more sold": (
        ("products", "UPDATE variants SET sold = sold + 1 WHERE id = 'tripod/standard'"),
        {(None, "products", "2 sold", "3 sold", None, SHELF)},
    ),
    "a shelf that counts more held, of what nobody ordered": (
        ("products", "UPDATE variants SET reserved = reserved + 1 WHERE id = 'strap-01/standard'"),
        {(None, "products", "0 held", "1 held", None, "strap-01/standard")},
    ),
    "a variant that is gone": (
        ("products", "DELETE FROM variants WHERE id = 'tripod/standard'"),
        {(None, "products", "4 held", "0 held", None, SHELF), (None, "products", "2 sold", "0 sold", None, SHELF)},
    ),
    "other pieces": (
        ("orders", "UPDATE lines SET quantity = 3 WHERE order_id IN (SELECT id FROM orders WHERE number < 1003)"),
        {
            ("1001", "carts", "3 pieces", "2 pieces", PAID, None),
            ("1001", "products", "3 pieces", "2 pieces", PAID, None),
            ("1002", "carts", "3 pieces", "2 pieces", UNPAID, None),
            ("1002", "products", "3 pieces", "2 pieces", UNPAID, None),
        },
    ),
    "a lost order": (
        ("orders", "DELETE FROM orders WHERE number = 1001"),
        {
            (LOST, "carts", "returned or none", "taken", GONE, None),
            (LOST, "products", "released or refused or none", "sold", GONE, None),
            (LOST, "payments", "0 settled", "1 settled", GONE, "payment-1"),
        },
    ),
    "a cart that was given back": (
        ("carts", "UPDATE taken SET state = 'returned'"),
        {
            ("1001", "carts", "taken", "returned", PAID, None),
            ("1002", "carts", "taken", "returned", UNPAID, None),
            ("1003", "carts", "taken", "returned", "cancelled", None),
            ("1004", "carts", "taken", "returned", UNPAID, None),
            ("1005", "carts", "taken", "returned", "refunded", None),
        },
    ),
    "a cart that was never taken": (
        ("carts", "DELETE FROM taken"),
        {
            ("1001", "carts", "taken", "none", PAID, None),
            ("1002", "carts", "taken", "none", UNPAID, None),
            ("1003", "carts", "taken", "none", "cancelled", None),
            ("1004", "carts", "taken", "none", UNPAID, None),
            ("1005", "carts", "taken", "none", "refunded", None),
        },
    ),
}


@pytest.mark.parametrize(("lie", "expected"), LIES.values(), ids=LIES)
async def test_each_lie_is_found(
    shop: Backend, tmp_path: Path, lie: tuple[str, str], expected: set[tuple[str | None, ...]]
) -> None:
    await lives(shop)
    await shop.aclose()
    book, change = lie
    with sqlite3.connect(tmp_path / f"{book}.db") as database:
        assert database.execute(change).rowcount
    database.close()
    told = [astuple(each) for each in (await found(shop)).differences]
    assert set(told) == expected
    assert len(told) == len(expected)


async def test_what_is_under_way_is_no_difference(shop: Backend, tmp_path: Path) -> None:
    await lives(shop)
    await shop.aclose()
    with sqlite3.connect(tmp_path / "orders.db") as database:
        database.execute("UPDATE orders SET state = 'placing' WHERE number = 1002")
        database.execute("INSERT INTO outbox SELECT 'sell', id, '' FROM orders WHERE number = 1001")
    database.close()
    with sqlite3.connect(tmp_path / "products.db") as database:
        database.execute("UPDATE reservations SET state = 'held' WHERE state = 'sold'")
        database.execute("UPDATE variants SET reserved = reserved + sold, sold = 0")
    database.close()
    told = await found(shop)
    assert (told.under_way, told.differences) == (2, [])


async def test_charges_for_nothing_are_looked_for_among_all_and_told_up_to_a_page(
    shop: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lives(shop)
    await shop.aclose()
    monkeypatch.setattr(books, "ORDERS", 2)
    with sqlite3.connect(tmp_path / "processor.db") as database:
        for references in (["a", "z"], ["z", "zz"]):
            for reference in references:
                database.execute(
                    "INSERT INTO charges (reference, state, amount, currency, created_at)"
                    " VALUES (?, 'captured', 1, 'EUR', 1)",
                    [reference],
                )
            database.commit()
            assert [each.about for each in (await found(shop)).differences] == ["a", "z"]
    database.close()


async def test_reservations_are_counted_in_parts(
    shop: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lives(shop)
    monkeypatch.setattr(stock_store, "_PART", 1)
    assert (await found(shop)).differences == []


class Books:
    """A shop whose books say this at the first look, that at the next; each page has one entry."""

    def __init__(self, *looks: list[BookEntry]) -> None:
        self._looks = looks
        self.asked: list[str] = []

    async def books(self, service: str, cursor: str | None = None) -> Page[BookEntry]:
        if cursor is None:
            self.asked.append(service)
        at = int(cursor or 0)
        entries = [entry for entry in self._looks[self.asked.count(service) - 1] if entry.service == service]
        return Page(tuple(entries[at : at + 1]), str(at + 1) if at + 1 < len(entries) else None)


def held(order_id: str) -> BookEntry:
    """Stock for an order that nobody else knows."""
    return BookEntry("products", order_id, order_id, "held", 1)


async def test_what_a_second_look_does_not_find_again_or_finds_only_then_is_no_difference() -> None:
    admin = Books([held("gone"), held("stays")], [held("stays"), held("new")])
    assert [each.order for each in (await reconcile(admin)).differences] == ["stays"]  # type: ignore[arg-type]
    assert len(admin.asked) == 2 * len(KEEPERS)


async def test_all_pages_are_looked_at() -> None:
    orders = [
        entry
        for order_id in ("o1", "o2", "o3")
        for entry in (
            BookEntry("orders", order_id, order_id, "awaiting_payment", 1, 100, currency="EUR"),
            BookEntry("carts", order_id, order_id, "taken", 1),
            BookEntry("products", order_id, order_id, "sold" if order_id == "o3" else "held", 1),
            BookEntry("payments", order_id, f"p{order_id}", "declined", amount=100, kept=0),
        )
    ]
    told = await reconcile(Books(orders, orders))  # type: ignore[arg-type]
    assert told.orders == 3
    assert [astuple(each) for each in told.differences] == [("o3", "products", "held", "sold", UNPAID, None)]


async def test_an_order_that_begins_while_books_are_read_needs_no_second_look() -> None:
    class Beginning(Books):
        async def books(self, service: str, cursor: str | None = None) -> Page[BookEntry]:
            page = await super().books(service, cursor)
            return page if service != self.asked[0] else Page(())

    order = [BookEntry("orders", "o", "o", "placing", 1), BookEntry("carts", "o", "o", "taken", 1), held("o")]
    admin = Beginning(order, order)
    told = await reconcile(admin)  # type: ignore[arg-type]
    assert (told.under_way, told.differences) == (1, [])
    assert len(admin.asked) == len(KEEPERS)


PLACED = ("awaiting_payment", "paid")
ENDED = ("cancelled", "expired", "refunded")
OTHERS = ("rejected", "unknown")
FITS = {
    ("carts", PLACED + ENDED): {"taken"},
    ("carts", OTHERS): {"returned", "none"},
    ("products", ("awaiting_payment",)): {"held"},
    ("products", ("paid",)): {"sold"},
    ("products", ENDED): {"released"},
    ("products", OTHERS): {"released", "refused", "none"},
}
"""By service and the order's states: what may have become of the goods."""


@pytest.mark.parametrize(
    ("service", "state", "fitting"),
    [(service, state, fitting) for (service, states), fitting in FITS.items() for state in states],
)
def test_goods_fit_the_state_of_their_order(service: str, state: str, fitting: set[str]) -> None:
    order = None if state == "unknown" else BookEntry("orders", "o", "o", state, 2)
    accepted = set()
    for goods in ("taken", "returned", "held", "sold", "released", "refused", "none", "lost"):
        entries = [] if goods == "none" else [BookEntry(service, "o", "o", goods, 2)]
        if service not in {each.service for each in differences("o", order, entries)}:
            accepted.add(goods)
    assert accepted == fitting


def test_a_difference_says_what_was_expected_and_what_is_there() -> None:
    order = BookEntry("orders", "o", "1001", "paid", 2, 30000, currency="EUR")
    sold, taken = BookEntry("products", "o", "o", "held", 2), BookEntry("carts", "o", "o", "taken", 2)
    told = differences("o", order, [order, sold, taken])
    assert [(each.order, each.service, each.expected, each.found) for each in told] == [
        ("1001", "products", "sold", "held"),
        ("1001", "payments", "1 settled", "0 settled"),
    ]
