"""The words of a line that is typed at `shop shell`, and lines from a pipe."""

import re
import shlex
from typing import BinaryIO

from backends.text import is_clean
from shopcli.cli.failures import Usage
from shopcli.cli.next_commands import repeated

MOST_BYTES = 64 * 1024
"""A line of a pipe is no longer; a whole file piped in by mistake ends here."""
_QUOTED = re.compile(r"""\\.|'[^']*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
_COMMENT = re.compile(r"(?:^|\s)#")
_OPERATOR = re.compile(r"[|<>]+|;+|&&?")
_BETWEEN_COMMANDS = re.compile(r"([|;&]+)")


def words_of(line: str, again: tuple[str, str] | None = None) -> list[str]:
    """Split a line as the system's shell does, without the comment.

    Raises Usage for a quote that is not closed, and for what only the system's shell can do: there it has to say with
    `again` which shop is meant.
    """
    bare = _QUOTED.sub(lambda found: "_" * len(found[0]), line)
    if comment := _COMMENT.search(bare):
        line, bare = line[: comment.start()], bare[: comment.start()]
    try:
        words = shlex.split(line)
    except ValueError:
        raise _unfinished(line) from None
    if operator := _OPERATOR.search(bare):
        raise _not_ours(operator[0], _for_system(line, bare, again))
    return words


def without_shop(words: list[str]) -> list[str]:
    """Return the words behind the leading `shop` of what was pasted from elsewhere."""
    return words[1:] if words[:1] == ["shop"] else words


def is_command(line: str) -> bool:
    """Whether a line begins as a command or an alias does, or is a comment, so that it may be kept."""
    try:
        words = words_of(line)
        return not words or _is_ours(words)
    except Usage:
        return False


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


def _not_ours(operator: str, command: str) -> Usage:
    msg = f"{operator} is for the system's shell, so run the line there: here it is one command (or quote '{operator}')"
    return Usage(msg, hint=command)


def _for_system(line: str, bare: str, again: tuple[str, str] | None) -> str:
    """Return the line as the system's shell takes it: each command of ours at the same shop."""
    written, end = "", 0
    for part in _BETWEEN_COMMANDS.split(bare):
        command, end = line[end : end + len(part)], end + len(part)
        written += _at_shop(command, again)
    return written.strip()


def _at_shop(command: str, again: tuple[str, str] | None) -> str:
    if not _is_ours(shlex.split(command)):
        return command
    words = command.strip()
    return command.replace(words, repeated(f"shop {words.removeprefix('shop ')}", again))


def _is_ours(words: list[str]) -> bool:
    from shopcli.cli.aliases import begins_command  # which reads lines itself
    from shopcli.cli.completing.words import aliases

    return begins_command(without_shop(words), aliases())
