"""The catalog and the cart."""

from backends.errors import NotFound
from backends.http import encoding, models
from backends.http.decoding import document
from backends.http.desk import Desk, keyed, reading, writing
from backends.http.requests import Request
from backends.models import Address, Cart, Category, Page, Product, ProductQuery, ShippingOption

_LOOK = "shop cart show"


class HttpProducts:
    """ProductService."""

    def __init__(self, desk: Desk) -> None:
        """Ask by way of `desk`."""
        self._desk = desk

    async def list(self, query: ProductQuery, limit: int, cursor: str | None = None) -> Page[Product]:
        """List or search. Raises InvalidValue."""
        request = reading(encoding.search(query, limit, cursor), "products")
        return await self._desk.anybody(request, document(models.page(models.product)))

    async def get(self, ref: str) -> Product:
        """One product by slug or id. Raises NotFound."""
        refusal = NotFound("there is no such product", hint="shop products list", service="products")
        request = reading(encoding.path_to("products", last=ref, otherwise=refusal), "products")
        return await self._desk.anybody(request, document(models.product))

    async def categories(self) -> tuple[Category, ...]:
        """All categories by title."""
        request = reading("/v1/categories", "products")
        return await self._desk.anybody(request, document(models.items(models.category)))


class HttpCarts:
    """CartService."""

    def __init__(self, desk: Desk) -> None:
        """Ask by way of `desk`."""
        self._desk = desk

    async def view(self) -> Cart:
        """The cart as it is now; an empty one where there is none yet."""
        return await self._changed(reading("/v1/cart", "carts"))

    async def add(self, variant_id: str, quantity: int) -> Cart:
        """Add pieces. Raises NotFound, OutOfStock, InvalidValue."""
        body = {"variant_id": variant_id, "quantity": quantity}
        request = writing("POST", "/v1/cart/lines", "carts", body, look=_LOOK)
        return await self._changed(keyed(request, self._desk.ids()))

    async def set_quantity(self, line_id: str, quantity: int) -> Cart:
        """Set a line's quantity. Raises NotFound, OutOfStock, InvalidValue."""
        path = _line(line_id)
        return await self._changed(writing("PUT", path, "carts", {"quantity": quantity}, look=_LOOK))

    async def remove(self, line_id: str) -> Cart:
        """Remove a line; idempotent."""
        try:
            path = _line(line_id)
        except NotFound:
            return await self.view()  # no line can have this id; sent as it is, an empty one would clear the cart
        return await self._changed(writing("DELETE", path, "carts", look=_LOOK))

    async def clear(self) -> Cart:
        """Remove all lines."""
        return await self._changed(writing("DELETE", "/v1/cart/lines", "carts", look=_LOOK))

    async def set_address(self, address: Address, email: str) -> Cart:
        """Say where it goes. Raises InvalidValue."""
        body = {"address": address, "email": email}
        return await self._changed(writing("PUT", "/v1/cart/address", "carts", body, look=_LOOK))

    async def shipping_options(self) -> tuple[ShippingOption, ...]:
        """Ways of delivery, cheapest first."""
        request = reading("/v1/cart/shipping-options", "carts")
        return await self._desk.anybody(request, document(models.items(models.shipping_option)))

    async def set_shipping(self, option_id: str) -> Cart:
        """Choose a delivery. Raises NotFound."""
        return await self._changed(writing("PUT", "/v1/cart/shipping", "carts", {"option_id": option_id}, look=_LOOK))

    async def _changed(self, request: Request) -> Cart:
        return await self._desk.shopper(request, document(models.cart))


def _line(line_id: str) -> str:
    refusal = NotFound("there is no such line in your cart", hint=_LOOK, service="carts")
    return encoding.path_to("cart", "lines", last=line_id, otherwise=refusal)
