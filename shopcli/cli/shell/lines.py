"""The words of a line that is typed at `shop shell`, and lines from a pipe."""

import re
import shlex
from typing import BinaryIO

from backends.text import is_clean
from shopcli.cli.failures import Usage

MOST_BYTES = 64 * 1024
"""A line of a pipe is no longer; a whole file piped in by mistake ends here."""
_QUOTED = re.compile(r"""\\.|'[^']*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
_COMMENT = re.compile(r"(?:^|\s)#")
_OPERATOR = re.compile(r"[|<>]+|;+|&&?")


def words_of(line: str) -> list[str]:
    """Split a line as the system's shell does, without the comment and without the `shop` that people paste.

    Raises Usage for a quote that is not closed, and for what only the system's shell can do.
    """
    bare = _QUOTED.sub(lambda found: "_" * len(found[0]), line)
    if comment := _COMMENT.search(bare):
        line, bare = line[: comment.start()], bare[: comment.start()]
    try:
        words = shlex.split(line)
    except ValueError:
        raise _unfinished(line) from None
    if operator := _OPERATOR.search(bare):
        raise _not_ours(operator[0], line)
    return words


def without_shop(words: list[str]) -> list[str]:
    """Return the words behind the leading `shop` of what was pasted from elsewhere."""
    return words[1:] if words[:1] == ["shop"] else words


def is_command(line: str) -> bool:
    """Whether a line begins as a command does, or is a comment, so that it may be kept."""
    from shopcli.cli.signatures import COMMANDS

    try:
        words = words_of(line)
    except Usage:
        return False
    first = without_shop(words)[:1]
    return not words or any(path.split()[:1] == first for path in COMMANDS)


def completed(text: str) -> tuple[list[str], str] | None:
    """Return the words in front of the cursor and the one at it; None inside of quotes, where nothing is offered."""
    word = re.split(r"\s", text)[-1]
    try:
        words = shlex.split(text[: len(text) - len(word)])
    except ValueError:
        return None
    return None if set(word) & set("'\"\\") else (without_shop(words), word)


def written(text: str, word: str) -> str | None:
    """Return how a candidate for `word` is written on a line, quoted if need be; None for what nobody should get.

    A shop's text may be hostile, and an option that nobody began to type.
    """
    if not is_clean(text) or (text.startswith("-") and not word.startswith("-")):
        return None
    return text and shlex.quote(text)


def next_line(pipe: BinaryIO) -> str | None:
    """Read a line, and not a byte more: what follows may be for the command in it. None at the end. Raises Usage."""
    read = pipe.readline(MOST_BYTES + 1)
    if len(read) > MOST_BYTES:
        raise Usage(f"a line has at most {MOST_BYTES} bytes; this is no list of commands")
    return read.decode("utf-8", "surrogateescape") if read else None


def _unfinished(line: str) -> Usage:
    if line.rstrip().endswith("\\"):
        return Usage("the line ends in a backslash, which quotes nothing: a command is one line")
    return Usage("a quote is not closed")


def _not_ours(operator: str, line: str) -> Usage:
    msg = f"{operator} is for the system's shell, which this is not: a line is one command (or quote it: '{operator}')"
    pasted = line.strip()
    command = pasted if pasted.startswith("shop ") else f"shop {pasted}"
    return Usage(msg, hint=f"in the system's shell: {command}")
