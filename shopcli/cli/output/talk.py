"""Talk on stderr, wrapped at words where a terminal shows it."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from shopcli.cli.options import is_terminal

_SCREEN = (80, 24)
_LEAST = 20
"""Narrower than this, words are better broken by the terminal."""
_READABLE = 100
"""Paragraphs are no wider than this."""


def wrapped(text: str, *, command: str = "", indent: str = "") -> str:
    """Return a text in lines that fit the terminal on stderr, all but the first behind `indent`; elsewhere as it is.

    Words are never broken, as an address or a path would be useless then, and nor is the `command` behind the text,
    which people copy.
    """
    whole = f"{text} {command}" if command else text
    if not is_terminal(sys.stderr) or (width := columns()) < _LEAST:
        return whole
    *lines, last = ([*line.split(" ")] for line in text.split("\n"))
    words = [*lines, [*last, command] if command else last]
    return f"\n{indent}".join(part for line in words for part in _lines(line, width - len(indent)))


def folded(line: str, width: int) -> str:
    """Return a line of a card in lines that fit, the further ones behind its label: "to        Ada, Berlin"."""
    if cells(line) <= width or line.startswith("→ "):
        return line
    _, gap, value = line.strip().partition("  ")
    label = len(line) - len(value.lstrip()) if gap else 0
    indent = min(label, width // 2)
    return line[:label] + f"\n{' ' * indent}".join(_lines(line[label:].split(" "), width - indent))


def fitting(text: str, before: str = "") -> str:
    """Return a text behind `before` with its paragraphs as wide as the terminal on stdout; elsewhere as it is.

    Lists stay, as what they have in columns belongs there.
    """
    from shutil import get_terminal_size

    room = min(get_terminal_size().columns, _READABLE) - len(before)
    if not is_terminal(sys.stdout) or room < _LEAST:
        return before + text
    blocks = (each if "  " in each else "\n".join(_lines(each.split(), room)) for each in text.split("\n\n"))
    return before + "\n\n".join(blocks).replace("\n", "\n" + " " * len(before))


def _lines(words: Sequence[str], width: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and cells(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def cells(text: str) -> int:
    """Return how wide a text is on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def columns() -> int:
    """How wide stderr is; stdout is often a pipe while somebody reads this."""
    from shutil import get_terminal_size

    fallback = _SCREEN
    with suppress(OSError, ValueError, AttributeError):  # no terminal, or no real file
        fallback = os.get_terminal_size(sys.stderr.fileno())
    return get_terminal_size(fallback).columns
