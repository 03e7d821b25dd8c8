"""Cart: what is in it, what it costs, and less or more of it."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from backends.models import Line as CartLine
from backends.text import clean
from shopcli.core.basket import Basket
from shopcli.tui.commands import Scope, bindings
from shopcli.tui.pages.page import Page
from shopcli.tui.state import ShopState, Trouble
from shopcli.tui.widgets.line import Line
from shopcli.tui.widgets.rows import Column, RowList
from shopcli.tui.words import Keys, as_of, money

Row = tuple[CartLine, int]


class CartPage(Page):
    """The lines of the cart, and their sums as the shop says them."""

    SCOPE = Scope.CART
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SCOPE)]

    def compose(self) -> ComposeResult:
        """The lines above, the sums below."""
        yield RowList[Row](
            Column(lambda row: row[0].title),
            Column(lambda row: row[0].variant, 16, least=64),
            Column(lambda row: f"{row[1]} ×", 6, right=True),
            Column(lambda row: money(row[0].unit_price), 13, right=True, least=50),
            Column(lambda row: money(row[0].total) if row[1] == row[0].quantity else "…", 13, right=True),
            id="lines",
        )
        yield Line(id="notices")
        yield Line(id="sums")

    def begin(self) -> None:
        """Start in the list."""
        self._list.focus()

    def reload(self) -> None:
        """Ask the shop again."""
        self.shop.cart.load()

    def trouble(self, state: ShopState) -> Trouble:
        """Say why the cart is not what was wanted."""
        return state.basket.error, state.basket.loaded_at

    def show(self, state: ShopState) -> None:
        """Show the cart as the person wants it."""
        basket = state.basket
        self._list.show(basket.lines, _nothing(basket, self.shop.key))
        self.query_one("#notices", Line).say(_notices(basket))
        self.query_one("#sums", Line).say(_sums(basket, self.shop.key))

    @property
    def _list(self) -> RowList[Row]:
        return self.query_one("#lines", RowList)

    def action_cart_more(self) -> None:
        """One more of the selected line."""
        self._change(1)

    def action_cart_less(self) -> None:
        """One less; the last one is taken out by `remove`."""
        self._change(-1)

    def action_cart_remove(self) -> None:
        """Take the selected line out."""
        if (row := self._list.selected) is not None:
            self.shop.cart.want(row[0].variant_id, 0)

    def action_cart_clear(self) -> None:
        """Take everything out."""
        self.shop.cart.clear()

    @on(RowList.Chosen)
    def _open(self) -> None:
        if (row := self._list.selected) is not None:
            self.shop.open_product(row[0].ref.partition("/")[0], row[0].variant_id)

    def _change(self, pieces: int) -> None:
        if (row := self._list.selected) is None:
            return
        if row[1] + pieces > 0:
            self.shop.cart.want(row[0].variant_id, row[1] + pieces)
        else:
            self.query_one("#notices", Line).say(Content(f"{self.shop.key('cart.remove')} takes out the last one"))


def _nothing(basket: Basket, key: Keys) -> str:
    if basket.cart is None:
        return f"the cart cannot be shown now\n{key('retry')} tries again" if basket.error else "loading the cart …"
    return f"the cart is empty\n{key('tab.browse')} browses the catalog, {key('undo')} undoes"


def _notices(basket: Basket) -> Content:
    notices = basket.cart.notices if basket.cart else ()
    return Content.assemble(*(Content.styled(f"! {clean(notice.message)}  ", "$text-warning") for notice in notices))


def _sums(basket: Basket, key: Keys) -> Content:
    totals = basket.cart.totals if basket.cart else None
    if totals is None or not basket.lines:
        return Content()
    if not basket.is_settled:
        return Content("asking the shop for the sums …")
    parts = [f"items {money(totals.items)}", f"delivery {money(totals.shipping)}" if totals.shipping else ""]
    words = " · ".join(part for part in parts if part)
    age = as_of(basket.loaded_at, basket.error)
    return Content.assemble(
        f"{words} · total ",
        (money(totals.total), "bold"),
        f"  ({age})" if age else "",
        f"   {key('checkout')} orders it",
    )
