"""The full-screen shop without a terminal, and hands that press its keys."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from textual._context import active_app
from textual.pilot import Pilot
from textual.widgets import Input

from backends.errors import ShopError, Unavailable
from shopcli.core.shop import Shop
from shopcli.tui.app import ShopApp
from shopcli.tui.background import Action, Background, Last
from shopcli.tui.flows.paying import CHECK_SECONDS
from shopcli.tui.state import ShopState
from shopcli.tui.widgets.rows import RowList

T = TypeVar("T")

SIZE = (100, 30)
PATIENCE = CHECK_SECONDS + 5
"""Seconds beyond an action's deadline: the screen asks on for a while about what it sent."""


class Inline(Background):
    """Asks the shop on the screen's own loop: a shop in memory belongs to the thread that opened it."""

    def __init__(self, shop: Shop) -> None:
        """Start nothing."""
        self.shop = shop
        self.timeout = 10.0
        self.last = Last("", ())

    async def do(self, action: Action[T], *, within: float | None = None, name: str = "") -> T:
        """Run an action of the shop until its deadline. Raises ShopError."""
        return await self._run(action, within or self.timeout, name)

    async def close(self) -> None:
        """Leave the shop open: it belongs to the stage."""


class Hands:
    """Presses keys at one screen."""

    def __init__(self, app: ShopApp, pilot: Pilot[None], stack: AsyncExitStack) -> None:
        """Take over a running app."""
        self.app = app
        self._pilot = pilot
        self._stack = stack
        self.error: ShopError | None = None

    @property
    def state(self) -> ShopState:
        """What the screen shows."""
        return self.app.state

    async def begin(self, timeout: float) -> None:  # noqa: ASYNC109  the deadline of what follows
        """Bring the screen up to date: the command line may have changed something."""
        self.error = None
        self.app.background.timeout = timeout
        while len(self.app.screen_stack) > 1:
            await self.app.pop_screen()
        self.app.account.load()
        self.app.cart.load()
        await self.until(lambda: not self.app.is_working("account") and not self.app.is_working("cart"))

    async def give(self, command: str) -> None:
        """Give a command by its id, as the palette does."""
        await self.app.action_give(command)
        await self._pilot.pause()

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self._pilot.press(*keys)

    async def type(self, *texts: str) -> None:
        """Type texts into fields, with enter behind each."""
        for text in texts:
            field = self.app.focused
            assert isinstance(field, Input)  # noqa: S101  the steps before came to a field
            field.value = text  # pasted: a key takes 60 ms
            await self.press("enter")

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something on the screen. Raises Unavailable at the deadline."""
        ends_at = time.monotonic() + self.app.background.timeout + PATIENCE
        while not condition():
            if time.monotonic() > ends_at:
                raise Unavailable(f"the screen never came so far:\n{self.text()}")
            await asyncio.sleep(0)
            await self._pilot.pause()

    async def select(self, rows: RowList[Any], place: int) -> None:
        """Go to a row of a list."""
        while rows.cursor != place:
            await self.press("down" if rows.cursor < place else "up")

    def rows(self, name: str) -> RowList[Any]:
        """Return a list of the screen."""
        return self.app.screen.query_one(f"#{name}", RowList)

    def text(self) -> str:
        """Return what the screen shows, without colours."""
        return grid(self.app) + "\n"

    async def close(self) -> None:
        """Close the screen."""
        active_app.set(self.app)
        await self._stack.aclose()


async def opened(shop: Shop) -> Hands:
    """Open the screen of a shopper."""
    stack = AsyncExitStack()
    app = ShopApp(Inline(shop))
    pilot = await stack.enter_async_context(app.run_test(size=SIZE))
    return Hands(app, pilot, stack)


def grid(app: ShopApp) -> str:
    """Return what an app shows, without colours."""
    strips = app.screen._compositor.render_strips()  # noqa: SLF001  what is on the screen, with no picture in between
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)
