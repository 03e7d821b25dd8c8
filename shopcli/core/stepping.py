"""Running a backend's coroutines, without an event loop where none is needed."""

from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class MaySuspend(Protocol):
    """What is asked of a backend here."""

    @property
    def name(self) -> str:
        """Its URL without secrets."""

    @property
    def suspends(self) -> bool:
        """False if no coroutine of it ever suspends."""


def run(backend: MaySuspend, coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine`, which awaits calls of `backend`, and return its result.

    A backend that never suspends is stepped by hand: importing asyncio costs 5.6 times a bare Python start.
    """
    if backend.suspends:
        import asyncio

        return asyncio.run(coroutine)
    try:
        coroutine.send(None)
    except StopIteration as finished:
        result: T = finished.value
        return result
    coroutine.close()
    raise RuntimeError(f"{backend.name} claims that it never suspends, and it did")
