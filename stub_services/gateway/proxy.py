"""The gateway in Python: an ASGI application that passes requests on through one pool of connections."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import aiohttp
from yarl import URL

from backends.errors import ShopError
from stub_services.gateway import problems, routes
from stub_services.gateway.headers import TRACE, passed_back, passed_on, request_id_of, seconds_of, value_of
from stub_services.gateway.hops import around
from stub_services.gateway.log import log
from stub_services.gateway.problems import Answer, as_json, as_problem
from stub_services.wire.problems import Malformed
from stub_services.wire.serving import IDLE_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from multidict import CIMultiDict

    from stub_services.gateway.routes import Route

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_READING = ("GET", "HEAD", "OPTIONS")
# Answers up to this size are complete before the first byte goes out, so that a service that dies while it answers
# makes an honest 504 instead of half an answer. Longer ones stream.
_WHOLE_BYTES = 1 << 20
# A body that is a little too large is read to its end, or the client might lose the answer with the connection.
_DISCARDED_BYTES = 8 << 20
# An answer's header of traced hops is one line; aiohttp takes 8,190 bytes unless told.
_HEADER_BYTES = 256 * 1024
_CONNECTIONS = 256
_NO_BODY = (204, 304)
_UNREAD = (408, 413)

Scope = Any
Receive = Any
Send = Any


class Exchange:
    """One request, and what is noted about its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request's head."""
        self.method: str = scope["method"]
        self.path: str = scope["raw_path"].decode("ascii", "replace")
        self.query: str = scope["query_string"].decode("ascii", "replace")
        self.headers: list[tuple[bytes, bytes]] = scope["headers"]
        self.request_id = request_id_of(self.headers) or str(uuid4())
        self.traced = value_of(self.headers, b"shop-trace") == b"1"
        self.receive = receive
        self.send = send
        self.began = time.perf_counter()
        self.route: Route | None = None
        self.status = 0
        """What was answered; 0 as long as nothing was."""
        self.whole = False

    def milliseconds(self) -> float:
        """How long it has taken so far."""
        return round((time.perf_counter() - self.began) * 1000, 3)

    async def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Send the head of the answer."""
        self.status = status
        sent = [*headers, (b"x-request-id", self.request_id.encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": sent})

    async def body(self, data: bytes, *, more: bool = False) -> None:
        """Send a part of the body, the last one without `more`."""
        self.whole = not more
        await self.send({"type": "http.response.body", "body": data, "more_body": more})

    async def answer(self, answer: Answer) -> None:
        """Send a whole answer."""
        await self.start(answer.status, answer.headers)
        await self.body(b"" if self.method == "HEAD" else answer.body)


class Gateway:
    """An ASGI application in front of the services at `urls`, by name."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        """Know where the services are; nothing is connected yet."""
        self._urls = {service: url.rstrip("/") for service, url in urls.items()}
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through one life span."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(Exchange(scope, receive, send))

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with _session() as self._session:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, exchange: Exchange) -> None:
        try:
            await self._routed(exchange)
        except ShopError as error:
            await self._refuse(exchange, error)
        except Exception as error:  # noqa: BLE001 - a bug of ours must not look like an answer of a service
            log("gateway", "bug", "error", exchange.request_id, error=f"{type(error).__name__}: {error}")
            await self._refuse(exchange, problems.bug())
        if exchange.path in (routes.LIVE, routes.READY):
            return  # asked again and again
        log(
            "gateway",
            "request",
            request_id=exchange.request_id,
            method=exchange.method,
            route=exchange.route.prefix if exchange.route else None,
            to=exchange.route.service if exchange.route else None,
            status=exchange.status,
            whole=exchange.whole,
            ms=exchange.milliseconds(),
        )

    async def _refuse(self, exchange: Exchange, error: ShopError) -> None:
        if exchange.status:
            return  # uvicorn breaks the connection of an answer that was begun and not finished: the client sees it
        answer = as_problem(error, exchange.request_id)
        if answer.status in _UNREAD:  # the rest of the body is not read
            answer.headers.append((b"connection", b"close"))
        if exchange.traced and exchange.route is not None:
            refused = isinstance(error.__cause__, aiohttp.ClientConnectorError)
            status = "connection refused" if refused else error.code
            answer.headers.append((TRACE, around(exchange, status, None)))
        await exchange.answer(answer)

    async def _routed(self, exchange: Exchange) -> None:
        if routes.is_unsafe(exchange.path) or not exchange.query.isascii():
            raise problems.ambiguous()
        own = _own(exchange.path)
        route = exchange.route = routes.find(exchange.path)
        if own is None and route is None:
            raise problems.nothing_there(exchange.path)
        if exchange.method not in METHODS:
            raise Malformed(f"the method {exchange.method} is not served", 405)
        if route is None:
            if exchange.method not in _READING:
                raise Malformed(f"{exchange.path} can only be read", 405)
            await exchange.answer(as_json(own))
            return
        seconds = seconds_of(exchange.headers)
        if seconds is None:
            raise Malformed("Shop-Timeout is a number of seconds, such as 2.5")
        await self._pass_on(exchange, route, exchange.began + seconds)

    async def _pass_on(self, exchange: Exchange, route: Route, ends_at: float) -> None:
        _refuse_late(route, ends_at)
        body = await _read(exchange, route.body_bytes, ends_at)
        left = _refuse_late(route, ends_at)
        reading = exchange.method in _READING
        try:
            headers = passed_on(exchange.headers, exchange.request_id, left)
        except UnicodeDecodeError:
            raise Malformed("a header is neither ASCII nor UTF-8") from None
        try:
            async with asyncio.timeout(left), self._asked(exchange, route, body, headers) as response:
                await _pass_back(exchange, response)
        except aiohttp.ClientConnectorError as error:
            raise problems.refused(route.service) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise problems.silent(route.service, reading=reading) from error

    def _asked(self, exchange: Exchange, route: Route, body: bytes, headers: CIMultiDict[str]) -> Any:  # noqa: ANN401 - aiohttp's
        assert self._session is not None  # noqa: S101 - uvicorn has started the life span
        path = route.target or exchange.path
        query = f"?{exchange.query}" if exchange.query else ""
        return self._session.request(
            exchange.method,
            URL(self._urls[route.service] + path + query, encoded=True),
            headers=headers,
            data=body or None,
            allow_redirects=False,
        )


def _session() -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=IDLE_SECONDS, use_dns_cache=False),
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        max_line_size=_HEADER_BYTES,
        max_field_size=_HEADER_BYTES,
    )
    # A hop is sent once: whoever knows the idempotency key repeats it, and a trace shows every attempt.
    session._retry_connection = False  # noqa: SLF001 - aiohttp has no public switch for it
    return session


def _refuse_late(route: Route, ends_at: float) -> float:
    """Return the seconds that are left."""
    left = ends_at - time.perf_counter()
    if left <= 0:
        raise problems.late(route.service)
    return left


def _own(path: str) -> object:
    """Return what the gateway itself says at a path."""
    if path == routes.OPENAPI_PATH:
        return routes.OPENAPI
    return routes.up() if path in (routes.LIVE, routes.READY) else None


async def _read(exchange: Exchange, limit: int, ends_at: float) -> bytes:
    """Read the whole body first: a client that is slow or goes away never occupies a service."""
    announced = value_of(exchange.headers, b"content-length")
    if announced is not None and int(announced) > limit + _DISCARDED_BYTES:  # httptools lets only digits through
        raise problems.too_large(limit)
    parts: list[bytes] = []
    size, more = 0, True
    try:
        async with asyncio.timeout(max(0.0, ends_at - time.perf_counter())):
            while more:
                message = await exchange.receive()
                if message["type"] == "http.disconnect":
                    raise Malformed("the request broke off", 408)
                size, more = size + len(message["body"]), message["more_body"]
                if size <= limit:
                    parts.append(message["body"])
                elif size > limit + _DISCARDED_BYTES:
                    break
    except TimeoutError:
        raise Malformed("the request's body did not arrive in time", 408) from None
    if size > limit:
        raise problems.too_large(limit)
    return b"".join(parts)


async def _pass_back(exchange: Exchange, response: aiohttp.ClientResponse) -> None:
    headers, trace = passed_back(response.raw_headers)
    if exchange.method == "HEAD" or response.status in _NO_BODY:
        await exchange.start(response.status, _traced(exchange, headers, response.status, trace))
        await exchange.body(b"")
        return
    async with aclosing(_parts(response)) as parts:
        first = await anext(parts)
        await exchange.start(response.status, _traced(exchange, headers, response.status, trace))
        await exchange.body(first, more=True)
        async for part in parts:
            await exchange.body(part, more=True)
    await exchange.body(b"")


async def _parts(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    """Yield an answer of ordinary size at once, a longer one in pieces."""
    length = response.content_length
    if length is not None and length <= _WHOLE_BYTES:
        yield await response.read()
        return
    async for part in response.content.iter_any():
        yield part
    yield b""


def _traced(
    exchange: Exchange, headers: list[tuple[bytes, bytes]], status: int, trace: bytes | None
) -> list[tuple[bytes, bytes]]:
    return [*headers, (TRACE, around(exchange, str(status), trace))] if exchange.traced else headers
