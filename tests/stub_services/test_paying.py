"""What happens inside `payments.pay` while peers are silent, late, repeated, or somebody cancels."""

from datetime import timedelta

import pytest

from backends import OrderStatus, PaymentStatus
from backends.conformance.goods import PLENTY
from backends.errors import InvalidState, InvalidValue, NotFound, Outcome
from stub_services.caller import Caller
from tests.stub_services.conftest import OWNER, Desk, Silent, Telling

REFUSED, SETTLED, REFUNDED = PaymentStatus.REFUSED, PaymentStatus.SETTLED, PaymentStatus.REFUNDED
WINDOW = timedelta(minutes=30)
TOTAL = 2 * 14990 + 490


async def status(desk: Desk, order_id: str) -> OrderStatus:
    return (await desk.shop.orders.get(desk.caller, order_id)).status


async def test_r10_silence_of_orders_is_asked_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await desk.order()
    with monkeypatch.context() as silence:
        silence.setattr(desk.shop.payments, "_orders", Silent())
        for _ in range(2):
            assert (await desk.pay(order.id, "p1")).status is PaymentStatus.CREATED
    assert await desk.kept() == 0
    assert (await desk.pay(order.id, "p1")).status is SETTLED


async def test_r10_a_lost_claim_is_answered_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await desk.order()
    monkeypatch.setattr(desk.shop.payments, "_orders", Telling(desk.shop.orders, "amount_due", lose_answer=True))
    assert (await desk.pay(order.id, "p1")).status is PaymentStatus.CREATED
    desk.clock.advance(2 * WINDOW)
    await desk.settle()
    assert await status(desk, order.id) is OrderStatus.PAID


async def test_r12_silence_of_the_processor_neither_fails_nor_refunds(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await desk.order()
    with monkeypatch.context() as silence:
        silence.setattr(desk.shop.payments, "_processor", Silent())
        for _ in range(3):
            assert (await desk.pay(order.id, "p1")).status is PaymentStatus.CHARGING
            desk.clock.advance(WINDOW)
    assert await status(desk, order.id) is OrderStatus.AWAITING_PAYMENT
    assert (await desk.pay(order.id, "p1")).status is SETTLED
    assert await desk.kept() == TOTAL


async def test_r12_an_old_charge_is_looked_up_and_never_repeated(desk: Desk) -> None:
    order = await desk.order()
    assert (await desk.pay(order.id, "p1", "tok_lost_answer")).status is PaymentStatus.CHARGING
    desk.clock.advance(timedelta(hours=25))
    assert (await desk.pay(order.id, "p1", "tok_lost_answer")).status is SETTLED
    assert await desk.kept() == TOTAL


async def test_r12_an_old_charge_that_never_arrived_is_declined(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await desk.order()
    with monkeypatch.context() as silence:
        silence.setattr(desk.shop.payments, "_processor", Silent())
        await desk.pay(order.id, "p1")
    desk.clock.advance(timedelta(hours=12, seconds=1))
    payment = await desk.pay(order.id, "p1")
    assert (payment.status, payment.reason) == (PaymentStatus.DECLINED, "never_charged")
    assert await desk.kept() == 0


async def test_the_processor_forgets_keys_after_a_day_and_no_charge(desk: Desk) -> None:
    processor = desk.shop.payments._processor  # noqa: SLF001  somebody else's company
    for _ in range(2):
        assert (await processor.charge("r", "tok_visa", 100, "EUR")).captured
    assert await desk.kept() == 100
    assert await processor.look_up("unknown") is None
    desk.clock.advance(timedelta(hours=24, seconds=1))
    charge = await processor.look_up("r")
    assert charge is not None
    assert charge.captured
    await processor.charge("r", "tok_visa", 100, "EUR")
    assert await desk.kept() == 200
    for _ in range(2):
        await processor.refund("r")
    assert await desk.kept() == 0


async def test_the_processor_declines_what_it_does_not_know(desk: Desk) -> None:
    processor = desk.shop.payments._processor  # noqa: SLF001  somebody else's company
    assert not (await processor.charge("r", "card_unknown", 100, "EUR")).captured


STEPS = [
    ("_orders", "amount_due", True, OrderStatus.CANCELLED, REFUSED, "order_cancelled"),
    ("_orders", "amount_due", False, OrderStatus.CANCELLED, REFUNDED, None),
    ("_processor", "charge", True, OrderStatus.CANCELLED, REFUNDED, None),
    ("_processor", "charge", False, OrderStatus.CANCELLED, REFUNDED, None),
    ("_orders", "captured", True, OrderStatus.CANCELLED, REFUNDED, None),
    ("_orders", "captured", False, OrderStatus.REFUNDED, REFUNDED, None),
]


@pytest.mark.parametrize(("peer", "method", "before", "end", "paid", "reason"), STEPS)
async def test_r11_cancelling_at_every_step_of_paying_sends_the_money_back(
    desk: Desk,
    peer: str,
    method: str,
    before: bool,
    end: OrderStatus,
    paid: PaymentStatus,
    reason: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order = await desk.order()

    async def cancel() -> None:
        await desk.cancel(order.id)

    telling = Telling(
        getattr(desk.shop.payments, peer), method, before=cancel if before else None, after=None if before else cancel
    )
    monkeypatch.setattr(desk.shop.payments, peer, telling)
    await desk.pay(order.id, "p1")
    await desk.settle()
    payment = await desk.pay(order.id, "p1")
    assert (payment.status, payment.reason) == (paid, reason)
    assert await status(desk, order.id) is end
    assert await desk.kept() == 0
    assert await desk.tripods() == (PLENTY, 0, 0)


@pytest.mark.parametrize("method", ["captured", "payment_dead", "refunded"])
async def test_r17_what_payments_has_to_say_is_delivered_until_it_is_heard(
    desk: Desk, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await desk.order()
    deaf = Telling(desk.shop.orders, method, before=Silent().anything)
    with monkeypatch.context() as silence:
        silence.setattr(desk.shop.payments, "_orders", deaf)
        if method == "payment_dead":
            await desk.pay(order.id, "p1", "tok_declined")
        else:
            await desk.pay(order.id, "p1")
        if method == "refunded":
            await desk.cancel(order.id)
    await desk.settle()
    ends = {
        "captured": OrderStatus.PAID,
        "payment_dead": OrderStatus.AWAITING_PAYMENT,
        "refunded": OrderStatus.REFUNDED,
    }
    assert await status(desk, order.id) is ends[method]
    if method == "payment_dead":
        assert (await desk.pay(order.id, "p2")).status is SETTLED


async def test_a_lost_verdict_is_asked_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await desk.order()
    monkeypatch.setattr(desk.shop.payments, "_orders", Telling(desk.shop.orders, "captured", lose_answer=True))
    assert (await desk.pay(order.id, "p1")).status is PaymentStatus.CAPTURED
    assert await status(desk, order.id) is OrderStatus.PAID
    assert (await desk.pay(order.id, "p1")).status is SETTLED


async def test_r11_a_lost_verdict_then_a_cancel_refunds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await desk.order()
    monkeypatch.setattr(desk.shop.payments, "_orders", Telling(desk.shop.orders, "captured", lose_answer=True))
    assert (await desk.pay(order.id, "p1")).status is PaymentStatus.CAPTURED
    await desk.cancel(order.id)
    await desk.settle()
    assert await desk.kept() == 0
    assert await status(desk, order.id) is OrderStatus.REFUNDED


async def test_refunding_what_payments_does_not_know_does_nothing(desk: Desk) -> None:
    order = await desk.order()
    await desk.pay(order.id, "p1")
    await desk.shop.payments.refund_order("another-order", "p1")
    await desk.shop.payments.refund_order(order.id, "p2")
    assert await desk.kept() == TOTAL


async def test_a_paid_order_whose_payment_is_lost_is_not_cancelled(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await desk.order()
    await desk.pay(order.id, "p1")
    before = await desk.tripods()
    async with desk.shop.databases["payments"].write() as sql:
        await sql.run("UPDATE payments SET id = 'p2'")
    with pytest.raises(InvalidState, match="its payment is lost") as refusal:
        await desk.cancel(order.id)
    assert (refusal.value.outcome, refusal.value.hint) == (Outcome.NOT_APPLIED, "shop services reconcile")
    with pytest.raises(NotFound):
        await desk.shop.orders.cancel(Caller(user_id="ben"), order.id)
    assert await status(desk, order.id) is OrderStatus.PAID
    assert await desk.tripods() == before
    with monkeypatch.context() as silence:
        silence.setattr(desk.shop.orders, "_payments", Silent)
        assert (await desk.cancel(order.id)).status is OrderStatus.CANCELLED
    assert (await desk.cancel(order.id)).status is OrderStatus.CANCELLED


async def test_the_merchant_sees_every_payment_and_a_stranger_none(desk: Desk) -> None:
    order = await desk.order()
    await desk.pay(order.id, "p1")
    assert (await desk.shop.payments.get(OWNER, "p1")).status is SETTLED
    with pytest.raises(NotFound):
        await desk.shop.payments.get(Caller(user_id="ben"), "p1")


async def test_a_refund_waits_for_a_silent_processor(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await desk.order()
    await desk.pay(order.id, "p1")
    with monkeypatch.context() as silence:
        silence.setattr(desk.shop.payments, "_processor", Silent())
        assert (await desk.shop.payments.refund(OWNER, "p1")).status is PaymentStatus.REFUNDING
        assert await status(desk, order.id) is OrderStatus.CANCELLED
    assert (await desk.shop.payments.refund(OWNER, "p1")).status is PaymentStatus.REFUNDING
    await desk.settle()
    assert await status(desk, order.id) is OrderStatus.REFUNDED
    assert await desk.kept() == 0


async def test_a_card_number_given_as_a_token_is_not_kept(desk: Desk) -> None:
    order = await desk.order()
    with pytest.raises(InvalidValue):
        await desk.pay(order.id, "p1", "4242424242424242")
    async with desk.shop.databases["payments"].read() as sql:
        rows = [dict(row) for row in await sql.all("SELECT * FROM payments")]
    assert "4242424242424242" not in repr(rows)
