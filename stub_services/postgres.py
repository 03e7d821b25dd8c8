"""PostgreSQL, through asyncpg: any number of replicas of a service share its database.

What the rules were promised with SQLite holds here too: while a write transaction is open, nobody else's begins
(services read, decide and write in one block, which cannot be run again). Writers take turns by an advisory lock,
which a transaction holds until its commit is on disk; each of their statements sees all that was committed before.
Readers wait for nobody and see one state.

A transaction, waiting included, ends with the action's deadline. The server holds it to that even if this process
stands still: nobody blocks the other replicas for longer.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg  # type: ignore[import-untyped]

from backends.deadline import remaining
from backends.errors import ConfigurationError, OutcomeUnknown, StorageError
from stub_services.database import Row, UnreadableRow, versions
from stub_services.postgres_errors import LOST, busy, explain, is_lost, unreachable

POOL_SIZE = 10

_Connection: TypeAlias = Any  # asyncpg ships no types
_Pool: TypeAlias = Any

_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"
_LOCK = "SELECT pg_advisory_xact_lock(7406)"  # any number; PostgreSQL keeps advisory locks apart by database
_CONNECT_SECONDS = 5.0
_GRACE_SECONDS = 0.5  # for the server to say that the time is over before we give it up
_BASE_NAME = re.compile(r"[A-Za-z0-9_-]{1,50}")


class PostgresStatements:
    """Statements of one open transaction."""

    dialect = "postgres"

    def __init__(self, connection: _Connection) -> None:
        """Run on `connection`."""
        self._connection = connection

    async def all(self, sql: str, *parameters: object) -> list[Row]:
        """All rows of a query."""
        rows: list[Row] = await self._connection.fetch(_numbered(sql), *parameters, timeout=_patience())
        return rows

    async def one(self, sql: str, *parameters: object) -> Row | None:
        """The first row of a query, if there is one."""
        row: Row | None = await self._connection.fetchrow(_numbered(sql), *parameters, timeout=_patience())
        return row

    async def run(self, sql: str, *parameters: object) -> int:
        """Execute a change; returns how many rows it changed."""
        status: str = await self._connection.execute(_numbered(sql), *parameters, timeout=_patience())
        return int(status.rpartition(" ")[2])  # INSERT 0 1, UPDATE 3


class PostgresDatabase:
    """One service's own database: the URL's one (`shop` if it names none), an underscore and `name`."""

    def __init__(self, url: str, migrations: Path, *, service: str, name: str | None = None) -> None:
        """Name the database and the folder of numbered `.sql` migrations; nothing is opened yet.

        `name` is the service's unless it has several databases. Raises ConfigurationError, which never repeats
        the URL: it holds a password.
        """
        self._url = url
        self.name = f"{_base_name(url)}_{name or service}"
        self._migrations = migrations
        self._service = service
        self._pool: _Pool | None = None
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
        async with self._turn(), self._transaction(_WRITE, _LOCK) as statements:
            yield statements

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

    async def _commit(self, connection: _Connection, begin: tuple[str, ...]) -> None:
        # What is sent over a lost connection, or only read, surely changed nothing.
        in_doubt = begin[0] == _WRITE and _is_open(connection)
        with self._explained(in_doubt=in_doubt):
            status = await connection.execute("COMMIT", timeout=_patience())
        if status != "COMMIT":  # a statement had failed, and the block went on as if it had not
            raise StorageError(f"the database {self.name} undid the transaction", service=self._service)

    # --- opening -----------------------------------------------------------------------------

    async def _opened(self) -> _Pool:
        if self._pool is None:
            try:
                async with asyncio.timeout(remaining() + _GRACE_SECONDS), self._opening:
                    if self._pool is None:
                        self._pool = await self._connected()
            except TimeoutError as error:
                raise unreachable("it does not answer", self.name, self._service) from error
        return self._pool

    async def _connected(self) -> _Pool:
        with self._explained():
            try:
                return await self._migrated()
            except asyncpg.InvalidCatalogNameError:
                await self._create()
                return await self._migrated()
            except (ValueError, OverflowError):  # asyncpg could not read the URL, and says so with parts of it
                raise ConfigurationError("the URL of the database is wrong", service=self._service) from None

    async def _migrated(self) -> _Pool:
        pool = await self._new_pool()
        try:
            async with pool.acquire() as connection:
                await self._migrate(connection)
        except BaseException:
            pool.terminate()
            raise
        return pool

    async def _new_pool(self) -> _Pool:
        return await asyncpg.create_pool(
            self._url,
            database=self.name,
            min_size=0,  # asyncpg would replace a lost one in the background, asked or not
            max_size=POOL_SIZE,
            timeout=_CONNECT_SECONDS,
            reset=_nothing,  # transactions change no session; asyncpg's own costs a round trip each
            server_settings={"application_name": f"shop {self._service}", "synchronous_commit": "on"},
        )

    async def _create(self) -> None:
        """Make the database; another replica may be at it too."""
        connection = await asyncpg.connect(self._url, database="postgres", timeout=_CONNECT_SECONDS)
        try:
            # Sorted by code points, as SQLite does, wherever the server stands.
            await connection.execute(
                f"CREATE DATABASE \"{self.name}\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
            )
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            return
        except asyncpg.InsufficientPrivilegeError as error:
            msg = f"there is no database {self.name}, and this user may not create it"
            hint = f"createdb --template=template0 --locale=C {self.name}"
            raise StorageError(msg, hint=hint, service=self._service) from error
        finally:
            await connection.close(timeout=_CONNECT_SECONDS)

    async def _migrate(self, connection: _Connection) -> None:
        """Bring the schema up to date, in one transaction; replicas that start together take turns."""
        known = versions(self._migrations, "postgres")
        if await _version(connection) == len(known):
            return
        async with connection.transaction():
            await connection.execute(_LOCK, timeout=_patience())
            done = await _version(connection)
            if done > len(known):
                msg = f"the data was made by a newer shop (schema {done}, this one knows {len(known)})"
                raise StorageError(msg, service=self._service)
            for number, scripts in enumerate(known[done:], done + 1):
                for script in scripts:
                    await connection.execute(script.read_text("utf-8"))
                await connection.execute("INSERT INTO schema_migrations (version) VALUES ($1)", number)

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


async def _begun(pool: _Pool, begin: tuple[str, ...]) -> _Connection:
    """Begin a transaction, on a new connection if the server was restarted and the old ones are dead."""
    fresh = False
    while True:
        connection = await pool.acquire(timeout=_patience())
        try:
            await connection.execute("; ".join((begin[0], _limits(), *begin[1:])), timeout=_patience())
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


def _patience() -> float:
    return remaining() + _GRACE_SECONDS


async def _undo(connection: _Connection) -> None:
    """Roll back; without an answer the connection goes, and with it the transaction."""
    try:
        await connection.execute("ROLLBACK", timeout=_GRACE_SECONDS)
    except BaseException as failure:
        _drop(connection)
        if not isinstance(failure, Exception):
            raise


async def _released(pool: _Pool, connection: _Connection) -> None:
    try:
        await pool.release(connection, timeout=_GRACE_SECONDS)
    except (*LOST, asyncpg.PostgresError):
        _drop(connection)


def _drop(connection: _Connection) -> None:
    with suppress(asyncpg.InterfaceError):  # the pool has let go of it already
        connection.terminate()


def _is_open(connection: _Connection) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # the pool has let go of it already
        return False


async def _nothing(_: _Connection) -> None:
    """Leave a connection as it is."""


async def _version(connection: _Connection) -> int:
    # Not to_regclass(), whose cache still knows what was there before the turn of another replica.
    if not await connection.fetchval("SELECT count(*) FROM pg_tables WHERE tablename = 'schema_migrations'"):
        return 0
    return int(await connection.fetchval("SELECT max(version) FROM schema_migrations") or 0)


@lru_cache(maxsize=1024)
def _numbered(sql: str) -> str:
    """Turn each `?` into `$1`, `$2`, ...; no text of ours has one inside a string."""
    first, *others = sql.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(others, 1))


def _base_name(url: str) -> str:
    """Return the database that the URL names."""
    try:
        parts = urlsplit(url)
        options = parse_qs(parts.query)
    except ValueError:
        parts, options = urlsplit(""), {}
    named = options.get("dbname") or options.get("database") or [unquote(parts.path.lstrip("/")) or "shop"]
    if parts.scheme not in {"postgresql", "postgres"} or not _BASE_NAME.fullmatch(named[-1]):
        msg = "the URL of the database is postgresql://USER:PASSWORD@HOST/NAME, its special characters percent-encoded"
        raise ConfigurationError(msg)
    return named[-1]
