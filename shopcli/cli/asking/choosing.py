"""What can be chosen at a shop: the choices of each question, and how they are told from each other.

Each function asks on a terminal only, and elsewhere raises Usage with the command that lists what there is.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from backends.errors import NotFound
from shopcli.cli.asking.choices import Choice, Found
from shopcli.cli.output.columns import shown
from shopcli.cli.run import Run

if TYPE_CHECKING:  # making all these classes costs more than a command that asks nothing
    from backends.models import Address, Cart, Line, Order, Payment, Product, ShippingOption, Variant

T = TypeVar("T")

_PRODUCTS = 50
_ORDERS = 50
_PAID_ORDERS = 20
"""Orders whose payments are looked up, one request each."""


def product(run: Run) -> "Product":
    """Ask for a product: the first of the catalog at first, then what the shop finds for the typed words."""
    from backends.models import ProductQuery

    run.ask.require("PRODUCT", hint="shop products list")

    async def search(text: str) -> "Found[Product]":
        page = await run.backend.products.list(ProductQuery(text=text.strip()), _PRODUCTS)
        total = len(page.items) if page.next_cursor is None else page.total
        return Found([_of_product(each) for each in page.items], total)

    first = run.do(search(""))
    some(first.choices, "the shop has no products", "shop products list")
    return run.ask.pick("Product", "PRODUCT", first, search=lambda text: run.found(search(text)))


def variant(run: Run, product: "Product") -> "Variant":
    """Ask for a variant, if there are several."""
    if len(product.variants) == 1:
        return product.variants[0]
    choices = [Choice(each, each.name or each.ref, _price(each), each.ref) for each in product.variants]
    return run.ask.pick("Variant", "PRODUCT/VARIANT", choices)


def line(run: Run, cart: "Cart") -> "Line":
    """Ask for a line of the cart."""
    choices = [Choice(each, _named(each), f"{each.quantity} × {each.unit_price}", each.ref) for each in cart.lines]
    return run.ask.pick("Line", "LINE", some(choices, "the cart is empty", "shop products list"))


def address(
    run: Run, question: str, flag: str, book: "Sequence[Address]", *, default: "Address | None" = None
) -> "Address":
    """Ask for an address."""
    from shopcli.cli.views.carts import address_line

    choices = [Choice(each, each.label, address_line(each), each.label) for each in book]
    some(choices, "there are no addresses yet", "shop addresses add home")
    return run.ask.pick(question, flag, choices, default=default)


def delivery(run: Run, options: "Sequence[ShippingOption]", default: "ShippingOption | None") -> "ShippingOption":
    """Ask for a way of delivery."""
    choices = [Choice(each, each.title, str(each.price), each.id) for each in options]
    return run.ask.pick("Delivery", "--shipping", choices, default=default)


def order(
    run: Run, wanted: "Callable[[Order], bool]" = lambda _: True, *, none: str = "there are no orders yet"
) -> str:
    """Ask for one of the latest orders, and return what a command takes for it. `none` says that none is `wanted`."""
    run.ask.require("ORDER", hint="shop orders list")
    page = run.do(run.backend.orders.list(_ORDERS))
    choices = [_of_order(each) for each in page.items if wanted(each)]
    return run.ask.pick("Order", "ORDER", some(choices, none, "shop orders list"))


def payment(run: Run, wanted: "Callable[[Payment], bool]" = lambda _: True) -> str:
    """Ask for a payment of the latest orders, and return its id."""
    run.ask.require("PAYMENT", hint="shop payments list -o id")

    async def found() -> list[Choice[str]]:
        page = await run.backend.orders.list(_PAID_ORDERS)
        by_order = [(each, await run.backend.payments.list(each.id)) for each in page.items]
        return [_of_payment(paid, each) for each, payments in by_order for paid in payments if wanted(paid)]

    choices = some(run.do(found()), "the latest orders have no such payment", "shop orders list")
    return run.ask.pick("Payment", "PAYMENT", choices)


def service(run: Run) -> str:
    """Ask for a service."""
    run.ask.require("SERVICE", hint="shop services status")
    choices = [Choice(each.service, each.service, each.status) for each in run.do(run.backend.health())]
    return run.ask.pick("Service", "SERVICE", some(choices, "this shop has no services", "shop services status"))


def fault(run: Run) -> str:
    """Ask what goes wrong."""
    from backends.models import FaultKind

    return run.ask.pick("What goes wrong", "KIND", [Choice(kind.value, kind.value) for kind in FaultKind])


def some(choices: Sequence[Choice[T]], none: str, hint: str) -> Sequence[Choice[T]]:
    """Return the choices. Raises NotFound where there are none."""
    if not choices:
        raise NotFound(none, hint=hint)
    return choices


def _of_product(product: "Product") -> "Choice[Product]":
    lowest, highest = product.prices
    price = f"from {lowest}" if lowest != highest else f"{lowest}"
    sold_out = "" if any(each.in_stock for each in product.variants) else ", out of stock"
    return Choice(product, product.title, f"{price}{sold_out}", product.slug)


def _of_order(order: "Order") -> Choice[str]:
    name = order.name
    titles = ", ".join(line.title for line in order.lines)
    return Choice(name, f"{name}  {titles}", f"{order.status}  {order.totals.total}  {shown(order.created_at)}", name)


def _of_payment(payment: "Payment", order: "Order") -> Choice[str]:
    amount = payment.amount or ""
    label = f"{amount} for order {order.name}".strip()
    return Choice(payment.id, label, f"{payment.status}  {shown(payment.created_at)}", payment.id)


def _price(variant: "Variant") -> str:
    if not variant.in_stock:
        return f"{variant.price}, out of stock"
    return f"{variant.price}" if variant.stock is None else f"{variant.price}, {variant.stock} in stock"


def _named(line: "Line") -> str:
    return f"{line.title}, {line.variant}" if line.variant else line.title
