"""One request from a service to another, and its answer.

aiohttp and not httpx: 74 us a call instead of 600 (measured), and every order makes a handful of them.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

import aiohttp

from backends.errors import OutcomeUnknown, ShopError, Unavailable
from stub_services.wire.serving import IDLE_SECONDS

MAX_ANSWER = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Question:
    """An HTTP request to one of the services, and how long its answer is waited for."""

    service: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read whole."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class Exchange(Protocol):
    """Sends one question and returns its answer, whatever it is."""

    async def __call__(self, question: Question) -> Answer:
        """Raises Unavailable if it was surely not sent, OutcomeUnknown if the answer did not come in time."""

    async def close(self) -> None:
        """Close all connections; idempotent."""


class HttpExchange:
    """Exchanges over pooled connections."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        """`urls` says where each service is: `http://127.0.0.1:8101`."""
        self._urls = urls
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, question: Question) -> Answer:
        """Send one question."""
        service = question.service
        url = self._urls.get(service)
        if url is None:
            msg = f"nobody said where {service} is"
            raise Unavailable(msg, service=service)
        try:
            async with self._sent(url, question) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, headers, await _bounded(response, service))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            msg = f"{service} cannot be reached"
            raise Unavailable(msg, service=service) from error
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise _lost(service) from error

    def _sent(self, url: str, question: Question) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self._opened().request(
            question.method,
            f"{url}{question.path}",
            headers=question.headers,
            data=question.body or None,
            timeout=aiohttp.ClientTimeout(total=question.seconds),
            allow_redirects=False,
        )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Cookies would make two requests depend on each other; proxies are for the outside.
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False
            )
            # A hop is sent once: who asks repeats it, and a trace shows every attempt.
            self._session._retry_connection = False  # noqa: SLF001  aiohttp has no public switch for it
        return self._session

    async def close(self) -> None:
        """Close all connections; idempotent."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _bounded(response: aiohttp.ClientResponse, service: str) -> bytes:
    body = await response.content.read(MAX_ANSWER + 1)
    while len(body) <= MAX_ANSWER:
        more = await response.content.read(MAX_ANSWER + 1 - len(body))
        if not more:
            return body
        body += more
    raise _lost(service)


def _lost(service: str) -> ShopError:
    return OutcomeUnknown(f"the answer of {service} never came", service=service)
