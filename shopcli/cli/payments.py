"""`shop payments`: list, show, refund and methods."""

from contextlib import suppress
from typing import Annotated

import typer

from backends.errors import NotFound, ShopError
from backends.models import Order, OrderStatus, Payment, PaymentStatus
from backends.registry import random_ids
from shopcli.cli.asking import choosing
from shopcli.cli.orders import LAST, OrderRef, find_order
from shopcli.cli.paying import Yes
from shopcli.cli.run import Run, begin
from shopcli.cli.views.payments import METHOD, PAYMENT

# The contract finds payments by their order only, so `show` looks through the latest ones.
_SEARCHED_ORDERS = 100
_REFUNDABLE = (PaymentStatus.CAPTURED, PaymentStatus.SETTLED)

_PaymentId = Annotated[str | None, typer.Argument(metavar="PAYMENT", show_default=False, help="Its id.")]


def list_payments(context: typer.Context, order: OrderRef = None) -> None:
    """List an order's payments, the oldest first. A terminal asks which order, elsewhere it is the latest.

    Examples:
      shop payments list
      shop payments list 1001 -o id

    Exit codes:
      3  no such order
      4  nobody is logged in
    """
    run = begin(context, PAYMENT, settles=True)
    found = _of(run, order)
    payments = run.do(run.backend.payments.list(found.id)) if found else ()
    run.out.list(PAYMENT, payments, empty=_none(found))


def show(context: typer.Context, payment: _PaymentId = None) -> None:
    """Show a payment of one of the latest orders. Which one is asked for on a terminal, where none is named.

    Examples:
      shop payments show PAYMENT
      shop payments show PAYMENT --json

    Exit codes:
      3  no such payment
      4  nobody is logged in
    """
    run = begin(context, PAYMENT, settles=True)
    found, _ = run.do(_find(run, choosing.payment(run) if payment is None else payment))
    run.out.show(PAYMENT, found)


def refund(context: typer.Context, payment: _PaymentId = None, yes: Yes = False) -> None:
    """Give a payment back in full. Only the merchant may. A terminal asks which one, where none is named.

    Examples:
      shop payments refund PAYMENT --yes

    Exit codes:
      3   no such payment
      5   you are not the merchant
      12  this shop refunds nothing from here
    """
    run = begin(context, PAYMENT, settles=True)
    if payment is None:
        payment = choosing.payment(run, lambda each: each.status in _REFUNDABLE)
    if not yes:
        run.ask.require("--yes")
        run.ask.confirm(f"As the owner of this shop: give {_named(run, payment)} back?")
    run.out.show(PAYMENT, run.change(run.backend.payments.refund(payment, random_ids()), look="shop payments list"))


def methods(context: typer.Context) -> None:
    """List what --pay takes: saved cards, and the test tokens of the shop's processor.

    Examples:
      shop payments methods
      shop checkout --pay "$(shop payments methods -o id | head -1)"

    Exit codes:
      4  nobody is logged in
    """
    run = begin(context, METHOD)
    empty = "no card is saved; one that you pay with is → shop checkout"
    run.out.list(METHOD, run.do(run.backend.payments.methods()), empty=empty)


def _of(run: Run, order: str | None) -> Order | None:
    """Find the order, or the one to take where none is named: None if there are no orders yet. Raises NotFound."""
    if order is not None:
        return run.do(find_order(run, order))
    with suppress(NotFound):
        return run.do(find_order(run, choosing.order(run) if run.ask.possible else LAST))
    return None


def _none(order: Order | None) -> str:
    """Say why there are no payments, and what can be done: only an order that waits for one can be paid."""
    if order is None:
        return "no orders yet, so there are no payments → shop products list"
    if order.status is OrderStatus.AWAITING_PAYMENT:
        return f"no payment yet → shop orders pay {order.name}"
    return f"no payment, and order {order.name} is {order.status} → shop orders show {order.name}"


def _named(run: Run, payment_id: str) -> str:
    """Say how much a payment of the latest orders is, and what for; those of others are the shop's to find."""
    try:
        found, order = run.do(_find(run, payment_id))
    except ShopError:
        return f"all of payment {payment_id}"
    return f"{found.amount or 'all of the payment'} for order {order.name}"


async def _find(run: Run, payment_id: str) -> tuple[Payment, Order]:
    page = await run.backend.orders.list(_SEARCHED_ORDERS)
    for order in page.items:
        for payment in await run.backend.payments.list(order.id):
            if payment.id == payment_id:
                return payment, order
    raise NotFound(f"no payment {payment_id!r} in the latest orders", hint="shop orders list")
