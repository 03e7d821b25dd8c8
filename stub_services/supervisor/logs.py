"""One stream for the logs of all processes: lines for people on a terminal, JSON elsewhere."""

import json
from datetime import UTC, datetime
from typing import Any, TextIO

from backends.text import clean

SUPERVISOR = "supervisor"
_COLOURS = {"users": 36, "products": 32, "carts": 33, "orders": 35, "payments": 34, "gateway": 37}
_LEVEL_COLOURS = {"error": 31, "warning": 33}
_WIDTH = max(map(len, (*_COLOURS, SUPERVISOR)))
_HEAD = ("time", "level", "service", "request_id", "event")


class LogStream:
    """Writes to `stream`, for people or as JSON, with colours or without."""

    def __init__(self, stream: TextIO, *, human: bool, color: bool) -> None:
        """Write nothing yet."""
        self._stream: TextIO | None = stream
        self._human = human
        self._color = color

    def say(self, event: str, level: str = "info", **more: object) -> None:
        """Log something about the supervisor itself."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._write({"time": now, "level": level, "service": SUPERVISOR, "request_id": None, "event": event, **more})

    def passed_on(self, service: str, line: bytes) -> str:
        """Log a line of a process and return its event; a line that is no JSON object (a traceback) is wrapped."""
        entry = _parsed(line)
        if entry is None:
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            text = line.decode("utf-8", "replace").rstrip()
            entry = {"time": now, "level": "warning", "request_id": None, "event": "output", "text": text}
        entry["service"] = service
        self._write(entry)
        return str(entry.get("event", ""))

    def _write(self, entry: dict[str, Any]) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write((self._for_people(entry) if self._human else json.dumps(entry)) + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # whoever read the log went away; the shop goes on
            self._stream = None

    def _for_people(self, entry: dict[str, Any]) -> str:
        service, level = str(entry.get("service", "")), str(entry.get("level", ""))
        name = self._tinted(f"{service:<{_WIDTH}}", _COLOURS.get(service, 90))
        event = self._tinted(str(entry.get("event", "")), _LEVEL_COLOURS.get(level, 0))
        more = " ".join(f"{key}={_short(value)}" for key, value in entry.items() if key not in _HEAD)
        request_id = f" {str(entry['request_id'])[:8]}" if entry.get("request_id") else ""
        return f"{_clock(entry)} {name} {event}{request_id} {more}".rstrip()

    def _tinted(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{clean(text)}\x1b[0m" if self._color and colour else clean(text)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _clock(entry: dict[str, Any]) -> str:
    """Return the time of day in the person's own time zone."""
    try:
        return f"{datetime.fromisoformat(str(entry['time'])).astimezone():%H:%M:%S.%f}"[:-3]
    except (KeyError, ValueError):
        return "--:--:--.---"


def _short(value: object) -> str:
    return clean(value if isinstance(value, str) else json.dumps(value))
