"""The tokens of a statement: the words of a command, by the quoting rules of a shell, and the symbols of all else."""

import string
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NoReturn, TypeAlias

from shopcli.demo.mistakes import Place, SyntaxMistake
from shopcli.demo.statements import UNITS, Reference, Word

Kind: TypeAlias = Literal["name", "number", "duration", "text", "symbol", "word", "end"]
"""What a token is."""

_BLANK = " \t"
_DIGITS = frozenset(string.digits)
_LETTERS = frozenset(string.ascii_letters + "_")
_SYMBOLS = ("==", "!=", "<=", ">=", "->", "<<", "<", ">", ".", ",", ":", "=", "(", ")", "[", "]", "{", "}")
_TAILS = ("<<", "->")
# What a shell would act on, and this is none: `| jq` would otherwise become two arguments of `shop`.
_OF_SHELLS = frozenset("|&;<>()$`")
_OF_SHELLS_IN_QUOTES = frozenset("$`")
_ESCAPED_IN_QUOTES = frozenset('"\\{}$`')


@dataclass(frozen=True, slots=True)
class Line:
    """A statement, or a line of the front matter, and where it stands; one that goes on has several lines in `written`.

    A backslash at the end of a line, and the break behind it, are read as one blank.
    """

    path: str
    number: int
    written: str

    @property
    def text(self) -> str:
        """The statement in one line, as long as it is written, so that places in it are places in the file."""
        *more, last = self.written.split("\n")
        return " ".join((*(line.rstrip().removesuffix("\\").ljust(len(line)) for line in more), last))

    def place(self, at: int) -> Place:
        """Return the place of a character of `text`."""
        before = self.written[:at]
        row = before.count("\n")
        return Place(self.path, self.number + row, at - (before.rfind("\n") + 1) + 1, self.written.split("\n")[row])


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its kind, the text as written, what it means, and where it starts and ends in its line."""

    kind: Kind
    written: str
    value: str | Decimal | Word
    start: int
    end: int

    def __str__(self) -> str:
        """Text for a mistake: what was found."""
        return "the end of the line" if self.kind == "end" else shown(self.written)


def shown(text: str) -> str:
    """Return text of a file inside a sentence, in quotes that it does not have itself."""
    return f"'{text}'" if '"' in text else f'"{text}"'


class Scanner:
    """Reads one token after the other; whoever asks says whether words or symbols come now."""

    def __init__(self, line: Line, at: int = 0) -> None:
        """Start at a character of the line."""
        self.line = line
        self.text = line.text
        self.at = at

    def fail(self, expected: str, at: int, found: str | None = None) -> NoReturn:
        """Raise SyntaxMistake about the place, and what was found there: its first character, unless it is said."""
        if found is None:
            found = shown(self.text[at]) if at < len(self.text) else "the end of the line"
        raise SyntaxMistake(self.line.place(at), expected=expected, found=found)

    def symbol(self) -> Token:
        """Read a name, number, duration, text or symbol, or the end."""
        start = self.skip_blanks()
        character = self.text[start : start + 1]
        if not character:
            return self._token("end", "", start)
        if character in _LETTERS:
            return self._name(start)
        if character == '"':
            return self._text(start)
        if character in _DIGITS or (character == "-" and self.text[start + 1 : start + 2] in _DIGITS):
            return self._number(start)
        for symbol in _SYMBOLS:
            if self.text.startswith(symbol, start):
                self.at += len(symbol)
                return self._token("symbol", symbol, start)
        return self.fail('a name, a number, a "text" or an operator', start)

    def word(self) -> Token:
        """Read a word of a command, ``<<`` or ``->``, or the end."""
        start = self.skip_blanks()
        if start == len(self.text):
            return self._token("end", "", start)
        for symbol in _TAILS:
            if self.text.startswith(symbol, start):
                self.at += len(symbol)
                return self._token("symbol", symbol, start)
        parts: list[str | Reference] = []
        while self.at < len(self.text) and self.text[self.at] not in _BLANK:
            parts += self._piece()
        return self._token("word", Word(_merged(parts)), start)

    # --- symbols ---

    def skip_blanks(self) -> int:
        """Go on to what is no blank; return where that is."""
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1
        return self.at

    def _token(self, kind: Kind, value: str | Decimal | Word, start: int) -> Token:
        return Token(kind, self.text[start : self.at], value, start, self.at)

    def _take(self, allowed: frozenset[str]) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in allowed:
            self.at += 1
        return self.text[start : self.at]

    def _name(self, start: int) -> Token:
        return self._token("name", self._take(_LETTERS | _DIGITS), start)

    def _number(self, start: int) -> Token:
        self.at += self.text[start] == "-"
        self._take(_DIGITS)
        if self.text[self.at : self.at + 1] == "." and self.text[self.at + 1 : self.at + 2] in _DIGITS:
            self.at += 1
            self._take(_DIGITS)
        number = self.text[start : self.at]
        unit = self._take(_LETTERS | _DIGITS)
        if not unit:
            return self._token("number", Decimal(number), start)
        if unit not in UNITS or not number.isdigit():
            self.fail(f"a number, or a whole one with {', '.join(UNITS)} behind it", start, shown(number + unit))
        return self._token("duration", number + unit, start)

    def _text(self, start: int) -> Token:
        characters: list[str] = []
        self.at += 1
        while (character := self._next(self._closing(start))) != '"':
            if character == "\\" and self.text[self.at : self.at + 1] in ('"', "\\"):
                character = self._next()
            characters.append(character)
        return self._token("text", "".join(characters), start)

    def _next(self, expected: str = "more") -> str:
        """Take one character; `expected` is what the end of the line lacks."""
        if self.at == len(self.text):
            self.fail(expected, self.at)
        self.at += 1
        return self.text[self.at - 1]

    def _closing(self, start: int) -> str:
        return f"the {self.text[start]} that closes the one in column {self.line.place(start).column}"

    # --- words ---

    def _piece(self) -> list[str | Reference]:
        """Read a piece of a word: quoted text, a captured value, or one character."""
        start = self.at
        character = self._next()
        if character == "'":
            end = self.text.find("'", self.at)
            if end < 0:
                self.fail(self._closing(start), len(self.text))
            self.at = end + 1
            return [self.text[start + 1 : end]]
        if character == '"':
            return self._quoted(start)
        if character == "{":
            return [self._reference(start)]
        if character == "\\":
            return [self._next("a character behind the backslash")]
        if character in _OF_SHELLS:
            self.fail("a word, with quotes around what a shell would act on", start)
        return [character]

    def _quoted(self, start: int) -> list[str | Reference]:
        pieces: list[str | Reference] = []
        while (character := self._next(self._closing(start))) != '"':
            if character == "\\" and self.text[self.at : self.at + 1] in _ESCAPED_IN_QUOTES:
                pieces.append(self._next())
            elif character == "{":
                pieces.append(self._reference(self.at - 1))
            elif character in _OF_SHELLS_IN_QUOTES:
                self.fail(f"\\{character}, or single quotes around it", self.at - 1)
            else:
                pieces.append(character)
        return pieces

    def _reference(self, start: int) -> Reference:
        name = self._take(_LETTERS | _DIGITS)
        if not name or name[0] in _DIGITS or self.text[self.at : self.at + 1] != "}":
            self.fail("a captured value such as {order}, or single quotes around the brace", start)
        self.at += 1
        return Reference(name)


def _merged(parts: list[str | Reference]) -> tuple[str | Reference, ...]:
    """Return the parts with neighbouring text put together, and no empty text."""
    merged: list[str | Reference] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part:
            merged.append(part)
    return tuple(merged)
