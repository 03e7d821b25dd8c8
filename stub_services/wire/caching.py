"""Answers that are the same for everybody, kept until the database changes.

A shared cache in the sense of RFC 9111, inside the service: whoever asks without credentials and conditions gets the
bytes of the last answer while `version` says that nothing was written since, by whatever process. It carries the
catalog: what everybody reads, and reads often, is made once for each change.
"""

import time
from collections.abc import Callable
from secrets import token_hex

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backends.errors import ShopError
from stub_services.wire.hop import is_request_id
from stub_services.wire.log import Log

MAX_ANSWERS = 1024
MAX_BYTES = 32 * 1024 * 1024
"""Of all answers together: hostile queries may ask for the largest pages only."""
MAX_BODY = 256 * 1024
"""Bytes of an answer that is kept; a page of a hundred products has about 100,000."""
_VARIES = frozenset((b"authorization", b"if-none-match", b"shop-cart", b"shop-trace"))

Key = tuple[bytes, bytes]


class Cached:
    """Answers from memory what it can, and asks the application for the rest."""

    def __init__(self, app: ASGIApp, *, paths: tuple[str, ...], version: Callable[[], int | None], log: Log) -> None:
        """Keep answers of `paths` and below; `version` is None where nobody can tell that something changed."""
        self._app = app
        self._paths = paths
        self._version = version
        self._log = log
        self._kept: dict[Key, tuple[Message, Message]] = {}
        self._kept_at: int | None = None
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(self._paths):
            await self._app(scope, receive, send)
            return
        request_id = ""
        for name, value in scope["headers"]:
            if name in _VARIES:
                await self._app(scope, receive, send)
                return
            if name == b"x-request-id":
                request_id = value.decode("latin-1")
        version = self._looked()
        if version is None or (request_id and not is_request_id(request_id)):
            await self._app(scope, receive, send)
            return
        key = (scope["raw_path"], scope["query_string"])
        kept = self._kept.get(key) if version == self._kept_at else None
        if kept is None:
            await self._app(scope, receive, _Keeping(self, key, version, send))
        else:
            await self._answer(kept, request_id or token_hex(8), send)

    def _looked(self) -> int | None:
        try:
            return self._version()
        except ShopError:  # the service will find out, and say so
            return None

    async def _answer(self, kept: tuple[Message, Message], request_id: str, send: Send) -> None:
        began = time.perf_counter()
        start, body = kept
        await send({**start, "headers": [*start["headers"], (b"x-request-id", request_id.encode())]})
        await send(body)
        self._log.kept(request_id, (time.perf_counter() - began) * 1000)

    def keep(self, key: Key, version: int, start: Message, body: Message) -> None:
        """Keep an answer of the database's state `version`."""
        self._bytes += len(body["body"])
        if version != self._kept_at or len(self._kept) >= MAX_ANSWERS or self._bytes > MAX_BYTES:
            self._kept.clear()
            self._kept_at = version
            self._bytes = len(body["body"])
        self._kept[key] = start, body


class _Keeping:
    """Sends an answer on, and keeps it if it is a whole one."""

    def __init__(self, cache: Cached, key: Key, version: int, send: Send) -> None:
        self._cache = cache
        self._key = key
        self._version = version
        self._send = send
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(name, value) for name, value in message["headers"] if name != b"x-request-id"]
            self._start = {**message, "headers": headers} if message["status"] == 200 else None  # noqa: PLR2004
        elif self._start and not message.get("more_body") and len(message["body"]) <= MAX_BODY:
            self._cache.keep(self._key, self._version, self._start, message)
        await self._send(message)
