"""What the person confirmed and may not be settled yet: written and synced before the first byte is sent.

One SQLite file for each profile (mode 0600) and one lock, so that two terminals do not settle the same intent
at once. An entry holds the exact request, so that it can be repeated as it was; a closed entry is erased.

A rollback journal with `synchronous=EXTRA` instead of WAL: it is as durable, one file to keep private instead of
three, and needs no switch that two first commands could quarrel about. The client writes three times a checkout.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from backends import private
from backends.deadline import until_deadline
from backends.errors import Locked, StorageError
from shopcli.core.locks import locked
from shopcli.core.paths import unusable

if TYPE_CHECKING:
    from shopcli.core.intents import Entry

_LOOK_AGAIN_SECONDS = 0.02
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    order_id TEXT NOT NULL,
    account TEXT,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at TEXT NOT NULL
)
"""


class Journal:
    """The journal of one profile."""

    def __init__(self, path: Path) -> None:
        """Keep it in `path`, whose directory exists; opened at the first use."""
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def record(self, entry: "Entry") -> None:
        """Write an entry, or its new state; it is on disk when this returns.

        A payment erases its order's placing in the same commit. Raises StorageError, Locked.
        """
        from shopcli.core.intents import Paying, request

        with self._transaction("BEGIN IMMEDIATE") as connection:
            connection.execute(
                "INSERT INTO entries (key, kind, order_id, account, request, state, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET state = excluded.state",
                (
                    entry.key,
                    entry.kind,
                    entry.order_id,
                    entry.account,
                    request(entry),
                    entry.state,
                    entry.created_at.isoformat(),
                ),
            )
            if isinstance(entry, Paying):
                connection.execute("DELETE FROM entries WHERE kind = 'place' AND order_id = ?", (entry.order_id,))

    def erase(self, entry: "Entry") -> None:
        """Say that nothing is left to find out; idempotent."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            connection.execute("DELETE FROM entries WHERE key = ?", (entry.key,))

    def give_up(self, account: str) -> None:
        """Erase the entries of an account that is deleted: nobody can find out what became of them any more."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            connection.execute("DELETE FROM entries WHERE account = ?", (account,))

    def unfinished(self, account: str | None) -> "tuple[Entry, ...]":
        """Entries of an account that are not settled, oldest first; reads one local file and no network."""
        from shopcli.core.intents import entry_of

        with self._transaction("BEGIN") as connection:
            rows = connection.execute(
                "SELECT key, kind, order_id, account, request, state, created_at FROM entries"
                " WHERE account IS ? ORDER BY created_at, key",
                (account,),
            ).fetchall()
        try:
            return tuple(map(entry_of, rows))
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise self._damaged(error) from error

    def count_unfinished(self, account: str | None) -> int:
        """How many entries are not settled; every command asks, so no class of an entry is made for it."""
        with self._transaction("BEGIN") as connection:
            row: tuple[int] = connection.execute(
                "SELECT count(*) FROM entries WHERE account IS ?", (account,)
            ).fetchone()
        return row[0]

    def count_everyones(self) -> int:
        """How many entries are not settled, whoever they belong to."""
        with self._transaction("BEGIN") as connection:
            row: tuple[int] = connection.execute("SELECT count(*) FROM entries").fetchone()
        return row[0]

    @contextmanager
    def exclusive(self, *, wait: bool = True) -> Iterator[bool]:
        """Hold the profile's lock; yields False where `wait` is off and another process holds it.

        Raises Locked if it is not free within the action's deadline. A killed process loses its lock.
        """
        with locked(self._path.with_suffix(".lock"), wait=wait) as held:
            if wait and not held:
                msg = "another terminal is in the middle of a checkout; nothing was changed"
                raise Locked(msg, hint="shop orders list")
            yield held

    def close(self) -> None:
        """Close the file; idempotent."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        try:
            connection = until_deadline(lambda: self._begun(begin), _is_busy, _LOOK_AGAIN_SECONDS)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def _begun(self, begin: str) -> sqlite3.Connection:
        connection = self._opened()
        try:
            connection.execute(begin)
            connection.execute("SELECT 1 FROM entries LIMIT 1").fetchone()  # here a reader would meet a writer's lock
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return connection

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, private.FILE))
            except OSError as error:
                raise unusable(self._path, error) from None
            connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=0)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA secure_delete = ON")  # names, addresses and tokens of closed entries
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            msg = f"the journal {self._path} was written by a newer shop"
            raise StorageError(msg, hint="SHOP_DATA_DIR=DIRECTORY shop")
        if version < _VERSION:
            connection.execute(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {_VERSION}")

    def _explained(self, error: sqlite3.Error) -> StorageError | Locked:
        code = _code(error)
        if _is_busy(error):
            msg = f"another process is busy with {self._path}"
            return Locked(msg, hint="run the same command again")
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):
            return self._damaged(error)
        return StorageError(f"the journal {self._path} cannot be used: {error}", hint="run the same command again")

    def _damaged(self, error: Exception) -> StorageError:
        from shlex import join

        msg = (
            f"the journal {self._path} is damaged ({error}): it says which checkouts are unfinished, so look at"
            " shop orders list after moving it away"
        )
        return StorageError(msg, hint=join(["mv", str(self._path), f"{self._path}.damaged"]))


def _code(error: Exception) -> int:
    """Return the primary result code: the low byte (https://sqlite.org/rescode.html)."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def _is_busy(error: Exception) -> bool:
    return isinstance(error, sqlite3.Error) and _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
