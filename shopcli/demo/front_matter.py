"""The lines in front of a scenario: a strict little part of YAML, one key a line.

```ebnf
front_matter = "---" { entry } "---" ;
entry        = "title:" plain | "needs:" names | "shoppers:" names | "secrets:" secrets ;
names        = "[" [ NAME { "," NAME } ] "]" ;
secrets      = "{" [ NAME ":" plain { "," NAME ":" plain } ] "}" ;
plain        = TEXT | ( LETTER | DIGIT ) { CHARACTER } ;
```

A plain text without quotes ends with its line, in a list of secrets before `,` or `}`; it has no `: ` and no ` #`, so
that it is what YAML reads, too. Lines that are empty or begin with `#` say nothing. `title` must be there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backends.capabilities import Capability
from shopcli.demo.cursor import Cursor
from shopcli.demo.tokens import Line, Scanner, shown
from shopcli.demo.values import CLOCK

NEEDS = (*(capability.value for capability in Capability), CLOCK)
"""What a scenario can need: abilities of the shop, and a clock that it can advance."""
YOU = "you"
"""The shopper of a scenario that names none."""
MARK = "---"
"""The line before and after the front matter."""

_KEYS = ("title", "needs", "shoppers", "secrets")
_RESERVED = ("within",)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a scenario is called and needs, who acts in it, and its secrets by name."""

    title: str
    needs: tuple[str, ...] = ()
    shoppers: tuple[str, ...] = (YOU,)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class _Seen:
    title: str | None = None
    needs: tuple[str, ...] | None = None
    shoppers: tuple[str, ...] | None = None
    secrets: dict[str, str] | None = None


def parse_front_matter(lines: Sequence[Line]) -> tuple[FrontMatter, int]:
    """Return the front matter, and how many lines it takes. Raises SyntaxMistake."""
    if lines[0].text.rstrip() != MARK:
        Scanner(lines[0]).fail(f"{MARK}, and then `title: …`", 0)
    seen = _Seen()
    for count, line in enumerate(lines[1:], 2):
        text = line.text.strip()
        if text == MARK:
            if not seen.title:
                Scanner(line).fail("`title: …` before the end of the front matter", 0)
            return FrontMatter(seen.title, seen.needs or (), seen.shoppers or (YOU,), seen.secrets or {}), count
        if text and not text.startswith("#"):
            _Entry(line).read(seen)
    return Scanner(lines[-1]).fail(f"{MARK} behind the front matter", len(lines[-1].text), "the end of the file")


class _Entry(Cursor):
    """Reads one line."""

    def read(self, seen: _Seen) -> None:
        key = self.next()
        free = [name for name in _KEYS if getattr(seen, name) is None]
        if key.written not in free:
            self.fail(f"one of {', '.join(free)}" if free else MARK, key)
        self.expect(":")
        if key.written == "title":
            seen.title = self._plain("")
        elif key.written == "needs":
            seen.needs = self._names("need", NEEDS)
        elif key.written == "shoppers":
            seen.shoppers = self._names("shopper")
            if not seen.shoppers:
                self.fail("at least one shopper", key)
        else:
            seen.secrets = self._secrets()
        self.end("the end of the line")

    def _names(self, what: str, known: tuple[str, ...] = ()) -> tuple[str, ...]:
        names: list[str] = []
        self.expect("[")
        if self.accept("]"):
            return ()
        while True:
            token = self.next()
            if token.kind != "name" or token.written in (*names, *_RESERVED):
                self.fail(f"the name of a {what} that is not there yet", token)
            if known and token.written not in known:
                self.fail(f"a {what}: {', '.join(known)}", token)
            names.append(token.written)
            if not self.accept(","):
                self.expect("]", '"," or "]"')
                return tuple(names)

    def _secrets(self) -> dict[str, str]:
        secrets: dict[str, str] = {}
        self.expect("{")
        if self.accept("}"):
            return secrets
        while True:
            token = self.next()
            if token.kind != "name" or token.written in secrets:
                self.fail("the name of a secret that is not there yet", token)
            self.expect(":")
            secrets[token.written] = self._plain(",}")
            if not self.accept(","):
                self.expect("}", '"," or "}"')
                return secrets

    def _plain(self, ends: str) -> str:
        """Read a text in quotes, or up to the end of the line or one of `ends`."""
        scanner = self.scanner
        start = scanner.skip_blanks()
        if scanner.text[start : start + 1] == '"':
            return str(scanner.symbol().value)
        while scanner.at < len(scanner.text) and scanner.text[scanner.at] not in ends:
            scanner.at += 1
        text = scanner.text[start : scanner.at].rstrip()
        if not text[:1].isalnum():
            scanner.fail("a text that begins with a letter or a digit, or is in quotes", start)
        for mark in (": ", " #", *(ends and "[]{")):
            if (at := text.find(mark)) >= 0:
                scanner.fail("quotes around a text like this one", start + at, shown(mark))
        if text.endswith(":"):
            scanner.fail("quotes around a text like this one", start + len(text) - 1)
        return text
