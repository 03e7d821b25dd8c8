"""ProductService's tables of stock: what is on the shelf, reserved and sold, and for which order."""

import json
from collections import Counter
from dataclasses import asdict, dataclass

from backends.models import BookEntry
from backends.text import shorten
from stub_services.currency import CURRENCY
from stub_services.database import Row, Statements, reader
from stub_services.peers import Item, Offer, Refusal, Reserved, SoldLine
from stub_services.products.store import MAX_NAME, MAX_TITLE, marks, ref_of

_COUNTED = {"held": "reserved", "sold": "sold"}
"""The column of a variant that counts what reservations in a state have."""
_PART = 500


@dataclass(frozen=True, slots=True)
class Reservation:
    """What an order holds, sold or was refused; `outcome` is None for a tombstone."""

    state: str
    outcome: Reserved | Refusal | None


class StockRows:
    """Stock inside one transaction."""

    def __init__(self, sql: Statements) -> None:
        """Work inside the transaction of `sql`."""
        self._sql = sql

    async def offers(self, variant_ids: tuple[str, ...]) -> dict[str, Offer]:
        """Price and stock of the variants that exist."""
        rows = await self._sql.all(
            "SELECT variants.*, products.slug, products.title FROM variants"
            " JOIN products ON products.id = variants.product_id"
            f" WHERE withdrawn = 0 AND variants.id IN ({marks(variant_ids)})",
            *variant_ids,
        )
        return {row["id"]: _offer(row) for row in rows}

    async def reservation(self, order_id: str) -> Reservation | None:
        """What is recorded for an order."""
        row = await self._sql.one("SELECT * FROM reservations WHERE order_id = ?", order_id)
        return _reservation(row) if row else None

    async def insert_reservation(self, order_id: str, state: str, outcome: Reserved | Refusal | None) -> None:
        """Record what was answered to an order."""
        refusal = outcome if isinstance(outcome, Refusal) else None
        held = outcome if isinstance(outcome, Reserved) else Reserved((), 0, CURRENCY)
        await self._sql.run(
            "INSERT INTO reservations (order_id, state, reason, message, lines, total, currency)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            order_id,
            state,
            refusal and refusal.reason,
            refusal and refusal.message,
            json.dumps([asdict(line) for line in held.lines]),
            held.total,
            held.currency,
        )

    async def move_reservation(self, order_id: str, state: str, *, expected: tuple[str, ...]) -> bool:
        """Compare and set the state (R1)."""
        moved = await self._sql.run(
            f"UPDATE reservations SET state = ? WHERE order_id = ? AND state IN ({marks(expected)})",
            state,
            order_id,
            *expected,
        )
        return moved == 1

    async def books(self, after: str, orders: int) -> list[BookEntry]:
        """What the next orders behind an id hold or bought."""
        rows = await self._sql.all(
            "SELECT * FROM reservations WHERE order_id > ? ORDER BY order_id LIMIT ?", after, orders
        )
        return [_entry(row) for row in rows]

    async def miscounted(self) -> list[BookEntry]:
        """Variants that are not counted as all orders together hold and bought them; those that are gone count as 0."""
        orders = await self._of_all_orders()
        rows = await self._sql.all("SELECT id, reserved, sold FROM variants WHERE reserved <> 0 OR sold <> 0")
        shelf = Counter({(row["id"], state): row[column] for row in rows for state, column in _COUNTED.items()})
        return [
            _miscount(*counted, orders[counted], shelf[counted])
            for counted in sorted(orders | shelf)
            if orders[counted] != shelf[counted]
        ]

    async def _of_all_orders(self) -> Counter[tuple[str, str]]:
        """How many pieces of each variant are held, and sold; read in parts, as there may be many orders."""
        pieces: Counter[tuple[str, str]] = Counter()
        after = ""
        while rows := await self._sql.all(
            "SELECT order_id, state, lines FROM reservations WHERE order_id > ? AND state IN ('held', 'sold')"
            " ORDER BY order_id LIMIT ?",
            after,
            _PART,
        ):
            for row in rows:
                for item in _kept_items(row):
                    pieces[item.variant_id, row["state"]] += item.quantity
            after = rows[-1]["order_id"]
        return pieces

    async def hold(self, item: Item) -> None:
        """Move pieces from the shelf into reservations."""
        await self._move(item, "available", "reserved")

    async def sell(self, item: Item) -> None:
        """Move pieces from reservations into what is sold."""
        await self._move(item, "reserved", "sold")

    async def put_back(self, item: Item, *, sold: bool) -> None:
        """Move pieces back on the shelf."""
        await self._move(item, "sold" if sold else "reserved", "available")

    async def _move(self, item: Item, source: str, target: str) -> None:
        await self._sql.run(
            f"UPDATE variants SET {source} = {source} - ?, {target} = {target} + ? WHERE id = ?",
            item.quantity,
            item.quantity,
            item.variant_id,
        )


@reader
def _offer(row: Row) -> Offer:
    return Offer(
        row["id"],
        shorten(ref_of(row["slug"], row["name"]), MAX_TITLE),
        shorten(row["title"], MAX_TITLE),
        shorten(row["name"], MAX_NAME),
        shorten(row["sku"], MAX_NAME),
        row["price"],
        row["currency"],
        row["available"],
    )


@reader
def _reservation(row: Row) -> Reservation:
    if row["state"] == "refused":
        return Reservation("refused", Refusal(row["reason"], row["message"]))
    if row["state"] == "released":
        return Reservation("released", None)
    lines = tuple(SoldLine(Offer(**line["offer"]), line["quantity"]) for line in json.loads(row["lines"]))
    return Reservation(row["state"], Reserved(lines, row["total"], row["currency"]))


@reader
def _entry(row: Row) -> BookEntry:
    pieces = sum(line["quantity"] for line in json.loads(row["lines"]))
    return BookEntry("products", row["order_id"], row["order_id"], row["state"], pieces)


@reader
def _kept_items(row: Row) -> tuple[Item, ...]:
    return tuple(Item(str(line["offer"]["variant_id"]), int(line["quantity"])) for line in json.loads(row["lines"]))


def _miscount(variant_id: str, state: str, pieces: int, counted: int) -> BookEntry:
    return BookEntry("products", None, shorten(variant_id, 2 * MAX_NAME), state, pieces, counted=counted)
