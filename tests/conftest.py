"""What all tests share: a clock that only moves when told, countable ids, and `async def` tests.

The backends in process never suspend, but an adapter over a wire does: every `async def` test runs on the
event loop of its `runner` fixture, on which its fixtures prepared the shop too.
"""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest

from stub_services.users.passwords import Argon2Passwords

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


class VirtualClock:
    """A `backends.Clock` for tests."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, step: timedelta) -> None:
        """Let time pass."""
        self.now += step


def countable_ids(start: int = 1) -> Callable[[], str]:
    """Return a `backends.Ids` that counts, in the form of UUIDs of version 4."""
    numbers = count(start)
    return lambda: str(UUID(int=next(numbers), version=4))


def plain_passwords(patch: pytest.MonkeyPatch) -> None:
    """Make hashing cost nothing; argon2id itself is tested where it lives."""

    async def hashed(_: Argon2Passwords, password: str) -> str:
        return f"plain:{password}"

    async def matches(_: Argon2Passwords, password: str, stored: str | None) -> bool:
        return stored == f"plain:{password}"

    patch.setattr(Argon2Passwords, "hash", hashed)
    patch.setattr(Argon2Passwords, "matches", matches)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*capabilities): skip where the backend lacks one of these")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine function."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    runner = pyfuncitem.funcargs.get("runner")
    if isinstance(runner, asyncio.Runner):
        runner.run(pyfuncitem.obj(**arguments))
    else:
        asyncio.run(pyfuncitem.obj(**arguments))
    return True


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for a test and its fixtures."""
    with asyncio.Runner() as running:
        yield running


@pytest.fixture
def ids() -> Callable[[], str]:
    return countable_ids()


@pytest.fixture
def virtual_clock() -> VirtualClock:
    return VirtualClock()
