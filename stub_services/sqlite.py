"""SQLite in process: WAL, every commit synced, called directly because it answers in microseconds.

A file is opened at its first use, so a command pays only for the services it touches. Several
processes may share it: writes take short immediate transactions and wait for each other until the
action's deadline.
"""

import os
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from shlex import join

from backends.deadline import until_deadline
from backends.errors import InvalidValue, Locked, Outcome, ShopError, StorageError
from stub_services.database import Row, UnreadableRow, versions

_MEMORY = ":memory:"
_POLL_SECONDS = 0.005
_DAMAGE = re.compile("decode to UTF-8|no such (table|column)")  # what SQLite gives no code of its own
_LOSSES = {
    "users": "all accounts with their addresses, and the way to their carts, orders and payments",
    "products": "the catalog and its stock, which come back as shipped",
    "carts": "all carts",
    "orders": "all orders; money that was paid stays with PaymentService, and shop services reconcile lists it",
    "payments": "all payments and saved cards; paid orders stay paid, and no money can go back",
    "processor": "what the test processor knows of charges and refunds",
}
"""What a person loses with a file, by its name."""
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)


class SqliteStatements:
    """Statements of one open transaction; nothing here ever suspends."""

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Run on `connection`."""
        self._connection = connection

    async def all(self, sql: str, *parameters: object) -> list[Row]:
        """All rows of a query."""
        return self._connection.execute(sql, parameters).fetchall()

    async def one(self, sql: str, *parameters: object) -> Row | None:
        """The first row of a query, if there is one."""
        row: Row | None = self._connection.execute(sql, parameters).fetchone()
        return row

    async def run(self, sql: str, *parameters: object) -> int:
        """Execute a change; returns how many rows it changed."""
        return self._connection.execute(sql, parameters).rowcount


class SqliteDatabase:
    """One service's database in a file of its own, or in memory where `path` is None."""

    def __init__(self, path: Path | None, migrations: Path, *, service: str) -> None:
        """Name the file and the folder of numbered `.sql` migrations; nothing is opened yet."""
        self._path = path
        self._migrations = migrations
        self._service = service
        self._connection: sqlite3.Connection | None = None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqliteStatements]:
        """Open a transaction that sees one state."""
        with self._transaction("BEGIN") as statements:
            yield statements

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqliteStatements]:
        """Open a transaction that is on disk when the block ends."""
        with self._transaction("BEGIN IMMEDIATE") as statements:
            yield statements

    async def close(self) -> None:
        """Close; idempotent."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[SqliteStatements]:
        with self._explained(Outcome.NOT_APPLIED):
            connection = until_deadline(lambda: self._begun(begin), is_busy, _POLL_SECONDS)
        try:
            with self._explained(Outcome.NOT_APPLIED):
                yield SqliteStatements(connection)
        except BaseException:
            self._undo(connection)
            raise
        try:
            # A commit that fails half way (fsync, say) may still be on disk after a restart.
            with self._explained(Outcome.UNKNOWN):
                connection.execute("COMMIT")
        except BaseException:
            self._undo(connection)
            raise

    @staticmethod
    def _undo(connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")

    def _begun(self, begin: str) -> sqlite3.Connection:
        connection = self._opened()
        try:
            connection.execute(begin)
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()  # a reader's state is fixed here
        except sqlite3.Error:
            self._undo(connection)
            raise
        return connection

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            if self._path is not None:
                _make_private(self._path)
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        # The TUI uses the backend from one worker thread that is not always the one that opened it.
        connection = sqlite3.connect(self._path or _MEMORY, isolation_level=None, check_same_thread=False, timeout=0)
        try:
            connection.row_factory = sqlite3.Row
            if self._path is not None:
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")  # who deletes an account is gone from the file, too
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        try:
            migrate(connection, self._migrations, service=self._service)
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_ERROR:
                raise
            raise _unusable(self._path, f"is not one that this shop made: {error}", self._service) from error

    @contextmanager
    def _explained(self, outcome: Outcome) -> Iterator[None]:
        """Turn SQLite's errors into ours: what happened, to which file, and what helps."""
        try:
            yield
        except sqlite3.Error as error:
            raise explain(error, self._path, self._service, outcome) from error
        except (OverflowError, UnicodeEncodeError) as error:
            msg = f"a value cannot be stored: {error}"
            raise InvalidValue(msg, service=self._service) from error
        except UnreadableRow as error:
            raise _unusable(self._path, f"holds what no shop wrote: {error}", self._service) from error
        except OSError as error:
            msg = f"the shop's data at {self._path} cannot be used: {error.strerror}"
            raise StorageError(msg, hint="shop --backend memory: products list", service=self._service) from error


def explain(error: sqlite3.Error, path: Path | None, service: str | None, outcome: Outcome) -> ShopError:
    """Return the error for people that an SQLite error means."""
    code = _code(error)
    if is_busy(error):
        msg = f"another process is busy with {path}; nothing was changed"
        return Locked(msg, hint="run the same command again", service=service)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or _DAMAGE.search(str(error)):
        return _unusable(path, f"is damaged: {error}", service)
    if code == sqlite3.SQLITE_FULL:
        msg = f"the disk is full: {path} cannot grow"
        return StorageError(msg, hint="free some space, then run the same command again", service=service)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        msg = f"the database {path} cannot be opened for writing: {error}"
        hint = join(["ls", "-ld", str(path.parent), str(path)]) if path else None
        return StorageError(msg, hint=hint, service=service)
    if code == sqlite3.SQLITE_IOERR:
        msg = f"the disk is full or failing under {path}: {error}"
        return StorageError(msg, hint="run the same command again", service=service, outcome=outcome)
    return StorageError(f"the database {path} refused: {error}", service=service)


def is_busy(error: Exception) -> bool:
    """Whether another connection holds the lock."""
    return isinstance(error, sqlite3.Error) and _code(error) in _BUSY


def _code(error: Exception) -> int:
    """Return the primary result code: the low byte (https://sqlite.org/rescode.html)."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def _unusable(path: Path | None, why: str, service: str | None) -> StorageError:
    """Return the error of a file that has to go: a new one is made in its place, so it says what goes with it."""
    loss = _LOSSES.get(path.stem) if path else None
    told = f"; put a backup in its place if there is one, because moving it away loses {loss}" if loss else ""
    hint = join(["mv", str(path), f"{path}.damaged"]) if path else None
    return StorageError(f"the database {path} {why}{told}", hint=hint, service=service)


def _make_private(file: Path) -> None:
    """Make the file and what is missing above it for the owner only; SQLite's own files beside it follow its mode."""
    for level in reversed(file.parents):
        if not level.is_dir():
            level.mkdir(0o700, exist_ok=True)  # level by level: `parents=True` gives the mode to the last one alone
    if not file.exists():
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


def migrate(connection: sqlite3.Connection, migrations: Path, *, service: str | None = None) -> None:
    """Bring the schema up to date: numbered files, each in one transaction, each once.

    Raises StorageError if the file was made by a newer `shop`.
    """
    known = versions(migrations, "sqlite")
    done = _version(connection)
    if done > len(known):
        msg = f"the data was made by a newer shop (schema {done}, this one knows {len(known)})"
        raise StorageError(msg, hint="SHOP_DATA_DIR=DIRECTORY shop", service=service)
    for number in range(done + 1, len(known) + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _version(connection) < number:
                for script in known[number - 1]:
                    for statement in script.read_text("utf-8").split(";\n"):
                        connection.execute(statement)
                connection.execute("INSERT INTO schema_migrations (version) VALUES (?)", (number,))
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _version(connection: sqlite3.Connection) -> int:
    try:
        row = connection.execute("SELECT max(version) FROM schema_migrations").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return 0
        raise
    return int(row[0] or 0)
