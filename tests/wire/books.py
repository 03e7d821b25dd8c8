"""What people confirmed, did and were told, beside what the checker's own books hold."""

from dataclasses import dataclass, field
from typing import Protocol

from backends import Order
from tests.model.checker import Journal, require
from tests.wire.world import World


class Owner(Protocol):
    """Somebody with a cart."""

    name: str

    def owner(self) -> str | None:
        """The account, or None for a guest."""


@dataclass
class Adding:
    """Somebody wants more of something in their cart, once."""

    person: "Owner"
    variant_id: str
    quantity: int
    keys: set[str] = field(default_factory=set)
    """Under which the request was seen on the wire; a right client uses one."""
    told: str = "unknown"

    def __str__(self) -> str:
        return f"{self.person.name}'s {self.quantity} of {self.variant_id} ({self.told}, as {sorted(self.keys)})"


@dataclass
class Books:
    """What people confirmed, did and were told."""

    journal: Journal = field(default_factory=Journal)
    adding: list[Adding] = field(default_factory=list)
    nothing_ordered: set[str] = field(default_factory=set)
    """Orders of which was said that nothing was ordered."""
    sent: set[str] = field(default_factory=set)
    """Orders of which a request was seen on the wire."""
    closed: set[str] = field(default_factory=set)
    """Orders of which a client's journal needs to find out nothing any more."""
    placed: dict[str | None, list[Order]] = field(default_factory=dict)
    """Orders that people of an account know."""
    nothing_charged: set[str] = field(default_factory=set)
    """Payments of which was said that nothing was charged."""

    def close(self, world: World) -> None:
        """Count what got into carts, and whether that is what people were told; nothing may be under way any more."""
        self._count_pieces(world)
        orders = {row["id"] for row in world.rows("orders", "SELECT id FROM orders")}
        # Whoever confirmed these died before a byte was sent, or right after the journal said that nothing came of it.
        self.nothing_ordered |= set(self.journal.attempts) - orders - (self.sent - self.closed)
        for order_id in self.nothing_ordered:
            self.journal.told_orders[order_id] = "rejected" if order_id in orders else "too_old"
        charged = world.rows("processor", "SELECT reference FROM charges WHERE state = 'captured'")
        for row in charged:
            require(row["reference"] not in self.nothing_charged, 5, f"{row['reference']} was told not to be charged")

    def _count_pieces(self, world: World) -> None:
        rows = world.rows("carts", "SELECT key, scope FROM requests WHERE refusal IS NULL")
        took = {row["key"]: row["scope"] for row in rows}
        for adding in self.adding:
            scopes = [took[key] for key in adding.keys if key in took]
            require(adding.told != "applied" or scopes, 5, f"{adding} was told to have happened")
            require(adding.told != "not_applied" or not scopes, 5, f"{adding} was told not to have happened")
            if scopes:
                owner = _owner(world, scopes[0])
                self.journal.put[owner, adding.variant_id] += adding.quantity  # type: ignore[index]
                there = owner == adding.person.owner()
                require(adding.told != "applied" or there, 4, f"{adding} is not in the cart of {adding.person.name}")


def _owner(world: World, scope: str) -> str | None:
    """Return the account in whose cart it is, or None for a guest's: carts move at log-in."""
    kind, _, cart_id = scope.rpartition(":")
    if not kind:
        return scope
    sql = "SELECT account.user_id FROM carts JOIN carts AS account ON account.id = carts.merged_into WHERE carts.id = ?"
    return next((row["user_id"] for row in world.rows("carts", sql, cart_id)), None)
