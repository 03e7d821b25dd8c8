"""Looking for products."""

import asyncio
from dataclasses import replace

from backends.errors import ShopError
from backends.models import Category, ProductQuery
from shopcli.core.browsing import first, more
from shopcli.tui.flows.flow import Flow

PAUSE = 0.01
"""Seconds without a key before a search is sent: nobody types that fast, a terminal that pastes does. What a later key
overtakes is cancelled."""


class CatalogFlow(Flow):
    """Searches while the person types: the latest query wins, and a late answer to an older one is dropped."""

    categories: tuple[Category, ...] = ()

    def look(self, query: ProductQuery, *, pause: float = 0.0) -> None:
        """Load the first page of what a query finds."""
        self.app.put(shelf=self.app.state.shelf.asked(query))
        self.app.work("catalog", self._look(query, pause))

    def more(self) -> None:
        """Load the next page, unless one is on its way."""
        shelf = self.app.state.shelf
        if shelf.next_cursor is not None and not shelf.loading:
            self.app.put(shelf=shelf.asked(shelf.query))
            self.app.work("catalog", self._more())

    async def _look(self, query: ProductQuery, pause: float) -> None:
        if pause:
            await asyncio.sleep(pause)
        now = self.app.clock()
        try:
            shelf = await self.app.background.do(
                lambda shop: first(shop.backend.products, query, now), name="look for products"
            )
        except ShopError as error:
            shelf = self.app.state.shelf.failed(error)
        self.app.put(shelf=shelf)
        self.app.keep()

    async def _more(self) -> None:
        shelf = self.app.state.shelf
        try:
            longer = await self.app.background.do(lambda shop: more(shop.backend.products, shelf))
        except ShopError as error:
            longer = shelf.failed(error)
        self.app.put(shelf=longer)
        self.app.keep()

    async def load_categories(self) -> tuple[Category, ...]:
        """Return the categories, asked for once. Raises ShopError."""
        if not self.categories:
            self.categories = await self.app.background.do(lambda shop: shop.backend.products.categories())
        return self.categories

    def open(self, slug: str, variant_id: str = "") -> None:
        """Show all about one product, beginning at one of its variants."""
        self.app.work("product", self._open(slug, variant_id))

    async def _open(self, slug: str, variant_id: str) -> None:
        from shopcli.tui.screens.product import ProductScreen

        try:
            product = await self.app.background.do(lambda shop: shop.backend.products.get(slug))
        except ShopError as error:
            self.app.put(basket=replace(self.app.state.basket, error=error))  # it is the cart that asks
            return
        variant = next((each for each in product.variants if each.id == variant_id), None)
        self.app.push_screen(ProductScreen(product, variant))
