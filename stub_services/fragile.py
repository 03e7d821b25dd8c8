"""A database that says when it commits, for faults that end the process right before or after that."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from stub_services.database import Database, Statements

if TYPE_CHECKING:
    from stub_services.faults import Faults


class FragileDatabase:
    """One service's database, whose commits are counted."""

    def __init__(self, inner: Database, service: str, faults: "Faults") -> None:
        """Tell `faults` of the commits of `inner`."""
        self._inner = inner
        self._service = service
        self._faults = faults

    def read(self) -> AbstractAsyncContextManager[Statements]:
        """Open a transaction that sees one state."""
        return self._inner.read()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Statements]:
        """Open a transaction that is durable when the block ends, unless the process dies."""
        async with self._inner.write() as sql:
            yield sql
            self._faults.on_commit(self._service, after=False)
        self._faults.on_commit(self._service, after=True)

    async def close(self) -> None:
        """Close; idempotent."""
        await self._inner.close()
