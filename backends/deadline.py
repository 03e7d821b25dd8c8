"""One deadline for a whole action, however many calls it takes.

Timeouts of single reads add up (a dripping server held a one-second timeout for 5.6 s), so a front end
opens `deadline(seconds)` around an action and adapters ask `remaining()` before each wait.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

DEFAULT_SECONDS = 10.0

T = TypeVar("T")

_ends_at: ContextVar[float | None] = ContextVar("deadline", default=None)
_leapt: ContextVar[float] = ContextVar("leapt", default=0.0)


@contextmanager
def deadline(seconds: float = DEFAULT_SECONDS) -> Iterator[None]:
    """Bound everything inside by `seconds` from now; an outer, earlier deadline wins.

    Whatever waits in a loop opens one itself, so that nobody waits for ever who opened none.
    """
    outer = _ends_at.get()
    ends_at = _now() + seconds
    token = _ends_at.set(ends_at if outer is None else min(outer, ends_at))
    try:
        yield
    finally:
        _ends_at.reset(token)


def remaining() -> float:
    """Seconds left for the current action, never negative; the default where no deadline is open."""
    ends_at = _ends_at.get()
    return DEFAULT_SECONDS if ends_at is None else max(0.0, ends_at - _now())


def leap(seconds: float) -> None:
    """Bring all deadlines nearer without waiting: a virtual clock slept that long."""
    _leapt.set(_leapt.get() + seconds)


def until_deadline(action: Callable[[], T], busy: Callable[[Exception], bool], pause: float) -> T:
    """Repeat `action` while it fails with what `busy` calls a lock of somebody else; the last failure is raised.

    The waiting is ours, `pause` seconds a time, and not a library's: Ctrl-C works while it lasts.
    """
    with deadline():
        while True:
            try:
                return action()
            except Exception as error:
                if not busy(error) or not remaining():
                    raise
                time.sleep(min(pause, remaining()))


def _now() -> float:
    return time.monotonic() + _leapt.get()
