"""Comparing the services' books, which have to tell the same story about each order.

What each service says alone may be right and still be wrong beside the others: an order that is paid with no money
taken, stock held for an order that was cancelled. docs/checkout.md has the states and who moves them.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from backends.interface import KEEPERS, Admin
from backends.models import BookEntry

_UNDER_WAY = {"placing", "rejecting", "created", "charging", "captured", "refunding"}
"""States that somebody moves on without being asked: nothing is wrong yet."""
_KEEPS = {"taken", "held", "sold"}


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that two services do not tell alike."""

    order: str
    """The order's number where it has one, else its id."""
    service: str
    """Whose books do not fit the order."""
    expected: str
    found: str


@dataclass(slots=True)
class Reconciled:
    """What a comparison found."""

    orders: int = 0
    under_way: int = 0
    """Orders that are being worked on, whose books cannot agree yet."""
    settled: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """What paid orders cost, in minor units by currency."""
    differences: list[Difference] = field(default_factory=list)


async def reconcile(admin: Admin) -> Reconciled:
    """Compare all books. A difference counts if it is still there at a second look: orders go on meanwhile."""
    found = await _compared(admin)
    if found.differences:
        again = await _compared(admin)
        again.differences = [each for each in again.differences if each in found.differences]
        return again
    return found


async def _compared(admin: Admin) -> Reconciled:
    books: defaultdict[str, list[BookEntry]] = defaultdict(list)
    for service in reversed(KEEPERS):  # orders last: what the others know of an order began before it
        cursor: str | None = None
        while True:
            page = await admin.books(service, cursor)
            for entry in page.items:
                books[entry.order_id].append(entry)
            if (cursor := page.next_cursor) is None:
                break
    result = Reconciled()
    for order_id, entries in books.items():
        _judge(order_id, entries, result)
    return result


def _judge(order_id: str, entries: list[BookEntry], result: Reconciled) -> None:
    order = next((entry for entry in entries if entry.service == "orders"), None)
    result.orders += order is not None
    if any(entry.waits or entry.state in _UNDER_WAY for entry in entries):
        result.under_way += 1
        return
    if order is not None and order.state == "paid":
        result.settled[order.currency] += order.amount or 0
    result.differences += differences(order_id, order, entries)


def differences(order_id: str, order: BookEntry | None, entries: list[BookEntry]) -> list[Difference]:
    """Return what does not fit an order that nobody is working on; `order` is None where OrderService knows none."""
    told = _Told(order.id if order else order_id, order)
    for service in ("carts", "products"):
        told.hear_goods(service, [entry for entry in entries if entry.service == service])
    told.hear_money([entry for entry in entries if entry.service == "payments"])
    return told.differences


class _Told:
    """What is told about one order."""

    def __init__(self, name: str, order: BookEntry | None) -> None:
        self._name = name
        self._order = order
        self._state = order.state if order else "unknown"
        self.differences: list[Difference] = []

    def hear_goods(self, service: str, entries: list[BookEntry]) -> None:
        """Hear what CartService says was taken, or ProductService about its stock."""
        found = entries[0] if entries else None
        state = found.state if found else "none"
        expected = _goods(service, self._state)
        if state not in expected:
            self._differ(service, f"{' or '.join(expected)} ({self._word})", state)
        elif found and state in _KEEPS and self._order and found.pieces != self._order.pieces:
            self._differ(service, f"{self._order.pieces} pieces ({self._word})", f"{found.pieces} pieces")

    def hear_money(self, payments: list[BookEntry]) -> None:
        """Hear what PaymentService says, and what the processor says to it."""
        for payment in payments:
            kept = (payment.amount or 0) if payment.state == "settled" else 0
            if payment.kept != kept:
                self._differ("payments", f"{kept} kept for payment {payment.id} ({payment.state})", str(payment.kept))
        settled = [payment for payment in payments if payment.state == "settled"]
        wanted = 1 if self._state == "paid" else 0
        if len(settled) != wanted:
            self._differ("payments", f"{wanted} settled ({self._word})", f"{len(settled)} settled")
        elif settled and self._order and settled[0].amount != self._order.amount:
            self._differ("payments", f"{self._order.amount} ({self._word})", str(settled[0].amount))

    @property
    def _word(self) -> str:
        return f"the order is {self._state}"

    def _differ(self, service: str, expected: str, found: str) -> None:
        self.differences.append(Difference(self._name, service, expected, found))


def _goods(service: str, state: str) -> tuple[str, ...]:
    """Return the states of goods that fit an order's state."""
    if service == "carts":
        placed = state in ("awaiting_payment", "paid")
        return ("taken",) if placed else ("taken", "returned", "none") if state in _ENDED else ("returned", "none")
    wanted = {"awaiting_payment": ("held",), "paid": ("sold",)}
    return wanted.get(state, ("released", "refused", "none"))


_ENDED = ("cancelled", "expired", "refunded")
"""Orders that were placed: their cart stays taken."""
