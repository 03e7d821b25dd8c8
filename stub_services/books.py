"""Showing a service's books to the merchant: what it says about each order, a page at a time."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from backends.models import BookEntry, Page
from stub_services.caller import Caller
from stub_services.database import Store

ORDERS = 500
"""Orders on a page, and at most so much that belongs to none."""


class Keeper(Protocol):
    """A service that keeps books about orders."""

    async def books(self, caller: Caller, cursor: str | None) -> Page[BookEntry]:
        """A page of them. Raises Forbidden."""


Entries = Callable[[str, int], Awaitable[list[BookEntry]]]
"""All entries about the next so many orders behind an order's id."""

Strays = Callable[[int], Awaitable[tuple[BookEntry, ...]]]
"""At most so many entries about what belongs to no order."""


class Books(Protocol):
    """Rows that hold what a service says about orders."""

    async def books(self, after: str, orders: int) -> list[BookEntry]:
        """All entries about the next so many orders behind an order's id."""


Rows = TypeVar("Rows", bound=Books)


def entries_in(store: Store[Rows]) -> Entries:
    """Return what reads a store's entries."""

    async def entries(after: str, orders: int) -> list[BookEntry]:
        async with store.read() as rows:
            return await rows.books(after, orders)

    return entries


async def page_of(
    entries: Entries, caller: Caller, cursor: str | None, strays: Strays | None = None
) -> Page[BookEntry]:
    """Return a page of a service's books; the last one has the strays. Raises Forbidden for all but the merchant."""
    caller.require_merchant()
    found = await entries(cursor or "", ORDERS)
    orders = list(dict.fromkeys(entry.order_id for entry in found))
    if len(orders) == ORDERS:
        return Page(tuple(found), orders[-1])
    return Page((*found, *(await strays(ORDERS) if strays else ())))
