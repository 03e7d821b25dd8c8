"""How money moves, for every front end."""

from dataclasses import replace
from itertools import repeat
from pathlib import Path

import pytest

from backends import Order, OrderStatus, Payment, PaymentStatus
from backends.errors import InvalidState, InvalidValue, OutcomeUnknown, PaymentDeclined, Pending, Unavailable
from backends.models import Card, PaymentMethod
from shopcli.core.paying import became, moves, named, paid, parse_card
from shopcli.core.shop import Shop
from tests.conftest import START
from tests.core.scripted import World, fails, lost_answer, lost_request, no_connection

VISA = PaymentMethod("tok_visa", "Test Visa")
DECLINED = PaymentMethod("tok_declined", "Declined")


@pytest.fixture
def shop(world: World, tmp_path: Path) -> Shop:
    """Return Ada's shop, which fails as it is told."""
    made = Shop("memory:", tmp_path)
    made.__dict__.update(backend=world.shop, journal=world.journal, checkout=world.checkout)
    return made


@pytest.mark.parametrize(
    ("text", "card"),
    [
        ("4242424242424242 12/39 123", Card("4242424242424242", 12, 2039, "123")),
        ("4242 4242 4242 4242 12/39 123", Card("4242424242424242", 12, 2039, "123")),
        ("4242-4242-4242-4242 12/39 123", Card("4242424242424242", 12, 2039, "123")),
        ("4242424242424242 1/2039 0123", Card("4242424242424242", 1, 2039, "0123")),
    ],
)
def test_a_card_as_people_type_it(text: str, card: Card) -> None:
    assert parse_card(text) == card


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4242",
        "4242 12/39",
        "4242 1239 123",
        "4242 12/039 123",
        "42a2 12/39 123",
        "٤٢٤٢ 12/39 123",
        "4242 12/39 12x",
    ],
)
def test_what_is_no_card_is_refused_without_a_digit_of_it(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        parse_card(text)

    assert not set(refused.value.message) & set("0123456789")


def test_a_card_is_named_by_its_last_digits() -> None:
    assert named(Card("4242424242424242", 12, 2039, "123")) == "the card ending in 4242"
    assert named(PaymentMethod("tok_visa", "Test Visa")) == "Test Visa"


# --- paying a placed order -------------------------------------------------------------------------


async def test_paying_returns_the_order_as_it_is_then(world: World, shop: Shop) -> None:
    order, failure = await world.within(paid(shop, await world.place(), VISA))

    assert (order.status, failure) == (OrderStatus.PAID, None)


async def test_paying_later_says_that_it_waits(world: World, shop: Shop) -> None:
    order, failure = await world.within(paid(shop, await world.place(), None))

    assert order.status is OrderStatus.AWAITING_PAYMENT
    assert isinstance(failure, Pending)
    assert failure.hint == f"shop orders pay {order.number}"


async def test_a_failed_payment_returns_the_order_and_why(world: World, shop: Shop) -> None:
    order, failure = await world.within(paid(shop, await world.place(), DECLINED))

    assert order.status is OrderStatus.AWAITING_PAYMENT
    assert isinstance(failure, PaymentDeclined)


async def test_an_order_that_cannot_be_asked_for_is_the_one_known_before(world: World, shop: Shop) -> None:
    order = await world.place()
    world.shop.script("orders.get", no_connection)

    assert await world.within(paid(shop, order, VISA)) == (order, None)


# --- what became of it -----------------------------------------------------------------------------


async def test_a_payment_that_was_never_answered_is_open_and_then_paid(world: World, shop: Shop) -> None:
    order = await world.place()
    world.shop.script("payments.pay", then=repeat(lost_request))
    _, failure = await world.within(paid(shop, order, VISA))
    assert isinstance(failure, OutcomeUnknown)

    known = await world.within(became(shop, order.id))
    assert known.is_open
    assert isinstance(known.error, OutcomeUnknown)
    world.shop.script("payments.pay", lost_answer)
    known = await world.within(became(shop, order.id))

    assert not known.is_open
    assert known.error is None
    assert known.order is not None
    assert known.order.status is OrderStatus.PAID
    assert [each.status for each in await world.real.payments.list(order.id)] == [PaymentStatus.SETTLED]


async def test_a_payment_that_turns_out_to_be_declined_is_decided(world: World, shop: Shop) -> None:
    order = await world.place()
    world.shop.script("payments.pay", then=repeat(lost_answer))
    await world.within(paid(shop, order, DECLINED))
    world.shop.script("payments.pay")

    known = await world.within(became(shop, order.id))

    assert not known.is_open
    assert isinstance(known.error, PaymentDeclined)
    assert known.order is not None
    assert known.order.status is OrderStatus.AWAITING_PAYMENT


async def test_an_order_that_was_refused_was_never_placed(world: World, shop: Shop) -> None:
    known = await world.within(became(shop, "00000000-0000-4000-8000-00000000ffff"))

    assert (known.order, known.is_open) == (None, False)
    assert isinstance(known.error, InvalidState)


async def test_while_nobody_answers_it_stays_open(world: World, shop: Shop) -> None:
    order = await world.place()
    world.shop.script("orders.get", fails(Unavailable("nobody listens", service="orders")))

    known = await world.within(became(shop, order.id))

    assert (known.order, known.is_open) == (None, True)
    assert isinstance(known.error, Unavailable)


# --- what moves by itself --------------------------------------------------------------------------


def payment(order: Order, status: PaymentStatus) -> Payment:
    return Payment("p", order.id, status, None, None, "tok_visa", START)


async def test_an_order_moves_while_something_may_happen_to_it(world: World) -> None:
    order = await world.place()
    decided = replace(order, expires_at=None, status=OrderStatus.PAID)

    assert moves(order, ())
    assert moves(replace(decided, status=OrderStatus.PLACING), ())
    assert moves(decided, (payment(order, PaymentStatus.REFUNDING),))
    assert not moves(decided, (payment(order, PaymentStatus.SETTLED), payment(order, PaymentStatus.DECLINED)))
    assert not moves(replace(order, expires_at=None), ())
