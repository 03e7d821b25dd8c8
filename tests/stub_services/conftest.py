"""A shop whose services can be asked one by one, as their peers and customers do."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from backends import CheckoutAttempt, Money, Order, Payment
from backends.conformance.goods import ADDRESS, GOODS
from backends.errors import Unavailable
from stub_services.caller import Caller
from stub_services.inprocess import Shop
from tests.conftest import VirtualClock, countable_ids
from tests.stub_services.files import SCHEMA

OWNER = Caller(merchant=True)


class Silent:
    """A peer that never answers."""

    def __getattr__(self, method: str) -> Callable[..., Awaitable[object]]:
        async def ask(*arguments: object) -> object:
            raise Unavailable(f"{method} went unanswered")

        return ask


class Telling:
    """A peer that lets something else happen right before or right after it is asked `method`."""

    def __init__(
        self,
        peer: object,
        method: str,
        *,
        before: Callable[[], Awaitable[object]] | None = None,
        after: Callable[[], Awaitable[object]] | None = None,
        lose_answer: bool = False,
    ) -> None:
        self._peer = peer
        self._method = method
        self._before = before
        self._after = after
        self._lose_answer = lose_answer

    def __getattr__(self, method: str) -> Callable[..., Awaitable[object]]:
        target: Callable[..., Awaitable[object]] = getattr(self._peer, method)
        if method != self._method:
            return target

        async def ask(*arguments: object) -> object:
            if self._before is not None:
                happening, self._before = self._before, None
                await happening()
            answer = await target(*arguments)
            if self._after is not None:
                happening, self._after = self._after, None
                await happening()
            if self._lose_answer:
                self._lose_answer = False
                raise Unavailable("the answer was lost")
            return answer

        return ask


@dataclass
class Desk:
    """One customer of a shop, without accounts in between."""

    shop: Shop
    clock: VirtualClock
    ids: Callable[[], str]
    caller: Caller = Caller(user_id="ada")  # noqa: RUF009  frozen

    async def fill(self, variant_id: str = "tripod/standard", quantity: int = 2) -> None:
        await self.shop.carts.add(self.caller, variant_id, quantity)
        await self.shop.carts.set_address(self.caller, ADDRESS, "ada@example.org")
        await self.shop.carts.set_shipping(self.caller, "standard")

    async def attempt(self, *, total: Money | None = None) -> CheckoutAttempt:
        cart = await self.shop.carts.view(self.caller)
        assert cart.totals is not None
        return CheckoutAttempt(
            self.ids(), cart.id or "", cart.version, total or cart.totals.total, ADDRESS, "standard", self.clock()
        )

    async def place(self, attempt: CheckoutAttempt) -> Order:
        return await self.shop.orders.place(self.caller, attempt)

    async def order(self) -> Order:
        await self.fill()
        return await self.place(await self.attempt())

    async def pay(self, order_id: str, key: str, token: str = "tok_visa") -> Payment:
        return await self.shop.payments.pay(self.caller, order_id, token, key)

    async def cancel(self, order_id: str) -> Order:
        return await self.shop.orders.cancel(self.caller, order_id)

    async def settle(self) -> None:
        """Let everything that waits be done."""
        for _ in range(3):
            await self.shop.run_due()

    async def quantity(self) -> int:
        """Tripods in the cart."""
        return sum(line.quantity for line in (await self.shop.carts.view(self.caller)).lines)

    async def tripods(self) -> tuple[int, int, int]:
        """Tripods on the shelf, reserved and sold."""
        async with self.shop.databases["products"].read() as sql:
            row = await sql.one("SELECT * FROM variants WHERE id = 'tripod/standard'")
        assert row is not None
        return row["available"], row["reserved"], row["sold"]

    async def kept(self) -> int:
        """Minor units that the processor took and did not give back."""
        async with self.shop.databases["processor"].read() as sql:
            row = await sql.one(
                "SELECT COALESCE(sum(amount - refunded), 0) AS kept FROM charges WHERE state = 'captured'"
            )
        assert row is not None
        return int(row["kept"])


@pytest.fixture
def desk(runner: asyncio.Runner, virtual_clock: VirtualClock) -> Iterator[Desk]:
    ids = countable_ids()
    shop = Shop(None, clock=virtual_clock, ids=ids)
    runner.run(shop.products.import_catalog(OWNER, GOODS))
    yield Desk(shop, virtual_clock, ids)
    runner.run(shop.close())


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_things.sql").write_text(SCHEMA)
    (folder / "README").write_text("no migration")
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "er" / "things.db"
