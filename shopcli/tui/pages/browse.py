"""Browse: search as you type, filter, sort, and look at what is selected."""

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input

from backends.models import Product, ProductQuery, Sort
from backends.text import clean
from shopcli.core.browsing import Shelf
from shopcli.tui.commands import Scope, bindings
from shopcli.tui.flows.catalog import PAUSE
from shopcli.tui.pages.page import Page
from shopcli.tui.screens.filters import FilterScreen
from shopcli.tui.screens.product import ProductScreen
from shopcli.tui.state import ShopState, Trouble
from shopcli.tui.widgets.detail import Detail
from shopcli.tui.widgets.entry import Entry
from shopcli.tui.widgets.line import Line
from shopcli.tui.widgets.rows import Column, RowList
from shopcli.tui.words import Keys, as_of, money

SORTS = {Sort.RELEVANCE: "relevance", Sort.TITLE: "title", Sort.PRICE: "price ↑", Sort.PRICE_DESC: "price ↓"}
_STOCK = 8


class BrowsePage(Page):
    """The catalog and what is selected of it."""

    SCOPE = Scope.BROWSE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SCOPE)]

    def compose(self) -> ComposeResult:
        """A line to search in, the list, and beside it what is selected."""
        with Horizontal(id="look"):
            yield Entry(id="search", placeholder="/ search")
            yield Line(id="found")
        with Horizontal(id="shelf"):
            yield RowList[Product](
                Column(lambda product: product.title),
                Column(lambda product: product.brand, 12, least=70),
                Column(_price, 13, right=True),
                Column(_stock, _STOCK, tone=_tone, least=40),
                id="products",
            )
            yield Detail(id="detail")

    def begin(self) -> None:
        """Start in the list."""
        self._list.focus()

    def reload(self) -> None:
        """Ask for the same once more."""
        self.shop.catalog.look(self._query)
        self.shop.cart.load()

    def trouble(self, state: ShopState) -> Trouble:
        """The catalog's, else the cart's."""
        if state.shelf.error is not None:
            return state.shelf.error, state.shelf.loaded_at
        return state.basket.error, state.basket.loaded_at

    def show(self, state: ShopState) -> None:
        """Show what is loaded, and how that was found."""
        shelf = state.shelf
        self._list.show(shelf.products, _nothing(shelf, self.shop.key))
        self.query_one("#found", Line).say(_found(shelf))
        self.query_one(Detail).show(self._list.selected, state.basket)

    @property
    def _list(self) -> RowList[Product]:
        return self.query_one("#products", RowList)

    @property
    def _query(self) -> ProductQuery:
        return self.shop.state.shelf.query

    # --- looking -------------------------------------------------------------------------------

    @on(Input.Changed, "#search")
    def search_for(self, event: Input.Changed) -> None:
        """Search while the person types."""
        if event.value != self._query.text:
            self._list.action_list_top()
            self.shop.catalog.look(replace(self._query, text=event.value), pause=PAUSE)

    @on(Input.Submitted, "#search")
    def search_is_typed(self) -> None:
        """Go on in the list."""
        self._list.focus()

    @on(RowList.Moved, "#products")
    def look_at_selected(self) -> None:
        """Show the selected product beside the list."""
        self.query_one(Detail).show(self._list.selected, self.shop.state.basket)

    @on(RowList.NearEnd, "#products")
    def load_more(self) -> None:
        """Load the next page before its first row is needed."""
        self.shop.catalog.more()

    @on(RowList.Chosen, "#products")
    def open_product(self) -> None:
        """Show all about the selected product."""
        if (product := self._list.selected) is not None:
            self.app.push_screen(ProductScreen(product, self.query_one(Detail).variant))

    # --- commands ------------------------------------------------------------------------------

    def action_search(self) -> None:
        """Go to the search line; what is written takes the place of what was searched for."""
        search = self.query_one("#search", Input)
        search.focus()
        search.select_all()

    def action_filter(self) -> None:
        """Ask for category, prices and stock."""
        self.app.push_screen(FilterScreen(self._query), self._filtered)

    def action_sort(self) -> None:
        """Sort by the next order."""
        sorts = list(SORTS)
        following = sorts[(sorts.index(self._query.sort) + 1) % len(sorts)]
        self._filtered(replace(self._query, sort=following))

    def action_browse_add(self) -> None:
        """Put one of the selected variant into the cart."""
        self._change(1)

    def action_browse_less(self) -> None:
        """Take one out again."""
        self._change(-1)

    def action_browse_variant(self) -> None:
        """Select the next variant."""
        self.query_one(Detail).step(1)

    def action_browse_variant_back(self) -> None:
        """Select the variant before."""
        self.query_one(Detail).step(-1)

    def key_escape(self) -> None:
        """Leave the search line; leave the search if one is not in it."""
        search = self.query_one("#search", Input)
        if search.has_focus and search.value:
            search.value = ""
        self._list.focus()

    def key_down(self) -> None:
        """From the search line into the list."""
        self._list.focus()

    def _filtered(self, query: ProductQuery | None) -> None:
        if query is not None:
            self._list.action_list_top()
            self.shop.catalog.look(query)

    def _change(self, pieces: int) -> None:
        variant = self.query_one(Detail).variant
        if variant is not None:
            self.shop.cart.add(variant.id, pieces)


def _price(product: Product) -> str:
    prices = [variant.price for variant in product.variants]
    return money(min(prices, key=lambda price: price.amount)) if prices else ""


def _stock(product: Product) -> str:
    counts = [variant.stock for variant in product.variants if variant.in_stock]
    if not counts:
        return "sold out"
    return "in stock" if None in counts else f"in {sum(count or 0 for count in counts):>4}"


def _tone(product: Product) -> str:
    return "" if any(variant.in_stock for variant in product.variants) else "dim"


def _nothing(shelf: Shelf, key: Keys) -> str:
    """Say why the list is empty."""
    if shelf.error is not None:
        return f"the catalog cannot be shown now\n{key('retry')} tries again"
    if shelf.loaded_at is None or shelf.loading:
        return "loading the catalog …"
    return (
        f"nothing found for {_asked(shelf.query)}\nesc in the search line clears it\n{key('filter')} changes the filter"
    )


def _found(shelf: Shelf) -> Content:
    count = f"{len(shelf.products):,}" + (
        "" if shelf.is_whole else " of " + (f"{shelf.total:,}" if shelf.total else "many")
    )
    parts = [count, _filter(shelf.query), f"by {SORTS[shelf.query.sort]}", as_of(shelf.loaded_at, shelf.error)]
    return Content(" · ".join(part for part in parts if part) + (" …" if shelf.loading else ""))


def _filter(query: ProductQuery) -> str:
    prices = [
        *([f"≥{query.price_min:f}"] if query.price_min is not None else []),
        *([f"≤{query.price_max:f}"] if query.price_max is not None else []),
    ]
    parts = [*([clean(query.category)] if query.category else []), *prices, *(["in stock"] if query.in_stock else [])]
    return ", ".join(parts)


def _asked(query: ProductQuery) -> str:
    return " and ".join(part for part in (repr(query.text) if query.text else "", _filter(query)) if part) or "that"
