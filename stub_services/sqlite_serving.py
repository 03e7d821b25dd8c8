"""SQLite for a process that serves many at once: reads beside the writer, and writes that share a commit.

Durable commits are dear (a synced write to the disk each), so all writes that are ready at the same turn of the event
loop go into one: each in a savepoint of its own, so that one can be undone without the others, and nobody is
answered before the commit. The blocks of `read` and `write` never suspend in between: services ask no peer inside one.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from backends.deadline import deadline, remaining
from backends.errors import Outcome
from stub_services.sqlite import SqliteDatabase, SqliteStatements, explain, is_busy

T = TypeVar("T")

_POLL_SECONDS = 0.005


class ServingSqlite(SqliteDatabase):
    """One service's database in a file of its own, used by one process."""

    def __init__(self, path: Path, migrations: Path, *, service: str) -> None:
        """Name the file and the folder of migrations; nothing is opened yet."""
        super().__init__(path, migrations, service=service)
        self._reader: sqlite3.Connection | None = None
        self._group: asyncio.Future[sqlite3.Error | None] | None = None
        """The commit that is coming; its result is the error that stopped it."""

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqliteStatements]:
        """Open a transaction that sees one state, without waiting for writers."""
        with self._explained(Outcome.NOT_APPLIED):
            reader = self._reading()
            reader.execute("BEGIN")
        try:
            with self._explained(Outcome.NOT_APPLIED):
                yield SqliteStatements(reader)
        finally:
            reader.execute("ROLLBACK")

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqliteStatements]:
        """Join the coming commit; when the block has ended, it is on disk."""
        connection, group = await self._joined()
        connection.execute("SAVEPOINT one")
        try:
            with self._explained(Outcome.NOT_APPLIED):
                yield SqliteStatements(connection)
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK TO one")
                connection.execute("RELEASE one")
            else:  # SQLite rolled back by itself: the disk is full, say
                self._end(group, sqlite3.OperationalError("another write ended the transaction"))
            raise
        connection.execute("RELEASE one")
        failure = await asyncio.shield(group)
        if failure is not None:
            # A commit that fails half way (fsync, say) may still be on disk after a restart.
            with self._explained(Outcome.UNKNOWN):
                raise failure

    async def apart(self, change: Callable[[SqliteStatements], Coroutine[Any, Any, T]]) -> T:
        """Make a change that takes long in a commit of its own, with a connection of its own on a thread.

        Whoever reads is served meanwhile; other writes wait for it as for another process.
        """
        return await asyncio.to_thread(self._changed, change)

    def _changed(self, change: Callable[[SqliteStatements], Coroutine[Any, Any, T]]) -> T:
        database = SqliteDatabase(self._path, self._migrations, service=self._service)

        async def changed() -> T:
            try:
                async with database.write() as sql:
                    return await change(sql)
            finally:
                await database.close()

        return asyncio.run(changed())

    def version(self) -> int | None:
        """A number that changes whenever anybody, in this process or another, has written; None before a read."""
        if self._reader is None:
            return None
        try:  # without `_explained`, which costs as much as the question that every read begins with (3 us)
            return int(self._reader.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise explain(error, self._path, self._service, Outcome.NOT_APPLIED) from error

    async def close(self) -> None:
        """Close after the coming commit; idempotent."""
        if self._group is not None:
            await asyncio.shield(self._group)
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        await super().close()

    async def _joined(self) -> tuple[sqlite3.Connection, asyncio.Future[sqlite3.Error | None]]:
        with deadline(), self._explained(Outcome.NOT_APPLIED):
            while self._group is None:
                try:
                    connection = self._begun("BEGIN IMMEDIATE")
                except sqlite3.Error as error:  # another process writes: a shop on the same files
                    if not is_busy(error) or not remaining():
                        raise
                    await asyncio.sleep(_POLL_SECONDS)
                    continue
                loop = asyncio.get_running_loop()
                self._group = loop.create_future()
                # One turn later, so that what has just arrived joins.
                loop.call_soon(loop.call_soon, self._commit, connection, self._group)
            return self._opened(), self._group

    def _commit(self, connection: sqlite3.Connection, group: "asyncio.Future[sqlite3.Error | None]") -> None:
        if group is not self._group:
            return  # it has ended
        failure = None
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            failure = error
            self._undo(connection)
        self._end(group, failure)

    def _end(self, group: "asyncio.Future[sqlite3.Error | None]", failure: sqlite3.Error | None) -> None:
        self._group = None
        if not group.done():
            group.set_result(failure)

    def _reading(self) -> sqlite3.Connection:
        if self._reader is None:
            self._opened()  # migrates
            self._reader = self._connect()
            self._reader.execute("PRAGMA query_only = ON")
        return self._reader
