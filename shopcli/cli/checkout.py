"""`shop checkout`: from the cart to an order that is paid for."""

from shlex import join
from typing import Annotated

import typer

from backends.errors import PriceChanged, ShopError, Unavailable, Unsupported
from backends.models import Card, Cart, Order, PaymentMethod, Requirement
from backends.money import Money
from shopcli.cli.asking import choosing
from shopcli.cli.failures import Usage
from shopcli.cli.paying import CardPiped, Pay, Yes, choose_method, saved
from shopcli.cli.run import Run, begin
from shopcli.cli.values import amount
from shopcli.cli.views.carts import CART
from shopcli.cli.views.orders import ORDER
from shopcli.core.paying import LATER, named, paid

_LOOK = "shop orders resume"


def checkout(
    context: typer.Context,
    address: Annotated[
        str | None, typer.Option("--address", metavar="LABEL", help="Where it goes (default: the default address).")
    ] = None,
    shipping: Annotated[
        str | None, typer.Option("--shipping", metavar="ID", help="How it gets there (default: the cheapest way).")
    ] = None,
    pay: Pay = None,
    card_stdin: CardPiped = False,
    expect_total: Annotated[
        str | None, typer.Option("--expect-total", metavar="M", help="Order only if the total is this.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Order nothing; put address and delivery on the cart and show what it would cost."
        ),
    ] = False,
    yes: Yes = False,
) -> None:
    """Order what is in the cart and pay for it.

    A terminal asks where it goes, how it gets there and what to pay with, as far as that is open; --yes takes the
    defaults of the first two. However often it is interrupted, a confirmed checkout becomes one order and at most one
    charge.

    Examples:
      shop checkout
      shop checkout --dry-run
      shop checkout --pay tok_visa --yes --expect-total 2142.90
      shop checkout --card-stdin --yes < card.txt

    Exit codes:
      2   something is missing      7   the payment was declined
      4   nobody is logged in       8   placed, not paid yet
      6   stock or price changed    11  not known yet, see shop orders resume
    """
    run = begin(context, CART if dry_run else ORDER, login=True, settles=True)
    asks = run.ask.possible and not dry_run
    if address is None and asks:
        address = _destination(run, chooses=not yes)
    cart = run.do(run.shop.checkout.prepare(address, shipping))
    if shipping is None and asks and not yes:
        cart = _delivered(run, cart)
    total = _total(cart)
    for notice in cart.notices:
        run.out.say(f"! {notice.message}")
    if expect_total is not None:
        _check_total(total, expect_total)
    if not (dry_run and run.out.mode == "table"):
        run.out.preview(CART, cart)
    if dry_run:
        run.out.show(CART, cart)
        return
    means = choose_method(run, pay, card_piped=card_stdin)
    if not yes:
        command = _command(address, shipping, pay, total, card_stdin=card_stdin)
        _confirm(run, total, means, command)
    method = saved(run, means)
    order, failure = run.change(_placed_and_paid(run, cart, method), look=_LOOK)
    run.out.show(ORDER, order)
    if failure is not None:
        raise failure
    run.out.next("shop orders list")


def _destination(run: Run, *, chooses: bool) -> str | None:
    """Ask for an address where there is none, and if the person `chooses` which of several. None for the default."""
    from shopcli.cli import addresses

    try:
        book = run.do(run.backend.users.addresses())
        if (
            len(book) == 1
            or (book and not chooses)
            or Requirement.LINES in run.do(run.backend.carts.view()).requirements
        ):
            return None
    except (Unavailable, Unsupported):  # what the cart knows may be enough
        return None
    if book:
        return choosing.address(run, "Deliver to", "--address", book, default=book[0]).label
    run.out.say("where shall it go? The address is kept for the next time")
    saved = addresses.asked(run, {})
    run.ask.stands = f"nothing was ordered; the address {saved.label} is kept"
    return saved.label


def _delivered(run: Run, cart: Cart) -> Cart:
    """Ask how it gets there, where there is a choice; the cheapest way is marked."""
    options = run.do(run.backend.carts.shipping_options())
    if len(options) <= 1:
        return cart
    chosen = choosing.delivery(run, options, cart.shipping)
    return cart if chosen == cart.shipping else run.do(run.backend.carts.set_shipping(chosen.id))


async def _placed_and_paid(run: Run, cart: Cart, method: PaymentMethod | None) -> tuple[Order, ShopError | None]:
    attempt = run.shop.checkout.attempt(cart, method.token if method else None)
    return await paid(run.shop, await run.shop.checkout.place(attempt), method)


def _total(cart: Cart) -> Money:
    if cart.totals is None:
        raise Usage("the shop says no total for this cart", hint="shop cart show")
    return cart.totals.total


def _check_total(total: Money, expected: str) -> None:
    number_text, _, currency = expected.strip().partition(" ")
    if amount(number_text, "--expect-total") != total.amount or currency.strip() not in ("", total.currency):
        raise PriceChanged(f"the total is {total}, not {expected}")


def _confirm(run: Run, total: Money, means: PaymentMethod | Card | None, command: str) -> None:
    if not run.ask.possible:
        raise Usage(f"--yes is missing to order for {total} without a terminal", hint=command)
    how = f"pay with {named(means)}" if means else f"pay {LATER}"
    run.ask.confirm(f"Order for {total} and {how}?")


def _command(address: str | None, shipping: str | None, pay: str | None, total: Money, *, card_stdin: bool) -> str:
    """Return the command line that goes through without a question."""
    words = ["shop", "checkout"]
    for flag, value in (("--address", address), ("--shipping", shipping), ("--pay", pay)):
        if value is not None:
            words += [flag, value]
    if card_stdin:
        words.append("--card-stdin")
    return join([*words, "--yes", "--expect-total", f"{total.amount:f}"])
