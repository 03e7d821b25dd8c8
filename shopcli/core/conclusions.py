"""What the client may conclude from an answer, in words for the person (the table in docs/checkout.md)."""

from backends.errors import (
    CartChanged,
    Conflict,
    InvalidState,
    InvalidValue,
    LoginRequired,
    Outcome,
    OutcomeUnknown,
    OutOfStock,
    PaymentDeclined,
    Pending,
    PriceChanged,
    ShopError,
)
from backends.models import Order, OrderStatus, Payment, PaymentStatus
from shopcli.core.intents import Entry

_UNDECIDED_ORDER = (OrderStatus.PLACING, OrderStatus.REJECTING)
_UNDECIDED_PAYMENT = (PaymentStatus.CREATED, PaymentStatus.CHARGING, PaymentStatus.CAPTURED)
_NO_REASON = ("the", "a", "was", "order", "payment", "card")
_REFUSALS = {"out_of_stock": OutOfStock, "price_changed": PriceChanged}


def beside(status: str, why: str | None) -> str:
    """Return why something has its status, in words; nothing where that only says the status again."""
    words = (why or "").replace("_", " ")
    return words if {*words.casefold().split()} - {*status.replace("_", " ").split(), *_NO_REASON} else ""


def refusal(order: Order | None) -> ShopError:
    """Return the error that a rejected order means. It took nothing, from the cart neither."""
    reason = (order and order.reason) or "refused"
    if reason == "cancelled":
        msg = "the checkout was cancelled; nothing was ordered, nothing was charged, and the cart is as it was"
        return InvalidState(msg, hint="shop cart show", service="orders")
    detail = (order and order.message) or reason.replace("_", " ")
    if reason == "cart_changed":
        return overtaken(detail)
    kind = _REFUSALS.get(reason, Conflict)
    msg = f"nothing was ordered and nothing was charged, the cart is as it was: {detail}"
    return kind(msg, hint="shop cart show", service="orders")


def overtaken(how: str) -> CartChanged:
    """Return the error of a checkout whose cart somebody changed meanwhile, often another checkout that won."""
    msg = (
        "nothing was ordered and nothing was charged by this checkout, which took nothing from the cart:"
        f" {how}; perhaps another checkout of this account ordered what was in it"
    )
    return CartChanged(msg, hint="shop orders list", service="carts")


def order_is_decided(order: Order) -> bool:
    """Whether the answer settles a place or a cancel."""
    return order.status not in _UNDECIDED_ORDER


def payment_is_decided(payment: Payment) -> bool:
    """Whether the answer settles a payment, as far as a terminal can."""
    return payment.action_url is not None or payment.status not in _UNDECIDED_PAYMENT


def paid(payment: Payment, number: str) -> Payment:
    """Return a settled payment; raise what every other end means."""
    again = f"shop orders pay {number}"
    if payment.status is PaymentStatus.SETTLED:
        return payment
    if payment.status is PaymentStatus.DECLINED:
        why = beside("declined", payment.reason)
        msg = (
            f"the payment was declined{f' ({why})' if why else ''}; nothing was charged and order {number} still waits"
        )
        raise PaymentDeclined(msg, hint=again, service="payments")
    if payment.status in (PaymentStatus.REFUNDING, PaymentStatus.REFUNDED):
        done = "was" if payment.status is PaymentStatus.REFUNDED else "is being"
        msg = f"order {number} is not paid: the order had ended, and the money {done} refunded"
        raise InvalidState(msg, hint=f"shop orders show {number}", service="payments", outcome=Outcome.APPLIED)
    if payment.action_url is not None:
        msg = f"order {number} waits until you finish paying at {payment.action_url}"
        raise Pending(msg, hint=f"shop orders show {number}", service="payments")
    raise _refused(payment, number)


def _refused(payment: Payment, number: str) -> ShopError:
    if payment.reason == "unknown_method":
        return no_such_method(number)
    words = {
        "another_payment": "it is paid, or another payment of it is under way",
        "order_expired": "it waited too long for a payment and has expired",
    }.get(payment.reason or "", (payment.reason or "refused").replace("_", " "))
    msg = f"order {number} was not charged: {words}"
    return InvalidState(msg, hint=f"shop orders show {number}", service="payments")


def waits(name: str, error: ShopError) -> Pending:
    """Return the error of an order that is placed while its payment was surely not sent."""
    msg = f"order {name} is placed and waits for its payment; nothing was charged: {error.message}"
    return Pending(msg, hint=f"shop orders pay {name}", service=error.service)


def no_such_method(number: str) -> InvalidValue:
    """Return the error of a method that cannot be one; it is not repeated, it may be a card number."""
    msg = "there is no such payment method; nothing was charged"
    return InvalidValue(msg, hint=f"shop orders pay {number} --pay tok_visa", service="payments")


def unknown(entry: Entry, failure: ShopError | None, message: str | None) -> OutcomeUnknown:
    """Return the error of an intent whose outcome nobody could be made to say."""
    what = {"place": "placed", "pay": "paid", "cancel": "cancelled"}[entry.kind]
    said = failure.message if failure else message
    cause = f" ({said})" if said else ""
    msg = f"it is not known yet whether the order is {what}{cause}; nothing will be ordered or charged twice"
    # Logging in comes before asking again; every other failure is settled by asking again.
    hint = failure.hint if isinstance(failure, LoginRequired) else None
    return OutcomeUnknown(msg, hint=hint, service=failure.service if failure else None)
