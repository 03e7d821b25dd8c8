"""Orders and checkouts in words: where it goes, how it gets there, what it costs, how it is paid."""

from textual.content import Content

from backends.models import Address, Cart, Order, OrderStatus, Payment, PaymentStatus, Totals
from backends.text import clean
from shopcli.core.paying import LATER, named
from shopcli.tui.state import Checkout
from shopcli.tui.words import Keys, money

Part = str | Content | tuple[str, str]

TONES = {
    OrderStatus.PLACING: "warn",
    OrderStatus.REJECTING: "warn",
    OrderStatus.AWAITING_PAYMENT: "warn",
    OrderStatus.PAID: "good",
    OrderStatus.REJECTED: "bad",
    OrderStatus.CANCELLED: "bad",
    OrderStatus.EXPIRED: "bad",
    OrderStatus.REFUNDED: "dim",
}
_MARKS = {"good": "✓", "warn": "!", "bad": "✗", "dim": "↩"}
_STYLES = {"good": "$text-success bold", "warn": "$text-warning bold", "bad": "$text-error bold", "dim": "bold"}
_DONE = (PaymentStatus.SETTLED,)
_FAILED = (PaymentStatus.DECLINED, PaymentStatus.REFUSED)


def name_of(order: Order) -> str:
    """Return what people call the order, cleaned."""
    return clean(order.name)


def status_word(status: OrderStatus) -> str:
    """Return a status in words, with a mark that says without a colour whether that is good."""
    return f"{_MARKS[TONES[status]]} {status.value.replace('_', ' ')}"


def styled_status(status: OrderStatus) -> tuple[str, str]:
    """Return it with its style."""
    return status_word(status), _STYLES[TONES[status]]


def address_line(address: Address) -> str:
    """Return an address on one line."""
    place = f"{address.postcode} {address.city}"
    parts = (address.name, address.line1, address.line2, place, address.region, address.country)
    return clean(", ".join(part for part in parts if part))


def sums(totals: Totals) -> str:
    """Say what makes up the total."""
    return f"items {money(totals.items)}" + (f" · delivery {money(totals.shipping)}" if totals.shipping else "")


def payment_line(payment: Payment) -> Content:
    """Say how one payment went."""
    tone = "good" if payment.status in _DONE else "bad" if payment.status in _FAILED else "warn"
    why = payment.message or (payment.reason or "").replace("_", " ")
    words = f"{_MARKS[tone]} {payment.status.value}"
    url = f" → {payment.action_url}" if payment.action_url else ""
    rest = f"  {clean(payment.method)}" + (f"  {clean(why)}" if why else "") + clean(url)
    return Content.assemble((words, _STYLES[tone]), f" {money(payment.amount)}", rest)


def to_confirm(checkout: Checkout) -> Content:
    """Say all that the person is about to confirm, but for the lines."""
    source: Cart | Order | None = checkout.cart or checkout.order
    if source is None or source.totals is None:
        return Content()
    parts: list[Part] = []
    if source.address is not None:
        parts.append(f"to        {address_line(source.address)}\n")
    if isinstance(source, Cart) and source.shipping is not None:
        parts.append(f"delivery  {clean(source.shipping.title)}\n")
    parts.append(f"payment   {clean(named(checkout.means)) if checkout.means else LATER}\n")
    parts += [f"total     {sums(source.totals)} · ", (money(source.totals.total), "bold")]
    for notice in source.notices if isinstance(source, Cart) else ():
        parts += ["\n", (f"! {clean(notice.message)}", "$text-warning")]
    return Content.assemble(*parts)


def receipt(checkout: Checkout, key: Keys) -> Content:
    """Say what became of it, and what can be done next."""
    order = checkout.order
    parts: list[Part] = []
    if order is not None:
        parts += [f"Order {name_of(order)}  ", styled_status(order.status), f"  {money(order.totals.total)}\n\n"]
    if checkout.sending:
        parts.append(f"{checkout.busy}\nLeaving is safe: it goes on, and nothing is ordered or charged twice.")
    elif checkout.open_id is not None:
        parts.append(_open(order, key))
    elif order is not None:
        parts.append(_next(order, key))
    return Content.assemble(*parts)


def _open(order: Order | None, key: Keys) -> str:
    what = "whether the order is paid" if order else "whether the order is placed"
    money_words = (
        "Money moves at most once: either the order turns out to be paid, or the money is yours (or goes back to you)."
        if order
        else "Nothing was charged: a payment begins only once the order is surely placed."
    )
    return (
        f"It is not known yet {what}.\n"
        "What you confirmed is written down on this computer, so nothing is lost and nothing happens twice.\n"
        f"{money_words}\n\n{key('retry')} asks again; so does {key('orders.resume')} on the orders page "
        f"({key('tab.orders')}), today or another day."
    )


def _next(order: Order, key: Keys) -> str:
    if order.status is OrderStatus.PAID:
        return f"Thank you. {key('tab.orders')} shows your orders, {key('tab.browse')} goes on browsing."
    if order.status is OrderStatus.AWAITING_PAYMENT:
        until = f" until {order.expires_at.astimezone():%H:%M on %d %b}" if order.expires_at else ""
        return (
            f"It is placed and not paid yet. It waits for a payment{until}.\n"
            f"{key('checkout.pay')} pays it now, with any method. "
            f"{key('tab.orders')} shows your orders; it can be paid from there too."
        )
    why = clean(order.message or (order.reason or "").replace("_", " "))
    return (f"{why}\n" if why else "") + f"{key('tab.orders')} shows your orders."
