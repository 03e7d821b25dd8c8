"""One history: two terminals of one account and somebody new shop in a storm; then all is settled and checked."""

import asyncio
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from backends import CheckoutAttempt, Order
from backends.conformance.goods import ADDRESS
from backends.errors import Conflict, LoginRequired, ShopError
from tests.five import owner_sessions
from tests.model.checker import PLACED, Checker, require
from tests.wire.clock import VirtualLoop
from tests.wire.people import Killed, Person
from tests.wire.storm import Rates, Storm
from tests.wire.template import LAST_ID, TRIPOD_ID, TWIN_ID, Template

STEPS = 12
TRIES = 3
"""How often somebody starts over who wants to check out."""
TOKENS = ("tok_visa", "tok_visa", "tok_lost_answer", "tok_declined")
EXPIRED = 31 * 60.0
"""Seconds after which an order that waits has expired, and every access token has ended."""
_MEMORY = Path("/dev/shm")  # noqa: S108  a directory of its own is made there
PLACE = str(_MEMORY) if _MEMORY.is_dir() else None
"""Where the files of a history are: in memory, where there is such a place."""


class History:
    """Everything that happens under one seed."""

    def __init__(self, template: Template, directory: Path, seed: int, rates: Rates | None = None) -> None:
        self._template = template
        self.world = template.copy(directory, seed)
        self.random = self.world.random
        self.books = template.books()
        random.seed(seed)  # of the delays in Checkout
        self.ada = Person(self.world, self.books, "ada-1", template.ada)
        self.elsewhere = Person(self.world, self.books, "ada-2", template.elsewhere)
        self.newcomer = Person(self.world, self.books, "gus")
        self.people = [self.ada, self.elsewhere, self.newcomer]
        owner = owner_sessions(directory).read()
        self.owner = Person(self.world, self.books, "owner", owner)
        self._rates = rates
        self._weights = [weight * self.random.choice((0.3, 1, 3)) for weight in (3, 8, 5, 2, 1, 1)]
        self._tokens = self.random.choices(TOKENS, k=3)
        self.checker = Checker(self.world, self.books.journal)  # type: ignore[arg-type]  # it only looks at rows
        for order in (template.waiting, template.paid):
            self.books.placed.setdefault(self.ada.owner(), []).append(order)

    async def play(self, steps: int = STEPS) -> None:
        """Let things happen, then settle and check. Raises Violation."""
        await self.world.start()
        self.storm = Storm(self.world, self._rates)
        for person in self.people:
            person.may_die = self.storm.may_be_killed
        for _ in range(steps):
            await self._meanwhile()
            busy = self.random.sample(self.people, self.random.choice((1, 1, 2, 3)))
            await asyncio.gather(*(self._something(person) for person in busy))
            self.checker.always()
        await self.storm.calm_down()
        await self._settle()
        await self.storm.stop()
        for person in self.people:
            person.end()
        await self.world.stop()

    async def _meanwhile(self) -> None:
        dice = self.random.random()
        if dice < 0.08:
            _leap(self.random.choice((300.0, 700.0, EXPIRED)))
        elif dice < 0.14:
            self._reprice()
        elif dice < 0.18:
            await self._refund()
        elif dice < 0.22:
            await self.storm.deliver()
        await asyncio.sleep(self.random.choice((0, 0.1, 3.0)))

    # --- settling ----------------------------------------------------------------------------

    async def _settle(self) -> None:
        await self._find_out()
        await self.storm.deliver()
        if self.random.random() < 0.2:
            _leap(EXPIRED)
        await self._find_out()
        await self.storm.deliver()
        await asyncio.sleep(10)
        self.books.close(self.world)
        self.checker.quiet()

    async def _find_out(self) -> None:
        for _ in range(8):
            await asyncio.sleep(5)
            for person in self.people:
                if person.owner() is not None:
                    await self._resumed(person)
            if not any(person.unfinished() for person in self.people):
                break
        for person in self.people:
            left = person.unfinished()
            require(not left, 6, f"{person.name} never finds out about {left}")

    async def _resumed(self, person: Person) -> None:
        try:
            await person.act(person.backend.carts.view)  # merges what is not merged yet
        except LoginRequired:
            await person.act(person.log_in)
            await person.act(person.backend.carts.view)
        await person.act(person.resume)

    # --- what people do ----------------------------------------------------------------------

    async def _something(self, person: Person) -> None:
        """One thing that somebody does; a process that died is started again."""
        doing = self._as_customer if person.owner() is not None else self._as_guest
        try:
            await doing(person)
        except LoginRequired:
            await self._tried(person, person.log_in)
        except ShopError:
            pass
        except Killed:
            person.end()
            person.begin()

    async def _tried(self, person: Person, action: Callable[[], Awaitable[object]]) -> None:
        try:
            await person.act(action)
        except ShopError:
            pass
        except Killed:
            person.end()
            person.begin()

    async def _as_guest(self, person: Person) -> None:
        if self.random.random() < 0.6:
            await person.act(lambda: person.add(self.random.choice((TRIPOD_ID, TWIN_ID)), 1))
            return
        await self._tried(person, person.sign_up)
        await person.act(person.log_in)
        await person.act(lambda: person.backend.users.save_address(ADDRESS, default=True))

    async def _as_customer(self, person: Person) -> None:
        actions = (self._add, self._check_out, self._pay, self._cancel, self._resume, self._look)
        await self.random.choices(actions, weights=self._weights)[0](person)

    async def _add(self, person: Person) -> None:
        await person.act(lambda: person.add(self.random.choice((TRIPOD_ID, TRIPOD_ID, TWIN_ID, LAST_ID)), 1))

    async def _check_out(self, person: Person) -> None:
        """Confirm and place; mostly pay at once."""
        attempt = await self._confirmed(person)
        if attempt is None:
            return
        if self.random.random() < 0.3:
            await asyncio.sleep(self.random.choice((1.0, 20.0)))  # the person reads before they say yes
        order = await person.act(lambda: person.place(attempt))
        if self.random.random() < 0.7:
            await person.act(lambda: person.pay(order, self.random.choice(self._tokens)))

    async def _confirmed(self, person: Person) -> CheckoutAttempt | None:
        for _ in range(TRIES):
            try:
                return await person.act(person.confirm)
            except Conflict:
                await self._add(person)  # the cart is empty
            except ShopError:
                await asyncio.sleep(1)
        return None

    async def _pay(self, person: Person) -> None:
        order = self._known(person, "awaiting_payment")
        if order is not None:
            await person.act(lambda: person.pay(order, self.random.choice(self._tokens)))

    async def _cancel(self, person: Person) -> None:
        order = self._known(person)
        if order is not None:
            await person.act(lambda: person.cancel(order.id))

    async def _resume(self, person: Person) -> None:
        await person.act(person.resume)

    async def _look(self, person: Person) -> None:
        """An order that is shown is told, too."""
        page = await person.act(lambda: person.backend.orders.list(20))
        for order in page.items:
            person.hear(order)

    def _known(self, person: Person, *states: str) -> Order | None:
        """One of the account's orders, mostly one that was said to be in one of these states."""
        known = [order for order in self.books.placed.get(person.owner(), ()) if order.status in PLACED]
        told = self.books.journal.told_orders
        if states and self.random.random() < 0.85:
            known = [order for order in known if told.get(order.id) in states]
        return self.random.choice(known[-3:]) if known else None

    # --- what others do ----------------------------------------------------------------------

    async def _refund(self) -> None:
        settled = self.world.rows("payments", "SELECT id FROM payments WHERE state = 'settled' ORDER BY id")
        if settled:
            payment_id = self.random.choice(settled)["id"]
            await self._tried(self.owner, lambda: self.owner.backend.payments.refund(payment_id, self.world.ids()))

    def _reprice(self) -> None:
        """Change a price behind everybody's back."""
        price = self.random.choice((14990, 15990))
        books = sqlite3.connect(self.world.directory / "products.db", isolation_level=None, timeout=0)
        with suppress(sqlite3.OperationalError):  # ProductService is just writing
            books.execute("UPDATE variants SET price = ? WHERE id = ?", (price, TRIPOD_ID))
        books.close()


def _leap(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.jump(seconds)


def violation(template: Template, seed: int, rates: Rates | None = None) -> str | None:
    """Play one history; return which invariant broke, or None."""
    directory = Path(tempfile.mkdtemp(prefix="shop-history-", dir=PLACE))
    try:
        with asyncio.Runner(loop_factory=template.loop) as runner:
            runner.run(_played(template, directory, seed, rates))
    except AssertionError as broken:  # a Violation, or a service that logged a bug: the schema is a checker too
        return str(broken)
    finally:
        shutil.rmtree(directory)
    return None


async def _played(template: Template, directory: Path, seed: int, rates: Rates | None) -> None:
    await History(template, directory, seed, rates).play()
