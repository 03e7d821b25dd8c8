"""One product in words: price, stock, variants, how many of it are in the cart."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from backends.models import Product, Variant
from backends.text import clean
from shopcli.core.basket import Basket
from shopcli.tui.words import money


class Detail(Widget):
    """Shows a product and which of its variants is selected."""

    chosen: reactive[int] = reactive(0)
    """The place of the selected variant."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's name
        """Show nothing yet."""
        super().__init__(id=id)
        self._product: Product | None = None
        self._basket = Basket()

    def show(self, product: Product | None, basket: Basket) -> None:
        """Show this product."""
        if product is self._product and basket is self._basket:
            return
        if product is None or self._product is None or product.id != self._product.id:
            self.chosen = 0
        self._product, self._basket = product, basket
        self.refresh()

    @property
    def variant(self) -> Variant | None:
        """The selected variant."""
        return self._product.variants[self.chosen] if self._product else None

    def step(self, places: int) -> None:
        """Select another variant."""
        if self._product is not None:
            self.chosen = (self.chosen + places) % len(self._product.variants)

    def render(self) -> Content:
        """Return it as text."""
        if self._product is None or self.variant is None:
            return Content()
        return described(self._product, self.variant, self._basket)


def described(product: Product, variant: Variant, basket: Basket) -> Content:
    """Say all about a product, one of its variants selected."""
    in_cart = basket.quantity(variant.id)
    parts: list[str | Content | tuple[str, str]] = [
        (clean(product.title), "bold"),
        f"\n{clean(product.brand)} · {clean(product.category)}\n\n",
        (money(variant.price), "bold"),
        " · ",
        (stock(variant), "$text-success" if variant.in_stock else "$text-error"),
        "\n",
        (f"{in_cart} in the cart\n" if in_cart else ""),
        "\n",
    ]
    if len(product.variants) > 1:
        parts.append("Variants  ")
        for one in product.variants:
            parts += [(f" {clean(one.name)} ", "reverse" if one is variant else ""), " "]
        parts.append("\n\n")
    return Content.assemble(*parts, clean(product.description, keep="\n"))


def stock(variant: Variant) -> str:
    """Say how many there are."""
    if not variant.in_stock:
        return "sold out"
    return "in stock" if variant.stock is None else f"{variant.stock} in stock"
