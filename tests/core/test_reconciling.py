"""The books agree after whatever people do, and each single lie in them is found."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends import Backend, BookEntry
from backends.conformance.goods import GOODS
from backends.conformance.harness import Harness, Person
from backends.conformance.places import TEST_CARDS
from backends.models import Page
from backends.registry import open_backend, random_ids, system_clock
from shopcli.core.reconciling import Reconciled, differences, reconcile
from shopcli.core.stepping import Runner
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
    harness = Harness(lambda _: shop, random_ids, system_clock, TEST_CARDS)
    ada = Person(shop, harness, "Ada", "ada@example.org")
    await ada.sign_up()
    await ada.log_in()
    orders = [await ada.order(TRIPOD) for _ in range(5)]
    await shop.payments.pay(orders[0].id, "tok_visa", random_ids())
    await shop.orders.cancel(orders[2].id, random_ids())
    await shop.payments.pay(orders[3].id, "tok_declined", random_ids())
    await shop.payments.pay(orders[4].id, "tok_visa", random_ids())
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


LIES = {
    "paid without a payment": ("payments", "UPDATE payments SET state = 'declined' WHERE state = 'settled'"),
    "paid too little": ("payments", "UPDATE payments SET amount = 1 WHERE state = 'settled'"),
    "a payment for an order that is not paid": (
        "orders",
        "UPDATE orders SET state = 'awaiting_payment' WHERE number = 1001",
    ),
    "charged twice": (
        "processor",
        "INSERT INTO charges (reference, state, amount, currency, created_at) SELECT reference, state, amount,"  # noqa: ISC004
        " currency, created_at FROM charges WHERE state = 'captured' LIMIT 1",
    ),
    "never charged": ("processor", "DELETE FROM charges WHERE refunded = 0"),
    "not given back": ("processor", "UPDATE charges SET refunded = 0"),
    "stock that was not sold": ("products", "UPDATE reservations SET state = 'released' WHERE state = 'sold'"),
    "stock that is still held": ("products", "UPDATE reservations SET state = 'held' WHERE state = 'released'"),
    "other pieces": (
        "orders",
        "UPDATE lines SET quantity = 3 WHERE order_id = (SELECT id FROM orders WHERE number = 1001)",
    ),
    "a lost order": ("orders", "DELETE FROM orders WHERE number = 1001"),
    "a cart that was given back": ("carts", "UPDATE taken SET state = 'returned'"),
    "a cart that was never taken": ("carts", "DELETE FROM taken"),
}


@pytest.mark.parametrize(("book", "lie"), LIES.values(), ids=LIES)
async def test_each_lie_is_found(shop: Backend, tmp_path: Path, book: str, lie: str) -> None:
    await lives(shop)
    await shop.aclose()
    with sqlite3.connect(tmp_path / f"{book}.db") as database:
        assert database.execute(lie).rowcount
    database.close()
    assert (await found(shop)).differences


async def test_what_is_under_way_is_no_difference(shop: Backend, tmp_path: Path) -> None:
    await lives(shop)
    await shop.aclose()
    with sqlite3.connect(tmp_path / "orders.db") as database:
        database.execute("UPDATE orders SET state = 'placing' WHERE number = 1002")
        database.execute("INSERT INTO outbox SELECT 'sell', id, '' FROM orders WHERE number = 1001")
    database.close()
    with sqlite3.connect(tmp_path / "products.db") as database:
        database.execute("UPDATE reservations SET state = 'held' WHERE state = 'sold'")
    database.close()
    told = await found(shop)
    assert (told.under_way, told.differences) == (2, [])


async def test_a_difference_that_is_gone_at_the_second_look_is_none() -> None:
    held = BookEntry("products", "o", "o", "held", 1)

    class Changing:
        looks = 0

        async def books(self, service: str, cursor: str | None = None) -> Page[BookEntry]:
            if service != "products":
                return Page(())
            self.looks += 1
            return Page((held,) if self.looks == 1 else ())

    admin = Changing()
    assert (await reconcile(admin)).differences == []  # type: ignore[arg-type]
    assert admin.looks == 2


def test_a_difference_says_what_was_expected_and_what_is_there() -> None:
    order = BookEntry("orders", "o", "1001", "paid", 2, 30000, currency="EUR")
    sold, taken = BookEntry("products", "o", "o", "held", 2), BookEntry("carts", "o", "o", "taken", 2)
    told = differences("o", order, [order, sold, taken])
    assert [(each.order, each.service, each.expected, each.found) for each in told] == [
        ("1001", "products", "sold (the order is paid)", "held"),
        ("1001", "payments", "1 settled (the order is paid)", "0 settled"),
    ]
