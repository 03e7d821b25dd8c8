"""What happens once the person has confirmed: placing, paying, and finding out what became of it."""

import asyncio
import time
from dataclasses import replace

from backends.errors import Outcome, OutcomeUnknown, ShopError
from backends.models import Card, CheckoutAttempt, Order, OrderStatus, PaymentMethod
from backends.text import shorten
from shopcli.core.basket import Basket
from shopcli.core.paying import became, paid
from shopcli.tui.flows.flow import Flow
from shopcli.tui.state import Checkout, Step
from shopcli.tui.words import MOST_OF_A_MESSAGE

CHECK_SECONDS = 30.0
"""So long is asked what became of a payment; then the person is told that it is not known yet."""
ROUND_SECONDS = 3.0
"""One round of asking; between two others may ask the shop."""
PAUSE_SECONDS = 1.0


class PayingFlow(Flow):
    """Sends what was confirmed once. It goes on when the person leaves, and the journal knows of it."""

    @property
    def now(self) -> Checkout:
        """The checkout as it is shown."""
        return self.app.state.checkout

    def confirm(self) -> None:
        """The person has confirmed. A second time changes nothing."""
        now = self.now
        if now.step is not Step.REVIEW or now.busy or self.app.is_working("sending"):
            return
        if now.order is not None:
            self.app.checkout.change(busy="paying …", sending=True, error=None)
        elif now.attempt is not None:
            self.app.checkout.change(busy="placing the order …", sending=True, error=None, said=())
        else:
            return
        self.app.work("sending", self._sending(), exclusive=False)

    def ask_again(self) -> None:
        """Ask once more what became of it."""
        open_id, error = self.now.open_id, self.now.error
        if open_id is not None and not self.app.is_working("sending"):
            self.app.work("sending", self._check(open_id, error), exclusive=False)

    def look(self) -> None:
        """Ask how the order of the receipt is now."""
        self.app.work("checkout", self._look())

    async def _sending(self) -> None:
        now = self.now
        try:
            method = await self._saved(now.means)
        except ShopError as error:
            self._not_sent(error)
        else:
            if now.order is not None:
                await self._pay(now.order, method)
            elif now.attempt is not None:
                await self._place(replace(now.attempt, payment=method.token if method else None), method)

    async def _saved(self, means: PaymentMethod | Card | None) -> PaymentMethod | None:
        """Turn a card into a token, now that the person has confirmed."""
        if not isinstance(means, Card):
            return means
        method = await self.app.background.do(lambda shop: shop.backend.payments.tokenize(means))
        self.app.checkout.change(means=method)
        return method

    async def _place(self, attempt: CheckoutAttempt, method: PaymentMethod | None) -> None:
        try:
            order = await self.app.background.do(lambda shop: shop.checkout.place(attempt), name="place the order")
        except OutcomeUnknown as error:
            await self._check(attempt.key, error)
        except ShopError as error:
            await self._refused(error)
        else:
            self._cart_is_ordered()
            await self._pay(order, method)

    async def _pay(self, order: Order, method: PaymentMethod | None) -> None:
        self.app.checkout.change(order=order, busy="paying …")
        order, failure = await self.app.background.do(lambda shop: paid(shop, order, method), name="pay for the order")
        if isinstance(failure, OutcomeUnknown):
            self.app.checkout.change(order=order)
            await self._check(order.id, failure)
        else:
            self._done(order, failure if method else None)

    async def _check(self, order_id: str, error: ShopError | None) -> None:
        """Ask until it is decided, or until it takes too long."""
        what = "payment" if self.now.order else "order"
        busy, seconds = f"checking {what} …", min(ROUND_SECONDS, self.app.background.timeout)
        self.app.checkout.change(step=Step.RECEIPT, open_id=order_id, busy=busy, sending=True, error=None)
        ends_at = time.monotonic() + CHECK_SECONDS
        while True:
            try:
                known = await self.app.background.do(lambda shop: became(shop, order_id), within=seconds)
            except ShopError as failure:
                error = failure
            else:
                if not known.is_open:
                    await self._decided(known.order, known.error)
                    return
                error = known.error or error
            if time.monotonic() >= ends_at:
                break
            await asyncio.sleep(PAUSE_SECONDS)
        self.app.checkout.change(busy="", sending=False, error=error)
        self._tell(error)
        self.app.orders.load()

    async def _decided(self, order: Order | None, error: ShopError | None) -> None:
        if self.now.order is None and (order is None or order.status is OrderStatus.REJECTED):
            await self._refused(error)
            return
        if self.now.order is None:
            self._cart_is_ordered()
        self._done(order or self.now.order, error)

    def _done(self, order: Order | None, error: ShopError | None) -> None:
        self.app.checkout.change(
            step=Step.RECEIPT,
            order=order,
            attempt=None,
            open_id=None,
            means=None,
            busy="",
            sending=False,
            error=error,
        )
        self._tell(error)
        self.app.orders.load()
        self.app.orders.look()

    async def _refused(self, error: ShopError | None) -> None:
        """Nothing was ordered: show the cart as it is now, and why."""
        self.app.checkout.change(step=Step.REVIEW, open_id=None)
        self._tell(error)
        await self.app.checkout.renew(error)

    def _not_sent(self, error: ShopError) -> None:
        if error.outcome is Outcome.NOT_APPLIED and not error.retryable:
            self.app.checkout.change(step=Step.PAYMENT, means=None, busy="", sending=False, error=error)
        else:
            self.app.checkout.change(busy="", sending=False, error=error)
        self._tell(error)

    async def _look(self) -> None:
        if self.now.order is None:
            return
        order_id = self.now.order.id
        try:
            order = await self.app.background.do(lambda shop: shop.backend.orders.get(order_id))
        except ShopError as error:
            self.app.checkout.change(error=error)
        else:
            self.app.checkout.change(order=order, error=None)

    def _cart_is_ordered(self) -> None:
        self.app.put(basket=Basket())  # nothing of it can be undone any more
        self.app.cart.load()

    def _tell(self, error: ShopError | None) -> None:
        """Say it where the person is, if they have left the checkout."""
        from shopcli.tui.screens.checkout import CheckoutScreen

        if error is not None and not any(isinstance(screen, CheckoutScreen) for screen in self.app.screen_stack):
            self.app.notify(shorten(error.message, MOST_OF_A_MESSAGE), severity="warning", markup=False)
