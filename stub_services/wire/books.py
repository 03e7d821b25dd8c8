"""A service's books on the wire: what it says about each order, for the merchant."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from stub_services.books import Keeper
from stub_services.wire.endpoint import Call, Endpoint, Needs, Struct
from stub_services.wire.shapes import given, shaped


class Entry(Struct):
    """One service's word on one order, or on what belongs to none; amounts in minor units."""

    service: str
    order_id: str | None
    id: str
    state: str
    pieces: int | None
    amount: int | None
    kept: int | None
    currency: str
    waits: bool
    counted: int | None


class Entries(Struct):
    """All entries of some orders; on the last page those of none, too."""

    items: tuple[Entry, ...]
    next_cursor: str | None
    total: int | None


class Behind(Struct):
    """Which part: what comes behind an order's id."""

    cursor: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET


async def show_books(service: Keeper, call: Call, query: Behind) -> Entries:
    """What this service's books say about each order."""
    return shaped(await service.books(call.caller, given(query.cursor)), Entries)


def endpoint_of(service: str) -> Endpoint:
    """Return the endpoint of a service's books."""
    return Endpoint("GET", f"/v1/books/{service}", show_books, Needs.MERCHANT)
