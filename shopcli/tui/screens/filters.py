"""The filter: category, prices, stock."""

from dataclasses import replace
from decimal import Decimal, InvalidOperation

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from backends.errors import ShopError
from backends.models import Category, ProductQuery
from shopcli.tui.widgets.entry import Entry
from shopcli.tui.widgets.rows import Column, RowList
from shopcli.tui.widgets.tick import Tick
from shopcli.tui.words import problem

_ALL = Category("", "all categories")


class FilterScreen(ModalScreen[ProductQuery | None]):
    """Asks which products to show; answers None if nothing is to change."""

    BINDINGS = [("escape", "dismiss(None)", "Cancel")]  # noqa: RUF012  Textual's way

    def __init__(self, query: ProductQuery) -> None:
        """Start from what is filtered now."""
        super().__init__()
        self._query = query

    def compose(self) -> ComposeResult:
        """Categories, two prices, a box."""
        with Vertical(id="filter"):
            yield Static("Filter", classes="title")
            yield RowList[Category](
                Column(lambda category: category.title),
                Column(lambda category: "" if category.products is None else f"{category.products:,}", 8, right=True),
                id="categories",
            )
            with Horizontal(classes="fields"):
                yield Entry(_text(self._query.price_min), "from price", id="from")
                yield Entry(_text(self._query.price_max), "to price", id="to")
                yield Tick("in stock", value=self._query.in_stock, id="stock")
            yield Static(id="wrong")
            with Horizontal(classes="buttons"):
                yield Button("Show", variant="primary", id="apply", compact=True)
                yield Button("Clear all", id="none", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        """Ask for the categories."""
        self._list.show((), "loading …")
        self._list.focus()
        self.run_worker(self._load(), exit_on_error=False)

    @property
    def _list(self) -> RowList[Category]:
        return self.query_one("#categories", RowList)

    async def _load(self) -> None:
        from shopcli.tui.app import ShopApp

        app = self.app
        assert isinstance(app, ShopApp)  # noqa: S101  for the type
        try:
            found = await app.catalog.load_categories()
        except ShopError as error:
            self._list.show((_ALL,))
            self.query_one("#wrong", Static).update(problem(error, app.key, retry="filter"))
            return
        categories = (_ALL, *found)
        self._list.show(categories)
        slugs = [category.slug for category in categories]
        self._list.cursor = slugs.index(self._query.category) if self._query.category in slugs else 0

    @on(RowList.Chosen)
    @on(Input.Submitted)
    @on(Button.Pressed, "#apply")
    def apply(self) -> None:
        """Show what was asked for, or say what is wrong with it."""
        try:
            lowest, highest = self._price("#from"), self._price("#to")
        except InvalidOperation:
            self.query_one("#wrong", Static).update("✗ a price is a number, such as 499 or 499.90")
            return
        if lowest is not None and highest is not None and lowest > highest:
            self.query_one("#wrong", Static).update("✗ the lowest price is above the highest")
            return
        category = self._list.selected
        stock = self.query_one("#stock", Tick).value
        query = replace(self._query, price_min=lowest, price_max=highest, in_stock=stock)
        self.dismiss(replace(query, category=(category.slug or None) if category else self._query.category))

    @on(Button.Pressed, "#none")
    def clear(self) -> None:
        """Show everything."""
        self.dismiss(ProductQuery(text=self._query.text, sort=self._query.sort))

    @on(Button.Pressed, "#cancel")
    def cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)

    def _price(self, field: str) -> Decimal | None:
        text = self.query_one(field, Input).value.strip().replace(",", ".")
        price = Decimal(text) if text else None
        if price is not None and not (price.is_finite() and price >= 0):
            raise InvalidOperation
        return price


def _text(price: Decimal | None) -> str:
    return "" if price is None else f"{price:f}"
