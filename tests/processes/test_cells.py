"""Sixty cells of the isolation table (tests/wire/table.py) with real processes, TCP and injected faults."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backends import Cart, Fault, FaultKind, Order, ProductQuery
from backends.deadline import deadline
from backends.errors import Outcome, ShopError
from backends.http.backend import HttpBackend
from backends.http.calls import Outside
from backends.registry import random_ids, system_clock
from tests.processes.test_served import SERVICES, Shopper, wait_until_quiet
from tests.served import Served
from tests.wire.table import expected

TRIPOD, LENS = "canon-ef-50mm-f1-8-stm/standard", "sigma-35-f2/sony-e"
SECONDS = 10
FAULTS = {
    "hung": Fault("", FaultKind.HANG),
    "slow": Fault("", FaultKind.LATENCY, seconds=1.0),
    "500": Fault("", FaultKind.ERROR),
    "429": Fault("", FaultKind.RATE_LIMITED, seconds=1.0, times=2),
    "garbage": Fault("", FaultKind.TRUNCATE),
    "request lost": Fault("", FaultKind.REQUEST_LOST, times=1),
    "answer lost": Fault("", FaultKind.ANSWER_LOST, times=1),
}
WAYS = ("browse", "view cart", "add", "place", "pay", "list")
# Every failure of every service by turns, and each way with the gateway stopped.
CELLS = [
    *(
        (failure, WAYS[(number + place + extra) % len(WAYS)], service)
        for number, failure in enumerate(("stopped", *FAULTS))
        for place, service in enumerate(SERVICES[:-1])
        for extra in ((0, 3) if failure in ("stopped", "hung") else (0,))
    ),
    *(("stopped", way, "gateway") for way in (*WAYS, "search", "clear", "show", "cancel unpaid")),
]

Doing = Callable[[], Awaitable[object]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("cells"), "--faults")
    yield served
    served.stop()


class Customer(Shopper):
    """Somebody with a full cart and, if that is needed, an order that waits for its payment."""

    order: Order | None = None
    cart: Cart | None = None

    async def prepare(self, way: str) -> Doing:
        await self.enter()
        await self.backend.carts.add(TRIPOD, 1)
        if way in ("pay", "show", "cancel unpaid"):
            cart = await self.checkout.prepare()
            self.order = await self.checkout.place(self.checkout.attempt(cart))
        if way == "place":
            self.cart = await self.checkout.prepare()
        return self._doing(way)

    def _doing(self, way: str) -> Doing:
        backend, number = self.backend, self.order.number if self.order and self.order.number else ""
        return {
            "browse": lambda: backend.products.list(ProductQuery(), 5),
            "search": lambda: backend.products.list(ProductQuery(text="canon"), 5),
            "view cart": backend.carts.view,
            "add": lambda: backend.carts.add(LENS, 1),
            "clear": backend.carts.clear,
            "list": lambda: backend.orders.list(5),
            "show": lambda: backend.orders.get(number),
            "cancel unpaid": lambda: self.checkout.cancel(number),
            "place": self._place,
            "pay": self._pay,
        }[way]

    async def _place(self) -> object:
        assert self.cart is not None
        return await self.checkout.place(self.checkout.attempt(self.cart))

    async def _pay(self) -> object:
        assert self.order is not None
        return await self.checkout.pay(self.order, "tok_visa")


@asynccontextmanager
async def failing(shop: Served, service: str, failure: str) -> AsyncIterator[None]:
    owner = HttpBackend(shop.url, shop.owner(), Outside(system_clock, random_ids))
    assert owner.admin is not None
    try:
        if failure == "stopped":
            await owner.admin.stop(service)
        else:
            template = FAULTS[failure]
            await owner.admin.inject(Fault(service, template.kind, seconds=template.seconds, times=template.times))
        yield
    finally:
        if failure == "stopped":
            await owner.admin.start(service)
        else:
            await owner.admin.clear_faults(service)
        await owner.aclose()


@pytest.mark.campaign
@pytest.mark.timeout(120)
@pytest.mark.parametrize(("failure", "way", "service"), CELLS, ids=lambda part: str(part).replace(" ", "_"))
async def test_a_cell(shop: Served, tmp_path: Path, failure: str, way: str, service: str) -> None:
    customer = Customer(shop, tmp_path, f"c-{random_ids()}")
    doing = await customer.prepare(way)
    loop = asyncio.get_running_loop()
    async with failing(shop, service, failure):
        began, error, result = loop.time(), None, None
        try:
            with deadline(SECONDS):
                result = await doing()
        except ShopError as raised:
            error = raised
        seconds = loop.time() - began
    told = "ok" if error is None else "P" if error.code == "pending" or error.outcome is Outcome.UNKNOWN else "F"
    if [notice.code for notice in getattr(result, "notices", ())] == ["prices_unconfirmed"]:
        told = "ok~"
    assert told == expected(failure, way, service), error and error.message
    assert seconds <= SECONDS + 2  # the machine may be busy
    if told == "F" and error is not None:
        assert error.exit_code == 10
        assert error.service in (service, "gateway")
        assert error.hint
    await customer.settle()
    await customer.backend.aclose()
    await wait_until_quiet(shop)


def test_there_are_sixty_cells() -> None:
    assert len(CELLS) == 60
