"""`shop tui` as a process on a real terminal: keys in, bytes and a screen out."""

import os
import re
import sys
import time
from pathlib import Path

import pexpect
import pyte

from tests.tui_keys import sent

ROOT = Path(__file__).parents[1]
PATIENCE = 40.0
"""Seconds until what does not appear fails its test."""
SEQUENCE = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    rb"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, SOS, PM and APC with their texts
    rb"|\x1b[ -/]*[0-OQ-WYZ\\`-~]"
)
_DRAWS = re.compile(rb"\x1b\[(?:\d+;\d+)?H|\x1b\[[0-9;:]*m|\x1b\[\?(?:25|1049)[hl]")


class Tui:
    """The full-screen shop on a terminal."""

    def __init__(
        self, data: Path, *words: str, size: tuple[int, int] = (80, 24), program: str = "", **environment: str
    ) -> None:
        """Run `shop WORDS`, or `program` with them as arguments, over the shop in `data`."""
        columns, rows = size
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("SHOP_") and name != "NO_COLOR"
        }
        directories = {"SHOP_DATA_DIR": str(data), "SHOP_CONFIG_DIR": str(data.parent / "config")}
        self.written = b""
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._fed = 0
        self.child = pexpect.spawn(
            sys.executable,
            [*(("-c", program) if program else ("-m", "shopcli")), *words],
            env={**kept, **directories, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), **environment},
            dimensions=(rows, columns),
        )
        self.child.delaybeforesend = None

    def press(self, *keys: str) -> None:
        """Send keys, by Textual's names, all at once."""
        self.child.send(sent(*keys).encode())

    def sees(self, *texts: str) -> None:
        """Wait until the screen shows all of these."""
        ends_at = time.monotonic() + PATIENCE
        while not all(text in self.text for text in texts):
            if not self._read(1.0) and (time.monotonic() > ends_at or not self.child.isalive()):
                raise AssertionError(f"{texts} never came; the screen says\n{self.text}")

    def calm(self, seconds: float = 0.5) -> int:
        """Read until nothing comes for some time; return how many bytes came before that."""
        before = len(self.written)
        while self._read(seconds):
            pass
        return len(self.written) - before

    def finish(self) -> int:
        """Wait for its end; return the exit code."""
        self.child.setwinsize(*self.child.getwinsize())
        ends_at = time.monotonic() + PATIENCE
        while self.child.isalive() or self._read(0.1):
            self._read(0.1)
            assert time.monotonic() < ends_at, self.text
        self.child.close()
        return int(self.child.exitstatus if self.child.exitstatus is not None else -1)

    def close(self) -> None:
        """End it, however it is."""
        self.child.close(force=True)

    @property
    def text(self) -> str:
        """What the screen shows."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    @property
    def row_of_mark(self) -> list[int]:
        """The rows with the mark of what is selected."""
        return [row for row, line in enumerate(self.screen.display) if "▸" in line]

    def _read(self, seconds: float) -> int:
        try:
            read = self.child.read_nonblocking(65_536, timeout=seconds)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return 0
        self.written += read
        self._draw()
        return len(read)

    def _draw(self) -> None:
        """Draw what is complete; pyte prints the rest of sequences that it does not know."""
        new = self.written[self._fed :]
        unfinished = new.rfind(b"\x1b")
        if unfinished >= 0 and not SEQUENCE.match(new, unfinished):
            new = new[:unfinished]
        self._fed += len(new)
        self._stream.feed(SEQUENCE.sub(lambda found: found[0] if _DRAWS.fullmatch(found[0]) else b"", new))


def sequences(written: bytes) -> set[bytes]:
    """Return the kinds of escape sequences in what was written, but for colours and moves of the cursor."""
    return {found for found in SEQUENCE.findall(written) if not re.fullmatch(rb"\x1b\[[0-9;:]*[mHABCDG]", found)}
