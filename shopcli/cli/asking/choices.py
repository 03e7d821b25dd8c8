"""What can be chosen from: which rows match what was typed, which one is marked, and how they fit a terminal."""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar
from unicodedata import normalize

from backends.text import BREAKS, shorten

T = TypeVar("T")

_GAP = 2
_MIN_LABEL = 16
"""Cells of a label that still tell it from its neighbours; details give way below that."""
_MIN_DETAIL = 12
"""Cells of a detail that still say something; with less there is none."""
_MAX_TEXT = 300
_UNSEEN = str.maketrans("\t\n\r\v\f-/", "       ")
# What joins and widens emoji: terminals differ about the cells that these take.
_WIDENING = {ord(character): None for character in "\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-16}"}


class Choice(NamedTuple, Generic[T]):
    """One thing to choose."""

    value: T
    label: str
    detail: str = ""
    key: str = ""
    """What the command line takes for it."""


class Found(NamedTuple, Generic[T]):
    """What can be chosen, or the first of it, and how many there are in all; None where nobody knows."""

    choices: Sequence[Choice[T]]
    total: int | None

    def place(self, at: int) -> str:
        """Say which of them is marked, the first being 0: `1/12`, `1/50 of 156`, or `1/50+` where nobody knows."""
        there = len(self.choices)
        more = "+" if self.total is None else "" if self.total == there else f" of {self.total}"
        return f"{at + 1}/{there}{more}"


class Row(NamedTuple):
    """A choice as it is written: the label is padded where a detail follows."""

    label: str
    detail: str


class Menu(Generic[T]):
    """The choices that match, and the marked one."""

    def __init__(self, choices: Sequence[Choice[T]], *, at: int = 0) -> None:
        """Offer all `choices`, with the one at `at` marked."""
        self.shown = list(choices)
        self.at = at if at < len(self.shown) else 0
        self._top = 0

    @property
    def marked(self) -> Choice[T] | None:
        """What enter takes; None where nothing matches."""
        return self.shown[self.at] if self.shown else None

    def offer(self, choices: Sequence[Choice[T]]) -> None:
        """Show these instead; the first one, the best, is marked."""
        self.shown, self.at, self._top = list(choices), 0, 0

    def step(self, by: int) -> None:
        """Mark the next one (1) or the one before (-1), from one end to the other."""
        self.at = (self.at + by) % max(1, len(self.shown))

    def turn(self, by: int) -> None:
        """Mark one some rows away, at most the first or the last."""
        self.at = max(0, min(self.at + by, len(self.shown) - 1))

    def window(self, height: int) -> tuple[list[Choice[T]], int]:
        """Return what fits into `height` rows, and which of it is marked."""
        lowest = self.at - height + 1
        self._top = max(0, lowest, min(self._top, self.at, len(self.shown) - height))
        return self.shown[self._top : self._top + height], self.at - self._top


def safe(choice: Choice[T]) -> Choice[T]:
    """Return a choice whose texts show and never act."""
    return choice._replace(label=_safe(choice.label), detail=_safe(choice.detail), key=_safe(choice.key))


def safe_ones(found: Found[T]) -> Found[T]:
    """Return choices whose texts show and never act."""
    return found._replace(choices=[safe(choice) for choice in found.choices])


def whole(choices: Sequence[Choice[T]]) -> Found[T]:
    """Return choices of which there are no more."""
    return Found(choices, len(choices))


def matching(choices: Sequence[Choice[T]], typed: str) -> list[Choice[T]]:
    """Return the choices that have all typed words somewhere in them, the best first, else as they stood."""
    words = _folded(typed).split()
    if not words:
        return list(choices)
    ranked = [(_rank(choice, words), choice) for choice in choices]
    return [choice for rank, choice in sorted(ranked, key=lambda each: each[0] or 0) if rank is not None]


def cut(text: str, width: int, cells: Callable[[str], int]) -> str:
    """Return at most `width` cells of a text; what is cut ends in an ellipsis."""
    if cells(text) <= width:
        return text
    kept = ""
    for character in text:
        if cells(kept + character) > width - 1:
            break
        kept += character
    return f"{kept}…" if width > 0 else ""


def fitted(choices: Sequence[Choice[T]], width: int, cells: Callable[[str], int]) -> list[Row]:
    """Return rows of at most `width` cells, details below each other; without them where labels need the room."""
    labels = max((cells(choice.label) for choice in choices), default=0)
    details = max((cells(choice.detail) for choice in choices), default=0)
    room = min(labels, max(_MIN_LABEL, width - _GAP - details))
    rest = width - room - _GAP
    if not details or rest < min(details, _MIN_DETAIL):
        return [Row(cut(choice.label, width, cells), "") for choice in choices]
    rows = []
    for choice in choices:
        label = cut(choice.label, room, cells)
        padding = " " * (room - cells(label) + _GAP) if choice.detail else ""
        rows.append(Row(label + padding, cut(choice.detail, rest, cells)))
    return rows


def _safe(text: str) -> str:
    return shorten(text[: _MAX_TEXT * 2].translate(BREAKS), _MAX_TEXT).translate(_WIDENING)


def _rank(choice: Choice[T], words: Sequence[str]) -> int | None:
    """Return how good a match is, 0 for the best, None for none."""
    label, key = _folded(choice.label), _folded(choice.key)
    name = f" {key} {label}"
    if not all(word in f"{name} {_folded(choice.detail)}" for word in words):
        return None
    typed = " ".join(words)
    if typed in (label, key):
        return 0
    if label.startswith(typed) or key.startswith(typed):
        return 1
    if all(f" {word}" in name for word in words):
        return 2
    return 3 if all(word in name for word in words) else 4


def _folded(text: str) -> str:
    """Return a text without what people do not type alike: case, composition, and the marks between words."""
    return normalize("NFKC", text).casefold().translate(_UNSEEN)
