"""Finding out what became of what may have been sent.

Settling repeats a request under its id, or cancels it. It never starts a payment: an order that was placed and for
which no payment was journalled stays unpaid, and the person is told.
"""

from dataclasses import dataclass
from datetime import timedelta

from backends.deadline import deadline
from backends.errors import NotFound, ShopError
from backends.models import Order, OrderStatus
from shopcli.core.checkout import Checkout
from shopcli.core.intents import PLACED, Cancelling, Entry, Paying, Placing

PLACE_FOR = timedelta(minutes=30)
"""An older intent is cancelled, not placed: nobody waits for it any more."""
GIVE_UP_AFTER = timedelta(hours=72)
"""Shops remember ids for that long; an older request would be refused anyway."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one entry of the journal; `error` is set where that is still open or went wrong."""

    key: str
    order: Order | None
    message: str
    error: ShopError | None = None
    hint: str | None = None


async def settle(checkout: Checkout, *, wait: bool = False) -> tuple[Settled, ...]:
    """Settle every unfinished entry of the account that is logged in.

    Nothing where another terminal is just checking out, unless `wait`: then Locked at the deadline.
    """
    with deadline(), checkout.journal.exclusive(wait=wait) as held:
        if not held:
            return ()
        return tuple([await _settle(checkout, entry) for entry in checkout.journal.unfinished(checkout.account)])


async def _settle(checkout: Checkout, entry: Entry) -> Settled:
    try:
        if checkout.clock() - entry.created_at > GIVE_UP_AFTER:
            return await _given_up(checkout, entry)
        if isinstance(entry, Placing):
            return await _settle_placing(checkout, entry)
        if isinstance(entry, Paying):
            return await _settle_paying(checkout, entry)
        return _told(entry, await checkout.go_on_cancelling(entry, sent=True))
    except ShopError as error:
        return Settled(entry.key, None, error.message, error, error.hint)


async def _given_up(checkout: Checkout, entry: Entry) -> Settled:
    """Close what no shop remembers any more, once the shop has said what there is."""
    try:
        order = await checkout.backend.orders.get(entry.order_id)
    except NotFound:
        checkout.close(entry)
        return Settled(entry.key, None, "a checkout of more than three days ago never became an order")
    checkout.close(entry)
    return _told(entry, order)


async def _settle_placing(checkout: Checkout, entry: Placing) -> Settled:
    if entry.state == PLACED:
        order = await checkout.backend.orders.get(entry.order_id)
    elif checkout.clock() - entry.created_at > PLACE_FOR:
        order = await _found_or_cancelled(checkout, entry)
    else:
        order = await checkout.go_on_placing(entry, sent=True)
    checkout.close(entry)
    return _told(entry, order)


async def _found_or_cancelled(checkout: Checkout, entry: Placing) -> Order:
    """Cancel an old intent, but not an order that it became: somebody may have paid it from elsewhere."""
    order = await checkout.backend.orders.find(entry.attempt)
    if order is not None and order.status not in (OrderStatus.PLACING, OrderStatus.REJECTING):
        return order
    cancelling = Cancelling(f"{entry.key}:cancel", entry.order_id, entry.account, entry.created_at)
    return await checkout.go_on_cancelling(cancelling, sent=True)


async def _settle_paying(checkout: Checkout, entry: Paying) -> Settled:
    order = await _order(checkout, entry)
    await checkout.go_on_paying(entry, order.number if order else None, sent=True)
    paid = await _order(checkout, entry) or order
    return _told(entry, paid) if paid else Settled(entry.key, None, f"order {entry.order_id} is paid")


async def _order(checkout: Checkout, entry: Paying) -> Order | None:
    try:
        return await checkout.backend.orders.get(entry.order_id)
    except ShopError:
        return None


def _told(entry: Entry, order: Order) -> Settled:
    name = f"order {order.number}" if order.number else "the checkout"
    if order.status is OrderStatus.AWAITING_PAYMENT:
        return Settled(entry.key, order, f"{name} is placed and not paid", hint=f"shop orders pay {order.name}")
    if order.status is OrderStatus.REJECTED:
        return Settled(entry.key, order, f"{name} was not placed; nothing was charged", hint="shop cart show")
    return Settled(entry.key, order, f"{name} is {order.status.value}")
