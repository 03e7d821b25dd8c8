"""What is wrong with a database is for the log, and for nobody who shops."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backends.errors import ConfigurationError, Locked, Outcome, OutcomeUnknown, ShopError, StorageError, Unavailable
from stub_services.database import Database, Statements
from stub_services.sqlite import SqliteDatabase
from stub_services.wire import log
from tests.conftest import VirtualClock, countable_ids
from tests.five import Five
from tests.stub_services.wire.conftest import GUEST, Wire

PLACE = "/home/shop/data/carts.db"
HINT = f"mv {PLACE} {PLACE}.damaged"


class Failing:
    """A database that fails when it is told to."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.error: ShopError | None = None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Statements]:
        if self.error is not None:
            raise self.error
        async with self._inner.read() as sql:
            yield sql

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Statements]:
        async with self._inner.write() as sql:
            yield sql
            if self.error is not None:
                raise self.error

    async def close(self) -> None:
        await self._inner.close()


@pytest.fixture
def wire(runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, virtual_clock: VirtualClock) -> Iterator[Wire]:
    monkeypatch.setattr(log, "FLUSH_SECONDS", 0)

    def failing(name: str, migrations: Path) -> Database:
        return Failing(SqliteDatabase(None, migrations, service=name))

    opened = Wire(virtual_clock, countable_ids())
    opened.five = Five(virtual_clock, countable_ids(), databases=failing)
    runner.run(opened.open())
    yield opened
    runner.run(opened.close())


def fail(wire: Wire, error: ShopError | None) -> None:
    database = wire.five.databases["carts"]
    assert isinstance(database, Failing)
    database.error = error


@pytest.mark.parametrize("kind", [StorageError, ConfigurationError, Locked, Unavailable])
@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/cart"), ("DELETE", "/v1/cart/lines"), ("GET", "/readyz")])
async def test_customers_are_told_no_place(wire: Wire, kind: type[ShopError], method: str, path: str) -> None:
    fail(wire, kind(f"the database {PLACE} is damaged", hint=HINT, outcome=Outcome.UNKNOWN))
    response = await wire.ask(method, path, headers={"shop-cart": GUEST}, service="carts")
    fail(wire, None)
    assert response.json()["detail"] == "the carts service cannot use its database"
    assert response.json()["hint"] is None
    assert "carts.db" not in response.text
    if path != "/readyz":
        assert (response.json()["code"], response.json()["outcome"]) == (kind.code, "unknown")
    lines = [json.loads(line) for line in wire.five.logs.getvalue().splitlines()]
    assert [(line["error"], line["hint"]) for line in lines if line["event"] == "database"] == [
        (f"the database {PLACE} is damaged", HINT)
    ]


async def test_what_is_no_fault_of_the_database_is_told(wire: Wire) -> None:
    fail(wire, OutcomeUnknown("nobody knows"))
    response = await wire.ask("GET", "/v1/cart", headers={"shop-cart": GUEST})
    fail(wire, None)
    assert response.json()["detail"] == "nobody knows"
