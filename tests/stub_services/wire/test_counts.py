"""What an action costs in requests, commits and queries: counts stay, where times depend on the machine."""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import httpx
import pytest

from stub_services.sqlite import SqliteDatabase
from tests.stub_services.wire.conftest import Person, Wire, done


@dataclass
class Costs:
    """What the services did since counting began."""

    asked: list[str] = field(default_factory=list)
    commits: Counter[str] = field(default_factory=Counter)
    queries: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        for each in (self.asked, self.commits, self.queries):
            each.clear()

    def note(self, database: str, statement: str) -> None:
        if statement == "BEGIN IMMEDIATE":  # what only reads begins otherwise
            self.commits[database] += 1
        elif statement.startswith(("SELECT", "WITH")) and "sqlite_master" not in statement:
            self.queries[database] += 1


@pytest.fixture
def costs(wire: Wire, ada: Person) -> Costs:
    counted = Costs()
    deliver = wire.five.deliver

    async def carry(caller: str, service: str, request: httpx.Request) -> httpx.Response:
        counted.asked.append(f"{caller} {request.url.path.removeprefix('/internal/')}")
        return await deliver(caller, service, request)

    wire.five.carry = carry
    for name, database in wire.five.databases.items():
        assert isinstance(database, SqliteDatabase)
        connection = database._opened()  # noqa: SLF001  the only place where all statements pass
        connection.set_trace_callback(partial(counted.note, name))
    return counted


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/v1/products/tripod", 2),
        ("/v1/products?limit=2", 4),  # which ones, the products, their variants, the count
        ("/v1/products?text=camera", 5),  # and whether too many match
        ("/v1/products?category=cameras&in_stock=true", 4),
        ("/v1/categories", 1),
    ],
)
async def test_reading_the_catalog(wire: Wire, costs: Costs, path: str, queries: int) -> None:
    done(await wire.ask("GET", path))
    assert costs.queries == {"products": queries}
    assert not costs.commits
    assert not costs.asked


async def test_the_next_page_is_not_counted(wire: Wire, costs: Costs) -> None:
    first = done(await wire.ask("GET", "/v1/products?limit=1"))
    costs.clear()
    done(await wire.ask("GET", f"/v1/products?limit=1&cursor={first['next_cursor']}"))
    assert costs.queries == {"products": 4}  # where the cursor stands, which ones, the products, their variants


async def test_nobody_is_asked_who_is_logged_in(ada: Person, costs: Costs) -> None:
    done(await ada.ask("GET", "/v1/orders"))
    assert not costs.asked


async def test_adding_asks_for_all_prices_at_once(ada: Person, costs: Costs) -> None:
    await ada.add("k1")
    costs.clear()
    await ada.add("k2", "camera/standard")
    assert costs.asked == ["carts stock/offers"]
    assert costs.commits == {"carts": 2}  # the line, and the answer to be given again


async def test_an_order(ada: Person, costs: Costs) -> None:
    cart = await ada.fill()
    costs.clear()
    done(await ada.ask("PUT", "/v1/orders/o-1", ada.attempt(cart)))
    assert costs.asked == ["orders carts/take", "orders stock/reserve"]
    assert costs.commits == {"orders": 2, "carts": 1, "products": 1}


async def test_a_payment(ada: Person, costs: Costs) -> None:
    await ada.order("o-1")
    costs.clear()
    assert (await ada.pay("o-1", "p-1"))["status"] == "settled"
    assert costs.asked == ["payments orders/amount_due", "payments orders/captured", "orders stock/sell"]
    assert costs.commits == {"payments": 4, "orders": 3, "products": 1, "processor": 1}
