"""Requests that must not take effect twice, noted in the same commit as their effect.

A row that is committed before its effect would answer "done" for what never happened (eShop's
IdentifiedCommandHandler does), and one committed after it would let a repetition through. The table `requests`
is part of the schema of each service that has requests without an id of their own (users, carts).

Semantics: draft-ietf-httpapi-idempotency-key-header.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from backends.errors import BY_CODE, Conflict, KeyReused, ShopError
from stub_services.caller import Caller
from stub_services.database import Statements, reader
from stub_services.times import to_millis

REMEMBERED = timedelta(hours=72)
ANYBODY = "anybody"
"""Whoever is nobody yet: somebody who signs up."""


@dataclass(frozen=True, slots=True)
class Once:
    """A request's key, which its caller chose and which is theirs alone, and a digest of what was asked."""

    scope: str
    key: str
    fingerprint: str


def scope_of(caller: Caller) -> str:
    """Return whose keys a caller uses."""
    return caller.user_id or (f"cart:{caller.cart_id}" if caller.cart_id else ANYBODY)


class Requests:
    """The table of requests that took effect."""

    def __init__(self, sql: Statements) -> None:
        """Work inside the transaction of `sql`."""
        self._sql = sql

    async def took_effect(self, once: Once | None) -> bool:
        """Whether the request did its work before. Raises what it was refused with, or KeyReused."""
        if once is None:
            return False
        row = await self._sql.one("SELECT * FROM requests WHERE scope = ? AND key = ?", once.scope, once.key)
        if row is not None and row["fingerprint"] != once.fingerprint:
            msg = "this Idempotency-Key was used before with another request"
            raise KeyReused(msg)
        if row is not None and row["refusal"] is not None:
            raise _refusal(row["refusal"])
        return row is not None

    async def note(self, once: Once | None, now: datetime) -> None:
        """Add the request to the commit of its effect, and forget old ones."""
        if once is None:
            return
        await self._sql.run("DELETE FROM requests WHERE created_at < ?", to_millis(now - REMEMBERED))
        await self._sql.run(
            "INSERT INTO requests (scope, key, fingerprint, created_at) VALUES (?, ?, ?, ?)",
            once.scope,
            once.key,
            once.fingerprint,
            to_millis(now),
        )

    async def refuse(self, once: Once, refusal: ShopError, now: datetime) -> None:
        """Note a definite no, so that the same request does not succeed when it arrives once more, later (R14)."""
        told = [refusal.code, refusal.message, refusal.hint, refusal.service]
        await self._sql.run(
            "INSERT INTO requests (scope, key, fingerprint, created_at, refusal) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            once.scope,
            once.key,
            once.fingerprint,
            to_millis(now),
            json.dumps(told),
        )

    async def answer(self, once: Once) -> str | None:
        """The answer that was given, if it was kept in time."""
        row = await self._sql.one("SELECT answer FROM requests WHERE scope = ? AND key = ?", once.scope, once.key)
        return row["answer"] if row else None

    async def keep(self, once: Once, answer: str) -> None:
        """Keep the answer, to give it again."""
        await self._sql.run("UPDATE requests SET answer = ? WHERE scope = ? AND key = ?", answer, once.scope, once.key)

    async def forget_answers(self, scope: str) -> None:
        """Forget what was answered, which may hold an address; what took effect stays known."""
        await self._sql.run("UPDATE requests SET answer = NULL WHERE scope = ?", scope)

    async def forget(self, scope: str) -> None:
        """Forget everything of somebody who is deleted."""
        await self._sql.run("DELETE FROM requests WHERE scope = ?", scope)


@reader
def _refusal(stored: str) -> ShopError:
    code, message, hint, service = json.loads(stored)
    return BY_CODE.get(code, Conflict)(message, hint=hint, service=service)
