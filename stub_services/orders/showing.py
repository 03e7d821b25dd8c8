"""From a stored order to what people see."""

from datetime import datetime

from backends.models import Line, Order, OrderStatus, Totals
from backends.money import Money
from stub_services.orders.store import StoredOrder
from stub_services.peers import SoldLine


def shown(order: StoredOrder, lines: tuple[SoldLine, ...], claimed_by: str | None, now: datetime) -> Order:
    """Return the contract's order. Expiry is read off the clock, so that a read needs no write."""
    state, expires = order.state, order.expires_at
    open_ = state is OrderStatus.AWAITING_PAYMENT
    if open_ and expires is not None and expires <= now and claimed_by is None:
        state, open_ = OrderStatus.EXPIRED, False
    return Order(
        order.id,
        None if order.number is None else str(order.number),
        state,
        order.reason,
        tuple(_line(order, position, line) for position, line in enumerate(lines)),
        _totals(order),
        order.address,
        order.shipping,
        order.created_at,
        order.message,
        expires if open_ else None,
    )


def _totals(order: StoredOrder) -> Totals:
    return Totals(
        Money.of_minor(order.items, order.currency),
        Money.of_minor(order.shipping_price, order.currency),
        Money.of_minor(order.total, order.currency),
    )


def _line(order: StoredOrder, position: int, line: SoldLine) -> Line:
    offer = line.offer
    return Line(
        f"{order.id}:{position}",
        offer.variant_id,
        offer.ref,
        offer.title,
        offer.variant,
        offer.sku,
        line.quantity,
        Money.of_minor(offer.unit_price, offer.currency),
        Money.of_minor(offer.unit_price * line.quantity, offer.currency),
    )
