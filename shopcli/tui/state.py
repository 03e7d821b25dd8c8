"""What the full-screen shop shows: one frozen value, replaced as a whole when something becomes known.

Widgets keep nothing but a cursor and how far they are scrolled.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from backends.capabilities import Capability
from backends.errors import ShopError
from backends.models import (
    Address,
    Card,
    Cart,
    CheckoutAttempt,
    Order,
    Payment,
    PaymentMethod,
    ProductQuery,
    ServiceHealth,
    ShippingOption,
    User,
)
from shopcli.core.basket import Basket
from shopcli.core.browsing import Shelf

Trouble = tuple[ShopError | None, datetime | None]
"""What is wrong with something that is shown, and when that was true."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who shops."""

    user: User | None = None
    known: bool = False
    """Whether the shop has said who it is; else nobody knows yet."""
    remembered: str | None = None
    """Who this computer takes for logged in while the shop cannot say."""
    addresses: tuple[Address, ...] = ()
    backend: str = ""
    """The shop's URL without secrets; empty before it answered."""
    capabilities: frozenset[Capability] = frozenset()
    loaded_at: datetime | None = None
    error: ShopError | None = None
    """Why the shop could not say who it is."""
    signing_up: bool = False
    """Whether the person makes a new account, while nobody is signed in."""
    email: str = ""
    """What the form to sign in begins with: an account that was just made."""
    doing: str = ""
    refusal: ShopError | None = None
    """Why the last command was not done."""
    said: str = ""
    """What became of it."""

    @property
    def is_signed_out(self) -> bool:
        """Whether nobody is logged in, as far as anybody knows."""
        return self.user is None and self.remembered is None


@dataclass(frozen=True, slots=True)
class OrderList:
    """The account's orders as far as they are loaded, the newest first."""

    orders: tuple[Order, ...] = ()
    next_cursor: str | None = None
    loaded_at: datetime | None = None
    loading: bool = False
    error: ShopError | None = None
    said: tuple[str, ...] = ()
    """What became of checkouts that were unfinished."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The order that is looked at, and how it was paid."""

    order: Order
    payments: tuple[Payment, ...] = ()
    loaded_at: datetime | None = None
    busy: str = ""
    """What goes on now, in words for the person."""
    following: bool = False
    """Whether it is looked at again and again until nothing more can happen to it by itself."""
    error: ShopError | None = None


class Step(StrEnum):
    """Where a checkout is."""

    ADDRESS = "address"
    DELIVERY = "delivery"
    PAYMENT = "payment"
    REVIEW = "review"
    RECEIPT = "receipt"


@dataclass(frozen=True, slots=True)
class Checkout:
    """One checkout; with an order but no attempt: one payment of an order that was placed before."""

    step: Step = Step.ADDRESS
    cart: Cart | None = None
    email: str = ""
    addresses: tuple[Address, ...] = ()
    options: tuple[ShippingOption, ...] = ()
    methods: tuple[PaymentMethod, ...] = ()
    means: PaymentMethod | Card | None = None
    """What is paid with; None: later."""
    attempt: CheckoutAttempt | None = None
    """Exactly what the person sees in the review. Its id is that of the order, however often it is sent."""
    order: Order | None = None
    """Once it is placed."""
    open_id: str | None = None
    """The id of the order of which an answer is missing."""
    busy: str = ""
    """What goes on now, in words for the person."""
    sending: bool = False
    """Whether that is placing or paying: it goes on if the person leaves."""
    said: tuple[str, ...] = ()
    """What became of earlier checkouts that were unfinished."""
    error: ShopError | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """The services' state, and how long each took to answer lately."""

    services: tuple[ServiceHealth, ...] = ()
    latencies: tuple[tuple[str, tuple[float | None, ...]], ...] = ()
    """By service: milliseconds, the latest last; None where it did not answer."""
    checked_at: datetime | None = None
    checking: bool = False
    can_operate: bool = False
    """Whether services can be stopped and started from here."""
    doing: str = ""
    said: str = ""
    """What became of the last command."""
    error: ShopError | None = None
    """Why it was not done, or why nobody could be asked."""


@dataclass(frozen=True, slots=True)
class ShopState:
    """All of it."""

    shelf: Shelf = field(default_factory=lambda: Shelf(ProductQuery()))
    basket: Basket = field(default_factory=Basket)
    account: Account = field(default_factory=Account)
    orders: OrderList = field(default_factory=OrderList)
    opened: Opened | None = None
    checkout: Checkout = field(default_factory=Checkout)
    health: Health = field(default_factory=Health)
    unfinished: int = 0
    """Confirmed checkouts whose end is not known yet."""

    @property
    def missing(self) -> frozenset[str]:
        """The services without which something could not be asked or done lately."""
        opened = self.opened.error if self.opened else None
        account = (self.account.error, self.account.refusal)
        errors = (self.shelf.error, self.basket.error, *account, self.orders.error, opened, self.checkout.error)
        return frozenset(error.service for error in errors if error and error.retryable and error.service)
