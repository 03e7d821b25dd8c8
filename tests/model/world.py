"""A shop whose messages get lost, late or doubled and whose process dies, by a seeded plan.

Everything is the real thing (services, SQL, outboxes) but the way between: peers and the processor are
reached through `World.send`, commits go through `_FragileDatabase`, and time is a number. One seed replays
one history.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar, cast

from backends.errors import Locked, OutcomeUnknown, Unavailable
from stub_services.database import Database, Statements, Store
from stub_services.inprocess import Shop
from stub_services.orders.service import OrderService
from stub_services.orders.store import OrderRows
from stub_services.payments.processor import TEST_TOKENS, ChargeRows, TestProcessor
from stub_services.payments.service import PaymentService, Processor
from stub_services.payments.store import PaymentRows
from tests.conftest import VirtualClock, countable_ids

if TYPE_CHECKING:
    from stub_services.peers import CartPeer, OrderPeer, PaymentPeer, StockPeer

T = TypeVar("T")

FORGETFUL = timedelta(hours=1)
"""A connection to the processor does not outlive a longer jump of the clock; its late requests are lost."""


class Crash(BaseException):
    """The process died."""


def step(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return cast("T", stop.value)
    msg = "the backend in process suspended"
    raise AssertionError(msg)


@dataclass(frozen=True)
class Rates:
    """How often each fault happens, at each message or commit."""

    request_lost: float = 0.05
    answer_lost: float = 0.05
    late: float = 0.04
    doubled: float = 0.06
    overtaken: float = 0.1
    """Something else happens while the message travels."""
    crash: float = 0.015
    locked: float = 0.01


def moody(random: Random) -> Rates:
    """Return rates that differ from seed to seed: each fault is absent, usual or frequent (swarm testing)."""
    usual = asdict(Rates())
    return Rates(**{fault: rate * random.choice((0, 1, 1, 4)) for fault, rate in usual.items()})


@dataclass(frozen=True)
class _Letter:
    to: str
    deliver: Callable[[], Awaitable[object]]


class _FragileDatabase:
    """A database whose process may die right before or right after a commit."""

    def __init__(self, world: "World", inner: Database) -> None:
        self._world = world
        self._inner = inner

    def read(self) -> AbstractAsyncContextManager[Statements]:
        return self._inner.read()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Statements]:
        if self._world.chance("locked"):
            raise Locked("another process is busy", service="orders")
        async with self._inner.write() as sql:
            yield sql
            self._world.may_crash()
        self._world.may_crash()

    async def close(self) -> None:
        await self._inner.close()


class _Peer:
    """Whatever is asked of it travels as a message."""

    def __init__(self, world: "World", to: str) -> None:
        self._world = world
        self._to = to

    def __getattr__(self, method: str) -> Callable[..., Awaitable[object]]:
        def ask(*arguments: object) -> Awaitable[object]:
            return self._world.send(self._to, lambda: getattr(self._world.receiver(self._to), method)(*arguments))

        return ask


class _FragileShop(Shop):
    """The five services, with unreliable ways between them."""

    def __init__(self, world: "World") -> None:
        super().__init__(None, clock=world.clock, ids=world.ids)
        self.world = world
        self.databases = world.databases or {
            name: _FragileDatabase(world, database) for name, database in self.databases.items()
        }

    @cached_property
    def orders(self) -> OrderService:
        return OrderService(
            Store(self.databases["orders"], OrderRows),
            cast("CartPeer", _Peer(self.world, "carts")),
            cast("StockPeer", _Peer(self.world, "shelves")),
            lambda: cast("PaymentPeer", _Peer(self.world, "payments")),
            clock=self.world.clock,
        )

    @cached_property
    def payments(self) -> PaymentService:
        return PaymentService(
            Store(self.databases["payments"], PaymentRows),
            cast("Processor", _Peer(self.world, "processor")),
            cast("OrderPeer", _Peer(self.world, "orders")),
            test_tokens=TEST_TOKENS,
            clock=self.world.clock,
        )

    @cached_property
    def processor(self) -> TestProcessor:
        return TestProcessor(Store(self.databases["processor"], ChargeRows), clock=self.world.clock)


class World:
    """One shop, its network and its clock. Call `calm_down` to end all faults."""

    def __init__(self, seed: int, rates: Rates | None = None) -> None:
        self.random = Random(seed)  # noqa: S311  a plan has to be repeatable
        self.clock = VirtualClock()
        self.ids = countable_ids()
        self.databases: dict[str, Database] = {}
        self.meanwhile: Callable[[], None] = lambda: None
        self._rates = rates or moody(self.random)
        self._late: list[_Letter] = []
        self._calm = True
        self._nested = 0
        self.restart()
        self.databases = dict(self.shop.databases)

    def restart(self) -> None:
        """A new process on the same databases."""
        self.shop = _FragileShop(self)

    def storm(self) -> None:
        """Let faults happen from now on."""
        self._calm = False

    def calm_down(self) -> None:
        """No faults any more; what is late is still to come."""
        self._calm = True

    def chance(self, fault: str) -> bool:
        """Whether the plan wants this fault here."""
        return not self._calm and self.random.random() < getattr(self._rates, fault)

    def may_crash(self) -> None:
        """Die here if the plan says so."""
        if self.chance("crash"):
            raise Crash

    def receiver(self, to: str) -> object:
        """Return the service as it runs now."""
        return getattr(self.shop, to)

    def run(self, make: Callable[[], Awaitable[T]]) -> T:
        """Run something in the shop's process; after a crash there is a new process. Raises Crash."""

        async def whole() -> T:
            return await make()

        try:
            return step(whole())
        except Crash:
            self.restart()
            raise

    async def send(self, to: str, deliver: Callable[[], Awaitable[T]]) -> T:
        """Carry a message, or not. Raises Unavailable or OutcomeUnknown where the sender hears nothing."""
        self._overtake()
        if self.chance("request_lost"):
            raise Unavailable("the request was lost")
        if self.chance("late"):
            self._late.append(_Letter(to, deliver))
            raise OutcomeUnknown("the request is late")
        answer = await deliver()
        if self.chance("doubled"):
            self._late.append(_Letter(to, deliver))
        self._overtake()
        if self.chance("answer_lost"):
            raise OutcomeUnknown("the answer was lost")
        return answer

    def _overtake(self) -> None:
        """Let others do something while a message travels."""
        if self._nested >= 2 or not self.chance("overtaken"):
            return
        self._nested += 1
        try:
            if self._late and self.random.random() < 0.5:
                self.deliver_late(1)
            else:
                self.meanwhile()
        finally:
            self._nested -= 1

    def deliver_late(self, most: int = 10**9) -> None:
        """Deliver late messages in any order; nobody waits for their answers any more."""
        for _ in range(min(most, len(self._late))):
            if not self._late:  # one letter may lead to the next
                return
            letter = self._late.pop(self.random.randrange(len(self._late)))
            try:
                self.run(letter.deliver)
            except (Exception, Crash) as error:
                if not isinstance(error, Crash) and not hasattr(error, "outcome"):
                    raise

    def advance(self, hop: timedelta) -> None:
        """Let time pass; not much of it while messages travel, whose senders would have given up."""
        if self._nested:
            hop = min(hop, FORGETFUL * 0.6)
        if hop > FORGETFUL:
            self._late = [letter for letter in self._late if letter.to != "processor"]
        self.clock.advance(hop)

    def run_due(self) -> None:
        """Do what waits, as every writing command does first."""
        try:
            self.run(self.shop.run_due)
        except Crash:
            return

    def rows(self, database: str, sql: str, *parameters: object) -> list[dict[str, Any]]:
        """Look into a database, for the checker only."""

        async def read() -> list[dict[str, Any]]:
            async with self.databases[database].read() as statements:
                return [dict(row) for row in await statements.all(sql, *parameters)]

        return step(read())
