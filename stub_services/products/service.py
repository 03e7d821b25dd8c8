"""The rules of the catalog and of stock: never below zero, held for one order, sold once."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import datetime

from backends.errors import InvalidValue, NotFound
from backends.interface import Clock
from backends.models import Category, Page, Product, ProductQuery, Sort, Variant
from stub_services.caller import Caller
from stub_services.database import Store
from stub_services.peers import CURRENCY, MEMORY, Item, Offer, Refusal, Reserved, SoldLine
from stub_services.products.store import ProductRows

MAX_PAGE = 100
MAX_COUNT = 10_000
MAX_PRICE = 10**12
MAX_STOCK = 10**9
MAX_QUERY = 200

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")


class ProductService:
    """The catalog and its stock."""

    def __init__(self, store: Store[ProductRows], *, clock: Clock) -> None:
        """Keep the catalog in `store`."""
        self._store = store
        self._clock = clock

    # --- browsing ----------------------------------------------------------------------------

    async def list(self, query: ProductQuery, limit: int, cursor: str | None) -> Page[Product]:
        """List or search. Raises InvalidValue for a limit, price or cursor that makes no sense."""
        query = _valid(query)
        if not 1 <= limit <= MAX_PAGE:
            msg = f"the limit is 1 to {MAX_PAGE}"
            raise InvalidValue(msg, service="products")
        category = slugify(query.category) if query.category is not None else None
        after = None if cursor is None else _decode(cursor, query.sort)
        async with self._store.read() as rows:
            found = await rows.page(query, category, limit + 1, after)
            total = await rows.count(query, category, MAX_COUNT) if cursor is None else None
        more = found[limit - 1] if len(found) > limit else None
        next_cursor = more and _encode(query.sort, more[1], more[0].slug)
        return Page(tuple(product for product, _ in found[:limit]), next_cursor, total)

    async def get(self, ref: str) -> Product:
        """One product by slug or id. Raises NotFound."""
        async with self._store.read() as rows:
            product = await rows.product(ref)
        if product is None:
            msg = f"there is no product {ref!r}"
            raise NotFound(msg, hint="shop products list", service="products")
        return product

    async def categories(self) -> tuple[Category, ...]:
        """All categories by title."""
        async with self._store.read() as rows:
            return await rows.categories()

    async def import_catalog(self, caller: Caller, products: tuple[Product, ...]) -> int:
        """Add or update products in one commit. Raises Forbidden, InvalidValue."""
        caller.require_merchant()
        for product in products:
            _check(product)
        async with self._store.write() as rows:
            for product in products:
                await rows.put(product, slugify(product.category))
        return len(products)

    async def fill_if_empty(self, products: tuple[Product, ...]) -> None:
        """Put a first catalog on the shelves, once, also when two processes start together."""
        async with self._store.write() as rows:
            if await rows.is_empty():
                for product in products:
                    await rows.put(product, slugify(product.category))

    async def is_empty(self) -> bool:
        """Whether there is nothing to sell yet."""
        async with self._store.read() as rows:
            return await rows.is_empty()

    # --- what peers ask ----------------------------------------------------------------------

    async def offers(self, variant_ids: tuple[str, ...]) -> dict[str, Offer]:
        """Price and stock now; unknown variants are missing."""
        async with self._store.read() as rows:
            return await rows.offers(variant_ids)

    async def reserve(self, order_id: str, items: tuple[Item, ...], intent_at: datetime) -> Reserved | Refusal:
        """Hold all items or none; a replay answers what was recorded."""
        async with self._store.write() as rows:
            known = await rows.reservation(order_id)
            if known is not None:
                return known.outcome or Refusal("cancelled", "the order was cancelled")
            if self._clock() - intent_at > MEMORY:
                return Refusal("too_old", "the checkout is too old to be repeated")
            outcome = _decide(items, await rows.offers(tuple(item.variant_id for item in items)))
            held = isinstance(outcome, Reserved)
            await rows.insert_reservation(order_id, "held" if held else "refused", outcome)
            for item in items if held else ():
                await rows.hold(item)
            return outcome

    async def sell(self, order_id: str) -> None:
        """Turn what is held into sold; nothing happens to what was released."""
        async with self._store.write() as rows:
            reservation = await rows.reservation(order_id)
            if reservation and await rows.move_reservation(order_id, "sold", expected=("held",)):
                for item in _items(reservation.outcome):
                    await rows.sell(item)

    async def release(self, order_id: str) -> None:
        """Put everything back on the shelf, for good: a reserve that comes later finds a tombstone (R18)."""
        async with self._store.write() as rows:
            reservation = await rows.reservation(order_id)
            if reservation is None:
                await rows.insert_reservation(order_id, "released", None)
            elif await rows.move_reservation(order_id, "released", expected=("held", "sold")):
                for item in _items(reservation.outcome):
                    await rows.put_back(item, sold=reservation.state == "sold")


def slugify(title: str) -> str:
    """Return the slug of a category title: `Prime lenses` is prime-lenses."""
    return re.sub(r"[^\w]+", "-", title.casefold()).strip("-")


def _decide(items: tuple[Item, ...], offers: dict[str, Offer]) -> Reserved | Refusal:
    for item in items:
        offer = offers.get(item.variant_id)
        if offer is None:
            return Refusal("out_of_stock", f"{item.variant_id} is not sold any more")
        if offer.available < item.quantity:
            return Refusal("out_of_stock", f"{offer.title}: {item.quantity} wanted, {offer.available} left")
    lines = tuple(SoldLine(offers[item.variant_id], item.quantity) for item in items)
    return Reserved(lines, sum(line.offer.unit_price * line.quantity for line in lines), CURRENCY)


def _items(outcome: Reserved | Refusal | None) -> tuple[Item, ...]:
    lines = outcome.lines if isinstance(outcome, Reserved) else ()
    return tuple(Item(line.offer.variant_id, line.quantity) for line in lines)


def _valid(query: ProductQuery) -> ProductQuery:
    if len(query.text) > MAX_QUERY:
        msg = f"a search has at most {MAX_QUERY} characters"
        raise InvalidValue(msg, service="products")
    prices = [price for price in (query.price_min, query.price_max) if price is not None]
    if any(not price.is_finite() or not 0 <= price < MAX_PRICE for price in prices):
        msg = "a price is a positive number such as 99.90"
        raise InvalidValue(msg, service="products")
    if prices != sorted(prices):
        msg = "the lowest price is above the highest"
        raise InvalidValue(msg, service="products")
    text = query.text.strip()
    sort = Sort.TITLE if query.sort is Sort.RELEVANCE and not text else query.sort
    return replace(query, text=text, sort=sort)


def _check(product: Product) -> None:
    names = [variant.name for variant in product.variants]
    if not all(map(_NAME.fullmatch, (product.slug, *names))):
        msg = f"slugs and variants have lower-case letters, digits and -: {product.slug!r} {names!r}"
        raise InvalidValue(msg, service="products")
    if not names or len(set(names)) < len(names):
        msg = f"{product.slug} needs at least one variant, each with its own name"
        raise InvalidValue(msg, service="products")
    if not product.title.strip() or not slugify(product.category):
        msg = f"{product.slug} needs a title and a category"
        raise InvalidValue(msg, service="products")
    for variant in product.variants:
        _check_variant(product.slug, variant)


def _check_variant(slug: str, variant: Variant) -> None:
    if variant.price.currency != CURRENCY:
        msg = f"{slug}/{variant.name}: this shop sells in {CURRENCY}"
        raise InvalidValue(msg, service="products")
    if not 0 <= variant.price.amount < MAX_PRICE or variant.price.amount.as_tuple().exponent not in (0, -1, -2):
        msg = f"{slug}/{variant.name}: the price is not an amount of {CURRENCY}"
        raise InvalidValue(msg, service="products")
    if variant.stock is None or not 0 <= variant.stock <= MAX_STOCK:
        msg = f"{slug}/{variant.name}: the stock is a number from 0 to {MAX_STOCK}"
        raise InvalidValue(msg, service="products")


def _encode(sort: Sort, key: object, slug: str) -> str:
    return urlsafe_b64encode(json.dumps([sort, key, slug]).encode()).decode().rstrip("=")


def _decode(cursor: str, sort: Sort) -> tuple[object, str]:
    try:
        made_by, key, slug = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        made_by, key, slug = None, None, None
    if made_by != sort or not isinstance(slug, str) or not isinstance(key, str | int | float):
        msg = "this cursor does not belong to this list; start again without it"
        raise InvalidValue(msg, service="products")
    return key, slug
