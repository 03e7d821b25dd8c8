"""One stream for the logs of all processes: lines for people on a terminal, JSON elsewhere."""

import json
from datetime import UTC, datetime
from typing import Any, TextIO

from backends.text import clean
from stub_services.supervisor.sink import Sink

SUPERVISOR = "supervisor"
DRAIN_SECONDS = 0.5
_COLOURS = {"users": 36, "products": 32, "carts": 33, "orders": 35, "payments": 34, "gateway": 37}
_LEVEL_COLOURS = {"error": 31, "warning": 33}
_WIDTH = max(map(len, (*_COLOURS, SUPERVISOR)))
_REPEATED = ("database", "recovery")
"""What a service that cannot use its database says each time it is asked."""
_HEAD = ("time", "level", "service", "request_id", "event")


class LogStream:
    """Writes to `stream`, for people or as JSON, with colours or without."""

    def __init__(self, stream: TextIO, *, human: bool, color: bool, requests: bool = True) -> None:
        """Write nothing yet; without `requests`, those that went well are left out."""
        self._human = human
        self._color = color
        self._requests = requests
        self._sink = Sink(stream, self._lost)
        self._said: dict[str, dict[str, object]] = {}
        """The last error by service and event, since its last request."""

    def say(self, event: str, level: str = "info", **more: object) -> None:
        """Log something about the supervisor itself."""
        self._sink.put(self._own(event, level, **more))

    def passed_on(self, service: str, line: bytes) -> dict[str, Any]:
        """Log a line of a process and return it; one that is no JSON object (a traceback) is wrapped."""
        entry = _parsed(line)
        if entry is None:
            text = line.decode("utf-8", "replace").rstrip()
            entry = {"time": _now(), "level": "warning", "request_id": None, "event": "output", "text": text}
        entry["service"] = service
        if not self._is_noise(entry):
            self._sink.put(self._worded(entry))
        return entry

    def _is_noise(self, entry: dict[str, Any]) -> bool:
        """Whether nobody has to read it: our own question whether it is ready, and what it says again at that."""
        service, event, level = (str(entry.get(name, "")) for name in ("service", "event", "level"))
        if event == "request":
            if entry.get("action") == "readyz":
                return True
            self._said.pop(service, None)
            return level == "info" and not self._requests
        said = self._said.setdefault(service, {})
        before, said[event] = said.get(event), entry.get("error")
        return event in _REPEATED and said[event] == before

    def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Wait until all is written, but not for a reader who does not read."""
        self._sink.drain(seconds)

    def _own(self, event: str, level: str = "info", **more: object) -> str:
        head = {"time": _now(), "level": level, "service": SUPERVISOR, "request_id": None, "event": event}
        return self._worded({**head, **more})

    def _lost(self, count: int) -> str:
        return self._own("lost", "warning", lines=count, text="nobody read the log for a while")

    def _worded(self, entry: dict[str, Any]) -> str:
        return (self._for_people(entry) if self._human else json.dumps(entry)) + "\n"

    def _for_people(self, entry: dict[str, Any]) -> str:
        service, level = str(entry.get("service", "")), str(entry.get("level", ""))
        name = self._tinted(f"{service:<{_WIDTH}}", _COLOURS.get(service, 90))
        event = self._tinted(str(entry.get("event", "")), _LEVEL_COLOURS.get(level, 0))
        more = " ".join(f"{key}={_short(value)}" for key, value in entry.items() if key not in _HEAD)
        request_id = f" {str(entry['request_id'])[:8]}" if entry.get("request_id") else ""
        return f"{_clock(entry)} {name} {event}{request_id} {more}".rstrip()

    def _tinted(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{clean(text)}\x1b[0m" if self._color and colour else clean(text)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
