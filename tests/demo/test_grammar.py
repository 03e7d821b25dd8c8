"""Statements: what they mean, how they print, and what is said about mistakes."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.models import Fault, FaultKind
from shopcli.demo.grammar import parse_statement
from shopcli.demo.mistakes import SyntaxMistake
from shopcli.demo.statements import (
    OPERATORS,
    Advance,
    Capture,
    Clear,
    Command,
    Constant,
    Expectation,
    Expression,
    Field,
    Index,
    Inject,
    Lookup,
    Number,
    Operate,
    Operation,
    Path,
    Reference,
    Statement,
    Subject,
    Text,
    Word,
)
from shopcli.demo.tokens import Line
from shopcli.demo.values import COUNTS, PLACES, Scope

SCOPE = Scope(
    shoppers=("you", "ben"),
    secrets=frozenset(("password",)),
    captured=frozenset(("number", "price")),
    acted=("ben", "you"),
)


def parse(text: str, scope: Scope = SCOPE) -> Statement:
    return parse_statement(Line("demo.md", 7, text), scope)


def words(*texts: str) -> tuple[Word, ...]:
    return tuple(Word((text,)) if text else Word(()) for text in texts)


def expect(subject: Subject, operator: str, value: Text | Number | Constant | Subject) -> Expectation:
    return Expectation("you", Expression(subject, operator, value))


EXIT = Subject("exit")
NUMBER = Reference("number")


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("$ cart show", Command("you", words("cart", "show"))),
        ("  $\tcart  show ", Command("you", words("cart", "show"))),
        ("$ ben: cart add a/b:2", Command("ben", words("cart", "add", "a/b:2"))),
        ("$ 'ben:' x", Command("you", words("ben:", "x"))),
        (
            "$ addresses add --line1 \"Weg 1\" --line2 ''",
            Command("you", words("addresses", "add", "--line1", "Weg 1", "--line2", "")),
        ),
        ("$ a\\ b'c \"d'\"e 'f\\\"\\\\ \\x\"\\'g", Command("you", words("a bc \"de 'f\"\\ \\x'g"))),
        ("$ orders show {number}", Command("you", (*words("orders", "show"), Word((NUMBER,))))),
        ('$ x a{number}"b {price}"', Command("you", (*words("x"), Word(("a", NUMBER, "b ", Reference("price")))))),
        (r"""$ x '{number}' "\{number\}" \{}""", Command("you", words("x", "{number}", "{number}", "{}"))),
        ("$ signup << password", Command("you", words("signup"), "password")),
        ("$ signup <<password", Command("you", words("signup"), "password")),
        ("$ x '->' '<<' -- -y", Command("you", words("x", "->", "<<", "--", "-y"))),
        (
            "$ ben: x << password -> order = .items[-1].number",
            Command("ben", words("x"), "password", Capture("order", (Field("items"), Index(-1), Field("number")))),
        ),
        ("? exit == 8", expect(EXIT, "==", Number(Decimal(8)))),
        ("? exit==-8.50", expect(EXIT, "==", Number(Decimal("-8.50")))),
        ('? error.code == "out_of_stock"', expect(Subject("error", (Field("code"),)), "==", Text("out_of_stock"))),
        ("? error == null", expect(Subject("error"), "==", Constant(None))),
        (
            '? .totals.total >= "2998.00 EUR"',
            expect(Subject("result", (Field("totals"), Field("total"))), ">=", Text("2998.00 EUR")),
        ),
        ('? .a matches "^\\d{4}\\\\\\"$"', expect(Subject("result", (Field("a"),)), "matches", Text('^\\d{4}\\"$'))),
        (
            '? order(last).status != "paid"',
            expect(Subject(Lookup("order", "last"), (Field("status"),)), "!=", Text("paid")),
        ),
        (
            '? order("1001").x == {number}',
            expect(Subject(Lookup("order", "1001"), (Field("x"),)), "==", Subject(NUMBER)),
        ),
        (
            "? payments({number}).settled == 1",
            expect(Subject(Lookup("payments", NUMBER), (Field("settled"),)), "==", Number(Decimal(1))),
        ),
        (
            "? payments(last)[0].x == true",
            expect(Subject(Lookup("payments", "last"), (Index(0), Field("x"))), "==", Constant(True)),
        ),
        (
            "? cart().lines[0].quantity < 2",
            expect(Subject(Lookup("cart"), (Field("lines"), Index(0), Field("quantity"))), "<", Number(Decimal(2))),
        ),
        (
            '? health(payments).status == "down"',
            expect(Subject(Lookup("health", "payments"), (Field("status"),)), "==", Text("down")),
        ),
        (
            '? products("sigma").length > 0',
            expect(Subject(Lookup("products", "sigma"), (Field("length"),)), ">", Number(Decimal(0))),
        ),
        ('? {number} == "1001"', expect(Subject(NUMBER), "==", Text("1001"))),
        (
            "? ben: within 1500ms: cart() contains order(last).number",
            Expectation(
                "ben",
                Expression(Subject(Lookup("cart")), "contains", Subject(Lookup("order", "last"), (Field("number"),))),
                timedelta(seconds=1.5),
            ),
        ),
        ("! stop payments", Operation(Operate("stop", "payments"))),
        ("!start gateway", Operation(Operate("start", "gateway"))),
        ("! restart orders", Operation(Operate("restart", "orders"))),
        ("! fault orders answer_lost", Operation(Inject(Fault("orders", FaultKind.ANSWER_LOST)))),
        (
            "! fault orders crash place rate=0.5 seconds=0.25 times=2 step=3 after=true",
            Operation(Inject(Fault("orders", FaultKind.CRASH, "place", 0.5, 0.25, 2, 3, after=True))),
        ),
        ('! fault orders error "POST /v1"', Operation(Inject(Fault("orders", FaultKind.ERROR, "POST /v1")))),
        ("! clear", Operation(Clear())),
        ("! clear users", Operation(Clear("users"))),
        ("! advance 20m", Operation(Advance(timedelta(minutes=20)))),
    ],
)
def test_a_statement_means_this_and_prints_as_itself(text: str, statement: Statement) -> None:
    assert parse(text) == statement
    assert parse(str(statement)) == statement


def test_a_statement_knows_where_it_stands_and_how_it_was_written() -> None:
    written = "$ cart  \\\n  add x \\  \n"
    statement = parse(written)

    assert statement == Command("you", words("cart", "add", "x"))
    assert (statement.line, statement.source) == (7, written)


@pytest.mark.parametrize(
    ("text", "column", "expected", "found"),
    [
        ("", 1, "a statement", "the end of the line"),
        ("cart show", 1, 'a statement: "$" and a command', '"c"'),
        ("$", 2, "a command of shop", "the end of the line"),
        ("$ << password", 3, "a command of shop", '"<<"'),
        ("$ shop cart show", 3, "a command without `shop`", '"shop"'),
        ("$ ada: cart show", 3, "a shopper: you, ben", '"ada:"'),
        ("$ ben:", 7, "a command of shop", "the end of the line"),
        ("$ products list | jq", 17, "quotes around what a shell would act on", '"|"'),
        ("$ x $(date)", 5, "quotes around what a shell would act on", '"$"'),
        ('$ x "$HOME"', 6, "single quotes", '"$"'),
        ("$ x 'open", 10, "the ' that closes the one in column 5", "the end of the line"),
        ('$ x "open', 10, 'the " that closes the one in column 5', "the end of the line"),
        ("$ x a\\", 7, "a character behind the backslash", "the end of the line"),
        ("$ x {", 5, "a captured value such as {order}", '"{"'),
        ("$ x {1}", 5, "a captured value such as {order}", '"{"'),
        ("$ x {nmber}", 5, "a captured value: number, price", '"{nmber}"'),
        ("$ x << pasword", 8, "a secret: password", '"pasword"'),
        ("$ x << 'password'", 8, 'a "text"', '"\'"'),
        ("$ x << password y", 17, '"-> NAME = PATH"', '"y"'),
        ("$ x -> order", 13, '"=" and the path', "the end of the line"),
        ("$ x -> order = number", 16, "a path such as .number", '"number"'),
        ("$ x -> order = .number << password", 24, "the end of the line", '"<<"'),
        ("$ x -> 1 = .number", 8, "a name", '"1"'),
        ("? exit = 8", 8, "an operator: ==, !=", '"="'),
        ("? exit == 8 9", 13, "the end of the line", '"9"'),
        ("? exit ==", 10, 'a value: a "text"', "the end of the line"),
        ("? exit == paid", 11, 'a value: a "text"', '"paid"'),
        ("? exit == 8x", 11, "a number, or a whole one with d, h, m, s, ms", '"8x"'),
        ("? exit == 1.5s", 11, "a number, or a whole one", '"1.5s"'),
        ("? 8 == exit", 3, "exit, error, a path", '"8"'),
        ("? status == 8", 3, "exit, error, a path", '"status"'),
        ("? ada: exit == 8", 3, "a shopper: you, ben", '"ada"'),
        ("? within 5: cart().x == 8", 10, "a duration such as", '"5"'),
        ("? within 2h: cart().x == 8", 10, "at most 1:00:00", '"2h"'),
        ("? within 0s: cart().x == 8", 10, "a duration above 0", '"0s"'),
        ("? within 5s cart().x == 8", 13, '":"', '"cart"'),
        ("? within 5s: exit == 8", 3, "no `within`", '"within"'),
        ("? .totals. == 8", 12, "the name of a field", '"=="'),
        ("? .lines[x] == 8", 10, "an index", '"x"'),
        ("? .lines[1.5] == 8", 10, "an index", '"1.5"'),
        ("? .lines[9999999] == 8", 10, "an index", '"9999999"'),
        ("? .lines[0 == 8", 12, '"]"', '"=="'),
        ("? order() == 8", 9, 'last, {name} or a "number"', '")"'),
        ("? order(first) == 8", 9, 'last, {name} or a "number"', '"first"'),
        ("? order({order}) == 8", 9, "a captured value: number, price", '"{order}"'),
        ("? cart(last) == 8", 8, '")"', '"last"'),
        ("? health(bank) == 8", 10, "a service: users", '"bank"'),
        ("? products(sigma) == 8", 12, 'what to search, as a "text"', '"sigma"'),
        ("? payments(last).setled == 0", 17, ".length, .created", '"."'),
        ('? .a matches "("', 14, "a regular expression (missing )", "'\"(\"'"),
        ("? .a matches .b", 14, 'a regular expression as a "text"', '"."'),
        ("! explode orders", 3, "an operation: stop, start", '"explode"'),
        ("! stop bank", 8, "a service: users", '"bank"'),
        ("! stop", 7, "a service: users", "the end of the line"),
        ("! stop users now", 14, "the end of the line", '"now"'),
        ("! fault orders slow", 16, "a fault: stopped, error", '"slow"'),
        ("! fault orders error place order", 33, '"=" and a value', "the end of the line"),
        ("! fault orders error often=1", 22, "an option: rate, seconds", '"often"'),
        ("! fault orders error rate=1 rate=1", 29, "an option: seconds", '"rate"'),
        ("! fault orders error rate=2", 27, "a number from 0 to 1", '"2"'),
        ("! fault orders error seconds=0", 30, "a number above 0", '"0"'),
        ("! fault orders error seconds=1s", 30, "a number above 0", '"1s"'),
        ("! fault orders error times=0", 28, "a whole number from 1 on", '"0"'),
        ("! fault orders error after=1", 28, "true, false", '"1"'),
        ("! advance", 10, "a duration such as", "the end of the line"),
        ("! advance 9999999999s", 11, "a duration such as", '"9999999999s"'),
    ],
)
def test_a_mistake_says_where_and_what(text: str, column: int, expected: str, found: str) -> None:
    with pytest.raises(SyntaxMistake) as caught:
        parse(text)
    mistake = caught.value

    assert (mistake.line, mistake.column) == (7, column)
    assert expected in mistake.expected
    assert mistake.found == found
    assert mistake.message.startswith(f"demo.md:7:{column}: expected ")
    assert mistake.message.splitlines()[2] == "      | " + " " * (column - 1) + "^"
    assert (mistake.exit_code, mistake.code) == (2, "scenario_syntax")


def test_a_mistake_in_a_continued_statement_shows_the_line_that_it_is_in() -> None:
    with pytest.raises(SyntaxMistake) as caught:
        parse("$ cart add x \\\n    {nothing} \\\n  y")

    assert str(caught.value).splitlines()[1:] == ["    8 |     {nothing} \\", "      |     ^"]


def test_the_caret_stands_below_wide_characters_and_tabs() -> None:
    with pytest.raises(SyntaxMistake) as caught:
        parse("$\tx '日本' e\u0301 |")

    line, caret = str(caught.value).splitlines()[1:]
    assert caret == "      |  \t" + " " * (len("x '日本' e ") + 2) + "^"
    assert line == "    7 | $\tx '日本' e\u0301 |"


def test_of_a_long_line_a_mistake_shows_what_is_around_the_place() -> None:
    with pytest.raises(SyntaxMistake) as caught:
        parse("$ x " + "a" * 5000 + " | " + "b" * 5000)

    line, caret = str(caught.value).splitlines()[1:]
    assert len(line) < 200
    assert line[caret.index("^")] == "|"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("! stop payments", "`needs: [faults]` in the front matter"),
        ("! advance 5m", "`needs: [virtual_clock]` in the front matter"),
        ("$ x {number}", "nothing is captured up to here"),
        ("$ x << password", "a secret that the front matter has"),
        ("? exit == 0", "a command of you before"),
        ("? error.code == 0", "a command of you before"),
        ("? .id == 0", "a command of you before"),
        ("? cart().id == .id", "a command of you before"),
    ],
)
def test_what_is_not_there_is_a_mistake_before_anything_runs(text: str, expected: str) -> None:
    with pytest.raises(SyntaxMistake, match=r"demo\.md:7:") as caught:
        parse(text, Scope(needs=frozenset()))

    assert expected in caught.value.expected


def test_an_expectation_is_about_whoever_acted_last_and_the_next_command_knows_what_was_captured() -> None:
    scope = Scope(shoppers=("you", "ben")).after(parse("$ ben: cart show -> line = .lines[0].id"))

    assert str(parse("? exit == 0", scope)) == "? ben: exit == 0"
    assert str(parse("$ cart remove {line}", scope)) == "$ you: cart remove {line}"
    with pytest.raises(SyntaxMistake, match="a command of you"):
        parse("? you: exit == 0", scope)
    assert str(parse("? you: cart().lines.length == 0", scope)) == "? you: cart().lines.length == 0"


# --- properties ---

NAMES = st.sampled_from(("number", "price"))
TEXTS = st.text(st.characters(exclude_characters="\n"), max_size=12)
SNIPPETS = st.sampled_from(
    (
        *(
            "$",
            "?",
            "!",
            "{",
            "}",
            "{number}",
            "'",
            '"',
            "\\",
            "->",
            "<<",
            "==",
            "matches",
            "order(",
            "last",
            ")",
            ".",
            "[",
        ),
        *(
            "-1",
            "5s",
            "within",
            "you:",
            "password",
            "fault",
            "orders",
            "error",
            "rate=",
            "0.5",
            " ",
            "\t",
            "\\\n",
            "\n",
        ),
    )
)


@given(st.one_of(st.text(), st.lists(SNIPPETS | TEXTS, max_size=15).map(" ".join), st.lists(SNIPPETS).map("".join)))
def test_no_text_does_more_than_being_mistaken(text: str) -> None:
    try:
        statement = parse(text)
    except SyntaxMistake as mistake:
        line, column = mistake.line, mistake.column
    else:
        assert parse(str(statement)) == statement
        return
    assert 1 <= column <= len(text.split("\n")[line - 7]) + 1


@given(st.sampled_from(("$ x ", "? .a == ", "? order(", "! fault orders error ", "? cart().", "$ ")), st.text())
def test_nothing_behind_a_good_beginning_does(beginning: str, text: str) -> None:
    test_no_text_does_more_than_being_mistaken.hypothesis.inner_test(beginning + text)  # type: ignore[attr-defined]


def merged(parts: list[str | Reference]) -> Word:
    """A word whose neighbouring texts are one, as the parser makes it."""
    out: list[str | Reference] = []
    for part in parts:
        if isinstance(part, str) and out and isinstance(out[-1], str):
            out[-1] += part
        elif part:
            out.append(part)
    return Word(tuple(out))


IDENTIFIERS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
REFERENCES = NAMES.map(Reference)
STEPS: st.SearchStrategy[Field | Index] = IDENTIFIERS.map(Field) | st.integers(-999999, 999999).map(Index)
PATHS: st.SearchStrategy[Path] = st.lists(STEPS, min_size=1, max_size=4).map(tuple)
MAYBE_PATHS = PATHS | st.just(())
WORDS = st.lists(TEXTS | REFERENCES, max_size=4).map(merged)
ORDERS = TEXTS | REFERENCES | st.just("last")
SUBJECTS = st.one_of(
    st.just(EXIT),
    st.builds(Subject, st.just("error"), MAYBE_PATHS),
    st.builds(Subject, st.just("result"), PATHS),
    st.builds(Subject, REFERENCES),
    st.builds(Subject, st.just(Lookup("cart")), MAYBE_PATHS),
    st.builds(Subject, st.builds(Lookup, st.just("order"), ORDERS), MAYBE_PATHS),
    st.builds(Subject, st.builds(Lookup, st.just("products"), TEXTS | REFERENCES), MAYBE_PATHS),
    st.builds(Subject, st.builds(Lookup, st.just("health"), st.sampled_from(PLACES)), MAYBE_PATHS),
    st.builds(
        Subject, st.builds(Lookup, st.just("payments"), ORDERS), st.sampled_from(COUNTS).map(lambda n: (Field(n),))
    ),
)
DECIMALS = st.decimals(-(10**9), 10**9, places=3)
VALUES = st.one_of(TEXTS.map(Text), DECIMALS.map(Number), st.sampled_from((True, False, None)).map(Constant), SUBJECTS)
DURATIONS = st.integers(1, 999_999).map(lambda count: timedelta(milliseconds=count))
COMPARISONS = st.builds(
    Expression, SUBJECTS, st.sampled_from([each for each in OPERATORS if each != "matches"]), VALUES
)
FAULTS = st.builds(
    Fault,
    st.sampled_from(PLACES),
    st.sampled_from(FaultKind),
    TEXTS,
    st.floats(0, 1),
    st.floats(0, 3600, exclude_min=True),
    st.none() | st.integers(1, 999_999),
    st.integers(1, 999_999),
    st.booleans(),
)
SHOPPERS = st.sampled_from(SCOPE.shoppers)
STATEMENTS: st.SearchStrategy[Statement] = st.one_of(
    st.builds(
        Command,
        SHOPPERS,
        st.lists(WORDS, min_size=1, max_size=5).map(tuple).filter(lambda each: each[0] != Word(("shop",))),
        st.none() | st.just("password"),
        st.none() | st.builds(Capture, IDENTIFIERS, PATHS),
    ),
    st.builds(Expectation, SHOPPERS, COMPARISONS),
    st.builds(
        Expectation,
        SHOPPERS,
        COMPARISONS.filter(lambda each: any(isinstance(root, Lookup) for root in each.roots)),
        DURATIONS,
    ),
    st.builds(
        Operation,
        st.one_of(
            st.builds(Operate, st.sampled_from(("stop", "start", "restart")), st.sampled_from(PLACES)),
            st.builds(Clear, st.none() | st.sampled_from(PLACES)),
            st.builds(Advance, DURATIONS),
            st.builds(Inject, FAULTS),
        ),
    ),
)


@given(STATEMENTS)
def test_what_is_printed_parses_to_itself(statement: Statement) -> None:
    assert parse(str(statement)) == statement
