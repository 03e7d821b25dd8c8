"""What is wrong with a scenario, and where."""

import unicodedata
from dataclasses import dataclass
from shlex import quote

from backends.errors import InvalidValue

MOST_SHOWN = 160
"""Characters of a line that a mistake shows; of a longer one it shows what is around the place."""


class SyntaxMistake(InvalidValue):
    """A scenario is not written in its language.

    The message says file, line and column, what was expected and what was found, and shows the line with a caret.
    """

    code = "scenario_syntax"

    def __init__(self, place: "Place", *, expected: str, found: str) -> None:
        """Say what should stand at `place`, and what does."""
        super().__init__(
            f"{place}: expected {expected}, found {found}\n{place.shown()}",
            hint=f"shop demo check {quote(place.path)}",
        )
        self.path = place.path
        self.line = place.line
        self.column = place.column
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file; line and column count from 1, the column in characters."""

    path: str
    line: int
    column: int
    text: str
    """The whole line."""

    def __str__(self) -> str:
        """Text that editors understand: ``buy-now.md:12:8``."""
        return f"{self.path}:{self.line}:{self.column}"

    def shown(self) -> str:
        """Return the line with its number, and a caret below the column."""
        start = max(0, self.column - 1 - MOST_SHOWN // 2) if len(self.text) > MOST_SHOWN else 0
        text = self.text[start : start + MOST_SHOWN]
        before = text[: self.column - 1 - start]
        margin = f"{self.line:>5} | "
        return f"{margin}{text}\n{'|':>{len(margin) - 1}} {''.join(map(_blank, before))}^"


def _blank(character: str) -> str:
    """Return blanks as wide as the character, so that the caret stands below its column."""
    if character == "\t":
        return character
    if unicodedata.combining(character):
        return ""
    return "  " if unicodedata.east_asian_width(character) in "WF" else " "
