"""Browse, Product and the filter."""

from textual.widgets import Input

from shopcli.tui.screens.filters import FilterScreen
from shopcli.tui.screens.product import ProductScreen
from tests.tui_driver import Screenful, screenful


def titles(shop: Screenful) -> list[str]:
    return [product.title for product in shop.app.state.shelf.products]


async def searched(shop: Screenful, text: str) -> None:
    await shop.press("slash")
    await shop.type(text)
    await shop.until(lambda: shop.app.state.shelf.query.text == text and not shop.app.state.shelf.loading)


async def test_the_first_look_shows_products_with_price_and_stock() -> None:
    async with screenful(size=(100, 24)) as shop:
        await shop.sees("Canon EF 50mm f/1.8 STM", "119.00 EUR", "in   38", "100 of 156", "signed out", "5/5 up")


async def test_searching_as_one_types() -> None:
    async with screenful() as shop:
        await searched(shop, "sigma 35")

        assert titles(shop)
        assert all("Sigma" in title for title in titles(shop))
        await shop.press("enter", "enter")
        assert isinstance(shop.app.screen, ProductScreen)


async def test_a_late_answer_to_an_older_search_is_dropped() -> None:
    async with screenful() as shop:
        await shop.press("slash", *"canon")
        search = shop.app.screen.query_one("#search", Input)
        search.value = "sigma"
        await shop.until(lambda: shop.app.state.shelf.query.text == "sigma" and not shop.app.state.shelf.loading)

        assert all("Sigma" in title for title in titles(shop))


async def test_nothing_found_says_what_was_asked_for() -> None:
    async with screenful() as shop:
        await searched(shop, "zzz")

        await shop.sees("nothing found for 'zzz'")


async def test_escape_clears_the_search_and_goes_back_to_the_list() -> None:
    async with screenful() as shop:
        await searched(shop, "sigma")
        await shop.press("escape")
        await shop.until(lambda: len(titles(shop)) == 100)
        await shop.press("j")

        await shop.sees("▸ Canon EF 50mm")


async def test_the_end_of_the_list_loads_the_next_page() -> None:
    async with screenful() as shop:
        await shop.press("G")
        await shop.until(lambda: shop.app.state.shelf.is_whole)

        assert len(titles(shop)) == 156
        await shop.press("G")
        await shop.sees(f"▸ {titles(shop)[-1][:12]}")


async def test_sorting_by_price() -> None:
    async with screenful() as shop:
        await shop.press("s", "s")
        await shop.until(lambda: not shop.app.state.shelf.loading)

        prices = [product.variants[0].price.amount for product in shop.app.state.shelf.products[:20]]
        assert prices == sorted(prices)
        await shop.sees("by price ↑")


async def test_filtering_by_category_price_and_stock() -> None:
    async with screenful() as shop:
        await shop.press("f")
        await shop.sees("Macro lenses")
        await shop.press("down", "down", "down", "tab", *"700", "tab", *"900,50", "tab", "space")
        await shop.press("shift+tab", "enter")
        await shop.until(lambda: not isinstance(shop.app.screen, FilterScreen) and not shop.app.state.shelf.loading)

        products = shop.app.state.shelf.products
        assert {product.category for product in products} == {"Macro lenses"}
        assert all(700 <= product.variants[0].price.amount <= 900.5 for product in products)
        await shop.sees("macro-lenses, ≥700, ≤900.50, in stock")


async def test_a_price_that_is_none_is_told_and_nothing_is_lost() -> None:
    async with screenful() as shop:
        await shop.press("f")
        await shop.sees("Macro lenses")
        await shop.press("tab", *"cheap", "enter")

        await shop.sees("a price is a number", "cheap")


async def test_adding_shows_at_once_and_undo_takes_it_back() -> None:
    async with screenful() as shop:
        await shop.press("a", "a", "plus")
        await shop.sees("Cart(3)", "3 in the cart")
        await shop.until(lambda: shop.app.state.basket.is_settled)

        assert [line.quantity for line in shop.app.state.basket.cart.lines] == [3]  # type: ignore[union-attr]
        await shop.press("u")
        await shop.until(lambda: shop.app.state.basket.is_settled)
        assert [line.quantity for line in shop.app.state.basket.cart.lines] == [2]  # type: ignore[union-attr]


async def test_another_variant_is_added_from_the_list() -> None:
    async with screenful() as shop:
        await searched(shop, "sigma 24-70")
        await shop.press("enter", "v", "a")
        await shop.until(lambda: shop.app.state.basket.cart and shop.app.state.basket.cart.lines)

        first = shop.app.state.shelf.products[0]
        assert shop.app.state.basket.cart is not None
        assert shop.app.state.basket.cart.lines[0].variant_id == first.variants[1].id


async def test_more_than_there_is_is_taken_back_and_told() -> None:
    async with screenful() as shop:
        left = shop.app.state.shelf.products[0].variants[0].stock
        assert left is not None
        await shop.press(*["a"] * (left + 1))
        await shop.until(lambda: shop.app.state.basket.error)

        assert shop.app.state.basket.pieces <= left
        await shop.sees("CartService" if "CartService" in shop.grid() else "✗")


async def test_narrow_the_detail_is_a_screen_of_its_own() -> None:
    async with screenful(size=(60, 16)) as shop:
        assert "Stabilised" not in shop.grid()
        await shop.press("enter")
        await shop.sees("Stabilised", "standard")
        await shop.press("a")
        await shop.sees("1 in cart")
        await shop.press("backspace")
        await shop.sees("100 of 156")
