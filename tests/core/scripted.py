"""A shop that misbehaves as told, in time that passes only while somebody sleeps.

For test_silence.py, tests/core/test_checkout.py and tests/core/test_settle.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import pytest

from backends import Backend, CheckoutAttempt, MemorySessions, Order, OrderStatus, PaymentStatus
from backends.conformance.goods import ADDRESS, GOODS
from backends.deadline import deadline
from backends.errors import OutcomeUnknown, ShopError, Unavailable
from shopcli.core.checkout import Checkout
from shopcli.core.intents import Entry
from shopcli.core.journal import Journal
from shopcli.core.stepping import run
from stub_services.inprocess import InProcessBackend, open_memory
from tests.conftest import VirtualClock, countable_ids, plain_passwords

Call = Callable[[], Awaitable[Any]]
Step = Callable[[Call], Awaitable[Any]]
T = TypeVar("T")

EMAIL = "ada@example.org"
PASSWORD = "correct horse battery"
SECONDS = 5.0
"""How much virtual time an action has."""


async def works(call: Call) -> Any:  # noqa: ANN401  whatever the method returns
    return await call()


async def no_connection(call: Call) -> Any:  # noqa: ANN401
    raise Unavailable("nobody listens", service="orders")


async def lost_request(call: Call) -> Any:  # noqa: ANN401
    raise OutcomeUnknown("no answer", service="orders")


async def lost_answer(call: Call) -> Any:  # noqa: ANN401
    await call()
    raise OutcomeUnknown("no answer", service="orders")


def fails(error: ShopError) -> Step:
    """Raise instead of doing it."""

    async def step(call: Call) -> Any:  # noqa: ANN401
        raise error

    return step


def answers(status: OrderStatus | PaymentStatus, **changes: object) -> Step:
    """Do it, and answer that it has come as far as `status`."""

    async def step(call: Call) -> Any:  # noqa: ANN401
        return replace(await call(), status=status, **changes)

    return step


class _Service:
    def __init__(self, name: str, shop: "Scripted") -> None:
        self._name = name
        self._shop = shop

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        return lambda *arguments: self._shop.call(self._name, method, arguments)


class Scripted:
    """The shop in memory; `script` says what happens to the next calls of a method."""

    def __init__(self, real: InProcessBackend) -> None:
        self.name = "scripted:"
        self.capabilities = real.capabilities
        self.suspends = False
        self.made: dict[str, list[tuple[object, ...]]] = {}
        self._real = real
        self._steps: dict[str, Iterator[Step]] = {}
        for name in ("users", "products", "carts", "orders", "payments"):
            setattr(self, name, _Service(name, self))

    def script(self, method: str, *steps: Step, then: Iterable[Step] = ()) -> None:
        """Let the next calls of `method`, ``orders.place`` say, go through `steps` and `then`; later ones work."""
        self._steps[method] = chain(steps, then)

    def calls(self, method: str) -> list[tuple[object, ...]]:
        """Return the arguments of every call of a method."""
        return self.made.get(method, [])

    def account_id(self) -> str | None:
        return self._real.account_id()

    async def call(self, service: str, method: str, arguments: tuple[object, ...]) -> Any:  # noqa: ANN401
        path = f"{service}.{method}"
        self.made.setdefault(path, []).append(arguments)
        if self.suspends:
            await asyncio.sleep(0)
        step = next(self._steps.get(path, iter(())), works)
        return await step(lambda: getattr(getattr(self._real, service), method)(*arguments))


class World:
    """Ada with a full cart in a scripted shop, her journal, and a clock that only sleeping moves."""

    def __init__(self, directory: Path, patch: pytest.MonkeyPatch) -> None:
        plain_passwords(patch)
        self.slept: list[float] = []
        self._seconds = 0.0
        clock = SimpleNamespace(monotonic=lambda: self._seconds, sleep=self._pass)
        patch.setattr("backends.deadline.time", clock)
        patch.setattr("random.random", lambda: 1.0)
        self.clock = VirtualClock()
        self.sessions = MemorySessions()
        self.real = open_memory("memory:", sessions=self.sessions, clock=self.clock, ids=countable_ids())
        self.shop = Scripted(self.real)
        self.path = directory / "journal.db"
        self.journal = Journal(self.path)
        backend = cast("Backend", self.shop)
        self.checkout = Checkout(backend, self.journal, clock=self.clock, ids=countable_ids(10**6), sleep=self._sleep)
        run(self.real, self._move_in())

    def close(self) -> None:
        self.journal.close()
        run(self.real, self.real.aclose())

    async def _move_in(self) -> None:
        await self.real.admin.import_catalog(GOODS)
        await self.real.users.signup("Ada", EMAIL, PASSWORD)
        await self.log_in()
        await self.real.users.save_address(ADDRESS)
        await self.fill()

    async def log_in(self) -> None:
        await self.real.users.login(EMAIL, PASSWORD)

    async def fill(self) -> None:
        await self.real.carts.add("tripod/standard", 1)

    def _pass(self, seconds: float) -> None:
        self._seconds += seconds

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._pass(seconds)

    # --- what she does -----------------------------------------------------------------------

    async def within(self, action: Awaitable[T], seconds: float = SECONDS) -> T:
        """Do something within virtual time."""
        with deadline(seconds):
            return await action

    async def confirm(self) -> CheckoutAttempt:
        """Confirm the cart as it is."""
        return self.checkout.attempt(await self.checkout.prepare(None, None), "tok_visa")

    async def place(self) -> Order:
        """Have an order that waits for its payment, with nothing left in the journal."""
        order = await self.checkout.place(await self.confirm())
        for entry in self.unfinished():
            self.journal.erase(entry)
        return order

    @property
    def account(self) -> str | None:
        return self.real.account_id()

    # --- what can be seen --------------------------------------------------------------------

    def unfinished(self) -> tuple[Entry, ...]:
        """Read her part of the journal as another process would."""
        other = Journal(self.path)
        try:
            return other.unfinished(self.account)
        finally:
            other.close()

    async def status(self, order_id: str) -> OrderStatus:
        return (await self.real.orders.get(order_id)).status

    async def cart_is_full(self) -> bool:
        return len((await self.real.carts.view()).lines) == 1
