"""What each service's books say about an order, for whoever compares them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BookEntry:
    """One service's word on one order: the order, the cart's lines that it took, its reserved stock, or a payment."""

    service: str
    """Whose books: carts, orders, payments or products."""
    order_id: str
    id: str
    """What people look it up by: the order's number where it has one, a payment's id, else the order's id."""
    state: str
    """In the words of the service: "paid", "taken", "sold", "settled"."""
    pieces: int | None = None
    """How many pieces of whatever is sold; None for payments."""
    amount: int | None = None
    """What the order costs or the payment takes, in minor units; None where the service knows no money."""
    kept: int | None = None
    """What the payment processor took for a payment and did not give back, in minor units."""
    currency: str = ""
    waits: bool = False
    """Whether a message about it waits until another service listens."""
