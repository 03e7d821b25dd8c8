"""The hops of an action as a sequence diagram: who asked whom for what, how it ended and how long it took.

Text only, for any screen. Where the participants do not fit beside each other it is an indented tree.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from backends.tracing import Hop

MOST_CHARACTERS = 200
"""Of an action or a status; no service of ours comes near it."""
_MOST_OF_A_NAME = 12
_GAP = 2
_MORE_GAP = 8
# The shortest name that leaves room for an arrow below it, and what the words beside an arrow need at least.
_SHORTEST_NAME = 4
_ROOM_FOR_WORDS = 20
_SHORTEST_ACTION = 8
# So many rows, and the names have left the screen when the end is read.
_MANY_ROWS = 20
_WHOLE_FROM = 10.0
_FINE = re.compile(r"ok|[23][0-9]{2}")
_UUID = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


class Line(NamedTuple):
    """A line of text and the part of it, as a slice, that tells of a failure."""

    text: str
    failure: tuple[int, int] | None = None


class Signs(NamedTuple):
    """The characters to draw with; none of them is an emoji or two columns wide."""

    life: str
    from_left: str
    from_right: str
    request: str
    answer: str
    rightwards: str
    leftwards: str
    to: str
    cut: str
    unknown: str


UNICODE = Signs("│", "├", "┤", "─", "·", "►", "◄", "→", "…", "\N{REPLACEMENT CHARACTER}")
ASCII = Signs("|", "|", "|", "-", ".", ">", "<", "->", "..", "?")


class _Message(NamedTuple):
    """A request, or its answer, on its way."""

    hop: Hop
    depth: int
    is_answer: bool


class _Words(NamedTuple):
    """What a message says: `told` may be cut to fit, `kept` never is."""

    told: str
    kept: str
    failed: bool = False


def draw(hops: Sequence[Hop], width: int, *, unicode: bool = True) -> list[Line]:
    """Draw the hops in at most `width` columns of plain characters, a sum of them last; nothing for no hop.

    Whatever a service sent is cleaned: requests and codes are ASCII, so anything else is replaced.
    """
    if not hops:
        return []
    signs = UNICODE if unicode else ASCII
    messages = list(_messages(hops))
    names = _names(messages, signs)
    places = _places(list(names.values()), width)
    if places is None:
        lines = [_branch(message, names, width, signs) for message in messages if not message.is_answer]
    else:
        columns = dict(zip(names, places, strict=True))
        head = Line(_header(list(names.values()), places))
        lines = [head, *(_arrow(message, columns, width, signs) for message in messages)]
        lines += [head] if len(lines) > _MANY_ROWS else []
    return [*lines, Line(_sum(hops, messages)[:width])]


def _messages(hops: Sequence[Hop]) -> Iterator[_Message]:
    """Requests and answers, each with what it caused inside; in the order in which the requests started.

    A stack of our own: how deep hops are nested is decided by whoever answered.
    """
    waiting = [_Message(hop, 0, is_answer=False) for hop in _latest_first(hops)]
    while waiting:
        message = waiting.pop()
        yield message
        if not message.is_answer:
            waiting.append(message._replace(is_answer=True))
            waiting += [_Message(hop, message.depth + 1, is_answer=False) for hop in _latest_first(message.hop.hops)]


def _latest_first(hops: Sequence[Hop]) -> Sequence[Hop]:
    """The exact reverse of the order of the starts, also for hops that started at once."""
    return sorted(hops, key=lambda hop: hop.started)[::-1]


def _names(messages: Sequence[_Message], signs: Signs) -> dict[str, str]:
    """The participants in the order of their appearance, and how they are written."""
    return {
        name: _cut(_plain(name, signs), _MOST_OF_A_NAME, signs)
        for message in messages
        for name in (message.hop.caller, message.hop.callee)
    }


def _places(names: Sequence[str], width: int) -> list[int] | None:
    """The column of each participant's line, None if they do not fit beside each other."""
    steps = [max(len(name), _SHORTEST_NAME) + _GAP for name in names[:-1]]
    spare = width - sum(steps) - max(len(names[-1]), 1 + _ROOM_FOR_WORDS)
    if spare < 0:
        return None
    more = min(_MORE_GAP, spare // max(1, 2 * len(steps)))  # half of what is left over is for the words
    places = [0]
    for step in steps:
        places.append(places[-1] + step + more)
    return places


def _header(names: Sequence[str], places: Sequence[int]) -> str:
    text = ""
    for name, place in zip(names, places, strict=True):
        text = text.ljust(place) + name
    return text


def _arrow(message: _Message, columns: dict[str, int], width: int, signs: Signs) -> Line:
    """Draw one message between the lines of two participants, its words beside it where there is room."""
    start, end = columns[message.hop.caller], columns[message.hop.callee]
    if message.is_answer:
        start, end = end, start
    row = [" "] * (max(columns.values()) + 1)
    for column in columns.values():
        row[column] = signs.life
    if start != end:
        step = 1 if start < end else -1
        for column in range(start + step, end, step):
            row[column] = signs.answer if message.is_answer else signs.request
        row[end - step] = signs.rightwards if start < end else signs.leftwards
        row[start] = signs.from_left if start < end else signs.from_right
    return _beside("".join(row), (min(start, end), max(start, end)), _words(message, signs), width, signs)


def _beside(row: str, span: tuple[int, int], words: _Words, width: int, signs: Signs) -> Line:
    """Write the words to the right of the arrow, or to its left if there is more room."""
    left, right = max(0, span[0] - 1), width - span[1] - 2
    length = len(words.told) + len(words.kept)
    rightwards = length <= right or right >= left
    told = _cut(words.told, (right if rightwards else left) - len(words.kept), signs)
    text = told + words.kept
    place = span[1] + 2 if rightwards else max(0, span[0] - 1 - len(text))
    written = row[: max(0, place - 1)].ljust(place) + f"{text} " + row[place + len(text) + 1 :]
    return Line(written[:width].rstrip(), (place, place + len(told)) if words.failed else None)


def _branch(message: _Message, names: dict[str, str], width: int, signs: Signs) -> Line:
    """Write a request and its answer into one line of a tree."""
    asked, answered = _words(message, signs), _words(message._replace(is_answer=True), signs)
    who = f"{names[message.hop.caller]} {signs.to} {names[message.hop.callee]}  "
    indent = " " * min(2 * message.depth, width // 3)
    fixed = len(indent) + len(who) + len(asked.kept) + len(answered.kept) + 2
    status = _cut(answered.told, max(width // 3, width - fixed - _SHORTEST_ACTION), signs)
    tail = f"{asked.kept}  {status}{answered.kept}"
    text = _cut(indent + who + asked.told, width - len(tail), signs)
    place = len(text) + len(asked.kept) + 2
    return Line((text + tail)[:width], (place, place + len(status)) if answered.failed else None)


def _words(message: _Message, signs: Signs) -> _Words:
    hop = message.hop
    if not message.is_answer:
        action = _UUID.sub(rf"\1{signs.cut}", _plain(hop.action, signs))
        return _Words(action, f"  retry {hop.attempt - 1}" if hop.attempt > 1 else "")
    failed = not _FINE.fullmatch(hop.status)
    status = _plain(hop.status, signs)
    return _Words(f"failed: {status}" if failed else status, f"  {_milliseconds(hop.milliseconds)}", failed)


def _milliseconds(time: float) -> str:
    return f"{time:.0f} ms" if time >= _WHOLE_FROM else f"{time:.1f} ms"


def _plain(text: str, signs: Signs) -> str:
    return "".join(letter if " " <= letter <= "~" else signs.unknown for letter in text[:MOST_CHARACTERS])


def _cut(text: str, most: int, signs: Signs) -> str:
    most = max(most, len(signs.cut))
    return text if len(text) <= most else text[: most - len(signs.cut)] + signs.cut


def _sum(hops: Sequence[Hop], messages: Sequence[_Message]) -> str:
    asked = [message.hop for message in messages if not message.is_answer]
    retries = sum(hop.attempt > 1 for hop in asked)
    time = max(hop.started + hop.milliseconds for hop in hops) - min(hop.started for hop in hops)
    return f"{_count(len(asked), 'hop', 'hops')}, {_count(retries, 'retry', 'retries')}, {_milliseconds(time)}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
