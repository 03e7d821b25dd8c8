"""One request and its answer. The only module that knows httpx (0.28 is its last version; a successor fits here).

httpx's transport is used without its client: nothing follows a redirect, keeps a cookie, obeys a proxy of the
environment or logs a URL, and a request costs half.
"""

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial

if "httpx" not in sys.modules:
    # httpx imports its own command line wherever click is installed, and so click, pygments and rich, which together
    # cost 4.8 bare Python starts.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]

import httpx

Wire = httpx.AsyncBaseTransport
"""What carries a request; tests put their own in its place."""

MAX_ANSWER = 8 << 20
"""Bytes of an answer's body."""
MAX_CONNECT = 3.0
"""Seconds to wait for a connection: a lost SYN is repeated after one."""

# Shorter than servers keep an idle connection: ours 15 seconds, uvicorn by itself 5. A request that meets one which is
# just being closed (ours close 1.5 seconds after they were told to stop) is lost, and sent again if it may be.
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=4.0)
# Compression is not understood at all, so that a few bytes never become gigabytes.
_HEADERS = {"accept": "application/json, application/problem+json", "accept-encoding": "identity"}
_MISTAKES = {
    httpx.ConnectError: "the connection was refused or failed",
    httpx.ConnectTimeout: "no connection was made in time",
    httpx.PoolTimeout: "all connections are busy",
    httpx.ReadError: "the connection was reset",
    httpx.RemoteProtocolError: "the connection was closed before the answer was whole",
}
_CAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLCertVerificationError, "its certificate is not trusted"),
    (ssl.SSLError, "no encrypted connection could be made"),
    (ConnectionRefusedError, "nothing listens there, the connection was refused"),
    (socket.gaierror, "there is no such host, or no network"),
)
_PLAIN = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
"""What OpenSSL calls an answer that is not encrypted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, of whatever status. Header names are lower-case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    repeated: bool = False
    """An earlier try of the request may have arrived, too."""


class NotSent(Exception):
    """The request surely reached nobody; its text says why."""


class NoAnswer(Exception):
    """The request may have arrived, and no whole answer came back; its text says why."""


class Transport:
    """Connections to one origin. They belong to the event loop that they were opened on."""

    def __init__(self, origin: str, wire: Callable[[], Wire] | None = None) -> None:
        """Connect to `origin` when the first request is sent."""
        self.origin = origin
        self._make = wire or partial(_wire_to, origin)
        self._wire: Wire | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None, seconds: float
    ) -> Answer:
        """Send one request and read its whole answer within `seconds`, which bounds everything together.

        Raises NotSent, NoAnswer. What httpx says is not repeated: it may quote a header, and so a token.
        """
        connect = min(MAX_CONNECT, seconds / 2)  # so that time is left to say that it surely was not sent
        timeouts = {"connect": connect, "pool": connect, "read": None, "write": None}
        request = httpx.Request(
            method,
            self.origin + path,
            headers={**_HEADERS, **headers},
            content=body,
            extensions={"timeout": timeouts},
        )
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(_cause(error) or _MISTAKES[type(error)]) from None
        except TimeoutError:
            raise NoAnswer("no answer came in time") from None
        except httpx.TransportError as error:
            raise NoAnswer(_MISTAKES.get(type(error), "the connection failed")) from None

    async def aclose(self) -> None:
        """Close the connections; idempotent."""
        wire, self._wire = self._wire, None
        if wire is not None and self._loop is asyncio.get_running_loop():
            await wire.aclose()

    async def _exchange(self, request: httpx.Request) -> Answer:
        response = await self._connected().handle_async_request(request)
        try:
            return Answer(response.status_code, dict(response.headers), await _body(response))
        finally:
            await response.aclose()

    def _connected(self) -> Wire:
        loop = asyncio.get_running_loop()
        if self._wire is None or self._loop is not loop:
            self._wire, self._loop = self._make(), loop
        return self._wire


def _cause(error: BaseException | None) -> str | None:
    """Return why no connection was made, where the system says so. Only our own words: never what a server sent."""
    while error is not None:
        if isinstance(error, ssl.SSLError) and getattr(error, "reason", None) in _PLAIN:
            return "it speaks http there, not https"
        for kind, why in _CAUSES:
            if isinstance(error, kind):
                return why
        if isinstance(error, BaseExceptionGroup):  # a host with several addresses, none of which answered
            return _cause(error.exceptions[0])
        error = error.__cause__ or error.__context__
    return None


async def _body(response: httpx.Response) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise NoAnswer("the answer is compressed, which nobody asked for")
    body = bytearray()
    async for part in _parts(response):
        body += part
        if len(body) > MAX_ANSWER:
            raise NoAnswer(f"the answer is larger than {MAX_ANSWER >> 20} MiB")
    return bytes(body)


def _parts(response: httpx.Response) -> httpx.AsyncByteStream:
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101  it comes from an asynchronous transport
    return response.stream


def _wire_to(origin: str) -> Wire:
    trust = _authorities() if origin.startswith("https:") else _nobody()
    return httpx.AsyncHTTPTransport(verify=trust, trust_env=False, limits=_LIMITS)


@cache
def _authorities() -> ssl.SSLContext:
    """Whom https trusts: certifi's list, or SSL_CERT_FILE. Shared, because reading the list takes 21 ms."""
    return httpx.create_ssl_context()


@cache
def _nobody() -> ssl.SSLContext:
    """What httpx wants even where nothing is encrypted: it trusts nobody, and reads no file."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
