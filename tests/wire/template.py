"""A shop with some history, made once and copied for each test: making one costs as much as ten tests."""

import asyncio
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from backends import Order
from backends.conformance.goods import ADDRESS, CAMERA, LAST, LENS, TRIPOD, TWIN
from backends.http import encoding
from tests.five import MERCHANT_TOKEN, ORIGIN, bearer
from tests.model.checker import Journal
from tests.wire.books import Books
from tests.wire.clock import VirtualLoop
from tests.wire.people import Person
from tests.wire.world import World, copied

GOODS = (CAMERA, TRIPOD, TWIN, LAST, LENS)
TRIPOD_ID, TWIN_ID, LAST_ID, CAMERA_ID = (item.variants[0].id for item in (TRIPOD, TWIN, LAST, CAMERA))
FIRST_ID = 1_000_000
"""Where ids of copies begin."""


@dataclass(frozen=True)
class Template:
    """Ada has an order that waits, a paid one, and a cart that can be ordered."""

    directory: Path
    now: float
    ada: dict[str, str]
    elsewhere: dict[str, str]
    """Ada's session on another computer."""
    journal: Journal
    waiting: Order
    paid: Order

    def books(self) -> Books:
        """The books as they are then."""
        return Books(deepcopy(self.journal))

    def copy(self, directory: Path, seed: int = 0) -> World:
        """Return this shop on files of its own."""
        return World(copied(self.directory, directory), seed, FIRST_ID)

    def loop(self) -> VirtualLoop:
        """Return a loop that goes on from then."""
        return VirtualLoop(self.now)


def make(directory: Path) -> Template:
    """Fill a shop in `directory`. Passwords and time have to be virtual."""
    directory.mkdir(parents=True, exist_ok=True)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_made(directory))


async def import_goods(world: World) -> None:
    """Fill the shelves."""
    headers = {**bearer(MERCHANT_TOKEN), "content-type": "application/json", "shop-timeout": "10"}
    body = encoding.body({"products": GOODS}, "products")
    request = httpx.Request("PATCH", f"{ORIGIN}/v1/catalog", headers=headers, content=body)
    response = await world.transmit("client", "gateway", request)
    assert response.status_code == 200, msgspec.json.decode(response.content)


async def _made(directory: Path) -> Template:
    world = World(directory)
    await world.start()
    await import_goods(world)
    ada = Person(world, Books(), "ada")
    await ada.sign_up()
    await ada.log_in()
    await ada.backend.users.save_address(ADDRESS, default=True)
    await ada.add(CAMERA_ID, 1)
    waiting = await ada.check_out()
    await ada.add(TWIN_ID, 1)
    paid = await ada.check_out()
    await ada.pay(paid)
    await ada.add(TRIPOD_ID, 2)
    await ada.checkout.prepare(None, "standard")
    ada.journal.erase(ada.unfinished()[0])  # the waiting order is placed and not paid, and Ada knows
    assert ada.unfinished() == ()
    await asyncio.sleep(3)  # the order is sold
    elsewhere = Person(world, Books(), "ada-2")
    await elsewhere.log_in()
    ada.books.close(world)
    now = asyncio.get_running_loop().time()
    sessions = ada.sessions.read(), elsewhere.sessions.read()
    made = Template(directory, now, *sessions, ada.books.journal, waiting, paid)
    ada.end()
    await world.stop()
    return made
