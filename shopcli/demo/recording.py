"""A narration kept: as an asciicast, as one picture, as text.

How long something takes comes from a model of somebody who types and reads, never from the wall clock: at a shop in
memory two recordings of a scenario are the same, byte for byte.
"""

import json
from collections.abc import Callable, Mapping

from shopcli.demo.ansi import plain
from shopcli.demo.narration import KEY_SECONDS, WIDTH

ROWS = 24
_VERSION = 3


class Tape:
    """A screen that keeps what is shown on it, and when."""

    def __init__(self, speed: float = 1.0) -> None:
        """Start at time 0; `speed` 2 is twice as fast."""
        self.title = ""
        self.events: list[tuple[int, str, str]] = []
        """Milliseconds since the event before, what it is, and its text; what it is as asciicast has it."""
        self._speed = speed
        self._passed = 0.0
        self._told = 0

    def write(self, text: str) -> None:
        """Show text at once."""
        if text:
            self._keep("o", text)

    def type(self, text: str) -> None:
        """Show text key by key."""
        for key in text:
            self.write(key)
            self.pause(KEY_SECONDS)

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self._passed += seconds / self._speed

    def chapter(self, title: str) -> None:
        """Mark a chapter."""
        self._keep("m", title)

    def enter(self) -> None:
        """End the line."""
        self.write("\n")

    @property
    def text(self) -> str:
        """All that was shown, in colours."""
        return "".join(text for _, kind, text in self.events if kind == "o")

    def _keep(self, kind: str, text: str) -> None:
        now = round(self._passed * 1000)
        self.events.append((now - self._told, kind, text))
        self._told = now


def as_cast(tape: Tape) -> str:
    """Return an asciicast of version 3 (https://docs.asciinema.org/manual/asciicast/v3/); chapters are its markers."""
    header = {"version": _VERSION, "term": {"cols": WIDTH, "rows": ROWS}, "title": tape.title}
    lines: list[object] = [header]
    lines += ([after / 1000, kind, text.replace("\n", "\r\n")] for after, kind, text in tape.events)
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def as_text(tape: Tape) -> str:
    """Return what was shown, without colours."""
    return "".join(f"{line.rstrip()}\n" for line in plain(tape.text).splitlines())


def as_svg(tape: Tape) -> str:
    """Return the whole session as one picture."""
    from shopcli.demo.picture import draw

    return draw(tape.text, title=tape.title)


FORMATS: Mapping[str, Callable[[Tape], str]] = {".cast": as_cast, ".svg": as_svg, ".txt": as_text}
"""How a recording is written, by the ending of its file."""
