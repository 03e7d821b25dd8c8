"""Which products a query means, in which order, and how many: what a page costs does not grow with the catalog.

What would have to be gathered whole is bounded: a search whose words match more than `Limits.ranked` products is not
ranked and not counted but listed newest first, which is the order of the search index itself.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR
from typing import NamedTuple, Protocol

from backends.errors import InvalidValue
from backends.models import ProductQuery, Sort
from backends.money import exponent
from stub_services.currency import CURRENCY
from stub_services.database import Statements

NEWEST = "newest"
"""The order of a search that matches too much to be ranked: what was imported last comes first."""


class Place(NamedTuple):
    """Where a page ends: the product's number, and its score where the list is by relevance."""

    number: int
    score: float


class Limits(NamedTuple):
    """How much is looked at for one page. The times are of a million products on SQLite."""

    ranked: int = 2_000
    """Products that words match: more are neither ranked nor counted. A third of the catalog took 380 ms."""
    counted: int = 400
    """Products whose variants are looked at for a total: 1 ms."""
    gathered: int = 10_000
    """Products that words match, or variants in a range of prices: more are not collected and sorted; the
    products are gone through in the order that is asked for, and each one is looked up."""


class Search(Protocol):
    """Full-text search, which each engine has its own way for: every word must occur, perhaps as the start of one."""

    matching: str
    """One row for each product that matches one parameter, the query."""
    tables: str
    """What is joined so that products are found by their words; with `condition` it takes one parameter, the query."""
    probed: str
    """The same, where that matters: products in their own order, each one looked up among what matches."""
    condition: str
    score: str
    """How well one matches: less is better."""
    number: str
    """The product's number in the search index, which is in this order."""

    def match(self, text: str) -> str:
        """Return the query that a text means; whatever the text, no syntax leaks into it."""

    async def put(self, number: int, texts: tuple[str, ...]) -> None:
        """Index a product's title, brand, category, variants and description."""


class _Selection(NamedTuple):
    tables: str
    conditions: list[str]
    parameters: list[object]
    number: str
    """The number by which it can be gone through, newest first."""


class Listing:
    """Places of products inside one transaction."""

    def __init__(self, sql: Statements, search: Search, limits: Limits) -> None:
        """Work inside the transaction of `sql`."""
        self._sql = sql
        self._search = search
        self._limits = limits

    async def is_common(self, text: str) -> bool:
        """Whether the words match too many products to rank and count them, whatever else is asked."""
        return await self._match_more_than(self._limits.ranked, self._search.match(text))

    async def places(
        self, query: ProductQuery, category: str | None, order: str, limit: int, after: Place | None
    ) -> list[Place]:
        """Up to `limit` places behind another one; `order` is a sort or NEWEST. Raises InvalidValue."""
        selection = await self._selection(query, category, order)
        score = self._search.score if order == Sort.RELEVANCE else "0"
        by, behind = _ordered(order, score, selection.number)
        conditions, parameters = selection.conditions, selection.parameters
        if after is not None:
            conditions = [*conditions, behind]
            parameters = [*parameters, *await self._position(after, order)]
        rows = await self._sql.all(
            f"SELECT products.number AS number, {score} AS score FROM {selection.tables}"
            f"{_where(conditions)} ORDER BY {by} LIMIT ?",
            *parameters,
            limit,
        )
        return [Place(row["number"], row["score"]) for row in rows]

    async def count(self, query: ProductQuery, category: str | None) -> int | None:
        """How many products match, or None where there are too many to count; not for words that are common."""
        looked_up = query.in_stock or bool(_bounds(query))
        if not query.text and not looked_up:
            return await self._kept_count(category)
        selection = await self._selection(query, category, Sort.RELEVANCE)
        most = self._limits.counted if looked_up else self._limits.ranked
        selected = f"SELECT 1 FROM {selection.tables}{_where(selection.conditions)}"
        n = await self._counted(selected, selection.parameters, most)
        return n if n <= most else None

    async def _kept_count(self, category: str | None) -> int:
        """How many products there are, by the counts that imports keep."""
        some, parameters = ("", []) if category is None else (" WHERE slug = ?", [category])
        row = await self._sql.one(
            f"SELECT CAST(COALESCE(sum(products), 0) AS BIGINT) AS n FROM categories{some}", *parameters
        )
        return row["n"] if row else 0

    async def _counted(self, selected: str, parameters: Sequence[object], most: int) -> int:
        """How many rows a statement selects; one more than `most` says more."""
        row = await self._sql.one(f"SELECT count(*) AS n FROM ({selected} LIMIT ?) AS counted", *parameters, most + 1)
        return row["n"] if row else 0

    async def _position(self, place: Place, order: str) -> tuple[object, ...]:
        """Return what `behind` of _ordered takes for a place."""
        row = await self._sql.one("SELECT slug, title_key, price_from FROM products WHERE number = ?", place.number)
        if row is None:
            msg = "this cursor does not belong to this list; start again without it"
            raise InvalidValue(msg, service="products")
        if order == NEWEST:
            return (place.number,)
        if order == Sort.RELEVANCE:
            return place.score, place.score, place.number
        key = row["title_key" if order == Sort.TITLE else "price_from"]
        return key, key, row["slug"]

    async def _selection(self, query: ProductQuery, category: str | None, order: str) -> _Selection:
        """Return what a query means; how the statement goes through it is part of that."""
        conditions: list[str] = []
        parameters: list[object] = []
        if category is not None:
            conditions.append("category_slug = ?")
            parameters.append(category)
        few = False
        if query.in_stock or _bounds(query):
            few, offered, values = await self._offered(query)
            conditions.append(offered)
            parameters += values
        if not query.text:
            return _Selection("products", conditions, parameters, "products.number")
        found = self._search
        match = found.match(query.text)
        narrow = few or (category is not None and await self._kept_count(category) <= self._limits.gathered)
        by_words = order == Sort.RELEVANCE or (order == NEWEST and not narrow)
        conditions.insert(0, found.condition)
        parameters.insert(0, match)
        if by_words or not await self._match_more_than(self._limits.gathered, match):
            return _Selection(found.tables, conditions, parameters, found.number)
        return _Selection(found.probed, conditions, parameters, "products.number")

    async def _offered(self, query: ProductQuery) -> tuple[bool, str, list[object]]:
        """Return whether few variants are meant, the condition that one of a product's is, and its parameters."""
        bounds = _bounds(query)
        few = bool(bounds) and await self._are_few(bounds)
        asked = [*bounds, ("available > ?", 0)] if query.in_stock else bounds
        variant = " AND ".join(["withdrawn = 0", *(condition for condition, _ in asked)])
        values: list[object] = [value for _, value in asked]
        # Few variants in a range of prices are looked up by price: 10 ms instead of 2.7 s in a million products.
        if few:
            return few, f"products.id IN (SELECT product_id FROM variants WHERE {variant})", values
        return few, f"EXISTS (SELECT 1 FROM variants WHERE product_id = products.id AND {variant})", values

    async def _match_more_than(self, most: int, match: str) -> bool:
        return await self._counted(self._search.matching, [match], most) > most

    async def _are_few(self, bounds: list[tuple[str, int]]) -> bool:
        """Whether few variants are within bounds of price, whatever else is asked of them."""
        selected = f"SELECT 1 FROM variants WHERE withdrawn = 0 AND {' AND '.join(bound for bound, _ in bounds)}"
        most = self._limits.gathered
        return await self._counted(selected, [value for _, value in bounds], most) <= most


def _ordered(order: str, score: str, number: str) -> tuple[str, str]:
    """Return how SQL orders products, and the condition for what comes behind a place."""
    if order == NEWEST:
        return f"{number} DESC", f"{number} < ?"
    key, operator, direction, tie = {
        Sort.RELEVANCE: (score, ">", "ASC", "products.number"),
        Sort.TITLE: ("title_key", ">", "ASC", "slug"),
        Sort.PRICE: ("price_from", ">", "ASC", "slug"),
        Sort.PRICE_DESC: ("price_from", "<", "DESC", "slug"),
    }[Sort(order)]
    return f"{key} {direction}, {tie}", f"{key} {operator}= ? AND ({key} {operator} ? OR {tie} > ?)"


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _bounds(query: ProductQuery) -> list[tuple[str, int]]:
    """Return the conditions on a variant's price, in minor units; between two of them the inner one."""
    asked = (("price >= ?", query.price_min, ROUND_CEILING), ("price <= ?", query.price_max, ROUND_FLOOR))
    return [
        (condition, int(amount.scaleb(exponent(CURRENCY)).to_integral_value(rounding)))
        for condition, amount, rounding in asked
        if amount is not None
    ]
