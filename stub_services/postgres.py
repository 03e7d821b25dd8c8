"""PostgreSQL, through asyncpg: any number of replicas of a service share its database.

What the rules were promised with SQLite holds here too: while a write transaction is open, nobody else's begins
(services read, decide and write in one block, which cannot be run again). Writers take turns by an advisory lock,
which a transaction holds until its commit is on disk; each of their statements sees all that was committed before.
Readers wait for nobody and see one state.

A transaction, waiting included, ends with the action's deadline. The server holds it to that even if this process
stands still: nobody blocks the other replicas for longer.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]

from backends.deadline import deadline, remaining
from backends.errors import Locked, OutcomeUnknown, StorageError, Unavailable
from stub_services.database import Row, UnreadableRow
from stub_services.postgres_errors import LOST, busy, explain, is_lost, is_passing, unreachable
from stub_services.postgres_place import GRACE_SECONDS, LOCK, Connection, Place, Pool, base_name, patience

_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"
_REACH_SECONDS = 5.0


class PostgresStatements:
    """Statements of one open transaction."""

    dialect = "postgres"

    def __init__(self, connection: Connection) -> None:
        """Run on `connection`."""
        self._connection = connection

    async def all(self, sql: str, *parameters: object) -> list[Row]:
        """All rows of a query."""
        rows: list[Row] = await self._connection.fetch(_numbered(sql), *parameters, timeout=patience())
        return rows

    async def one(self, sql: str, *parameters: object) -> Row | None:
        """The first row of a query, if there is one."""
        row: Row | None = await self._connection.fetchrow(_numbered(sql), *parameters, timeout=patience())
        return row

    async def run(self, sql: str, *parameters: object) -> int:
        """Execute a change; returns how many rows it changed."""
        status: str = await self._connection.execute(_numbered(sql), *parameters, timeout=patience())
        return int(status.rpartition(" ")[2])  # INSERT 0 1, UPDATE 3


class PostgresDatabase:
    """One service's own database: the URL's one (`shop` if it names none), an underscore and `name`."""

    def __init__(self, url: str, migrations: Path, *, service: str, name: str | None = None) -> None:
        """Name the database and the folder of numbered `.sql` migrations; nothing is opened yet.

        `name` is the service's unless it has several databases. Raises ConfigurationError, which never repeats
        the URL: it holds a password.
        """
        self.name = f"{base_name(url)}_{name or service}"
        self._place = Place(url, self.name, migrations, service)
        self._service = service
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()
        self._writing = asyncio.Lock()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[PostgresStatements]:
        """Open a transaction that sees one state."""
        async with self._transaction(_READ) as statements:
            yield statements

    @asynccontextmanager
    async def write(self) -> AsyncIterator[PostgresStatements]:
        """Open a transaction that is on disk when the block ends; nobody else's write comes in between."""
        # Who waits for a replica of its own waits here, or waiting writers would hold all connections of the pool.
        async with self._turn(), self._transaction(_WRITE, LOCK) as statements:
            yield statements

    async def reach(self) -> None:
        """Open it before anybody is served. Raises what a wrong URL leads to.

        What passes by itself is for the first requests to find out: a server that is just starting, or has no
        connection left; another replica that works on the schema.
        """
        with suppress(Locked), deadline(_REACH_SECONDS):
            try:
                await self._opened()
            except Unavailable as error:
                if not is_passing(error.__cause__):
                    raise

    async def close(self) -> None:
        """Close; idempotent. Transactions that are open get the time of the deadline to end."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(remaining()):
                await pool.close()
        except TimeoutError:
            pool.terminate()

    # --- transactions ------------------------------------------------------------------------

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(remaining()):
                await self._writing.acquire()
        except TimeoutError:
            raise busy(self.name, self._service) from None
        try:
            yield
        finally:
            self._writing.release()

    @asynccontextmanager
    async def _transaction(self, *begin: str) -> AsyncIterator[PostgresStatements]:
        pool = await self._opened()
        with self._explained():
            connection = await _begun(pool, begin)
        try:
            with self._explained():
                yield PostgresStatements(connection)
            await self._commit(connection, begin)
        except BaseException:
            await _undo(connection)
            raise
        finally:
            await _released(pool, connection)

    async def _commit(self, connection: Connection, begin: tuple[str, ...]) -> None:
        # What is sent over a lost connection, or only read, surely changed nothing.
        in_doubt = begin[0] == _WRITE and _is_open(connection)
        with self._explained(in_doubt=in_doubt):
            status = await connection.execute("COMMIT", timeout=patience())
        if status != "COMMIT":  # a statement had failed, and the block went on as if it had not
            raise StorageError(f"the database {self.name} undid the transaction", service=self._service)

    # --- opening -----------------------------------------------------------------------------

    async def _opened(self) -> Pool:
        if self._pool is None:
            try:
                async with asyncio.timeout(remaining() + GRACE_SECONDS), self._opening:
                    if self._pool is None:
                        with self._explained():
                            self._pool = await self._place.pool()
            except TimeoutError as error:
                raise unreachable("it does not answer", self.name, self._service) from error
        return self._pool

    # --- errors ------------------------------------------------------------------------------

    @contextmanager
    def _explained(self, *, in_doubt: bool = False) -> Iterator[None]:
        """Turn asyncpg's errors into ours: what happened, to which database, and what became of the change."""
        try:
            yield
        except UnreadableRow as error:
            msg = f"the database {self.name} holds what no shop wrote: {error}"
            raise StorageError(msg, service=self._service) from error
        except (asyncpg.PostgresError, *LOST) as error:
            if in_doubt and is_lost(error):
                msg = f"the connection to the database {self.name} was lost while it committed"
                raise OutcomeUnknown(msg, service=self._service) from error
            raise explain(error, self.name, self._service) from error


async def _begun(pool: Pool, begin: tuple[str, ...]) -> Connection:
    """Begin a transaction, on a new connection if the server was restarted and the old ones are dead."""
    fresh = False
    while True:
        connection = await pool.acquire(timeout=patience())
        try:
            await connection.execute("; ".join((begin[0], _limits(), *begin[1:])), timeout=patience())
        except BaseException as error:
            await _undo(connection)
            await _released(pool, connection)
            if fresh or not _is_stale(error):
                raise
        else:
            return connection
        await pool.expire_connections()
        fresh = True


def _is_stale(error: BaseException) -> bool:
    return isinstance(error, Exception) and is_lost(error) and not isinstance(error, TimeoutError)


def _limits() -> str:
    """Let the server itself end a statement, or a transaction in which nothing happens, at the deadline."""
    milliseconds = max(1, int(remaining() * 1000))  # 0 would be no limit
    return (
        f"SET LOCAL statement_timeout = {milliseconds}; SET LOCAL idle_in_transaction_session_timeout = {milliseconds}"
    )


async def _undo(connection: Connection) -> None:
    """Roll back; without an answer the connection goes, and with it the transaction."""
    try:
        await connection.execute("ROLLBACK", timeout=GRACE_SECONDS)
    except BaseException as failure:
        _drop(connection)
        if not isinstance(failure, Exception):
            raise


async def _released(pool: Pool, connection: Connection) -> None:
    try:
        await pool.release(connection, timeout=GRACE_SECONDS)
    except (*LOST, asyncpg.PostgresError):
        _drop(connection)


def _drop(connection: Connection) -> None:
    with suppress(asyncpg.InterfaceError):  # the pool has let go of it already
        connection.terminate()


def _is_open(connection: Connection) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # the pool has let go of it already
        return False


@lru_cache(maxsize=1024)
def _numbered(sql: str) -> str:
    """Turn each `?` into `$1`, `$2`, ...; no text of ours has one inside a string."""
    first, *others = sql.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(others, 1))
