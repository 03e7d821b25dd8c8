"""Messages that were committed together with the change that caused them.

They are delivered at least once, in any order, to receivers that are idempotent. There is at most one
message of a kind about the same order and payment, so that is the key. The table `outbox` is part of
the schema of each service that sends (orders, payments).
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from backends.deadline import deadline, remaining
from backends.errors import ShopError
from stub_services.database import Statements

ATTEMPT_SECONDS = 2.0
"""How long one message may take; a peer that says nothing for so long is silent (`stub_services.wire.peers`)."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its kind, and what it is about. `payment_id` is empty where it is about an order only."""

    kind: str
    order_id: str
    payment_id: str = ""


class Outbox:
    """The table of messages that are not acknowledged yet."""

    def __init__(self, sql: Statements) -> None:
        """Work inside the transaction of `sql`."""
        self._sql = sql

    async def put(self, *messages: Message) -> None:
        """Add messages to this commit."""
        for message in messages:
            await self._sql.run(
                "INSERT INTO outbox (kind, order_id, payment_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                message.kind,
                message.order_id,
                message.payment_id,
            )

    async def pending(self, order_id: str | None = None) -> tuple[Message, ...]:
        """Messages that wait: those about one order, or all."""
        rows = await self._sql.all(
            "SELECT kind, order_id, payment_id FROM outbox WHERE order_id = COALESCE(?, order_id)"
            " ORDER BY order_id, payment_id, kind",
            order_id,
        )
        return tuple(Message(row["kind"], row["order_id"], row["payment_id"]) for row in rows)

    async def remove(self, message: Message) -> None:
        """Forget an acknowledged message."""
        await self._sql.run(
            "DELETE FROM outbox WHERE kind = ? AND order_id = ? AND payment_id = ?",
            message.kind,
            message.order_id,
            message.payment_id,
        )


class _Sender(Protocol):
    @property
    def outbox(self) -> Outbox: ...


async def deliver(
    read: Callable[[], AbstractAsyncContextManager[_Sender]],
    handlers: Mapping[str, Callable[[Message], Awaitable[None]]],
    order_id: str | None = None,
) -> None:
    """Hand every waiting message (about `order_id`) to its handler, which removes it; silence leaves it waiting.

    Of a kind that somebody hangs at, no more is tried until the next time. A request delivers what it caused itself.
    What has waited before is the worker's: while a peer is down for long, nobody's request should try all of it.
    """
    async with read() as rows:
        waiting = await rows.outbox.pending(order_id)
    slow: set[str] = set()
    for message in waiting:
        if message.kind not in slow and await is_slow(handlers[message.kind](message)):
            slow.add(message.kind)


async def is_slow(asking: Awaitable[object]) -> bool:
    """Ask somebody for at most ATTEMPT_SECONDS, and return whether it took that long to hear nothing.

    Whoever hangs would take the time of all others; one who refuses at once costs nothing.
    """
    seconds = min(ATTEMPT_SECONDS, remaining())
    with deadline(seconds):
        try:
            await asking
        except ShopError:
            return remaining() <= seconds / 2
    return False
