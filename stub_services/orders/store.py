"""OrderService's tables: orders and their lines, claims of payments, the outbox."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from backends.models import Address, BookEntry, CheckoutAttempt, OrderStatus
from backends.text import clean
from stub_services.addresses import read_address
from stub_services.currency import CURRENCY
from stub_services.database import Row, Statements, reader
from stub_services.outbox import Outbox
from stub_services.peers import Offer, Refusal, SoldLine
from stub_services.times import from_millis, to_millis

FIRST_NUMBER = 1001


class ClaimState(StrEnum):
    """A payment's hold on an order: `claimed -> captured | dead`; dead is final."""

    CLAIMED = "claimed"
    CAPTURED = "captured"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order as it is kept; amounts in minor units. Before it is placed, `total` is what was confirmed."""

    id: str
    number: int | None
    user_id: str
    state: OrderStatus
    reason: str | None
    message: str | None
    fingerprint: str | None
    cart_id: str | None
    cart_version: int | None
    address: Address | None
    shipping: str | None
    currency: str
    items: int
    shipping_price: int
    total: int
    payment_id: str | None
    intent_at: datetime
    created_at: datetime
    expires_at: datetime | None


class OrderRows:
    """Orders inside one transaction. Every move is compare-and-set (R1)."""

    def __init__(self, sql: Statements) -> None:
        """Work inside the transaction of `sql`."""
        self._sql = sql
        self.outbox = Outbox(sql)

    async def order(self, order_id: str) -> StoredOrder | None:
        """One order by id."""
        row = await self._sql.one("SELECT * FROM orders WHERE id = ?", order_id)
        return _order(row) if row else None

    async def by_number(self, user_id: str, number: int) -> StoredOrder | None:
        """One order of an account by its short number."""
        row = await self._sql.one("SELECT * FROM orders WHERE user_id = ? AND number = ?", user_id, number)
        return _order(row) if row else None

    async def page(self, user_id: str, limit: int, before: int | None) -> list[StoredOrder]:
        """Placed orders of an account, newest first."""
        rows = await self._sql.all(
            "SELECT * FROM orders WHERE user_id = ? AND number < ? ORDER BY number DESC LIMIT ?",
            user_id,
            before if before is not None else 2**62,
            limit,
        )
        return [_order(row) for row in rows]

    async def books(self, after: str, orders: int) -> list[BookEntry]:
        """The next orders behind an id, whatever became of them."""
        rows = await self._sql.all(
            "SELECT id, number, state, total, currency,"
            " (SELECT COALESCE(sum(quantity), 0) FROM lines WHERE order_id = orders.id) AS pieces,"
            " (SELECT count(*) FROM outbox WHERE order_id = orders.id) AS messages"
            " FROM orders WHERE id > ? ORDER BY id LIMIT ?",
            after,
            orders,
        )
        return [_entry(row) for row in rows]

    async def lines(self, order_id: str) -> tuple[SoldLine, ...]:
        """The lines of a placed order."""
        rows = await self._sql.all("SELECT * FROM lines WHERE order_id = ? ORDER BY position", order_id)
        return tuple(map(_line, rows))

    async def insert_placing(self, user_id: str, attempt: CheckoutAttempt, fingerprint: str, now: datetime) -> None:
        """Record what was asked, before anything is done about it."""
        await self._sql.run(
            "INSERT INTO orders (id, user_id, state, fingerprint, cart_id, cart_version, address, shipping,"
            " currency, items, shipping_price, total, intent_at, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?)",
            attempt.key,
            user_id,
            OrderStatus.PLACING,
            fingerprint,
            attempt.cart_id,
            attempt.cart_version,
            json.dumps(asdict(attempt.address)),
            attempt.shipping,
            attempt.total.currency,
            attempt.total.minor,
            to_millis(attempt.created_at),
            to_millis(now),
        )

    async def insert_tombstone(self, order_id: str, user_id: str, refusal: Refusal, now: datetime) -> None:
        """Refuse an order that has not arrived, for the caller it belongs to (R2)."""
        await self._sql.run(
            "INSERT INTO orders (id, user_id, state, reason, message, currency, items, shipping_price, total,"
            " intent_at, created_at) VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, ?, ?)",
            order_id,
            user_id,
            OrderStatus.REJECTED,
            refusal.reason,
            refusal.message,
            CURRENCY,
            to_millis(now),
            to_millis(now),
        )

    async def set_placed(
        self, order_id: str, lines: tuple[SoldLine, ...], items: int, shipping: int, expires: datetime
    ) -> bool:
        """`placing -> awaiting_payment`, with lines and a short number."""
        moved = await self._sql.run(
            "UPDATE orders SET state = ?, items = ?, shipping_price = ?, expires_at = ?,"
            " number = (SELECT COALESCE(max(number) + 1, ?) FROM orders) WHERE id = ? AND state = ?",
            OrderStatus.AWAITING_PAYMENT,
            items,
            shipping,
            to_millis(expires),
            FIRST_NUMBER,
            order_id,
            OrderStatus.PLACING,
        )
        for position, line in enumerate(lines if moved else ()):
            await self._sql.run(
                "INSERT INTO lines (order_id, position, quantity, offer) VALUES (?, ?, ?, ?)",
                order_id,
                position,
                line.quantity,
                json.dumps(asdict(line.offer)),
            )
        return moved == 1

    async def move(
        self, order_id: str, source: OrderStatus, target: OrderStatus, refusal: Refusal | None = None
    ) -> bool:
        """Compare and set the state, with the reason if there is one."""
        moved = await self._sql.run(
            "UPDATE orders SET state = ?, reason = COALESCE(?, reason), message = COALESCE(?, message)"
            " WHERE id = ? AND state = ?",
            target,
            refusal and refusal.reason,
            refusal and refusal.message,
            order_id,
            source,
        )
        return moved == 1

    async def set_paid(self, order_id: str, payment_id: str) -> bool:
        """`awaiting_payment -> paid(payment)`."""
        moved = await self._sql.run(
            "UPDATE orders SET state = ?, payment_id = ? WHERE id = ? AND state = ?",
            OrderStatus.PAID,
            payment_id,
            order_id,
            OrderStatus.AWAITING_PAYMENT,
        )
        return moved == 1

    async def finish_rejection(self, order_id: str) -> None:
        """`rejecting -> rejected` once cart and stock have acknowledged (R4)."""
        await self._sql.run(
            "UPDATE orders SET state = ? WHERE id = ? AND state = ? AND NOT EXISTS"
            " (SELECT 1 FROM outbox WHERE outbox.order_id = orders.id AND kind IN ('release', 'give_back'))",
            OrderStatus.REJECTED,
            order_id,
            OrderStatus.REJECTING,
        )

    async def in_state(self, state: OrderStatus) -> list[StoredOrder]:
        """All orders in a state."""
        return [_order(row) for row in await self._sql.all("SELECT * FROM orders WHERE state = ?", state)]

    async def overdue(self, now: datetime) -> list[str]:
        """Unpaid orders past their time, but for those a payment has claimed (R7)."""
        rows = await self._sql.all(
            "SELECT id FROM orders WHERE state = ? AND expires_at <= ? AND NOT EXISTS"
            " (SELECT 1 FROM claims WHERE claims.order_id = orders.id AND claims.state = ?)",
            OrderStatus.AWAITING_PAYMENT,
            to_millis(now),
            ClaimState.CLAIMED,
        )
        return [row["id"] for row in rows]

    async def claim(self, payment_id: str) -> tuple[str, ClaimState] | None:
        """The order and state of a payment's claim."""
        row = await self._sql.one("SELECT * FROM claims WHERE payment_id = ?", payment_id)
        return (row["order_id"], ClaimState(row["state"])) if row else None

    async def claimed_by(self, order_id: str) -> str | None:
        """The payment that is charging this order now."""
        row = await self._sql.one(
            "SELECT payment_id FROM claims WHERE order_id = ? AND state = ?", order_id, ClaimState.CLAIMED
        )
        return row["payment_id"] if row else None

    async def insert_claim(self, payment_id: str, order_id: str, state: ClaimState) -> None:
        """Record a payment, also for an order that is unknown here (R8); nothing happens if it is there."""
        await self._sql.run(
            "INSERT INTO claims (payment_id, order_id, state) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            payment_id,
            order_id,
            state,
        )

    async def end_claim(self, payment_id: str, state: ClaimState) -> None:
        """`claimed -> captured | dead`."""
        await self._sql.run(
            "UPDATE claims SET state = ? WHERE payment_id = ? AND state = ?", state, payment_id, ClaimState.CLAIMED
        )


@reader
def _line(row: Row) -> SoldLine:
    return SoldLine(Offer(**json.loads(row["offer"])), row["quantity"])


@reader
def _order(row: Row) -> StoredOrder:
    return StoredOrder(
        row["id"],
        row["number"],
        row["user_id"],
        OrderStatus(row["state"]),
        row["reason"],
        clean(row["message"]) if row["message"] else None,
        row["fingerprint"],
        row["cart_id"],
        row["cart_version"],
        read_address(row["address"]) if row["address"] else None,
        row["shipping"],
        row["currency"],
        row["items"],
        row["shipping_price"],
        row["total"],
        row["payment_id"],
        from_millis(row["intent_at"]),
        from_millis(row["created_at"]),
        row["expires_at"] and from_millis(row["expires_at"]),
    )


@reader
def _entry(row: Row) -> BookEntry:
    number = row["id"] if row["number"] is None else str(row["number"])
    pieces, waits = int(row["pieces"]), row["messages"] > 0
    return BookEntry(
        "orders", row["id"], number, row["state"], pieces, row["total"], currency=row["currency"], waits=waits
    )
