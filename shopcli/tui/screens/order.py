"""Order: its lines, what it cost, how it was paid, and what can still be done about it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from backends.capabilities import Capability
from backends.errors import InvalidState, Unsupported
from backends.models import Line as OrderLine
from backends.models import Order, OrderStatus
from backends.text import clean
from shopcli.core.paying import moves
from shopcli.tui.commands import Command, Scope, bindings
from shopcli.tui.flows.orders import waits
from shopcli.tui.screens.confirm import ConfirmScreen
from shopcli.tui.screens.screen import ShopScreen
from shopcli.tui.state import Opened, ShopState, Trouble
from shopcli.tui.widgets.bill import address_line, name_of, payment_line, styled_status, sums
from shopcli.tui.widgets.line import Line
from shopcli.tui.widgets.rows import Column, RowList
from shopcli.tui.words import Keys, day, money

_ENDED = (OrderStatus.REJECTED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REFUNDED)
_UNDECIDED = (OrderStatus.PLACING, OrderStatus.REJECTING)


class OrderScreen(ShopScreen):
    """One order."""

    SCOPE = Scope.ORDER
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SCOPE)]

    def compose_body(self) -> ComposeResult:
        """What it is, its lines, what became of it."""
        yield Static(id="order-head")
        yield RowList[OrderLine](
            Column(lambda line: line.title),
            Column(lambda line: line.variant, 16, least=64),
            Column(lambda line: f"{line.quantity} ×", 6, right=True),
            Column(lambda line: money(line.unit_price), 13, right=True, least=50),
            Column(lambda line: money(line.total), 13, right=True),
            id="order-lines",
        )
        with VerticalScroll(id="order-words", can_focus=False):
            yield Static(id="order-foot")
        yield Line(id="order-next")

    def show(self, state: ShopState) -> None:
        """Show it as it was told last."""
        if (opened := state.opened) is None:
            return
        self.query_one("#order-head", Static).update(_head(opened.order))
        self.query_one("#order-lines", RowList).show(opened.order.lines)
        self.query_one("#order-foot", Static).update(_foot(opened, state.orders.said))
        self.query_one("#order-next", Line).say(Content(_next(opened, state.unfinished, self.shop.key)))

    def trouble(self, state: ShopState) -> Trouble:
        """Say what could not be asked or done."""
        if state.opened is None:
            return None, None
        return state.opened.error or state.orders.error, state.opened.loaded_at

    def offers(self, command: Command) -> bool:
        """What the order is done with is not offered any more."""
        opened = self.shop.state.opened
        if opened is None:
            return True
        possible = {
            "order.pay": waits(opened.order),
            "order.cancel": opened.order.status not in _ENDED,
            "order.follow": opened.following or moves(opened.order, opened.payments),
            "order.resume": bool(self.shop.state.unfinished),
        }
        return possible.get(command.id, True)

    def reload(self) -> None:
        """Ask how it is now."""
        self.shop.orders.look()

    def on_unmount(self) -> None:
        """Follow it no more."""
        self.shop.orders.close()

    @property
    def _order(self) -> Order | None:
        return self.shop.state.opened.order if self.shop.state.opened else None

    def action_order_pay(self) -> None:
        """Pay for it, if it waits for that."""
        if (order := self._order) is None:
            return
        if waits(order):
            self.shop.checkout.pay(order)
        else:
            words = f"order {name_of(order)} is {order.status.value.replace('_', ' ')} and waits for no payment"
            self.shop.orders.refuse(InvalidState(words, hint="", service="orders"))

    def action_order_cancel(self) -> None:
        """Cancel it, after a question."""
        if (order := self._order) is None:
            return
        if Capability.CANCEL_ORDER not in self.shop.shop.backend.capabilities:
            self.shop.orders.refuse(Unsupported("this shop cancels no orders for its customers"))
            return
        back = ", and give the money back" if order.status is OrderStatus.PAID else ""
        words = f"{money(order.totals.total)}, {order.status.value.replace('_', ' ')}"
        question = f"Cancel order {name_of(order)} ({words}){back}?"
        self.app.push_screen(ConfirmScreen(question, yes="Cancel the order"), self._cancel_answered)

    def action_order_follow(self) -> None:
        """Look at it again and again until it is decided, or stop that."""
        self.shop.orders.follow()

    def action_order_resume(self) -> None:
        """Find out what became of unfinished checkouts."""
        self.shop.orders.resume()

    def _cancel_answered(self, agreed: bool | None) -> None:  # noqa: FBT001  Textual passes what was answered
        if agreed and (order := self._order) is not None:
            self.shop.orders.cancel(order)


def _head(order: Order) -> Content:
    why = clean(order.message or (order.reason or "").replace("_", " "))
    until = f"  pay until {day(order.expires_at)}" if order.expires_at and waits(order) else ""
    return Content.assemble(
        (f"Order {name_of(order)}  ", "bold"),
        styled_status(order.status),
        f" ({why})" if why else "",
        f"\nplaced {day(order.created_at)}{until}",
    )


def _foot(opened: Opened, said: tuple[str, ...]) -> Content:
    order = opened.order
    parts: list[str | Content | tuple[str, str]] = [
        f"total     {sums(order.totals)} · ",
        (money(order.totals.total), "bold"),
    ]
    if order.address is not None:
        parts.append(f"\nto        {address_line(order.address)}")
    for number, payment in enumerate(opened.payments):
        parts += ["\npayments  " if not number else "\n          ", payment_line(payment)]
    parts += [f"\n! {clean(words)}" for words in said]
    return Content.assemble(*parts)


def _next(opened: Opened, unfinished: int, key: Keys) -> str:
    if opened.following:
        return f"following it: looked at every second until it is decided; {key('order.follow')} stops"
    if opened.busy:
        return opened.busy
    if waits(opened.order) and unfinished:
        return f"it waits for a payment; {key('order.resume')} first asks what became of an unfinished one"
    if waits(opened.order):
        return f"it waits for a payment: {key('order.pay')} pays it, {key('order.cancel')} cancels it"
    if opened.order.status in _UNDECIDED:
        return f"it is not decided yet: {key('order.follow')} follows it, {key('retry')} looks once"
    return ""
