"""The services' books, for a shop's owner: each says the same about an order in its own words."""

import pytest

from backends import BookEntry
from backends.conformance.harness import Harness, Person, refused
from backends.interface import Admin

TRIPODS = ("tripod/standard", 2)
KEEPERS = ("carts", "orders", "payments", "products")


@pytest.fixture
def admin(harness: Harness) -> Admin:
    """The owner's port."""
    if harness.admin is None:
        pytest.skip("this shop's books are its owner's")
    return harness.admin


async def entry(admin: Admin, service: str, order_id: str) -> BookEntry:
    """The one entry of a service about an order."""
    (found,) = [each for each in (await admin.books(service)).items if each.order_id == order_id]
    return found


async def test_they_tell_of_an_order_that_waits_for_its_payment(admin: Admin, ada: Person) -> None:
    order = await ada.order(TRIPODS)
    told = [await entry(admin, service, order.id) for service in ("carts", "orders", "products")]
    assert [(each.service, each.state, each.pieces) for each in told] == [
        ("carts", "taken", 2),
        ("orders", "awaiting_payment", 2),
        ("products", "held", 2),
    ]
    assert (told[1].id, told[1].amount) == (order.number, order.totals.total.minor)
    assert all(each.order_id != order.id for each in (await admin.books("payments")).items)


async def test_they_tell_of_a_paid_order_and_of_the_processors_money(
    harness: Harness, admin: Admin, ada: Person
) -> None:
    order = await ada.order(TRIPODS)
    payment = await ada.backend.payments.pay(order.id, harness.methods.good, harness.ids())
    told = await entry(admin, "payments", order.id)
    total = order.totals.total
    assert (told.id, told.state, told.amount, told.kept) == (payment.id, "settled", total.minor, total.minor)
    assert told.currency == total.currency
    assert (await entry(admin, "orders", order.id)).state == "paid"


async def test_they_tell_of_money_that_was_given_back(harness: Harness, admin: Admin, ada: Person) -> None:
    order = await ada.order(TRIPODS)
    await ada.backend.payments.pay(order.id, harness.methods.good, harness.ids())
    await ada.backend.orders.cancel(order.id, harness.ids())
    told = await entry(admin, "payments", order.id)
    assert (told.state, told.kept) == ("refunded", 0)
    assert (await entry(admin, "products", order.id)).state == "released"


@pytest.mark.parametrize("service", KEEPERS)
async def test_all_entries_of_an_order_are_told_once_and_on_one_page(
    harness: Harness, admin: Admin, ada: Person, service: str
) -> None:
    orders = [await _paid_at_the_second_try(harness, ada) for _ in range(3)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await admin.books(service, cursor)
        told = [each.order_id for each in page.items]
        assert not set(told) & set(seen), "this page was there before"
        seen += filter(None, told)
        if (cursor := page.next_cursor) is None:
            break
    tries = 1 if harness.methods.declined is None else 2
    assert [seen.count(order) for order in orders] == [tries if service == "payments" else 1] * 3


async def _paid_at_the_second_try(harness: Harness, ada: Person) -> str:
    """Order something, and pay with a card that is declined, if one is known, then with a good one."""
    order = await ada.order(("strap-01/standard", 1))
    for method in filter(None, (harness.methods.declined, harness.methods.good)):
        await ada.backend.payments.pay(order.id, method, harness.ids())
    return order.id


async def test_a_service_without_such_books_has_none(admin: Admin) -> None:
    with refused("not_found"):
        await admin.books("users")
