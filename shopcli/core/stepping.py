"""Running a backend's coroutines, without an event loop where none is needed."""

from collections.abc import Coroutine
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


class MaySuspend(Protocol):
    """What is asked of a backend here."""

    @property
    def name(self) -> str:
        """Its URL without secrets."""

    @property
    def suspends(self) -> bool:
        """False if no coroutine of it ever suspends."""


class Runner:
    """Runs a process's actions one after the other: by hand, or all on one event loop if the backend suspends.

    One loop, because connections belong to the loop that they were opened on.
    """

    def __init__(self) -> None:
        """Start nothing: importing asyncio costs 5.6 times a bare Python start."""
        self._loop: asyncio.Runner | None = None

    def run(self, backend: MaySuspend, coroutine: Coroutine[Any, Any, T], *, context: Context | None = None) -> T:
        """Run `coroutine`, which awaits calls of `backend`, and return its result.

        Ctrl-C cancels it and raises KeyboardInterrupt; the next one can run on. What goes on between two of them runs
        in one `context`.
        """
        if not backend.suspends:
            return _step(backend, coroutine)
        if self._loop is None:
            import asyncio

            from shopcli.core.unwaited import Unwaited

            self._loop = asyncio.Runner()
            self._loop.get_loop().set_default_executor(Unwaited())
        # In a copy of the context of this very action: by itself asyncio would run each one in that of the first,
        # whose deadline is over.
        return self._loop.run(coroutine, context=context or copy_context())

    def close(self) -> None:
        """Cancel what still runs and close the event loop, if there is one; idempotent."""
        if self._loop is not None:
            self._loop.close()
            self._loop = None


def run(backend: MaySuspend, coroutine: Coroutine[Any, Any, T]) -> T:
    """Run one coroutine that nothing follows."""
    runner = Runner()
    try:
        return runner.run(backend, coroutine)
    finally:
        runner.close()


def _step(backend: MaySuspend, coroutine: Coroutine[Any, Any, T]) -> T:
    try:
        coroutine.send(None)
    except StopIteration as finished:
        result: T = finished.value
        return result
    coroutine.close()
    raise RuntimeError(f"{backend.name} claims that it never suspends, and it did")
