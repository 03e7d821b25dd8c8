"""What each service's books say about an order, for whoever compares them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BookEntry:
    """One service's word on one order: the order, the cart's lines that it took, its reserved stock, or a payment.

    Or on what belongs to no order: a charge for a payment that PaymentService does not know, and a variant of which
    ProductService counts other pieces than its orders hold or bought.
    """

    service: str
    """Whose books: carts, orders, payments or products."""
    order_id: str | None
    id: str
    """What people look it up by: the order's number where it has one, a payment's or variant's id, else the order's."""
    state: str
    """In the words of the service: "paid", "taken", "sold", "settled"; "unknown" for a payment that it knows not."""
    pieces: int | None = None
    """How many pieces of whatever is sold, of a variant by all orders; None for payments."""
    amount: int | None = None
    """What the order costs or the payment takes, in minor units; None where the service knows no money."""
    kept: int | None = None
    """What the payment processor took for a payment and did not give back, in minor units."""
    currency: str = ""
    waits: bool = False
    """Whether a message about it waits until another service listens."""
    counted: int | None = None
    """How many pieces of a variant are counted in this state, which are not as many as its orders have."""
