"""The rules of the catalog."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from backends.catalog import (
    MAX_PRICE,
    MAX_PRODUCTS,
    wrong_category,
    wrong_currency,
    wrong_name,
    wrong_price,
    wrong_stock,
    wrong_title,
    wrong_variants,
)
from backends.errors import InvalidValue, NotFound
from backends.models import Category, Imported, Page, Product, ProductQuery, Sort, Variant
from backends.text import clean
from stub_services.caller import Caller
from stub_services.currency import CURRENCY
from stub_services.database import Store
from stub_services.products.listing_store import NEWEST, Place
from stub_services.products.store import Effect, ProductRows

MAX_PAGE = 100
MAX_QUERY = 200
MAX_CURSOR = 200


class ProductService:
    """The catalog."""

    def __init__(self, store: Store[ProductRows]) -> None:
        """Keep the catalog in `store`."""
        self._store = store

    # --- browsing ----------------------------------------------------------------------------

    async def list(self, query: ProductQuery, limit: int, cursor: str | None) -> Page[Product]:
        """List or search. Raises InvalidValue for a limit, price or cursor that makes no sense.

        Words that match too many products (`Limits.ranked`) are not ranked: instead of the best, the newest come
        first. There is no total then, and none where too many would have to be counted.
        """
        query = _valid(query)
        if not 1 <= limit <= MAX_PAGE:
            msg = f"the limit is 1 to {MAX_PAGE}"
            raise InvalidValue(msg, service="products")
        category = slugify(query.category) if query.category is not None else None
        order, after = (query.sort, None) if cursor is None else _decode(cursor, query.sort)
        async with self._store.read() as rows:
            total = None
            if cursor is None:
                common = bool(query.text) and await rows.is_common(query.text)
                if common and order is Sort.RELEVANCE:
                    order = NEWEST
                total = None if common else await rows.count(query, category)
            found = await rows.page(query, category, order, limit + 1, after)
        more = found[limit - 1] if len(found) > limit else None
        next_cursor = more and _encode(order, more[1])
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

    async def import_catalog(self, caller: Caller, products: Iterable[Product]) -> Imported:
        """Add or update products in one commit, which may take long. Raises Forbidden, InvalidValue."""
        caller.require_merchant()

        async def change(rows: ProductRows) -> Imported:
            count = Counter([await _put(rows, product) for product in _counted(products)])
            return Imported(count[Effect.ADDED], count[Effect.UPDATED], count[Effect.UNCHANGED])

        return await self._store.change(change)

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


def _counted(products: Iterable[Product]) -> Iterator[Product]:
    for number, product in enumerate(products, 1):
        if number > MAX_PRODUCTS:
            msg = f"a shop takes {MAX_PRODUCTS:,} products at once, so nothing was imported: split the catalog"
            raise InvalidValue(msg, service="products")
        yield product


async def _put(rows: ProductRows, product: Product) -> Effect:
    _check(product)
    return await rows.put(product, slugify(product.category))


def slugify(title: str) -> str:
    """Return the slug of a category title: `Prime lenses` is prime-lenses."""
    return re.sub(r"[^\w]+", "-", title.casefold()).strip("-")


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
    text = clean(query.text).strip()
    sort = Sort.TITLE if query.sort is Sort.RELEVANCE and not text else query.sort
    return replace(query, text=text, sort=sort)


def _check(product: Product) -> None:
    """Raise InvalidValue for what is not a product."""
    wrong = {
        "slug": wrong_name(product.slug),
        "title": wrong_title(product.title),
        "category": wrong_category(product.category),
        "variants": wrong_variants(product.variants),
    }
    _refuse(product.slug, wrong)
    for variant in product.variants:
        _check_variant(product.slug, variant)


def _check_variant(slug: str, variant: Variant) -> None:
    wrong = {
        "variant": wrong_name(variant.name),
        "currency": wrong_currency(variant.price.currency, CURRENCY),
        "price": wrong_price(variant.price),
        "stock": wrong_stock(variant.stock),
    }
    _refuse(f"{slug}/{variant.name}", wrong)


def _refuse(name: str, wrong: dict[str, str | None]) -> None:
    for column, reason in wrong.items():
        if reason is not None:
            raise InvalidValue(f"{name}: {column}: {reason}", service="products")


def _encode(order: str, place: Place) -> str:
    return urlsafe_b64encode(json.dumps([order, *place]).encode()).decode().rstrip("=")


def _decode(cursor: str, sort: Sort) -> tuple[str, Place]:
    """Return the order that the list began with, whatever was imported since, and where to go on."""
    try:
        order, number, score = json.loads(urlsafe_b64decode(cursor[:MAX_CURSOR] + "=" * (-len(cursor) % 4)))
    except (TypeError, ValueError, RecursionError):
        order, number, score = None, None, None
    known = isinstance(number, int) and 0 < number < 2**63 and isinstance(score, int | float)
    orders = (sort, NEWEST) if sort is Sort.RELEVANCE else (sort,)
    if order not in orders or not known:
        msg = "this cursor does not belong to this list; start again without it"
        raise InvalidValue(msg, service="products")
    return order, Place(number, score)
