"""Cards, payment methods, payments."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from backends.money import Money


class PaymentStatus(StrEnum):
    """Only `settled` means paid: `captured` can still be sent back."""

    CREATED = "created"
    CHARGING = "charging"
    DECLINED = "declined"
    REFUSED = "refused"
    CAPTURED = "captured"
    SETTLED = "settled"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Card:
    """A card on its way to becoming a token. Never stored, logged or shown: its repr is empty."""

    number: str = field(repr=False)
    expiry_month: int = field(repr=False)
    expiry_year: int = field(repr=False)
    cvv: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A saved card, or a token of a test processor; `token` is what `payments.pay` takes."""

    token: str
    label: str
    test: bool = False


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to pay an order. `amount` is None until the order said what is due."""

    id: str
    order_id: str
    status: PaymentStatus
    reason: str | None
    amount: Money | None
    method: str
    created_at: datetime
    action_url: str | None = None
    """Where to finish paying in a browser, for shops without PAY_IN_TERMINAL."""
    message: str | None = None
    """What it waits for, in words, while nothing is decided."""
