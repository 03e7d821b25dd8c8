"""A program in a real pseudo-terminal: what it writes, what a person would see, what it costs."""

import os
import re
import resource
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pexpect
import pyte

COLUMNS, ROWS = 100, 30
PATIENCE = 30.0
# SGR parameters that are colours: 30 to 49, 90 to 107, with 38 and 48 taking more behind them.
_COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[0-9;]*m")


class Terminal:
    """Runs a program until it leaves or the block ends."""

    def __init__(self, place: Path, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start it in `place`, which is made."""
        place.mkdir(parents=True, exist_ok=True)
        others = ("SHOP_", "NO_COLOR", "PYTHOND")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        settings = {"SHOP_DATA_DIR": str(place), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self._before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._child = pexpect.spawn(
            command[0],
            [*command[1:]],
            env={**kept, **settings, **(environment or {})},
            dimensions=(ROWS, COLUMNS),
            timeout=PATIENCE,
        )
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._all = b""

    def __enter__(self) -> Self:
        """It runs."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._child.close(force=True)

    def cpu(self) -> float:
        """Wait until it leaves by itself; seconds of CPU that it took."""
        while self._read(PATIENCE):
            pass
        self._child.wait()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - self._before.ru_utime - self._before.ru_stime

    def sees(self, text: str) -> None:
        """Wait until the screen shows a text."""
        ends = time.monotonic() + PATIENCE
        while text not in self.text():
            assert time.monotonic() < ends, self.text()
            self._read(0.1)

    def rest(self, seconds: float) -> None:
        """Read until it has written nothing for so long."""
        while self._read(seconds):
            pass

    def written(self, seconds: float) -> int:
        """How many bytes it writes in so many seconds."""
        before, ends = len(self._all), time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            self._read(left)
        return len(self._all) - before

    def press(self, *keys: str) -> None:
        """Send keys, and read what each of them causes."""
        for key in keys:
            self._child.send(key)
            self.rest(0.4)

    def text(self) -> str:
        """What a person sees."""
        return "\n".join(self._screen.display)

    def cursor_is_on(self, mark: str) -> bool:
        """Whether the terminal's cursor is in the row that shows a mark."""
        return mark in self._screen.display[self._screen.cursor.y]

    def colour_codes(self) -> int:
        """How many colours it ever set."""
        return len(_COLOUR.findall(self._all))

    def _read(self, seconds: float) -> bool:
        try:
            written = self._child.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            return False
        self._all += written
        self._stream.feed(written)
        return True
