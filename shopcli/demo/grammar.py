r"""The statements of a scenario, by recursive descent: one rule a line.

```ebnf
statement   = command | expectation | operation ;

command     = "$" [ NAME ":" ] WORD { WORD } [ "<<" NAME ] [ "->" NAME "=" path ] ;

expectation = "?" [ NAME ":" ] [ "within" DURATION ":" ] subject ( operator value | "matches" TEXT ) ;
subject     = "exit" | "error" [ path ] | lookup [ path ] | path | reference ;
lookup      = ( "order" | "payments" ) "(" ( "last" | TEXT | reference ) ")" | "cart" "(" ")"
            | "health" "(" SERVICE ")" | "products" "(" ( TEXT | reference ) ")" ;
path        = step { step } ;
step        = "." NAME | "[" INTEGER "]" ;
reference   = "{" NAME "}" ;
operator    = "==" | "!=" | "<" | "<=" | ">" | ">=" | "contains" ;
value       = TEXT | NUMBER | "true" | "false" | "null" | subject ;

operation   = "!" ( operate | fault | clear | advance ) ;
operate     = ( "stop" | "start" | "restart" ) SERVICE ;
fault       = "fault" SERVICE KIND [ NAME | TEXT ] { option } ;
option      = ( "rate" | "seconds" | "times" | "step" ) "=" NUMBER | "after" "=" ( "true" | "false" ) ;
clear       = "clear" [ SERVICE ] ;
advance     = "advance" DURATION ;

SERVICE     = "users" | "products" | "carts" | "orders" | "payments" | "gateway" ;
KIND        = "stopped" | "error" | "rate_limited" | "latency" | "hang" | "request_lost" | "answer_lost"
            | "truncate" | "crash" ;
NAME        = ( LETTER | "_" ) { LETTER | DIGIT | "_" } ;
NUMBER      = [ "-" ] DIGIT { DIGIT } [ "." DIGIT { DIGIT } ] ;
INTEGER     = [ "-" ] DIGIT { DIGIT } ;
DURATION    = DIGIT { DIGIT } ( "ms" | "s" | "m" | "h" | "d" ) ;
TEXT        = '"' { CHARACTER - '"' | "\" '"' | "\" "\" } '"' ;
WORD        = PIECE { PIECE } ;
PIECE       = PLAIN | "\" CHARACTER | "'" { CHARACTER - "'" } "'" | '"' { QUOTED } '"' | "{" NAME "}" ;
PLAIN       = CHARACTER - ( BLANK | "'" | '"' | "\" | "{" | "|" | "&" | ";" | "<" | ">" | "(" | ")" | "$" | "`" ) ;
QUOTED      = CHARACTER - ( '"' | "{" | "$" | "`" ) | "\" ( '"' | "\" | "{" | "}" | "$" | "`" ) | "{" NAME "}" ;
```

Letters and digits are ASCII; a blank is a space or a tab. Blanks separate words, and may stand between all other
tokens; `NAME:` in front of a command is one word. Words follow the quoting rules of a shell; what a shell would act on
needs quotes, as nothing acts on it here, and no word begins with `->`. In a TEXT and in double quotes a backslash in
front of anything else is a backslash, for regular expressions.

What can be known without running is checked here, too. A command has no `shop` in front. Shoppers, secrets and needs
are those of the front matter; a captured value was captured further up, and `{run}` before the first line; `exit`,
`error` and paths are about a command further up. `within` asks the shop. Regular expressions are Python's. Payments
have counts by status, and `.length`. An option stands once and has the range that `shop services fault --help` says.
"""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from backends.models.faults import Fault, FaultKind
from shopcli.demo.cursor import choice
from shopcli.demo.statements import (
    Advance,
    Capture,
    Clear,
    Command,
    Expectation,
    Inject,
    Lookup,
    Operate,
    Operation,
    Reference,
    Statement,
    Word,
)
from shopcli.demo.tokens import Line, Token
from shopcli.demo.values import CLOCK, FAULTS, Scope, ValueParser

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

LONGEST_WAIT = timedelta(hours=1)
"""The most that `within` allows."""
LONGEST_LEAP = timedelta(days=400)
"""The most that `advance` lets pass at once."""

_MOST_SECONDS = 3600


def parse_statement(line: Line, scope: Scope) -> Statement:
    """Return the statement of a line. Raises SyntaxMistake."""
    return _Parser(line, scope).statement(line)


class _Parser(ValueParser):
    """The rules from `statement` downwards."""

    def statement(self, line: Line) -> Statement:
        self.scanner.skip_blanks()
        at = self.scanner.at
        rules: dict[str, Callable[[], Statement]] = {"$": self._command, "?": self._expectation, "!": self._operation}
        rule = rules.get(self.scanner.text[at : at + 1])
        if rule is None:
            self.scanner.fail('a statement: "$" and a command, "?" and what has to hold, or "!" and an operation', at)
        self.scanner.at += 1
        return replace(rule(), line=line.number, source=line.written)

    def _command(self) -> Command:
        shopper = self.scope.shoppers[0]
        token = self.scanner.word()
        if token.kind == "word" and token.written.endswith(":") and token.value == Word((token.written,)):
            shopper = self._shopper(token)
            token = self.scanner.word()
        if token.kind != "word":
            self.fail("a command of shop", token)
        if token.value == Word(("shop",)):
            self.fail("a command without `shop` in front", token)
        words: list[Word] = []
        while token.kind == "word":
            words.append(self._known(token))
            token = self.scanner.word()
        stdin = None
        if token.written == "<<":
            stdin = self._secret()
            token = self.next()
        capture = self._capture() if token.written == "->" else None
        if capture is None and token.kind != "end":
            self.fail('"-> NAME = PATH", or the end of the line', token)
        return Command(shopper, tuple(words), stdin, capture)

    def _shopper(self, token: Token) -> str:
        name = token.written.removesuffix(":")
        if name not in self.scope.shoppers:
            self.fail(choice("a shopper", self.scope.shoppers), token)
        return name

    def _known(self, token: Token) -> Word:
        word = cast("Word", token.value)
        for part in word.parts:
            if isinstance(part, Reference):
                self.check(part, token)
        return word

    def _secret(self) -> str:
        secrets = tuple(sorted(self.scope.secrets))
        token = self.name("the name of a secret")
        if token.written not in secrets:
            self.fail(choice("a secret", secrets) if secrets else "a secret that the front matter has", token)
        return token.written

    def _capture(self) -> Capture:
        name = self.name("a name for the value").written
        self.expect("=", '"=" and the path of the value')
        path = self.path("a path such as .number")
        self.end('"." or "[", or the end of the line')
        return Capture(name, path)

    def _expectation(self) -> Expectation:
        shopper = self.scope.acted[-1] if self.scope.acted else self.scope.shoppers[0]
        named = self.peek()
        after = self.scanner.at
        if named.kind == "name" and named.written != "within":
            self.next()
            if self.accept(":"):
                shopper = self._shopper(named)
            else:
                self.scanner.at = after
        within = None
        start = self.peek()
        if self.accept("within"):
            within = self.duration(LONGEST_WAIT)
            self.expect(":")
        expression = self.expression(shopper)
        if within is not None and not any(isinstance(root, Lookup) for root in expression.roots):
            self.fail("no `within`, as nothing here can change: that is for order(), cart(), payments(), …", start)
        return Expectation(shopper, expression, within)

    def _operation(self) -> Operation:
        verb = self.peek()
        name = self.one_of("an operation", ("stop", "start", "restart", "fault", "clear", "advance"))
        need = CLOCK if name == "advance" else FAULTS
        if need not in self.scope.needs:
            self.fail(f"`needs: [{need}]` in the front matter for this", verb)
        deed: Operate | Inject | Clear | Advance
        if name == "fault":
            deed = Inject(self._fault())
        elif name == "clear":
            deed = Clear(None if self.peek().kind == "end" else self.service())
        elif name == "advance":
            deed = Advance(self.duration(LONGEST_LEAP))
        else:
            deed = Operate(cast("Literal['stop', 'start', 'restart']", name), self.service())
        self.end("an option, or the end of the line" if name == "fault" else "the end of the line")
        return Operation(deed)

    # --- operations ---

    def _fault(self) -> Fault:
        service = self.service()
        kind = FaultKind(self.one_of("a fault", tuple(FaultKind)))
        values: dict[str, Any] = {}
        action = ""
        token = self.peek()
        if token.kind == "text":
            action = str(self.next().value)
        while (token := self.peek()).kind == "name":
            self.next()
            if self.accept("="):
                self._option(token, values)
            elif action or values:
                self.fail('"=" and a value', self.next())
            else:
                action = token.written
        return Fault(service, kind, action=action, **values)

    def _option(self, name: Token, values: dict[str, Any]) -> None:
        known = ("rate", "seconds", "times", "step", "after")
        if name.written not in known or name.written in values:
            free = tuple(each for each in known if each not in values)
            self.fail(choice("an option", free), name)
        values[name.written] = self._option_value(name.written)

    def _option_value(self, name: str) -> float | bool:
        token = self.peek()
        if name == "after":
            return self.one_of("a value", ("true", "false")) == "true"
        if name in ("times", "step"):
            expected = "a whole number from 1 on"
            count = self.whole(expected)
            return count if count >= 1 else self.fail(expected, token)
        most, expected = (1, "a number from 0 to 1") if name == "rate" else (_MOST_SECONDS, "a number above 0, to 3600")
        number = self.next()
        if number.kind != "number" or not 0 <= cast("Decimal", number.value) <= most:
            self.fail(expected, number)
        value = float(cast("Decimal", number.value))
        return value if value or name == "rate" else self.fail(expected, number)
