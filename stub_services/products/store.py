"""ProductService's tables of the catalog: products, variants, the search index."""

from collections import defaultdict
from collections.abc import Sequence
from enum import Enum, auto

from backends.models import Category, Product, ProductQuery, Variant
from backends.money import Money
from backends.text import clean, shorten
from stub_services.database import Row, Statements, reader
from stub_services.products.listing_store import Limits, Listing, Place, Search

Kept = tuple[object, ...]
"""What a row holds of what an import says."""

MAX_TITLE = 300
MAX_NAME = 100
MAX_DESCRIPTION = 5000
"""What is shown of a text at most: a catalog may hold anything."""

_OFFERED = ("position", "name", "sku", "price", "currency", "available")

SINGLE_VARIANT = "standard"
"""The name of the only variant of a product that needs no choice."""


class Effect(Enum):
    """What putting a product into the catalog did."""

    ADDED = auto()
    UPDATED = auto()
    UNCHANGED = auto()


def _search(sql: Statements) -> Search:
    if sql.dialect == "sqlite":
        from stub_services.products.fts5 import Fts5

        return Fts5(sql)
    from stub_services.products.tsvector import Tsvector

    return Tsvector(sql)


class ProductRows:
    """The catalog and its stock inside one transaction."""

    def __init__(self, sql: Statements, limits: Limits = Limits()) -> None:  # noqa: B008  it cannot be changed
        """Work inside the transaction of `sql`."""
        self._sql = sql
        self._search = _search(sql)
        self._listing = Listing(sql, self._search, limits)

    # --- reading -----------------------------------------------------------------------------

    async def is_common(self, text: str) -> bool:
        """Whether words match too many products for them to be ranked and counted."""
        return await self._listing.is_common(text)

    async def page(
        self, query: ProductQuery, category: str | None, order: str, limit: int, after: Place | None
    ) -> list[tuple[Product, Place]]:
        """Up to `limit` products behind a place, each with its own place; `order` is a sort or NEWEST."""
        places = await self._listing.places(query, category, order, limit, after)
        numbers = [place.number for place in places]
        rows = await self._sql.all(f"SELECT * FROM products WHERE number IN ({marks(numbers)})", *numbers)
        found = {row["number"]: row for row in rows}
        products = await self._with_variants([found[number] for number in numbers])
        return list(zip(products, places, strict=True))

    async def count(self, query: ProductQuery, category: str | None) -> int | None:
        """How many products match, or None where there are too many to count; not for words that are common."""
        return await self._listing.count(query, category)

    async def product(self, ref: str) -> Product | None:
        """One product by slug or id."""
        rows = await self._sql.all("SELECT * FROM products WHERE slug = ? OR id = ?", ref, ref)
        return next(iter(await self._with_variants(rows)), None)

    async def categories(self) -> tuple[Category, ...]:
        """All categories by title."""
        rows = await self._sql.all(
            "SELECT slug, products,"
            " (SELECT min(category) FROM products WHERE category_slug = categories.slug) AS title"
            " FROM categories WHERE products > 0 ORDER BY title"
        )
        return tuple(Category(row["slug"], clean(row["title"]), row["products"]) for row in rows)

    async def _with_variants(self, rows: Sequence[Row]) -> list[Product]:
        ids = [row["id"] for row in rows]
        variants: dict[str, list[Row]] = defaultdict(list)
        found = await self._sql.all(
            f"SELECT * FROM variants WHERE withdrawn = 0 AND product_id IN ({marks(ids)})"
            " ORDER BY product_id, position",
            *ids,
        )
        for row in found:
            variants[row["product_id"]].append(row)
        return [_product(row, variants[row["id"]]) for row in rows]

    # --- importing ---------------------------------------------------------------------------

    async def is_empty(self) -> bool:
        """Whether there is no product yet."""
        return await self._sql.one("SELECT 1 FROM products LIMIT 1") is None

    async def put(self, product: Product, category_slug: str) -> Effect:
        """Add a product or replace the one with its slug; reserved and sold stock stay counted."""
        known = await self._sql.one("SELECT * FROM products WHERE slug = ?", product.slug)
        before = await self._offered(product.slug) if known else []
        offered = [_kept_variant(*each) for each in enumerate(product.variants)]
        texts_stay = known is not None and _kept(known) == _said(product, category_slug)
        if texts_stay and before == offered:
            return Effect.UNCHANGED
        number = await self._number(known, category_slug)
        await self._put_product(product, category_slug, number)
        if not texts_stay or [each[1:3] for each in before] != [each[1:3] for each in offered]:
            await self._search.put(number, indexed_texts(product))
        if known:
            await self._withdraw_others(product)
        for position, variant in enumerate(product.variants):
            await self._put_variant(product.slug, position, variant)
        return Effect.UPDATED if known else Effect.ADDED

    async def _offered(self, slug: str) -> list[Kept]:
        rows = await self._sql.all(
            f"SELECT {', '.join(_OFFERED)} FROM variants WHERE product_id = ? AND withdrawn = 0 ORDER BY position",
            slug,
        )
        return [tuple(row[name] for name in _OFFERED) for row in rows]

    async def _put_product(self, product: Product, category_slug: str, number: int) -> None:
        await self._sql.run(
            "INSERT INTO products (id, slug, title, title_key, brand, category, category_slug, description,"
            " price_from, number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (slug) DO UPDATE SET"
            " title = excluded.title, title_key = excluded.title_key, brand = excluded.brand,"
            " category = excluded.category, category_slug = excluded.category_slug,"
            " description = excluded.description, price_from = excluded.price_from",
            product.slug,
            product.slug,
            product.title,
            product.title.casefold(),
            product.brand,
            product.category,
            category_slug,
            product.description,
            min(variant.price.minor for variant in product.variants),
            number,
        )

    async def _withdraw_others(self, product: Product) -> None:
        ids = [f"{product.slug}/{variant.name}" for variant in product.variants]
        await self._sql.run(
            f"UPDATE variants SET withdrawn = 1 WHERE product_id = ? AND id NOT IN ({marks(ids)})", product.slug, *ids
        )

    async def _number(self, known: Row | None, category_slug: str) -> int:
        """Return the product's number, a new one if need be, and count the product in its category."""
        if known is None or known["category_slug"] != category_slug:
            if known is not None:
                await self._sql.run(
                    "UPDATE categories SET products = products - 1 WHERE slug = ?", known["category_slug"]
                )
            await self._sql.run(
                "INSERT INTO categories (slug, products) VALUES (?, 1)"
                " ON CONFLICT (slug) DO UPDATE SET products = categories.products + 1",
                category_slug,
            )
        if known is not None:
            return int(known["number"])
        last = await self._sql.one("SELECT COALESCE(max(number), 0) AS number FROM products")
        return int(last["number"]) + 1 if last else 1

    async def _put_variant(self, slug: str, position: int, variant: Variant) -> None:
        await self._sql.run(
            "INSERT INTO variants (id, product_id, position, name, sku, price, currency, available)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET position = excluded.position,"
            " sku = excluded.sku, price = excluded.price, currency = excluded.currency, available = excluded.available,"
            " withdrawn = 0",
            f"{slug}/{variant.name}",
            slug,
            position,
            variant.name,
            variant.sku,
            variant.price.minor,
            variant.price.currency,
            variant.stock or 0,
        )


def _kept(row: Row) -> Kept:
    return tuple(row[name] for name in ("title", "brand", "category", "category_slug", "description"))


def _said(product: Product, category_slug: str) -> Kept:
    return product.title, product.brand, product.category, category_slug, product.description


def _kept_variant(position: int, variant: Variant) -> Kept:
    price = variant.price
    return position, variant.name, variant.sku, price.minor, price.currency, variant.stock or 0


def indexed_texts(product: Product) -> tuple[str, ...]:
    """Return what a product is found by."""
    variants = " ".join(f"{variant.name} {variant.sku}" for variant in product.variants)
    return product.title, product.brand, product.category, variants, product.description


def marks(values: Sequence[object]) -> str:
    """Return as many question marks as there are values; NULL, which nothing equals, for none (`IN ()` is SQLite's)."""
    return ", ".join("?" for _ in values) or "NULL"


def ref_of(slug: str, variant: str) -> str:
    """Return what `shop cart add` takes: without the variant where there is only one."""
    return slug if variant == SINGLE_VARIANT else f"{slug}/{variant}"


@reader
def _product(row: Row, variants: list[Row]) -> Product:
    return Product(
        clean(row["id"]),
        shorten(row["slug"], MAX_NAME),
        shorten(row["title"], MAX_TITLE),
        shorten(row["brand"], MAX_NAME),
        shorten(row["category"], MAX_NAME),
        shorten(" ".join(row["description"].split()), MAX_DESCRIPTION),
        tuple(_variant(row["slug"], variant) for variant in variants),
    )


def _variant(slug: str, row: Row) -> Variant:
    return Variant(
        clean(row["id"]),
        shorten(ref_of(slug, row["name"]), MAX_TITLE),
        shorten(row["name"], MAX_NAME),
        shorten(row["sku"], MAX_NAME),
        Money.of_minor(row["price"], row["currency"]),
        row["available"] > 0,
        row["available"],
    )
