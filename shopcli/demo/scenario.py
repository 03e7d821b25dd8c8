"""A scenario: Markdown whose headings are steps, whose prose is narration, and whose ```shop blocks are run.

A step begins with a heading (`#` to `######`); what stands before the first one belongs to a step with the scenario's
title. A block begins with ```` ```shop ```` and has a statement a line; empty lines and lines that begin with `#` say
nothing, and a line that ends in a backslash goes on in the next one. Every other block is prose.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from backends.errors import ConfigurationError, NotFound
from backends.text import clean
from shopcli.demo.front_matter import parse_front_matter
from shopcli.demo.grammar import parse_statement
from shopcli.demo.mistakes import Place, SyntaxMistake
from shopcli.demo.statements import Expectation, Part, Prose, Statement
from shopcli.demo.tokens import Line, Scanner
from shopcli.demo.values import RUN, Scope

LANGUAGE = "shop"
"""What the fence of a block that is run says."""

_FENCE = re.compile(r"(?P<indent>[ \t>]*)(?P<marks>`{3,}|~{3,})(?P<language>[^`]*)")
_MOST_LEVEL = 6
_MOST_INDENT = 3  # CommonMark: a fence that is indented further is none


@dataclass(frozen=True, slots=True)
class Step:
    """A heading and what stands below it; `line` is where it begins."""

    title: str
    parts: tuple[Part, ...]
    line: int = 1


@dataclass(frozen=True, slots=True)
class Scenario:
    """A file. `shoppers` act in it, the first one where nobody is named; `secrets` are fed to commands by name."""

    path: str
    title: str
    needs: tuple[str, ...]
    shoppers: tuple[str, ...]
    secrets: Mapping[str, str] = field(repr=False)
    steps: tuple[Step, ...]

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All that is run, in order."""
        return tuple(part for step in self.steps for part in step.parts if not isinstance(part, Prose))


def built_in() -> Mapping[str, Path]:
    """The scenarios that come with shop, by name: ``buy-now``."""
    return {path.stem: path for path in sorted((Path(__file__).parent / "scenarios").glob("*.md"))}


def read(path: Path) -> Scenario:
    """Read a file. Raises SyntaxMistake; NotFound or ConfigurationError for one that cannot be read."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"there is no scenario {path}", hint="shop demo list") from None
    except (OSError, ValueError) as error:  # a NUL in the name is a ValueError
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"{path} cannot be read: {reason}", hint="shop demo list") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _undecodable(str(path), content, error.start) from None
    return parse(text, str(path))


def parse(text: str, path: str) -> Scenario:
    """Return the scenario in a text; `path` is what mistakes call it. Raises SyntaxMistake."""
    lines = [Line(path, number, line.removesuffix("\r")) for number, line in enumerate(text.split("\n"), 1)]
    for line in lines:
        _check_clean(line)
    front, count = parse_front_matter(lines)
    scope = Scope(front.shoppers, frozenset(front.secrets), frozenset(front.needs), frozenset((RUN,)))
    reader = _Reader(lines, count, scope, front.title)
    steps = reader.steps()
    if not any(not isinstance(part, Prose) for step in steps for part in step.parts):
        _fail_at_end(lines, "a ```shop block with at least one statement")
    return Scenario(path, front.title, front.needs, front.shoppers, front.secrets, steps)


def expects_failure(parts: Sequence[Part], at: int) -> bool:
    """Whether what follows a command, up to the next command or operation, says something about `exit` or `error`.

    Any other command has to end with 0.
    """
    for part in parts[at + 1 :]:
        if isinstance(part, Expectation):
            if "exit" in part.expression.roots or "error" in part.expression.roots:
                return True
        elif not isinstance(part, Prose):
            return False
    return False


class _Reader:
    """Goes through the lines behind the front matter."""

    def __init__(self, lines: Sequence[Line], at: int, scope: Scope, title: str) -> None:
        self._lines = lines
        self._at = at
        self._scope = scope
        self._title, self._began = title, at + 1
        self._parts: list[Part] = []
        self._prose: list[Line] = []
        self._steps: list[Step] = []

    def steps(self) -> tuple[Step, ...]:
        has_heading = False
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if title := _heading(line.text):
                self._end_step(keep_empty=has_heading)
                has_heading = True
                self._title, self._began = title, line.number
                self._at += 1
            elif fence := _FENCE.fullmatch(line.text):
                self._fenced(line, fence)
            else:
                self._prose.append(line)
                self._at += 1
        self._end_step(keep_empty=has_heading)
        return tuple(self._steps)

    def _end_step(self, *, keep_empty: bool) -> None:
        self._end_prose()
        if self._parts or keep_empty:
            self._steps.append(Step(self._title, tuple(self._parts), self._began))
        self._parts = []

    def _end_prose(self) -> None:
        while self._prose and not self._prose[0].text.strip():
            del self._prose[0]
        text = "\n".join(line.text.rstrip() for line in self._prose).rstrip()
        if text:
            self._parts.append(Prose(self._prose[0].number, text))
        self._prose = []

    def _fenced(self, line: Line, fence: re.Match[str]) -> None:
        """Read a block, up to its closing fence or, if it is not run, the end of the file."""
        language = fence["language"].strip()
        runs = language == LANGUAGE
        starts = len(fence["indent"]) <= _MOST_INDENT and not fence["indent"].strip(" ")
        if language.lower() == LANGUAGE and not (runs and starts):
            Scanner(line).fail("```shop at the start of the line, so that it is run", 0)
        stop = self._closing(fence["marks"])
        if stop is None:
            _fail_at_end(self._lines, f"the fence that closes the block of line {line.number}")
        if runs:
            self._end_prose()
            self._block(stop)
        else:
            self._prose += self._lines[self._at : stop + 1]
        self._at = stop + 1

    def _closing(self, marks: str) -> int | None:
        closing = re.compile(rf"[ \t>]*{re.escape(marks[0])}{{{len(marks)},}}[ \t]*")
        for at in range(self._at + 1, len(self._lines)):
            if closing.fullmatch(self._lines[at].text):
                return at
        return None

    def _block(self, stop: int) -> None:
        at = self._at + 1
        while at < stop:
            line = self._lines[at]
            at += 1
            if not line.text.strip() or line.text.lstrip().startswith("#"):
                continue
            written = line.written
            while _goes_on(written):
                if at == stop:
                    Scanner(line).fail("a line on which the statement goes on", len(line.text), "the end of the block")
                written += "\n" + self._lines[at].written
                at += 1
            statement = parse_statement(Line(line.path, line.number, written), self._scope)
            self._scope = self._scope.after(statement)
            self._parts.append(statement)


def _heading(text: str) -> str:
    """Return the words of a heading, empty for any other line."""
    words = text.strip(" \t")
    level = len(words) - len(words.lstrip("#"))
    if not 1 <= level <= _MOST_LEVEL or words[level : level + 1] not in (" ", "\t") or not words[level:].strip(" \t#"):
        return ""
    words = words[level:].strip(" \t")
    bare = words.rstrip("#")
    return bare.rstrip(" \t") if bare[-1] in " \t" else words


def _fail_at_end(lines: Sequence[Line], expected: str) -> NoReturn:
    Scanner(lines[-1]).fail(expected, len(lines[-1].text), "the end of the file")


def _goes_on(written: str) -> bool:
    """Whether the last line ends in a backslash that is not itself escaped."""
    text = written.rpartition("\n")[2].rstrip()
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _check_clean(line: Line) -> None:
    """Refuse what would act on a terminal or cannot be seen: a scenario is shown, and may be somebody else's."""
    seen = clean(line.text, keep="\t")
    if seen != line.text:
        at = next((at for at, (one, other) in enumerate(zip(line.text, seen, strict=False)) if one != other), len(seen))
        Scanner(line).fail("characters that can be seen", at, f"U+{ord(line.text[at]):04X}")


def _undecodable(path: str, content: bytes, at: int) -> SyntaxMistake:
    before = content[:at].decode("utf-8-sig", "replace")
    line = before.rpartition("\n")[2]
    place = Place(path, before.count("\n") + 1, len(line) + 1, clean(line, keep="\t"))
    return SyntaxMistake(place, expected="UTF-8", found=f"the byte 0x{content[at]:02X}")
