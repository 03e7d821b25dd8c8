"""ProductService's tables of the catalog: products, variants, the search index."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR
from typing import NamedTuple, Protocol

from backends.errors import InvalidValue
from backends.models import Category, Product, ProductQuery, Sort, Variant
from backends.money import Money, exponent
from backends.text import clean, shorten
from stub_services.currency import CURRENCY
from stub_services.database import Row, Statements, reader

MAX_TITLE = 300
MAX_NAME = 100
MAX_DESCRIPTION = 5000
"""What is shown of a text at most: a catalog may hold anything."""

SINGLE_VARIANT = "standard"
"""The name of the only variant of a product that needs no choice."""

MAX_COUNT = 10_000
"""Products, or variants in a range of prices, that are counted at most."""
MAX_PROBED = 1_000
"""The same where each one's variants are looked at: 0.3 s for 10,000 of a million products."""

_SORTS = {
    Sort.TITLE: ("title_key", ">", "ASC"),
    Sort.PRICE: ("price_from", ">", "ASC"),
    Sort.PRICE_DESC: ("price_from", "<", "DESC"),
    Sort.RELEVANCE: ("score", ">", "ASC"),
}


class Place(NamedTuple):
    """Where a page ends: the product's number, and its score where the list is by relevance."""

    number: int
    score: float


class Search(Protocol):
    """Full-text search, which each engine has its own way for: every word must occur, perhaps as the start of one."""

    source: str
    """Products that match one parameter, the query."""
    score: str
    """How well one matches: less is better."""

    def match(self, text: str) -> str:
        """Return the query that a text means; whatever the text, no syntax leaks into it."""

    async def put(self, number: int, texts: tuple[str, ...]) -> None:
        """Index a product's title, brand, category, variants and description."""


class _Fts5:
    """SQLite's."""

    source = "search JOIN products ON products.number = search.rowid WHERE search MATCH ?"
    score = "bm25(search, 10, 5, 3, 5, 1)"

    def __init__(self, sql: Statements) -> None:
        self._sql = sql

    @staticmethod
    def match(text: str) -> str:
        return " ".join('"' + word.replace('"', '""') + '"*' for word in text.split())

    async def put(self, number: int, texts: tuple[str, ...]) -> None:
        await self._sql.run("DELETE FROM search WHERE rowid = ?", number)
        await self._sql.run(
            "INSERT INTO search (rowid, title, brand, category, variants, description) VALUES (?, ?, ?, ?, ?, ?)",
            number,
            *texts,
        )


def _search(sql: Statements) -> Search:
    if sql.dialect == "sqlite":
        return _Fts5(sql)
    from stub_services.products.tsvector import Tsvector

    return Tsvector(sql)


class ProductRows:
    """The catalog and its stock inside one transaction."""

    def __init__(self, sql: Statements) -> None:
        """Work inside the transaction of `sql`."""
        self._sql = sql
        self._search = _search(sql)

    # --- reading -----------------------------------------------------------------------------

    async def page(
        self, query: ProductQuery, category: str | None, limit: int, after: Place | None
    ) -> list[tuple[Product, Place]]:
        """Up to `limit` products behind a place, each with its own place."""
        source, where, parameters = await self._selection(query, category)
        key, operator, direction = _SORTS[query.sort]
        score = self._search.score if query.text else "0"
        if after is not None:
            where.append(f"{key} {operator}= ? AND ({key} {operator} ? OR slug > ?)")
            position = await self._position(after, key)
            parameters += [position[0], position[0], position[1]]
        rows = await self._sql.all(
            f"SELECT * FROM (SELECT products.*, {score} AS score FROM {source}) AS found"
            f" {_where(where)} ORDER BY {key} {direction}, slug LIMIT ?",
            *parameters,
            limit,
        )
        products = await self._with_variants(rows)
        places = [Place(row["number"], row["score"]) for row in rows]
        return list(zip(products, places, strict=True))

    async def _position(self, place: Place, key: str) -> tuple[object, str]:
        """Return the sort key and the slug at a place."""
        row = await self._sql.one("SELECT slug, title_key, price_from FROM products WHERE number = ?", place.number)
        if row is None:
            msg = "this cursor does not belong to this list; start again without it"
            raise InvalidValue(msg, service="products")
        return (place.score if key == "score" else row[key]), row["slug"]

    async def count(self, query: ProductQuery, category: str | None) -> int | None:
        """How many products match, or None where there are too many to count."""
        source, where, parameters = await self._selection(query, category)
        most = MAX_PROBED if _bounds(query) or query.in_stock else MAX_COUNT
        row = await self._sql.one(
            f"SELECT count(*) AS n FROM (SELECT 1 FROM (SELECT products.* FROM {source}) AS found"
            f" {_where(where)} LIMIT ?) AS counted",
            *parameters,
            most + 1,
        )
        return row["n"] if row and row["n"] <= most else None

    async def product(self, ref: str) -> Product | None:
        """One product by slug or id."""
        rows = await self._sql.all("SELECT * FROM products WHERE slug = ? OR id = ?", ref, ref)
        return next(iter(await self._with_variants(rows)), None)

    async def categories(self) -> tuple[Category, ...]:
        """All categories by title; None products where there are too many to count.

        Each slug is the first one behind the last: grouping a million products took 5 s.
        """
        rows = await self._sql.all(
            "WITH RECURSIVE known (it) AS (SELECT min(category_slug) FROM products UNION ALL"
            " SELECT (SELECT min(category_slug) FROM products WHERE category_slug > it)"
            " FROM known WHERE it IS NOT NULL)"
            " SELECT it, (SELECT min(category) FROM products WHERE category_slug = it) AS title,"
            " (SELECT count(*) FROM (SELECT 1 FROM products WHERE category_slug = it LIMIT ?) AS counted) AS n"
            " FROM known WHERE it IS NOT NULL ORDER BY title",
            MAX_COUNT + 1,
        )
        return tuple(
            Category(row["it"], clean(row["title"]), row["n"] if row["n"] <= MAX_COUNT else None) for row in rows
        )

    async def _selection(self, query: ProductQuery, category: str | None) -> tuple[str, list[str], list[object]]:
        """Return the tables, the conditions and the parameters that a query means."""
        where: list[str] = []
        parameters: list[object] = []
        source = "products"
        if query.text:
            source = self._search.source
            parameters.append(self._search.match(query.text))
        if category is not None:
            where.append("category_slug = ?")
            parameters.append(category)
        bounds = _bounds(query)
        variant = [*bounds, ("available > ?", 0)] if query.in_stock else bounds
        if variant:
            conditions = "withdrawn = 0 AND " + " AND ".join(condition for condition, _ in variant)
            # Few variants in a range of prices are looked up by price: 16 ms instead of 2.7 s in a million products.
            if bounds and await self._are_few(bounds):
                where.append(f"found.id IN (SELECT product_id FROM variants WHERE {conditions})")
            else:
                where.append(f"EXISTS (SELECT 1 FROM variants WHERE product_id = found.id AND {conditions})")
            parameters += [value for _, value in variant]
        return source, where, parameters

    async def _are_few(self, bounds: list[tuple[str, int]]) -> bool:
        """Whether few variants are within bounds of price, whatever else is asked of them."""
        row = await self._sql.one(
            "SELECT count(*) AS n FROM (SELECT 1 FROM variants"
            f" WHERE {' AND '.join(condition for condition, _ in bounds)} LIMIT ?) AS counted",
            *(value for _, value in bounds),
            MAX_COUNT + 1,
        )
        return row is not None and row["n"] <= MAX_COUNT

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

    async def put(self, product: Product, category_slug: str) -> None:
        """Add a product or replace the one with its slug; reserved and sold stock stay counted."""
        number = await self._number(product.slug)
        values = (
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
        await self._sql.run(
            "INSERT INTO products (id, slug, title, title_key, brand, category, category_slug, description,"
            " price_from, number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (slug) DO UPDATE SET"
            " title = excluded.title, title_key = excluded.title_key, brand = excluded.brand,"
            " category = excluded.category, category_slug = excluded.category_slug,"
            " description = excluded.description, price_from = excluded.price_from",
            *values,
        )
        await self._search.put(number, _texts(product))
        ids = [f"{product.slug}/{variant.name}" for variant in product.variants]
        await self._sql.run(
            f"UPDATE variants SET withdrawn = 1 WHERE product_id = ? AND id NOT IN ({marks(ids)})", product.slug, *ids
        )
        for position, variant in enumerate(product.variants):
            await self._put_variant(product.slug, position, variant)

    async def _number(self, slug: str) -> int:
        row = await self._sql.one(
            "SELECT COALESCE((SELECT number FROM products WHERE slug = ?),"
            " (SELECT COALESCE(max(number), 0) + 1 FROM products)) AS number",
            slug,
        )
        return int(row["number"]) if row else 1

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


def _texts(product: Product) -> tuple[str, ...]:
    """Return what a product is found by."""
    variants = " ".join(f"{variant.name} {variant.sku}" for variant in product.variants)
    return product.title, product.brand, product.category, variants, product.description


def _bounds(query: ProductQuery) -> list[tuple[str, int]]:
    """Return the conditions on a variant's price, in minor units; between two of them the inner one."""
    asked = (("price >= ?", query.price_min, ROUND_CEILING), ("price <= ?", query.price_max, ROUND_FLOOR))
    return [
        (condition, int(amount.scaleb(exponent(CURRENCY)).to_integral_value(rounding)))
        for condition, amount, rounding in asked
        if amount is not None
    ]


def _where(conditions: list[str]) -> str:
    return "WHERE " + " AND ".join(conditions) if conditions else ""


def marks(values: Sequence[str]) -> str:
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
