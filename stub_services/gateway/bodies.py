"""Reading a request's body: whole, bounded, and not too many large ones at once."""

import asyncio
from typing import Any, Self

from stub_services.gateway import problems
from stub_services.gateway.headers import RawHeaders, value_of
from stub_services.gateway.routes import BODY_BYTES, CATALOG_BYTES
from stub_services.wire.problems import Malformed

# A body that is a little too large is read to its end, or the client might lose the answer with the connection.
_DISCARDED_BYTES = 8 << 20


class Room:
    """How many bytes of large bodies may be held at once; small ones are bounded by the number of connections."""

    def __init__(self, size: int = 2 * CATALOG_BYTES) -> None:
        """All is free."""
        self.free = size

    def take(self, size: int) -> None:
        """Take some of it. Raises Unavailable."""
        if size > self.free:
            raise problems.crowded()
        self.free -= size

    def give_back(self, size: int) -> None:
        """It is free again."""
        self.free += size


class Body:
    """A body that is being read, and then held until the block ends."""

    def __init__(self, room: Room, headers: RawHeaders, limit: int) -> None:
        """Read at most `limit` bytes. Raises Malformed for one that says that it is far larger."""
        announced = value_of(headers, b"content-length")
        if announced is not None and int(announced) > limit + _DISCARDED_BYTES:  # httptools lets only digits through
            raise problems.too_large(limit)
        self._room = room
        self._limit = limit
        self._taken = 0
        self._parts = bytearray()

    def __enter__(self) -> Self:
        """Nothing is held yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give the room back."""
        self._room.give_back(self._taken)

    async def read(self, receive: Any, seconds: float) -> bytes | bytearray:  # noqa: ANN401 - ASGI
        """Read all of it first: a client that is slow or goes away never occupies a service.

        Raises Malformed, and Unavailable where there is no room.
        """
        size, more = 0, True
        try:
            async with asyncio.timeout(seconds):
                while more and size <= self._limit + _DISCARDED_BYTES:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Malformed("the request broke off", 408)
                    size, more = size + len(message["body"]), message["more_body"]
                    if size <= self._limit:
                        self._keep(message["body"])
        except TimeoutError:
            raise Malformed("the request's body did not arrive in time", 408) from None
        if size > self._limit:
            raise problems.too_large(self._limit)
        return self._parts

    def _keep(self, part: bytes) -> None:
        large = max(0, len(self._parts) + len(part) - BODY_BYTES)
        self._room.take(large - self._taken)
        self._taken = large
        self._parts += part
