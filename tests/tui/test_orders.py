"""Orders and Order: the list, one order, and what was left unfinished."""

import pytest

from backends.errors import InvalidState, Unavailable
from backends.interface import Backend
from backends.models import FaultKind, Order, OrderStatus, PaymentStatus
from shopcli.core.shop import Shop
from shopcli.tui.flows import orders as flow
from shopcli.tui.screens.confirm import ConfirmScreen
from shopcli.tui.screens.order import OrderScreen
from shopcli.tui.state import Step
from tests.tui_checkout import (
    HOME,
    at,
    heal,
    inject,
    order_it,
    pay_with,
    payments,
    ready,
    signed_in,
    statuses,
)
from tests.tui_driver import Screenful, screenful


async def placed(shop: Screenful, *, token: str | None = None) -> Order:
    """Place an order, and pay it with a token."""

    async def place(client: Shop) -> Order:
        cart = await client.checkout.prepare()
        order = await client.checkout.place(client.checkout.attempt(cart))
        if token is not None:
            await client.checkout.pay(order, token)
        return order

    order: Order = await shop.do(place)
    return order


async def with_order(shop: Screenful, *, token: str | None = None) -> None:
    """Ada has one order, and looks at it."""
    await ready(shop)
    await placed(shop, token=token)
    await shop.press("3")
    await shop.until(lambda: shop.app.state.orders.orders)
    await shop.press("enter")
    await shop.until(lambda: isinstance(shop.app.screen, OrderScreen) and looked(shop))


def looked(shop: Screenful) -> bool:
    opened = shop.app.state.opened
    return opened is not None and not opened.busy and (opened.loaded_at is not None or opened.error is not None)


# --- the list ------------------------------------------------------------------------------------


async def test_the_list_says_number_status_total_and_lines() -> None:
    async with screenful() as shop:
        await ready(shop)
        await placed(shop, token="tok_visa")
        await shop.press("o")

        await shop.sees("▸ 1001", "✓ paid", "123.90 EUR", "1 line")


async def test_signed_out_and_without_orders_it_says_which_key_helps() -> None:
    async with screenful() as shop:
        await shop.press("3")
        await shop.sees("orders belong to an account", "4 signs in")
        await signed_in(shop, HOME)
        await shop.press("f5")
        await shop.sees("no orders yet", "C orders what is in the cart")


async def test_what_is_shown_stays_with_its_age_while_orders_are_down() -> None:
    async with screenful() as shop:
        await ready(shop)
        await placed(shop, token="tok_visa")
        await shop.press("3")
        await shop.sees("▸ 1001")
        await inject(shop, "orders", FaultKind.STOPPED)
        await shop.press("f5")

        await shop.sees("▸ 1001", "OrderService", "as of", "F5 tries again")


async def test_without_an_answer_the_empty_list_says_so() -> None:
    async with screenful() as shop:
        await signed_in(shop)
        await inject(shop, "orders", FaultKind.STOPPED)
        await shop.press("3")

        await shop.sees("your orders cannot be shown now", "F5 tries again")


async def test_more_orders_are_loaded_near_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "PAGE", 2)

    async with screenful() as shop:
        await signed_in(shop, HOME)

        async def buy(client: Shop) -> None:
            product = await client.backend.products.get("canon-ef-50mm-f1-8-stm")
            for _ in range(5):
                await client.backend.carts.add(product.variants[0].id, 1)
                cart = await client.checkout.prepare()
                await client.checkout.place(client.checkout.attempt(cart))

        await shop.do(buy)
        await shop.press("3")
        await shop.until(lambda: shop.app.state.orders.loaded_at)
        await shop.press("G")
        await shop.until(lambda: not shop.app.state.orders.loading)
        await shop.press("G")
        await shop.until(lambda: len(shop.app.state.orders.orders) == 5)

        numbers = [order.number for order in shop.app.state.orders.orders]
        assert numbers == ["1005", "1004", "1003", "1002", "1001"]


# --- what is unfinished --------------------------------------------------------------------------


async def test_unfinished_checkouts_are_settled_by_the_page_and_by_a_key() -> None:
    async with screenful(deadline=0.5) as shop:
        await ready(shop)
        await inject(shop, "payments", FaultKind.REQUEST_LOST, "pay")
        with pytest.raises(Exception, match="not known yet whether the order is paid"):
            await placed(shop, token="tok_visa")
        await shop.press("3")
        await shop.sees("1 checkout is unfinished; r asks", "! awaiting payment")
        await heal(shop)
        await shop.press("r")
        await shop.sees("order 1001 is paid", "✓ paid")
        await shop.until(lambda: shop.app.state.unfinished == 0)
        assert "is unfinished" not in shop.grid()

        assert [payment.status for payment in await payments(shop)] == [PaymentStatus.SETTLED]
        await shop.press("r")
        await shop.sees("no checkout is unfinished")


# --- one order -----------------------------------------------------------------------------------


async def test_an_order_says_what_was_bought_where_it_goes_and_how_it_was_paid() -> None:
    async with screenful() as shop:
        await with_order(shop, token="tok_visa")

        await shop.sees("Order 1001", "✓ paid", "Canon EF 50mm", "4.90 EUR", "123.90 EUR", "Hauptstr. 1")
        await shop.sees("✓ settled 123.90 EUR", "Test Visa")


async def test_an_order_that_waits_is_paid_from_its_screen() -> None:
    async with screenful() as shop:
        await with_order(shop)
        await shop.sees("! awaiting payment", "p pays it")
        await shop.press("p")
        await shop.until(at(shop, Step.PAYMENT))
        await shop.sees("How will you pay 123.90 EUR for order 1001?")
        await pay_with(shop, "tok_visa")
        await order_it(shop)
        await shop.sees("✓ paid")
        await shop.press("escape")
        await shop.until(lambda: isinstance(shop.app.screen, OrderScreen))

        await shop.sees("Order 1001", "✓ paid", "✓ settled")


async def test_an_order_that_is_paid_is_not_paid_again() -> None:
    async with screenful() as shop:
        await with_order(shop, token="tok_visa")
        await shop.press("p")
        await shop.sees("order 1001 is paid and waits for no payment")

        assert shop.app.state.opened is not None
        assert isinstance(shop.app.state.opened.error, InvalidState)
        assert isinstance(shop.app.screen, OrderScreen)


async def test_cancelling_asks_first() -> None:
    async with screenful() as shop:
        await with_order(shop, token="tok_visa")
        await shop.press("x")
        await shop.sees("Cancel order 1001 (123.90 EUR, paid), and give the money", "Keep it (n)")
        await shop.press("enter")
        await shop.until(lambda: not isinstance(shop.app.screen, ConfirmScreen))
        assert await statuses(shop) == [OrderStatus.PAID]
        await shop.press("x")
        await shop.until(lambda: isinstance(shop.app.screen, ConfirmScreen))
        await shop.press("y")
        await shop.until(lambda: shop.app.state.opened and shop.app.state.opened.order.status is OrderStatus.REFUNDED)

        await shop.sees("refunded")


async def test_a_shop_that_cannot_cancel_says_so() -> None:
    class Strict:
        """A backend without the capability."""

        def __init__(self, backend: Backend) -> None:
            self._backend = backend
            self.capabilities = backend.capabilities - {"cancel_order"}

        def __getattr__(self, name: str) -> object:
            return getattr(self._backend, name)

    async with screenful(observe=Strict) as shop:  # type: ignore[arg-type]
        await with_order(shop)
        await shop.press("x")
        await shop.sees("this shop cancels no orders")

        assert not isinstance(shop.app.screen, ConfirmScreen)


async def test_following_ends_when_the_order_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "FOLLOW_SECONDS", 0.0)
    async with screenful() as shop:
        await with_order(shop)
        await shop.press("w")
        await shop.sees("following it", "w stops")
        await shop.do(lambda client: client.checkout.pay(shop.app.state.opened.order, "tok_visa"))  # type: ignore[union-attr]
        await shop.until(lambda: shop.app.state.opened and not shop.app.state.opened.following)

        await shop.sees("✓ paid", "✓ settled")


async def test_following_stops_by_its_key_and_by_leaving() -> None:
    async with screenful() as shop:
        await with_order(shop)
        await shop.press("w", "w")
        await shop.until(lambda: not shop.app.is_working("order"))
        await shop.press("w", "escape")
        await shop.until(lambda: not isinstance(shop.app.screen, OrderScreen) and not shop.app.is_working("order"))


async def test_a_refresh_asks_once_and_what_is_shown_stays() -> None:
    async with screenful() as shop:
        await with_order(shop)
        await inject(shop, "orders", FaultKind.STOPPED)
        await shop.press("f5")
        await shop.sees("Order 1001", "OrderService", "as of")

        assert shop.app.state.opened is not None
        assert isinstance(shop.app.state.opened.error, Unavailable)
        await heal(shop)
        await shop.press("f5")
        await shop.until(lambda: shop.app.state.opened and shop.app.state.opened.error is None and looked(shop))


@pytest.mark.parametrize("size", [(60, 16), (1, 1), (300, 100)])
async def test_an_order_fits(size: tuple[int, int]) -> None:
    async with screenful(size=size) as shop:
        await with_order(shop, token="tok_visa")
        if size[0] >= 60:
            await shop.sees("Order 1001", "✓ paid", "Canon EF", "123.90 EUR", "✓ settled")
