"""Text with colours, as terminals understand it (ECMA-48, SGR)."""

import re
import unicodedata
from collections.abc import Iterator

BOLD, DIM, ITALIC = "1", "2", "3"
RED, GREEN, YELLOW, CYAN = "31", "32", "33", "36"

_CODE = re.compile(r"\x1b\[([\d;]*)m")


def styled(text: str, *codes: str) -> str:
    """Return text that shows in these styles."""
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if codes and text else text


def plain(text: str) -> str:
    """Return text without its colours."""
    return _CODE.sub("", text)


def cells(text: str) -> int:
    """Return how many columns of a terminal plain text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF") for each in text)


def runs(line: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the parts of a line that look alike, each with its codes."""
    codes: tuple[str, ...] = ()
    at = 0
    for found in _CODE.finditer(line):
        if found.start() > at:
            yield line[at : found.start()], codes
        for code in found[1].split(";"):
            codes = (*codes, code) if code.strip("0") else ()
        at = found.end()
    if line[at:]:
        yield line[at:], codes
