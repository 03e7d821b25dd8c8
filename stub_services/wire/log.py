"""What a process of the shop says while it runs: one JSON object a line on stderr, without secrets.

Paths are logged as their templates: ids of guests' carts are keys, and queries are what people look for.
"""

import asyncio
import logging
import sys
import time
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, TextIO

import msgspec

from backends.text import clean

if TYPE_CHECKING:
    from starlette.requests import Request

FLUSH_SECONDS = 0.1
"""Requests are logged in batches: a write for each costs as much as the request."""

_encode = msgspec.json.Encoder().encode


class Log:
    """The log of one service, or of the gateway."""

    def __init__(self, service: str, stream: TextIO | None = None) -> None:
        """Write to `stream`, or to stderr."""
        self._service = service
        self._stream = stream or sys.stderr
        self._waiting: list[bytes] = []

    def say(self, level: str, event: str, **values: object) -> None:
        """Write one line, after those that wait."""
        self._add(level, event, **values)
        self.flush()

    def soon(self, level: str, event: str, **values: object) -> None:
        """Write one line with those of the same moment."""
        if not self._waiting:
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
        self._add(level, event, **values)

    def request(self, request: "Request", action: str, status: int, milliseconds: float) -> None:
        """Log a request that was answered."""
        self.soon(
            "warning" if status >= 500 else "info",  # noqa: PLR2004
            "request",
            action=action,
            method=request.method,
            status=status,
            ms=round(milliseconds, 1),
            request_id=request.scope.get("shop.request_id"),
        )

    def kept(self, request_id: str, milliseconds: float) -> None:
        """Log a request that was answered from memory."""
        self.soon(
            "info", "request", action="kept", method="GET", status=200, ms=round(milliseconds, 1), request_id=request_id
        )

    def bug(self, error: Exception, request_id: str) -> None:
        """Log where something went wrong that nobody thought of; never a variable's value, nor the error's text."""
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
        self.say("error", "bug", error=clean(type(error).__name__), places=places[-6:], request_id=request_id)

    def flush(self) -> None:
        """Write what waits."""
        lines, self._waiting = self._waiting, []
        if lines:
            with suppress(OSError):  # whoever reads the log is gone, and the service serves on
                self._stream.write(b"".join(lines).decode())
                self._stream.flush()

    def _add(self, level: str, event: str, **values: object) -> None:
        line = {"time": _moment(time.time()), "level": level, "service": self._service, "event": event, **values}
        self._waiting.append(_encode(line) + b"\n")


class _Lines(logging.Handler):
    """Writes what libraries log."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[1] if record.exc_info else None
        more = {"error": f"{type(cause).__name__}: {cause}"} if cause else {}
        level = "warning" if record.levelno < logging.ERROR else "error"
        self._log.say(level, "library", text=record.getMessage().strip(), **more)


def capture_logging(log: Log) -> None:
    """Turn warnings and errors of libraries (uvicorn, asyncio) into lines of ours."""
    root = logging.getLogger()
    root.handlers = [_Lines(log)]
    root.setLevel(logging.WARNING)


def _moment(seconds: float) -> str:
    """Return a time in RFC 3339, which datetime takes 4 us to write."""
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
