"""What a backend supplies to be tested: everything in which shops differ, so that no test asks for a name."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from backends import Admin, Backend, Capability, Card, CheckoutAttempt, Money, Order, Session, SessionStore
from backends.conformance.goods import ADDRESS
from backends.errors import Outcome, ShopError
from backends.registry import random_ids

LACKS = "this shop lacks"
"""How the reason of a test begins that is skipped because of a capability."""
OTHER_GOODS = "other things are sold here too"

PASSWORD = "correct horse battery"
SERVICES = {"users", "products", "carts", "orders", "payments"}

_EXIT_CODES = {
    "invalid_value": 2,
    "not_found": 3,
    "login_required": 4,
    "session_expired": 4,
    "wrong_credentials": 4,
    "forbidden": 5,
    "email_taken": 6,
    "out_of_stock": 6,
    "price_changed": 6,
    "cart_changed": 6,
    "invalid_state": 6,
    "key_reused": 6,
    "unavailable": 10,
    "locked": 10,
    "outcome_unknown": 11,
    "configuration": 12,
    "unsupported": 12,
    "storage": 12,
}
"""As the tree in `backends.errors` documents them."""


@contextmanager
def refused(code: str, *, service: str | None = None) -> Iterator[None]:
    """Expect a definite no: the documented error, which changed nothing."""
    error: ShopError | None = None
    try:
        yield
    except ShopError as said:
        error = said
    assert error is not None, f"this was not refused, and {code} was expected"
    assert error.code == code, error.message
    assert error.exit_code == _EXIT_CODES[code]
    assert error.outcome is Outcome.NOT_APPLIED
    assert error.message
    assert error.service in {None, *SERVICES}
    if service is not None:
        assert error.service == service


@dataclass(frozen=True)
class Methods:
    """Tokens with which a payment goes a known way; None where the shop offers none."""

    good: str
    declined: str | None = None
    declined_reason: str = ""
    insufficient: str | None = None
    insufficient_reason: str = ""
    lost: str | None = None
    """The money is taken and the first answer gets lost."""
    card: Card | None = None
    bad_card: Card | None = None
    declined_card: Card | None = None


@dataclass(frozen=True)
class Harness:
    """A shop that sells `goods.GOODS`, and the ways into it."""

    visit: Callable[[SessionStore | None], Backend]
    """Open it for one more person. The suite closes whatever it opens."""
    ids: Callable[[], str]
    now: Callable[[], datetime]
    paying: Methods | None
    """Ways to pay that cost nobody anything; None where none is known."""
    unknown_variant: str = "no-such-variant"
    unknown_id: str = "00000000-0000-4000-8000-00000000dead"
    advance: Callable[[timedelta], None] | None = None
    admin: Admin | None = None
    owner: Backend | None = None
    """Somebody who may refund; closed after the test too."""
    stocked: bool = True
    """Whether `goods.GOODS` are sold, by then if there is an `admin`."""
    alone: bool = True
    """Whether nothing else is sold."""
    tidy: Callable[[Sequence[Backend]], Coroutine[Any, Any, None]] | None = None
    """Puts back what the test took, told everybody who visited, before they are closed."""
    mark: str = field(default_factory=lambda: f"-{random_ids()[:8]}")
    """What tells the people of this test from those of others at a shop that keeps its accounts."""

    @property
    def methods(self) -> Methods:
        """Ways to pay; the test is skipped where none is known."""
        if self.paying is None:
            pytest.skip("no way to pay is known here that costs nothing")
        return self.paying

    def email(self, name: str) -> str:
        """Return an address that nobody has signed up with before."""
        return f"{name}{self.mark}@example.org"


@dataclass
class Person:
    """Somebody with an account, logged in."""

    backend: Backend
    harness: Harness
    name: str
    email: str

    async def sign_up(self) -> None:
        """Make the account."""
        await self.backend.users.signup(self.name, self.email, PASSWORD)

    async def log_in(self) -> Session:
        """Start a session with it."""
        return await self.backend.users.login(self.email, PASSWORD)

    async def fill(self, *wanted: tuple[str, int]) -> None:
        """Fill the cart until nothing but a confirmation is missing."""
        for variant_id, quantity in wanted:
            await self.backend.carts.add(variant_id, quantity)
        await self.backend.carts.set_address(ADDRESS, self.email)
        await self.backend.carts.set_shipping((await self.backend.carts.shipping_options())[0].id)

    async def attempt(self, *, total: Money | None = None, key: str | None = None) -> CheckoutAttempt:
        """Confirm the cart as it is."""
        cart = await self.backend.carts.view()
        assert cart.id is not None
        assert cart.totals is not None
        assert cart.address is not None
        assert cart.shipping is not None
        assert cart.requirements == ()
        return CheckoutAttempt(
            key=key or self.harness.ids(),
            cart_id=cart.id,
            cart_version=cart.version,
            total=total or cart.totals.total,
            address=cart.address,
            shipping=cart.shipping.id,
            created_at=self.harness.now(),
        )

    async def order(self, *wanted: tuple[str, int]) -> Order:
        """Place an order for these variants."""
        await self.fill(*wanted)
        return await self.backend.orders.place(await self.attempt())

    async def stock(self, slug: str) -> int | None:
        """What the shop says is left of the product's first variant; None where it does not say."""
        return (await self.backend.products.get(slug)).variants[0].stock

    async def expect_stock(self, slug: str, left: int) -> None:
        """Expect so many pieces of the product's first variant, or that it is sold out, where the shop says no more."""
        variant = (await self.backend.products.get(slug)).variants[0]
        if Capability.EXACT_STOCK in self.backend.capabilities:
            assert variant.stock == left
        else:
            assert variant.in_stock is (left > 0)
