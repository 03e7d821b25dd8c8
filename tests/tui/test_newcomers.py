"""What surprised people who used it for the first time, and people without colours."""

from dataclasses import replace

import pytest
from textual.widgets import Button, Input

from backends.errors import Conflict, OutcomeUnknown
from backends.models import FaultKind, OrderStatus
from shopcli.core.shop import Shop
from shopcli.tui.pages.health import _more
from shopcli.tui.screens.filters import FilterScreen
from shopcli.tui.screens.product import ProductScreen
from shopcli.tui.state import Step
from shopcli.tui.widgets.form import Field
from tests.tui_checkout import at, filled, inject, order_it, pay_with, ready, signed_in, to_payment, to_review
from tests.tui_driver import Screenful, screenful


def hints(shop: Screenful) -> str:
    return shop.grid().splitlines()[-1]


async def found(shop: Screenful, text: str) -> None:
    """Search for a text, and go on in the list."""
    await shop.press("slash", *text)
    await shop.until(lambda: shop.app.state.shelf.query.text == text and not shop.app.state.shelf.loading)
    await shop.press("enter")


async def bought(client: Shop, token: str | None) -> None:
    """Order what is in the cart, and pay it by a token."""
    cart = await client.checkout.prepare()
    order = await client.checkout.place(client.checkout.attempt(cart))
    if token is not None:
        await client.checkout.pay(order, token)


async def at_an_order(shop: Screenful, *, token: str | None = None) -> None:
    """Ada has an order, paid by a token perhaps, and looks at it."""
    await ready(shop)
    await shop.do(lambda client: bought(client, token))
    await shop.press("3")
    await shop.until(lambda: shop.app.state.orders.orders)
    await shop.press("enter")
    await shop.until(lambda: shop.app.state.opened and shop.app.state.opened.loaded_at)


# --- browsing ------------------------------------------------------------------------------------


async def test_a_product_opens_at_the_variant_that_was_selected() -> None:
    async with screenful() as shop:
        await found(shop, "sigma 35mm f2")
        await shop.press("v", "enter", "a")
        await shop.until(lambda: shop.app.state.basket.cart and shop.app.state.basket.cart.lines)

        assert isinstance(shop.app.screen, ProductScreen)
        assert shop.app.state.basket.cart is not None
        assert [line.variant for line in shop.app.state.basket.cart.lines] == ["l-mount"]


async def test_a_line_of_the_cart_opens_at_its_variant() -> None:
    async with screenful() as shop:
        await found(shop, "sigma 35mm f2")
        await shop.press("v", "a")
        await shop.until(lambda: shop.app.state.basket.is_settled and shop.app.state.basket.pieces)
        await shop.press("2", "enter")

        await shop.sees("▸ l-mount")


async def test_the_keys_of_variants_work_where_they_are_a_list_too() -> None:
    async with screenful() as shop:
        await found(shop, "sigma 35mm f2")
        await shop.press("enter", "v")
        await shop.sees("▸ l-mount")
        await shop.press("V")
        await shop.sees("▸ sony-e")
        await shop.press("V")
        await shop.sees("▸ l-mount")


async def test_a_filter_that_nothing_can_pass_is_not_taken() -> None:
    async with screenful() as shop:
        await shop.press("f")
        await shop.sees("Macro lenses")
        await shop.press("tab", *"500", "tab", *"100", "enter")

        await shop.sees("✗ the lowest price is above the highest")
        assert isinstance(shop.app.screen, FilterScreen)


async def test_a_second_search_takes_the_place_of_the_first() -> None:
    async with screenful() as shop:
        await found(shop, "sony")
        await found(shop, "nikon")

        await shop.sees("▸ Nikon")


async def test_an_empty_search_says_all_that_helps_at_80_columns() -> None:
    async with screenful() as shop:
        await found(shop, "zzz")

        await shop.sees("esc in the search line clears it", "f changes the filter")


# --- keys ----------------------------------------------------------------------------------------


async def test_hints_show_only_keys_that_work_where_one_writes() -> None:
    async with screenful() as shop:
        await shop.press("slash")
        await shop.sees("esc Leave")
        assert "f Filter" not in hints(shop)
        assert "^q Quit" in hints(shop)
        await shop.press("escape")
        await shop.sees("f Filter")
        assert "esc Leave" not in hints(shop)


async def test_hints_show_no_keys_of_what_lies_below_a_question() -> None:
    async with screenful() as shop:
        await shop.sees("s Sort")
        await shop.press("f")
        await shop.sees("Macro lenses", "esc Leave")
        assert "s Sort" not in hints(shop)
        await shop.press("escape")

        await shop.sees("s Sort")


async def test_the_palette_finds_what_a_command_does() -> None:
    async with screenful() as shop:
        await shop.press("ctrl+p", *"sign in")
        await shop.sees("Sign in, sign up, look after addresses")
        await shop.press("enter", "enter")

        await shop.until(lambda: shop.app.tab == "account")


async def test_sentences_say_the_keys_that_the_person_chose() -> None:
    chosen = {"tab.browse": "b", "tab.account": "i", "retry": "f9", "undo": "z", "checkout": "f8", "filter": "F"}
    async with screenful(keymap=chosen) as shop:
        await shop.press("3")
        await shop.sees("i signs in or signs up")
        await shop.press("2")
        await shop.sees("b browses the catalog, z undoes")
        await shop.press("b", "a", "2")
        await shop.sees("F8 orders it")
        await inject(shop, "products", FaultKind.STOPPED)
        await shop.press("b", "f9")
        await shop.sees("F9 tries again")


async def test_one_less_of_one_says_which_key_takes_it_out() -> None:
    async with screenful(keymap={"cart.remove": "d"}) as shop:
        await shop.press("a", "2")
        await shop.until(lambda: shop.app.state.basket.is_settled and shop.app.state.basket.pieces)
        await shop.press("minus")

        await shop.sees("d takes out the last one")
        assert shop.app.state.basket.pieces == 1


async def test_a_refused_edit_offers_no_undo() -> None:
    async with screenful() as shop:
        left = shop.app.state.shelf.products[0].variants[0].stock
        await shop.press(*["a"] * ((left or 0) + 1))
        await shop.sees("✗ ")

        assert shop.app.state.basket.error is not None
        assert "undo" not in shop.grid()


# --- forms ---------------------------------------------------------------------------------------


async def test_without_colours_one_sees_where_one_writes() -> None:
    async with screenful(color=False) as shop:
        await shop.press("4")
        line = shop.app.screen.query_one("#sign-in Input", Input)
        await shop.until(lambda: line.has_focus)

        assert any(segment.style and segment.style.reverse for segment in line.render_line(0))


async def test_a_mistake_is_forgiven_while_it_is_put_right() -> None:
    async with screenful() as shop:
        await shop.press("4", "enter", "enter")
        await shop.sees("✗ is missing")
        await shop.type("ada@example.org")
        await shop.press("tab", "x")

        await shop.until(lambda: "is missing" not in shop.grid())


async def test_the_field_in_which_one_writes_stays_in_sight_when_the_window_shrinks() -> None:
    async with screenful() as shop:
        await signed_in(shop)
        await shop.press("4")
        await shop.until(lambda: shop.app.tab == "account")
        await shop.press("n")
        await shop.sees("New address")
        phone = shop.app.screen.query_one("#phone", Field)
        phone.begin()
        await shop.press(*"030")
        await shop.pilot.resize_terminal(40, 10)

        await shop.sees("Phone     030")


async def test_an_address_to_order_to_begins_with_ones_name() -> None:
    async with screenful() as shop:
        await signed_in(shop)
        await filled(shop)
        await shop.press("C")
        await shop.sees("Label     such as home")

        assert shop.app.screen.query_one("#name", Field).value == "Ada"


# --- orders and money ----------------------------------------------------------------------------


async def test_signed_out_is_said_once_and_as_no_error() -> None:
    async with screenful() as shop:
        await shop.press("3")
        await shop.sees("orders belong to an account")
        assert "✗" not in shop.grid()
        await shop.press("1", "a")
        await shop.until(lambda: shop.app.state.basket.is_settled and shop.app.state.basket.pieces)
        await shop.press("C")
        await shop.sees("an order needs an account")

        assert "✗" not in shop.grid()


async def test_an_order_that_cannot_be_paid_now_is_said_to_wait_and_why() -> None:
    async with screenful() as shop:
        await at_an_order(shop)
        await inject(shop, "payments", FaultKind.STOPPED)
        await shop.press("p")

        await shop.sees("it cannot be paid now, and the order goes on waiting", "PaymentService")


async def test_what_is_shown_after_the_next_look_is_the_state_of_that_time() -> None:
    async with screenful() as shop:
        shop.app.main.on_screen_resume()  # shows the frame once more, a moment later
        error = Conflict("this came up in that moment", service="carts")
        shop.app.put(basket=replace(shop.app.state.basket, error=error))
        await shop.sees("this came up in that moment")
        await shop.pilot.pause()
        await shop.pilot.pause()

        assert "this came up in that moment" in shop.grid()


async def test_what_is_paid_is_not_to_be_paid_from_its_receipt() -> None:
    async with screenful() as shop:
        await ready(shop)
        await to_review(shop)
        await order_it(shop)
        await shop.sees("✓ paid")
        assert "p Pay" not in hints(shop)
        await shop.press("p")

        assert shop.app.state.checkout.step is Step.RECEIPT
        await shop.sees("Thank you")


async def test_the_receipt_of_what_waits_hints_at_paying() -> None:
    async with screenful() as shop:
        await ready(shop)
        await to_payment(shop)
        await pay_with(shop, "later")
        assert "p Pay" not in hints(shop)
        await order_it(shop)
        await shop.sees("p Pay")
        await shop.press("p")

        await shop.until(at(shop, Step.PAYMENT))


async def test_an_order_offers_only_what_can_still_be_done() -> None:
    async with screenful() as shop:
        await at_an_order(shop, token="tok_visa")
        await shop.sees("x Cancel")
        assert "p Pay" not in hints(shop)
        assert "w Follow" not in hints(shop)
        await shop.press("x")
        await shop.until(lambda: shop.app.screen.query(Button))
        await shop.press("y")
        await shop.until(lambda: shop.app.state.opened and shop.app.state.opened.order.status is OrderStatus.REFUNDED)

        await shop.until(lambda: "x Cancel" not in hints(shop))


async def test_while_a_payment_is_undecided_nobody_is_sent_to_pay() -> None:
    async with screenful(deadline=0.5) as shop:
        await ready(shop)
        await inject(shop, "payments", FaultKind.REQUEST_LOST, "pay")
        with pytest.raises(OutcomeUnknown):
            await shop.do(lambda client: bought(client, "tok_visa"))
        await shop.press("3")
        await shop.sees("1 checkout is unfinished")
        await shop.press("enter")

        await shop.sees("r first asks what became of an unfinished one", "r Resume")


# --- services ------------------------------------------------------------------------------------


async def test_the_bar_knows_what_the_line_below_says() -> None:
    async with screenful() as shop:
        await shop.sees("5/5 up")
        await inject(shop, "users", FaultKind.STOPPED)
        await shop.press("4", *"ada@example.org", "enter", *"correct horse", "enter")
        await shop.sees("✗", "4/5 up")
        await shop.do(lambda client: client.backend.admin.clear_faults())  # type: ignore[union-attr]
        await shop.press("escape", "f3")

        await shop.sees("5/5 up")


async def test_what_was_done_to_a_service_and_what_works_without_it_fits_into_80_columns() -> None:
    async with screenful() as shop:
        await shop.press("5")
        await shop.sees("▸ UserService")
        await shop.press("x")
        await shop.until(lambda: shop.app.screen.query(Button))
        await shop.press("y")

        await shop.sees("users is stopped · browsing", "you are logged in")
        health = shop.app.state.health
        assert _more(health, None).plain == "users is stopped"
