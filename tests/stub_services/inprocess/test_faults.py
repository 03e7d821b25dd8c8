"""Injected faults in process: what a customer notices, what other services notice, and what stays as it was."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest

from backends import (
    Admin,
    Backend,
    Capability,
    CheckoutAttempt,
    Fault,
    FaultKind,
    MemorySessions,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
)
from backends.conformance.goods import GOODS
from backends.conformance.harness import SERVICES, Harness, Methods, Person
from backends.deadline import deadline
from backends.errors import NotFound, Outcome, OutcomeUnknown, RateLimited, ShopError, StorageError, Unavailable
from stub_services.faults import CRASHED, Faults, MemoryFaults
from stub_services.inprocess import InProcessBackend, Shop
from stub_services.inprocess.faults import READS, Troubles
from tests.conftest import VirtualClock, countable_ids, plain_passwords

TRIPOD = "tripod/standard"
SILENT = [FaultKind.HANG, FaultKind.REQUEST_LOST, FaultKind.ANSWER_LOST, FaultKind.TRUNCATE]
T = TypeVar("T")
DONE = {FaultKind.ANSWER_LOST, FaultKind.TRUNCATE}


class Died(BaseException):
    """The process ended."""


def die(code: int) -> None:
    assert code == CRASHED
    raise Died


class World:
    """A shop whose processes come and go, on files or in one memory."""

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory
        self.clock, self.ids = VirtualClock(), countable_ids()
        self.sessions = MemorySessions()
        self.slept: list[float] = []
        self.random = Random(1)  # noqa: S311  a plan has to be repeatable
        self._shop: Shop | None = None

    def shop(self) -> Shop:
        """The shop as a new process opens it; in memory there is only one."""
        if self._shop is None or self.directory is not None:
            self._shop = Shop(self.directory, clock=self.clock, ids=self.ids)
        return self._shop

    def ada(self) -> Person:
        backend = InProcessBackend("sqlite:", self.shop(), self.sessions)
        harness = Harness(lambda _: backend, self.ids, self.clock, Methods("tok_visa"))
        return Person(backend, harness, "Ada", "ada@example.org")

    def troubled(self, *faults: Fault) -> Person:
        """Ada in a process in which these faults are injected, waiting takes no time and dying is an exception."""
        ada = self.ada()
        shop: Shop = ada.backend.shop  # type: ignore[attr-defined]
        shop.wiring.troubles = Troubles(None, faults=self._faults, sleep=self.slept.append)
        for fault in faults:
            shop.wiring.troubles.inject(fault)
        return ada

    def calm(self) -> Person:
        """Ada in a process without faults."""
        ada = self.ada()
        ada.backend.shop.wiring.troubles = None  # type: ignore[attr-defined]
        return ada

    def _faults(self, store: MemoryFaults) -> Faults:
        return Faults(store, dice=self.random.random, end=die)


@pytest.fixture(params=["memory", "sqlite"])
def world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: asyncio.Runner
) -> World:
    plain_passwords(monkeypatch)
    made = World(tmp_path / "shop" if request.param == "sqlite" else None)
    ada = made.ada()
    assert ada.backend.admin is not None
    runner.run(ada.backend.admin.import_catalog(GOODS))
    runner.run(ada.sign_up())
    runner.run(ada.log_in())
    return made


def admin(person: Person) -> Admin:
    assert person.backend.admin is not None
    return person.backend.admin


async def pieces(person: Person) -> int:
    return sum(line.quantity for line in (await person.backend.carts.view()).lines)


# --- what a customer notices ---------------------------------------------------------------------


async def noticed(call: Awaitable[object]) -> ShopError:
    with pytest.raises(ShopError) as caught:
        await call
    assert caught.value.service == "carts"
    return caught.value


@pytest.mark.parametrize("kind", [FaultKind.STOPPED, FaultKind.ERROR, FaultKind.RATE_LIMITED])
async def test_a_refused_call_surely_did_nothing(world: World, kind: FaultKind) -> None:
    backend = world.troubled(Fault("carts", kind, seconds=7)).backend
    for call in (backend.carts.add(TRIPOD, 1), backend.carts.view()):
        error = await noticed(call)
        assert isinstance(error, Unavailable)
        assert error.outcome is Outcome.NOT_APPLIED
        assert isinstance(error, RateLimited) is (kind is FaultKind.RATE_LIMITED)
        assert error.retry_after == (7 if kind is FaultKind.RATE_LIMITED else None)
    assert await pieces(world.calm()) == 0


@pytest.mark.parametrize("kind", SILENT)
async def test_after_silence_nobody_knows_what_became_of_a_write(world: World, kind: FaultKind) -> None:
    error = await noticed(world.troubled(Fault("carts", kind)).backend.carts.add(TRIPOD, 1))
    assert isinstance(error, OutcomeUnknown)
    assert error.hint == "shop cart show"
    assert await pieces(world.calm()) == (kind in DONE)


@pytest.mark.parametrize("kind", SILENT)
async def test_after_silence_a_read_is_unavailable(world: World, kind: FaultKind) -> None:
    error = await noticed(world.troubled(Fault("carts", kind)).backend.carts.view())
    assert type(error) is Unavailable
    assert error.outcome is Outcome.NOT_APPLIED


async def test_a_hanging_service_takes_all_the_time_there_is(world: World) -> None:
    backend = world.troubled(Fault("carts", FaultKind.HANG)).backend
    with deadline(4):
        await noticed(backend.carts.view())
    assert world.slept == [pytest.approx(4, abs=0.5)]


@pytest.mark.parametrize(("seconds", "slept"), [(2, 2), (60, 4)])
async def test_latency_is_waited_for_within_the_deadline(world: World, seconds: float, slept: float) -> None:
    backend = world.troubled(Fault("carts", FaultKind.LATENCY, seconds=seconds)).backend
    with deadline(4):
        await backend.carts.view()
    assert world.slept == [pytest.approx(slept, abs=0.5)]


async def test_only_the_action_is_hit(world: World) -> None:
    backend = world.troubled(Fault("carts", FaultKind.ERROR, "add")).backend
    assert (await backend.carts.view()).lines == ()
    await noticed(backend.carts.add(TRIPOD, 1))


def test_every_read_is_a_method(world: World) -> None:
    shop = world.shop()
    for service, methods in READS.items():
        rules = (getattr(shop, service), *([shop.shelves] if service == "products" else []))
        assert [name for name in sorted(methods) if not any(hasattr(rule, name) for rule in rules)] == []


# --- the owner's port ----------------------------------------------------------------------------


async def test_faults_can_be_injected_here(world: World) -> None:
    assert Capability.FAULTS in world.ada().backend.capabilities


async def test_faults_last_from_one_command_to_the_next(world: World) -> None:
    stopped, slow = Fault("payments", FaultKind.STOPPED), Fault("payments", FaultKind.LATENCY, "pay", seconds=0.5)
    await admin(world.ada()).inject(slow)
    await admin(world.ada()).stop("payments")
    assert await admin(world.ada()).faults() == (slow, stopped)
    with pytest.raises(Unavailable, match="payments is stopped") as caught:
        await world.ada().backend.payments.methods()
    assert (caught.value.service, caught.value.hint) == ("payments", "shop services start payments")
    await admin(world.ada()).start("payments")
    assert await admin(world.ada()).faults() == (slow,)
    assert await world.ada().backend.payments.methods()
    await admin(world.ada()).clear_faults("carts")
    assert await admin(world.ada()).faults() == (slow,)
    await admin(world.ada()).clear_faults("payments")
    assert await admin(world.ada()).faults() == ()


async def test_a_fault_for_one_time_hits_one_command(world: World) -> None:
    await admin(world.ada()).inject(Fault("payments", FaultKind.ERROR, times=1))
    with pytest.raises(Unavailable):
        await world.ada().backend.payments.methods()
    assert await world.ada().backend.payments.methods()


async def test_a_process_that_runs_already_notices(world: World) -> None:
    running = world.ada()
    assert await running.backend.payments.methods()
    await admin(world.ada()).stop("payments")
    with pytest.raises(Unavailable):
        await running.backend.payments.methods()
    await admin(world.ada()).clear_faults()
    assert await running.backend.payments.methods()


async def test_stopping_starting_and_restarting_are_idempotent(world: World) -> None:
    port = admin(world.ada())
    for act in (port.start, port.stop, port.stop, port.restart, port.restart, port.start):
        await act("carts")
    assert await port.faults() == ()
    assert (await world.ada().backend.carts.view()).lines == ()


@pytest.mark.parametrize("name", ["gateway", "processor", "postman"])
async def test_services_that_are_not_here_are_not_found(world: World, name: str) -> None:
    port = admin(world.ada())
    for call in (port.stop, port.start, port.restart, port.clear_faults):
        with pytest.raises(NotFound):
            await call(name)
    with pytest.raises(NotFound):
        await port.inject(Fault(name, FaultKind.ERROR))


async def test_a_stopped_service_is_down(world: World) -> None:
    await admin(world.ada()).stop("orders")
    health = {each.service: (each.status, each.detail) for each in await world.ada().backend.health()}
    assert health.pop("orders") == ("down", "orders is stopped")
    assert set(health.values()) == {("up", "")}


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
async def test_a_damaged_file_is_named_and_clearing_repairs_it(world: World) -> None:
    assert world.directory is not None
    (world.directory / "faults.json").write_text("?")
    backend = world.ada().backend
    for call in (backend.carts.view, backend.users.me, admin(world.ada()).faults):
        with pytest.raises(StorageError, match=r"faults\.json"):
            await call()
    assert {each.status for each in await world.ada().backend.health()} == {"down"}
    await admin(world.ada()).clear_faults()
    assert (await backend.carts.view()).lines == ()


_LISTING = """
import sys
from backends import ProductQuery, open_backend
from shopcli.core.stepping import run
backend = open_backend("sqlite:" + sys.argv[1])
run(backend, backend.products.list(ProductQuery(), 1))
print(*{"stub_services.faults", "stub_services.inprocess.faults", "backends.tracing", "random"} & set(sys.modules))
"""


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
async def test_without_faults_nothing_about_them_is_imported(world: World) -> None:
    command = [sys.executable, "-c", _LISTING, str(world.directory)]
    root = Path(__file__).parents[3]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # it imports a lot itself
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=root, env=plain, timeout=50)
    assert done.stdout == "\n"


# --- what other services notice: the table in docs/checkout.md --------------------------------------


async def browse(person: Person) -> object:
    return await person.backend.products.get("tripod")


async def edit(person: Person) -> object:
    return await person.backend.carts.clear()


async def look_back(person: Person) -> object:
    return await person.backend.orders.list(10)


async def log_in(person: Person) -> object:
    return await person.log_in()


UNAFFECTED: list[tuple[Callable[[Person], Awaitable[object]], set[str]]] = [
    (browse, SERVICES - {"products"}),
    (edit, SERVICES - {"users", "carts"}),
    (look_back, SERVICES - {"users", "orders"}),
    (log_in, SERVICES - {"users"}),
]


@pytest.mark.parametrize("kind", [FaultKind.STOPPED, FaultKind.ERROR, FaultKind.HANG, FaultKind.ANSWER_LOST])
@pytest.mark.parametrize(
    ("act", "service"),
    [(act, service) for act, services in UNAFFECTED for service in sorted(services)],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
async def test_a_service_that_is_not_needed_may_fail(
    world: World, act: Callable[[Person], Awaitable[object]], service: str, kind: FaultKind
) -> None:
    await world.ada().order((TRIPOD, 1))
    await act(world.troubled(Fault(service, kind)))


async def test_without_products_a_cart_shows_unconfirmed_prices_and_takes_nothing(world: World) -> None:
    await world.ada().fill((TRIPOD, 2))
    person = world.troubled(Fault("products", FaultKind.STOPPED))
    assert [notice.code for notice in (await person.backend.carts.view()).notices] == ["prices_unconfirmed"]
    with pytest.raises(Unavailable) as caught:
        await person.backend.carts.add("camera/standard", 1)
    assert caught.value.service == "products"


@pytest.mark.parametrize("kind", [FaultKind.STOPPED, FaultKind.ERROR, *SILENT])
@pytest.mark.parametrize("service", ["carts", "products"])
async def test_an_order_waits_for_carts_and_products(world: World, service: str, kind: FaultKind) -> None:
    await world.ada().fill((TRIPOD, 1))
    attempt = await world.ada().attempt()
    assert (await world.troubled(Fault(service, kind)).backend.orders.place(attempt)).status is OrderStatus.PLACING
    assert (await world.calm().backend.orders.place(attempt)).status is OrderStatus.AWAITING_PAYMENT
    assert await world.calm().stock("tripod") == 49


async def test_half_placed_orders_go_on_by_themselves_when_the_service_is_back(world: World) -> None:
    await world.ada().fill((TRIPOD, 1))
    attempt = await world.ada().attempt()
    person = world.troubled(Fault("carts", FaultKind.STOPPED))
    await person.backend.orders.place(attempt)
    await world.calm().backend.carts.clear()
    order = await world.calm().backend.orders.get(attempt.key)
    assert order.status is OrderStatus.AWAITING_PAYMENT


@pytest.mark.parametrize("kind", [FaultKind.STOPPED, *SILENT])
async def test_paying_is_pending_while_orders_is_silent_to_payments(world: World, kind: FaultKind) -> None:
    order = await world.ada().order((TRIPOD, 1))
    person = world.troubled(Fault("orders", kind, "amount_due"))
    assert (await person.backend.payments.pay(order.id, "tok_visa", "p1")).status is PaymentStatus.CREATED
    assert (await world.calm().backend.payments.pay(order.id, "tok_visa", "p1")).status is PaymentStatus.SETTLED


async def test_cancelling_needs_no_payments_and_the_refund_follows(world: World) -> None:
    order = await world.ada().order((TRIPOD, 1))
    await world.ada().backend.payments.pay(order.id, "tok_visa", "p1")
    person = world.troubled(Fault("payments", FaultKind.STOPPED))
    assert (await person.backend.orders.cancel(order.id, "key")).status is OrderStatus.CANCELLED
    await person.backend.carts.clear()
    assert (await person.backend.orders.get(order.id)).status is OrderStatus.CANCELLED
    await world.calm().backend.carts.clear()
    assert (await world.calm().backend.orders.get(order.id)).status is OrderStatus.REFUNDED


async def test_a_stopped_service_does_nothing_on_its_own_either(world: World) -> None:
    await world.ada().fill((TRIPOD, 1))
    attempt = await world.ada().attempt()
    await world.troubled(Fault("carts", FaultKind.STOPPED)).backend.orders.place(attempt)
    await world.troubled(Fault("orders", FaultKind.STOPPED)).backend.carts.clear()
    assert (await world.calm().backend.orders.get(attempt.key)).status is OrderStatus.PLACING


async def test_what_waits_for_a_hanging_service_leaves_time_for_what_was_asked(world: World) -> None:
    order = await world.ada().order((TRIPOD, 1))
    await world.ada().backend.payments.pay(order.id, "tok_visa", "p1")
    await world.troubled(Fault("payments", FaultKind.STOPPED)).backend.orders.cancel(order.id, "key")
    person = world.troubled(Fault("payments", FaultKind.HANG))
    with deadline(8):
        await person.backend.carts.clear()
    assert world.slept == [pytest.approx(2, abs=0.5)]


# --- crashes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [False, True])
async def test_a_crash_before_a_commit_undoes_it_and_one_after_it_does_not(world: World, *, after: bool) -> None:
    person = world.troubled(Fault("carts", FaultKind.CRASH, "add", after=after))
    with pytest.raises(Died):
        await person.backend.carts.add(TRIPOD, 1)
    assert await pieces(world.calm()) == after


async def test_other_services_and_the_processor_have_commits_of_their_own(world: World) -> None:
    order = await world.ada().order((TRIPOD, 1))
    person = world.troubled(Fault("payments", FaultKind.CRASH, step=3))
    with pytest.raises(Died):
        await person.backend.payments.pay(order.id, "tok_visa", "p1")
    # created, charging, then the processor took the money, and payments died before it wrote that down
    assert (await world.calm().backend.payments.list(order.id))[0].status is PaymentStatus.CHARGING
    assert (await world.calm().backend.payments.pay(order.id, "tok_visa", "p1")).status is PaymentStatus.SETTLED


_CRASH = """
import asyncio, sys
from backends import Fault, FaultKind, open_backend
async def main():
    backend = open_backend("sqlite:" + sys.argv[1])
    await backend.admin.inject(Fault("carts", FaultKind.CRASH, after=True, times=1))
    await backend.carts.add("tripod/standard", 1)
    print("alive")
asyncio.run(main())
"""


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
async def test_a_real_process_dies(world: World) -> None:
    command = [sys.executable, "-c", _CRASH, str(world.directory)]
    root = Path(__file__).parents[3]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=root, timeout=50)
    assert (ended.returncode, ended.stdout, ended.stderr) == (CRASHED, "", "")
    assert await admin(world.ada()).faults() == ()


# --- everything at once --------------------------------------------------------------------------


@pytest.mark.parametrize("world", ["memory"], indirect=True)
@pytest.mark.parametrize("seed", range(25))
async def test_whatever_fails_a_checkout_ends_as_one_order_and_one_charge(world: World, seed: int) -> None:
    await world.ada().fill((TRIPOD, 2))
    attempt = await world.ada().attempt()
    world.random.seed(seed)
    kinds = [*SILENT, FaultKind.ERROR, FaultKind.RATE_LIMITED, FaultKind.LATENCY, FaultKind.CRASH]
    some = [Fault(name, world.random.choice(kinds), rate=0.3) for name in sorted(SERVICES) for _ in range(2)]
    order = await repeated(lambda: world.troubled(*some).backend.orders.place(attempt), lambda: placed(world, attempt))
    assert order.status is OrderStatus.AWAITING_PAYMENT
    assert (await paid(world, order, some)).status is PaymentStatus.SETTLED
    assert (await world.calm().backend.orders.get(order.id)).status is OrderStatus.PAID
    assert await kept(world) == [order.totals.total.minor]
    assert await world.calm().stock("tripod") == 48


async def placed(world: World, attempt: CheckoutAttempt) -> Order:
    return await world.calm().backend.orders.place(attempt)


async def paid(world: World, order: Order, some: list[Fault]) -> Payment:
    def pay(backend: Backend) -> Awaitable[Payment]:
        return backend.payments.pay(order.id, "tok_visa", "p1")

    return await repeated(lambda: pay(world.troubled(*some).backend), lambda: pay(world.calm().backend))


async def repeated(bad: Callable[[], Awaitable[T]], good: Callable[[], Awaitable[T]]) -> T:
    """Try in bad times, whatever comes of it, then in good ones."""
    for _ in range(4):
        try:
            await bad()
        except (ShopError, Died):
            continue
    return await good()


async def kept(world: World) -> list[int]:
    async with world.shop().databases["processor"].read() as sql:
        rows = await sql.all("SELECT amount - refunded AS kept FROM charges WHERE state = 'captured'")
    return [row["kept"] for row in rows]
