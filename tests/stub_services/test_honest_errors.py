"""An error that says "not applied" is true, at whichever transaction another process holds the lock."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from backends import MemorySessions
from backends.conformance.goods import ADDRESS, GOODS
from backends.conformance.harness import Harness, Methods, Person
from backends.errors import Locked, Outcome, ShopError
from stub_services.database import Database, Statements
from stub_services.inprocess import InProcessBackend, Shop
from tests.conftest import VirtualClock, countable_ids, plain_passwords


class Blocked:
    """A database in which transaction number `fails_at`, counted over all databases, finds a lock."""

    def __init__(self, inner: Database, count: "Count") -> None:
        self._inner = inner
        self._count = count

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Statements]:
        self._count.up("read")
        async with self._inner.read() as sql:
            yield sql

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Statements]:
        self._count.up("write")
        async with self._inner.write() as sql:
            yield sql

    async def close(self) -> None:
        await self._inner.close()


class Count:
    """Transactions of one kind so far."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self.done = 0
        self.fails_at = 0

    def up(self, kind: str) -> None:
        self.done += kind == self._kind
        if kind != self._kind:
            return
        if self.done == self.fails_at:
            raise Locked("another process is busy; nothing was changed", service="orders")


async def everything(databases: dict[str, Database]) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, but for the count of log-ins that failed, which is what it is for."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for name, database in databases.items():
        async with database.read() as sql:
            for table in await sql.all("SELECT name FROM sqlite_master WHERE type = 'table'"):
                rows = await sql.all(f"SELECT * FROM {table['name']}")  # noqa: S608  our own schema
                found[f"{name}.{table['name']}"] = [tuple(dict(row).values()) for row in rows]
    found.pop("users.attempts")
    return found


async def cart_add(ada: Person) -> Callable[[], Awaitable[object]]:
    return lambda: ada.backend.carts.add("tripod/standard", 1)


async def cart_clear(ada: Person) -> Callable[[], Awaitable[object]]:
    await ada.fill(("tripod/standard", 2))
    return ada.backend.carts.clear


async def cart_address(ada: Person) -> Callable[[], Awaitable[object]]:
    return lambda: ada.backend.carts.set_address(ADDRESS, ada.email)


async def log_in(ada: Person) -> Callable[[], Awaitable[object]]:
    return ada.log_in


async def change_password(ada: Person) -> Callable[[], Awaitable[object]]:
    return lambda: ada.backend.users.change_password("correct horse battery", "another long one")


async def rename(ada: Person) -> Callable[[], Awaitable[object]]:
    return lambda: ada.backend.users.rename("Ada Lovelace")


async def change_email(ada: Person) -> Callable[[], Awaitable[object]]:
    return lambda: ada.backend.users.change_email("lovelace@example.org", "correct horse battery")


async def delete_account(ada: Person) -> Callable[[], Awaitable[object]]:
    await ada.fill(("tripod/standard", 2))
    return lambda: ada.backend.users.delete_account("correct horse battery")


async def place(ada: Person) -> Callable[[], Awaitable[object]]:
    await ada.fill(("tripod/standard", 2))
    attempt = await ada.attempt()
    return lambda: ada.backend.orders.place(attempt)


async def place_rejected(ada: Person) -> Callable[[], Awaitable[object]]:
    await ada.fill(("tripod/standard", 2))
    attempt = await ada.attempt()
    await ada.backend.carts.add("tripod/standard", 1)
    return lambda: ada.backend.orders.place(attempt)


async def cancel(ada: Person) -> Callable[[], Awaitable[object]]:
    order = await ada.order(("tripod/standard", 2))
    return lambda: ada.backend.orders.cancel(order.id, "key")


async def cancel_unknown(ada: Person) -> Callable[[], Awaitable[object]]:
    return lambda: ada.backend.orders.cancel("never-seen", "key")


async def pay(ada: Person) -> Callable[[], Awaitable[object]]:
    order = await ada.order(("tripod/standard", 2))
    return lambda: ada.backend.payments.pay(order.id, "tok_visa", "p1")


async def pay_declined(ada: Person) -> Callable[[], Awaitable[object]]:
    order = await ada.order(("tripod/standard", 2))
    return lambda: ada.backend.payments.pay(order.id, "tok_declined", "p1")


async def refund(ada: Person) -> Callable[[], Awaitable[object]]:
    order = await ada.order(("tripod/standard", 2))
    await ada.backend.payments.pay(order.id, "tok_visa", "p1")
    return lambda: ada.backend.payments.refund("p1", "key")


ACTIONS = (
    cart_add,
    cart_clear,
    cart_address,
    log_in,
    rename,
    change_email,
    change_password,
    delete_account,
    place,
    place_rejected,
    cancel,
    cancel_unknown,
    pay,
    pay_declined,
    refund,
)


def customer(backend: InProcessBackend, ids: Callable[[], str], clock: VirtualClock) -> Person:
    return Person(backend, Harness(lambda _: backend, ids, clock, Methods("tok_visa")), "Ada", "ada@example.org")


@pytest.mark.parametrize("kind", ["write", "read"])
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)
async def test_not_applied_means_that_nothing_changed(
    action: Callable[[Person], Awaitable[Callable[[], Awaitable[object]]]], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_passwords(monkeypatch)
    dishonest: list[tuple[int, list[str]]] = []
    for number in range(1, 200):
        count, clock, ids = Count(kind), VirtualClock(), countable_ids()
        shop = Shop(None, clock=clock, ids=ids)
        inner: dict[str, Database] = dict(shop.databases)
        shop.databases = {name: Blocked(database, count) for name, database in inner.items()}
        backend = InProcessBackend("memory:", shop, MemorySessions())
        await backend.admin.import_catalog(GOODS)
        ada = customer(backend, ids, clock)
        await ada.sign_up()
        await ada.log_in()
        call = await action(ada)
        before = await everything(inner)
        count.done, count.fails_at = 0, number
        try:
            await call()
        except ShopError as error:
            after = await everything(inner)
            if error.outcome is Outcome.NOT_APPLIED and before != after:
                dishonest.append((number, sorted(table for table in after if after[table] != before[table])))
        if count.done < number:
            break
        await shop.close()
    else:
        pytest.fail("the action never ended")
    assert dishonest == []
