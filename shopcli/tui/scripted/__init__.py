"""Commands of a scenario given by keys: the full-screen shop without a terminal, one for each shopper.

What the screen can do is done there, by the keys that a person would press; the rest is left to the command line.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from textual._context import active_app

from backends.errors import ShopError
from shopcli.core.shop import Shop
from shopcli.core.stepping import Runner
from shopcli.tui.scripted.deeds import Deed, NotOffered, Words, deed_of, read
from shopcli.tui.scripted.hands import Hands, opened

__all__ = ["ByKeys", "Done"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Done:
    """How something ended that was done by keys, in the shape of a command's end."""

    exit: int
    shown: object
    error: dict[str, object] | None
    out: str
    err: str = ""

    @property
    def screen(self) -> str:
        """What the screen shows."""
        return self.out


class ByKeys:
    """Runs a scenario's commands on the screen where it can."""

    def __init__(
        self,
        by_command_line: Callable[..., Any],
        *,
        jsonable: Callable[[object], object],
        describe: Callable[[ShopError], dict[str, object]],
    ) -> None:
        """Leave what the screen cannot do to `by_command_line`; the others say things in the shape of JSON."""
        self._by_command_line = by_command_line
        self._jsonable = jsonable
        self._describe = describe
        self.by_keys = 0
        """How many commands were done on the screen."""
        self.by_command = 0
        """How many it does not offer, so that the command line did them."""
        self._hands: dict[int, Hands] = {}
        self._loop: asyncio.Runner | None = None
        self._context = copy_context()

    def __call__(self, words: Sequence[str], shop: Shop, runner: Runner, *, stdin: str = "") -> Any:  # noqa: ANN401
        """Run `shop WORDS...`."""
        line = read(words)
        deed = deed_of(line)
        if deed is not None:
            with suppress(NotOffered):
                ended = self._run(shop, runner, self._done(shop, deed, line, stdin.rstrip("\n")))
                self.by_keys += 1
                return ended
        self.by_command += 1
        return self._by_command_line(words, shop, runner, stdin=stdin)

    def close(self, shop: Shop, runner: Runner) -> None:
        """Close the screens."""
        for hands in self._hands.values():
            self._run(shop, runner, hands.close())
        if self._loop is not None:
            self._loop.close()

    async def _done(self, shop: Shop, deed: Deed, line: Words, secret: str) -> Done:
        hands = self._hands.get(id(shop))
        if hands is None:
            hands = self._hands[id(shop)] = await opened(shop)
        active_app.set(hands.app)
        await hands.begin(float(line.options.get("--timeout", "10")))
        try:
            shown, error = self._jsonable(await deed.do(hands, line, secret)), hands.error
        except ShopError as failure:
            shown, error = None, failure
        code = 0 if error is None else error.exit_code
        return Done(code, shown, self._describe(error) if error else None, hands.text())

    def _run(self, shop: Shop, runner: Runner, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Run on the loop of the shop's connections, or on one of our own where it has none."""
        if shop.backend.suspends:
            return runner.run(shop.backend, coroutine, context=self._context)
        if self._loop is None:
            self._loop = asyncio.Runner()
        return self._loop.run(coroutine, context=self._context)
