"""Cancelling orders: what was paid is refunded, and what never arrived is refused later."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from backends import Backend, Capability, Money, OrderStatus, PaymentStatus
from backends.conformance.goods import PLENTY
from backends.conformance.harness import Harness, Person, refused

pytestmark = pytest.mark.needs(Capability.CANCEL_ORDER)

CANCELLED, EXPIRED, REJECTED = OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED
TRIPODS = ("tripod/standard", 2)


async def cancel(person: Person, order_id: str) -> tuple[OrderStatus, str | None]:
    """Cancel twice: both answers are the same."""
    first = await person.backend.orders.cancel(order_id, person.harness.ids())
    assert first.id == order_id
    assert await person.backend.orders.cancel(order_id, person.harness.ids()) == first
    assert await person.backend.orders.get(order_id) == first
    return first.status, first.reason


async def test_an_order_that_waits_for_payment(ada: Person) -> None:
    order = await ada.order(TRIPODS)
    assert await cancel(ada, order.id) == (CANCELLED, "cancelled")
    await ada.expect_stock("tripod", PLENTY)
    after = await ada.backend.orders.get(order.id)
    assert (after.lines, after.totals, after.number) == (order.lines, order.totals, order.number)
    assert after.expires_at is None


async def test_a_later_cancel_does_not_bring_the_cart_back(ada: Person) -> None:
    order = await ada.order(TRIPODS)
    await cancel(ada, order.id)
    assert (await ada.backend.carts.view()).lines == ()


async def test_a_paid_order_is_refunded(harness: Harness, ada: Person) -> None:
    order = await ada.order(TRIPODS)
    payment = await ada.backend.payments.pay(order.id, harness.methods.good, harness.ids())
    await ada.backend.orders.cancel(order.id, harness.ids())
    assert (await ada.backend.orders.get(order.id)).status is OrderStatus.REFUNDED
    (after,) = await ada.backend.payments.list(order.id)
    assert (after.id, after.status, after.amount) == (payment.id, PaymentStatus.REFUNDED, order.totals.total)
    await ada.expect_stock("tripod", PLENTY)
    assert await cancel(ada, order.id) == (OrderStatus.REFUNDED, "cancelled")


async def test_an_order_that_never_arrived_leaves_a_tombstone(ada: Person) -> None:
    """R2: the place that comes later is refused, and the cart stays."""
    await ada.fill(TRIPODS)
    attempt = await ada.attempt()
    assert await cancel(ada, attempt.key) == (REJECTED, "cancelled")
    order = await ada.backend.orders.place(attempt)
    assert (order.status, order.reason) == (REJECTED, "cancelled")
    assert [line.quantity for line in (await ada.backend.carts.view()).lines] == [2]
    await ada.expect_stock("tripod", PLENTY)
    assert (await ada.backend.orders.list(10)).items == ()


async def test_a_tombstone_belongs_to_who_cancelled(ada: Person, ben: Person) -> None:
    """R2: bound to the caller."""
    await ada.fill(TRIPODS)
    attempt = await ada.attempt()
    await cancel(ben, attempt.key)
    with refused("not_found", service="orders"):
        await ada.backend.orders.get(attempt.key)
    with refused("not_found", service="orders"):
        await ada.backend.orders.place(attempt)
    assert len((await ada.backend.carts.view()).lines) == 1


async def test_a_rejected_order_stays_as_it_is(ada: Person) -> None:
    await ada.fill(TRIPODS)
    order = await ada.backend.orders.place(await ada.attempt(total=Money.of_minor(1, "EUR")))
    assert await cancel(ada, order.id) == (REJECTED, "price_changed")


async def test_an_expired_order_stays_as_it_is(ada: Person, advance: Callable[[timedelta], None]) -> None:
    order = await ada.order(TRIPODS)
    advance(timedelta(minutes=30))
    assert await cancel(ada, order.id) == (EXPIRED, None)


async def test_a_cancelled_order_cannot_be_paid(harness: Harness, ada: Person) -> None:
    order = await ada.order(TRIPODS)
    await cancel(ada, order.id)
    payment = await ada.backend.payments.pay(order.id, harness.methods.good, harness.ids())
    assert (payment.status, payment.reason) == (PaymentStatus.REFUSED, "order_cancelled")


async def test_cancelling_by_number_does_not_cancel_something_else(ada: Person) -> None:
    order = await ada.order(TRIPODS)
    assert order.number is not None
    answer = await ada.backend.orders.cancel(order.number, ada.harness.ids())
    assert answer.id == order.number
    assert answer.status is REJECTED


async def test_cancelling_while_the_answer_of_a_charge_is_lost(harness: Harness, ada: Person) -> None:
    if harness.methods.lost is None:
        pytest.skip("answers do not get lost here")
    order = await ada.order(TRIPODS)
    key = harness.ids()
    payment = await ada.backend.payments.pay(order.id, harness.methods.lost, key)
    assert payment.status is PaymentStatus.CHARGING
    await ada.backend.orders.cancel(order.id, harness.ids())
    payment = await ada.backend.payments.pay(order.id, harness.methods.lost, key)
    assert payment.status is PaymentStatus.REFUNDED
    assert (await ada.backend.orders.get(order.id)).status in {CANCELLED, OrderStatus.REFUNDED}
    await ada.expect_stock("tripod", PLENTY)


@pytest.mark.any_goods
async def test_cancelling_needs_an_account(guest: Backend, harness: Harness) -> None:
    with refused("login_required"):
        await guest.orders.cancel(harness.ids(), harness.ids())
