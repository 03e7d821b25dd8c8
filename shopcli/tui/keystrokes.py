"""Keys one after the other: each is looked at once the one before has done all that it does.

Textual hands keys on as fast as they come and moves the focus later. Over a slow line, from a program, or under a quick
hand several arrive at once, and what is meant for the next field, a password perhaps, ends in the one before.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.events import Key, Paste
from textual.message_pump import MessagePump

if TYPE_CHECKING:
    from textual.timer import Timer

STUCK_SECONDS = 1.0
"""Behind a widget that has still not looked at a key after so long, the others go on: it may be gone."""

Keystroke = Key | Paste


class Keystrokes:
    """Holds keys back while one is under way.

    A call follows each key on the way that its messages take: through the queues of the widget with the focus and of
    what that is in, up to the app, and into another screen if the key opened one.
    """

    def __init__(self, app: App[Any], pass_on: Callable[[Keystroke], Awaitable[None]]) -> None:
        """Hand keys to `pass_on`."""
        self._app = app
        self._pass_on = pass_on
        self._waiting: deque[Keystroke] = deque()
        self._count = 0
        self._limit: Timer | None = None
        """Runs while a key is under way."""

    @property
    def under_way(self) -> bool:
        """Whether a key has not done yet all that it does."""
        return self._limit is not None

    async def take(self, event: Keystroke) -> None:
        """Pass it on, now or in its turn."""
        if self.under_way:
            self._waiting.append(event)
        else:
            await self._begin(event)

    async def _begin(self, event: Keystroke) -> None:
        self._count += 1
        done = partial(self._done, self._count)
        self._limit = self._app.set_timer(STUCK_SECONDS, done)
        screen = self._app.screen
        target = self._app.focused or screen
        await self._pass_on(event)
        # Twice: first the key finds its binding, then what the action makes a widget say finds who handles that.
        self._follow([*target.ancestors_with_self] * 2, partial(self._arrived, screen, done))

    def _arrived(self, screen: MessagePump, done: Callable[[], Awaitable[None]]) -> None:
        another = [] if self._app.screen is screen else [self._app.screen]
        self._follow([*another, self._app], done)

    def _follow(self, way: Sequence[MessagePump], then: Callable[[], Any]) -> None:
        """Go through these queues, past those that are closed, then call."""
        for place, pump in enumerate(way[:-1]):
            if pump.call_later(partial(self._follow, way[place + 1 :], then)):
                return
        way[-1].call_later(then)

    async def _done(self, number: int) -> None:
        if number == self._count and self._limit is not None:
            self._limit.stop()
            self._limit = None
            if self._waiting:
                await self._begin(self._waiting.popleft())
