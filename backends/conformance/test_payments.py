"""Payments: charged once, declined, refused, refunded."""

from dataclasses import replace
from datetime import timedelta

import pytest

from backends import Capability, Order, OrderStatus, PaymentStatus
from backends.conformance.harness import Harness, Person, refused

TRIPODS = ("tripod/standard", 2)
DECLINED, REFUSED, SETTLED = PaymentStatus.DECLINED, PaymentStatus.REFUSED, PaymentStatus.SETTLED

pytestmark = pytest.mark.needs(Capability.PAY_EXISTING_ORDER)


async def status(person: Person, order: Order) -> OrderStatus:
    return (await person.backend.orders.get(order.id)).status


async def test_paying(harness: Harness, ada: Person) -> None:
    order = await ada.order(TRIPODS)
    key = harness.ids()
    payment = await ada.backend.payments.pay(order.id, harness.methods.good, key)
    assert (payment.id, payment.order_id, payment.status, payment.reason) == (key, order.id, SETTLED, None)
    assert payment.amount == order.totals.total
    assert abs(payment.created_at - harness.now()) < timedelta(minutes=1)
    paid = await ada.backend.orders.get(order.id)
    assert (paid.status, paid.expires_at, paid.lines) == (OrderStatus.PAID, None, order.lines)
    assert await ada.backend.payments.list(order.id) == (payment,)


async def test_repeating_a_payment_charges_once(harness: Harness, ada: Person) -> None:
    order = await ada.order(TRIPODS)
    key = harness.ids()
    payment = await ada.backend.payments.pay(order.id, harness.methods.good, key)
    assert await ada.backend.payments.pay(order.id, harness.methods.good, key) == payment
    assert await ada.backend.payments.list(order.id) == (payment,)


async def test_a_declined_card_then_another_one(harness: Harness, ada: Person) -> None:
    if harness.methods.declined is None:
        pytest.skip("no card is declined here")
    order = await ada.order(TRIPODS)
    key = harness.ids()
    for _ in range(2):
        payment = await ada.backend.payments.pay(order.id, harness.methods.declined, key)
        assert (payment.status, payment.reason) == (DECLINED, harness.methods.declined_reason)
    assert await status(ada, order) is OrderStatus.AWAITING_PAYMENT
    second = await ada.backend.payments.pay(order.id, harness.methods.good, harness.ids())
    assert second.status is SETTLED
    assert await ada.backend.payments.list(order.id) == (payment, second)
    assert await ada.backend.payments.pay(order.id, harness.methods.declined, key) == payment


async def test_a_card_without_enough_money(harness: Harness, ada: Person) -> None:
    if harness.methods.insufficient is None:
        pytest.skip("every card has enough money here")
    order = await ada.order(TRIPODS)
    payment = await ada.backend.payments.pay(order.id, harness.methods.insufficient, harness.ids())
    assert (payment.status, payment.reason) == (DECLINED, harness.methods.insufficient_reason)


async def test_a_lost_answer_is_not_known_and_settles_by_repeating(harness: Harness, ada: Person) -> None:
    if harness.methods.lost is None:
        pytest.skip("answers do not get lost here")
    order = await ada.order(TRIPODS)
    key = harness.ids()
    payment = await ada.backend.payments.pay(order.id, harness.methods.lost, key)
    assert payment.status is PaymentStatus.CHARGING
    assert await status(ada, order) is OrderStatus.AWAITING_PAYMENT
    payment = await ada.backend.payments.pay(order.id, harness.methods.lost, key)
    assert payment.status is SETTLED
    assert await status(ada, order) is OrderStatus.PAID


async def test_a_second_payment_while_one_is_live(harness: Harness, ada: Person) -> None:
    if harness.methods.lost is None:
        pytest.skip("answers do not get lost here")
    order = await ada.order(TRIPODS)
    first, second = harness.ids(), harness.ids()
    await ada.backend.payments.pay(order.id, harness.methods.lost, first)
    answer = await ada.backend.payments.pay(order.id, harness.methods.good, second)
    assert await ada.backend.payments.pay(order.id, harness.methods.good, second) == answer
    assert (answer.status, answer.reason) == (REFUSED, "another_payment")
    assert (await ada.backend.payments.pay(order.id, harness.methods.lost, first)).status is SETTLED


async def test_a_paid_order_is_not_paid_again(harness: Harness, ada: Person) -> None:
    order = await ada.order(TRIPODS)
    await ada.backend.payments.pay(order.id, harness.methods.good, harness.ids())
    payment = await ada.backend.payments.pay(order.id, harness.methods.good, harness.ids())
    assert payment.status is REFUSED
    assert [each.status for each in await ada.backend.payments.list(order.id)] == [SETTLED, REFUSED]


async def test_a_payment_key_may_not_come_back_with_other_content(harness: Harness, ada: Person) -> None:
    order, other = await ada.order(TRIPODS), await ada.order(TRIPODS)
    key = harness.ids()
    payment = await ada.backend.payments.pay(order.id, harness.methods.good, key)
    with refused("key_reused", service="payments"):
        await ada.backend.payments.pay(other.id, harness.methods.good, key)
    with refused("key_reused", service="payments"):
        await ada.backend.payments.pay(order.id, "card_of_nobody", key)
    assert await ada.backend.payments.list(order.id) == (payment,)
    assert await status(ada, other) is OrderStatus.AWAITING_PAYMENT


async def test_an_unknown_method_is_refused_for_good(harness: Harness, ada: Person) -> None:
    """R14: a definite refusal is recorded under the client's id."""
    order = await ada.order(TRIPODS)
    key = harness.ids()
    for _ in range(2):
        payment = await ada.backend.payments.pay(order.id, "card_of_nobody", key)
        assert (payment.id, payment.status, payment.reason) == (key, REFUSED, "unknown_method")
    assert await status(ada, order) is OrderStatus.AWAITING_PAYMENT


async def test_an_unknown_order_cannot_be_paid(harness: Harness, ada: Person) -> None:
    payment = await ada.backend.payments.pay(harness.unknown_id, harness.methods.good, harness.ids())
    assert (payment.status, payment.reason) == (REFUSED, "not_found")


async def test_the_payments_of_an_unknown_order(harness: Harness, ada: Person) -> None:
    with refused("not_found"):
        await ada.backend.payments.list(harness.unknown_id)


async def test_an_order_without_payments_lists_none(ada: Person) -> None:
    order = await ada.order(TRIPODS)
    assert await ada.backend.payments.list(order.id) == ()


@pytest.mark.parametrize("key", ["", "x" * 65, "\ud800"])
async def test_a_payment_needs_an_id(harness: Harness, ada: Person, key: str) -> None:
    order = await ada.order(TRIPODS)
    with refused("invalid_value", service="payments"):
        await ada.backend.payments.pay(order.id, harness.methods.good, key)
    assert await ada.backend.payments.list(order.id) == ()


async def test_a_card_becomes_a_token_of_its_owner(harness: Harness, ada: Person, ben: Person) -> None:
    if harness.methods.card is None:
        pytest.skip("cards are not taken here")
    card = harness.methods.card
    method = await ada.backend.payments.tokenize(card)
    assert card.number.replace(" ", "") not in repr(method)
    assert method.label.endswith(card.number[-4:])
    assert (await ada.backend.payments.methods())[0] == method
    assert method not in await ben.backend.payments.methods()
    stolen = await ben.backend.payments.pay((await ben.order(TRIPODS)).id, method.token, harness.ids())
    assert (stolen.status, stolen.reason) == (REFUSED, "unknown_method")
    order = await ada.order(TRIPODS)
    payment = await ada.backend.payments.pay(order.id, method.token, harness.ids())
    assert (payment.status, payment.method) == (SETTLED, method.label)


async def test_a_declined_card_is_declined_as_a_token_too(harness: Harness, ada: Person) -> None:
    if harness.methods.declined_card is None:
        pytest.skip("no card is declined here")
    method = await ada.backend.payments.tokenize(harness.methods.declined_card)
    order = await ada.order(TRIPODS)
    assert (await ada.backend.payments.pay(order.id, method.token, harness.ids())).status is DECLINED


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "4242424242424241"),
        ("number", ""),
        ("number", "4242"),
        ("number", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"),
        ("number", "4" * 40),
        ("expiry_month", 0),
        ("expiry_month", 13),
        ("expiry_year", 2025),
        ("cvv", ""),
        ("cvv", "12"),
        ("cvv", "12345"),
        ("cvv", "abc"),
    ],
)
async def test_a_card_that_cannot_be(harness: Harness, ada: Person, field: str, value: object) -> None:
    if harness.methods.card is None:
        pytest.skip("cards are not taken here")
    before = await ada.backend.payments.methods()
    with refused("invalid_value", service="payments"):
        await ada.backend.payments.tokenize(replace(harness.methods.card, **{field: value}))  # type: ignore[arg-type]
    assert await ada.backend.payments.methods() == before


@pytest.mark.needs(Capability.REFUND)
async def test_the_merchant_refunds_a_payment_once(harness: Harness, ada: Person) -> None:
    if harness.owner is None:
        pytest.skip("nobody may refund here")
    order = await ada.order(TRIPODS)
    payment = await ada.backend.payments.pay(order.id, harness.methods.good, harness.ids())
    for _ in range(2):
        refund = await harness.owner.payments.refund(payment.id, harness.ids())
        assert (refund.id, refund.status, refund.amount) == (payment.id, PaymentStatus.REFUNDED, order.totals.total)
    after = await ada.backend.orders.get(order.id)
    assert (after.status, after.reason) == (OrderStatus.REFUNDED, "refunded")
    await ada.expect_stock("tripod", 50)
    again = await ada.backend.payments.pay(order.id, harness.methods.good, harness.ids())
    assert (again.status, again.reason) == (REFUSED, "order_refunded")


@pytest.mark.needs(Capability.REFUND)
async def test_what_was_not_paid_cannot_be_refunded(harness: Harness, ada: Person) -> None:
    if harness.owner is None or harness.methods.declined is None:
        pytest.skip("nobody may refund here")
    order = await ada.order(TRIPODS)
    payment = await ada.backend.payments.pay(order.id, harness.methods.declined, harness.ids())
    with refused("invalid_state", service="payments"):
        await harness.owner.payments.refund(payment.id, harness.ids())
    with refused("not_found", service="payments"):
        await harness.owner.payments.refund(harness.unknown_id, harness.ids())
