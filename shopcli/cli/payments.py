"""`shop payments`: list, show and refund."""

from typing import Annotated

import typer

from backends.errors import NotFound
from backends.models import Payment
from backends.registry import random_ids
from shopcli.cli.orders import OrderRef, find_order
from shopcli.cli.paying import Yes
from shopcli.cli.run import Run, begin
from shopcli.cli.views.orders import number
from shopcli.cli.views.payments import PAYMENT

# The contract finds payments by their order only, so `show` looks through the latest ones.
_SEARCHED_ORDERS = 100

_PaymentId = Annotated[str, typer.Argument(metavar="PAYMENT", help="Its id.")]


def list_payments(context: typer.Context, order: OrderRef = "@last") -> None:
    """List an order's payments, the oldest first; the latest order's unless another is named.

    Examples:
      shop payments list
      shop payments list 1001 -o id

    Exit codes:
      3  no such order
      4  nobody is logged in
    """
    run = begin(context, PAYMENT, settles=True)
    found = run.do(find_order(run, order))
    payments = run.do(run.backend.payments.list(found.id))
    run.out.list(PAYMENT, payments, empty=f"no payment yet → shop orders pay {number(found)}")


def show(context: typer.Context, payment: _PaymentId) -> None:
    """Show a payment of one of the latest orders.

    Examples:
      shop payments show PAYMENT
      shop payments show PAYMENT --json

    Exit codes:
      3  no such payment
      4  nobody is logged in
    """
    run = begin(context, PAYMENT, settles=True)
    run.out.show(PAYMENT, run.do(_find(run, payment)))


def refund(context: typer.Context, payment: _PaymentId, yes: Yes = False) -> None:
    """Give a payment back in full. Only the merchant may.

    Examples:
      shop payments refund PAYMENT --yes

    Exit codes:
      3   no such payment
      5   you are not the merchant
      12  this shop refunds nothing from here
    """
    run = begin(context, PAYMENT, settles=True)
    if not yes:
        run.ask.confirm(f"As the owner of this shop: give all of payment {payment} back?")
    run.out.show(PAYMENT, run.change(run.backend.payments.refund(payment, random_ids()), look="shop payments list"))


async def _find(run: Run, payment_id: str) -> Payment:
    page = await run.backend.orders.list(_SEARCHED_ORDERS)
    for order in page.items:
        for payment in await run.backend.payments.list(order.id):
            if payment.id == payment_id:
                return payment
    raise NotFound(f"no payment {payment_id!r} in the latest orders", hint="shop orders list")
