"""What the things are called that a METAVAR of a command stands for: products, orders, profiles.

The shop is asked through the contract, for a second at the most, and only where it is there already: whoever presses
TAB has not asked for a shop to be made.
"""

from shopcli.cli.completing.here import HERE
from shopcli.cli.completing.recent import is_kept, keep, recalled
from shopcli.cli.completing.words import MORE, Candidate, is_plain, offered

TYPE_CHECKING = False  # as typing's, whose import costs 0.9 of a bare Python start
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from backends.interface import Backend
    from backends.models import Order, Product
    from shopcli.cli.completing.words import Line
    from shopcli.core.shop import Shop

    Asking = Callable[[Backend, str], Awaitable[list[Candidate]]]

SECONDS = 1.0
"""So long a shop may take."""
MOST = 50
"""So many products or orders are asked for, in one request."""

_ORDERS_WITH_PAYMENTS = 5
_MOST_PIECES = 9


def names(line: "Line", metavar: str, part: str, shop: "Shop | None") -> list[Candidate]:
    """Return what `metavar` can stand for where `part` is typed already. Raises whatever goes wrong."""
    if metavar in HERE:
        return HERE[metavar](line)
    asking = _ASKED.get(metavar)
    if asking is None:
        return []
    asked = shop or _said(line.values)
    if not is_kept(asked, metavar):
        return ask(asking, part, asked, stays=shop is not None)
    found = recalled(asked, metavar, part)
    if found is None:
        found = ask(asking, part, asked, stays=shop is not None)
        keep(asked, metavar, part, found)
    return found


def ask(asking: "Asking", part: str, shop: "Shop", *, stays: bool) -> list[Candidate]:
    """Ask the shop, if it is there. One that `stays` open is somebody else's."""
    if not shop.has_begun:  # whoever presses TAB has not asked for a shop to be made
        return []
    if stays and shop.backend.suspends:  # its connections belong to an event loop that is somebody else's too
        shop, stays = type(shop)(shop.url, shop.directory), False
    from backends.deadline import deadline
    from shopcli.core.stepping import Runner

    runner = Runner()
    try:
        with deadline(SECONDS):
            return runner.run(shop.backend, _answered(asking, shop.backend, part))
    finally:
        if not stays:
            runner.run(shop.backend, shop.aclose())
        runner.close()


async def _answered(asking: "Asking", backend: "Backend", part: str) -> list[Candidate]:
    found = await asking(backend, part)
    return [each for each in found if each.text == MORE or is_plain(each.text.removesuffix(MORE))]


def _said(values: "Mapping[str, str]") -> "Shop":
    """Return the shop that flags, else the environment, else `shop profile use` say.

    A session whose token is in the system's keyring is nobody's here: the keyring might ask for its password.
    """
    import os

    from shopcli.cli.options import Options
    from shopcli.core.shop import open_shop

    said = {name: value for name, value in values.items() if name in ("--backend", "--profile")}
    environment = {name: os.environ.get(name, "") for name in ("SHOP_BACKEND", "SHOP_PROFILE")}
    options = Options(said, environment)  # what else is set may be wrong, and is not asked for
    return open_shop(options.backend, profile=options.profile)


# --- products --------------------------------------------------------------------------------------------------------


async def _products(backend: "Backend", part: str) -> list[Candidate]:
    products, more = await _beginning(backend, part)
    return [offered(product.slug, _about(product)) for product in products] + more


async def _refs(backend: "Backend", part: str) -> list[Candidate]:
    """Return `PRODUCT[/VARIANT][:QTY]` as far as it is typed."""
    name, colon, _ = part.rpartition(":")
    if colon:
        return await _quantities(backend, name)
    more: list[Candidate] = []
    if "/" in part:
        products = [await backend.products.get(part.partition("/")[0])]
    else:
        products, more = await _beginning(backend, part)
    return more + [
        offered(variant.ref, f"{product.title}{f', {variant.name}' if '/' in variant.ref else ''}, {variant.price}")
        for product in products
        for variant in product.variants
    ]


async def _quantities(backend: "Backend", name: str) -> list[Candidate]:
    product = await backend.products.get(name.partition("/")[0])
    for variant in product.variants:
        if variant.ref == name:
            most = min(_MOST_PIECES, _MOST_PIECES if variant.stock is None else variant.stock)
            return [offered(f"{name}:{n}", f"{n} × {variant.price}") for n in range(1, most + 1)]
    return []


async def _beginning(backend: "Backend", part: str) -> "tuple[list[Product], list[Candidate]]":
    """Return products whose slug begins with `part`, of a search's first page, and a hint if there is more.

    No contract looks slugs up by their beginning. A search knows words by their beginning, so it is asked for the
    words of the slug; these need not be the title's (`f1-8` is `f/1.8`), so it is asked for fewer of them, too. Of a
    large catalog some are missing until more is typed, and no more than three pages are ever read.
    """
    from backends.models import ProductQuery

    words = part.replace("-", " ").split()
    counts = dict.fromkeys(max(count, min(1, len(words))) for count in (len(words), len(words) - 1, 1))
    for count in counts:
        page = await backend.products.list(ProductQuery(text=" ".join(words[:count])), MOST)
        if found := [product for product in page.items if product.slug.startswith(part)]:
            return found, [] if page.next_cursor is None else [Candidate(f"{part}{MORE}", "more match: type on")]
    return [], []


def _about(product: "Product") -> str:
    lowest, highest = product.prices
    return f"{product.title}, {'from ' if lowest != highest else ''}{lowest}"


async def _categories(backend: "Backend", part: str) -> list[Candidate]:
    return [offered(category.slug, category.title) for category in await backend.products.categories()]


# --- cart, orders, payments, account ---------------------------------------------------------------------------------


async def _lines(backend: "Backend", part: str) -> list[Candidate]:
    return [offered(line.ref, f"{line.quantity} × {line.title}") for line in (await backend.carts.view()).lines]


async def _shipping(backend: "Backend", part: str) -> list[Candidate]:
    return [offered(way.id, f"{way.title}, {way.price}") for way in await backend.carts.shipping_options()]


async def _orders(backend: "Backend", part: str) -> list[Candidate]:
    orders = (await backend.orders.list(MOST)).items
    latest = [offered("@last", f"{order.name}, {_state(order)}") for order in orders[:1]]
    return latest + [offered(order.name, _state(order)) for order in orders]


def _state(order: "Order") -> str:
    return f"{order.status}, {order.totals.total}"


async def _payments(backend: "Backend", part: str) -> list[Candidate]:
    """Return the payments of the latest orders: a shop lists them by order only."""
    orders = (await backend.orders.list(_ORDERS_WITH_PAYMENTS)).items
    return [
        offered(payment.id, f"order {order.name}, {payment.status}, {payment.amount or ''}")
        for order in orders
        for payment in await backend.payments.list(order.id)
    ]


async def _methods(backend: "Backend", part: str) -> list[Candidate]:
    methods = [offered(method.token, method.label) for method in await backend.payments.methods()]
    return [*methods, offered("later", "Pay another time")]


async def _labels(backend: "Backend", part: str) -> list[Candidate]:
    return [offered(each.label, f"{each.line1}, {each.city}") for each in await backend.users.addresses()]


_ASKED: "dict[str, Asking]" = {
    "PRODUCT": _products,
    "PRODUCT[/VARIANT][:QTY]": _refs,
    "CATEGORY": _categories,
    "LINE": _lines,
    "SHIPPING": _shipping,
    "ORDER": _orders,
    "PAYMENT": _payments,
    "METHOD": _methods,
    "LABEL": _labels,
}
