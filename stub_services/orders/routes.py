"""OrderService on the wire."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from backends.errors import InvalidState, KeyReused, NotFound
from backends.models import CheckoutAttempt, OrderStatus
from stub_services.orders.service import OrderService
from stub_services.wire.books import endpoint_of as books_of
from stub_services.wire.endpoint import Call, Endpoint, Needs, Struct
from stub_services.wire.shapes import Address, Id, Line, Moment, Money, PageQuery, Totals, given, shaped


class Attempt(Struct):
    """What the person confirmed; its id stands in the path."""

    cart_id: Id
    cart_version: Annotated[int, Meta(ge=0, le=2**53)] | None
    total: Money
    address: Address
    shipping: Id
    created_at: Moment
    payment: Annotated[str, Meta(max_length=64)] | None = None
    handle: Id | None = None


class Order(Struct):
    """An order."""

    id: str
    number: str | None
    status: OrderStatus
    reason: str | None
    lines: tuple[Line, ...]
    totals: Totals
    address: Address | None
    shipping: str | None
    created_at: datetime
    message: str | None
    expires_at: datetime | None


class Orders(Struct):
    """Part of the account's orders, newest first."""

    items: tuple[Order, ...]
    next_cursor: str | None
    total: int | None


async def place(service: OrderService, call: Call, ref: Id, body: Attempt) -> Order:
    """Place an order, or go on placing it, or answer what became of it."""
    attempt = CheckoutAttempt(
        ref,
        body.cart_id,
        body.cart_version,
        body.total.exact(),
        body.address.model(),
        body.shipping,
        body.created_at,
        body.payment,
        body.handle,
    )
    return shaped(await service.place(call.caller, attempt), Order)


async def get_order(service: OrderService, call: Call, ref: str) -> Order:
    """One order by number or id."""
    return shaped(await service.get(call.caller, ref), Order)


async def list_orders(service: OrderService, call: Call, query: PageQuery) -> Orders:
    """The account's orders."""
    return shaped(await service.list(call.caller, query.limit, given(query.cursor)), Orders)


async def cancel(service: OrderService, call: Call, order_id: Id) -> Order:
    """Cancel an order, even one that never arrived."""
    return shaped(await service.cancel(call.caller, order_id), Order)


ENDPOINTS = (
    Endpoint("GET", "/v1/orders", list_orders, Needs.ACCOUNT, alias="list"),
    Endpoint("PUT", "/v1/orders/{ref}", place, Needs.ACCOUNT, raises=(NotFound, InvalidState, KeyReused)),
    Endpoint("GET", "/v1/orders/{ref}", get_order, Needs.ACCOUNT, raises=(NotFound,), alias="get"),
    Endpoint("PUT", "/v1/orders/{order_id}/cancellation", cancel, Needs.ACCOUNT, raises=(NotFound, InvalidState)),
    books_of("orders"),
)
