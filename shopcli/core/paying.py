"""How money moves, for every front end: a card as people type it, a placed order paid, and what became of it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from backends.errors import InvalidState, InvalidValue, NotFound, Pending, ShopError
from backends.models import Card, Order, OrderStatus, Payment, PaymentMethod, PaymentStatus
from shopcli.core.shop import Shop

LATER = "later"
"""What people say instead of a method if the order shall wait."""
_CENTURY = 2000
_UNDECIDED = (OrderStatus.PLACING, OrderStatus.REJECTING)
_MOVING = (
    PaymentStatus.CREATED,
    PaymentStatus.CHARGING,
    PaymentStatus.CAPTURED,
    PaymentStatus.REFUNDING,
)


@dataclass(frozen=True, slots=True)
class Became:
    """What is known of an order that was confirmed: `is_open` says whether an answer is still missing."""

    order: Order | None
    error: ShopError | None
    is_open: bool


def parse_card(text: str) -> Card:
    """Read ``NUMBER MM/YY CVV``; the number may have spaces or dashes. Raises InvalidValue, which repeats no digit."""
    *digits, expiry, cvv = text.split() if len(text.split()) > len(("expiry", "cvv")) else ("", "", "")
    month, _, year = expiry.partition("/")
    numbers = ("".join(digits).replace("-", ""), month, year, cvv)
    if not all(part.isascii() and part.isdigit() for part in numbers) or len(year) not in (len("YY"), len("YYYY")):
        raise InvalidValue('a card is written as "NUMBER MM/YY CVV"')
    return Card(numbers[0], int(month), int(year) + (_CENTURY if len(year) == len("YY") else 0), cvv)


def named(means: PaymentMethod | Card) -> str:
    """Return what a person is asked to confirm."""
    return f"the card ending in {means.number[-4:]}" if isinstance(means, Card) else means.label


async def paid(shop: Shop, order: Order, method: PaymentMethod | None) -> tuple[Order, ShopError | None]:
    """Pay for a placed order. Returns the order as it is then, and why it is not paid if it is not.

    A failed payment leaves an order that people need to see, so it is returned and not raised.
    """
    if method is None:
        name = order.name
        return order, Pending(f"order {name} is placed and not paid yet", hint=f"shop orders pay {name}")
    failure: ShopError | None = None
    try:
        await shop.checkout.pay(order, method.token)
    except ShopError as error:
        failure = error
    with suppress(ShopError):  # then what is known already is shown
        order = await shop.backend.orders.get(order.id)
    return order, failure


async def became(shop: Shop, order_id: str) -> Became:
    """Settle what is unfinished, and say what became of one order. Nothing is charged that was not confirmed before.

    Raises Locked at the deadline while another terminal checks out, StorageError.
    """
    mine = _open(shop, order_id)
    settled = [each for each in await shop.settle(wait=True) if each.key in mine]
    is_open = bool(_open(shop, order_id))
    error = next((each.error for each in settled if each.error is not None), None)
    order = next((each.order for each in settled if each.order is not None), None)
    if order is None:
        try:
            order = await shop.backend.orders.get(order_id)
        except NotFound:
            error = error or InvalidState("the order was never placed; nothing was charged", hint="shop cart show")
        except ShopError as failure:
            error, is_open = error or failure, is_open or error is None
    return Became(order, error, is_open)


def moves(order: Order, payments: Sequence[Payment]) -> bool:
    """Whether something may still happen to the order without anybody doing anything."""
    waits = order.status is OrderStatus.AWAITING_PAYMENT and order.expires_at is not None
    return order.status in _UNDECIDED or waits or any(payment.status in _MOVING for payment in payments)


def _open(shop: Shop, order_id: str) -> set[str]:
    """Return the keys of what is journalled about an order."""
    return {entry.key for entry in shop.journal.unfinished(shop.checkout.account) if entry.order_id == order_id}
