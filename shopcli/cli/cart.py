"""`shop cart`: show, add, set, remove and clear."""

from itertools import pairwise
from shlex import join
from typing import Annotated

import typer

from backends.errors import InvalidValue, NotFound, ShopError
from backends.models import Cart, Line, Product, Variant
from shopcli.cli.failures import Usage
from shopcli.cli.run import Run, begin
from shopcli.cli.views.carts import CART
from shopcli.core.refs import parse, parse_quantity, resolve

_LOOK = "shop cart show"
_LINE_HELP = "A variant's ref, a line's id, or the row number that `shop cart show` prints."


def show(context: typer.Context) -> None:
    """Show the cart, with totals as the shop says them.

    Examples:
      shop cart show
      shop cart show --json | jq .totals.total
    """
    run = begin(context, CART, settles=True)
    _print(run, run.do(run.backend.carts.view()))


def add(
    context: typer.Context,
    items: Annotated[
        list[str], typer.Argument(metavar="PRODUCT[/VARIANT][:QTY]", help="What to add, once unless :QTY says more.")
    ],
) -> None:
    """Put products into the cart. Nothing is added before all of them are found.

    Examples:
      shop cart add sony-alpha-7-iv
      shop cart add sigma-35-f2/sony-e:2 nikon-z-50mm-f1-8-s

    Exit codes:
      2  a product has several variants and none was named
      3  no such product
      6  less is in stock
    """
    run = begin(context, CART)
    refs = [parse(item) for item in items]
    for item, after in pairwise(items):
        if after.isascii() and after.isdigit() and ":" not in item:
            raise Usage("a quantity stands behind a colon", hint=join(["shop", "cart", "add", f"{item}:{after}"]))

    async def resolved() -> list[tuple[Product, Variant]]:
        return [await resolve(run.backend.products, ref) for ref in refs]

    chosen = run.do(resolved())
    cart: Cart | None = None
    for (product, variant), ref in zip(chosen, refs, strict=True):
        try:
            cart = run.change(run.backend.carts.add(variant.id, ref.quantity), look=_LOOK)
        except ShopError:
            if cart is not None:
                run.out.say("what stands before it on the line was added")
            raise
        run.out.say(f"added {ref.quantity} × {product.title}")
    if cart is not None:
        _print(run, cart)


def set_quantity(
    context: typer.Context,
    line: Annotated[str, typer.Argument(metavar="LINE", help=_LINE_HELP)],
    quantity: Annotated[str, typer.Argument(metavar="QTY", help="1 to 999.")],
) -> None:
    """Change how many of a line are in the cart.

    Examples:
      shop cart set 1 3
      shop cart set sigma-35-f2/sony-e 2

    Exit codes:
      2  the quantity is not a whole number from 1 to 999
      3  no such line
      6  less is in stock
    """
    run = begin(context, CART)
    try:
        count = parse_quantity(quantity)
    except InvalidValue as error:
        hint = join(["shop", "cart", "remove", line]) if quantity.strip("0") == "" else _LOOK
        raise InvalidValue(error.message, hint=hint) from None
    found = find_line(run.do(run.backend.carts.view()), line)
    _print(run, run.change(run.backend.carts.set_quantity(found.id, count), look=_LOOK))


def remove(
    context: typer.Context,
    lines: Annotated[list[str], typer.Argument(metavar="LINE", help=_LINE_HELP)],
) -> None:
    """Take lines out of the cart.

    Examples:
      shop cart remove 2
      shop cart remove sigma-35-f2/sony-e

    Exit codes:
      3  no such line
    """
    run = begin(context, CART)
    cart = run.do(run.backend.carts.view())
    found = dict.fromkeys(find_line(cart, line).id for line in lines)
    for line_id in found:
        cart = run.change(run.backend.carts.remove(line_id), look=_LOOK)
    _print(run, cart)


def clear(context: typer.Context) -> None:
    """Empty the cart.

    Examples:
      shop cart clear
    """
    run = begin(context, CART)
    _print(run, run.change(run.backend.carts.clear(), look=_LOOK))


def find_line(cart: Cart, text: str) -> Line:
    """Find a line by its id, its variant's ref or its row number, counted from 1.

    Raises NotFound; InvalidValue if it may be more than one line, as nothing is removed on a guess.
    """
    found = [
        line
        for row, line in enumerate(cart.lines, 1)
        if text in (line.id, line.ref) or (text.isascii() and text.isdigit() and text.lstrip("0") == str(row))
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(f"no line {text!r} in the cart", hint=_LOOK)
    ids = ", ".join(line.id for line in found)
    raise InvalidValue(f"{text!r} may be several lines; name one by its id: {ids}", hint=f"{_LOOK} -o id")


def _print(run: Run, cart: Cart) -> None:
    for notice in cart.notices:
        run.out.say(f"! {notice.message}")
    run.out.show(CART, cart)
    if cart.lines:
        run.out.next("shop checkout")
    else:
        run.out.advise("the cart is empty → shop products list")
