"""What each kind of thing looks like: one view a model."""

from backends.models import (
    Address,
    Cart,
    Line,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Product,
    Totals,
    User,
    Variant,
)
from backends.money import Money
from shopcli.cli.columns import Card, Column, View, shown

_STOCK = {"no": "red", "yes": "green"}
ORDER_STYLES = {
    OrderStatus.PLACING.value: "yellow",
    OrderStatus.AWAITING_PAYMENT.value: "yellow",
    OrderStatus.PAID.value: "green",
    OrderStatus.REJECTED.value: "red",
    OrderStatus.CANCELLED.value: "red",
    OrderStatus.EXPIRED.value: "red",
}
_PAYMENT_STATUS = {
    PaymentStatus.CHARGING.value: "yellow",
    PaymentStatus.CAPTURED.value: "yellow",
    PaymentStatus.SETTLED.value: "green",
    PaymentStatus.DECLINED.value: "red",
    PaymentStatus.REFUSED.value: "red",
}


def number(order: Order) -> str:
    """Return what people call the order: its number, or its id where the shop has no numbers."""
    return order.number or order.id


# --- users ---------------------------------------------------------------------------------------

USER = View(
    User,
    (
        Column("name", lambda user: user.name, shrinks=True),
        Column("email", lambda user: user.email),
        Column("id", lambda user: user.id, hidden=True),
    ),
    identity=lambda user: user.email,
    card=lambda user: Card([f"{user.name} <{user.email}>"], (), ()),
)

ADDRESS = View(
    Address,
    (
        Column("label", lambda address: address.label),
        Column("name", lambda address: address.name, rank=1),
        Column("line1", lambda address: address.line1, shrinks=True),
        Column("line2", lambda address: address.line2, rank=5),
        Column("postcode", lambda address: address.postcode, rank=2),
        Column("city", lambda address: address.city),
        Column("region", lambda address: address.region, rank=4),
        Column("country", lambda address: address.country),
        Column("phone", lambda address: address.phone, rank=3),
    ),
    identity=lambda address: address.label,
)

# --- products ------------------------------------------------------------------------------------


def _lowest(product: Product) -> Money:
    return min((variant.price for variant in product.variants), key=lambda price: price.amount)


def _stock(variant: Variant) -> object:
    return variant.in_stock if variant.stock is None else variant.stock


PRODUCTS = View(
    Product,
    (
        Column("slug", lambda product: product.slug),
        Column("title", lambda product: product.title, shrinks=True),
        Column("brand", lambda product: product.brand, rank=3),
        Column("category", lambda product: product.category, rank=2),
        Column("variants", lambda product: len(product.variants), right=True, rank=4),
        Column("price", _lowest, right=True),
        Column(
            "in_stock",
            lambda product: any(variant.in_stock for variant in product.variants),
            "stock",
            rank=1,
            styles=_STOCK,
        ),
        Column("id", lambda product: product.id, hidden=True),
        Column("description", lambda product: product.description, hidden=True),
    ),
    identity=lambda product: product.slug,
)

_VARIANTS = (
    Column("ref", lambda variant: variant.ref, shrinks=True),
    Column("name", lambda variant: variant.name, rank=1),
    Column("sku", lambda variant: variant.sku, rank=2),
    Column("price", lambda variant: variant.price, right=True),
    Column("stock", _stock, right=True, styles={**_STOCK, "0": "red"}),
    Column("id", lambda variant: variant.id, hidden=True),
)


def _product_card(product: Product) -> Card:
    from textwrap import wrap

    head = [product.title, f"{product.brand} · {product.category}", ""]
    return Card([*head, *wrap(product.description), ""], _VARIANTS, product.variants)


PRODUCT = View(
    Product,
    _VARIANTS,
    identity=lambda variant: variant.ref,
    rows=lambda product: product.variants,
    card=_product_card,
)

# --- carts ---------------------------------------------------------------------------------------

_LINES = (
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
    *(_numbered(column) for column in _LINES),
    Column("id", lambda row: row[1].id, hidden=True),
)


def _rows(cart: Cart) -> list[tuple[int, Line]]:
    return list(enumerate(cart.lines, 1))


def _sums(totals: Totals) -> list[str]:
    sums = [("items", totals.items), ("shipping", totals.shipping), ("total", totals.total)]
    return [f"{name:<9} {money}" for name, money in sums if money is not None]


def _address_line(address: Address) -> str:
    place = " ".join(part for part in (address.postcode, address.city, address.region, address.country) if part)
    return ", ".join(part for part in (address.name, address.line1, address.line2, place) if part)


def _cart_card(cart: Cart) -> Card:
    foot = [""] if cart.lines else []
    if cart.totals is not None and cart.lines:
        foot += _sums(cart.totals)
    if cart.address is not None:
        foot.append(f"to        {_address_line(cart.address)}")
    if cart.shipping is not None:
        foot.append(f"by        {cart.shipping.title}, {cart.shipping.price}")
    return Card((), _CART_LINES, _rows(cart), foot)


CART = View(Cart, _CART_LINES, identity=lambda row: row[1].id, rows=_rows, card=_cart_card)

# --- orders --------------------------------------------------------------------------------------


def _order_card(order: Order) -> Card:
    why = order.message or order.reason
    head = [f"order {number(order)}: {order.status}" + (f" ({why})" if why else "")]
    head.append(f"placed    {shown(order.created_at)}")
    if order.expires_at is not None:
        head.append(f"pay until {shown(order.expires_at)}")
    foot = ["", *_sums(order.totals)]
    if order.address is not None:
        foot.append(f"to        {_address_line(order.address)}")
    return Card([*head, ""], _LINES, order.lines, foot)


ORDER = View(
    Order,
    (
        Column("number", number),
        Column("status", lambda order: order.status.value, styles=ORDER_STYLES),
        Column("total", lambda order: order.totals.total, right=True),
        Column("lines", lambda order: len(order.lines), right=True, rank=2),
        Column("created_at", lambda order: order.created_at, "placed", rank=1),
        Column("reason", lambda order: order.reason, rank=3, shrinks=True),
        Column("id", lambda order: order.id, hidden=True),
    ),
    identity=number,
    card=_order_card,
)


# --- payments ------------------------------------------------------------------------------------


def _payment_card(payment: Payment) -> Card:
    head = [f"payment {payment.id}: {payment.status}" + (f" ({payment.reason})" if payment.reason else "")]
    if payment.amount is not None:
        head.append(f"amount    {payment.amount}")
    head.append(f"with      {payment.method}")
    head.append(f"on        {shown(payment.created_at)}")
    if payment.action_url is not None:
        head.append(f"finish at {payment.action_url}")
    return Card(head, (), ())


PAYMENT = View(
    Payment,
    (
        Column("id", lambda payment: payment.id),
        Column("status", lambda payment: payment.status.value, styles=_PAYMENT_STATUS),
        Column("amount", lambda payment: payment.amount, right=True),
        Column("method", lambda payment: payment.method, rank=2, shrinks=True),
        Column("created_at", lambda payment: payment.created_at, "on", rank=1),
        Column("reason", lambda payment: payment.reason, rank=3),
        Column("order_id", lambda payment: payment.order_id, hidden=True),
    ),
    identity=lambda payment: payment.id,
    card=_payment_card,
)
