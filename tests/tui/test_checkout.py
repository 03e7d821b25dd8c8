"""Checkout: five steps, one order, at most one charge."""

import pytest

from backends.errors import InvalidValue, OutcomeUnknown, PaymentDeclined, PriceChanged, Unavailable
from backends.models import FaultKind, OrderStatus, PaymentStatus
from shopcli.core.shop import Shop
from shopcli.tui.app import ShopApp
from shopcli.tui.flows import paying
from shopcli.tui.screens.address import AddressScreen
from shopcli.tui.screens.card import CardScreen
from shopcli.tui.screens.checkout import CheckoutScreen
from shopcli.tui.state import Step
from tests.tui_checkout import (
    HOME,
    METHODS,
    WORK,
    at,
    button,
    filled,
    heal,
    inject,
    order_it,
    orders,
    pay_with,
    payments,
    ready,
    signed_in,
    statuses,
    to_payment,
    to_review,
)
from tests.tui_driver import Screenful, screenful

ARROW = " › "  # noqa: RUF001  as the screen draws a path


async def unfinished(shop: Screenful) -> int:
    async def count(client: Shop) -> int:
        return client.unfinished()

    found: int = await shop.do(count)
    return found


# --- the way through -----------------------------------------------------------------------------


async def test_from_the_cart_to_a_paid_order() -> None:
    async with screenful() as shop:
        await ready(shop)
        await shop.press("C")
        await shop.sees(f"ADDRESS{ARROW}delivery", "▸ home  Ada, Hauptstr. 1, 10115 Berlin, DE")
        await shop.press("enter")
        await shop.sees(f"address{ARROW}DELIVERY", "▸ Standard", "4.90 EUR", "Express")
        await shop.press("enter")
        await shop.sees(f"delivery{ARROW}PAYMENT", "▸ Test Visa", "another card", "later")
        await shop.press("enter")
        await shop.sees("REVIEW", "Canon EF 50mm", "Hauptstr. 1", "Standard", "Test Visa", "123.90 EUR")
        await shop.sees("Order and pay 123.90 EUR")
        await shop.press("tab", "enter")
        await shop.sees("RECEIPT", "Order 1001", "✓ paid", "123.90 EUR", "3 shows your orders")

        assert await statuses(shop) == [OrderStatus.PAID]
        assert shop.app.state.basket.pieces == 0
        assert await unfinished(shop) == 0


async def type_card(shop: Screenful, number: str) -> None:
    """Choose another card in the payment step, and type it."""
    for _ in range(METHODS.index("another card")):
        await shop.press("down")
    await shop.press("enter")
    await shop.until(lambda: isinstance(shop.app.screen, CardScreen))
    await shop.type(number)
    await shop.press("enter", *"12", "slash", *"39", "enter", *"123")
    assert number[:4] not in shop.grid()
    await shop.press("enter")
    await shop.until(at(shop, Step.REVIEW))


async def saved_cards(shop: Screenful) -> list[str]:
    methods = await shop.do(lambda client: client.backend.payments.methods())
    return [method.label for method in methods if not method.test]


async def test_a_card_is_typed_unseen_and_is_sent_only_after_the_confirmation() -> None:
    async with screenful() as shop:
        await ready(shop)
        await to_payment(shop)
        await type_card(shop, "4242424242424242")
        await shop.sees("the card ending in 4242")

        assert await saved_cards(shop) == []
        await order_it(shop)
        assert await statuses(shop) == [OrderStatus.PAID]
        assert len(await saved_cards(shop)) == 1
        assert "4242424242424242" not in repr(shop.app.state)


async def test_a_card_that_is_refused_orders_nothing_and_another_one_can_be_chosen() -> None:
    async with screenful() as shop:
        await ready(shop)
        await to_payment(shop)
        await type_card(shop, "4242424242424241")
        await order_it(shop, step=Step.PAYMENT)
        assert isinstance(shop.app.state.checkout.error, InvalidValue)
        assert await orders(shop) == ()
        await pay_with(shop, "tok_visa")
        await order_it(shop)

        assert await statuses(shop) == [OrderStatus.PAID]


async def test_a_card_that_cannot_be_saved_orders_nothing_and_can_be_sent_again() -> None:
    async with screenful() as shop:
        await ready(shop)
        await to_payment(shop)
        await type_card(shop, "4242424242424242")
        await inject(shop, "payments", FaultKind.STOPPED)
        await order_it(shop, step=Step.REVIEW)
        assert isinstance(shop.app.state.checkout.error, Unavailable)
        await shop.until(lambda: shop.app.screen.query_one("#bought").has_focus)
        assert await orders(shop) == ()
        await heal(shop)
        await order_it(shop)

        assert await statuses(shop) == [OrderStatus.PAID]


async def test_an_address_that_is_missing_is_asked_for_and_kept() -> None:
    async with screenful() as shop:
        await signed_in(shop)
        await filled(shop)
        await shop.press("C")
        await shop.until(lambda: isinstance(shop.app.screen, AddressScreen))
        for text in ("home", "Ada", "Hauptstr. 1", "", "10115", "Berlin", "", "de", ""):
            await shop.press(*(" " if letter == " " else letter for letter in text.replace(".", "")), "enter")
        await shop.until(at(shop, Step.DELIVERY))

        book = await shop.do(lambda client: client.backend.users.addresses())
        assert [address.label for address in book] == ["home"]


async def test_the_address_and_delivery_that_were_chosen_are_ordered() -> None:
    async with screenful() as shop:
        await ready(shop, HOME, WORK)
        await shop.press("C")
        await shop.until(lambda: shop.app.state.checkout.addresses)
        await shop.press("down", "enter")
        await shop.until(at(shop, Step.DELIVERY))
        await shop.press("down", "enter")
        await shop.until(at(shop, Step.PAYMENT))
        await pay_with(shop, "tok_visa")
        await order_it(shop)

        [order] = await orders(shop)
        assert order.address is not None
        assert (order.address.label, str(order.totals.total)) == ("work", "131.90 EUR")


async def test_escape_goes_back_step_by_step_and_leaves_nothing_behind() -> None:
    async with screenful() as shop:
        await ready(shop)
        await to_review(shop)
        for step in (Step.PAYMENT, Step.DELIVERY, Step.ADDRESS):
            await shop.press("escape")
            await shop.until(at(shop, step))
        await shop.press("escape")
        await shop.until(lambda: not isinstance(shop.app.screen, CheckoutScreen))

        assert await orders(shop) == ()
        assert (shop.app.state.basket.pieces, await unfinished(shop)) == (1, 0)


async def test_edits_that_are_on_their_way_are_ordered_too() -> None:
    async with screenful() as shop:
        await ready(shop)
        await inject(shop, "carts", FaultKind.LATENCY, "set_quantity", seconds=0.2)
        line = shop.app.state.basket.lines[0][0]
        for quantity in range(2, 6):
            shop.app.cart.want(line.variant_id, quantity)
        await shop.press("C")
        await shop.until(lambda: shop.app.state.checkout.cart)

        cart = shop.app.state.checkout.cart
        assert cart is not None
        assert [line.quantity for line in cart.lines] == [5]


# --- who cannot begin ----------------------------------------------------------------------------


async def test_signed_out_it_says_which_key_signs_in() -> None:
    async with screenful() as shop:
        await filled(shop)
        await shop.press("C")

        await shop.sees("an order needs an account", "4 signs in", "C goes on")


async def test_an_empty_cart_says_so() -> None:
    async with screenful() as shop:
        await signed_in(shop, HOME)
        await shop.press("C")

        await shop.sees("the cart is empty", "1 browse")


async def test_while_users_are_stopped_a_cart_that_knows_where_it_goes_is_ordered() -> None:
    async with screenful() as shop:
        await ready(shop)
        await to_review(shop)
        for _ in range(4):
            await shop.press("escape")
        await shop.until(lambda: not isinstance(shop.app.screen, CheckoutScreen))
        for action in ("me", "addresses"):
            await inject(shop, "users", FaultKind.STOPPED, action)
        await to_review(shop)
        await order_it(shop)

        assert await statuses(shop) == [OrderStatus.PAID]


# --- confirming ----------------------------------------------------------------------------------


async def test_the_button_is_not_focused_at_first() -> None:
    async with screenful() as shop:
        await ready(shop)
        await to_review(shop)
        assert not button(shop).has_focus
        await shop.press("enter", "enter")

        assert await orders(shop) == ()


async def test_a_double_enter_sends_once() -> None:
    async with screenful() as shop:
        await ready(shop)
        await to_review(shop)
        await shop.press("tab")
        button(shop).press().press()
        await shop.press("enter", "enter")
        await shop.until(at(shop, Step.RECEIPT))

        assert await statuses(shop) == [OrderStatus.PAID]
        assert [payment.status for payment in await payments(shop)] == [PaymentStatus.SETTLED]


async def test_a_price_that_changed_meanwhile_goes_back_to_the_review_with_the_new_total() -> None:
    async with screenful() as shop:
        await ready(shop)
        await to_review(shop)
        first = shop.app.state.checkout.attempt

        async def dearer(client: Shop) -> None:
            from dataclasses import replace
            from decimal import Decimal

            from backends.money import Money

            product = await client.backend.products.get("canon-ef-50mm-f1-8-stm")
            variants = tuple(replace(each, price=Money(Decimal("129.00"), "EUR")) for each in product.variants)
            assert client.backend.admin is not None
            await client.backend.admin.import_catalog((replace(product, variants=variants),))

        await shop.do(dearer)
        await shop.press("tab", "enter")
        await shop.until(lambda: shop.app.state.checkout.error and at(shop, Step.REVIEW)())

        checkout = shop.app.state.checkout
        assert isinstance(checkout.error, PriceChanged)
        assert checkout.attempt is not None
        assert first is not None
        assert checkout.attempt.key != first.key
        assert not button(shop).has_focus
        await shop.sees("nothing was ordered", "Order and pay 133.90 EUR")
        await order_it(shop)
        assert OrderStatus.PAID in await statuses(shop)


async def test_leaving_while_it_is_sent_changes_nothing() -> None:
    async with screenful(deadline=1.0) as shop:
        await ready(shop)
        await to_review(shop)
        await inject(shop, "payments", FaultKind.REQUEST_LOST, "pay")
        await shop.press("tab", "enter", "1")
        assert shop.app.is_working("sending")
        await heal(shop)
        await shop.until(lambda: not shop.app.is_working("sending"))

        assert not isinstance(shop.app.screen, CheckoutScreen)
        assert await statuses(shop) == [OrderStatus.PAID]


async def test_c_comes_back_to_what_is_being_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with screenful(deadline=1.0) as shop:
        await ready(shop)
        await to_review(shop)
        await inject(shop, "payments", FaultKind.REQUEST_LOST, "pay")
        await shop.press("tab", "enter", "1", "C")
        await shop.sees("checking payment …")
        await heal(shop)
        await shop.sees("✓ paid", "Thank you")

        assert [payment.status for payment in await payments(shop)] == [PaymentStatus.SETTLED]


async def test_who_has_left_is_told_that_it_went_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(ShopApp, "notify", lambda _, message, **__: told.append(message))
    async with screenful() as shop:
        await ready(shop)
        await to_review(shop, "tok_declined")
        await inject(shop, "orders", FaultKind.LATENCY, "place", seconds=0.3)
        await shop.press("tab", "enter", "1")
        await shop.until(lambda: not shop.app.is_working("sending"))

        assert "the payment was declined" in told[0]


# --- what goes wrong -----------------------------------------------------------------------------


async def test_declined_then_paid_from_the_same_screen() -> None:
    async with screenful() as shop:
        await ready(shop)
        await to_review(shop, "tok_declined")
        await order_it(shop)
        assert isinstance(shop.app.state.checkout.error, PaymentDeclined)
        await shop.sees("declined", "! awaiting payment", "p pays it now")
        await shop.press("p")
        await shop.until(at(shop, Step.PAYMENT))
        assert "later" not in shop.grid().lower().split("how will you pay")[1]
        await pay_with(shop, "tok_visa")
        await shop.sees("Pay 123.90 EUR")
        await order_it(shop)
        await shop.sees("✓ paid")

        assert await statuses(shop) == [OrderStatus.PAID]
        assert [each.status for each in await payments(shop)] == [PaymentStatus.DECLINED, PaymentStatus.SETTLED]


async def test_while_payments_are_stopped_it_is_placed_and_paid_later() -> None:
    async with screenful() as shop:
        await ready(shop)
        await inject(shop, "payments", FaultKind.STOPPED)
        await to_payment(shop)
        assert isinstance(shop.app.state.checkout.error, Unavailable)
        await shop.sees("▸ later", "PaymentService", "an order can be placed now and paid later")
        await shop.press("enter")
        await shop.until(at(shop, Step.REVIEW))
        await shop.sees("Order for 123.90 EUR, pay later")
        await order_it(shop)
        await shop.sees("! awaiting payment", "p pays it now")
        assert await statuses(shop) == [OrderStatus.AWAITING_PAYMENT]
        await heal(shop)
        await shop.press("p")
        await shop.until(at(shop, Step.PAYMENT))
        await pay_with(shop, "tok_visa")
        await order_it(shop)

        assert await statuses(shop) == [OrderStatus.PAID]


async def test_a_payment_whose_answer_was_lost_is_asked_for_until_it_is_known() -> None:
    async with screenful(deadline=1.0) as shop:
        await ready(shop)
        await to_review(shop)
        await inject(shop, "payments", FaultKind.ANSWER_LOST, "pay")
        await shop.press("tab", "enter")
        await shop.sees("checking payment …", "Leaving is safe")
        assert await unfinished(shop) == 1
        await heal(shop)
        await shop.until(at(shop, Step.RECEIPT))
        await shop.sees("✓ paid", "Thank you")

        assert [payment.status for payment in await payments(shop)] == [PaymentStatus.SETTLED]
        assert await unfinished(shop) == 0


async def test_what_is_not_known_in_time_is_journalled_and_said_and_can_be_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paying, "CHECK_SECONDS", 0.1)
    async with screenful(deadline=0.5) as shop:
        await ready(shop)
        await to_review(shop)
        await inject(shop, "orders", FaultKind.ANSWER_LOST, "place")
        await shop.press("tab", "enter")
        await shop.sees("not known yet whether the order is placed", "Nothing was charged", "F5 asks again")
        assert isinstance(shop.app.state.checkout.error, OutcomeUnknown)
        assert await unfinished(shop) == 1
        await heal(shop)
        await shop.press("f5")
        await shop.sees("! awaiting payment", "p pays it now")

        assert await statuses(shop) == [OrderStatus.AWAITING_PAYMENT]
        assert await payments(shop) == []


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (1, 1), (300, 100)])
async def test_every_step_fits(size: tuple[int, int]) -> None:
    async with screenful(size=size) as shop:
        await ready(shop)
        await to_review(shop)
        if size[0] >= 60:
            await shop.sees("REVIEW", "Canon EF", "Hauptstr. 1", "123.90 EUR", "Order and pay")
        await order_it(shop)
        if size[0] >= 60:
            await shop.sees("RECEIPT", "Order 1001", "✓ paid")
