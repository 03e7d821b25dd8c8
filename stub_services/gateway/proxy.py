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
from backends.interface import SERVICES
from stub_services.gateway import problems, routes
from stub_services.gateway.bodies import Body, Room
from stub_services.gateway.headers import TRACE, passed_back, passed_on, request_id_of, value_of
from stub_services.gateway.hops import around
from stub_services.gateway.problems import Answer, as_json, as_problem
from stub_services.wire.hop import seconds_of
from stub_services.wire.problems import Malformed
from stub_services.wire.serving import IDLE_SECONDS, MAX_CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from multidict import CIMultiDict

    from stub_services.gateway.routes import Route
    from stub_services.wire.log import Log

# Answers up to this size are complete before the first byte goes out, so that a service that dies while it answers
# makes an honest 504 instead of half an answer. Longer ones stream.
_WHOLE_BYTES = 1 << 20
# An answer's header of traced hops is one line; aiohttp takes 8,190 bytes unless told.
_HEADER_BYTES = 256 * 1024
# So that one service that hangs leaves the others their share, and all of them together have a descriptor each.
_ASIDE = 8
"""Connections to each service for what it says about itself: whoever mends one that hangs must get through."""
_CONNECTIONS = MAX_CONNECTIONS // len(SERVICES) - _ASIDE
_CONNECT_SECONDS = 2.0
_CONNECT_SHARE = 0.5
_NO_BODY = (204, 304)
_UNREAD = (408, 413)
_NOT_ALLOWED = 405

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

    @property
    def authorization(self) -> str:
        """The header, empty where there is none."""
        return (value_of(self.headers, b"authorization") or b"").decode("latin-1")

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

    def __init__(self, urls: Mapping[str, str], log: Log) -> None:
        """Know where the services are; nothing is connected yet."""
        self._log = log
        self._urls = {service: url.rstrip("/") for service, url in urls.items()}
        self._session: aiohttp.ClientSession | None = None
        self._aside: aiohttp.ClientSession | None = None
        self._room = Room()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through one life span."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(Exchange(scope, receive, send))

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with _session(_CONNECTIONS) as self._session, _session(_ASIDE) as self._aside:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        self._log.flush()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, exchange: Exchange) -> None:
        try:
            await self._routed(exchange)
        except ShopError as error:
            await self._refuse(exchange, error)
        except Exception as error:  # noqa: BLE001 - a bug of ours must not look like an answer of a service
            self._log.bug(error, exchange.request_id)
            await self._refuse(exchange, problems.bug())
        if exchange.path in (routes.LIVE, routes.READY):
            return  # asked again and again
        self._log.soon(
            "info",
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
        if answer.status == _NOT_ALLOWED:  # RFC 9110, 15.5.6
            allowed = routes.METHODS if exchange.route else routes.READING
            answer.headers.append((b"allow", ", ".join(allowed).encode()))
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
        if exchange.method not in routes.METHODS:
            raise Malformed(f"the method {exchange.method} is not served", 405)
        if route is None:
            if exchange.method not in routes.READING:
                raise Malformed(f"{exchange.path} can only be read", 405)
            await exchange.answer(as_json(own))
            return
        told = value_of(exchange.headers, b"shop-timeout")
        most = routes.seconds(exchange.method, exchange.path, exchange.authorization)
        seconds = seconds_of(None if told is None else told.decode("latin-1"), most)
        await self._pass_on(exchange, route, exchange.began + seconds)

    async def _pass_on(self, exchange: Exchange, route: Route, ends_at: float) -> None:
        _refuse_late(route, ends_at)
        limit = routes.body_bytes(exchange.method, exchange.path, exchange.authorization)
        with Body(self._room, exchange.headers, limit) as body:
            whole = await body.read(exchange.receive, max(0.0, ends_at - time.perf_counter()))
            await self._pass_whole(exchange, route, whole, ends_at)

    async def _pass_whole(self, exchange: Exchange, route: Route, body: bytes | bytearray, ends_at: float) -> None:
        left = _refuse_late(route, ends_at)
        reading = exchange.method in routes.READING
        try:
            headers = passed_on(exchange.headers, exchange.request_id, left)
        except UnicodeDecodeError:
            raise Malformed("a header is neither ASCII nor UTF-8") from None
        try:
            async with asyncio.timeout(left), self._asked(exchange, route, body, headers, left) as response:
                await _pass_back(exchange, response)
        except aiohttp.ClientConnectorError as error:
            raise problems.refused(route.service) from error
        except aiohttp.ConnectionTimeoutError as error:  # also where all connections to it are taken
            raise problems.full(route.service) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise problems.silent(route.service, reading=reading) from error

    def _asked(
        self, exchange: Exchange, route: Route, body: bytes | bytearray, headers: CIMultiDict[str], left: float
    ) -> Any:  # noqa: ANN401 - aiohttp's
        session = self._aside if route.target else self._session
        assert session is not None  # noqa: S101 - uvicorn has started the life span
        path = route.target or exchange.path
        query = f"?{exchange.query}" if exchange.query else ""
        return session.request(
            exchange.method,
            URL(self._urls[route.service] + path + query, encoded=True),
            headers=headers,
            data=body or None,
            allow_redirects=False,
            # Ends before the deadline does, because then it is known that nothing was sent.
            timeout=aiohttp.ClientTimeout(total=None, connect=min(_CONNECT_SECONDS, left * _CONNECT_SHARE)),
        )


def _session(connections: int) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, limit_per_host=connections, keepalive_timeout=IDLE_SECONDS, use_dns_cache=False
        ),
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
