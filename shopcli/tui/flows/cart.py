"""Editing the cart: at once on the screen, one after the other in the shop."""

from dataclasses import replace

from backends.errors import Outcome, ShopError
from backends.models import Cart
from shopcli.core.basket import Edit, send
from shopcli.core.refs import MAX_QUANTITY
from shopcli.core.shop import Shop
from shopcli.tui.flows.flow import Flow


class CartFlow(Flow):
    """Sends edits; one that fails is taken back on the screen, and why is said."""

    def load(self) -> None:
        """Ask what is in the cart, unless edits are on their way: their answers tell."""
        if self.app.state.basket.is_settled:
            self.app.work("cart", self._load())

    def add(self, variant_id: str, pieces: int) -> None:
        """Have so many pieces more of a variant, or less."""
        self.want(variant_id, self.app.state.basket.quantity(variant_id) + pieces)

    def want(self, variant_id: str, quantity: int) -> None:
        """Have this many pieces of a variant."""
        basket = self.app.state.basket.wanting(variant_id, max(0, min(quantity, MAX_QUANTITY)))
        self.app.put(basket=basket)
        self._send()

    def clear(self) -> None:
        """Take everything out; each line can be brought back."""
        for line, _ in self.app.state.basket.lines:
            self.app.put(basket=self.app.state.basket.wanting(line.variant_id, 0))
        self._send()

    def undo(self) -> None:
        """Undo the last edit that is not undone."""
        self.app.put(basket=self.app.state.basket.undone())
        self._send()

    def _send(self) -> None:
        if self.app.state.basket.edits and not self.app.is_working("cart-edits"):
            self.app.work("cart-edits", self._sending(), exclusive=False)

    async def _sending(self) -> None:
        while edits := self.app.state.basket.edits:
            try:
                cart = await self._sent(edits[0])
            except ShopError as error:
                self.app.put(basket=self.app.state.basket.failed(error))
                if error.outcome is not Outcome.NOT_APPLIED:
                    await self._load()  # what is wanted meanwhile is sent afterwards
            else:
                self.app.put(basket=self.app.state.basket.answered(cart, self.app.clock()))

    async def _sent(self, edit: Edit) -> Cart:
        known = self.app.state.basket.cart

        async def action(shop: Shop) -> Cart:
            carts = shop.backend.carts
            return await send(carts, known or await carts.view(), edit)

        return await self.app.background.do(action, name="change the cart")

    async def _load(self) -> None:
        try:
            cart = await self.app.background.do(lambda shop: shop.backend.carts.view())
        except ShopError as error:
            self.app.put(basket=replace(self.app.state.basket, error=self.app.state.basket.error or error))
            return
        self.app.put(basket=self.app.state.basket.told(cart, self.app.clock()))
