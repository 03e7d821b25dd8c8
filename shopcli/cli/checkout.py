"""`shop checkout`: from the cart to an order that is paid for."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from shlex import join
from typing import Annotated

import typer

from backends.errors import InvalidValue, PriceChanged, ShopError, Unavailable, Unsupported
from backends.models import Card, Cart, Order, PaymentMethod, Requirement
from backends.money import Money
from shopcli.cli.asking import choosing
from shopcli.cli.failures import Usage
from shopcli.cli.paying import CardPiped, Pay, Yes, agreed, choose_method
from shopcli.cli.run import Run, begin
from shopcli.cli.values import amount
from shopcli.cli.views.carts import CART
from shopcli.cli.views.orders import ORDER
from shopcli.core.paying import LATER, named, paid

_LOOK = "shop orders resume"
_LOOK_AT_CART = "shop cart show"
_NOT_ORDERED = "nothing was ordered"
_ON_CART = "the cart keeps the address and the delivery"


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
    before = run.do(run.backend.carts.view()) if run.ask.possible and not dry_run else None
    if address is None and before is not None:
        address = _destination(run, before, chooses=not yes)
    cart = run.change(run.shop.checkout.prepare(address, shipping), look=_LOOK_AT_CART)
    _note_change(run, before, cart)
    if shipping is None and before is not None and not yes:
        cart = _delivered(run, cart)
        _note_change(run, before, cart)
    total = _total(cart)
    for notice in cart.notices:
        run.out.say(f"! {notice.message}")
    if expect_total is not None:
        _check_total(total, expect_total)
    if not (dry_run and run.out.mode == "table"):
        run.out.preview(CART, cart)
    if dry_run:
        run.look = None  # nothing is under way any more that its output could tell of
        run.out.show(CART, cart)
        return
    command = _command(address, shipping, pay, total, card_stdin=card_stdin)
    with _saying_what_stands(join(_words(address, shipping)), card_piped=card_stdin):
        means = choose_method(run, pay, card_piped=card_stdin)
        method = agreed(run, means, partial(_confirm, run, total, command, yes=yes))
    order, failure = run.change(_placed_and_paid(run, cart, method), look=_LOOK)
    run.out.show(ORDER, order)
    if failure is not None:
        raise failure
    run.out.next("shop orders list")


def _destination(run: Run, cart: Cart, *, chooses: bool) -> str | None:
    """Ask for an address where there is none, and if the person `chooses` which of several. None for the default."""
    from shopcli.cli import addresses

    if Requirement.LINES in cart.requirements:
        return None
    try:
        book = run.do(run.backend.users.addresses())
    except (Unavailable, Unsupported):  # what the cart knows may be enough
        return None
    if len(book) == 1 or (book and not chooses):
        return None
    if book:
        return choosing.address(run, "Deliver to", "--address", book, default=book[0]).label
    run.out.say("where shall it go? The address is kept for the next time")
    saved = addresses.asked(run, {})
    _note(run, f"the address {saved.label} is kept")
    return saved.label


def _note_change(run: Run, before: Cart | None, cart: Cart) -> None:
    """Have a question that is cancelled from now on say that the cart is not as it was, if it is not."""
    if before not in (None, cart):
        _note(run, _ON_CART)


def _note(run: Run, kept: str) -> None:
    """Have a question that is cancelled from now on say what is kept."""
    said = run.ask.stands if run.ask.stands.startswith(_NOT_ORDERED) else _NOT_ORDERED
    if kept not in said:
        run.ask.stands = f"{said}; {kept}"


def _delivered(run: Run, cart: Cart) -> Cart:
    """Ask how it gets there, where there is a choice; the cheapest way is marked."""
    options = run.do(run.backend.carts.shipping_options())
    if len(options) <= 1:
        return cart
    chosen = choosing.delivery(run, options, cart.shipping)
    if chosen == cart.shipping:
        return cart
    return run.change(run.backend.carts.set_shipping(chosen.id), look=_LOOK_AT_CART)


@contextmanager
def _saying_what_stands(again: str, *, card_piped: bool) -> Iterator[None]:
    """Have the error about a card from a pipe say what became of order, money and cart; `again` asks for another."""
    try:
        yield
    except InvalidValue as error:
        if card_piped and not isinstance(error, Usage):
            error.message = f"{error.message}; nothing was ordered or charged, and {_ON_CART}"
            error.hint = again
        raise


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


def _confirm(run: Run, total: Money, command: str, means: PaymentMethod | Card | None, *, yes: bool) -> None:
    if yes:
        return
    if not run.ask.possible:
        raise Usage(f"--yes is missing to order for {total} without a terminal", hint=command)
    how = f"pay with {named(means)}" if means else f"pay {LATER}"
    run.ask.confirm(f"Order for {total} and {how}?")


def _command(address: str | None, shipping: str | None, pay: str | None, total: Money, *, card_stdin: bool) -> str:
    """Return the command line that goes through without a question."""
    words = _words(address, shipping)
    if pay is not None:
        words += ["--pay", pay]
    if card_stdin:
        words.append("--card-stdin")
    return join([*words, "--yes", "--expect-total", f"{total.amount:f}"])


def _words(address: str | None, shipping: str | None) -> list[str]:
    """Return the command line with what was chosen of the cart, which asks for the rest."""
    words = ["shop", "checkout"]
    for flag, value in (("--address", address), ("--shipping", shipping)):
        if value is not None:
            words += [flag, value]
    return words
