"""Asking the shop on a thread of its own, so that no lock, no disk, no decoding and no TLS stops a key."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import Any, NamedTuple, TypeVar

from backends.deadline import DEFAULT_SECONDS, deadline
from backends.tracing import Hop, recording
from shopcli.core.shop import Shop

T = TypeVar("T")
Action = Callable[[Shop], Coroutine[Any, Any, T]]

CLOSE_SECONDS = 1.0
"""What still runs when the person leaves is given so long. It is journalled, and settled the next time."""


class Last(NamedTuple):
    """What was asked last, and who asked whom for it."""

    name: str
    hops: tuple[Hop, ...]


class Background:
    """One shop, one event loop, one thread: what SQLite and open connections want anyway."""

    def __init__(self, shop: Shop, *, timeout: float = DEFAULT_SECONDS) -> None:
        """Start the thread; `timeout` is the deadline of an action in seconds."""
        self.shop = shop
        self.timeout = timeout
        self.last = Last("", ())
        """The last thing that the person did and that asked anybody."""
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._closing = asyncio.Event()
        self._thread = Thread(target=lambda: asyncio.run(self._serve()), name="shop", daemon=True)
        self._thread.start()
        self._loop = self._started.result()

    async def do(self, action: Action[T], *, within: float | None = None, name: str = "") -> T:
        """Run an action of the shop until its deadline. Cancelling the caller cancels it. Raises ShopError.

        What a person did has a `name`, and who asked whom for it is kept in `last`; what merely looks on has none.
        """
        return await asyncio.wrap_future(self._begun(self._run(action, within or self.timeout, name)))

    async def close(self) -> None:
        """Close the shop and end the thread, or leave it to the end of the process if it is stuck."""
        with suppress(Exception):
            await asyncio.wait_for(asyncio.wrap_future(self._begun(self.shop.aclose())), CLOSE_SECONDS)
        self._loop.call_soon_threadsafe(self._closing.set)
        await asyncio.to_thread(self._thread.join, CLOSE_SECONDS)

    async def _serve(self) -> None:
        """Run until closed; what is not done by then is cancelled."""
        self._started.set_result(asyncio.get_running_loop())
        await self._closing.wait()

    async def _run(self, action: Action[T], seconds: float, name: str) -> T:
        with recording() as hops, deadline(seconds):
            try:
                return await action(self.shop)
            finally:
                if name and hops:
                    self.last = Last(name, tuple(hops))

    def _begun(self, coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
