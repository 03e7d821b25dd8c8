"""What a store needs from a database: transactions and four kinds of statement.

SQL uses `?` for parameters and is one text for all engines; where that cannot be, a store asks for the `dialect`.
Transactions are short: a service never asks a peer while one is open.
"""

import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

Row = Mapping[str, Any]
Rows = TypeVar("Rows")
P = ParamSpec("P")
T = TypeVar("T")


class UnreadableRow(Exception):
    """A row holds what the store never writes: somebody else edited the file."""


def reader(read: Callable[P, T]) -> Callable[P, T]:
    """Mark a function that turns a row into data: what it cannot read is an UnreadableRow and no bug."""

    @wraps(read)
    def checked(*arguments: P.args, **options: P.kwargs) -> T:
        try:
            return read(*arguments, **options)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise UnreadableRow(f"{type(error).__name__} in {read.__name__.strip('_')}") from error

    return checked


class Statements(Protocol):
    """SQL inside one transaction."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgres`: for the few statements that are written differently."""

    async def all(self, sql: str, *parameters: object) -> Sequence[Row]:
        """All rows of a query."""

    async def one(self, sql: str, *parameters: object) -> Row | None:
        """The first row of a query, if there is one."""

    async def run(self, sql: str, *parameters: object) -> int:
        """Execute a change; returns how many rows it changed."""


class Database(Protocol):
    """One service's own database."""

    def read(self) -> AbstractAsyncContextManager[Statements]:
        """Open a transaction that sees one state."""

    def write(self) -> AbstractAsyncContextManager[Statements]:
        """Open a transaction that is durable when the block ends, and undone when it raises."""

    async def close(self) -> None:
        """Close; idempotent."""


def versions(migrations: "Path", dialect: str) -> "list[list[Path]]":
    """Return the scripts of each version of a schema, oldest first.

    `0001_catalog.sql` is for all engines, `0001_search.postgres.sql` belongs to the same version and to one engine.
    """
    scripts: dict[str, list[Path]] = {}
    for name in sorted(os.listdir(migrations)):  # noqa: PTH208  pathlib costs more
        if name.endswith(".sql") and name.split(".")[1:-1] in ([], [dialect]):
            scripts.setdefault(name[:4], []).append(migrations / name)
    return list(scripts.values())


class Store(Generic[Rows]):
    """A service's tables, seen through its own row functions inside a transaction."""

    def __init__(self, database: Database, rows: Callable[[Statements], Rows]) -> None:
        """Keep the service's data in `database`, read and written by `rows`."""
        self._database = database
        self._rows = rows

    @asynccontextmanager
    async def read(self) -> "AsyncIterator[Rows]":
        """Read one state."""
        async with self._database.read() as sql:
            yield self._rows(sql)

    @asynccontextmanager
    async def write(self) -> "AsyncIterator[Rows]":
        """Change in one commit."""
        async with self._database.write() as sql:
            yield self._rows(sql)

    async def change(self, change: Callable[[Rows], Coroutine[Any, Any, T]]) -> T:
        """Change in one commit what takes long: `apart` from other work, where the database can do so."""
        apart = getattr(self._database, "apart", None)
        if apart is not None:
            result: T = await apart(lambda sql: change(self._rows(sql)))
            return result
        async with self.write() as rows:
            return await change(rows)
