"""Payments."""

from backends.models import Payment, PaymentMethod, PaymentStatus
from shopcli.cli.output.columns import Card, Column, View, shown
from shopcli.core.conclusions import beside

_PAYMENT_STATUS = {
    PaymentStatus.CHARGING.value: "yellow",
    PaymentStatus.CAPTURED.value: "yellow",
    PaymentStatus.SETTLED.value: "green",
    PaymentStatus.DECLINED.value: "red",
    PaymentStatus.REFUSED.value: "red",
}


def _payment_card(payment: Payment) -> Card:
    why = beside(payment.status, payment.reason)
    head = [f"payment {payment.id}: {payment.status}" + (f" ({why})" if why else "")]
    if payment.amount is not None:
        head.append(f"amount    {payment.amount}")
    head.append(f"with      {payment.method}")
    head.append(f"on        {shown(payment.created_at)}")
    if payment.action_url is not None:
        head.append(f"finish at {payment.action_url}")
    return Card(head, (), ())


METHOD = View(
    PaymentMethod,
    (
        Column("token", lambda method: method.token),
        Column("label", lambda method: method.label),
        Column("test", lambda method: method.test, rank=1),
    ),
    identity=lambda method: method.token,
)

PAYMENT = View(
    Payment,
    (
        Column("id", lambda payment: payment.id),
        Column("status", lambda payment: payment.status.value, styles=_PAYMENT_STATUS),
        Column("amount", lambda payment: payment.amount, right=True),
        Column("method", lambda payment: payment.method, rank=2, shrinks=True),
        Column("created_at", lambda payment: payment.created_at, "made", rank=3),
        Column("reason", lambda payment: payment.reason, rank=1),
        Column("order_id", lambda payment: payment.order_id, hidden=True),
    ),
    identity=lambda payment: payment.id,
    card=_payment_card,
)
