"""What the services ask of each other, in process or over a wire.

Every receiver is idempotent, so a message may be repeated, late or out of order (rule R17). A raised
`ShopError` is silence: it decides nothing, and the sender asks again later. A refusal is an answer.
Amounts are integer minor units; times are aware datetimes in UTC.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from backends.models import ShippingOption

MEMORY = timedelta(hours=72)
"""How long receivers remember an id at least; what was intended earlier than that is refused."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A definite no: a code that programs know and a sentence for people."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Item:
    """Pieces of one variant."""

    variant_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What ProductService says of a variant now."""

    variant_id: str
    ref: str
    title: str
    variant: str
    sku: str
    unit_price: int
    currency: str
    available: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The lines a cart gave to an order, and the delivery chosen with them."""

    items: tuple[Item, ...]
    shipping: ShippingOption


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line at the price it was reserved for."""

    offer: Offer
    quantity: int


@dataclass(frozen=True, slots=True)
class Reserved:
    """Stock held for an order. A replay answers these stored prices, not today's (R5)."""

    lines: tuple[SoldLine, ...]
    total: int
    currency: str


@dataclass(frozen=True, slots=True)
class Due:
    """OrderService's word that this payment, and no other, may charge this amount."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Busy:
    """Nothing is decided: another attempt is under way, ask again."""


class Verdict(StrEnum):
    """What becomes of captured money."""

    ACCEPTED = "accepted"
    REFUND = "refund"


class CartPeer(Protocol):
    """What OrderService asks of CartService."""

    async def take(
        self, order_id: str, cart_id: str, version: int, user_id: str, intent_at: datetime
    ) -> Taken | Refusal:
        """Move the cart's lines to the order in one commit, if the cart is still at `version`."""

    async def give_back(self, order_id: str) -> None:
        """Undo a take, also one that has not arrived yet."""


class StockPeer(Protocol):
    """What CartService and OrderService ask of ProductService."""

    async def offers(self, variant_ids: tuple[str, ...]) -> dict[str, Offer]:
        """Price and stock now; unknown variants are missing."""

    async def reserve(self, order_id: str, items: tuple[Item, ...], intent_at: datetime) -> Reserved | Refusal:
        """Hold all items or none."""

    async def sell(self, order_id: str) -> None:
        """Turn what is held into sold."""

    async def release(self, order_id: str) -> None:
        """Put what is held or sold back on the shelf; final, also before a reserve arrives (R18)."""


class OrderPeer(Protocol):
    """What PaymentService asks of OrderService."""

    async def amount_due(self, order_id: str, payment_id: str, user_id: str) -> Due | Busy | Refusal:
        """Claim the order for this payment, durably (R7)."""

    async def captured(self, order_id: str, payment_id: str, amount: int) -> Verdict:
        """Say that money was taken; the order answers whether it keeps it (R11)."""

    async def payment_dead(self, order_id: str, payment_id: str) -> None:
        """Say that this payment will never take money; recorded even for an unknown order (R8, R9)."""

    async def belongs_to(self, order_id: str, user_id: str) -> bool:
        """Whether this account placed that order."""

    async def refunded(self, order_id: str, payment_id: str) -> None:
        """Say that the money went back."""

    async def give_up(self, order_id: str, payment_id: str) -> None:
        """Cancel the order that this settled payment paid: the merchant refunds it."""


class Worker(Protocol):
    """What has work that waits: messages to deliver, orders and payments that were left half-way (R17)."""

    async def run_due(self) -> None:
        """Do what can be done now; silence of others leaves it waiting."""


class Keeper(Protocol):
    """What UserService asks of whoever keeps something of an account."""

    async def forget(self, user_id: str) -> None:
        """Erase it, because the account is being deleted; idempotent."""


class PaymentPeer(Protocol):
    """What OrderService asks of PaymentService."""

    async def refund_order(self, order_id: str, payment_id: str) -> None:
        """Send the money of a cancelled order back."""

    async def knows(self, payment_id: str) -> bool:
        """Whether there is such a payment, whose money could be sent back."""


READS = frozenset(("belongs_to", "knows", "offers"))
"""The methods that change nothing: silence about them leaves nothing unknown."""
