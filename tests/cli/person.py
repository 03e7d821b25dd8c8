"""Somebody who reads the screen of `shop` before the next key."""

from __future__ import annotations

import termios
import time
from typing import TYPE_CHECKING

import pexpect
import pyte

if TYPE_CHECKING:
    from collections.abc import Callable

UP, DOWN, PAGE_DOWN, ESC, ENTER = "\x1b[A", "\x1b[B", "\x1b[6~", "\x1b", "\r"
CTRL_C, CTRL_D, CTRL_G, CTRL_N, CTRL_P, CTRL_U = "\x03", "\x04", "\x07", "\x0e", "\x10", "\x15"
SIZES = [(80, 24), (40, 12)]
_PATIENCE = 30.0


class Person:
    """One run of a program on a terminal."""

    def __init__(self, child: pexpect.spawn[str], size: tuple[int, int]) -> None:
        self.child = child
        self.child.delaybeforesend = None
        self.written = ""
        self._screen = pyte.Screen(*size)
        self._stream = pyte.Stream(self._screen)
        self._modes = termios.tcgetattr(child.child_fd)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    @property
    def marked(self) -> str:
        """The row that enter takes."""
        return next((line[2:].rstrip() for line in self._screen.display if line.startswith("> ")), "")

    def sees(self, *texts: str) -> Person:
        """Wait until the screen shows all of these."""
        return self.waits(lambda: all(text in self.text for text in texts), texts)

    def marks(self, text: str) -> Person:
        """Wait until a row that begins like this is marked."""
        return self.waits(lambda: self.marked.startswith(text), text)

    def types(self, keys: str) -> Person:
        self.child.send(keys)
        return self

    def resizes(self, columns: int, rows: int) -> Person:
        """Pull at the window's corner."""
        self._screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)
        return self

    def ends(self) -> int:
        """Wait for the end; the terminal has to be as it was."""
        while self._read():
            pass
        self.child.wait()
        assert termios.tcgetattr(self.child.child_fd) == self._modes
        self.child.close()
        assert not self._screen.cursor.hidden
        assert self.written.rfind("\x1b[?2004l") >= self.written.rfind("\x1b[?2004h")  # bracketed paste
        assert self.written.rfind("\x1b[?25h") >= self.written.rfind("\x1b[?25l")
        return int(self.child.exitstatus if self.child.exitstatus is not None else -1)

    def waits(self, seen: Callable[[], bool], what: object) -> Person:
        """Wait until something is seen."""
        ends_at = time.monotonic() + _PATIENCE
        while not seen():
            if not self._read() or time.monotonic() > ends_at:
                raise AssertionError(f"{what!r} never came; the screen says\n{self.text}")
        return self

    def _read(self) -> bool:
        try:
            read = self.child.read_nonblocking(65_536, timeout=_PATIENCE)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return False
        self.written += read
        self._stream.feed(read.replace("\x1b[?12l", ""))
        return True
