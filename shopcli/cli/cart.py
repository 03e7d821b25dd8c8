"""`shop cart`: show, add, set, remove and clear."""

from collections.abc import Sequence
from itertools import pairwise
from shlex import join
from typing import Annotated

import typer

from backends.errors import InvalidValue, NotFound, ShopError
from backends.models import Cart, Line, Product, Variant
from shopcli.cli.asking import choosing
from shopcli.cli.failures import Usage
from shopcli.cli.run import Run, begin
from shopcli.cli.views.carts import CART
from shopcli.core.refs import AmbiguousVariant, Ref, find_product, parse, parse_quantity, resolve

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
        list[str] | None,
        typer.Argument(
            metavar="PRODUCT[/VARIANT][:QTY]", show_default=False, help="What to add, once unless :QTY says more."
        ),
    ] = None,
) -> None:
    """Put products into the cart. Nothing is added before all of them are found.

    What is missing is asked for on a terminal: the product, and the variant where there are several.

    Examples:
      shop cart add
      shop cart add sony-alpha-7-iv
      shop cart add sigma-35-f2/sony-e:2 nikon-z-50mm-f1-8-s

    Exit codes:
      2  a product has several variants and none was named
      3  no such product
      6  less is in stock
    """
    run = begin(context, CART)
    cart: Cart | None = None
    for product, variant, quantity in _wanted(run, items) if items else [_picked(run)]:
        try:
            cart = run.change(run.backend.carts.add(variant.id, quantity), look=_LOOK)
        except ShopError:
            if cart is not None:
                run.out.say("what stands before it on the line was added")
            raise
        run.out.say(f"added {quantity} × {product.title}")
    if cart is not None:
        _print(run, cart)


def set_quantity(
    context: typer.Context,
    line: Annotated[str | None, typer.Argument(metavar="LINE", show_default=False, help=_LINE_HELP)] = None,
    quantity: Annotated[str | None, typer.Argument(metavar="QTY", show_default=False, help="1 to 999.")] = None,
) -> None:
    """Change how many of a line are in the cart. What is missing is asked for on a terminal.

    Examples:
      shop cart set 1 3
      shop cart set sigma-35-f2/sony-e 2

    Exit codes:
      2  the quantity is not a whole number from 1 to 999
      3  no such line
      6  less is in stock
    """
    run = begin(context, CART)
    if line is None or quantity is None:
        run.ask.require(*(["LINE", "QTY"] if line is None else ["QTY"]), hint=_LOOK)
    count = None if quantity is None else _count(quantity, line or "")
    cart = run.do(run.backend.carts.view())
    found = choosing.line(run, cart) if line is None else find_line(cart, line)
    if count is None:
        count = parse_quantity(run.ask.text(f"How many, now {found.quantity}", "QTY", check=parse_quantity))
    _print(run, run.change(run.backend.carts.set_quantity(found.id, count), look=_LOOK))


def remove(
    context: typer.Context,
    lines: Annotated[list[str] | None, typer.Argument(metavar="LINE", show_default=False, help=_LINE_HELP)] = None,
) -> None:
    """Take lines out of the cart. Which one is asked for on a terminal, where none is named.

    Examples:
      shop cart remove 2
      shop cart remove sigma-35-f2/sony-e

    Exit codes:
      3  no such line
    """
    run = begin(context, CART)
    if not lines:
        run.ask.require("LINE", hint=_LOOK)
    cart = run.do(run.backend.carts.view())
    found = [find_line(cart, line) for line in lines] if lines else [choosing.line(run, cart)]
    for line_id in dict.fromkeys(line.id for line in found):
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


def _picked(run: Run) -> tuple[Product, Variant, int]:
    product = choosing.product(run)
    return product, choosing.variant(run, product), 1


def _wanted(run: Run, items: Sequence[str]) -> list[tuple[Product, Variant, int]]:
    """Find all that was named; a variant that was not is asked for. Raises Usage, NotFound, AmbiguousVariant."""
    refs = [parse(item) for item in items]
    for item, after in pairwise(items):
        if after.isascii() and after.isdigit() and ":" not in item:
            raise Usage("a quantity stands behind a colon", hint=join(["shop", "cart", "add", f"{item}:{after}"]))

    async def resolved() -> list[tuple[Product, Variant]]:
        return [await resolve(run.backend.products, ref) for ref in refs]

    try:
        found = run.do(resolved())
    except AmbiguousVariant:
        if not run.ask.possible:
            raise
        found = [_asked(run, ref) for ref in refs]
    return [(product, variant, ref.quantity) for (product, variant), ref in zip(found, refs, strict=True)]


def _asked(run: Run, ref: Ref) -> tuple[Product, Variant]:
    if ref.variant is not None:
        return run.do(resolve(run.backend.products, ref))
    product = run.do(find_product(run.backend.products, ref.product))
    return product, choosing.variant(run, product)


def _count(quantity: str, line: str) -> int:
    try:
        return parse_quantity(quantity)
    except InvalidValue as error:
        hint = join(["shop", "cart", "remove", line]) if quantity.strip("0") == "" else _LOOK
        raise InvalidValue(error.message, hint=hint) from None


def _print(run: Run, cart: Cart) -> None:
    for notice in cart.notices:
        run.out.say(f"! {notice.message}")
    run.out.show(CART, cart)
    if cart.lines:
        run.out.next(_next(run, cart))
    else:
        run.out.advise("the cart is empty → shop products list")


def _next(run: Run, cart: Cart) -> str:
    """Return the command that makes sense now: a checkout only where nothing has to be mended before."""
    if not cart.notices or not run.out.talks:
        return "shop checkout"
    from shopcli.core.basket import mending

    return run.do(mending(run.backend.products, cart)) or "shop checkout"
