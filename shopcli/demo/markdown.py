"""Prose on a terminal: paragraphs wrapped to its width, `code` and *emphasis* as colours."""

import re
from collections.abc import Iterator, Sequence

from shopcli.demo.ansi import BOLD, CYAN, ITALIC, cells, styled

_MARKED = re.compile(r"(?P<code>`[^`]+`)|\*\*(?P<bold>[^*]+)\*\*|\*(?P<italic>[^*\s][^*]*)\*")
_STYLES = {"code": CYAN, "bold": BOLD, "italic": ITALIC}
# Lists, tables, quotes, fences and what is indented keep their lines.
_KEPT = re.compile(r"[ \t]|[-*+>|] |\d+[.)] |\||```|~~~")
_FENCE = re.compile(r"[ \t>]*(```|~~~)")

_Word = list[tuple[str, str]]
"""The parts of a word, each with its style."""


def wrap(text: str, width: int) -> list[str]:
    """Return the lines of a Markdown text, as wide as `width` columns."""
    lines: list[str] = []
    for paragraph in _paragraphs(text):
        if len(paragraph) == 1 and (not paragraph[0] or _KEPT.match(paragraph[0])):
            lines.append(paragraph[0])
        else:
            lines += _filled(" ".join(paragraph), width)
    return lines


def _paragraphs(text: str) -> Iterator[Sequence[str]]:
    """Yield lines that belong together; one that stands for itself is alone."""
    together: list[str] = []
    fenced = False
    for line in text.split("\n"):
        fence = _FENCE.match(line) is not None
        if line and not (fence or fenced or _KEPT.match(line)):
            together.append(line)
            continue
        if together:
            yield together
            together = []
        fenced ^= fence
        yield [line if not line or _KEPT.match(line) else f"    {line}"]
    if together:
        yield together


def _filled(paragraph: str, width: int) -> Iterator[str]:
    line, used = "", 0
    for word in _words(paragraph):
        length = sum(cells(text) for text, _ in word)
        if line and used + 1 + length > width:
            yield line
            line, used = "", 0
        shown = "".join(styled(text, *([style] if style else [])) for text, style in word)
        line, used = (f"{line} {shown}", used + 1 + length) if line else (shown, length)
    if line:
        yield line


def _words(paragraph: str) -> Iterator[_Word]:
    word: _Word = []
    for text, style in _parts(paragraph):
        for at, piece in enumerate(re.split(r"\s+", text)):
            if at and word:
                yield word
                word = []
            if piece:
                word.append((piece, style))
    if word:
        yield word


def _parts(paragraph: str) -> Iterator[tuple[str, str]]:
    at = 0
    for found in _MARKED.finditer(paragraph):
        yield paragraph[at : found.start()], ""
        kind = found.lastgroup or ""
        yield found[kind].strip("`"), _STYLES[kind]
        at = found.end()
    yield paragraph[at:], ""
