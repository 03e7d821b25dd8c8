"""CartService's tables: carts, their lines, and what orders took from them."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from backends.models import Address, BookEntry
from stub_services.addresses import read_address
from stub_services.database import Row, Statements, reader
from stub_services.idempotency import Requests
from stub_services.peers import Offer
from stub_services.times import to_millis


@dataclass(frozen=True, slots=True)
class CartLine:
    """A line as it is kept: with the offer as it was when the person last touched the line."""

    id: str
    variant_id: str
    quantity: int
    offer: Offer


@dataclass(frozen=True, slots=True)
class StoredCart:
    """A cart as it is kept. `user_id` is None for a guest's."""

    id: str
    user_id: str | None
    version: int
    address: Address | None
    email: str | None
    shipping: str | None
    merged_into: str | None
    lines: tuple[CartLine, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """What an order took (`state` "taken"), or a tombstone ("returned")."""

    state: str
    cart_id: str | None
    lines: tuple[CartLine, ...]
    shipping: str | None


class CartRows:
    """Carts inside one transaction."""

    def __init__(self, sql: Statements) -> None:
        """Work inside the transaction of `sql`."""
        self._sql = sql
        self.requests = Requests(sql)

    async def of_user(self, user_id: str) -> StoredCart | None:
        """The account's cart."""
        return await self._cart(await self._sql.one("SELECT * FROM carts WHERE user_id = ?", user_id))

    async def by_id(self, cart_id: str) -> StoredCart | None:
        """Any cart."""
        return await self._cart(await self._sql.one("SELECT * FROM carts WHERE id = ?", cart_id))

    async def insert(self, cart_id: str, user_id: str | None) -> None:
        """Start an empty cart; nothing happens if it is there."""
        await self._sql.run(
            "INSERT INTO carts (id, user_id, version) VALUES (?, ?, 0) ON CONFLICT DO NOTHING", cart_id, user_id
        )

    async def delete_of_user(self, user_id: str) -> None:
        """Remove an account's cart with its lines."""
        await self._sql.run("DELETE FROM lines WHERE cart_id IN (SELECT id FROM carts WHERE user_id = ?)", user_id)
        await self._sql.run("DELETE FROM carts WHERE user_id = ?", user_id)

    async def insert_forgotten(self, user_id: str, now: datetime, before: datetime) -> None:
        """Remember that an account was deleted, and no longer those that were `before`."""
        await self._sql.run("DELETE FROM forgotten WHERE at < ?", to_millis(before))
        await self._sql.run(
            "INSERT INTO forgotten (user_id, at) VALUES (?, ?) ON CONFLICT DO NOTHING", user_id, to_millis(now)
        )

    async def is_forgotten(self, user_id: str) -> bool:
        """Whether the account was deleted a short while ago."""
        return await self._sql.one("SELECT 1 FROM forgotten WHERE user_id = ?", user_id) is not None

    async def raise_version(self, cart_id: str) -> None:
        """Say that the cart is not what it was."""
        await self._sql.run("UPDATE carts SET version = version + 1 WHERE id = ?", cart_id)

    async def set_address(self, cart_id: str, address: Address, email: str) -> None:
        """Say where it goes."""
        await self._sql.run(
            "UPDATE carts SET address = ?, email = ? WHERE id = ?", json.dumps(asdict(address)), email, cart_id
        )

    async def set_shipping(self, cart_id: str, shipping: str | None) -> None:
        """Choose the delivery, or none."""
        await self._sql.run("UPDATE carts SET shipping = ? WHERE id = ?", shipping, cart_id)

    async def set_merged(self, cart_id: str, into: str) -> None:
        """Remember where a guest's cart went (R6), and no longer who the guest was."""
        await self._sql.run(
            "UPDATE carts SET merged_into = ?, address = NULL, email = NULL WHERE id = ?", into, cart_id
        )

    async def put_line(self, cart_id: str, line: CartLine) -> None:
        """Add a line, or replace quantity and offer of the variant's line."""
        await self._sql.run(
            "INSERT INTO lines (id, cart_id, variant_id, quantity, position, offer) VALUES (?, ?, ?, ?,"
            " (SELECT COALESCE(max(position), 0) + 1 FROM lines WHERE cart_id = ?), ?)"
            " ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = excluded.quantity, offer = excluded.offer",
            line.id,
            cart_id,
            line.variant_id,
            line.quantity,
            cart_id,
            json.dumps(asdict(line.offer)),
        )

    async def remove_line(self, cart_id: str, line_id: str) -> bool:
        """Remove a line; False if it is not there."""
        return await self._sql.run("DELETE FROM lines WHERE cart_id = ? AND id = ?", cart_id, line_id) == 1

    async def clear(self, cart_id: str) -> int:
        """Remove all lines; returns how many."""
        return await self._sql.run("DELETE FROM lines WHERE cart_id = ?", cart_id)

    async def take(self, order_id: str) -> Take | None:
        """What is recorded for an order."""
        row = await self._sql.one("SELECT * FROM taken WHERE order_id = ?", order_id)
        return Take(row["state"], row["cart_id"], _lines(row["lines"]), row["shipping"]) if row else None

    async def insert_take(self, order_id: str, take: Take) -> None:
        """Record what an order took, or that it never will."""
        await self._sql.run(
            "INSERT INTO taken (order_id, state, cart_id, lines, shipping) VALUES (?, ?, ?, ?, ?)",
            order_id,
            take.state,
            take.cart_id,
            json.dumps([asdict(line) for line in take.lines]),
            take.shipping,
        )

    async def books(self, after: str, orders: int) -> list[BookEntry]:
        """What the next orders behind an id took."""
        rows = await self._sql.all("SELECT * FROM taken WHERE order_id > ? ORDER BY order_id LIMIT ?", after, orders)
        return [_entry(row) for row in rows]

    async def mark_returned(self, order_id: str) -> bool:
        """Compare and set (R1): only the first give-back returns True."""
        moved = await self._sql.run(
            "UPDATE taken SET state = 'returned' WHERE order_id = ? AND state = 'taken'", order_id
        )
        return moved == 1

    async def _cart(self, row: Row | None) -> StoredCart | None:
        if row is None:
            return None
        lines = await self._sql.all("SELECT * FROM lines WHERE cart_id = ? ORDER BY position", row["id"])
        return StoredCart(
            row["id"],
            row["user_id"],
            row["version"],
            read_address(row["address"]) if row["address"] else None,
            row["email"],
            row["shipping"],
            row["merged_into"],
            tuple(map(_line, lines)),
        )


@reader
def _line(row: Row) -> CartLine:
    return CartLine(row["id"], row["variant_id"], row["quantity"], Offer(**json.loads(row["offer"])))


@reader
def _lines(stored: str) -> tuple[CartLine, ...]:
    return tuple(CartLine(**{**line, "offer": Offer(**line["offer"])}) for line in json.loads(stored))


@reader
def _entry(row: Row) -> BookEntry:
    pieces = sum(line["quantity"] for line in json.loads(row["lines"]))
    return BookEntry("carts", row["order_id"], row["order_id"], row["state"], pieces)
