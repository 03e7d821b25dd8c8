"""`shop orders`: list, show, pay, cancel, resume and watch."""

import sys
import time
from functools import partial
from typing import Annotated

import typer

from backends.errors import InvalidState, LoginRequired, NotFound, Pending
from backends.models import Card, Order, OrderStatus, PaymentMethod
from shopcli.cli.asking import choosing
from shopcli.cli.countdown import left, pause
from shopcli.cli.failures import Usage
from shopcli.cli.options import is_terminal
from shopcli.cli.output.columns import Column, View, shown
from shopcli.cli.paging import All, Cursor, Limit, collect, wanted
from shopcli.cli.paying import CardPiped, Pay, Yes, agreed, choose_method
from shopcli.cli.run import Run, begin, prepare
from shopcli.cli.views.orders import ORDER, ORDER_STYLES
from shopcli.core.paying import moves, named, paid
from shopcli.core.settling import Settled
from shopcli.core.terminals import moves_cursor

_LOOK = "shop orders resume"
LAST = "@last"
# How long `watch` waits between two looks: people notice more, and less only loads the shop.
_PAUSE = 1.0

OrderRef = Annotated[
    str | None, typer.Argument(metavar="ORDER", show_default=False, help="Its number or id; @last is the latest.")
]


def _settled_status(settled: Settled) -> str:
    if settled.order is not None:
        return settled.order.status.value
    return "unknown" if settled.error is not None else ""


SETTLED = View(
    Settled,
    (
        Column("order", lambda settled: settled.order.name if settled.order else ""),
        Column("status", _settled_status, styles=ORDER_STYLES),
        Column("message", lambda settled: settled.message, shrinks=True),
        Column("key", lambda settled: settled.key, hidden=True),
    ),
    identity=lambda settled: settled.order.name if settled.order else settled.key,
)


def list_orders(context: typer.Context, limit: Limit = None, cursor: Cursor = None, everything: All = False) -> None:
    """List orders, the newest first.

    Examples:
      shop orders list
      shop orders list --all --json | jq '.items[] | select(.status == "paid").number'

    Exit codes:
      4  nobody is logged in
    """
    run = begin(context, ORDER, settles=True)
    orders, count = run.backend.orders, wanted(limit, everything=everything)
    page = run.do(collect(orders.list, count, cursor))
    run.out.list(
        ORDER,
        page.items,
        next_cursor=page.next_cursor,
        total=page.total,
        empty="no orders yet → shop products list",
    )


def show(context: typer.Context, order: OrderRef = None) -> None:
    """Show an order. Which one is asked for on a terminal, where none is named.

    Examples:
      shop orders show @last
      shop orders show 1001 --json

    Exit codes:
      3  no such order
      4  nobody is logged in
    """
    run = begin(context, ORDER, settles=True)
    _print(run, run.do(find_order(run, order if order is not None else choosing.order(run))))


def pay(
    context: typer.Context, order: OrderRef = None, pay: Pay = None, card_stdin: CardPiped = False, yes: Yes = False
) -> None:
    """Pay for an order that waits for it. Which one, and how, is asked for on a terminal.

    Examples:
      shop orders pay @last
      shop orders pay 1001 --pay tok_visa --yes

    Exit codes:
      6  it does not wait for a payment
      7  the payment was declined
      8  not paid yet
    """
    run = begin(context, ORDER, settles=True)
    ref = order if order is not None else choosing.order(run, _waits, none="no order waits for a payment")
    found = run.do(find_order(run, ref))
    if found.status is not OrderStatus.AWAITING_PAYMENT:
        name = found.name
        raise InvalidState(f"order {name} is {found.status} and waits for no payment", hint=f"shop orders show {name}")
    means = choose_method(run, pay, card_piped=card_stdin, later=False)
    if means is None:
        raise Usage("paying later is what the order does already", hint=f"shop orders show {found.name}")
    method = agreed(run, means, partial(_confirm, run, found, yes=yes))
    result, failure = run.change(paid(run.shop, found, method), look=_LOOK)
    run.out.show(ORDER, result)
    if failure is not None:
        raise failure


def _confirm(run: Run, order: Order, means: PaymentMethod | Card | None, *, yes: bool) -> None:
    if not yes and means is not None:
        run.ask.confirm(f"Pay {order.totals.total} for order {order.name} with {named(means)}?")


def cancel(context: typer.Context, order: OrderRef = None, yes: Yes = False) -> None:
    """Cancel an order; what was paid is refunded. Which one is asked for on a terminal, where none is named.

    Examples:
      shop orders cancel 1001
      shop orders cancel @last --yes

    Exit codes:
      3  no such order
      6  it cannot be cancelled any more
    """
    run = begin(context, ORDER, settles=True)
    if not yes:
        run.ask.require(*([] if order is not None else ["ORDER"]), "--yes")
    ref = order if order is not None else choosing.order(run, _stands, none="no order can be cancelled")
    found = run.do(find_order(run, ref))
    if not yes:
        back = ", and give the money back" if found.status is OrderStatus.PAID else ""
        run.ask.confirm(f"Cancel order {found.name} ({found.totals.total}, {found.status}){back}?")
    _print(run, run.change(run.shop.checkout.cancel(found.id), look=_LOOK))


def resume(context: typer.Context) -> None:
    """Find out what became of unfinished checkouts. Nothing is ever charged twice.

    Examples:
      shop orders resume

    Exit codes:
      0   nothing is open any more
      4   what is unfinished belongs to another account
      8   an order is placed and not paid yet
      11  an answer is still missing; try again later
    """
    run = prepare(context, SETTLED)
    settled = run.change(run.shop.settle(wait=True), look=_LOOK)
    if not settled:
        _mention_others(run)
    run.out.list(SETTLED, settled, empty="no checkout is unfinished → shop orders list")
    for each in settled:
        if each.hint:
            run.out.next(each.hint)
    _mention_others(run)
    raise typer.Exit(max(map(_exit_code, settled), default=0))


def _mention_others(run: Run) -> None:
    """Raise LoginRequired while checkouts of somebody else are unfinished: only their account can settle them."""
    if count := run.shop.unfinished_of_others():
        are = "checkout is unfinished and belongs" if count == 1 else "checkouts are unfinished and belong"
        msg = f"{count} {are} to another account; log in to it, then resume"
        raise LoginRequired(msg)


def watch(context: typer.Context, order: OrderRef = None) -> None:
    """Wait until nothing more can happen to an order by itself, then show it.

    An unpaid order is watched until it is paid or expires, or for --timeout seconds if that is given. A terminal
    shows how long it can be paid.

    Examples:
      shop orders watch @last
      shop orders watch 1001 --timeout 60

    Exit codes:
      0   nothing more will happen by itself
      8   --timeout is over, and something still may
    """
    run = begin(context, ORDER, settles=True)
    found = run.do(find_order(run, order if order is not None else choosing.order(run)))
    said: OrderStatus | None = None
    counts = run.out.talks and is_terminal(sys.stderr) and moves_cursor()
    ends_at = time.monotonic() + run.options.timeout if run.options.timeout_given else None
    while True:
        if found.status is not said:
            until = f" until {shown(found.expires_at)} at the most" if found.expires_at else ""
            run.out.say(f"order {found.name} is {found.status}{until}; Ctrl-C stops watching")
            said = found.status
        if not moves(found, run.do(run.backend.payments.list(found.id))):
            break
        if ends_at is not None and time.monotonic() >= ends_at:
            _print(run, found)
            raise typer.Exit(Pending.exit_code)
        pause(_PAUSE, left(found.expires_at), shown=counts)
        found = run.do(run.backend.orders.get(found.id))
    _print(run, found)


async def find_order(run: Run, ref: str) -> Order:
    """Find an order by number or id; `@last` is the latest. Raises NotFound."""
    if ref != LAST:
        return await run.backend.orders.get(ref)
    page = await run.backend.orders.list(1)
    if not page.items:
        raise NotFound("there are no orders yet", hint="shop products list")
    return page.items[0]


def _waits(order: Order) -> bool:
    return order.status is OrderStatus.AWAITING_PAYMENT


def _stands(order: Order) -> bool:
    return order.status in (OrderStatus.AWAITING_PAYMENT, OrderStatus.PAID)


def _exit_code(settled: Settled) -> int:
    """Return what `resume` leaves with; of several the highest, so that unknown (11) beats pending (8)."""
    if settled.error is not None:
        return settled.error.exit_code
    return Pending.exit_code if settled.order is not None and _waits(settled.order) else 0


def _print(run: Run, order: Order) -> None:
    run.out.show(ORDER, order)
    if _waits(order):
        run.out.next(f"shop orders pay {order.name}")
