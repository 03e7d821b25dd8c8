"""What a person confirmed: an order to place, to pay, to cancel, with the exact request to repeat."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from backends.models import Address, CheckoutAttempt
from backends.money import Money

INTENT = "intent"
"""It may have been sent; what became of it is not known."""
PLACED = "placed"
"""The order is placed and no payment was started."""


@dataclass(frozen=True, slots=True)
class Placing:
    """A confirmed checkout; its key is the order's id. `account` is whose it is, None for a guest."""

    attempt: CheckoutAttempt
    account: str | None
    state: str = INTENT

    kind = "place"

    @property
    def key(self) -> str:
        """The order's id."""
        return self.attempt.key

    @property
    def order_id(self) -> str:
        """The order's id."""
        return self.attempt.key

    @property
    def created_at(self) -> datetime:
        """When the person confirmed."""
        return self.attempt.created_at


@dataclass(frozen=True, slots=True)
class Paying:
    """A payment of an order; its key is the payment's id. The token is part of the exact request."""

    key: str
    order_id: str
    account: str | None
    method: str
    created_at: datetime
    state: str = INTENT

    kind = "pay"


@dataclass(frozen=True, slots=True)
class Cancelling:
    """A cancellation of an order."""

    key: str
    order_id: str
    account: str | None
    created_at: datetime
    state: str = INTENT

    kind = "cancel"


Entry = Placing | Paying | Cancelling


def request(entry: Entry) -> str:
    """Return the exact request as text, the same for the same entry."""
    if isinstance(entry, Paying):
        return json.dumps({"method": entry.method})
    if isinstance(entry, Cancelling):
        return "{}"
    attempt = entry.attempt
    document = asdict(attempt)
    document["total"] = {"amount": str(attempt.total.amount), "currency": attempt.total.currency}
    document["created_at"] = attempt.created_at.isoformat()
    return json.dumps(document)


def entry_of(row: tuple[str, str, str, str | None, str, str, str]) -> Entry:
    """Return the entry of a journal's row: key, kind, order id, account, request, state, time."""
    key, kind, order_id, account, request, state, created_at = row
    document: dict[str, Any] = json.loads(request)
    moment = datetime.fromisoformat(created_at).astimezone(UTC)
    if kind == Paying.kind:
        return Paying(key, order_id, account, document["method"], moment, state)
    if kind == Cancelling.kind:
        return Cancelling(key, order_id, account, moment, state)
    if kind != Placing.kind:
        raise ValueError(f"an entry of kind {kind!r}")
    total = Money(Decimal(document["total"]["amount"]), document["total"]["currency"])
    address = Address(**document["address"])
    attempt = CheckoutAttempt(**{**document, "total": total, "address": address, "created_at": moment})
    return Placing(attempt, account, state)
