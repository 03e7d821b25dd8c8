"""The lines that were typed at `shop shell`, in a file for their owner only."""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from backends.private import FILE, OTHERS, open_plain
from backends.text import is_clean
from shopcli.core.locks import locked
from shopcli.core.paths import private_directory

MOST_LINES = 1000
MOST_LETTERS = 4096
"""A longer line is not kept."""
_MOST_BYTES = MOST_LINES * (4 * MOST_LETTERS + 1)
"""A letter has up to four in UTF-8."""


class History:
    """At most 1,000 lines, one in each line of a file (0600 in a 0700 directory). Several shells may write it.

    Passwords and cards never get here: they are asked for, and are never on a command's line.
    """

    def __init__(self, path: Path) -> None:
        """Keep lines in `path`; nothing is touched before the first call."""
        self.path = path

    def read(self) -> list[str]:
        """Return the lines, the oldest first; what is damaged is left out. Raises OSError."""
        try:
            with open(self.path, "rb", opener=_opened) as file:
                if os.fstat(file.fileno()).st_mode & OTHERS:
                    os.fchmod(file.fileno(), FILE)
                lines = _last(file).decode(errors="replace").split("\n")
        except FileNotFoundError:
            return []
        return [line for line in lines if line and is_clean(line)][-MOST_LINES:]

    def add(self, line: str) -> None:
        """Keep a line, unless it begins with a space or is the one before again. Raises OSError, ShopError."""
        if not keeps(line):
            return
        private_directory(self.path.parent)
        with locked(self.path.with_name(f"{self.path.name}.lock")) as held:
            lines = self.read() if held else []
            if held and lines[-1:] != [line]:
                self._write([*lines, line][-MOST_LINES:])

    def _write(self, lines: list[str]) -> None:
        draft = self.path.with_name(f"{self.path.name}.new")
        with suppress(FileNotFoundError):  # what a killed process left
            draft.unlink()
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE)
        with os.fdopen(file, "w", encoding="utf-8") as text:
            text.write("".join(f"{line}\n" for line in lines))
        draft.replace(self.path)


def _last(file: BinaryIO) -> bytes:
    """Read the newest lines, which are the last; the first of them may have lost its beginning, and is left out."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _MOST_BYTES))
    if size > _MOST_BYTES:
        file.readline()
    return file.read(_MOST_BYTES)


def _opened(path: str, flags: int) -> int:
    return open_plain(path, flags | os.O_NOFOLLOW)  # a link may lead to somebody else's file


def keeps(line: str) -> bool:
    """Whether a line is to be kept at all."""
    return bool(line.strip()) and not line.startswith(" ") and is_clean(line) and len(line) <= MOST_LETTERS
