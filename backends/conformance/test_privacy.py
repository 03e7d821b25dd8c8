"""What belongs to somebody else is not found, which is all that a shop tells."""

from dataclasses import replace

import pytest

from backends import Backend, Capability, OrderStatus, PaymentStatus
from backends.conformance.harness import Harness, Person, refused

TRIPODS = ("tripod/standard", 2)


async def test_another_persons_order(harness: Harness, ada: Person, ben: Person) -> None:
    order = await ada.order(TRIPODS)
    assert order.number is not None
    for ref in (order.id, order.number):
        with refused("not_found", service="orders"):
            await ben.backend.orders.get(ref)
    with refused("not_found", service="orders"):
        await ben.backend.orders.cancel(order.id, harness.ids())
    assert (await ben.backend.orders.list(10)).items == ()
    assert await ada.backend.orders.get(order.id) == order


async def test_another_persons_attempt(ada: Person, ben: Person) -> None:
    await ada.fill(TRIPODS)
    attempt = await ada.attempt()
    order = await ada.backend.orders.place(attempt)
    assert await ben.backend.orders.find(attempt) is None
    with refused("not_found", service="orders"):
        await ben.backend.orders.place(attempt)
    assert await ada.backend.orders.get(order.id) == order


async def test_another_persons_cart_cannot_be_placed(ada: Person, ben: Person) -> None:
    await ada.fill(TRIPODS)
    stolen = await ada.attempt()
    order = await ben.backend.orders.place(stolen)
    assert (order.status, order.reason) == (OrderStatus.REJECTED, "cart_changed")
    assert len((await ada.backend.carts.view()).lines) == 1
    assert (await ben.backend.carts.view()).lines == ()


async def test_another_persons_payment(harness: Harness, ada: Person, ben: Person) -> None:
    order = await ada.order(TRIPODS)
    key = harness.ids()
    payment = await ada.backend.payments.pay(order.id, harness.methods.good, key)
    with refused("not_found", service="payments"):
        await ben.backend.payments.pay(order.id, harness.methods.good, key)
    assert await ada.backend.payments.list(order.id) == (payment,)


async def test_the_payments_of_another_persons_order(ada: Person, ben: Person) -> None:
    order = await ada.order(TRIPODS)
    with refused("not_found"):
        await ben.backend.payments.list(order.id)


async def test_another_persons_order_cannot_be_paid_nor_blocked(harness: Harness, ada: Person, ben: Person) -> None:
    order = await ada.order(TRIPODS)
    payment = await ben.backend.payments.pay(order.id, harness.methods.good, harness.ids())
    unknown = await ben.backend.payments.pay(harness.unknown_id, harness.methods.good, harness.ids())
    assert (payment.status, payment.reason) == (unknown.status, unknown.reason) == (PaymentStatus.REFUSED, "not_found")
    if harness.methods.lost is not None:
        await ben.backend.payments.pay(order.id, harness.methods.lost, harness.ids())
    paid = await ada.backend.payments.pay(order.id, harness.methods.good, harness.ids())
    assert paid.status is PaymentStatus.SETTLED


@pytest.mark.needs(Capability.GUEST_CART)
async def test_a_guests_cart_id_places_nothing(harness: Harness, ada: Person, guest: Backend) -> None:
    cart = await guest.carts.add("tripod/standard", 2)
    assert cart.id is not None
    await ada.fill(TRIPODS)
    attempt = replace(await ada.attempt(), cart_id=cart.id, cart_version=cart.version)
    assert (await ada.backend.orders.place(attempt)).status is OrderStatus.REJECTED
    assert len((await guest.carts.view()).lines) == 1


async def test_orders_and_payments_need_an_account(harness: Harness, ada: Person, guest: Backend) -> None:
    await ada.fill(TRIPODS)
    attempt = await ada.attempt()
    with refused("login_required"):
        await guest.orders.place(attempt)
    with refused("login_required"):
        await guest.orders.find(attempt)
    with refused("login_required"):
        await guest.orders.get("1001")
    with refused("login_required"):
        await guest.orders.list(10)
    with refused("login_required"):
        await guest.payments.methods()
    with refused("login_required"):
        await guest.payments.pay(attempt.key, harness.methods.good, harness.ids())
    with refused("login_required"):
        await guest.payments.list(attempt.key)
    assert len((await ada.backend.carts.view()).lines) == 1
