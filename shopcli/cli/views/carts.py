"""Carts."""

from backends.models import Address, Cart, Line, Totals
from shopcli.cli.output.columns import Card, Column, View

LINES = (
    Column("ref", lambda line: line.ref, rank=1),
    Column("title", lambda line: line.title, shrinks=True),
    Column("variant", lambda line: line.variant, rank=3),
    Column("quantity", lambda line: line.quantity, "qty", right=True),
    Column("unit_price", lambda line: line.unit_price, "each", right=True, rank=2),
    Column("total", lambda line: line.total, right=True),
)


def _numbered(column: Column) -> Column:
    return column._replace(value=lambda row: column.value(row[1]))


_CART_LINES = (
    Column("row", lambda row: row[0], "#", right=True),
    *(_numbered(column) for column in LINES),
    Column("id", lambda row: row[1].id, hidden=True),
)


def _rows(cart: Cart) -> list[tuple[int, Line]]:
    return list(enumerate(cart.lines, 1))


def sums(totals: Totals) -> list[str]:
    """Return the totals, a line each."""
    named = [("items", totals.items), ("shipping", totals.shipping), ("total", totals.total)]
    return [f"{name:<9} {money}" for name, money in named if money is not None]


def address_line(address: Address) -> str:
    """Return an address in one line."""
    place = " ".join(part for part in (address.postcode, address.city, address.region, address.country) if part)
    return ", ".join(part for part in (address.name, address.line1, address.line2, place) if part)


def _cart_card(cart: Cart) -> Card:
    foot = [""] if cart.lines else []
    if cart.totals is not None and cart.lines:
        foot += sums(cart.totals)
    if cart.address is not None:
        foot.append(f"to        {address_line(cart.address)}")
    if cart.shipping is not None:
        foot.append(f"by        {cart.shipping.title}, {cart.shipping.price}")
    return Card((), _CART_LINES, _rows(cart), foot)


CART = View(Cart, _CART_LINES, identity=lambda row: row[1].id, rows=_rows, card=_cart_card)
