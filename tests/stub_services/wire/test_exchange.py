"""One request and its answer over real sockets: what surely was not sent, and what may have arrived."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

import pytest

from backends.errors import OutcomeUnknown, Unavailable
from stub_services.wire.exchange import MAX_ANSWER, Answer, HttpExchange, Question

Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def question(*, seconds: float = 20, service: str = "orders", method: str = "POST") -> Question:
    return Question(service, method, "/internal/orders/captured", {"X-Request-Id": "r-1"}, b"{}", seconds)


@asynccontextmanager
async def server(behave: Behave) -> AsyncIterator[HttpExchange]:
    """A service that behaves like this, and an exchange with it."""

    answering: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.add(cast("asyncio.Task[None]", asyncio.current_task()))
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await behave(reader, writer)
        finally:
            writer.close()  # also where it waits for more: nothing of this test outlives it

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    exchange = HttpExchange({"orders": f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"})
    try:
        yield exchange
    finally:
        await exchange.close()
        listening.close()
        for task in answering:
            task.cancel()
        await asyncio.gather(*answering, return_exceptions=True)
        await asyncio.sleep(0)  # what is closed is gone at the next turn of the loop


def answering(content: bytes, seen: list[bytes] | None = None) -> Behave:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            asked = await reader.readuntil(b"\r\n\r\n")
            (seen if seen is not None else []).append(asked)
            writer.write(content)
            await writer.drain()
            if b"close" in content or b"Content-Length" not in content:
                return

    return behave


async def test_an_answer_is_read_whole() -> None:
    seen: list[bytes] = []
    content = b"HTTP/1.1 409 Conflict\r\nContent-Length: 3\r\nShop-Trace: []\r\n\r\n{ }"
    async with server(answering(content, seen)) as exchange:
        answer = await exchange(question())
    assert (answer.status, answer.headers["shop-trace"], answer.body) == (409, "[]", b"{ }")
    assert seen[0].startswith(b"POST /internal/orders/captured HTTP/1.1\r\n")
    assert b"X-Request-Id: r-1" in seen[0]


async def test_redirects_are_answers() -> None:
    content = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    async with server(answering(content)) as exchange:
        assert (await exchange(question())).status == 302


async def test_cookies_are_not_kept() -> None:
    seen: list[bytes] = []
    content = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    async with server(answering(content, seen)) as exchange:
        for _ in range(2):
            await exchange(question(method="GET"))
    assert b"cookie" not in seen[1].lower()


async def test_nobody_there_is_surely_not_applied() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # it does not listen
        exchange = HttpExchange({"orders": f"http://127.0.0.1:{unused.getsockname()[1]}"})
        with pytest.raises(Unavailable) as caught:
            await exchange(question())
        await exchange.close()
    assert caught.value.service == "orders"


async def test_nobody_knows_where_it_is() -> None:
    exchange = HttpExchange({})
    with pytest.raises(Unavailable, match="carts"):
        await exchange(question(service="carts"))
    await exchange.close()
    await exchange.close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 9999 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ],
)
async def test_what_is_no_answer_is_silence(content: bytes) -> None:
    async with server(answering(content)) as exchange:
        with pytest.raises(OutcomeUnknown) as caught:
            await exchange(question())
    assert caught.value.service == "orders"


async def test_a_lost_answer_is_not_asked_for_here() -> None:
    """Who asks repeats it, and sees every attempt."""
    seen: list[bytes] = []
    async with server(answering(b"", seen)) as exchange:
        with pytest.raises(OutcomeUnknown):
            await exchange(question(method="GET"))
    assert len(seen) == 1


async def test_an_answer_that_drips_is_bounded_as_a_whole() -> None:
    dripped = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x")
            await writer.drain()
            dripped.set()
            await asyncio.sleep(0.02)  # a client that only bounds each read would wait for 20 s

    async with server(drip) as exchange, asyncio.timeout(10):
        with pytest.raises(OutcomeUnknown):
            await exchange(question(seconds=0.3))
    assert dripped.is_set()


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    gone = asyncio.Event()

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        except ConnectionError:
            gone.set()

    async with server(flood) as exchange, asyncio.timeout(20):
        with pytest.raises(OutcomeUnknown):
            await exchange(question())
        await gone.wait()


async def test_an_answer_of_the_greatest_size() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % MAX_ANSWER
    async with server(answering(head + b"x" * MAX_ANSWER)) as exchange:
        answer: Answer = await exchange(question())
    assert len(answer.body) == MAX_ANSWER
