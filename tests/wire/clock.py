"""An event loop on which time jumps to the next timer whenever nothing else is left to do: no test ever waits."""

import asyncio
import selectors
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from stub_services.sqlite_serving import ServingSqlite
from stub_services.wire.tokens import Verifier
from tests.conftest import START


class _Jumping(selectors.SelectSelector):
    """Waits for nobody: the time that it should wait is over at once."""

    jump: Callable[[float], None]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits, and nothing will ever happen")
        if timeout > 0:
            self.jump(timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time is a number; one of several loops may go on from the time of another one."""

    def __init__(self, now: float = 0.0) -> None:
        selector = _Jumping()
        selector.jump = self.jump
        self._now = now
        super().__init__(selector)

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float) -> None:
        """Let time pass at once; whatever was due meanwhile happens late."""
        self._now += seconds


def _here() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


def clock() -> datetime:
    """The time of day on the running loop."""
    return START + timedelta(seconds=_here().time())


def virtual_time(patch: pytest.MonkeyPatch) -> None:
    """Let deadlines, the gateway's bounds and the pauses of those who look for keys count the running loop's time."""
    patch.delattr(ServingSqlite, "apart", raising=False)  # a thread has a loop of its own, whose time is the machine's
    counted = SimpleNamespace(
        monotonic=lambda: _here().time(),
        perf_counter=lambda: _here().time(),
        sleep=lambda seconds: _here().jump(seconds),
        time=time.time,
    )
    patch.setattr("backends.deadline.time", counted)
    patch.setattr("stub_services.gateway.proxy.time", counted)
    defaults = Verifier.__init__.__kwdefaults__
    assert defaults is not None
    patch.setitem(defaults, "monotonic", counted.monotonic)
