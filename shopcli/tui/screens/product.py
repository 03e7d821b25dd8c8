"""Product: all about one, its variants in a list."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from backends.models import Product, Variant
from shopcli.tui.commands import Scope, bindings
from shopcli.tui.screens.screen import ShopScreen
from shopcli.tui.state import ShopState, Trouble
from shopcli.tui.widgets.detail import described, stock
from shopcli.tui.widgets.rows import Column, RowList
from shopcli.tui.words import money


class ProductScreen(ShopScreen):
    """One product; the selected row is the variant that is put into the cart."""

    SCOPE = Scope.PRODUCT
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SCOPE)]

    def __init__(self, product: Product, variant: Variant | None = None) -> None:
        """Show this product, and begin at one of its variants."""
        super().__init__()
        self._product = product
        self._first = variant

    def compose_body(self) -> ComposeResult:
        """The words above, the variants below."""
        with VerticalScroll(id="words", can_focus=False):
            yield Static(id="described")
        yield RowList[Variant](
            Column(lambda variant: variant.name),
            Column(lambda variant: variant.sku, 16, least=60),
            Column(lambda variant: money(variant.price), 13, right=True),
            Column(stock, 14, tone=lambda variant: "" if variant.in_stock else "dim", least=40),
            Column(lambda variant: _in_cart(self.shop.state.basket.quantity(variant.id)), 11, right=True),
            id="variants",
        )

    def on_mount(self) -> None:
        """Begin at the variant that was selected before."""
        super().on_mount()
        ids = [variant.id for variant in self._product.variants]
        if self._first is not None and self._first.id in ids:
            self._list.cursor = ids.index(self._first.id)

    def show(self, state: ShopState) -> None:  # noqa: ARG002  the columns and the words read the app's
        """Show what of it is in the cart."""
        self._list.show(self._product.variants)
        self._list.refresh()
        self._describe()

    @on(RowList.Moved)
    def _describe(self) -> None:
        if (variant := self._list.selected) is not None:
            words = described(self._product, variant, self.shop.state.basket)
            self.query_one("#described", Static).update(words)

    def trouble(self, state: ShopState) -> Trouble:
        """Say why something could not be put into the cart."""
        return state.basket.error, state.basket.loaded_at

    def action_product_add(self) -> None:
        """Put one into the cart."""
        self._change(1)

    def action_product_less(self) -> None:
        """Take one out again."""
        self._change(-1)

    def action_product_variant(self) -> None:
        """Select the next variant."""
        self._step(1)

    def action_product_variant_back(self) -> None:
        """Select the variant before."""
        self._step(-1)

    def _step(self, places: int) -> None:
        self._list.cursor = (self._list.cursor + places) % max(1, len(self._product.variants))

    @on(RowList.Chosen)
    def _chosen(self) -> None:
        self._change(1)

    def _change(self, pieces: int) -> None:
        if (variant := self._list.selected) is not None:
            self.shop.cart.add(variant.id, pieces)

    @property
    def _list(self) -> RowList[Variant]:
        return self.query_one("#variants", RowList)


def _in_cart(quantity: int) -> str:
    return f"{quantity} in cart" if quantity else ""
