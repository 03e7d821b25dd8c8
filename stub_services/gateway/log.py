"""One JSON object a line on stderr."""

import logging
import sys
from datetime import UTC, datetime

import msgspec

_LEVELS = {"WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}


def log(service: str, event: str, level: str = "info", request_id: str | None = None, **more: object) -> None:
    """Write one line; nothing in it may be a secret."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = {"time": now, "level": level, "service": service, "request_id": request_id, "event": event, **more}
    # One write a line: the lines of two threads or processes never mix.
    sys.stderr.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stderr.buffer.flush()


class _Lines(logging.Handler):
    def __init__(self, service: str) -> None:
        super().__init__(logging.WARNING)
        self._service = service

    def emit(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[1] if record.exc_info else None
        more = {"error": f"{type(cause).__name__}: {cause}"} if cause else {}
        log(self._service, "library", _LEVELS.get(record.levelname, "info"), text=record.getMessage().strip(), **more)


def capture_logging(service: str) -> None:
    """Turn warnings and errors of libraries (uvicorn, asyncio) into lines of ours."""
    root = logging.getLogger()
    root.handlers = [_Lines(service)]
    root.setLevel(logging.WARNING)
