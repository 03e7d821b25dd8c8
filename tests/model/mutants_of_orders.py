"""OrderService, each time without one rule of docs/checkout.md."""

from datetime import timedelta

import pytest

from backends import Order, OrderStatus
from backends.errors import ShopError
from stub_services.caller import Caller
from stub_services.orders.service import OrderService
from stub_services.orders.store import OrderRows, StoredOrder
from stub_services.payments.store import PaymentRows
from stub_services.peers import Due, Refusal, Verdict


def r1_orders_move_from_any_state(patch: pytest.MonkeyPatch) -> None:
    async def move(
        self: OrderRows, order_id: str, source: OrderStatus, target: OrderStatus, refusal: Refusal | None = None
    ) -> bool:
        reason = refusal and refusal.reason
        await self._sql.run(
            "UPDATE orders SET state = ?, reason = COALESCE(?, reason) WHERE id = ?", target, reason, order_id
        )
        return True

    patch.setattr(OrderRows, "move", move)


def r1_an_order_is_placed_from_any_state(patch: pytest.MonkeyPatch) -> None:
    original = OrderRows.set_placed

    async def set_placed(self: OrderRows, order_id: str, *arguments: object) -> bool:
        await self._sql.run("UPDATE orders SET state = ? WHERE id = ?", OrderStatus.PLACING, order_id)
        await self._sql.run("DELETE FROM lines WHERE order_id = ?", order_id)
        return await original(self, order_id, *arguments)  # type: ignore[arg-type]

    patch.setattr(OrderRows, "set_placed", set_placed)


def r1_an_order_is_paid_from_any_state(patch: pytest.MonkeyPatch) -> None:
    async def set_paid(self: OrderRows, order_id: str, payment_id: str) -> bool:
        sql = "UPDATE orders SET state = 'paid', payment_id = ? WHERE id = ?"
        return await self._sql.run(sql, payment_id, order_id) == 1

    patch.setattr(OrderRows, "set_paid", set_paid)


def r2_cancelling_an_unknown_order_leaves_no_tombstone(patch: pytest.MonkeyPatch) -> None:
    original = OrderService.cancel

    async def cancel(self: OrderService, caller: Caller, order_id: str) -> Order:
        answer = await original(self, caller, order_id)
        async with self._store.write() as rows:
            await rows._sql.run("DELETE FROM orders WHERE id = ? AND fingerprint IS NULL", order_id)  # noqa: SLF001
        return answer

    patch.setattr(OrderService, "cancel", cancel)


def r4_rejected_is_told_before_the_cart_is_back(patch: pytest.MonkeyPatch) -> None:
    original = OrderRows.move

    async def move(
        self: OrderRows, order_id: str, source: OrderStatus, target: OrderStatus, refusal: Refusal | None = None
    ) -> bool:
        early = OrderStatus.REJECTED if target is OrderStatus.REJECTING else target
        return await original(self, order_id, source, early, refusal)

    patch.setattr(OrderRows, "move", move)


def r5_the_reserved_total_is_not_compared(patch: pytest.MonkeyPatch) -> None:
    async def go_on(self: OrderService, order: StoredOrder) -> None:
        try:
            answer = await self._taken_and_reserved(order)
        except ShopError:
            return
        if isinstance(answer, tuple):
            taken, reserved = answer
            expires = self._clock() + timedelta(minutes=30)
            async with self._store.write() as rows:
                await rows.set_placed(order.id, reserved.lines, reserved.total, taken.shipping.price.minor, expires)
        else:
            await original(self, order)

    original = OrderService._go_on  # noqa: SLF001  a mutant works from inside
    patch.setattr(OrderService, "_go_on", go_on)


def r7_claimed_orders_expire(patch: pytest.MonkeyPatch) -> None:
    async def overdue(self: OrderRows, now: object) -> list[str]:
        rows = await self._sql.all(
            "SELECT id, expires_at FROM orders WHERE state = 'awaiting_payment' AND expires_at <= ?",
            int(now.timestamp() * 1000),  # type: ignore[attr-defined]
        )
        return [row["id"] for row in rows]

    patch.setattr(OrderRows, "overdue", overdue)


def r7_overdue_orders_can_be_claimed(patch: pytest.MonkeyPatch) -> None:
    original = OrderService.amount_due

    async def amount_due(self: OrderService, order_id: str, payment_id: str, user_id: str) -> object:
        clock, self._clock = self._clock, lambda: clock() - timedelta(days=9)
        try:
            return await original(self, order_id, payment_id, user_id)
        finally:
            self._clock = clock

    patch.setattr(OrderService, "amount_due", amount_due)


def r7_a_claim_is_not_durable(patch: pytest.MonkeyPatch) -> None:
    original = OrderRows.insert_claim

    async def insert_claim(self: OrderRows, payment_id: str, order_id: str, state: str) -> None:
        if state != "claimed":
            await original(self, payment_id, order_id, state)  # type: ignore[arg-type]

    patch.setattr(OrderRows, "insert_claim", insert_claim)


def r8_a_dead_payment_of_an_unknown_order_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    original = OrderService.payment_dead

    async def payment_dead(self: OrderService, order_id: str, payment_id: str) -> None:
        async with self._store.read() as rows:
            known = await rows.order(order_id)
        if known is not None:
            await original(self, order_id, payment_id)

    patch.setattr(OrderService, "payment_dead", payment_dead)


def r11_captured_money_is_kept_without_asking(patch: pytest.MonkeyPatch) -> None:
    original = OrderService.captured

    async def captured(self: OrderService, order_id: str, payment_id: str, amount: int) -> Verdict:
        await original(self, order_id, payment_id, amount)
        return Verdict.ACCEPTED

    patch.setattr(OrderService, "captured", captured)


def r17_half_placed_orders_are_left_alone(patch: pytest.MonkeyPatch) -> None:
    """Also by the client's repeat: nobody goes on."""
    original = OrderService._begun  # noqa: SLF001  a mutant works from inside
    seen: set[str] = set()

    async def begun(self: OrderService, user_id: str, attempt: object) -> StoredOrder:
        order = await original(self, user_id, attempt)  # type: ignore[arg-type]
        again = order.id in seen
        seen.add(order.id)
        if again and order.state is OrderStatus.PLACING:
            raise ShopError("not again")
        return order

    async def in_state(self: OrderRows, state: OrderStatus) -> list[StoredOrder]:
        return []

    patch.setattr(OrderService, "_begun", begun)
    patch.setattr(OrderRows, "in_state", in_state)


def neither_service_keeps_payments_apart(patch: pytest.MonkeyPatch) -> None:
    """Claims are not exclusive, and PaymentService allows two live payments. Either one alone is enough."""

    async def nobody(self: OrderRows, order_id: str) -> None:
        return None

    async def none_live(self: PaymentRows, order_id: str, user_id: str) -> bool:
        await self._sql.run("DROP INDEX IF EXISTS one_live_payment")
        return False

    patch.setattr(OrderRows, "claimed_by", nobody)
    patch.setattr(PaymentRows, "has_live", none_live)


def dead_payments_may_claim(patch: pytest.MonkeyPatch) -> None:
    original = OrderService.amount_due

    async def amount_due(self: OrderService, order_id: str, payment_id: str, user_id: str) -> object:
        async with self._store.write() as rows:
            await rows._sql.run("DELETE FROM claims WHERE payment_id = ? AND state = 'dead'", payment_id)  # noqa: SLF001
        answer = await original(self, order_id, payment_id, user_id)
        assert answer is None or isinstance(answer, Due) or answer
        return answer

    patch.setattr(OrderService, "amount_due", amount_due)


MUTANTS = (
    r1_orders_move_from_any_state,
    r1_an_order_is_placed_from_any_state,
    r1_an_order_is_paid_from_any_state,
    r2_cancelling_an_unknown_order_leaves_no_tombstone,
    r4_rejected_is_told_before_the_cart_is_back,
    r5_the_reserved_total_is_not_compared,
    r7_claimed_orders_expire,
    r7_overdue_orders_can_be_claimed,
    r7_a_claim_is_not_durable,
    r8_a_dead_payment_of_an_unknown_order_is_forgotten,
    r11_captured_money_is_kept_without_asking,
    r17_half_placed_orders_are_left_alone,
    neither_service_keeps_payments_apart,
    dead_payments_may_claim,
)
