"""A statement and what went wrong with it, in the words of every face."""

import json
from pathlib import Path

from backends.text import clean
from shopcli.demo.ansi import cells
from shopcli.demo.played import Line, Played
from shopcli.demo.scenario import Scenario
from shopcli.demo.statements import Command, Expectation, Statement

MOST_LINES = 40
"""Lines of an object that a failure shows."""
_INDENT = "    "


def name_of(scenario: Scenario) -> str:
    """Return what a scenario is called on the command line: its file's name without the ending."""
    return Path(scenario.path).stem


def on_one_line(statement: Statement) -> str:
    """Return a statement as it is written, on one line."""
    return " ".join(piece.rstrip(" \t\\").strip() for piece in statement.source.strip().split("\n"))


def asked(expectation: Expectation, scenario: Scenario) -> str:
    """Return an expectation; its shopper is named where there are several."""
    text = str(expectation).removeprefix("? ").removeprefix(f"{expectation.shopper}: ")
    return text if len(scenario.shoppers) == 1 else f"{expectation.shopper}: {text}"


def prompt(command: Command, scenario: Scenario) -> str:
    """Return the prompt at which a command is typed; the first shopper's has no name."""
    return "$ " if command.shopper == scenario.shoppers[0] else f"{command.shopper}$ "


def typed(command: Command, room: int) -> list[str]:
    """Return a command as a person types it, in lines of at most `room` columns, but for words that are longer.

    What is fed to it is read from a file, by the name of the secret.
    """
    lines, used = ["shop"], cells("shop")
    for piece in _pieces(command):
        used += 1 + cells(piece)
        if used + len(" \\") > room:
            lines[-1] += " \\"
            lines.append(_INDENT + piece)
            used = cells(lines[-1])
        else:
            lines[-1] += f" {piece}"
    return lines


def _pieces(command: Command) -> list[str]:
    """Return what stays on one line: an option and its value."""
    pieces: list[str] = []
    for word in map(str, command.words):
        if pieces and not word.startswith("-") and pieces[-1].startswith("--") and " " not in pieces[-1]:
            pieces[-1] += f" {word}"
        else:
            pieces.append(word)
    return [*pieces, *([] if command.stdin is None else [f"< {command.stdin}"])]


def whole_of(line: Line) -> list[str]:
    """Return all that was looked into as lines of JSON, the rest of a long one as a count."""
    if line.whole is None:
        return []
    lines = json.dumps(line.whole, indent=2, ensure_ascii=True, default=str).split("\n")
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[:MOST_LINES], f"... {len(lines) - MOST_LINES} of {len(lines)} lines more"]


def reason_of(line: Line) -> str:
    """Return why a statement failed."""
    return clean(line.reason, keep="\n")


def place_of(played: Played, line: Line) -> str:
    """Return where a statement stands, as editors understand it."""
    return f"{played.scenario.path}:{line.statement.line}"


def request_id_of(line: Line) -> str | None:
    """Return the id of the request that went wrong, by which it is found in the services' logs."""
    found = line.ran.error.get("request_id") if line.ran and line.ran.error else None
    return found if isinstance(found, str) else None


def count_of(numbers: dict[str, int]) -> str:
    """Return numbers with their words, without those that are 0."""
    return ", ".join(f"{number} {word}" for word, number in numbers.items() if number)
