"""What every screen looks like, at three sizes. `SHOP_RENEW_GOLDENS=1` writes them anew: read what changed.

Times, dates and durations are those of the day, so their digits are zeros here.
"""

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from shopcli.tui.state import Step
from tests.tui_checkout import HOME, WORK, at, order_it, ready, signed_in, to_payment, to_review
from tests.tui_driver import Screenful, screenful

GOLDENS = Path(__file__).parent / "goldens"
SIZES = ((60, 16), (80, 24), (120, 40))
_OF_THE_DAY = re.compile(r"\d{4}-\d\d-\d\d|\d\d:\d\d(:\d\d)?|[\d.]+ ms")
Walk = Callable[[Screenful], Awaitable[object]]


async def _browse(shop: Screenful) -> None:
    await shop.press("j", "a")
    await shop.until(lambda: shop.app.state.basket.is_settled and shop.app.state.basket.pieces)


async def _nothing_found(shop: Screenful) -> None:
    await shop.press("slash", *"zzz")
    await shop.sees("nothing found")


async def _product(shop: Screenful) -> None:
    await shop.press("slash", *"sigma 24-70")
    await shop.until(lambda: shop.app.state.shelf.query.text == "sigma 24-70" and not shop.app.state.shelf.loading)
    await shop.press("enter", "enter")
    await shop.sees("sony-e")


async def _filter(shop: Screenful) -> None:
    await shop.press("f")
    await shop.sees("Macro lenses")


async def _cart(shop: Screenful) -> None:
    await shop.press("a", "j", "a", "a")
    await shop.until(lambda: shop.app.state.basket.is_settled)
    await shop.press("2")
    await shop.sees("C orders it")


async def _empty_cart(shop: Screenful) -> None:
    await shop.press("2")
    await shop.sees("the cart is empty")


async def _address(shop: Screenful) -> None:
    await ready(shop, HOME, WORK)
    await shop.press("C")
    await shop.until(lambda: shop.app.state.checkout.addresses and at(shop, Step.ADDRESS)())


async def _payment(shop: Screenful) -> None:
    await ready(shop)
    await to_payment(shop)


async def _review(shop: Screenful) -> None:
    await ready(shop)
    await to_review(shop)


async def _receipt(shop: Screenful) -> None:
    await _review(shop)
    await order_it(shop)


async def _orders(shop: Screenful) -> None:
    await _receipt(shop)
    await shop.press("3")
    await shop.sees("1001")


async def _order(shop: Screenful) -> None:
    await _orders(shop)
    await shop.press("enter")
    await shop.sees("settled")


async def _signed_out(shop: Screenful) -> None:
    await shop.press("4")
    await shop.sees("Sign in")


async def _account(shop: Screenful) -> None:
    await signed_in(shop, HOME, WORK)
    await shop.press("4")
    await shop.sees("home")


async def _health(shop: Screenful) -> None:
    await _browse(shop)
    await shop.press("5")
    await shop.sees("change the cart", "UserService", "asked at")


async def _help(shop: Screenful) -> None:
    await shop.press("question_mark")
    await shop.sees("Everywhere")


async def _palette(shop: Screenful) -> None:
    await shop.press("ctrl+p")
    await shop.sees("Search for commands")


WALKS: dict[str, Walk] = {
    "browse": _browse,
    "nothing-found": _nothing_found,
    "product": _product,
    "filter": _filter,
    "cart": _cart,
    "empty-cart": _empty_cart,
    "checkout-address": _address,
    "checkout-payment": _payment,
    "checkout-review": _review,
    "checkout-receipt": _receipt,
    "orders": _orders,
    "order": _order,
    "signed-out": _signed_out,
    "account": _account,
    "health": _health,
    "help": _help,
    "palette": _palette,
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", WALKS)
async def test_it_looks_as_it_did(name: str, size: tuple[int, int]) -> None:
    async with screenful(size=size) as shop:
        await WALKS[name](shop)
        await shop.pilot.pause()
        seen = _OF_THE_DAY.sub(lambda found: re.sub(r"\d", "0", found[0]), shop.grid())

    golden = GOLDENS / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("SHOP_RENEW_GOLDENS"):
        GOLDENS.mkdir(exist_ok=True)
        golden.write_text(f"{seen}\n", encoding="utf-8")
    assert seen == golden.read_text("utf-8").removesuffix("\n")
