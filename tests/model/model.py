"""What the shop should be doing, said in dictionaries: no SQL, no messages, no processes."""

from collections import Counter
from dataclasses import dataclass, field

SHIPPING = 490
WINDOW = 30 * 60
DECLINES = {"tok_declined": "card_declined", "tok_insufficient_funds": "insufficient_funds"}


@dataclass
class ModelPayment:
    """One payment; `captured` and `refunded` are what the processor's books say."""

    order: str
    token: str
    status: str
    reason: str | None = None
    captured: int = 0
    refunded: int = 0


@dataclass
class ModelOrder:
    """One order: its lines as variant, quantity and unit price."""

    user: str
    status: str
    reason: str | None = None
    lines: tuple[tuple[str, int, int], ...] = ()
    total: int = 0
    expires: float = 0
    payment: str | None = None


@dataclass
class ModelShop:
    """Everything there is."""

    price: dict[str, int] = field(default_factory=dict)
    shelf: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    sold: Counter[str] = field(default_factory=Counter)
    carts: dict[str, dict[str, int]] = field(default_factory=dict)
    versions: Counter[str] = field(default_factory=Counter)
    orders: dict[str, ModelOrder] = field(default_factory=dict)
    payments: dict[str, ModelPayment] = field(default_factory=dict)
    now: float = 0

    # --- carts -------------------------------------------------------------------------------

    def add(self, user: str, variant: str, quantity: int) -> bool:
        """Whether the pieces went into the cart."""
        return self.set(user, variant, self.carts[user].get(variant, 0) + quantity)

    def set(self, user: str, variant: str, quantity: int) -> bool:
        """Whether the line has that quantity now."""
        self.run_due()
        if quantity > self.shelf[variant]:
            return False
        self.carts[user][variant] = quantity
        self.versions[user] += 1
        return True

    def remove(self, user: str, variant: str) -> None:
        """Take a line out."""
        self.run_due()
        if self.carts[user].pop(variant, None) is not None:
            self.versions[user] += 1

    def lines(self, user: str) -> tuple[tuple[str, int, int], ...]:
        """The cart at today's prices."""
        return tuple((variant, quantity, self.price[variant]) for variant, quantity in self.carts[user].items())

    def total(self, user: str) -> int:
        """What the cart costs with delivery."""
        return SHIPPING + sum(quantity * price for _, quantity, price in self.lines(user))

    # --- orders ------------------------------------------------------------------------------

    def place(self, user: str, key: str, version: int, total: int) -> ModelOrder:
        """Place once; a repeat answers what became of it."""
        self.run_due()
        if key in self.orders:
            return self.orders[key]
        order = self.orders[key] = ModelOrder(user, "rejected")
        lines = self.lines(user)
        if version != self.versions[user] or not lines:
            order.reason = "cart_changed"
        elif any(quantity > self.shelf[variant] for variant, quantity, _ in lines):
            order.reason = "out_of_stock"
        elif total != self.total(user):
            order.reason = "price_changed"
        else:
            order.status, order.lines, order.total, order.expires = "awaiting_payment", lines, total, self.now + WINDOW
            self._move(order, self.shelf, self.held)
            self.carts[user] = {}
        if order.reason != "cart_changed":
            self.versions[user] += 1  # taken, and perhaps given back: not the cart that was confirmed before
        return order

    def cancel(self, user: str, key: str) -> ModelOrder:
        """Cancel whatever there is, or leave a tombstone."""
        self.run_due()
        order = self.orders.setdefault(key, ModelOrder(user, "rejected", "cancelled"))
        self._end(order, "cancelled", "cancelled")
        return order

    def _end(self, order: ModelOrder, status: str, reason: str | None) -> None:
        if order.status not in ("awaiting_payment", "paid"):
            return
        self._move(order, self.sold if order.status == "paid" else self.held, self.shelf)
        order.status, order.reason = status, reason
        if order.payment is not None:
            self._give_back(self.payments[order.payment])
            order.status = "refunded"

    @staticmethod
    def _move(order: ModelOrder, source: Counter[str], target: Counter[str]) -> None:
        for variant, quantity, _ in order.lines:
            source[variant] -= quantity
            target[variant] += quantity

    # --- payments ----------------------------------------------------------------------------

    def pay(self, user: str, order_id: str, token: str, key: str) -> ModelPayment:
        """Pay once; a repeat answers what became of it."""
        self.run_due()
        if key in self.payments:
            return self.payments[key]
        order = self.orders.get(order_id)
        live = [each for each in self.payments.values() if each.order == order_id and each.status in LIVE]
        payment = self.payments[key] = ModelPayment(order_id, token, "refused")
        if order is None or order.user != user:
            payment.reason = "not_found"
        elif live:
            payment.reason = "another_payment"
        elif order.status != "awaiting_payment":
            payment.reason = f"order_{order.status}"
        elif token in DECLINES:
            payment.status, payment.reason = "declined", DECLINES[token]
        else:
            payment.captured = order.total
            payment.status = "charging"
            if token != "tok_lost_answer":
                self._settle(key)
        return payment

    def refund(self, key: str) -> ModelPayment | None:
        """The merchant's refund; None if there is nothing to give back."""
        self.run_due()
        payment = self.payments[key]
        if payment.status == "settled":
            self._end(self.orders[payment.order], "refunded", "refunded")
        return payment if payment.status == "refunded" else None

    def _settle(self, key: str) -> None:
        payment = self.payments[key]
        order = self.orders[payment.order]
        if order.status != "awaiting_payment":
            self._give_back(payment)
            return
        self._move(order, self.held, self.sold)
        order.status, order.payment, payment.status = "paid", key, "settled"

    @staticmethod
    def _give_back(payment: ModelPayment) -> None:
        payment.status, payment.refunded = "refunded", payment.captured

    # --- what is due -------------------------------------------------------------------------

    def run_due(self) -> None:
        """What every writing command does first: unpaid orders expire, lost answers are found."""
        charging = {each.order for each in self.payments.values() if each.status == "charging"}
        for order_id, order in self.orders.items():
            if order.status == "awaiting_payment" and order.expires <= self.now and order_id not in charging:
                self._end(order, "expired", None)
        for key, payment in self.payments.items():
            if payment.status == "charging":
                self._settle(key)


LIVE = ("charging", "settled")
