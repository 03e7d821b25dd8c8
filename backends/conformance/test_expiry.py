"""Orders that nobody pays expire."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from backends import Capability, OrderStatus, PaymentStatus
from backends.conformance.goods import PLENTY
from backends.conformance.harness import Harness, Person

pytestmark = pytest.mark.needs(Capability.PAY_EXISTING_ORDER)

TRIPODS = ("tripod/standard", 2)
WINDOW = timedelta(minutes=30)
Advance = Callable[[timedelta], None]


async def test_an_unpaid_order_expires_after_half_an_hour(ada: Person, advance: Advance) -> None:
    order = await ada.order(TRIPODS)
    advance(WINDOW - timedelta(milliseconds=1))
    assert await ada.backend.orders.get(order.id) == order
    advance(timedelta(milliseconds=1))
    expired = await ada.backend.orders.get(order.id)
    assert (expired.status, expired.expires_at) == (OrderStatus.EXPIRED, None)
    assert [each.status for each in (await ada.backend.orders.list(10)).items] == [OrderStatus.EXPIRED]


async def test_its_stock_comes_back_and_its_cart_does_not(ada: Person, ben: Person, advance: Advance) -> None:
    order = await ada.order(("last/standard", 1))
    advance(WINDOW)
    again = await ben.order(("last/standard", 1))
    assert again.status is OrderStatus.AWAITING_PAYMENT
    assert (await ada.backend.orders.get(order.id)).status is OrderStatus.EXPIRED
    assert (await ada.backend.carts.view()).lines == ()


async def test_an_expired_order_cannot_be_paid(harness: Harness, ada: Person, advance: Advance) -> None:
    order = await ada.order(TRIPODS)
    advance(WINDOW)
    payment = await ada.backend.payments.pay(order.id, harness.methods.good, harness.ids())
    assert (payment.status, payment.reason) == (PaymentStatus.REFUSED, "order_expired")
    await ada.fill(("camera/standard", 1))
    await ada.expect_stock("tripod", PLENTY)


async def test_an_order_does_not_expire_while_a_charge_is_under_way(
    harness: Harness, ada: Person, advance: Advance
) -> None:
    """R7: a claim keeps the order alive."""
    if harness.methods.lost is None:
        pytest.skip("answers do not get lost here")
    order = await ada.order(TRIPODS)
    key = harness.ids()
    await ada.backend.payments.pay(order.id, harness.methods.lost, key)
    advance(3 * WINDOW)
    # A shop that works beside the requests may have settled it by itself.
    assert (await ada.backend.orders.get(order.id)).status in (OrderStatus.AWAITING_PAYMENT, OrderStatus.PAID)
    assert (await ada.backend.payments.pay(order.id, harness.methods.lost, key)).status is PaymentStatus.SETTLED
    assert (await ada.backend.orders.get(order.id)).status is OrderStatus.PAID


async def test_a_declined_payment_does_not_keep_an_order_alive(harness: Harness, ada: Person, advance: Advance) -> None:
    if harness.methods.declined is None:
        pytest.skip("no card is declined here")
    order = await ada.order(TRIPODS)
    await ada.backend.payments.pay(order.id, harness.methods.declined, harness.ids())
    advance(WINDOW)
    assert (await ada.backend.orders.get(order.id)).status is OrderStatus.EXPIRED


async def test_a_paid_order_never_expires(harness: Harness, ada: Person, advance: Advance) -> None:
    order = await ada.order(TRIPODS)
    await ada.backend.payments.pay(order.id, harness.methods.good, harness.ids())
    advance(timedelta(days=29))
    await ada.fill(("camera/standard", 1))
    assert (await ada.backend.orders.get(order.id)).status is OrderStatus.PAID
    await ada.expect_stock("tripod", PLENTY - 2)


async def test_an_attempt_repeated_after_its_order_expired_places_nothing(ada: Person, advance: Advance) -> None:
    await ada.fill(TRIPODS)
    attempt = await ada.attempt()
    order = await ada.backend.orders.place(attempt)
    advance(WINDOW)
    await ada.fill(TRIPODS)
    again = await ada.backend.orders.place(attempt)
    assert (again.id, again.status) == (order.id, OrderStatus.EXPIRED)
    assert len((await ada.backend.carts.view()).lines) == 1
