"""What all tests share: hashing that costs nothing, and the contract suite's fixtures, clock and ids."""

import asyncio
import inspect
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

from backends.conformance.clock import START, VirtualClock, countable_ids
from stub_services.users.passwords import Argon2Passwords

__all__ = ["START", "VirtualClock", "countable_ids", "plain_passwords"]

pytest_plugins = ["backends.conformance.fixtures"]

# No test is about time that passes on the machine, which may be busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def plain_passwords(patch: pytest.MonkeyPatch) -> None:
    """Make hashing cost nothing; argon2id itself is tested where it lives."""

    async def hashed(_: Argon2Passwords, password: str) -> str:
        return f"plain:{password}"

    async def matches(_: Argon2Passwords, password: str, stored: str | None) -> bool:
        return stored == f"plain:{password}"

    patch.setattr(Argon2Passwords, "hash", hashed)
    patch.setattr(Argon2Passwords, "matches", matches)


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine function and has no `runner` of the contract suite."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    asyncio.run(pyfuncitem.obj(**arguments))
    return True


@pytest.fixture
def ids() -> Callable[[], str]:
    return countable_ids()


@pytest.fixture
def virtual_clock() -> VirtualClock:
    return VirtualClock()
