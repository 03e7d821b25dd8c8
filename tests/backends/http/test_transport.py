"""What sockets really do, and what httpx makes of it."""

import asyncio
import gzip
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import respx

from backends.http.transport import MAX_ANSWER, Answer, NoAnswer, NotSent, Transport

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[Transport]:
    """Serve one connection at a time on a real socket."""
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    transport = Transport(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield transport
    finally:
        await transport.aclose()
        server.close()
        await server.wait_closed()


def answering(answer: bytes, *, reset: bool = False) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if reset:
            await writer.drain()
            plug: socket.socket = writer.get_extra_info("socket")
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()

    return talk


async def get(transport: Transport, path: str = "/v1/me", seconds: float = 20, **headers: str) -> Answer:
    return await transport.send("GET", path, headers=headers, body=None, seconds=seconds)


async def test_a_whole_answer() -> None:
    async with serving(answering(b"HTTP/1.1 200 OK\r\nETag: x\r\nContent-Length: 2\r\n\r\n{}")) as transport:
        answer = await get(transport)
    assert (answer.status, answer.headers["etag"], answer.body) == (200, "x", b"{}")


async def test_a_reset_connection_may_have_done_it() -> None:
    async with serving(answering(b"", reset=True)) as transport:
        with pytest.raises(NoAnswer, match="reset"):
            await get(transport)


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"], ids=["silent", "half"])
async def test_a_closed_connection_may_have_done_it(begun: bytes) -> None:
    async with serving(answering(begun)) as transport:
        with pytest.raises(NoAnswer, match="before the answer was whole"):
            await get(transport)


async def test_half_an_answer_without_a_length_looks_whole() -> None:
    """Which is why decoding has to notice."""
    async with serving(answering(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"id": "or')) as transport:
        answer = await get(transport)
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(answer.body)


async def test_nobody_listens() -> None:
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        port = plug.getsockname()[1]
    transport = Transport(f"http://127.0.0.1:{port}")
    with pytest.raises(NotSent, match="nothing listens there"):
        await get(transport)
    await transport.aclose()


async def test_who_speaks_http_and_not_https_is_told_so() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with serving(talk) as plain:
        trust = ssl.create_default_context()
        origin = plain.origin.replace("http:", "https:")
        transport = Transport(origin, lambda: httpx.AsyncHTTPTransport(verify=trust))
        with pytest.raises(NotSent, match="speaks http there, not https"):
            await get(transport)
        await transport.aclose()


@pytest.mark.parametrize(
    ("cause", "why"),
    [
        (socket.gaierror(-2, "secret"), "no such host"),
        (ssl.SSLCertVerificationError(1, "secret"), "certificate is not trusted"),
        (ssl.SSLError(1, "secret"), "no encrypted connection"),
        (ExceptionGroup("all", [ConnectionRefusedError(), ConnectionRefusedError()]), "nothing listens"),
        (OSError("secret"), "refused or failed"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_why_no_connection_was_made_is_said_in_our_words(cause: Exception, why: str) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("secret") from cause

    with pytest.raises(NotSent, match=why) as caught:
        await get(Transport("http://shop.test", lambda: httpx.MockTransport(fail)))
    assert "secret" not in str(caught.value)


async def test_what_is_no_http() -> None:
    async with serving(answering(b"SSH-2.0-OpenSSH_9.9\r\n")) as transport:
        with pytest.raises(NoAnswer):
            await get(transport)


@pytest.mark.parametrize("length", [b"Transfer-Encoding: chunked", b"Connection: close"])
async def test_a_gzip_bomb_stays_closed(length: bytes) -> None:
    bomb = gzip.compress(b"\0" * (64 << 20))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n" + length + b"\r\n\r\n"
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(bomb), bomb) if b"chunked" in length else bomb
    async with serving(answering(head + body)) as transport:
        with pytest.raises(NoAnswer, match="compressed"):
            await get(transport)


@pytest.mark.parametrize(("size", "fits"), [(MAX_ANSWER, True), (MAX_ANSWER + 1, False)])
async def test_an_answer_has_a_largest_size(respx_mock: respx.MockRouter, size: int, fits: bool) -> None:
    respx_mock.get("http://shop.test/v1/me").respond(200, content=b"x" * size)
    transport = Transport("http://shop.test")
    if fits:
        assert len((await get(transport)).body) == size
    else:
        with pytest.raises(NoAnswer, match="larger than 8 MiB"):
            await get(transport)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError, NotSent),
        (httpx.ConnectTimeout, NotSent),
        (httpx.PoolTimeout, NotSent),
        (httpx.ReadError, NoAnswer),
        (httpx.ReadTimeout, NoAnswer),
        (httpx.WriteError, NoAnswer),
        (httpx.WriteTimeout, NoAnswer),
        (httpx.RemoteProtocolError, NoAnswer),
        (httpx.LocalProtocolError, NoAnswer),
    ],
)
async def test_only_a_failed_connection_surely_sent_nothing(
    respx_mock: respx.MockRouter, error: type[httpx.TransportError], kind: type[Exception]
) -> None:
    respx_mock.get("http://shop.test/v1/me").mock(side_effect=error("Illegal header value b'Bearer secret'"))
    with pytest.raises(kind) as caught:
        await get(Transport("http://shop.test"), authorization="Bearer secret")
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


class Stream(httpx.AsyncByteStream):
    closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"x" * (MAX_ANSWER + 1)

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_an_answer_that_is_given_up_does_not_keep_its_connection(encoding: str) -> None:
    stream = Stream()
    headers = {"content-encoding": encoding}
    wire = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, stream=stream))
    with pytest.raises(NoAnswer):
        await get(Transport("http://shop.test", lambda: wire))
    assert stream.closed


async def test_a_path_is_sent_as_it_is(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(url__startswith="http://shop.test/").respond(204)
    await get(Transport("http://shop.test"), "/v1/products/%1B%5B2J%25?cursor=a%2Fb%20c")
    assert route.calls.last.request.url.raw_path == b"/v1/products/%1B%5B2J%25?cursor=a%2Fb%20c"


async def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with serving(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as transport:
        assert (await get(transport)).status == 204


async def test_certificates_are_read_once_and_only_for_https(
    respx_mock: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[ssl.SSLContext] = []

    def reading() -> ssl.SSLContext:
        read.append(ssl.create_default_context())
        return read[-1]

    monkeypatch.setattr(httpx, "create_ssl_context", reading)
    respx_mock.get(url__regex="/v1/me$").respond(204)
    await get(Transport("http://shop.test"))
    assert read == []
    await get(Transport("https://shop.test"))
    await get(Transport("https://other.test"))
    assert len(read) == 1


def test_each_event_loop_gets_connections_of_its_own() -> None:
    made: list[httpx.MockTransport] = []

    def make() -> httpx.MockTransport:
        made.append(httpx.MockTransport(lambda _: httpx.Response(204)))
        return made[-1]

    transport = Transport("http://shop.test", make)

    async def twice() -> None:
        await get(transport)
        await get(transport)

    asyncio.run(twice())
    asyncio.run(twice())
    assert len(made) == 2


async def test_closing_is_idempotent_and_does_not_end_it() -> None:
    async with serving(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as transport:
        await get(transport)
        await transport.aclose()
        await transport.aclose()
        assert (await get(transport)).status == 204


def test_an_answer_shows_nothing_of_what_it_holds() -> None:
    assert "secret" not in repr(Answer(200, {"x": "secret"}, b"secret"))
