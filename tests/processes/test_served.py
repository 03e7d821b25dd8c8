"""Five real processes behind the gateway, while people shop: replaced, killed, stopped."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from backends import Address, OrderStatus
from backends.deadline import deadline
from backends.errors import Outcome, ShopError
from backends.http.backend import HttpBackend
from backends.http.calls import Outside
from backends.registry import MemorySessions, random_ids, system_clock
from shopcli.core import Checkout, Journal
from shopcli.core.settling import settle
from tests.processes.books import Books, on_shelves
from tests.served import Served
from tests.test_docs import ROOT, blocks

SERVICES = ("users", "products", "carts", "orders", "payments", "gateway")
VARIANTS = ("canon-ef-50mm-f1-8-stm/standard", "sigma-35-f2/sony-e", "sony-zv-e10/standard")
PEOPLE = 4
CHECKOUTS = 12

Disturbance = Callable[[HttpBackend, str], Awaitable[None]]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path)
    yield served
    served.stop()


class Shopper:
    """Somebody who keeps checking out, whatever happens, and remembers what they were told."""

    def __init__(self, shop: Served, directory: Path, name: str) -> None:
        self.backend = HttpBackend(shop.url, MemorySessions(), Outside(system_clock, random_ids))
        self.file = directory / f"{name}.db"
        self.journal = Journal(self.file)
        self.checkout = Checkout(self.backend, self.journal)
        self.name = name
        self.paid: list[str] = []
        self.told: list[ShopError] = []
        self.bought = 0

    async def enter(self) -> None:
        email = f"{self.name}@example.org"
        await self.backend.users.signup(self.name, email, "correct horse 9")
        await self.backend.users.login(email, "correct horse 9")
        await self.backend.users.save_address(Address("home", self.name, "Weg 1", "Berlin", "10115", "DE"))

    async def shop(self, dice: random.Random) -> None:
        while self.bought < CHECKOUTS:
            try:
                await self._once(dice.choice(VARIANTS))
            except ShopError as error:
                self.told.append(error)
                await self.settle()

    async def _once(self, variant: str) -> None:
        with deadline(30):
            cart = await self.backend.carts.view()
            if not cart.lines:
                await self.backend.carts.add(variant, 1)
            cart = await self.checkout.prepare()
            order = await self.checkout.place(self.checkout.attempt(cart))
            self.bought += 1
            await self.checkout.pay(order, "tok_visa")
            self.paid.append(order.id)

    async def settle(self) -> None:
        """Go on until everything that was confirmed is decided."""
        for _ in range(40):
            with deadline(30):
                left = [each for each in await settle(self.checkout, wait=True) if each.error is not None]
            if not left:
                return
        raise AssertionError(left[0].message)

    async def pay_the_rest(self) -> None:
        with deadline(60):
            page = await self.backend.orders.list(100)
            for order in page.items:
                if order.status is OrderStatus.AWAITING_PAYMENT:
                    await self.checkout.pay(order, "tok_visa")


@asynccontextmanager
async def owning(shop: Served) -> AsyncIterator[HttpBackend]:
    owner = HttpBackend(shop.url, shop.owner(), Outside(system_clock, random_ids))
    yield owner
    await owner.aclose()


async def restart(owner: HttpBackend, service: str) -> None:
    assert owner.admin is not None
    await owner.admin.restart(service)


async def kill(owner: HttpBackend, service: str) -> None:
    """Kill its process as the kernel would, and wait until the supervisor has started another one."""
    told = owner._owner.read()  # noqa: SLF001  the test asks the supervisor for a pid
    assert told is not None
    assert told.control is not None
    token = await told.merchant.token()
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(headers=headers, base_url=told.control, verify=False, timeout=30) as control:  # noqa: S501
        victims = await _pids(control, service)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(30):
            while not (set(await _pids(control, service)) - set(victims)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def _pids(control: httpx.AsyncClient, service: str) -> list[int]:
    items = (await control.get("/v1/services")).json()["items"]
    (pids,) = (item["pids"] for item in items if item["service"] == service)
    return list(pids)


@pytest.mark.campaign
@pytest.mark.timeout(180)
@pytest.mark.parametrize("disturb", [restart, kill])
async def test_services_are_replaced_in_the_middle_of_checkouts(
    shop: Served, tmp_path: Path, disturb: Disturbance
) -> None:
    initial = on_shelves(shop.data)
    people = [Shopper(shop, tmp_path, name) for name in ("ada", "ben", "cleo", "dan")]
    await asyncio.gather(*(person.enter() for person in people))
    dice = random.Random(7)  # noqa: S311  a choice of goods
    async with owning(shop) as owner:
        shopping = asyncio.gather(*(person.shop(dice) for person in people))
        while not shopping.done():
            for service in SERVICES:
                await disturb(owner, service)
        await shopping
        for person in people:
            await person.settle()
            await person.pay_the_rest()
    await wait_until_quiet(shop)
    books = Books.of(shop.data, *(person.file for person in people))
    books.check(dict(books.in_carts + books.in_orders("paid")), initial)
    assert len(books.orders) >= PEOPLE * CHECKOUTS
    paid = {order["id"] for order in books.orders if order["state"] == "paid"}
    assert {order for person in people for order in person.paid} <= paid
    for person in people:
        assert all(error.exit_code in (8, 10, 11) for error in person.told), [e.message for e in person.told]
        assert all(error.code != "internal" for error in person.told)
        await person.backend.aclose()
    if disturb is restart:
        # What a deployment may cost: the person is told "pending" or "not known yet" at most, and never of a refusal.
        assert all(error.outcome is not Outcome.NOT_APPLIED or error.retryable for p in people for error in p.told)


async def wait_until_quiet(shop: Served) -> None:
    """Wait for the workers to deliver what waits; they look every two seconds."""
    async with asyncio.timeout(20):
        while Books.of(shop.data).messages:  # noqa: ASYNC110  another process gives no event
            await asyncio.sleep(0.1)


@pytest.mark.campaign
@pytest.mark.timeout(120)
def test_the_journey_of_the_readme_over_http(shop: Served, tmp_path: Path) -> None:
    """The very same commands."""
    script = "".join(line[2:] + "\n" for line in "".join(blocks(ROOT / "README.md", "console")).splitlines() if line)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "shop").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m shopcli "$@"\n')
    (programs / "shop").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "SHOP_DATA_DIR": str(tmp_path / "data"),
        "SHOP_BACKEND": shop.url,
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "\tpaid\t" in done.stdout
    assert "declined" in done.stdout
