"""The eight invariants of docs/checkout.md, over what the databases say and what clients were told."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from backends import CheckoutAttempt
from tests.model.world import World

PLACED = ("awaiting_payment", "paid", "cancelled", "expired", "refunded")
DECIDED = {*PLACED, "rejected"}


class Violation(AssertionError):
    """An invariant does not hold."""


@dataclass
class Journal:
    """What the clients confirmed, did and were told."""

    attempts: dict[str, CheckoutAttempt] = field(default_factory=dict)
    confirmed: dict[str, tuple[tuple[str, int, int], ...]] = field(default_factory=dict)
    """Variant, quantity and unit price of each line, by order."""
    users: dict[str, str] = field(default_factory=dict)
    told_orders: dict[str, str] = field(default_factory=dict)
    told_payments: dict[str, str] = field(default_factory=dict)
    put: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Pieces ever put into a cart, by user and variant."""


def require(holds: object, number: int, what: str) -> None:
    if not holds:
        raise Violation(f"invariant {number}: {what}")


class Checker:
    """Looks at a world."""

    def __init__(self, world: World, journal: Journal) -> None:
        self._world = world
        self._journal = journal
        self._initial = self._pieces()

    def _pieces(self) -> dict[str, int]:
        rows = self._world.rows("products", "SELECT id, available + reserved + sold AS n FROM variants")
        return {row["id"]: row["n"] for row in rows}

    def restocked(self) -> None:
        """The merchant counted the shelves anew."""
        self._initial = self._pieces()

    def always(self) -> None:
        """What holds at every moment."""
        self._one_live_charge()
        require(self._pieces() == self._initial, 3, f"pieces {self._initial} became {self._pieces()}")
        for order_id, told in self._journal.told_orders.items():
            if told == "rejected":
                self._truly_rejected(order_id)

    def _truly_rejected(self, order_id: str) -> None:
        taken = self._world.rows("carts", "SELECT 1 FROM taken WHERE order_id = ? AND state = 'taken'", order_id)
        require(not taken, 5, f"{order_id} was told to be rejected while it keeps the cart")
        held = self._world.rows(
            "products", "SELECT 1 FROM reservations WHERE order_id = ? AND state IN ('held', 'sold')", order_id
        )
        require(not held, 5, f"{order_id} was told to be rejected while it holds stock")

    def _charges(self) -> dict[str, list[dict[str, Any]]]:
        """Captured charges by order."""
        orders = {row["id"]: row["order_id"] for row in self._world.rows("payments", "SELECT * FROM payments")}
        charges: dict[str, list[dict[str, Any]]] = {}
        for row in self._world.rows("processor", "SELECT * FROM charges WHERE state = 'captured'"):
            charges.setdefault(orders[row["reference"]], []).append(row)
        return charges

    def _one_live_charge(self) -> None:
        for order_id, charges in self._charges().items():
            live = [row for row in charges if row["refunded"] < row["amount"]]
            require(len(live) <= 1, 1, f"{order_id} has {len(live)} live charges")

    def quiet(self) -> None:
        """What holds once nothing is under way any more."""
        self.always()
        orders = {row["id"]: row for row in self._world.rows("orders", "SELECT * FROM orders")}
        payments = self._world.rows("payments", "SELECT * FROM payments")
        self._nothing_waits(orders, payments)
        self._money(orders, payments)
        self._stock(orders)
        self._carts(orders)
        self._promises(orders, payments)
        self._contents(orders)

    def _nothing_waits(self, orders: dict[str, dict[str, Any]], payments: list[dict[str, Any]]) -> None:
        for order_id in self._journal.attempts:
            too_old = self._journal.told_orders.get(order_id) == "too_old"
            require((order_id in orders) != too_old, 6, f"{order_id} never became anything, or too much")
        for row in orders.values():
            require(row["state"] in DECIDED, 6, f"{row['id']} is still {row['state']}")
        for row in payments:
            ended = row["state"] in ("declined", "refused", "settled", "refunded")
            require(ended, 2, f"payment {row['id']} is still {row['state']}")
        for service in ("orders", "payments"):
            require(not self._world.rows(service, "SELECT * FROM outbox"), 6, f"the outbox of {service} is not empty")

    def _money(self, orders: dict[str, dict[str, Any]], payments: list[dict[str, Any]]) -> None:
        charges = self._charges()
        for order_id, row in orders.items():
            kept = sum(charge["amount"] - charge["refunded"] for charge in charges.get(order_id, ()))
            require(kept in (0, row["total"]), 1, f"{order_id} of {row['total']} keeps {kept}")
            settled = [each for each in payments if each["order_id"] == order_id and each["state"] == "settled"]
            require((row["state"] == "paid") == (len(settled) == 1), 2, f"{order_id} is {row['state']}: {settled}")
            require((row["state"] == "paid") == (kept > 0), 2, f"{order_id} is {row['state']} and keeps {kept}")
            if row["state"] == "expired":
                require(order_id not in charges, 7, f"{order_id} expired while it was charged")

    def _stock(self, orders: dict[str, dict[str, Any]]) -> None:
        expected = {"held": Counter[str](), "sold": Counter[str]()}
        for order_id, row in orders.items():
            kind = {"awaiting_payment": "held", "paid": "sold"}.get(row["state"])
            if kind is not None:
                for variant_id, quantity, _ in self._journal.confirmed[order_id]:
                    expected[kind][variant_id] += quantity
        for row in self._world.rows("products", "SELECT * FROM variants"):
            for kind, column in (("held", "reserved"), ("sold", "sold")):
                wanted = expected[kind][row["id"]]
                require(row[column] == wanted, 3, f"{row['id']}: {row[column]} {column}, {wanted} wanted")

    def _carts(self, orders: dict[str, dict[str, Any]]) -> None:
        there: Counter[tuple[str, str]] = Counter()
        for row in self._world.rows(
            "carts", "SELECT user_id, variant_id, quantity FROM lines JOIN carts ON carts.id = cart_id"
        ):
            there[row["user_id"], row["variant_id"]] += row["quantity"]
        for order_id, row in orders.items():
            if row["number"] is not None:
                for variant_id, quantity, _ in self._journal.confirmed[order_id]:
                    there[self._journal.users[order_id], variant_id] += quantity
        require(there == self._journal.put, 4, f"put {self._journal.put}, found {there}")

    def _promises(self, orders: dict[str, dict[str, Any]], payments: list[dict[str, Any]]) -> None:
        for order_id, told in self._journal.told_orders.items():
            state = orders[order_id]["state"] if order_id in orders else "nothing"
            final = {
                "rejected": ("rejected",),
                "too_old": ("nothing",),
                "expired": ("expired",),
                "cancelled": ("cancelled", "refunded", "rejected", "expired"),
                "refunded": ("refunded",),
                "paid": ("paid", "cancelled", "refunded"),
            }.get(told, PLACED)
            require(state in final, 5, f"{order_id} was told to be {told} and is {state}")
        charged = {
            row["reference"] for row in self._world.rows("processor", "SELECT * FROM charges WHERE state = 'captured'")
        }
        states = {row["id"]: row["state"] for row in payments}
        for payment_id, told in self._journal.told_payments.items():
            state = states.get(payment_id, "nothing")
            if told in ("declined", "refused"):
                require(payment_id not in charged, 5, f"{payment_id} was told to be {told} and is charged")
                require(state == told, 5, f"{payment_id} was told to be {told} and is {state}")
            if told in ("settled", "refunded"):
                require(state in (told, "refunded"), 5, f"{payment_id} was told to be {told} and is {state}")

    def _contents(self, orders: dict[str, dict[str, Any]]) -> None:
        for order_id, row in orders.items():
            if row["number"] is None:
                continue
            attempt = self._journal.attempts[order_id]
            require(row["total"] == attempt.total.minor, 8, f"{order_id} costs {row['total']}, not {attempt.total}")
            require(row["items"] + row["shipping_price"] == row["total"], 8, f"{order_id} does not add up")
            lines = self._world.rows(
                "orders",
                "SELECT json_extract(offer, '$.variant_id') AS variant_id, quantity,"
                " json_extract(offer, '$.unit_price') AS price FROM lines WHERE order_id = ? ORDER BY position",
                order_id,
            )
            found = tuple((line["variant_id"], line["quantity"], line["price"]) for line in lines)
            require(found == self._journal.confirmed[order_id], 8, f"{order_id} has {found}")
