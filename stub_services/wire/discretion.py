"""What a customer is told of a service's database: that it cannot be used.

Its path or address, and what helps there, are for whoever runs the shop: they stand in the log.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from backends.errors import ConfigurationError, Locked, StorageError, Unavailable
from stub_services.database import Database, Statements
from stub_services.wire.log import Log

T = TypeVar("T")

# Exactly these: what rules raise inside a transaction (NotFound, RateLimited, ...) is meant for the customer.
_OF_THE_DATABASE = frozenset((ConfigurationError, StorageError, Unavailable, Locked))


class DiscreetDatabase:
    """One service's database, whose errors name no place."""

    def __init__(self, inner: Database, service: str, log: Log) -> None:
        """Tell `log` what is wrong with `inner`."""
        self._inner = inner
        self._service = service
        self._log = log
        if hasattr(inner, "version"):
            self.version = inner.version
        if hasattr(inner, "apart"):
            self.apart = self._apart

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Statements]:
        """Open a transaction that sees one state."""
        with self._discreet():
            async with self._inner.read() as sql:
                yield sql

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Statements]:
        """Open a transaction that is durable when the block ends, and undone when it raises."""
        with self._discreet():
            async with self._inner.write() as sql:
                yield sql

    async def close(self) -> None:
        """Close; idempotent."""
        await self._inner.close()

    async def _apart(self, change: Callable[[Statements], Coroutine[Any, Any, T]]) -> T:
        with self._discreet():
            result: T = await self._inner.apart(change)  # type: ignore[attr-defined]  # where it has that
            return result

    @contextmanager
    def _discreet(self) -> Iterator[None]:
        try:
            yield
        except (ConfigurationError, Unavailable) as error:
            if type(error) not in _OF_THE_DATABASE:
                raise
            self._log.say("error", "database", error=error.message, code=error.code, hint=error.hint)
            msg = f"the {self._service} service cannot use its database"
            raise type(error)(msg, service=self._service, outcome=error.outcome) from error
