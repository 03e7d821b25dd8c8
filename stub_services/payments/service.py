"""The rules of payments.

One live payment for each order; a charge only after OrderService granted it; the processor's answer, and
never silence, ends a charge; money is kept only if OrderService accepts it. The rule numbers (R1 to R18)
are explained in docs/checkout.md.
"""

import re
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from backends.errors import InvalidState, InvalidValue, KeyReused, NotFound, ShopError
from backends.interface import Clock
from backends.models import BookEntry, Card, Page, Payment, PaymentMethod, PaymentStatus
from backends.money import Money
from backends.text import clean, shorten
from stub_services.aftermath import recorded
from stub_services.books import entries_in, page_of
from stub_services.caller import Caller
from stub_services.database import Store
from stub_services.outbox import Message, deliver
from stub_services.payments.store import PaymentRows, StoredPayment
from stub_services.peers import Due, OrderPeer, Refusal, Verdict

REPEAT_CHARGES_FOR = timedelta(hours=12)
"""Younger charges are repeated under their key; older ones only looked up: processors forget keys after a day."""
CLOCK_SKEW = timedelta(minutes=10)
MAX_KEY = 64

_TOKEN = re.compile(r"[A-Za-z]\w{2,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Charge:
    """The processor's definite answer."""

    captured: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What the processor took under a reference and did not give back, in minor units."""

    reference: str
    amount: int
    currency: str


class Processor(Protocol):
    """Who moves the money. A raised `ShopError` is silence."""

    async def tokenize(self, card: Card) -> PaymentMethod:
        """Turn a card into a token."""

    async def charge(self, reference: str, token: str, amount: int, currency: str) -> Charge:
        """Charge once for each reference."""

    async def look_up(self, reference: str) -> Charge | None:
        """What became of a charge; None if there never was one."""

    async def refund(self, reference: str) -> None:
        """Give the money back; idempotent."""

    async def kept(self, references: tuple[str, ...]) -> dict[str, int]:
        """What was taken under each reference and not given back, in minor units; 0 where nothing was."""

    async def all_kept(self, after: str, most: int) -> list[Kept]:
        """The next references behind one, in their order, under which anything was taken and not given back."""


class PaymentService:
    """Payments and saved cards."""

    def __init__(
        self,
        store: Store[PaymentRows],
        processor: Processor,
        orders: OrderPeer,
        *,
        test_tokens: tuple[PaymentMethod, ...],
        clock: Clock,
    ) -> None:
        """Keep payments in `store` and move money through `processor`."""
        self._store = store
        self._processor = processor
        self._orders = orders
        self._test_tokens = test_tokens
        self._clock = clock

    # --- what customers ask ------------------------------------------------------------------

    async def methods(self, caller: Caller) -> tuple[PaymentMethod, ...]:
        """Saved cards, then the processor's test tokens."""
        async with self._store.read() as rows:
            return (*await rows.methods(caller.account()), *self._test_tokens)

    async def tokenize(self, caller: Caller, card: Card) -> PaymentMethod:
        """Save a card as a token. Raises InvalidValue."""
        user_id = caller.account()
        method = await self._processor.tokenize(card)
        async with self._store.write() as rows:
            await rows.insert_method(user_id, method, self._clock())
        return method

    async def pay(self, caller: Caller, order_id: str, method: str, payment_id: str) -> Payment:
        """Pay, go on paying, or answer what became of it. Raises KeyReused, NotFound, InvalidValue."""
        payment = await self._begun(caller.account(), order_id, method, payment_id)
        with recorded("payments"):
            silence = await self._go_on(payment)
            await self._deliver(order_id)
            shown = await self.get(caller, payment_id)
            return replace(shown, message=silence.message) if silence else shown

    async def get(self, caller: Caller, payment_id: str) -> Payment:
        """One payment. Raises NotFound, also for somebody else's."""
        async with self._store.read() as rows:
            payment = await rows.payment(payment_id)
        if payment is None or (payment.user_id != caller.user_id and not caller.merchant):
            raise _unknown(payment_id)
        return _shown(payment)

    async def list(self, caller: Caller, order_id: str) -> tuple[Payment, ...]:
        """An order's payments, oldest first. Raises NotFound for an order that is not the caller's."""
        user_id = caller.account()
        async with self._store.read() as rows:
            payments = tuple(_shown(payment) for payment in await rows.of_order(order_id, user_id))
        if not payments and not await self._orders.belongs_to(order_id, user_id):
            msg = f"there is no order {order_id!r}"
            raise NotFound(msg, hint="shop orders list", service="orders")
        return payments

    async def refund(self, caller: Caller, payment_id: str) -> Payment:
        """Give back the full amount, by way of the order. Raises Forbidden, NotFound, InvalidState."""
        caller.require_merchant()
        async with self._store.read() as rows:
            payment = await rows.payment(payment_id)
        if payment is None:
            raise _unknown(payment_id)
        if payment.state is PaymentStatus.SETTLED:
            await self._orders.give_up(payment.order_id, payment.id)
        elif payment.state in (PaymentStatus.DECLINED, PaymentStatus.REFUSED):
            msg = f"the payment is {payment.state}: there is no money to give back"
            raise InvalidState(msg, hint=f"shop payments list {payment.order_id}", service="payments")
        elif payment.state not in (PaymentStatus.REFUNDING, PaymentStatus.REFUNDED):
            msg = f"the payment is {payment.state}: it can be given back once it is settled"
            raise InvalidState(msg, hint=f"shop orders watch {payment.order_id}", service="payments")
        with recorded("payments"):
            return await self.get(caller, payment_id)

    async def forget(self, user_id: str) -> None:
        """Forget an account's saved cards; its payments stay in the books."""
        async with self._store.write() as rows:
            await rows.delete_methods(user_id)

    # --- what OrderService asks --------------------------------------------------------------

    async def refund_order(self, order_id: str, payment_id: str) -> None:
        """Send a cancelled order's money back; acknowledged once that is recorded."""
        async with self._store.write() as rows:
            payment = await rows.payment(payment_id)
            if payment is None or payment.order_id != order_id:
                return
            for state in (PaymentStatus.SETTLED, PaymentStatus.CAPTURED):
                await rows.move(payment_id, state, PaymentStatus.REFUNDING)
        await self._resume(payment_id)

    async def knows(self, payment_id: str) -> bool:
        """Whether there is such a payment."""
        async with self._store.read() as rows:
            return payment_id in await rows.known((payment_id,))

    # --- what is due -------------------------------------------------------------------------

    async def books(self, caller: Caller, cursor: str | None) -> Page[BookEntry]:
        """All payments, beside what the processor says that it took for them, or for none. Raises Forbidden."""

        async def entries(after: str, orders: int) -> list[BookEntry]:
            found = await entries_in(self._store)(after, orders)
            kept = await self._processor.kept(tuple(entry.id for entry in found))
            return [replace(entry, kept=kept[entry.id]) for entry in found]

        return await page_of(entries, caller, cursor, self._charged_for_none)

    async def _charged_for_none(self, most: int) -> tuple[BookEntry, ...]:
        """Money that the processor keeps for payments unknown here: each is recorded before it is charged (R7)."""
        found: tuple[BookEntry, ...] = ()
        after = ""
        while len(found) < most and (charges := await self._processor.all_kept(after, most)):
            async with self._store.read() as rows:
                known = await rows.known(tuple(charge.reference for charge in charges))
            found += tuple(_stray(charge) for charge in charges if charge.reference not in known)
            after = charges[-1].reference
        return found[:most]

    async def run_due(self) -> None:
        """Do what waits: go on with unfinished payments, deliver messages (R17)."""
        async with self._store.read() as rows:
            unfinished = await rows.unfinished()
        for payment in unfinished:
            await self._go_on(payment)
        await self._deliver()

    async def _deliver(self, order_id: str | None = None) -> None:
        handlers = {
            "captured": self._settle,
            "return": lambda message: self._acknowledge(message, self._processor.refund(message.payment_id)),
            "payment_dead": lambda message: self._acknowledge(
                message, self._orders.payment_dead(message.order_id, message.payment_id)
            ),
            "refunded": lambda message: self._acknowledge(
                message, self._orders.refunded(message.order_id, message.payment_id)
            ),
        }
        await deliver(self._store.read, handlers, order_id)

    async def _acknowledge(self, message: Message, sending: Awaitable[None]) -> None:
        await sending
        async with self._store.write() as rows:
            await rows.outbox.remove(message)

    async def _settle(self, message: Message) -> None:
        """`captured -> settled | refunding`, as the order says (R11)."""
        async with self._store.read() as rows:
            payment = await rows.payment(message.payment_id)
        verdict = await self._orders.captured(message.order_id, message.payment_id, (payment and payment.amount) or 0)
        target = PaymentStatus.SETTLED if verdict is Verdict.ACCEPTED else PaymentStatus.REFUNDING
        async with self._store.write() as rows:
            await rows.move(message.payment_id, PaymentStatus.CAPTURED, target)
            await rows.outbox.remove(message)
        await self._resume(message.payment_id)

    # --- paying ------------------------------------------------------------------------------

    async def _begun(self, user_id: str, order_id: str, method: str, payment_id: str) -> StoredPayment:
        """Return the payment of this id, recording it first; a definite refusal is recorded too (R14)."""
        _check_request(payment_id, method)
        label = await self._label(user_id, method)
        async with self._store.write() as rows:
            known = await rows.payment(payment_id)
            if known is not None:
                return _same(known, user_id, order_id, method)
            state, reason = PaymentStatus.CREATED, None
            if label is None:
                state, reason = PaymentStatus.REFUSED, "unknown_method"
            elif await rows.has_live(order_id, user_id):
                state, reason = PaymentStatus.REFUSED, "another_payment"
            payment = StoredPayment(
                payment_id, order_id, user_id, method, label or "unknown", state, reason, None, None, self._clock()
            )
            await rows.insert(payment)
            if state is PaymentStatus.REFUSED:
                await rows.outbox.put(Message("payment_dead", order_id, payment_id))
            return payment

    async def _label(self, user_id: str, method: str) -> str | None:
        async with self._store.read() as rows:
            saved = await rows.methods(user_id)
        return next((known.label for known in (*saved, *self._test_tokens) if known.token == method), None)

    async def _resume(self, payment_id: str) -> ShopError | None:
        async with self._store.read() as rows:
            payment = await rows.payment(payment_id)
        return await self._go_on(payment) if payment is not None else None

    async def _go_on(self, payment: StoredPayment) -> ShopError | None:
        """Do the next steps; silence leaves the payment where it is, asked again later (R10, R12); returns it."""
        steps = {
            PaymentStatus.CREATED: self._claim,
            PaymentStatus.CHARGING: self._charge,
            PaymentStatus.REFUNDING: self._give_back,
        }
        if payment.state in steps:
            try:
                return await steps[payment.state](payment)
            except ShopError as silence:
                return silence
        return None

    async def _claim(self, payment: StoredPayment) -> ShopError | None:
        answer = await self._orders.amount_due(payment.order_id, payment.id, payment.user_id)
        async with self._store.write() as rows:
            if isinstance(answer, Due):
                await rows.set_charging(payment.id, answer.amount, answer.currency, self._clock())
            elif isinstance(answer, Refusal):
                await _end(rows, payment, PaymentStatus.REFUSED, answer.reason)
        return await self._resume(payment.id) if isinstance(answer, Due) else None

    async def _charge(self, payment: StoredPayment) -> None:
        charge = await self._answer(payment)
        async with self._store.write() as rows:
            if not charge.captured:
                await _end(rows, payment, PaymentStatus.DECLINED, charge.reason)
            elif await rows.move(payment.id, PaymentStatus.CHARGING, PaymentStatus.CAPTURED):
                await rows.outbox.put(Message("captured", payment.order_id, payment.id))
            elif await rows.state(payment.id) is PaymentStatus.DECLINED:
                # This process slept through the charge's window, and another one ended the payment meanwhile.
                await rows.outbox.put(Message("return", payment.order_id, payment.id))

    async def _answer(self, payment: StoredPayment) -> Charge:
        """Look up first: only a charge that the processor never saw, and a young one, is sent (again)."""
        known = await self._processor.look_up(payment.id)
        if known is not None:
            return known
        since = payment.charging_at
        # A clock that was set back makes a charge look younger than it is: nothing from the future is repeated.
        if since is None or not -CLOCK_SKEW <= self._clock() - since <= REPEAT_CHARGES_FOR:
            return Charge(captured=False, reason="never_charged")
        return await self._processor.charge(payment.id, payment.method, payment.amount or 0, payment.currency or "")

    async def _give_back(self, payment: StoredPayment) -> None:
        await self._processor.refund(payment.id)
        async with self._store.write() as rows:
            if await rows.move(payment.id, PaymentStatus.REFUNDING, PaymentStatus.REFUNDED):
                await rows.outbox.put(Message("refunded", payment.order_id, payment.id))
        await self._deliver(payment.order_id)


async def _end(rows: PaymentRows, payment: StoredPayment, target: PaymentStatus, reason: str | None) -> None:
    """End without money, and say so to the order in the same commit (R9)."""
    if await rows.move(payment.id, payment.state, target, reason):
        await rows.outbox.put(Message("payment_dead", payment.order_id, payment.id))


def _same(known: StoredPayment, user_id: str, order_id: str, method: str) -> StoredPayment:
    if known.user_id != user_id:
        raise _unknown(known.id)
    if (known.order_id, known.method) != (order_id, method):
        msg = "this payment's id was used before with other content"
        raise KeyReused(msg, service="payments")
    return known


def _check_request(payment_id: str, method: str) -> None:
    """Refuse what cannot be a token before it is stored: a card number must not reach the disk this way."""
    if not 1 <= len(payment_id) <= MAX_KEY:
        msg = f"a payment's id has 1 to {MAX_KEY} characters"
        raise InvalidValue(msg, service="payments")
    if not _TOKEN.fullmatch(method):
        msg = "that is not a payment method"
        raise InvalidValue(msg, hint="shop checkout --pay tok_visa", service="payments")


def _shown(payment: StoredPayment) -> Payment:
    amount = None if payment.amount is None else Money.of_minor(payment.amount, payment.currency or "")
    return Payment(
        payment.id, payment.order_id, payment.state, payment.reason, amount, payment.label, payment.created_at
    )


def _stray(charge: Kept) -> BookEntry:
    reference = shorten(charge.reference, MAX_KEY)
    return BookEntry("payments", None, reference, "unknown", kept=charge.amount, currency=clean(charge.currency))


def _unknown(payment_id: str) -> NotFound:
    return NotFound(f"there is no payment {payment_id!r}", hint="shop payments list", service="payments")
