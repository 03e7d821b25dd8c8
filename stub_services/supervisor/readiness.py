"""Asking a service whether it is ready."""

import asyncio
from contextlib import suppress

_REQUEST = b"GET /readyz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
_ANSWER_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 0.03


async def answers(port: int) -> bool:
    """Whether GET /readyz answers 200. One request a connection: no client library is worth its 15 MB here."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(_REQUEST)
                status = await reader.readline()
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError, ValueError):
        return False
    return status.split(b" ")[1:2] == [b"200"]


async def until_it_answers(port: int) -> None:
    """Wait until GET /readyz answers 200; bounded by the caller."""
    while not await answers(port):  # noqa: ASYNC110 - another process gives no event
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
