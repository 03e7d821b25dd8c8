from datetime import timedelta
from itertools import repeat

import pytest

from backends import OrderStatus, PaymentStatus
from backends.conformance.goods import TRIPOD, stocked
from backends.errors import (
    InvalidState,
    Locked,
    NotFound,
    OutcomeUnknown,
    PaymentDeclined,
    SessionExpired,
    ShopError,
    StorageError,
    Unavailable,
)
from shopcli.core.intents import PLACED, Cancelling, Entry, Paying, Placing
from shopcli.core.journal import Journal
from shopcli.core.settling import Settled, settle
from tests.core.scripted import World, fails, no_connection

YOUNG = timedelta(minutes=29)
OLD = timedelta(minutes=31)
ANCIENT = timedelta(hours=72, seconds=1)


async def resume(world: World) -> Settled:
    (settled,) = await world.within(settle(world.checkout, wait=True))
    return settled


async def intent(world: World, *, arrived: bool) -> Placing:
    """A confirmed checkout whose terminal died, before or after the shop got to know of it."""
    entry = Placing(await world.confirm(), world.account)
    world.journal.record(entry)
    if arrived:
        await world.real.orders.place(entry.attempt)
    return entry


async def payment(world: World, *, arrived: bool, method: str = "tok_visa") -> Paying:
    order = await world.place()
    entry = Paying("my-payment", order.id, world.account, method, world.clock())
    world.journal.record(entry)
    if arrived:
        await world.real.payments.pay(entry.order_id, entry.method, entry.key)
    return entry


async def cancellation(world: World, *, arrived: bool) -> Cancelling:
    order = await world.place()
    entry = Cancelling("my-cancellation", order.id, world.account, world.clock())
    world.journal.record(entry)
    if arrived:
        await world.real.orders.cancel(entry.order_id, entry.key)
    return entry


async def captured(world: World, order_id: str) -> int:
    return [each.status for each in await world.real.payments.list(order_id)].count(PaymentStatus.SETTLED)


# --- placing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("arrived", [False, True])
async def test_a_young_intent_becomes_its_order_and_nothing_is_charged(world: World, arrived: bool) -> None:
    entry = await intent(world, arrived=arrived)
    world.clock.advance(YOUNG)

    settled = await resume(world)

    assert settled.order is not None
    assert (settled.key, settled.order.id, settled.error) == (entry.key, entry.key, None)
    assert (settled.message, settled.hint) == ("order 1001 is placed and not paid", "shop orders pay 1001")
    assert world.shop.calls("orders.place") == [(entry.attempt,)]
    assert world.shop.calls("payments.pay") == []
    assert world.unfinished() == ()


async def test_an_old_intent_that_never_arrived_is_cancelled_for_good(world: World) -> None:
    entry = await intent(world, arrived=False)
    world.clock.advance(OLD)

    settled = await resume(world)

    assert (settled.message, settled.hint) == ("the checkout was not placed; nothing was charged", "shop cart show")
    assert settled.error is None
    assert world.shop.calls("orders.place") == []
    assert world.unfinished() == ()
    late = await world.real.orders.place(entry.attempt)
    assert (late.status, late.reason) == (OrderStatus.REJECTED, "cancelled")
    assert await world.cart_is_full()


@pytest.mark.parametrize("paid", [False, True], ids=["unpaid", "paid elsewhere"])
async def test_an_old_intent_that_did_arrive_is_not_undone_if_it_was_paid_for(world: World, paid: bool) -> None:
    entry = await intent(world, arrived=True)
    if paid:
        await world.real.payments.pay(entry.key, "tok_visa", "elsewhere")
    world.clock.advance(OLD)

    settled = await resume(world)

    assert (settled.message, settled.error) == (f"order 1001 is {'paid' if paid else 'expired'}", None)
    assert world.unfinished() == ()


async def test_a_young_intent_that_is_refused_now_says_why(world: World) -> None:
    await intent(world, arrived=False)
    await world.real.admin.import_catalog((stocked(TRIPOD, 0),))

    settled = await resume(world)

    assert settled.error is not None
    assert settled.error.code == "out_of_stock"
    assert "nothing was charged" in settled.message
    assert world.unfinished() == ()
    assert await world.cart_is_full()


@pytest.mark.parametrize("age", [timedelta(), YOUNG, OLD])
async def test_a_placed_order_is_told_and_never_paid_or_cancelled(world: World, age: timedelta) -> None:
    order = await world.checkout.place(await world.confirm())
    world.shop.made.clear()
    world.clock.advance(age)

    settled = await resume(world)

    told = "order 1001 is expired" if age == OLD else "order 1001 is placed and not paid"
    assert (settled.message, settled.error) == (told, None)
    assert world.unfinished() == ()
    assert set(world.shop.made) == {"orders.get"}
    assert await world.real.payments.list(order.id) == ()


async def test_a_placed_order_that_was_paid_elsewhere_is_paid(world: World) -> None:
    order = await world.checkout.place(await world.confirm())
    await world.real.payments.pay(order.id, "tok_visa", "elsewhere")

    assert (await resume(world)).message == "order 1001 is paid"
    assert await captured(world, order.id) == 1


# --- paying ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrived", "method", "age"),
    [(False, "tok_visa", YOUNG), (True, "tok_visa", OLD), (True, "tok_lost_answer", timedelta(hours=71))],
)
async def test_a_payment_that_may_have_been_sent_is_made_once(
    world: World, arrived: bool, method: str, age: timedelta
) -> None:
    entry = await payment(world, arrived=arrived, method=method)
    world.clock.advance(age)

    assert (await resume(world)).message == "order 1001 is paid"
    assert world.shop.calls("payments.pay") == [(entry.order_id, entry.method, entry.key)]
    assert await captured(world, entry.order_id) == 1
    assert world.unfinished() == ()


@pytest.mark.parametrize(
    ("arrived", "method", "cancelled", "age", "error", "words"),
    [
        (False, "tok_declined", False, YOUNG, PaymentDeclined, "was declined"),
        (False, "tok_visa", False, OLD, InvalidState, "order 1001 was not charged"),
        (False, "tok_visa", True, YOUNG, InvalidState, "order 1001 was not charged"),
        (True, "tok_lost_answer", True, YOUNG, InvalidState, "the money was refunded"),
        (True, "tok_visa", True, YOUNG, InvalidState, "the money was refunded"),
    ],
)
async def test_a_payment_that_ended_otherwise_says_how(
    world: World, arrived: bool, method: str, cancelled: bool, age: timedelta, error: type[ShopError], words: str
) -> None:
    entry = await payment(world, arrived=arrived, method=method)
    if cancelled:
        await world.real.orders.cancel(entry.order_id, "elsewhere")
    world.clock.advance(age)

    settled = await resume(world)

    assert type(settled.error) is error
    assert words in settled.message
    assert await captured(world, entry.order_id) == 0
    assert world.unfinished() == ()


async def test_a_paid_order_is_told_even_if_it_cannot_be_shown(world: World) -> None:
    await payment(world, arrived=False)
    world.shop.script("orders.get", then=repeat(no_connection))

    settled = await resume(world)

    assert "is paid" in settled.message or world.unfinished() != (), "closed, and the person was not told"


# --- cancelling --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrived", "age", "status"), [(False, YOUNG, "cancelled"), (True, OLD, "cancelled"), (False, OLD, "expired")]
)
async def test_a_cancellation_is_finished(world: World, arrived: bool, age: timedelta, status: str) -> None:
    entry = await cancellation(world, arrived=arrived)
    world.clock.advance(age)

    settled = await resume(world)

    assert (settled.message, settled.error) == (f"order 1001 is {status}", None)
    assert world.shop.calls("orders.cancel") == [(entry.order_id, entry.key)]
    assert world.unfinished() == ()


# --- all of them -------------------------------------------------------------------------------

KINDS = pytest.mark.parametrize("make", [intent, payment, cancellation])


@KINDS
async def test_what_is_older_than_the_shops_memory_is_looked_up_and_closed(world: World, make: type) -> None:
    await make(world, arrived=False)
    world.shop.made.clear()
    world.clock.advance(ANCIENT)

    settled = await resume(world)

    assert settled.message in ("a checkout of more than three days ago never became an order", "order 1001 is expired")
    assert settled.error is None
    assert set(world.shop.made) == {"orders.get"}
    assert world.unfinished() == ()


@KINDS
@pytest.mark.parametrize("age", [YOUNG, OLD])
@pytest.mark.parametrize(
    "error", [Unavailable("down"), OutcomeUnknown("?"), SessionExpired("ended"), NotFound("no"), StorageError("full")]
)
async def test_an_error_keeps_the_entry(world: World, make: type, age: timedelta, error: ShopError) -> None:
    entry: Entry = await make(world, arrived=False)
    world.clock.advance(age)
    for method in ("orders.place", "orders.cancel", "orders.get", "payments.pay"):
        world.shop.script(method, then=repeat(fails(error)))

    settled = await resume(world)

    assert settled.order is None
    assert settled.error is not None
    assert settled.error.exit_code == OutcomeUnknown.exit_code
    assert world.unfinished() == (entry,)


async def test_not_found_does_not_close_a_placed_order(world: World) -> None:
    order = await world.checkout.place(await world.confirm())
    world.shop.script("orders.get", fails(NotFound("there is no such order")))

    settled = await resume(world)

    assert isinstance(settled.error, NotFound)
    assert [(entry.key, entry.state) for entry in world.unfinished()] == [(order.id, PLACED)]


async def test_what_cannot_be_settled_does_not_hold_up_the_others(world: World) -> None:
    await payment(world, arrived=True)
    world.clock.advance(timedelta(seconds=1))
    await world.fill()
    second = await intent(world, arrived=False)
    world.shop.script("payments.pay", fails(SessionExpired("ended")))

    first, other = await world.within(settle(world.checkout))

    assert first.error is not None
    assert (other.key, other.error) == (second.key, None)
    assert [type(entry) for entry in world.unfinished()] == [Paying]


async def test_while_another_terminal_checks_out_nothing_is_settled(world: World) -> None:
    entry = await intent(world, arrived=False)
    world.shop.made.clear()
    with Journal(world.path).exclusive():
        assert await settle(world.checkout) == ()
        with pytest.raises(Locked, match="another terminal"):
            await world.within(settle(world.checkout, wait=True))

    assert world.shop.made == {}
    assert world.unfinished() == (entry,)
