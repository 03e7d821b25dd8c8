"""People who shop over the wire, with the real adapter, checkout and journal, and what they were told."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

from backends import CheckoutAttempt, MemorySessions, Order, Payment
from backends.deadline import deadline
from backends.errors import InvalidState, Outcome, PaymentDeclined, Pending, ShopError
from backends.http.backend import HttpBackend
from backends.http.calls import Outside
from shopcli.core.checkout import Checkout
from shopcli.core.intents import Entry, Paying, Placing
from shopcli.core.journal import Journal as Intents
from shopcli.core.settling import Settled, settle
from tests.five import ORIGIN
from tests.wire.books import Adding, Books
from tests.wire.clock import clock
from tests.wire.world import World

T = TypeVar("T")

PASSWORD = "correct horse battery"
SECONDS = 10.0
"""What a person waits for an action."""
FINAL = {"rejected", "expired", "refunded"}


class Killed(BaseException):
    """The client's process died."""


class _Journal(Intents):
    """The real journal, on a machine that never loses power, and a process that may die around each commit."""

    may_die: Callable[[], None] = staticmethod(lambda: None)
    closed: set[str]

    def _prepare(self, connection: object) -> None:
        super()._prepare(connection)  # type: ignore[arg-type]
        connection.execute("PRAGMA synchronous = OFF")  # type: ignore[attr-defined]

    def record(self, entry: Entry) -> None:
        self.may_die()
        super().record(entry)
        self.may_die()

    def erase(self, entry: Entry) -> None:
        self.may_die()
        super().erase(entry)
        if isinstance(entry, Placing):
            self.closed.add(entry.order_id)
        self.may_die()


class _Line(httpx.AsyncBaseTransport):
    """A person's way to the gateway."""

    def __init__(self, person: "Person") -> None:
        self._person = person

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._person.saw(request)
        self._person.may_die()
        response = await self._person.world.carry("client", "gateway", request)
        self._person.may_die()
        return response


class Person:
    """Somebody at a terminal. `act` is one command."""

    def __init__(self, world: World, books: Books, name: str, kept: dict[str, str] | None = None) -> None:
        self.world = world
        self.books = books
        self.name = name
        self.email = f"{name.partition('-')[0]}@example.org"
        self.sessions = MemorySessions()
        self.sessions.update(lambda stored: stored.update(kept or {}))
        self.may_die: Callable[[], None] = lambda: None
        self.begin()

    def begin(self) -> None:
        """Start a process: nothing is left of an earlier one but what it stored."""
        loop = asyncio.get_running_loop()
        outside = Outside(
            clock,
            self.world.ids,
            lambda: _Line(self),
            monotonic=loop.time,
            random=self.world.random.random,
        )
        self.backend = HttpBackend(ORIGIN, self.sessions, outside)
        self.journal = _Journal(self.world.directory / f"{self.name}.db")
        self.journal.may_die, self.journal.closed = self._may_die, self.books.closed
        self.checkout = Checkout(self.backend, self.journal, clock=clock, ids=self.world.ids)
        self.adding: Adding | None = None
        self.payment_id: str | None = None

    def _may_die(self) -> None:
        self.may_die()

    def end(self) -> None:
        """End the process."""
        self.journal.close()

    def owner(self) -> str | None:
        """Whose cart it is in the books: the account, or None for a guest."""
        return self.backend.account_id()

    def saw(self, request: httpx.Request) -> None:
        """Note under which ids something is asked for."""
        path = request.url.path
        if path == "/v1/cart/lines" and request.method == "POST" and self.adding is not None:
            self.adding.keys.add(request.headers["idempotency-key"])
        if path.startswith("/v1/orders/") and request.method == "PUT":
            self.books.sent.add(path.split("/")[3])
        if path.startswith("/v1/payments/") and request.method == "PUT":
            self.payment_id = path.rpartition("/")[2]

    async def act(self, action: Callable[[], Awaitable[T]]) -> T:
        """Run one command within its deadline."""
        with deadline(SECONDS):
            return await action()

    # --- what people do ----------------------------------------------------------------------

    async def sign_up(self) -> None:
        await self.backend.users.signup(self.name.title(), self.email, PASSWORD)

    async def log_in(self) -> None:
        await self.backend.users.login(self.email, PASSWORD)

    async def add(self, variant_id: str, quantity: int) -> None:
        """Put more into the cart."""
        self.adding = Adding(self, variant_id, quantity)
        self.books.adding.append(self.adding)
        try:
            await self.backend.carts.add(variant_id, quantity)
        except ShopError as error:
            self.adding.told = error.outcome
            raise
        else:
            self.adding.told = Outcome.APPLIED
        finally:
            self.adding = None

    async def confirm(self) -> CheckoutAttempt:
        """Look at the cart as it is priced, and say yes."""
        cart = await self.checkout.prepare(None, "standard")
        attempt = self.checkout.attempt(cart)
        lines = tuple((line.variant_id, line.quantity, line.unit_price.minor) for line in cart.lines)
        self.books.journal.attempts[attempt.key] = attempt
        self.books.journal.confirmed[attempt.key] = lines
        self.books.journal.users[attempt.key] = self.backend.account_id() or ""
        return attempt

    async def place(self, attempt: CheckoutAttempt) -> Order:
        """Place what was confirmed."""
        try:
            order = await self.checkout.place(attempt)
        except ShopError:
            if not any(entry.order_id == attempt.key for entry in self.unfinished()):
                self._hear_nothing_ordered(attempt.key)
            raise
        self.hear(order)
        return order

    async def check_out(self) -> Order:
        """Confirm and place."""
        return await self.place(await self.confirm())

    async def pay(self, order: Order, method: str = "tok_visa") -> Payment:
        """Pay a placed order."""
        self.payment_id = None
        try:
            payment = await self.checkout.pay(order, method)
        except ShopError as error:
            self._hear_of_failure(self.payment_id, error)
            raise
        self.books.journal.told_payments[payment.id] = payment.status
        if self.books.journal.told_orders.get(order.id) == "awaiting_payment":
            self.books.journal.told_orders[order.id] = "paid"
        return payment

    async def cancel(self, ref: str) -> Order:
        """Cancel an order."""
        order = await self.checkout.cancel(ref)
        self.hear(order)
        return order

    async def resume(self) -> tuple[Settled, ...]:
        """Find out what became of everything."""
        before = {entry.key: entry for entry in self.unfinished()}
        settled = await settle(self.checkout)
        for each in settled:
            entry = before.get(each.key)
            if each.order is not None:
                self.hear(each.order)
            still_open = any(entry.key == each.key for entry in self.unfinished())
            if isinstance(entry, Paying) and each.error is None:
                self.books.journal.told_payments[entry.key] = "settled"
            elif isinstance(entry, Paying) and each.error is not None and not still_open:
                self._hear_of_failure(entry.key, each.error)
            elif isinstance(entry, Placing) and each.error is not None and not still_open:
                self._hear_nothing_ordered(entry.order_id)
        return settled

    def unfinished(self) -> tuple[Entry, ...]:
        """What stands in the journal."""
        return self.journal.unfinished(self.backend.account_id())

    # --- what they hear ----------------------------------------------------------------------

    def hear(self, order: Order) -> None:
        """Note what is said about an order."""
        told = self.books.journal.told_orders
        if order.id in self.books.journal.attempts and told.get(order.id) not in FINAL:
            told[order.id] = order.status
        known = self.books.placed.setdefault(self.owner(), [])
        if all(other.id != order.id for other in known):
            known.append(order)

    def _hear_nothing_ordered(self, order_id: str) -> None:
        self.books.nothing_ordered.add(order_id)
        if self.world.rows("orders", "SELECT 1 FROM orders WHERE id = ?", order_id):
            self.books.journal.told_orders[order_id] = "rejected"

    def _hear_of_failure(self, payment_id: str | None, error: ShopError) -> None:
        if payment_id is None or error.outcome is Outcome.UNKNOWN:
            return
        told = self.books.journal.told_payments
        if isinstance(error, PaymentDeclined):
            told[payment_id] = "declined"
        elif isinstance(error, InvalidState) and error.outcome is Outcome.NOT_APPLIED:
            told[payment_id] = "refused"
        elif isinstance(error, Pending):
            self.books.nothing_charged.add(payment_id)


async def settled(world: World, people: list[Person], seconds: float = 5.0) -> None:
    """Let everybody find out, until nothing is open and nobody has anything left to do."""
    for _ in range(6):
        await asyncio.sleep(seconds)
        for person in people:
            with_account = person.backend.account_id() is not None
            if with_account:
                await person.act(person.resume)
                await person.act(person.backend.carts.view)
        if not any(person.unfinished() for person in people):
            break
    await asyncio.sleep(seconds)
