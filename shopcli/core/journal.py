"""What the person confirmed and may not be settled yet: written and synced before the first byte is sent.

One SQLite file for each profile (WAL, synchronous=FULL, mode 0600) and one lock, so that two terminals do
not settle the same intent at once. An entry holds the exact request, so that it can be repeated as it was.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from backends.deadline import remaining
from backends.errors import Locked, StorageError
from shopcli.core.paths import PRIVATE_FILE, unusable

if TYPE_CHECKING:
    from shopcli.core.intents import Entry

CLOSED = "closed"
"""Nothing is left to find out."""

_LOOK_AGAIN_SECONDS = 0.02
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    order_id TEXT NOT NULL,
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

        A payment closes its order's placing in the same commit. Raises StorageError, Locked.
        """
        from shopcli.core.intents import Paying, request

        with self._transaction("BEGIN IMMEDIATE") as connection:
            connection.execute(
                "INSERT INTO entries (key, kind, order_id, request, state, created_at) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (key) DO UPDATE SET state = excluded.state",
                (entry.key, entry.kind, entry.order_id, request(entry), entry.state, entry.created_at.isoformat()),
            )
            if isinstance(entry, Paying):
                connection.execute(
                    "UPDATE entries SET state = ? WHERE kind = 'place' AND order_id = ?", (CLOSED, entry.order_id)
                )

    def close_entry(self, entry: "Entry") -> None:
        """Say that nothing is left to find out."""
        from dataclasses import replace

        self.record(replace(entry, state=CLOSED))

    def unfinished(self) -> "tuple[Entry, ...]":
        """Entries that are not closed, oldest first; reads one local file and no network."""
        from shopcli.core.intents import entry_of

        with self._transaction("BEGIN") as connection:
            rows = connection.execute(
                "SELECT key, kind, order_id, request, state, created_at FROM entries"
                " WHERE state <> ? ORDER BY created_at, key",
                (CLOSED,),
            ).fetchall()
        return tuple(map(entry_of, rows))

    def count_unfinished(self) -> int:
        """How many entries are not closed; every command asks, so no class of an entry is made for it."""
        with self._transaction("BEGIN") as connection:
            row: tuple[int] = connection.execute("SELECT count(*) FROM entries WHERE state <> ?", (CLOSED,)).fetchone()
        return row[0]

    @contextmanager
    def exclusive(self, *, wait: bool = True) -> Iterator[bool]:
        """Hold the profile's lock; yields False where `wait` is off and another process holds it.

        Raises Locked if it is not free within the action's deadline. A killed process loses its lock.
        """
        with self._lock_file() as lock:
            yield _acquire(lock, wait=wait)

    def close(self) -> None:
        """Close the file; idempotent."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _lock_file(self) -> Iterator[int]:
        try:
            lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        except OSError as error:
            raise unusable(self._path, error) from None
        try:
            yield lock
        finally:
            os.close(lock)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._opened()
            connection.execute(f"PRAGMA busy_timeout = {int(remaining() * 1000)}")
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise _explained(error, self._path) from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
            except OSError as error:
                raise unusable(self._path, error) from None
            self._connection = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, timeout=remaining()
            )
            _use_wal(self._connection)
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(_SCHEMA)
        return self._connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; SQLite does not wait by itself while another process makes the file."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if not remaining():
                raise
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return


def _acquire(lock: int, *, wait: bool) -> bool:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                return False
            if not remaining():
                msg = "another terminal is in the middle of a checkout; nothing was changed"
                raise Locked(msg, hint="shop orders list") from None
            time.sleep(min(_LOOK_AGAIN_SECONDS, remaining()))
        else:
            return True


def _explained(error: sqlite3.Error, path: Path) -> StorageError | Locked:
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Locked(f"another process is busy with {path}; nothing was sent", hint="run the same command again")
    msg = f"the journal {path} cannot be used, so nothing was sent: {error}"
    return StorageError(msg, hint=f"mv '{path}' '{path}.damaged'")
