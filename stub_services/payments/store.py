"""PaymentService's tables: payments, saved methods, the outbox. Card data is nowhere."""

from dataclasses import dataclass
from datetime import datetime

from backends.models import BookEntry, PaymentMethod, PaymentStatus
from backends.text import clean
from stub_services.database import Row, Statements, reader
from stub_services.outbox import Outbox
from stub_services.times import from_millis, to_millis

LIVE = (
    PaymentStatus.CREATED,
    PaymentStatus.CHARGING,
    PaymentStatus.CAPTURED,
    PaymentStatus.SETTLED,
    PaymentStatus.REFUNDING,
)
"""States in which money is, or may still be, taken. The schema's unique index names them too."""


@dataclass(frozen=True, slots=True)
class StoredPayment:
    """A payment as it is kept; `amount` in minor units once the order has said it."""

    id: str
    order_id: str
    user_id: str
    method: str
    label: str
    state: PaymentStatus
    reason: str | None
    amount: int | None
    currency: str | None
    created_at: datetime
    charging_at: datetime | None = None


class PaymentRows:
    """Payments inside one transaction. Every move is compare-and-set (R1)."""

    def __init__(self, sql: Statements) -> None:
        """Work inside the transaction of `sql`."""
        self._sql = sql
        self.outbox = Outbox(sql)

    async def payment(self, payment_id: str) -> StoredPayment | None:
        """One payment by id."""
        row = await self._sql.one("SELECT * FROM payments WHERE id = ?", payment_id)
        return _payment(row) if row else None

    async def state(self, payment_id: str) -> PaymentStatus | None:
        """The state of a payment."""
        payment = await self.payment(payment_id)
        return payment.state if payment else None

    async def of_order(self, order_id: str, user_id: str) -> list[StoredPayment]:
        """An order's payments by this account, oldest first."""
        rows = await self._sql.all(
            "SELECT * FROM payments WHERE order_id = ? AND user_id = ? ORDER BY number", order_id, user_id
        )
        return [_payment(row) for row in rows]

    async def books(self, after: str, orders: int) -> list[BookEntry]:
        """All payments for the next orders behind an id."""
        rows = await self._sql.all(
            "SELECT *, (SELECT count(*) FROM outbox WHERE outbox.order_id = payments.order_id) AS messages"
            " FROM payments WHERE order_id IN (SELECT DISTINCT order_id FROM payments"
            " WHERE order_id > ? ORDER BY order_id LIMIT ?) ORDER BY order_id, number",
            after,
            orders,
        )
        return [_entry(_payment(row), waits=row["messages"] > 0) for row in rows]

    async def known(self, payment_ids: tuple[str, ...]) -> set[str]:
        """Which of these are payments."""
        marks = ", ".join("?" * len(payment_ids))
        rows = await self._sql.all(f"SELECT id FROM payments WHERE id IN ({marks})", *payment_ids)
        return {row["id"] for row in rows}

    async def unfinished(self) -> list[StoredPayment]:
        """Payments on which something has to be done; captured ones wait in the outbox."""
        rows = await self._sql.all("SELECT * FROM payments WHERE state IN ('created', 'charging', 'refunding')")
        return [_payment(row) for row in rows]

    async def has_live(self, order_id: str, user_id: str) -> bool:
        """Whether money is, or may still be, taken for an order."""
        return any(payment.state in LIVE for payment in await self.of_order(order_id, user_id))

    async def insert(self, payment: StoredPayment) -> None:
        """Record a payment under the client's id."""
        await self._sql.run(
            "INSERT INTO payments (id, order_id, user_id, method, label, state, reason, created_at, number)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT COALESCE(max(number), 0) + 1 FROM payments))",
            payment.id,
            payment.order_id,
            payment.user_id,
            payment.method,
            payment.label,
            payment.state,
            payment.reason,
            to_millis(payment.created_at),
        )

    async def move(
        self, payment_id: str, source: PaymentStatus, target: PaymentStatus, reason: str | None = None
    ) -> bool:
        """Compare and set the state."""
        moved = await self._sql.run(
            "UPDATE payments SET state = ?, reason = COALESCE(?, reason) WHERE id = ? AND state = ?",
            target,
            reason,
            payment_id,
            source,
        )
        return moved == 1

    async def set_charging(self, payment_id: str, amount: int, currency: str, now: datetime) -> bool:
        """`created -> charging(amount)`: the order is claimed."""
        moved = await self._sql.run(
            "UPDATE payments SET state = ?, amount = ?, currency = ?, charging_at = ? WHERE id = ? AND state = ?",
            PaymentStatus.CHARGING,
            amount,
            currency,
            to_millis(now),
            payment_id,
            PaymentStatus.CREATED,
        )
        return moved == 1

    async def methods(self, user_id: str) -> tuple[PaymentMethod, ...]:
        """Saved cards, newest first."""
        rows = await self._sql.all("SELECT * FROM methods WHERE user_id = ? ORDER BY created_at DESC, token", user_id)
        return tuple(PaymentMethod(row["token"], clean(row["label"])) for row in rows)

    async def delete_methods(self, user_id: str) -> None:
        """Forget an account's saved cards."""
        await self._sql.run("DELETE FROM methods WHERE user_id = ?", user_id)

    async def insert_method(self, user_id: str, method: PaymentMethod, now: datetime) -> None:
        """Save a card's token."""
        await self._sql.run(
            "INSERT INTO methods (token, user_id, label, created_at) VALUES (?, ?, ?, ?)",
            method.token,
            user_id,
            method.label,
            to_millis(now),
        )


@reader
def _payment(row: Row) -> StoredPayment:
    return StoredPayment(
        row["id"],
        row["order_id"],
        row["user_id"],
        row["method"],
        clean(row["label"]),
        PaymentStatus(row["state"]),
        row["reason"],
        row["amount"],
        row["currency"],
        from_millis(row["created_at"]),
        from_millis(row["charging_at"]) if row["charging_at"] is not None else None,
    )


def _entry(payment: StoredPayment, *, waits: bool) -> BookEntry:
    amount, currency = payment.amount, payment.currency or ""
    return BookEntry(
        "payments", payment.order_id, payment.id, payment.state, amount=amount, currency=currency, waits=waits
    )
