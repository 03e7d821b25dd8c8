"""Orders: what was ordered, the newest first, and what was left unfinished."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from backends.errors import LoginRequired
from backends.models import Order
from backends.text import clean
from shopcli.tui.commands import Scope, bindings
from shopcli.tui.pages.page import Page
from shopcli.tui.state import OrderList, ShopState, Trouble
from shopcli.tui.widgets.bill import TONES, name_of, status_word
from shopcli.tui.widgets.rows import Column, RowList
from shopcli.tui.words import Keys, day, is_signed_out, money


class OrdersPage(Page):
    """The account's orders."""

    SCOPE = Scope.ORDERS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SCOPE)]

    def compose(self) -> ComposeResult:
        """What is unfinished above, the list below."""
        yield Static(id="unfinished")
        yield RowList[Order](
            Column(name_of),
            Column(lambda order: status_word(order.status), 18, tone=lambda order: TONES[order.status]),
            Column(lambda order: money(order.totals.total), 13, right=True),
            Column(lambda order: _count(len(order.lines)), 9, right=True, least=56),
            Column(lambda order: day(order.created_at), 16, least=68),
            id="orders-list",
        )

    def begin(self) -> None:
        """Start in the list, and ask for what is new."""
        self._list.focus()
        self.reload()

    def reload(self) -> None:
        """Ask the shop again."""
        self.shop.orders.load()

    def trouble(self, state: ShopState) -> Trouble:
        """Say why the orders could not be asked for."""
        error = state.orders.error
        return None if is_signed_out(error) else error, state.orders.loaded_at

    def show(self, state: ShopState) -> None:
        """Show what is loaded."""
        self._list.show(state.orders.orders, _nothing(state.orders, self.shop.key))
        words = _unfinished(state, self.shop.key("orders.resume"))
        self.query_one("#unfinished", Static).update(Content("\n".join(words)))
        self.query_one("#unfinished").display = bool(words)

    @property
    def _list(self) -> RowList[Order]:
        return self.query_one("#orders-list", RowList)

    @on(RowList.NearEnd, "#orders-list")
    def load_more(self) -> None:
        """Load the next page before its first row is needed."""
        self.shop.orders.more()

    @on(RowList.Chosen, "#orders-list")
    def open_order(self) -> None:
        """Show all about the selected order."""
        if (order := self._list.selected) is not None:
            self.shop.orders.open(order)

    def action_orders_resume(self) -> None:
        """Find out what became of unfinished checkouts."""
        self.shop.orders.resume()


def _unfinished(state: ShopState, resume: str) -> list[str]:
    """Say how many checkouts are unfinished, and what became of others."""
    words = []
    if count := state.unfinished:
        are = "checkout is" if count == 1 else "checkouts are"
        words.append(f"! {count} {are} unfinished; {resume} asks what became of it, nothing is charged twice")
    return words + [f"! {clean(each)}" for each in state.orders.said]


def _nothing(orders: OrderList, key: Keys) -> str:
    """Say why the list is empty."""
    if isinstance(orders.error, LoginRequired):
        return f"orders belong to an account\n{key('tab.account')} signs in or signs up"
    if orders.error is not None:
        return f"your orders cannot be shown now\n{key('retry')} tries again"
    if orders.loaded_at is None or orders.loading:
        return "loading your orders …"
    return f"no orders yet\n{key('tab.browse')} browses the catalog, {key('checkout')} orders what is in the cart"


def _count(lines: int) -> str:
    return f"{lines} line" + ("" if lines == 1 else "s")
