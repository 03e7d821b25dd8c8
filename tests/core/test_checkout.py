from dataclasses import replace
from itertools import repeat

import pytest

from backends import Capability, OrderStatus, PaymentStatus
from backends.conformance.goods import ADDRESS, TRIPOD, stocked
from backends.errors import (
    CartChanged,
    Conflict,
    InvalidState,
    InvalidValue,
    NotFound,
    OutcomeUnknown,
    OutOfStock,
    PaymentDeclined,
    Pending,
    PriceChanged,
    ShopError,
    Unavailable,
)
from shopcli.core.intents import INTENT, PLACED, Paying
from tests.core.scripted import (
    EMAIL,
    Call,
    Step,
    World,
    answers,
    lost_answer,
    lost_request,
    no_connection,
)

# --- what each answer means --------------------------------------------------------------------


@pytest.mark.parametrize("status", [OrderStatus.PLACING, OrderStatus.REJECTING])
async def test_an_undecided_order_is_asked_for_until_it_is_decided(world: World, status: OrderStatus) -> None:
    world.shop.script("orders.place", *repeat(answers(status), 5))

    order = await world.within(world.checkout.place(await world.confirm()))

    assert order.status is OrderStatus.AWAITING_PAYMENT
    assert [entry.state for entry in world.unfinished()] == [PLACED]
    assert len(set(world.shop.calls("orders.place"))) == 1


@pytest.mark.parametrize("status", [OrderStatus.PLACING, OrderStatus.REJECTING])
async def test_an_order_that_stays_undecided_is_unknown(world: World, status: OrderStatus) -> None:
    world.shop.script("orders.place", then=repeat(answers(status)))

    with pytest.raises(OutcomeUnknown):
        await world.within(world.checkout.place(await world.confirm()))

    assert [entry.state for entry in world.unfinished()] == [INTENT]


async def test_an_order_that_needs_no_payment_leaves_nothing_open(world: World) -> None:
    world.shop.script("orders.place", answers(OrderStatus.PAID))

    assert (await world.checkout.place(await world.confirm())).status is OrderStatus.PAID
    assert world.unfinished() == ()


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("out_of_stock", OutOfStock),
        ("price_changed", PriceChanged),
        ("cancelled", InvalidState),
        ("too_old", Conflict),
        (None, Conflict),
    ],
)
async def test_a_rejected_order_is_final(world: World, reason: str | None, error: type[ShopError]) -> None:
    world.shop.script("orders.place", answers(OrderStatus.REJECTED, reason=reason, message=None))

    with pytest.raises(ShopError, match=r"nothing was ordered.*nothing was charged.*the cart is as it was") as caught:
        await world.checkout.place(await world.confirm())

    assert type(caught.value) is error
    assert (caught.value.exit_code, caught.value.hint) == (6, "shop cart show")
    assert world.unfinished() == ()


OVERTAKEN = r"nothing was ordered and nothing was charged by this checkout.*{}.*another checkout of this account"


def _says_who_may_have_been_faster(error: ShopError) -> None:
    assert "as it was" not in error.message
    assert (error.exit_code, error.hint) == (6, "shop orders list")


async def test_what_another_checkout_has_ordered_since_it_was_confirmed_is_not_said_to_be_as_it_was(
    world: World,
) -> None:
    attempt = await world.confirm()
    await world.place()

    with pytest.raises(CartChanged, match=OVERTAKEN.format("the cart changed")) as caught:
        await world.checkout.place(attempt)

    _says_who_may_have_been_faster(caught.value)
    assert world.unfinished() == ()
    assert len((await world.real.orders.list(10)).items) == 1


async def test_a_cart_that_another_checkout_orders_meanwhile_is_said_to_be_empty(world: World) -> None:
    async def ordered_elsewhere(call: Call) -> object:
        await world.place()
        return await call()

    world.shop.script("carts.shipping_options", ordered_elsewhere)
    with pytest.raises(CartChanged, match=OVERTAKEN.format("the cart is empty now")) as caught:
        await world.checkout.prepare()

    _says_who_may_have_been_faster(caught.value)


async def test_real_refusals_give_the_cart_back(world: World) -> None:
    attempt = await world.confirm()
    await world.real.admin.import_catalog((stocked(TRIPOD, 0),))

    with pytest.raises(OutOfStock, match="1 wanted, 0 left"):
        await world.checkout.place(attempt)

    assert await world.cart_is_full()


@pytest.mark.parametrize("status", [PaymentStatus.CREATED, PaymentStatus.CHARGING, PaymentStatus.CAPTURED])
async def test_money_under_way_is_not_paid_yet(world: World, status: PaymentStatus) -> None:
    order = await world.place()
    world.shop.script("payments.pay", then=repeat(answers(status)))

    with pytest.raises(OutcomeUnknown, match="paid"):
        await world.within(world.checkout.pay(order, "tok_visa"))

    assert [type(entry) for entry in world.unfinished()] == [Paying]
    assert len(set(world.shop.calls("payments.pay"))) == 1


async def test_a_settled_payment_is_paid(world: World) -> None:
    order = await world.checkout.place(await world.confirm())

    payment = await world.within(world.checkout.pay(order, "tok_lost_answer"))

    assert (payment.status, payment.amount) == (PaymentStatus.SETTLED, order.totals.total)
    assert world.unfinished() == ()


ENDS: tuple[tuple[Step, type[ShopError], str], ...] = (
    (answers(PaymentStatus.DECLINED, reason="card_declined"), PaymentDeclined, "was declined; nothing"),
    (
        answers(PaymentStatus.DECLINED, reason="insufficient_funds"),
        PaymentDeclined,
        r"was declined \(insufficient funds\); nothing",
    ),
    (answers(PaymentStatus.REFUSED, reason="unknown_method"), InvalidValue, "no such payment method"),
    (answers(PaymentStatus.REFUSED, reason="another_payment"), InvalidState, "it is paid, or another payment"),
    (answers(PaymentStatus.REFUSED, reason="order_expired"), InvalidState, "not charged: it waited too long"),
    (answers(PaymentStatus.REFUSED, reason="order_cancelled"), InvalidState, "not charged: order cancelled"),
    (answers(PaymentStatus.REFUSED, reason=None), InvalidState, "not charged: refused"),
    (answers(PaymentStatus.REFUNDING), InvalidState, "not paid: .* is being refunded"),
    (answers(PaymentStatus.REFUNDED), InvalidState, "not paid: .* was refunded"),
    (answers(PaymentStatus.CREATED, action_url="https://pay.example/1"), Pending, "https://pay.example/1"),
)


@pytest.mark.parametrize(("end", "error", "message"), ENDS)
async def test_every_other_end_says_what_it_means(
    world: World, end: Step, error: type[ShopError], message: str
) -> None:
    order = await world.place()
    world.shop.script("payments.pay", end)

    with pytest.raises(error, match=message) as caught:
        await world.checkout.pay(order, "tok_visa")

    assert f"order {order.number}" in caught.value.message or error is InvalidValue
    assert caught.value.hint is not None
    assert str(order.number) in caught.value.hint
    assert len(world.shop.calls("payments.pay")) == 1
    assert world.unfinished() == ()


async def test_after_a_declined_payment_the_next_one_has_a_new_id(world: World) -> None:
    order = await world.checkout.place(await world.confirm())
    with pytest.raises(PaymentDeclined) as caught:
        await world.checkout.pay(order, "tok_declined")
    assert (caught.value.exit_code, caught.value.hint) == (7, "shop orders pay 1001")

    assert (await world.checkout.pay(order, "tok_visa")).status is PaymentStatus.SETTLED

    assert len(set(world.shop.calls("payments.pay"))) == 2
    assert await world.status(order.id) is OrderStatus.PAID


async def test_what_was_cancelled_meanwhile_is_not_charged(world: World) -> None:
    order = await world.place()
    await world.checkout.cancel(str(order.number))

    with pytest.raises(InvalidState, match="not charged: order cancelled"):
        await world.checkout.pay(order, "tok_visa")


async def test_without_a_connection_the_order_waits_for_its_payment(world: World) -> None:
    order = await world.checkout.place(await world.confirm())
    world.shop.script("payments.pay", then=repeat(no_connection))

    with pytest.raises(Pending, match=r"order 1001 is placed and waits.*nothing was charged") as caught:
        await world.within(world.checkout.pay(order, "tok_visa"))

    assert caught.value.hint == "shop orders pay 1001"
    assert await world.status(order.id) is OrderStatus.AWAITING_PAYMENT
    assert await world.real.payments.list(order.id) == ()


@pytest.mark.parametrize("first", [lost_request, lost_answer])
async def test_a_shop_that_replays_nothing_is_searched_before_it_is_asked_again(world: World, first: Step) -> None:
    world.shop.capabilities -= {Capability.REPLAYS_PLACE}
    attempt = await world.confirm()
    world.shop.script("orders.place", first)

    assert (await world.within(world.checkout.place(attempt))).id == attempt.key

    searched, placed = (3, 2) if first is lost_request else (1, 1)
    assert world.shop.calls("orders.find") == [(attempt,)] * searched
    assert world.shop.calls("orders.place") == [(attempt,)] * placed


async def test_an_order_that_never_was_cannot_be_cancelled_by_guessing(world: World) -> None:
    with pytest.raises(NotFound):
        await world.checkout.cancel("4711")

    assert world.shop.calls("orders.cancel") == []


# --- before anything is ordered ----------------------------------------------------------------

OFFICE = replace(ADDRESS, label="office", city="Lyon")


async def test_the_default_address_and_the_cheapest_delivery_are_taken(world: World) -> None:
    await world.real.users.save_address(OFFICE, default=True)

    cart = await world.checkout.prepare()

    assert (cart.address, cart.email, cart.requirements) == (OFFICE, EMAIL, ())
    assert cart.shipping is not None
    assert cart.shipping.id == "standard"


async def test_address_and_delivery_can_be_chosen(world: World) -> None:
    await world.real.users.save_address(OFFICE, default=True)

    cart = await world.checkout.prepare("home", "express")

    assert (cart.address, cart.shipping and cart.shipping.id) == (ADDRESS, "express")


@pytest.mark.parametrize(
    ("chosen", "error", "message", "hint"),
    [
        (("office", None), NotFound, "no address 'office'; there is home", "shop addresses list"),
        ((None, "drone"), NotFound, "no delivery 'drone'; there is standard", "shop checkout --shipping standard"),
    ],
)
async def test_a_choice_that_does_not_exist_names_those_that_do(
    world: World, chosen: tuple[str | None, str | None], error: type[ShopError], message: str, hint: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        await world.checkout.prepare(*chosen)
    assert caught.value.hint == hint


async def test_an_empty_cart_is_not_ordered(world: World) -> None:
    cart = await world.real.carts.clear()

    with pytest.raises(Conflict, match="empty") as caught:
        await world.checkout.prepare()
    assert caught.value.hint == "shop products list"
    with pytest.raises(CartChanged, match="empty now") as emptied:  # it was not when it was prepared
        world.checkout.attempt(cart)
    assert emptied.value.hint == "shop orders list"


async def test_a_cart_that_lacks_a_destination_is_not_ordered(world: World) -> None:
    with pytest.raises(Conflict, match="lacks: address, shipping") as caught:
        world.checkout.attempt(await world.real.carts.view())
    assert caught.value.hint == "shop checkout"


async def test_without_an_address_the_way_to_get_one_is_named(world: World) -> None:
    await world.real.users.remove_address("home")

    with pytest.raises(InvalidValue) as caught:
        await world.checkout.prepare()
    assert (caught.value.hint or "").startswith("shop addresses add home")


async def test_a_shop_without_a_delivery_says_so(world: World) -> None:
    async def nothing(call: Call) -> tuple[object, ...]:
        return ()

    world.shop.script("carts.shipping_options", nothing)
    with pytest.raises(NotFound, match="offers no delivery"):
        await world.checkout.prepare()


@pytest.mark.parametrize("label", [None, "home"])
async def test_while_accounts_are_down_the_cart_knows_where_it_goes(world: World, label: str | None) -> None:
    await world.checkout.prepare()
    world.shop.script("users.addresses", no_connection)

    assert (await world.checkout.prepare(label, "express")).address == ADDRESS


@pytest.mark.parametrize(("before", "label"), [(False, None), (True, "office")])
async def test_while_accounts_are_down_nothing_is_guessed(world: World, before: bool, label: str | None) -> None:
    if before:
        await world.checkout.prepare()
    world.shop.script("users.addresses", no_connection)

    with pytest.raises(Unavailable):
        await world.checkout.prepare(label)
