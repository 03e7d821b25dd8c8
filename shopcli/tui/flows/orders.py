"""Looking after orders."""

import asyncio
from dataclasses import replace

from backends.deadline import deadline
from backends.errors import LoginRequired, ShopError
from backends.models import Order, OrderStatus
from shopcli.core.paying import moves
from shopcli.core.settling import Settled
from shopcli.core.shop import Shop
from shopcli.tui.flows.flow import Flow
from shopcli.tui.state import Opened, OrderList

PAGE = 50
SETTLE_SECONDS = 3.0
"""Nobody asked for settling, so it may not use up the time of what they did."""
FOLLOW_SECONDS = 1.0
"""Between two looks at an order that is followed: people notice more, and less only loads the shop."""


class OrdersFlow(Flow):
    """The list, one order, and what was left unfinished."""

    # --- the list ------------------------------------------------------------------------------

    def load(self) -> None:
        """Settle what is unfinished, and ask for the latest orders."""
        self.app.put(orders=replace(self.app.state.orders, loading=True))
        self.app.work("orders", self._load())

    def more(self) -> None:
        """Load the next page, unless one is on its way."""
        if self.app.state.orders.next_cursor is not None and not self.app.state.orders.loading:
            self.app.put(orders=replace(self.app.state.orders, loading=True))
            self.app.work("orders", self._more())

    def count(self) -> None:
        """Ask the journal what is unfinished; no service hears of it."""
        self.app.work("unfinished", self._counted())

    def resume(self) -> None:
        """Find out what became of each unfinished checkout, however long that takes."""
        said = ("asking what became of unfinished checkouts …",)
        self.app.put(orders=replace(self.app.state.orders, said=said, error=None))
        self.app.work("orders", self._resume())

    async def _load(self) -> None:
        try:
            said = await self.app.background.do(settled_in_short)
        except ShopError as error:
            self._failed(error)
        else:
            await self._list(said)
        await self._counted()

    async def _list(self, said: tuple[str, ...]) -> None:
        try:
            page = await self.app.background.do(lambda shop: shop.backend.orders.list(PAGE))
        except ShopError as error:
            self._failed(error)
        else:
            self.app.put(orders=OrderList(page.items, page.next_cursor, self.app.clock(), said=said))

    def _failed(self, error: ShopError) -> None:
        if isinstance(error, LoginRequired):  # what is shown may belong to whom was logged in before
            self.app.put(orders=OrderList(error=error))
        else:
            self.app.put(orders=replace(self.app.state.orders, loading=False, error=error))

    async def _more(self) -> None:
        before = self.app.state.orders
        try:
            page = await self.app.background.do(lambda shop: shop.backend.orders.list(PAGE, before.next_cursor))
        except ShopError as error:
            self.app.put(orders=replace(before, loading=False, error=error))
            return
        known = {order.id for order in before.orders}
        orders = before.orders + tuple(order for order in page.items if order.id not in known)
        self.app.put(orders=replace(before, orders=orders, next_cursor=page.next_cursor, loading=False, error=None))

    async def _resume(self) -> None:
        try:
            said = await self.app.background.do(_resumed)
        except ShopError as error:
            self.app.put(orders=replace(self.app.state.orders, said=()))
            self._failed(error)
        else:
            await self._list(said)
        await self._counted()
        if self.app.state.opened is not None:
            await self._look(self.app.state.opened.order)

    async def _counted(self) -> None:
        async def unfinished(shop: Shop) -> int:
            return shop.unfinished()

        try:
            self.app.put(unfinished=await self.app.background.do(unfinished))
        except ShopError as error:  # a damaged journal stops no browsing
            self.app.put(orders=replace(self.app.state.orders, error=self.app.state.orders.error or error))

    # --- one order -----------------------------------------------------------------------------

    def open(self, order: Order) -> None:
        """Show all about one order."""
        from shopcli.tui.screens.order import OrderScreen

        self.app.put(opened=Opened(order))
        self.app.push_screen(OrderScreen())
        self.look()

    def look(self) -> None:
        """Ask how the opened order is now."""
        if (opened := self.app.state.opened) is not None:
            self._change(busy="asking the shop …")
            self.app.work("order", self._look_once(opened.order))

    def cancel(self, order: Order) -> None:
        """Cancel an order; what was paid goes back. Once begun it is not given up."""
        if not self.app.is_working("cancel"):
            self._change(busy="cancelling …", error=None, following=False)
            self.app.workers.cancel_group(self.app, "order")
            self.app.work("cancel", self._cancel(order), exclusive=False)

    def follow(self) -> None:
        """Look at the opened order until nothing more can happen to it by itself, or stop that."""
        opened = self.app.state.opened
        if opened is None:
            return
        if opened.following:
            self.stop()
        else:
            self._change(following=True, error=None)
            self.app.work("order", self._follow(opened.order))

    def stop(self) -> None:
        """Look no more."""
        self.app.workers.cancel_group(self.app, "order")
        self._change(following=False, busy="")

    def refuse(self, error: ShopError) -> None:
        """Say why something cannot be done with the opened order."""
        self._change(error=error)

    def close(self) -> None:
        """Look at no order any more."""
        self.stop()
        self.app.put(opened=None)

    async def _look_once(self, order: Order) -> None:
        await self._look(order)

    async def _look(self, order: Order) -> bool:
        """Ask how an order is. Returns whether something may still happen to it by itself."""
        try:
            order = await self.app.background.do(lambda shop: shop.backend.orders.get(order.id))
            self._show(order)
            payments = await self.app.background.do(lambda shop: shop.backend.payments.list(order.id))
        except ShopError as error:
            self._change(busy="", error=error)
            return error.retryable
        self._change(payments=payments, loaded_at=self.app.clock(), busy="", error=None)
        return moves(order, payments)

    def _show(self, order: Order) -> None:
        if self.app.state.opened is not None and self.app.state.opened.order.id == order.id:
            self._change(order=order)
        orders = tuple(order if order.id == each.id else each for each in self.app.state.orders.orders)
        self.app.put(orders=replace(self.app.state.orders, orders=orders))

    async def _follow(self, order: Order) -> None:
        while await self._look(order):  # noqa: ASYNC110  it is the shop that knows
            await asyncio.sleep(FOLLOW_SECONDS)
        self._change(following=False)

    async def _cancel(self, order: Order) -> None:
        failure: ShopError | None = None
        try:
            await self.app.background.do(lambda shop: shop.checkout.cancel(order.id), name="cancel the order")
        except ShopError as error:
            failure = error
        await self._look(order)
        if failure is not None:
            self._change(error=failure)
        await self._counted()

    def _change(self, **parts: object) -> None:
        if (opened := self.app.state.opened) is not None:
            self.app.put(opened=replace(opened, **parts))  # type: ignore[arg-type]  # our own parts


def told(settled: tuple[Settled, ...]) -> tuple[str, ...]:
    """Say what became of unfinished checkouts."""
    return tuple(each.message for each in settled)


async def settled_in_short(shop: Shop) -> tuple[str, ...]:
    """Settle what is unfinished, in a part of the action's time."""
    with deadline(SETTLE_SECONDS):
        return told(await shop.settle())


async def _resumed(shop: Shop) -> tuple[str, ...]:
    said = told(await shop.settle(wait=True))
    if count := shop.unfinished_of_others():
        are = "checkout is unfinished and belongs" if count == 1 else "checkouts are unfinished and belong"
        return (*said, f"{count} {are} to another account; log in to it, then resume")
    return said or ("no checkout is unfinished",)


def waits(order: Order) -> bool:
    """Whether an order waits for a payment."""
    return order.status is OrderStatus.AWAITING_PAYMENT
