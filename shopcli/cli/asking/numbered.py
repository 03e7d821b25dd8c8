"""The picker of terminals that cannot draw, and of people who listen to theirs: a numbered list and a line to type."""

import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from shopcli.cli.asking.choices import Choice, Found, matching, whole

T = TypeVar("T")

SHOWN = 20
"""Rows of a list that is read from its beginning to its end."""


def picked(
    question: str,
    first: Found[T],
    *,
    at: int | None,
    read: Callable[[str], str],
    search: Callable[[str], Found[T]] | None,
) -> Choice[T]:
    """Let the person choose by number, or by text that only one of them matches; an empty line takes the one at `at`.

    `read` asks for a line.
    """
    listed = first
    _write(question, listed, at)
    while True:
        typed = read("Number or text")
        if not typed and at is not None:
            return first.choices[at]
        if (choice := _numbered(listed.choices, typed)) is not None:
            return choice
        found = first
        if typed:
            found = search(typed) if search else whole(matching(first.choices, typed))
        if (choice := _only(found.choices, typed)) is not None:
            return choice
        if typed.isdigit() and found.choices:
            print(f"there is no number {typed}; it is part of:", file=sys.stderr)
        if found.choices:
            listed, at = found, None
            _write(question, listed, at)
        else:
            print("nothing matches; Ctrl-C cancels", file=sys.stderr)


def _numbered(listed: Sequence[Choice[T]], typed: str) -> Choice[T] | None:
    by_number = {str(number): choice for number, choice in enumerate(listed[:SHOWN], 1)}
    return by_number.get(typed)


def _only(found: Sequence[Choice[T]], typed: str) -> Choice[T] | None:
    """Return the only one that was found, or the only one that is called just so.

    Digits were meant as a number of the list, and are also part of prices and streets: they have to be a whole name.
    """
    if not typed:  # a choice without a key is not called that
        return None
    if len(found) == 1 and not typed.isdigit():
        return found[0]
    exact = [each for each in found if typed.casefold() in (each.label.casefold(), each.key.casefold())]
    return exact[0] if len(exact) == 1 else None


def _write(question: str, found: Found[T], at: int | None) -> None:
    print(f"{question}:", file=sys.stderr)
    shown = found.choices[:SHOWN]
    width = len(str(len(shown)))
    for place, choice in enumerate(shown):
        detail = f", {choice.detail}" if choice.detail else ""
        default = " (default)" if place == at else ""
        print(f"  {place + 1:>{width}}  {choice.label}{detail}{default}", file=sys.stderr)
    if found.total is None or found.total > len(shown):
        number = "" if found.total is None else f"{found.total - len(shown)} "
        print(f"  and {number}more: type a part of the name", file=sys.stderr)
