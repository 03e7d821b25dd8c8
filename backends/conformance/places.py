"""The shop under test where nothing but its URL is known: a fresh one for each test, or one that stands and stays."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, aclosing, contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from itertools import count
from tempfile import TemporaryDirectory
from typing import Protocol, cast

from backends.conformance.clock import VirtualClock, countable_ids
from backends.conformance.goods import GOODS, IMPORTED, sold_by_us, stocked
from backends.conformance.harness import PASSWORD, Harness, Methods
from backends.errors import Conflict, NotFound, ShopError
from backends.interface import Backend, SessionStore
from backends.models import Card, OrderStatus, Product, ProductQuery
from backends.registry import MemorySessions, open_backend, random_ids, system_clock

TEST_CARDS = Methods(
    good="tok_visa",
    declined="tok_declined",
    declined_reason="card_declined",
    insufficient="tok_insufficient_funds",
    insufficient_reason="insufficient_funds",
    lost="tok_lost_answer",
    card=Card("4242 4242 4242 4242", 12, 2030, "123"),
    bad_card=Card("4242 4242 4242 4241", 12, 2030, "123"),
    declined_card=Card("4000000000000002", 12, 2030, "123"),
)
"""What the test processor takes that comes with shop."""

_RUN_DIGITS = 6


class Place(Protocol):
    """Where the suite is run."""

    url: str

    @property
    def keeps(self) -> tuple[str, ...]:
        """What stays there of a run, in words."""

    async def open(self) -> None:
        """Look around before the first test. Raises ShopError where nothing can be checked."""

    def supply(self) -> AbstractContextManager[Harness]:
        """Give one test its shop."""

    async def leave(self) -> None:
        """Tidy up behind the last test."""


class Fresh:
    """A new shop for each test, on a clock that can be moved: `memory:`, or `sqlite:` in a temporary directory."""

    def __init__(self, url: str) -> None:
        """Make shops of the scheme of `url`."""
        self.url = url
        self._in_memory = url == "memory:"

    @property
    def keeps(self) -> tuple[str, ...]:
        """Nothing."""
        return ()

    async def open(self) -> None:
        """There is nothing to look at yet."""

    @contextmanager
    def supply(self) -> Iterator[Harness]:
        """Make a shop, and remove it behind the test."""
        clock, ids = VirtualClock(), countable_ids()
        with TemporaryDirectory(prefix="shop-check-", ignore_cleanup_errors=True) as directory:
            url = "memory:" if self._in_memory else f"sqlite:{directory}"
            owner = open_backend(url, clock=clock, ids=ids)

            def visit(sessions: SessionStore | None) -> Backend:
                return cast("_Visitable", owner).visit(sessions or MemorySessions())

            yield Harness(visit, ids, clock, TEST_CARDS, advance=clock.advance, admin=owner.admin, owner=owner)

    async def leave(self) -> None:
        """Nothing is left."""


class Standing:
    """A shop that is there and stays: its people get names that are theirs alone, and what they took is put back."""

    def __init__(self, url: str, sessions: SessionStore) -> None:
        """Check the shop at `url`; the goods are imported if `sessions` are its owner's."""
        self.url = url
        self.run = random_ids()[:_RUN_DIGITS]
        """What is in the names of all accounts of this run."""
        self._sessions = sessions
        self._numbers = count(1)
        self._paying: Methods | None = None

    @property
    def keeps(self) -> tuple[str, ...]:
        """Accounts and orders, and goods if they can be imported."""
        people = f"accounts of people like ada-check-{self.run}-1@example.org, deleted where that can be done"
        if self._imports:
            return people, "their orders", f"{len(IMPORTED)} products (camera, tripod, lens ...), sold out in the end"
        return people, "no products: only an owner can import them, and what needs them is not checked"

    @cached_property
    def _imports(self) -> bool:
        """Whether goods can be imported; asks no service, and is for where no event loop runs."""
        owner = self._owner()
        try:
            return owner.admin is not None
        finally:
            asyncio.run(owner.aclose())

    def _owner(self) -> Backend:
        return open_backend(self.url, sessions=self._sessions)

    async def open(self) -> None:
        """See that somebody answers, that no goods of its own would be overwritten, and how to pay."""
        async with aclosing(open_backend(self.url)) as guest, aclosing(self._owner()) as owner:
            await _see_that_somebody_answers(guest)
            if owner.admin is not None:
                await _see_that_nothing_is_overwritten(guest)
            self._paying = await self._find_methods(guest)

    @contextmanager
    def supply(self) -> Iterator[Harness]:
        """Open the shop for the people of one test."""

        def visit(sessions: SessionStore | None) -> Backend:
            return open_backend(self.url, sessions=sessions or MemorySessions())

        owner = self._owner() if self._imports else None
        yield Harness(
            *(visit, random_ids, system_clock, self._paying),
            admin=None if owner is None else owner.admin,
            owner=owner,
            stocked=owner is not None,
            alone=False,
            tidy=_forget_them,
            mark=f"-check-{self.run}-{next(self._numbers)}",
        )

    async def leave(self) -> None:
        """Sell nothing of the goods any more; a shop has no way to delete them."""
        async with aclosing(self._owner()) as owner:
            with suppress(ShopError):  # the report says what is wrong
                if owner.admin is not None:
                    await owner.admin.import_catalog(tuple(stocked(item, 0) for item in await _left(owner)))

    async def _find_methods(self, guest: Backend) -> Methods | None:
        """Return the ways to pay that cost nobody anything, as a new account sees them."""
        email = f"methods-check-{self.run}@example.org"
        try:
            await guest.users.signup("Check", email, PASSWORD)
            await guest.users.login(email, PASSWORD)
            try:
                methods = await guest.payments.methods()
            finally:
                await _delete(guest)
        except Exception:  # noqa: BLE001 - the tests say what is wrong with that
            return None
        return known_methods({method.token for method in methods if method.test})


class _Visitable(Protocol):
    def visit(self, sessions: SessionStore) -> Backend: ...


def known_methods(tokens: set[str]) -> Methods | None:
    """Return how to pay where a shop offers these test tokens, None where none is known."""
    if TEST_CARDS.good in tokens:
        known = TEST_CARDS
        declined, insufficient, lost = (
            token if token in tokens else None for token in (known.declined, known.insufficient, known.lost)
        )
        return replace(known, declined=declined, insufficient=insufficient, lost=lost)
    return Methods(min(tokens)) if tokens else None


async def _see_that_somebody_answers(guest: Backend) -> None:
    try:
        await guest.products.list(ProductQuery(), 1)
    except ShopError:
        raise
    except Exception:  # noqa: BLE001 - somebody does, and the tests say what is wrong with it
        return


async def _see_that_nothing_is_overwritten(guest: Backend) -> None:
    for item in GOODS:
        with suppress(NotFound):
            if not sold_by_us(await guest.products.get(item.slug)):
                raise Conflict(f"this shop has a product {item.slug!r} of its own, which the check would overwrite")


async def _left(guest: Backend) -> tuple[Product, ...]:
    """Return what tests have imported, as it was meant to be."""
    left = []
    for item in IMPORTED:
        with suppress(NotFound):
            if sold_by_us(await guest.products.get(item.slug)):
                left.append(item)
    return tuple(left)


async def _forget_them(people: Sequence[Backend]) -> None:
    for person in people:
        if person.account_id() is not None:
            await _forget(person)


async def _forget(person: Backend) -> None:
    """Cancel the orders that wait, so that their stock is not back in the middle of a later test; delete the account.

    As far as that can be done: it is not what is being checked.
    """
    with suppress(ShopError):
        for order in (await person.orders.list(100)).items:
            if order.status is OrderStatus.AWAITING_PAYMENT:
                await person.orders.cancel(order.id, random_ids())
    await _delete(person)


async def _delete(person: Backend) -> None:
    with suppress(ShopError):
        await person.users.delete_account(PASSWORD)
