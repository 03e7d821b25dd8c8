"""Getting to a PostgreSQL database: where the URL leads, connections there, and the schema brought up to date."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg  # type: ignore[import-untyped]

from backends.deadline import remaining
from backends.errors import ConfigurationError, StorageError
from stub_services.database import versions

POOL_SIZE = 5
"""Connections to a database, of which one at a time writes: docs/services.md counts them for all replicas."""
LOCK = "SELECT pg_advisory_xact_lock(7406)"  # any number; PostgreSQL keeps advisory locks apart by database
GRACE_SECONDS = 0.5
"""For the server to say that the time is over before we give it up."""

Connection: TypeAlias = Any  # asyncpg ships no types
Pool: TypeAlias = Any

_IDLE_SECONDS = 10.0  # asyncpg's 300 would hold all connections that ever were in use at once
_CONNECT_SECONDS = 5.0
_BASE_NAME = re.compile(r"[A-Za-z0-9_-]{1,50}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service's database is; errors are those of asyncpg, or for people."""

    url: str = field(repr=False)
    name: str
    """The database's."""
    migrations: Path
    service: str

    async def pool(self) -> Pool:
        """Return a pool of connections; the database is made, and its schema brought up to date, where need be."""
        try:
            return await self._migrated()
        except asyncpg.InvalidCatalogNameError:
            await self._create()
            return await self._migrated()
        except (ValueError, OverflowError):  # asyncpg could not read the URL, and says so with parts of it
            raise ConfigurationError("the URL of the database is wrong", service=self.service) from None

    async def _migrated(self) -> Pool:
        pool = await self._new_pool()
        try:
            async with pool.acquire() as connection:
                await self._migrate(connection)
        except BaseException:
            pool.terminate()
            raise
        return pool

    async def _new_pool(self) -> Pool:
        return await asyncpg.create_pool(
            self.url,
            database=self.name,
            min_size=0,  # asyncpg would replace a lost one in the background, asked or not
            max_size=POOL_SIZE,
            max_inactive_connection_lifetime=_IDLE_SECONDS,
            timeout=_CONNECT_SECONDS,
            reset=_nothing,  # transactions change no session; asyncpg's own costs a round trip each
            server_settings={"application_name": f"shop {self.service}", "synchronous_commit": "on"},
        )

    async def _create(self) -> None:
        """Make the database; another replica may be at it too."""
        connection = await asyncpg.connect(self.url, database="postgres", timeout=_CONNECT_SECONDS)
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
            raise StorageError(msg, hint=hint, service=self.service) from error
        finally:
            await connection.close(timeout=_CONNECT_SECONDS)

    async def _migrate(self, connection: Connection) -> None:
        """Bring the schema up to date, in one transaction; replicas that start together take turns."""
        known = versions(self.migrations, "postgres")
        if await _version(connection) == len(known):
            return
        async with connection.transaction():
            await connection.execute(LOCK, timeout=patience())
            done = await _version(connection)
            if done > len(known):
                msg = f"the data was made by a newer shop (schema {done}, this one knows {len(known)})"
                raise StorageError(msg, service=self.service)
            for number, scripts in enumerate(known[done:], done + 1):
                for script in scripts:
                    await connection.execute(script.read_text("utf-8"))
                await connection.execute("INSERT INTO schema_migrations (version) VALUES ($1)", number)


def patience() -> float:
    """Return how many seconds the server has for an answer."""
    return remaining() + GRACE_SECONDS


async def _nothing(_: Connection) -> None:
    """Leave a connection as it is."""


async def _version(connection: Connection) -> int:
    # Not to_regclass(), whose cache still knows what was there before the turn of another replica.
    if not await connection.fetchval("SELECT count(*) FROM pg_tables WHERE tablename = 'schema_migrations'"):
        return 0
    return int(await connection.fetchval("SELECT max(version) FROM schema_migrations") or 0)


def base_name(url: str) -> str:
    """Return the database that the URL names. Raises ConfigurationError."""
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
