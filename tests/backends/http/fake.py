"""A gateway that answers what a test tells it to, on a clock that jumps instead of waiting."""

import asyncio
import json
import selectors
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from backends import MemorySessions
from backends.http import HttpBackend
from backends.http.calls import Outside
from backends.http.encoding import body as encoded
from tests.conftest import START, VirtualClock, countable_ids

ORIGIN = "http://127.0.0.1:8080"

Reply = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that waits no time: where nothing is ready its clock jumps to the next timer."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self.now


class _Jumping(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        assert ready or timeout is not None, "everything waits for something that never comes"
        if not ready:
            self._loop.now += timeout or 0.0
        return ready


@dataclass
class FakeShop:
    """Replies by method and path, one after the other; the last one for ever."""

    seen: list[httpx.Request] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    _replies: dict[tuple[str, str], deque[Reply]] = field(default_factory=lambda: defaultdict(deque))

    def on(self, method: str, path: str, *replies: Reply | Exception) -> None:
        """Reply so from now on."""
        self._replies[method, path] = deque(_raising(each) if isinstance(each, Exception) else each for each in replies)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        self.times.append(asyncio.get_running_loop().time())
        path = request.url.raw_path.decode().partition("?")[0]
        replies = self._replies[request.method, path]
        assert replies, f"nobody expected {request.method} {path}"
        reply = replies[0] if len(replies) == 1 else replies.popleft()
        answer = reply(request)
        return answer if isinstance(answer, httpx.Response) else await answer

    def asked(self) -> list[str]:
        """What was asked, in order."""
        return [f"{each.method} {each.url.raw_path.decode()}" for each in self.seen]

    def open(self, sessions: MemorySessions | None = None, **changes: Any) -> HttpBackend:  # noqa: ANN401
        """Open it for one more person."""
        loop = changes.pop("loop", None)
        outside = Outside(
            changes.pop("clock", VirtualClock()),
            changes.pop("ids", countable_ids()),
            wire=lambda: httpx.MockTransport(self),
            random=changes.pop("random", lambda: 1.0),
            monotonic=loop.time if loop else lambda: asyncio.get_running_loop().time(),
        )
        return HttpBackend(changes.pop("origin", ORIGIN), MemorySessions() if sessions is None else sessions, outside)


def _raising(error: Exception) -> Reply:
    def reply(request: httpx.Request) -> httpx.Response:
        raise error

    return reply


@dataclass(frozen=True)
class Fixed:
    """An answer that is always the same."""

    status: int
    content: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(self.status, content=self.content, headers=list(self.headers))


def label(value: object) -> str | None:
    """Name an answer in the name of a test."""
    if isinstance(value, Fixed):
        return f"{value.status} {value.content[:60]!r}"
    return type(value).__name__ if isinstance(value, Exception) else None


def _names(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name.replace("_", "-"), value) for name, value in headers.items())


def says(document: object, status: int = 200, **headers: str) -> Reply:
    """Answer JSON; models are written as the wire writes them."""
    content = encoded({"": document}, "test")[4:-1]
    return Fixed(status, content, _names({"content-type": "application/json", **headers}))


def nothing(_: httpx.Request) -> httpx.Response:
    """Answer 204."""
    return httpx.Response(204)


def raw(status: int, content: bytes = b"", **headers: str) -> Reply:
    """Answer these bytes."""
    return Fixed(status, content, _names(headers))


def streams(*chunks: bytes, status: int = 200, **headers: str) -> Reply:
    """Answer in pieces, unread and so undecoded, as they come from a socket."""

    async def parts() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return lambda _: httpx.Response(status, content=parts(), headers=_names(headers))


def hangs(_: httpx.Request) -> Awaitable[httpx.Response]:
    """Never answer."""

    async def wait() -> httpx.Response:
        await asyncio.sleep(1e6)
        return httpx.Response(200)

    return wait()


def problem(status: int, code: str, *, headers: Mapping[str, str] | None = None, **members: object) -> Reply:
    """Answer problem details."""
    document = {
        "code": code,
        "type": f"urn:shop:problem:{code}",
        "title": "Title",
        "status": status,
        "detail": f"the detail of {code}",
        "hint": None,
        "service": "orders",
        "outcome": "not_applied",
        "retryable": False,
        "request_id": "theirs",
        **members,
    }
    given = {"content-type": "application/problem+json", **(headers or {})}
    return Fixed(status, json.dumps(document).encode(), _names(given))


GONE = httpx.ConnectError("refused")
RESET = httpx.ReadError("reset")
CLOSED = httpx.RemoteProtocolError("closed")

USER = {"id": "user-1", "name": "Ada", "email": "ada@example.org"}


def granted(access: str = "access-1", refresh: str = "refresh-1", minutes: int = 10) -> dict[str, object]:
    """What a log-in answers."""
    return {
        "user": USER,
        "access_token": access,
        "access_expires_at": START + timedelta(minutes=minutes),
        "refresh_token": refresh,
        "expires_at": START + timedelta(days=30),
    }


def logged_in(minutes: float = 10, **more: str) -> MemorySessions:
    """Return the session of somebody whose access token lives that long."""
    sessions = MemorySessions()
    kept = {
        "origin": ORIGIN,
        "access": "access-0",
        "access_expires_at": (START + timedelta(minutes=minutes)).isoformat(),
        "refresh": "refresh-0",
        "account": "user-1",
        **more,
    }
    sessions.update(lambda stored: stored.update(kept))
    return sessions
