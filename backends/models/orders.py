"""Checkout attempts and orders."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backends.models.carts import Line, Totals
from backends.models.users import Address
from backends.money import Money


@dataclass(frozen=True, slots=True)
class CheckoutAttempt:
    """Exactly what the person confirmed. The client makes `key`, journals the attempt, then sends it.

    Repeating an attempt means repeating these same values: adapters serialise them deterministically.
    `handle` is what a backend can find the attempt by where it does not take keys (Vendure: the order
    code; Medusa: the cart id).
    """

    key: str
    cart_id: str
    cart_version: int | None
    total: Money
    address: Address
    shipping: str
    created_at: datetime
    payment: str | None = None
    handle: str | None = None


class OrderStatus(StrEnum):
    """`placing` and `rejecting` mean: nothing is decided yet, ask again under the same key."""

    PLACING = "placing"
    REJECTING = "rejecting"
    REJECTED = "rejected"
    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Order:
    """An order. `number` is the short one for people.

    `reason` is a code that says why it was rejected or cancelled, `message` a sentence about that.
    """

    id: str
    number: str | None
    status: OrderStatus
    reason: str | None
    lines: tuple[Line, ...]
    totals: Totals
    address: Address | None
    shipping: str | None
    created_at: datetime
    message: str | None = None
    expires_at: datetime | None = None
    """When it expires unless it is paid; None once that cannot happen."""

    @property
    def name(self) -> str:
        """What people call it, and commands take: its number, or its id where the shop has no numbers."""
        return self.number or self.id
