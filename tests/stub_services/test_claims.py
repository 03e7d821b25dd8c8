"""What OrderService answers PaymentService."""

from datetime import timedelta

import pytest

from backends import OrderStatus, PaymentStatus
from backends.errors import InvalidState
from stub_services.peers import Busy, Due, Refusal, Verdict
from tests.stub_services.conftest import Desk, Silent

REFUSED = PaymentStatus.REFUSED
WINDOW = timedelta(minutes=30)
TOTAL = 2 * 14990 + 490


async def status(desk: Desk, order_id: str) -> OrderStatus:
    return (await desk.shop.orders.get(desk.caller, order_id)).status


async def test_r7_one_claim_at_a_time(desk: Desk) -> None:
    order = await desk.order()
    due = await desk.shop.orders.amount_due(order.id, "p1", "ada")
    assert due == Due(TOTAL, "EUR")
    assert await desk.shop.orders.amount_due(order.id, "p1", "ada") == due
    assert isinstance(await desk.shop.orders.amount_due(order.id, "p2", "ada"), Busy)
    await desk.shop.orders.payment_dead(order.id, "p1")
    assert isinstance(await desk.shop.orders.amount_due(order.id, "p1", "ada"), Refusal)
    assert await desk.shop.orders.amount_due(order.id, "p2", "ada") == due


async def test_r7_a_claimed_order_does_not_expire(desk: Desk) -> None:
    order = await desk.order()
    await desk.shop.orders.amount_due(order.id, "p1", "ada")
    desk.clock.advance(WINDOW)
    await desk.shop.run_due()
    assert await status(desk, order.id) is OrderStatus.AWAITING_PAYMENT
    assert isinstance(await desk.shop.orders.amount_due(order.id, "p1", "ada"), Due)
    await desk.shop.orders.payment_dead(order.id, "p1")
    await desk.shop.run_due()
    assert await status(desk, order.id) is OrderStatus.EXPIRED


async def test_r7_an_overdue_order_is_not_claimed(desk: Desk) -> None:
    order = await desk.order()
    desk.clock.advance(WINDOW)
    answer = await desk.shop.orders.amount_due(order.id, "p1", "ada")
    assert isinstance(answer, Refusal)
    assert answer.reason == "order_expired"


async def test_an_order_that_is_being_placed_is_busy(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.fill()
    attempt = await desk.attempt()
    monkeypatch.setattr(desk.shop.orders, "_carts", Silent())
    await desk.place(attempt)
    assert isinstance(await desk.shop.orders.amount_due(attempt.key, "p1", "ada"), Busy)


async def test_r8_a_payment_that_died_before_its_order_arrived_never_claims_it(desk: Desk) -> None:
    await desk.fill()
    attempt = await desk.attempt()
    assert isinstance(await desk.shop.orders.amount_due(attempt.key, "p1", "ada"), Refusal)
    await desk.shop.orders.payment_dead(attempt.key, "p1")
    await desk.place(attempt)
    assert isinstance(await desk.shop.orders.amount_due(attempt.key, "p1", "ada"), Refusal)
    assert isinstance(await desk.shop.orders.amount_due(attempt.key, "p2", "ada"), Due)


async def test_r9_a_refused_payment_is_reported_dead(desk: Desk) -> None:
    payment = await desk.pay("no-such-order", "p1")
    assert (payment.status, payment.reason) == (REFUSED, "not_found")
    async with desk.shop.databases["orders"].read() as sql:
        row = await sql.one("SELECT state FROM claims WHERE payment_id = 'p1'")
    assert row is not None
    assert row["state"] == "dead"


async def test_a_payment_claims_one_order_only(desk: Desk) -> None:
    first, second = await desk.order(), await desk.order()
    await desk.shop.orders.amount_due(first.id, "p1", "ada")
    answer = await desk.shop.orders.amount_due(second.id, "p1", "ada")
    assert isinstance(answer, Refusal)
    assert answer.reason == "payment_dead"


@pytest.mark.parametrize(("amount", "claimed"), [(TOTAL - 1, True), (TOTAL, False)])
async def test_r11_money_that_nobody_asked_for_goes_back(desk: Desk, amount: int, claimed: bool) -> None:
    order = await desk.order()
    if claimed:
        await desk.shop.orders.amount_due(order.id, "p1", "ada")
    assert await desk.shop.orders.captured(order.id, "p1", amount) is Verdict.REFUND
    assert await desk.shop.orders.captured("no-such-order", "p1", amount) is Verdict.REFUND
    assert await status(desk, order.id) is OrderStatus.AWAITING_PAYMENT


async def test_r11_the_verdict_on_captured_money_repeats(desk: Desk) -> None:
    order = await desk.order()
    await desk.shop.orders.amount_due(order.id, "p1", "ada")
    for _ in range(2):
        assert await desk.shop.orders.captured(order.id, "p1", TOTAL) is Verdict.ACCEPTED
    assert await desk.shop.orders.captured(order.id, "p2", TOTAL) is Verdict.REFUND
    await desk.shop.orders.give_up(order.id, "p1")
    assert await desk.shop.orders.captured(order.id, "p1", TOTAL) is Verdict.REFUND


async def test_giving_up_an_order_that_the_payment_did_not_pay(desk: Desk) -> None:
    order = await desk.order()
    for order_id in (order.id, "no-such-order"):
        with pytest.raises(InvalidState):
            await desk.shop.orders.give_up(order_id, "p1")
    await desk.shop.orders.refunded(order.id, "p1")
    await desk.shop.orders.refunded("no-such-order", "p1")
    assert await status(desk, order.id) is OrderStatus.AWAITING_PAYMENT
