"""CartService on the wire."""

from typing import Annotated

from msgspec import Meta

from backends import models
from backends.errors import CartChanged, KeyReused, NotFound, OutOfStock
from backends.models import Requirement
from stub_services.carts.service import CartService, Check
from stub_services.wire.books import endpoint_of as books_of
from stub_services.wire.endpoint import Call, Endpoint, Needs, Struct
from stub_services.wire.problems import Stale
from stub_services.wire.requests import names_tag
from stub_services.wire.shapes import Address, Id, Line, ShippingOption, Text, Totals, shaped

Quantity = Annotated[int, Meta(ge=1, le=999)]


class Notice(Struct):
    """Something the person should know."""

    code: str
    message: str
    line_id: str | None


class Cart(Struct):
    """A cart; its version is its ETag, too."""

    id: str | None
    version: int | None
    lines: tuple[Line, ...]
    address: Address | None
    email: str | None
    shipping: ShippingOption | None
    totals: Totals | None
    requirements: tuple[Requirement, ...]
    notices: tuple[Notice, ...]


class NewLine(Struct):
    """Pieces of a variant."""

    variant_id: Annotated[str, Meta(min_length=1, max_length=300)]
    quantity: Quantity


class LineQuantity(Struct):
    """How many of a line."""

    quantity: Quantity


class Destination(Struct):
    """Where it goes."""

    address: Address
    email: Text


class Delivery(Struct):
    """One of the ways of delivery."""

    option_id: Id


class ShippingOptions(Struct):
    """Ways of delivery, cheapest first."""

    items: tuple[ShippingOption, ...]


async def view(service: CartService, call: Call) -> Cart:
    """The caller's cart at today's prices."""
    return _shown(call, await service.view(call.caller))


async def add(service: CartService, call: Call, body: NewLine) -> Cart:
    """Add pieces; the same variant stays one line."""
    return _shown(call, await service.add(call.caller, body.variant_id, body.quantity, call.once, _expected(call)))


async def set_quantity(service: CartService, call: Call, line_id: Id, body: LineQuantity) -> Cart:
    """Set a line's quantity."""
    return _shown(call, await service.set_quantity(call.caller, line_id, body.quantity, _expected(call)))


async def remove(service: CartService, call: Call, line_id: Id) -> Cart:
    """Remove a line."""
    return _shown(call, await service.remove(call.caller, line_id, _expected(call)))


async def clear(service: CartService, call: Call) -> Cart:
    """Remove all lines."""
    return _shown(call, await service.clear(call.caller, _expected(call)))


async def set_address(service: CartService, call: Call, body: Destination) -> Cart:
    """Say where it goes."""
    return _shown(call, await service.set_address(call.caller, body.address.model(), body.email, _expected(call)))


async def shipping_options(service: CartService, call: Call) -> ShippingOptions:  # noqa: ARG001
    """Ways of delivery."""
    return ShippingOptions(tuple(shaped(option, ShippingOption) for option in await service.shipping_options()))


async def set_shipping(service: CartService, call: Call, body: Delivery) -> Cart:
    """Choose a delivery."""
    return _shown(call, await service.set_shipping(call.caller, body.option_id, _expected(call)))


async def merge(service: CartService, call: Call, guest_cart_id: Id) -> None:
    """Move a guest's lines into the account's cart."""
    await service.merge(call.caller.account(), guest_cart_id)


def _expected(call: Call) -> Check:
    """Return what raises Stale unless the cart is at a version that If-Match names, where one is sent."""

    def check(version: int | None) -> None:
        if call.if_match is not None and not names_tag(call.if_match, _tag(version)):
            msg = "the cart is at another version than the request expects"
            raise Stale(msg, service="carts")

    return check


def _shown(call: Call, cart: models.Cart) -> Cart:
    tag = _tag(cart.version)
    if tag is not None:
        call.headers["etag"] = tag
    return shaped(cart, Cart)


def _tag(version: int | None) -> str | None:
    return None if version is None else f'"{version}"'


_EDITS = (NotFound, CartChanged, Stale)
ENDPOINTS = (
    Endpoint("GET", "/v1/cart", view, Needs.VIEWER),
    Endpoint("POST", "/v1/cart/lines", add, Needs.SHOPPER, keyed=True, raises=(*_EDITS, OutOfStock, KeyReused)),
    Endpoint("DELETE", "/v1/cart/lines", clear, Needs.SHOPPER, raises=_EDITS),
    Endpoint("PUT", "/v1/cart/lines/{line_id}", set_quantity, Needs.SHOPPER, raises=(*_EDITS, OutOfStock)),
    Endpoint("DELETE", "/v1/cart/lines/{line_id}", remove, Needs.SHOPPER, raises=_EDITS),
    Endpoint("PUT", "/v1/cart/address", set_address, Needs.SHOPPER, raises=_EDITS),
    Endpoint("GET", "/v1/cart/shipping-options", shipping_options),
    Endpoint("PUT", "/v1/cart/shipping", set_shipping, Needs.SHOPPER, raises=_EDITS),
    Endpoint("PUT", "/v1/cart/merged/{guest_cart_id}", merge, Needs.ACCOUNT),
    books_of("carts"),
)
