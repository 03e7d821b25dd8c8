"""Writing lines to a stream that perhaps nobody reads: a pipe that is full stops whoever writes to it."""

import io
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import TextIO

QUEUE_BYTES = 4 << 20
"""How much waits for a reader; the oldest lines go first."""


class Sink:
    """A bounded queue in front of a stream, and a thread that may wait for ever. The thread ends with the process."""

    def __init__(self, stream: TextIO, lost: Callable[[int], str], most: int = QUEUE_BYTES) -> None:
        """Write to `stream`; `lost` words how many lines had to go, `most` is the queue's size in bytes."""
        self._stream = stream
        self._lost = lost
        self._most = most
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._dropped = 0
        self._is_busy = False
        self._is_closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, line: str) -> None:
        """Queue a line; returns at once."""
        encoded = line.encode(getattr(self._stream, "encoding", None) or "utf-8", "backslashreplace")
        with self._changed:
            if self._is_closed:
                return
            self._lines.append(encoded)
            self._bytes += len(encoded)
            while self._bytes > self._most:
                self._bytes -= len(self._lines.popleft())
                self._dropped += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="log", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def drain(self, seconds: float) -> bool:
        """Wait until all is written, at most so long; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_closed or not (self._lines or self._is_busy), seconds)

    def _work(self) -> None:
        try:
            while True:
                self._write(self._next())
        except (OSError, ValueError):  # whoever read went away; the shop goes on
            with self._changed:
                self._is_closed = True
                self._lines.clear()
                self._changed.notify_all()

    def _next(self) -> bytes:
        """Return all that waits, with a word about what did not wait."""
        with self._changed:
            self._is_busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._lines)
            self._is_busy = True
            lines, self._bytes, dropped, self._dropped = b"".join(self._lines), 0, self._dropped, 0
            self._lines.clear()
        return self._lost(dropped).encode() + lines if dropped else lines

    def _write(self, content: bytes) -> None:
        try:
            descriptor = self._stream.fileno()
        except io.UnsupportedOperation:  # in memory
            self._stream.write(content.decode(self._stream.encoding or "utf-8"))
            return
        # Past the stream's own lock, for which the interpreter would wait when it ends.
        while content:
            content = content[os.write(descriptor, content) :]
