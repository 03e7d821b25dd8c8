"""What a backend supplies to be tested: everything in which shops differ, so that no test asks for a name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from backends import Admin, Backend, Card, CheckoutAttempt, Money, Order, Session, SessionStore
from backends.errors import Outcome, ShopError
from tests.contract.goods import ADDRESS

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
    with pytest.raises(ShopError) as caught:
        yield
    error = caught.value
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
    """Open it for one more person."""
    ids: Callable[[], str]
    now: Callable[[], datetime]
    methods: Methods
    unknown_variant: str = "no-such-variant"
    unknown_id: str = "00000000-0000-4000-8000-00000000dead"
    advance: Callable[[timedelta], None] | None = None
    admin: Admin | None = None
    owner: Backend | None = None
    """Somebody who may refund."""
    opened: list[Backend] = field(default_factory=list)
    """What has to be closed after the test."""


@dataclass
class Person:
    """Somebody with an account, logged in."""

    backend: Backend
    harness: Harness
    name: str
    email: str

    async def sign_up(self) -> None:
        await self.backend.users.signup(self.name, self.email, PASSWORD)

    async def log_in(self) -> Session:
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
        """What the shop says is left of the product's first variant."""
        return (await self.backend.products.get(slug)).variants[0].stock
