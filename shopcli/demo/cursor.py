"""Reading a line token by token."""

from datetime import timedelta
from typing import NoReturn

from shopcli.demo.statements import UNITS
from shopcli.demo.tokens import Line, Scanner, Token

_MOST_DIGITS = 6  # of an index, a count, a duration: enough for any, and no number that Python would refuse


class Cursor:
    """Goes through a line from left to right, with at most one token looked at in advance."""

    def __init__(self, line: Line) -> None:
        """Start at its first character."""
        self.scanner = Scanner(line)

    def fail(self, expected: str, token: Token) -> NoReturn:
        """Raise SyntaxMistake: this was expected where the token stands."""
        self.scanner.fail(expected, token.start, str(token))

    def peek(self) -> Token:
        """Look at the next token."""
        at = self.scanner.at
        token = self.scanner.symbol()
        self.scanner.at = at
        return token

    def next(self) -> Token:
        """Take the next token."""
        return self.scanner.symbol()

    def is_next(self, symbol: str) -> bool:
        """Whether the symbol or name comes next."""
        token = self.peek()
        return token.kind in ("symbol", "name") and token.written == symbol

    def accept(self, symbol: str) -> bool:
        """Take the symbol or name if it comes next; return whether it did."""
        accepted = self.is_next(symbol)
        if accepted:
            self.next()
        return accepted

    def expect(self, symbol: str, expected: str = "") -> Token:
        """Take the symbol or name. Raises SyntaxMistake."""
        token = self.next()
        if token.kind not in ("symbol", "name") or token.written != symbol:
            self.fail(expected or f'"{symbol}"', token)
        return token

    def name(self, expected: str) -> Token:
        """Take a name. Raises SyntaxMistake."""
        token = self.next()
        if token.kind != "name":
            self.fail(expected, token)
        return token

    def one_of(self, what: str, known: tuple[str, ...]) -> str:
        """Take one of these names. Raises SyntaxMistake."""
        token = self.next()
        if token.kind != "name" or token.written not in known:
            self.fail(choice(what, known), token)
        return token.written

    def end(self, expected: str) -> None:
        """Take the end of the line. Raises SyntaxMistake."""
        token = self.next()
        if token.kind != "end":
            self.fail(expected, token)

    def whole(self, expected: str) -> int:
        """Take a whole number. Raises SyntaxMistake."""
        token = self.next()
        digits = token.written.removeprefix("-")
        if token.kind != "number" or not digits.isdigit() or len(digits) > _MOST_DIGITS:
            self.fail(expected, token)
        return int(token.written)

    def duration(self, most: timedelta) -> timedelta:
        """Take a duration, above 0. Raises SyntaxMistake."""
        token = self.next()
        number = token.written.rstrip("".join(UNITS))
        if token.kind != "duration" or len(number) > _MOST_DIGITS:
            self.fail(f"a duration such as 500ms, 5s or 20m, at most {most}", token)
        duration = timedelta(milliseconds=int(number) * UNITS[token.written.removeprefix(number)])
        if not timedelta() < duration <= most:
            self.fail(f"a duration above 0, and at most {most}", token)
        return duration


def choice(what: str, known: tuple[str, ...]) -> str:
    """Return what is expected, and all that it can be."""
    return f"{what}: {', '.join(known)}"
