"""The books of a shop and of whoever shops there, read straight from the databases."""

import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes.terminal import Result, Terminal

Row = dict[str, Any]
STOPPED = {"rejected", "cancelled", "expired", "refunded"}


def rows(file: Path, sql: str) -> list[Row]:
    """Read a database; one that was never needed is empty."""
    if not file.exists():
        return []
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table'").fetchone():
            return []
        return [dict(row) for row in connection.execute(sql)]


def on_shelves(shop: Path) -> dict[str, int]:
    """Return how many pieces of each variant the shop has, wherever they are."""
    variants = rows(shop / "products.db", "SELECT id, available + reserved + sold AS pieces FROM variants")
    return {variant["id"]: variant["pieces"] for variant in variants}


@dataclass(frozen=True)
class Books:
    """Everything that has to agree."""

    orders: list[Row]
    lines: list[Row]
    payments: list[Row]
    charges: list[Row]
    variants: list[Row]
    in_carts: Counter[str]
    messages: list[Row]
    journal: list[Row]

    @classmethod
    def read(cls, terminal: Terminal) -> "Books":
        return cls.of(terminal.shop, *terminal.data.glob("profiles/*/journal.db"))

    @classmethod
    def of(cls, shop: Path, *journals: Path) -> "Books":
        """Read the databases in `shop`, and what clients journalled."""
        held = rows(shop / "carts.db", "SELECT variant_id, quantity FROM lines")
        outbox = "SELECT * FROM outbox"
        return cls(
            rows(shop / "orders.db", "SELECT * FROM orders"),
            rows(shop / "orders.db", "SELECT * FROM lines"),
            rows(shop / "payments.db", "SELECT * FROM payments"),
            rows(shop / "processor.db", "SELECT * FROM charges"),
            rows(shop / "products.db", "SELECT * FROM variants"),
            sum((Counter({line["variant_id"]: line["quantity"]}) for line in held), Counter()),
            rows(shop / "orders.db", outbox) + rows(shop / "payments.db", outbox),
            [entry for journal in journals for entry in rows(journal, "SELECT * FROM entries")],
        )

    def in_orders(self, *states: str) -> Counter[str]:
        """Count the pieces in the orders that are in one of these states."""
        wanted = {order["id"] for order in self.orders if order["state"] in states}
        pieces: Counter[str] = Counter()
        for line in self.lines:
            if line["order_id"] in wanted:
                pieces[json.loads(line["offer"])["variant_id"]] += line["quantity"]
        return pieces

    def charged(self, order_id: str) -> list[Row]:
        """Return the charges that took money for an order, also those that were refunded."""
        payments = {payment["id"] for payment in self.payments if payment["order_id"] == order_id}
        return [charge for charge in self.charges if charge["reference"] in payments and charge["state"] == "captured"]

    def kept(self, order_id: str) -> int:
        """Return the money that was taken for an order and not given back, in minor units."""
        return sum(charge["amount"] - charge["refunded"] for charge in self.charged(order_id))

    def check(self, goods: dict[str, int], initial: dict[str, int]) -> None:
        """Hold all invariants of a shop in which nothing is under way."""
        self._check_money()
        self._check_stock(initial)
        assert self.messages == []
        assert self.journal == [], "something is unfinished"
        given_back = self.in_orders("paid", "awaiting_payment", "cancelled", "refunded", "expired")
        assert self.in_carts + given_back == Counter(goods), "lines are lost, or there twice"

    def _check_money(self) -> None:
        for order in self.orders:
            assert order["state"] in {"paid", "awaiting_payment", *STOPPED}, order
            charges = self.charged(order["id"])
            assert len(charges) <= 1, "charged twice"
            assert self.kept(order["id"]) == (order["total"] if order["state"] == "paid" else 0), order
        owned = {payment["id"] for payment in self.payments}
        assert {charge["reference"] for charge in self.charges} <= owned, "charged for nothing"
        settled = {payment["order_id"] for payment in self.payments if payment["state"] == "settled"}
        assert settled == {order["id"] for order in self.orders if order["state"] == "paid"}

    def _check_stock(self, initial: dict[str, int]) -> None:
        for column, states in (("reserved", ("awaiting_payment",)), ("sold", ("paid",))):
            counted = Counter({variant["id"]: variant[column] for variant in self.variants if variant[column]})
            assert counted == self.in_orders(*states), column
        now = {each["id"]: each["available"] + each["reserved"] + each["sold"] for each in self.variants}
        assert now == initial
        assert all(each["available"] >= 0 for each in self.variants)

    # --- what people were told ---------------------------------------------------------------

    def check_told(self, result: Result) -> None:
        """Hold everything that was printed about orders and money against the books."""
        for line in result.out.splitlines():
            number, _, rest = line.partition("\t")
            if number:
                assert self._by_number(number)["state"] == rest.partition("\t")[0], line
        for line in result.err.splitlines():
            self._check_sentence(line)

    def _check_sentence(self, line: str) -> None:
        about = re.search(r"order (\d+)", line)
        if about and (said := re.search(r"order \d+ is (paid|cancelled|refunded|expired|placed and not paid)", line)):
            state = {"placed and not paid": "awaiting_payment"}.get(said[1], said[1])
            assert self._by_number(about[1])["state"] == state, line
        if "nothing was charged" in line or "not charged" in line:
            concerned = [self._by_number(about[1])] if about else self.orders
            assert all(self.kept(order["id"]) == 0 for order in concerned), line
        if "nothing was ordered" in line or "not placed" in line:
            assert all(order["state"] in STOPPED for order in self.orders), line
        assert "this is a bug" not in line

    def _by_number(self, number: str) -> Row:
        (order,) = (order for order in self.orders if str(order["number"]) == number)
        return order
