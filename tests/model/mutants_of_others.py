"""Carts, stock, payments and outboxes, each time without one rule of docs/checkout.md."""

import pytest

from backends import PaymentStatus
from backends.errors import ShopError
from stub_services.carts.service import CartService
from stub_services.carts.store import CartRows, Take
from stub_services.outbox import Message, Outbox
from stub_services.payments.processor import ChargeRows
from stub_services.payments.service import Charge, PaymentService
from stub_services.payments.store import PaymentRows, StoredPayment
from stub_services.peers import Refusal, Reserved, Taken
from stub_services.products.stock import Stock
from stub_services.products.stock_store import StockRows


def r1_payments_move_from_any_state(patch: pytest.MonkeyPatch) -> None:
    async def move(
        self: PaymentRows, payment_id: str, source: PaymentStatus, target: PaymentStatus, reason: str | None = None
    ) -> bool:
        return await self._sql.run("UPDATE payments SET state = ? WHERE id = ?", target, payment_id) == 1

    patch.setattr(PaymentRows, "move", move)


def r1_reservations_move_from_any_state(patch: pytest.MonkeyPatch) -> None:
    async def move(self: StockRows, order_id: str, state: str, *, expected: tuple[str, ...]) -> bool:
        return await self._sql.run("UPDATE reservations SET state = ? WHERE order_id = ?", state, order_id) == 1

    patch.setattr(StockRows, "move_reservation", move)


def r1_a_cart_is_given_back_each_time(patch: pytest.MonkeyPatch) -> None:
    async def mark_returned(self: CartRows, order_id: str) -> bool:
        await self._sql.run("UPDATE taken SET state = 'returned' WHERE order_id = ?", order_id)
        return True

    patch.setattr(CartRows, "mark_returned", mark_returned)


def r9_a_declined_payment_is_not_reported(patch: pytest.MonkeyPatch) -> None:
    original = Outbox.put

    async def put(self: Outbox, *messages: Message) -> None:
        await original(self, *(message for message in messages if message.kind != "payment_dead"))

    patch.setattr(Outbox, "put", put)


def r12_silence_of_the_processor_means_declined(patch: pytest.MonkeyPatch) -> None:
    original = PaymentService._answer  # noqa: SLF001  a mutant works from inside

    async def answer(self: PaymentService, payment: StoredPayment) -> Charge:
        try:
            return await original(self, payment)
        except ShopError:
            return Charge(captured=False, reason="silence")

    patch.setattr(PaymentService, "_answer", answer)


def r12_old_charges_are_repeated(patch: pytest.MonkeyPatch) -> None:
    async def answer(self: PaymentService, payment: StoredPayment) -> Charge:
        amount, currency = payment.amount or 0, payment.currency or ""
        return await self._processor.charge(payment.id, payment.method, amount, currency)

    patch.setattr(PaymentService, "_answer", answer)


def r17_messages_are_delivered_at_most_once(patch: pytest.MonkeyPatch) -> None:
    original = Outbox.pending

    async def pending(self: Outbox, order_id: str | None = None) -> tuple[Message, ...]:
        found = await original(self, order_id)
        for message in found:
            await self.remove(message)
        return found

    patch.setattr(Outbox, "pending", pending)


def r18_a_release_leaves_no_tombstone(patch: pytest.MonkeyPatch) -> None:
    original = StockRows.insert_reservation

    async def insert(self: StockRows, order_id: str, state: str, outcome: Reserved | Refusal | None) -> None:
        if state != "released":
            await original(self, order_id, state, outcome)

    patch.setattr(StockRows, "insert_reservation", insert)


def r18_released_stock_can_be_sold(patch: pytest.MonkeyPatch) -> None:
    async def sell(self: Stock, order_id: str) -> None:
        async with self._store.write() as rows:
            for row in await rows._sql.all("SELECT * FROM reservations WHERE order_id = ?", order_id):  # noqa: SLF001
                await rows._sql.run("UPDATE reservations SET state = 'held' WHERE order_id = ?", row["order_id"])  # noqa: SLF001
        await original(self, order_id)

    original = Stock.sell
    patch.setattr(Stock, "sell", sell)


def a_give_back_leaves_no_tombstone(patch: pytest.MonkeyPatch) -> None:
    original = CartRows.insert_take

    async def insert(self: CartRows, order_id: str, take: Take) -> None:
        if take.state != "returned":
            await original(self, order_id, take)

    patch.setattr(CartRows, "insert_take", insert)


def a_cart_is_taken_at_any_version(patch: pytest.MonkeyPatch) -> None:
    original = CartService.take

    async def take(self: CartService, order_id: str, cart_id: str, version: int, *others: object) -> Taken | Refusal:
        async with self._store.read() as rows:
            cart = await rows.by_id(cart_id)
        return await original(self, order_id, cart_id, cart.version if cart else version, *others)  # type: ignore[arg-type]

    patch.setattr(CartService, "take", take)


def a_take_leaves_the_lines_in_the_cart(patch: pytest.MonkeyPatch) -> None:
    async def clear(self: CartRows, cart_id: str) -> int:
        return 1

    patch.setattr(CartRows, "clear", clear)


def a_cancelled_paid_order_keeps_the_money(patch: pytest.MonkeyPatch) -> None:
    _without(patch, "refund")


def a_rejected_order_keeps_the_cart(patch: pytest.MonkeyPatch) -> None:
    _without(patch, "give_back")


def nothing_is_released(patch: pytest.MonkeyPatch) -> None:
    _without(patch, "release")


def nothing_is_sold(patch: pytest.MonkeyPatch) -> None:
    _without(patch, "sell")


def captured_money_is_not_reported(patch: pytest.MonkeyPatch) -> None:
    _without(patch, "captured")


def _without(patch: pytest.MonkeyPatch, kind: str) -> None:
    original = Outbox.put

    async def put(self: Outbox, *messages: Message) -> None:
        await original(self, *(message for message in messages if message.kind != kind))

    patch.setattr(Outbox, "put", put)


def the_processor_does_not_know_its_keys(patch: pytest.MonkeyPatch) -> None:
    async def charge(self: ChargeRows, reference: str, since: int) -> None:
        return None

    patch.setattr(ChargeRows, "charge", charge)


MUTANTS = (
    r1_payments_move_from_any_state,
    r1_reservations_move_from_any_state,
    r1_a_cart_is_given_back_each_time,
    r9_a_declined_payment_is_not_reported,
    r12_silence_of_the_processor_means_declined,
    r12_old_charges_are_repeated,
    r17_messages_are_delivered_at_most_once,
    r18_a_release_leaves_no_tombstone,
    r18_released_stock_can_be_sold,
    a_give_back_leaves_no_tombstone,
    a_cart_is_taken_at_any_version,
    a_take_leaves_the_lines_in_the_cart,
    a_cancelled_paid_order_keeps_the_money,
    a_rejected_order_keeps_the_cart,
    nothing_is_released,
    nothing_is_sold,
    captured_money_is_not_reported,
    the_processor_does_not_know_its_keys,
)
