"""Orders."""

from backends.models import Order, OrderStatus
from shopcli.cli.output.columns import Card, Column, View, shown
from shopcli.cli.views.carts import LINES, address_line, sums
from shopcli.core.conclusions import beside

ORDER_STYLES = {
    OrderStatus.PLACING.value: "yellow",
    OrderStatus.AWAITING_PAYMENT.value: "yellow",
    OrderStatus.PAID.value: "green",
    OrderStatus.REJECTED.value: "red",
    OrderStatus.CANCELLED.value: "red",
    OrderStatus.EXPIRED.value: "red",
}


def _order_card(order: Order) -> Card:
    why = beside(order.status, order.message or order.reason)
    head = [f"order {order.name}: {order.status}" + (f" ({why})" if why else "")]
    head.append(f"placed    {shown(order.created_at)}")
    if order.expires_at is not None:
        head.append(f"pay until {shown(order.expires_at)}")
    foot = ["", *sums(order.totals)]
    if order.address is not None:
        foot.append(f"to        {address_line(order.address)}")
    return Card([*head, ""], LINES, order.lines, foot)


ORDER = View(
    Order,
    (
        Column("number", lambda order: order.name),
        Column("status", lambda order: order.status.value, styles=ORDER_STYLES),
        Column("total", lambda order: order.totals.total, right=True),
        Column("lines", lambda order: len(order.lines), right=True, rank=2),
        Column("created_at", lambda order: order.created_at, "placed", rank=1),
        Column("reason", lambda order: order.reason, rank=3, shrinks=True),
        Column("id", lambda order: order.id, hidden=True),
    ),
    identity=lambda order: order.name,
    card=_order_card,
)
