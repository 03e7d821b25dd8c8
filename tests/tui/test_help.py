"""Help and the palette."""

import pytest

from backends.text import is_clean
from shopcli.tui.commands import COMMANDS, Scope
from shopcli.tui.screens.filters import FilterScreen
from shopcli.tui.screens.help import HelpScreen, rows
from shopcli.tui.screens.product import ProductScreen
from tests.tui_driver import Screenful, screenful


async def gave(shop: Screenful, name: str) -> None:
    """Give a command by its name in the palette."""
    await shop.press("ctrl+p")
    await shop.type(name)
    await shop.until(lambda: shop.app.screen.query("CommandList").first().option_count)  # type: ignore[attr-defined]
    await shop.press("enter")
    await shop.until(lambda: shop.app.screen.id != "--command-palette")


def test_every_command_is_there_once_with_what_is_possible_here_first() -> None:
    shown = rows(Scope.CART, {})

    assert shown[0].text == "— Cart —"
    assert sorted(row.text for row in shown if not row.is_title) == sorted(command.help for command in COMMANDS)
    assert all(is_clean(row.text) for row in shown)


@pytest.mark.parametrize("size", [(80, 24), (60, 16)])
async def test_help_shows_keys_and_the_shop_command_that_does_the_same(size: tuple[int, int]) -> None:
    async with screenful(size=size) as shop:
        await shop.press("2", "question_mark", "j")

        await shop.sees("— Cart —", "+ a", "One more of the line", "the same by shop cart set")


async def test_help_is_left_by_the_keys_that_opened_it_and_by_escape() -> None:
    async with screenful() as shop:
        for leave in ("question_mark", "f1", "escape", "backspace"):
            await shop.press("question_mark")
            assert isinstance(shop.app.screen, HelpScreen)
            await shop.press(leave)
            assert len(shop.app.screen_stack) == 1
        await shop.sees("/ Search")


async def test_from_help_one_can_go_anywhere() -> None:
    async with screenful() as shop:
        await shop.press("question_mark", "2")

        assert shop.app.tab == "cart"
        assert len(shop.app.screen_stack) == 1


async def test_the_palette_does_what_it_says_on_a_page() -> None:
    async with screenful() as shop:
        await gave(shop, "filter")

        await shop.until(lambda: isinstance(shop.app.screen, FilterScreen))


async def test_the_palette_does_what_it_says_on_a_screen_above() -> None:
    async with screenful() as shop:
        await shop.press("enter")
        assert isinstance(shop.app.screen, ProductScreen)
        await gave(shop, "add")

        await shop.until(lambda: shop.app.state.basket.pieces == 1)
        assert isinstance(shop.app.screen, ProductScreen)


async def test_the_palette_goes_everywhere() -> None:
    async with screenful() as shop:
        await shop.press("enter")
        await gave(shop, "health")

        await shop.until(lambda: shop.app.tab == "health")
        await shop.sees("PaymentService")


async def test_the_palette_leaves_out_what_cannot_be_done() -> None:
    async with screenful() as shop:
        names = {command.title for command in shop.app.get_system_commands(shop.app.screen)}

        assert not names & {"Undo", "Checkout", "Back", "Log out", "Stop", "Pay"}
        await shop.press("a")
        await shop.until(lambda: shop.app.state.basket.undos)
        names = {command.title for command in shop.app.get_system_commands(shop.app.screen)}
        assert names >= {"Undo", "Checkout"}


@pytest.mark.parametrize("size", [(300, 100), (20, 5), (1, 1)])
async def test_help_and_account_are_there_at_any_size(size: tuple[int, int]) -> None:
    async with screenful() as shop:
        await shop.press("4", "f3", "escape", "question_mark")
        await shop.pilot.resize_terminal(*size)
        await shop.press("j", "G", "escape", "f2", "tab", "escape", "L", "ctrl+p", "escape")


@pytest.mark.parametrize("color", [True, False])
async def test_dark_and_light(color: bool) -> None:
    async with screenful(color=color) as shop:
        before = shop.app.theme
        await shop.press("ctrl+t")
        assert shop.app.theme != before
        await shop.press("ctrl+t")
        assert shop.app.theme == before
