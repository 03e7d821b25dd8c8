"""Finding out what became of what may have been sent.

Settling repeats a request under its id or cancels it. It never starts a first charge: an order that was
placed and not paid stays unpaid, and the person is told.
"""

from dataclasses import dataclass
from datetime import timedelta

from backends.errors import ShopError
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
    """Settle every unfinished entry; nothing where another terminal is just checking out, unless `wait`."""
    with checkout.journal.exclusive(wait=wait) as held:
        if not held:
            return ()
        return tuple([await _settle(checkout, entry) for entry in checkout.journal.unfinished()])


async def _settle(checkout: Checkout, entry: Entry) -> Settled:
    if checkout.clock() - entry.created_at > GIVE_UP_AFTER:
        checkout.journal.close_entry(entry)
        msg = f"the checkout {entry.order_id} is older than three days and was given up"
        return Settled(entry.key, None, msg, hint="shop orders list")
    try:
        if isinstance(entry, Placing):
            return await _settle_placing(checkout, entry)
        if isinstance(entry, Paying):
            return await _settle_paying(checkout, entry)
        return _told(entry, await checkout.go_on_cancelling(entry, sent=True))
    except ShopError as error:
        return Settled(entry.key, None, error.message, error, error.hint)


async def _settle_placing(checkout: Checkout, entry: Placing) -> Settled:
    if entry.state == PLACED:
        order = await checkout.backend.orders.get(entry.order_id)
    elif checkout.clock() - entry.created_at > PLACE_FOR:
        order = await checkout.go_on_cancelling(
            Cancelling(f"{entry.key}:cancel", entry.order_id, entry.created_at), sent=True
        )
    else:
        order = await checkout.go_on_placing(entry, sent=True)
    checkout.journal.close_entry(entry)
    return _told(entry, order)


async def _settle_paying(checkout: Checkout, entry: Paying) -> Settled:
    number = await _number(checkout, entry)
    await checkout.go_on_paying(entry, number, sent=True)
    return _told(entry, await checkout.backend.orders.get(entry.order_id))


async def _number(checkout: Checkout, entry: Paying) -> str | None:
    try:
        return (await checkout.backend.orders.get(entry.order_id)).number
    except ShopError:
        return None


def _told(entry: Entry, order: Order) -> Settled:
    name = f"order {order.number}" if order.number else "the checkout"
    if order.status is OrderStatus.AWAITING_PAYMENT:
        return Settled(
            entry.key, order, f"{name} is placed and not paid", hint=f"shop orders pay {order.number or order.id}"
        )
    if order.status is OrderStatus.REJECTED:
        return Settled(entry.key, order, f"{name} was not placed; nothing was charged", hint="shop cart show")
    return Settled(entry.key, order, f"{name} is {order.status.value}")
