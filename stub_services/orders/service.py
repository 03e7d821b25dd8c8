"""The rules of orders.

Order first, then payment. Every step is a commit that a crash may follow: whoever comes next (the client
under the same key, or `run_due`) goes on from there, and every peer is idempotent. The rule numbers (R1 to
R18) are explained in docs/checkout.md.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from backends.deadline import deadline, remaining
from backends.errors import InvalidState, InvalidValue, KeyReused, NotFound, ShopError
from backends.interface import Clock
from backends.models import BookEntry, CheckoutAttempt, Order, OrderStatus, Page
from backends.money import Money
from stub_services.addresses import valid_address
from stub_services.aftermath import recorded
from stub_services.books import entries_in, page_of
from stub_services.caller import Caller
from stub_services.database import Store
from stub_services.orders.attempts import check_key, check_total, fingerprint_of
from stub_services.orders.showing import shown
from stub_services.orders.store import ClaimState, OrderRows, StoredOrder
from stub_services.outbox import ATTEMPT_SECONDS, Message, deliver, is_slow
from stub_services.peers import (
    MEMORY,
    Busy,
    CartPeer,
    Due,
    PaymentPeer,
    Refusal,
    Reserved,
    StockPeer,
    Taken,
    Verdict,
)

PAYMENT_WINDOW = timedelta(minutes=30)
CLOCK_SKEW = timedelta(minutes=10)
MAX_PAGE = 100

_CANCELLED = Refusal("cancelled", "the order was cancelled")
_CLOCKS = Refusal("clocks_differ", "the clock of this computer is ahead of the shop's")
_REFUNDED = Refusal("refunded", "the merchant refunds the order")


class OrderService:
    """Orders, and the word on whether a payment may charge."""

    def __init__(
        self,
        store: Store[OrderRows],
        carts: CartPeer,
        stock: StockPeer,
        payments: Callable[[], PaymentPeer],
        *,
        clock: Clock,
    ) -> None:
        """Keep orders in `store`; `payments` is asked for late, because PaymentService needs this one."""
        self._store = store
        self._carts = carts
        self._stock = stock
        self._clock = clock
        self._payments = payments

    # --- what customers ask ------------------------------------------------------------------

    async def place(self, caller: Caller, attempt: CheckoutAttempt) -> Order:
        """Place, or go on placing, or answer what became of it. Raises KeyReused, NotFound, InvalidValue."""
        user_id = caller.account()
        order = await self._begun(user_id, attempt)
        with recorded("orders"):
            silence = await self._go_on(order) if order.state is OrderStatus.PLACING else None
            await self._deliver(order.id)
            placed = await self._by_id(user_id, attempt.key)
            return replace(placed, message=silence.message) if silence else placed

    async def get(self, caller: Caller, ref: str) -> Order:
        """One order by number or id. Raises NotFound, also for somebody else's."""
        user_id = caller.account()
        async with self._store.read() as rows:
            is_number = ref.isascii() and ref.isdigit() and len(ref) < 16  # noqa: PLR2004  a UUID is longer
            order = await (rows.by_number(user_id, int(ref)) if is_number else rows.order(ref))
            if order is None or order.user_id != user_id:
                raise _unknown(ref)
            return await self._shown(rows, order)

    async def _by_id(self, user_id: str, order_id: str) -> Order:
        async with self._store.read() as rows:
            order = await rows.order(order_id)
            if order is None or order.user_id != user_id:
                raise _unknown(order_id)
            return await self._shown(rows, order)

    async def _shown(self, rows: OrderRows, order: StoredOrder) -> Order:
        return shown(order, await rows.lines(order.id), await rows.claimed_by(order.id), self._clock())

    async def find(self, caller: Caller, order_id: str) -> Order | None:
        """Look for an order by id; None if it is not here (yet), or somebody else's."""
        try:
            return await self._by_id(caller.account(), order_id)
        except NotFound:
            return None

    async def list(self, caller: Caller, limit: int, cursor: str | None) -> Page[Order]:
        """The account's orders, newest first."""
        user_id = caller.account()
        if not 1 <= limit <= MAX_PAGE:
            msg = f"the limit is 1 to {MAX_PAGE}"
            raise InvalidValue(msg, service="orders")
        if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 16):  # noqa: PLR2004
            msg = "this cursor does not belong to this list; start again without it"
            raise InvalidValue(msg, service="orders")
        async with self._store.read() as rows:
            found = await rows.page(user_id, limit + 1, None if cursor is None else int(cursor))
            orders = [await self._shown(rows, order) for order in found[:limit]]
        return Page(tuple(orders), orders[-1].number if len(found) > limit else None)

    async def cancel(self, caller: Caller, order_id: str) -> Order:
        """Cancel at once, whatever is under way; money that still arrives goes back. Raises InvalidState."""
        user_id = caller.account()
        check_key(order_id)
        await self._require_a_way_back(user_id, order_id)
        async with self._store.write() as rows:
            order = await rows.order(order_id)
            if order is None:
                await rows.insert_tombstone(order_id, user_id, _CANCELLED, self._clock())
            elif order.user_id != user_id:
                raise _unknown(order_id)
            elif order.state is OrderStatus.PLACING:
                await _reject(rows, order_id, _CANCELLED)
            elif not await self._expired(rows, order_id):
                await _cancel(rows, order, _CANCELLED)
        with recorded("orders"):
            await self._deliver(order_id)
            return await self._by_id(user_id, order_id)

    async def _require_a_way_back(self, user_id: str, order_id: str) -> None:
        """Refuse to cancel a paid order whose payment is lost, as its money would stay; silence forbids nothing."""
        async with self._store.read() as rows:
            order = await rows.order(order_id)
        if order is None or order.user_id != user_id or order.state is not OrderStatus.PAID:
            return
        known = True
        with suppress(ShopError), deadline(min(ATTEMPT_SECONDS, remaining())):
            known = await self._payments().knows(order.payment_id or "")
        if not known:
            msg = f"order {order.number} is paid, and its payment is lost: it stays, as no money would go back"
            raise InvalidState(msg, hint="shop services reconcile", service="payments")

    # --- what PaymentService asks ------------------------------------------------------------

    async def amount_due(self, order_id: str, payment_id: str, user_id: str) -> Due | Busy | Refusal:
        """Claim the order for one payment, durably; nobody else may charge until it ends (R7)."""
        async with self._store.write() as rows:
            order = await rows.order(order_id)
            claim = await rows.claim(payment_id)
            if claim is not None and (claim[0] != order_id or claim[1] is ClaimState.DEAD):
                return Refusal("payment_dead", "this payment has ended")
            if order is None or order.user_id != user_id:
                return Refusal("not_found", f"there is no order {order_id!r}")
            if claim is None:
                closed = _not_payable(order, await rows.claimed_by(order_id), self._clock())
                if closed is not None:
                    return closed
                await rows.insert_claim(payment_id, order_id, ClaimState.CLAIMED)
            elif claim[1] is ClaimState.CLAIMED and order.state is not OrderStatus.AWAITING_PAYMENT:
                return _ended(order)
            return Due(order.total, order.currency)

    async def captured(self, order_id: str, payment_id: str, amount: int) -> Verdict:
        """Answer whether captured money is kept (R11): only for the order that this payment claimed."""
        async with self._store.write() as rows:
            order = await rows.order(order_id)
            if order is None:
                return Verdict.REFUND
            if order.state is OrderStatus.PAID:
                return Verdict.ACCEPTED if order.payment_id == payment_id else Verdict.REFUND
            claim = await rows.claim(payment_id)
            await rows.end_claim(payment_id, ClaimState.CAPTURED)
            if claim != (order_id, ClaimState.CLAIMED) or amount != order.total:
                return Verdict.REFUND
            if not await rows.set_paid(order_id, payment_id):
                return Verdict.REFUND
            await rows.outbox.put(Message("sell", order_id))
        with suppress(ShopError):  # the verdict stands; the message waits
            await self._deliver(order_id)
        return Verdict.ACCEPTED

    async def payment_dead(self, order_id: str, payment_id: str) -> None:
        """Record that a payment will never take money, also for an order unknown here (R8, R9)."""
        async with self._store.write() as rows:
            await rows.insert_claim(payment_id, order_id, ClaimState.DEAD)
            await rows.end_claim(payment_id, ClaimState.DEAD)

    async def belongs_to(self, order_id: str, user_id: str) -> bool:
        """Whether this account placed that order."""
        async with self._store.read() as rows:
            order = await rows.order(order_id)
            return order is not None and order.user_id == user_id

    async def refunded(self, order_id: str, payment_id: str) -> None:
        """`cancelled -> refunded`, if it was this payment that paid the order."""
        async with self._store.write() as rows:
            order = await rows.order(order_id)
            if order is not None and order.payment_id == payment_id:
                await rows.move(order_id, OrderStatus.CANCELLED, OrderStatus.REFUNDED)

    async def give_up(self, order_id: str, payment_id: str) -> None:
        """Cancel a paid order because the merchant refunds it. Raises InvalidState, NotFound."""
        async with self._store.write() as rows:
            order = await rows.order(order_id)
            if order is None or order.payment_id != payment_id:
                msg = "this payment did not pay that order"
                raise InvalidState(msg, service="orders")
            await _cancel(rows, order, _REFUNDED)
        with recorded("orders"):
            await self._deliver(order_id)

    # --- what is due -------------------------------------------------------------------------

    async def books(self, caller: Caller, cursor: str | None) -> Page[BookEntry]:
        """All orders: state, pieces and total. Raises Forbidden."""
        return await page_of(entries_in(self._store), caller, cursor)

    async def run_due(self) -> None:
        """Do what waits: deliver messages, go on with orders that were left half-placed, expire unpaid ones (R17)."""
        async with self._store.read() as rows:
            placing = await rows.in_state(OrderStatus.PLACING)
            overdue = await rows.overdue(self._clock())
        for order in placing:
            if await is_slow(self._gone_on(order)):
                break  # somebody hangs: the time is for the others, too
        for order_id in overdue:
            await self._expire(order_id)
        await self._deliver()

    async def _gone_on(self, order: StoredOrder) -> None:
        silence = await self._go_on(order)
        if silence is not None:
            raise silence

    async def _expire(self, order_id: str) -> None:
        async with self._store.write() as rows:
            await self._expired(rows, order_id)

    async def _expired(self, rows: OrderRows, order_id: str) -> bool:
        """`awaiting_payment -> expired` if it is overdue now; whoever read it was told so already."""
        overdue = order_id in await rows.overdue(self._clock())
        moved = overdue and await rows.move(order_id, OrderStatus.AWAITING_PAYMENT, OrderStatus.EXPIRED)
        if moved:
            await rows.outbox.put(Message("release", order_id))
        return moved

    async def _deliver(self, order_id: str | None = None) -> None:
        handlers = {
            "release": lambda message: self._acknowledge(message, self._stock.release(message.order_id)),
            "give_back": lambda message: self._acknowledge(message, self._carts.give_back(message.order_id)),
            "sell": lambda message: self._acknowledge(message, self._stock.sell(message.order_id)),
            "refund": lambda message: self._acknowledge(
                message, self._payments().refund_order(message.order_id, message.payment_id)
            ),
        }
        await deliver(self._store.read, handlers, order_id)

    async def _acknowledge(self, message: Message, sending: Awaitable[None]) -> None:
        await sending
        async with self._store.write() as rows:
            await rows.outbox.remove(message)
            await rows.finish_rejection(message.order_id)

    # --- placing -----------------------------------------------------------------------------

    async def _begun(self, user_id: str, attempt: CheckoutAttempt) -> StoredOrder:
        fingerprint = fingerprint_of(attempt)
        async with self._store.write() as rows:
            order = await rows.order(attempt.key)
            if order is None:
                self._check(attempt)
                await self._record(rows, user_id, attempt, fingerprint)
                order = await rows.order(attempt.key)
            if order is None or order.user_id != user_id:
                raise _unknown(attempt.key)
            if order.fingerprint not in (None, fingerprint):
                msg = "this checkout's id was used before with other content"
                raise KeyReused(msg, service="orders")
            return order

    async def _record(self, rows: OrderRows, user_id: str, attempt: CheckoutAttempt, fingerprint: str) -> None:
        """Record the attempt, or for good that it was refused: one from the future would be accepted later (R14)."""
        now = self._clock()
        if attempt.created_at - now > CLOCK_SKEW:
            await rows.insert_tombstone(attempt.key, user_id, _CLOCKS, now)
            return
        asked = replace(attempt, address=valid_address(attempt.address, service="orders"))
        await rows.insert_placing(user_id, asked, fingerprint, now)

    def _check(self, attempt: CheckoutAttempt) -> None:
        if self._clock() - attempt.created_at > MEMORY:
            msg = "the checkout is too old to be placed"
            raise InvalidState(msg, hint="shop checkout", service="orders")
        check_key(attempt.key)
        check_total(attempt.total)
        if attempt.cart_version is None:
            msg = "a checkout needs the cart's version"
            raise InvalidValue(msg, service="orders")

    async def _go_on(self, order: StoredOrder) -> ShopError | None:
        """Take the cart, reserve the stock, compare the total. A silent peer leaves it `placing`, and is returned."""
        try:
            answer = await self._taken_and_reserved(order)
        except ShopError as silence:
            return silence
        async with self._store.write() as rows:
            if isinstance(answer, Refusal):
                await _reject(rows, order.id, answer)
                return None
            taken, reserved = answer
            shipping = taken.shipping.price.minor
            expires = self._clock() + PAYMENT_WINDOW
            if (reserved.total + shipping, reserved.currency) != (order.total, order.currency):
                total = Money.of_minor(reserved.total + shipping, reserved.currency)
                await _reject(rows, order.id, Refusal("price_changed", f"the total is {total} now"))
            else:
                await rows.set_placed(order.id, reserved.lines, reserved.total, shipping, expires)
        return None

    async def _taken_and_reserved(self, order: StoredOrder) -> tuple[Taken, Reserved] | Refusal:
        cart_id, version = order.cart_id or "", order.cart_version or 0
        taken = await self._carts.take(order.id, cart_id, version, order.user_id, order.intent_at)
        if isinstance(taken, Refusal):
            return taken
        if taken.shipping.id != order.shipping:
            return Refusal("cart_changed", "the delivery changed since it was confirmed")
        reserved = await self._stock.reserve(order.id, taken.items, order.intent_at)
        return reserved if isinstance(reserved, Refusal) else (taken, reserved)


def _not_payable(order: StoredOrder, claimed_by: str | None, now: datetime) -> Busy | Refusal | None:
    """Return why a new payment may not charge this order, or None."""
    if order.state is OrderStatus.PLACING or claimed_by is not None:
        return Busy()
    if order.state is not OrderStatus.AWAITING_PAYMENT:
        return _ended(order)
    if order.expires_at is not None and order.expires_at <= now:
        return Refusal("order_expired", "the order waited too long for a payment")
    return None


def _ended(order: StoredOrder) -> Refusal:
    return Refusal(f"order_{order.state}", f"the order is {_words(order.state)}")


async def _reject(rows: OrderRows, order_id: str, refusal: Refusal) -> None:
    """`placing -> rejecting`, undoing in the same commit what may have been taken or held."""
    if await rows.move(order_id, OrderStatus.PLACING, OrderStatus.REJECTING, refusal):
        await rows.outbox.put(Message("release", order_id), Message("give_back", order_id))


async def _cancel(rows: OrderRows, order: StoredOrder, refusal: Refusal) -> None:
    """`awaiting_payment | paid -> cancelled`; every other state stays as it is."""
    if order.state not in (OrderStatus.AWAITING_PAYMENT, OrderStatus.PAID):
        return
    if await rows.move(order.id, order.state, OrderStatus.CANCELLED, refusal):
        await rows.outbox.put(Message("release", order.id))
        if order.payment_id is not None:
            await rows.outbox.put(Message("refund", order.id, order.payment_id))


def _words(state: OrderStatus) -> str:
    return state.value.replace("_", " ")


def _unknown(ref: str) -> NotFound:
    return NotFound(f"there is no order {ref!r}", hint="shop orders list", service="orders")
