"""What the histories found: gaps between what was promised and what was done, and stay closed."""

import asyncio
import sqlite3
from pathlib import Path

import httpx
import pytest

from backends.errors import OutcomeUnknown, OutOfStock
from tests.wire.actions import Place
from tests.wire.cell import play
from tests.wire.failures import FAILURES
from tests.wire.people import Person
from tests.wire.template import LAST_ID, TWIN_ID, Template
from tests.wire.world import World


class HoldingBack:
    """Requests of a method and path to the gateway are held back, the first `most` of them; their senders give up."""

    def __init__(self, world: World, method: str, path: str, most: int) -> None:
        self._world = world
        self._what = (method, path)
        self._most = most
        self.held: list[httpx.Request] = []
        world.carry = self._carry

    async def _carry(self, caller: str, target: str, request: httpx.Request) -> httpx.Response:
        matches = target == "gateway" and (request.method, request.url.path) == self._what
        if matches and len(self.held) < self._most:
            self.held.append(request)
            raise httpx.ReadError("the connection was reset")
        return await self._world.transmit(caller, target, request)

    async def arrive(self) -> list[int]:
        """Let them arrive; returns how they are answered."""
        answers = [await self._world.transmit("client", "gateway", request) for request in self.held]
        return [answer.status_code for answer in answers]


def _set_stock(world: World, variant_id: str, pieces: int) -> None:
    books = sqlite3.connect(world.directory / "products.db", isolation_level=None)
    books.execute("UPDATE variants SET available = ? WHERE id = ?", (pieces, variant_id))
    books.close()


def test_what_was_refused_under_a_key_stays_refused(template: Template, place: Path) -> None:
    async def scene() -> None:
        world, books = template.copy(place), template.books()
        await world.start()
        ada = Person(world, books, "ada", template.ada)
        _set_stock(world, LAST_ID, 0)
        network = HoldingBack(world, "POST", "/v1/cart/lines", 1)
        with pytest.raises(OutOfStock):
            await ada.act(lambda: ada.add(LAST_ID, 1))
        _set_stock(world, LAST_ID, 1)
        await network.arrive()
        cart = await ada.backend.carts.view()
        ada.end()
        await world.stop()
        assert LAST_ID not in [line.variant_id for line in cart.lines]

    _run(template, scene())


def test_what_a_guest_added_is_not_lost_at_log_in(template: Template, place: Path) -> None:
    """The addition arrives after the cart was merged: it is refused, or it is in the account's cart."""

    async def scene() -> None:
        world, books = template.copy(place), template.books()
        await world.start()
        guest = Person(world, books, "gus")
        await guest.sign_up()
        network = HoldingBack(world, "POST", "/v1/cart/lines", 3)
        with pytest.raises(OutcomeUnknown):
            await guest.act(lambda: guest.add(TWIN_ID, 1))
        await guest.act(guest.log_in)
        answers = await network.arrive()
        cart = await guest.backend.carts.view()
        guest.end()
        await world.stop()
        assert 200 not in answers or TWIN_ID in [line.variant_id for line in cart.lines]

    _run(template, scene())


def test_what_is_pending_says_on_whom_it_waits(template: Template, place: Path) -> None:
    told = play(template, place, Place, "products", FAILURES["stopped"])
    assert told.error is not None
    assert "products cannot be reached" in told.error.message


def _run(template: Template, scene: object) -> None:
    with asyncio.Runner(loop_factory=template.loop) as runner:
        runner.run(scene)  # type: ignore[arg-type]
