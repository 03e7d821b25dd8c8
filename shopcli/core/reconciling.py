"""Comparing the services' books, which have to tell the same story about each order.

What each service says alone may be right and still be wrong beside the others: an order that is paid with no money
taken, stock held for an order that was cancelled. docs/checkout.md has the states and who moves them.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from backends.interface import KEEPERS, Admin
from backends.models import BookEntry
from backends.money import Money

_UNDER_WAY = {"placing", "rejecting", "created", "charging", "captured", "refunding"}
"""States that somebody moves on without being asked: nothing is wrong yet."""
_KEEPS = {"taken", "held", "sold"}

_Allowed = dict[str, tuple[str, ...]]
_FREE = ("released", "refused", "none")
_ENDED: _Allowed = {"carts": ("taken",), "products": ("released",)}
_NEVER_PLACED: _Allowed = {"carts": ("returned", "none"), "products": _FREE}
_GOODS: dict[str, _Allowed] = {
    "awaiting_payment": {"carts": ("taken",), "products": ("held",)},
    "paid": {"carts": ("taken",), "products": ("sold",)},
    "cancelled": _ENDED,
    "expired": _ENDED,
    "refunded": _ENDED,
}
"""What may have become of an order's cart and stock, by the order's state; any other order was never placed.

An order that was placed keeps its cart, also when it ends: only a rejection gives lines back.
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that two services, or two books of one, do not tell alike."""

    order: str | None
    """The order's number where it has one, else its id; None for what belongs to no order."""
    service: str
    """Whose books do not fit."""
    expected: str
    found: str
    state: str | None = None
    """What OrderService says of the order."""
    about: str | None = None
    """The payment's, charge's or variant's id, where it is about one."""


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
    strays: list[Difference] = []
    for service in reversed(KEEPERS):  # orders last: by then they know of each order that the others tell of
        async for entry in _entries(admin, service):
            if entry.order_id is None:
                strays.append(_stray(entry))
            else:
                books[entry.order_id].append(entry)
    result = Reconciled()
    for order_id, entries in books.items():
        _judge(order_id, entries, result)
    result.differences += strays
    return result


async def _entries(admin: Admin, service: str) -> AsyncIterator[BookEntry]:
    cursor: str | None = None
    while True:
        page = await admin.books(service, cursor)
        for entry in page.items:
            yield entry
        if (cursor := page.next_cursor) is None:
            return


def _stray(entry: BookEntry) -> Difference:
    """Return what is wrong with something that belongs to no order: its service says so itself."""
    if entry.kept is None:
        expected, found = f"{entry.pieces} {entry.state}", f"{entry.counted} {entry.state}"
    else:
        expected, found = "no charge", f"{_money(entry.kept, entry.currency)} kept"
    return Difference(None, entry.service, expected, found, about=entry.id)


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
        expected = _GOODS.get(self._state, _NEVER_PLACED)[service]
        if state not in expected:
            self._differ(service, " or ".join(expected), state)
        elif found and state in _KEEPS and self._order and found.pieces != self._order.pieces:
            self._differ(service, f"{self._order.pieces} pieces", f"{found.pieces} pieces")

    def hear_money(self, payments: list[BookEntry]) -> None:
        """Hear what PaymentService says, and what the processor says to it."""
        for payment in payments:
            self._hear_processor(payment)
        settled = [payment for payment in payments if payment.state == "settled"]
        wanted = 1 if self._state == "paid" else 0
        if len(settled) != wanted:
            self._differ("payments", f"{wanted} settled", f"{len(settled)} settled", *settled[:1])
        elif settled and self._order:
            (payment,) = settled
            expected, found = _amount(self._order), _amount(payment)
            if expected != found:
                self._differ("payments", expected, found, payment)

    def _hear_processor(self, payment: BookEntry) -> None:
        kept = (payment.amount or 0) if payment.state == "settled" else 0
        if payment.kept != kept:
            currency = payment.currency or (self._order.currency if self._order else "")
            expected = f"{_money(kept, currency)} kept ({payment.state})"
            self._differ("payments", expected, _money(payment.kept or 0, currency), payment)

    def _differ(self, service: str, expected: str, found: str, about: BookEntry | None = None) -> None:
        told = Difference(self._name, service, expected, found, self._state, about.id if about else None)
        self.differences.append(told)


def _amount(entry: BookEntry) -> str:
    return _money(entry.amount or 0, entry.currency)


def _money(minor: int, currency: str) -> str:
    """Return money for people; a payment that was never charged has no currency."""
    return str(Money.of_minor(minor, currency)).strip()
