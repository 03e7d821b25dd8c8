"""The pipe of a script: which of its lines are for a command, and whether that one read them."""

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from math import inf
from typing import BinaryIO

from shopcli.cli.aliases import expanded
from shopcli.cli.completing.words import Line, aliases
from shopcli.cli.failures import Usage
from shopcli.cli.shell.lines import without_shop, words_of
from shopcli.cli.signatures import COMMANDS

_STDIN = "-stdin"
_OPTIONS = sorted({name for *_, own in COMMANDS.values() for names, *_ in own for name in names if _STDIN in name})
_ALIKE = 0.65
"""--card and --password are that much like what they should have been; no other option of ours is."""
_FILE = "-"
_LINES = {"account password": 2}
_BETWEEN = re.compile(r"[\s'\"|<>;&]+")


class Pipe(io.BufferedIOBase):
    """Standard input that counts its lines, whoever reads them."""

    def __init__(self, source: BinaryIO) -> None:
        """Read from `source`, and not a byte ahead."""
        super().__init__()
        self.lines = 0
        """Lines that were read to their end: a secret that is too long is not."""
        self.ended = False
        """Whether nothing follows."""
        self._source = source

    def readable(self) -> bool:
        """Say yes."""
        return True

    def isatty(self) -> bool:
        """Whether it is a terminal after all: `shop shell 2> log`."""
        return self._source.isatty()

    def fileno(self) -> int:
        """Return the number of the source."""
        return self._source.fileno()

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line, or what of it has `size` bytes."""
        limit = -1 if size is None else size
        read = self._source.readline(limit)
        whole = read.endswith(b"\n")
        self.lines += whole
        self.ended = not whole and (limit < 0 or len(read) < limit)
        return read


@contextmanager
def counted() -> Iterator[Pipe]:
    """Let everybody read standard input through a Pipe."""
    before = sys.stdin
    pipe = Pipe(before.buffer)
    sys.stdin = io.TextIOWrapper(pipe, encoding="utf-8")
    try:
        yield pipe
    finally:
        sys.stdin = before


def owed(line: str, *, failed: bool) -> float:
    """Return how many of the next lines are for the command of this one: all where it reads a file from stdin.

    What failed may have been mistyped, so there an option counts that only looks like one that reads stdin.
    """
    words = _words(line)
    if failed and _FILE in words:
        return inf
    if not any(_is_piped(word.partition("=")[0], failed=failed) for word in words):
        return 0
    return _LINES.get(Line(words).command, 1)


def _is_piped(name: str, *, failed: bool) -> bool:
    alike = failed and name[:1] == "-" and get_close_matches(name, _OPTIONS, n=1, cutoff=_ALIKE)
    return name in _OPTIONS or bool(alike)


def _words(line: str) -> list[str]:
    """Return the words of a line with what its alias stands for; of one that cannot be read, whatever may be a word."""
    known = aliases()
    try:
        return expanded(without_shop(words_of(line)), known)
    except Usage:
        words = _BETWEEN.split(line)
        return [*words, *(part for word in words for part in _BETWEEN.split(known.get(word, "")))]
