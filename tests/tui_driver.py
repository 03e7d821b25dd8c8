"""Driving the full-screen shop without a terminal: keys in, a grid of text out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

from backends.interface import Backend
from shopcli.core.shop import Shop, open_shop
from shopcli.tui.app import ShopApp
from shopcli.tui.background import Background
from shopcli.tui.scripted.hands import grid

PATIENCE = 20.0
"""Seconds until a condition that does not come true fails its test; nothing waits that long otherwise."""


class Screenful:
    """A running app, its keys and its screen."""

    def __init__(self, app: ShopApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type a text: its first letter by a key, the rest at once into the field that has it, as a key takes 60 ms."""
        await self.pilot.press(*text[:1])
        field = self.app.focused
        if isinstance(field, Input):
            field.post_message(Paste(text[1:]))
            await self.pilot.pause()
        else:
            await self.pilot.press(*text[1:])

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition on the app."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    await asyncio.sleep(0)
                    await self.pilot.pause()
        except TimeoutError:
            raise AssertionError(f"it never came true; the screen says\n{self.grid()}") from None
        await self.pilot.pause()

    async def sees(self, *texts: str) -> None:
        """Wait until the screen shows all of these texts."""
        await self.until(lambda: all(text in self.grid() for text in texts))

    async def do(self, action: Callable[[Shop], Awaitable[Any]]) -> Any:  # noqa: ANN401
        """Ask the shop behind the app's back."""

        async def asked(shop: Shop) -> Any:  # noqa: ANN401
            return await action(shop)

        return await self.app.background.do(asked)

    def grid(self) -> str:
        """What the screen shows, without colours."""
        return grid(self.app)


@asynccontextmanager
async def screenful(
    url: str = "memory:",
    size: tuple[int, int] = (80, 24),
    *,
    observe: Callable[[Backend], Backend] | None = None,
    deadline: float = 10.0,
    **options: Any,  # noqa: ANN401  ShopApp's
) -> AsyncIterator[Screenful]:
    """Open the full-screen shop, and wait until it shows the catalog. Raises what ended it."""
    app = ShopApp(Background(open_shop(url, observe=observe), timeout=deadline), **options)
    async with app.run_test(size=size) as pilot:
        seen = Screenful(app, pilot)
        await seen.until(lambda: app.state.account.known and not app.state.shelf.loading)
        await seen.until(lambda: app.state.basket.cart is not None or app.state.basket.error)
        yield seen
    if app.failure is not None:
        raise app.failure
