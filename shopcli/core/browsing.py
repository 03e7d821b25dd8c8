"""A catalog as far as it is loaded, page by page."""

from dataclasses import dataclass, replace
from datetime import datetime

from backends.errors import ShopError
from backends.interface import Products
from backends.models import Product, ProductQuery

PAGE = 100
"""Products of a request; the most that a shop gives at once."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The loaded part of what a query finds. `total` counts all of it where the shop says."""

    query: ProductQuery
    products: tuple[Product, ...] = ()
    next_cursor: str | None = None
    total: int | None = None
    loaded_at: datetime | None = None
    """When it was true; None before the first answer."""
    loading: bool = False
    error: ShopError | None = None
    """Why the last request failed; the products are then those of `loaded_at`."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to load."""
        return self.loaded_at is not None and self.next_cursor is None

    def asked(self, query: ProductQuery) -> "Shelf":
        """Look for something else; what is loaded stays on the screen until the answer comes."""
        return replace(self, query=query, loading=True, error=None)

    def failed(self, error: ShopError) -> "Shelf":
        """Keep what there is, and why there is nothing newer."""
        return replace(self, loading=False, error=error)


async def first(products: Products, query: ProductQuery, now: datetime) -> Shelf:
    """Load the first page."""
    page = await products.list(query, PAGE)
    return Shelf(query, page.items, page.next_cursor, page.total, now)


async def more(products: Products, shelf: Shelf) -> Shelf:
    """Load one page more, if there is one."""
    if shelf.next_cursor is None:
        return replace(shelf, loading=False)
    page = await products.list(shelf.query, PAGE, shelf.next_cursor)
    loaded = shelf.products + page.items
    return replace(shelf, products=loaded, next_cursor=page.next_cursor, loading=False, error=None)
