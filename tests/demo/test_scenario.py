"""Scenario files: their front matter, steps, prose and blocks."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.capabilities import Capability
from backends.errors import ConfigurationError, NotFound, ShopError
from shopcli.demo.front_matter import NEEDS
from shopcli.demo.mistakes import SyntaxMistake
from shopcli.demo.scenario import built_in, expects_failure, parse, read
from shopcli.demo.statements import Prose

FRONT = "---\ntitle: A demo\n---\n"
FENCE = "```"


def block(*lines: str) -> str:
    return "\n".join((f"{FENCE}shop", *lines, FENCE, ""))


SIGNUP = ("$ signup --name Ada \\", "    --password-stdin << password -> id = .id")
EXAMPLE = f"""---
# what it is about
title: "Payment goes down: \\"not\\" the shop"
needs: [faults, virtual_clock]

shoppers: [ada, ben]
secrets: {{password: correct horse 9 battery, card: "4000, {{12}} \\"x\\""}}
---
An introduction.

{block("$ cart show")}
# Sign up
Prose is the *narration*.

It may have paragraphs.
{FENCE}sh
$ this is not run
# and no step
{FENCE}

{block("# a remark", "", *SIGNUP, "? .id == {id}")}
more prose
## Not a [heading](x) of "another" kind ##
Title
=====
{block("$ ben: cart show", "! advance 5m", "? ada: exit == 0")}
# The end
"""


def test_a_file_is_front_matter_steps_prose_and_statements() -> None:
    scenario = parse(EXAMPLE, "demo.md")

    assert scenario.path == "demo.md"
    assert scenario.title == 'Payment goes down: "not" the shop'
    assert scenario.needs == ("faults", "virtual_clock")
    assert scenario.shoppers == ("ada", "ben")
    assert scenario.secrets == {"password": "correct horse 9 battery", "card": '4000, {12} "x"'}
    assert [(step.title, step.line) for step in scenario.steps] == [
        (scenario.title, 9),
        ("Sign up", 15),
        ('Not a [heading](x) of "another" kind', 33),
        ("The end", 42),
    ]
    assert [str(statement) for statement in scenario.statements] == [
        "$ ada: cart show",
        "$ ada: signup --name Ada --password-stdin << password -> id = .id",
        "? ada: .id == {id}",
        "$ ben: cart show",
        "! advance 5m",
        "? ada: exit == 0",
    ]


def test_parts_know_their_lines_and_their_source() -> None:
    scenario = parse(EXAMPLE, "demo.md")
    lines = EXAMPLE.split("\n")
    for step in scenario.steps:
        for part in step.parts:
            text = part.text if isinstance(part, Prose) else part.source
            assert text == "\n".join(lines[part.line - 1 : part.line + text.count("\n")])
    first = scenario.steps[1].parts[0]
    assert isinstance(first, Prose)
    assert first.text.startswith("Prose is the *narration*.\n\nIt may have paragraphs.\n```sh\n")


def test_a_secret_shows_nowhere() -> None:
    assert "horse" not in repr(parse(EXAMPLE, "demo.md"))


@pytest.mark.parametrize("fence", ["```", "`````", "~~~", "~~~~~"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("indent", ["", "   "])
def test_fences_and_line_ends_of_all_kinds(fence: str, ending: str, indent: str) -> None:
    text = EXAMPLE.replace(FENCE, f"{indent}{fence}").replace(f"{fence}shop", f"{fence} shop ").replace("\n", ending)

    assert parse(text, "demo.md").statements == parse(EXAMPLE, "demo.md").statements


def test_a_scenario_needs_little() -> None:
    scenario = parse(f"---\ntitle: x\nsecrets: {{}}\nneeds: []\n---\n{block('$ cart show')}", "demo.md")

    assert (scenario.needs, scenario.shoppers, dict(scenario.secrets)) == ((), ("you",), {})
    assert [step.title for step in scenario.steps] == ["x"]


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("", "1:1", "---"),
        ("# Title", "1:1", "---"),
        ("---\n", "2:1", "--- behind the front matter"),
        ("---\n---\n", "2:1", "`title: …`"),
        ("---\ntitle:\n---\n", "2:7", "a text that begins with a letter"),
        ("---\ntitle: a: b\n---\n", "2:9", "quotes around"),
        ("---\ntitle: a #b\n---\n", "2:9", "quotes around"),
        ("---\ntitle: a:\n---\n", "2:9", "quotes around"),
        ("---\ntitle: [b]\n---\n", "2:8", "a text that begins with a letter"),
        ("---\ntitle: x\ntitle: y\n---\n", "3:1", "one of needs, shoppers, secrets"),
        ("---\nname: x\n---\n", "2:1", "one of title, needs, shoppers, secrets"),
        ("---\ntitle x\n---\n", "2:7", '":"'),
        ("---\nneeds: faults\n---\n", "2:8", '"["'),
        ("---\nneeds: [magic]\n---\n", "2:9", "a need: guest_cart"),
        ("---\nneeds: [faults, faults]\n---\n", "2:17", "not there yet"),
        ("---\nneeds: [faults\n---\n", "2:15", '"," or "]"'),
        ("---\nneeds: [faults] x\n---\n", "2:17", "the end of the line"),
        ("---\nshoppers: []\n---\n", "2:1", "at least one shopper"),
        ("---\nshoppers: [within]\n---\n", "2:12", "the name of a shopper"),
        ("---\nsecrets: {a: b, a: c}\n---\n", "2:17", "the name of a secret"),
        ("---\nsecrets: {a: [b]}\n---\n", "2:14", "a text that begins"),
        ("---\nsecrets: {a: b{c}\n---\n", "2:15", "quotes around"),
        ("---\nsecrets: {a: b\n---\n", "2:15", '"," or "}"'),
        (FRONT + "# Only prose\n", "5:1", "a ```shop block"),
        (FRONT + "```shop\n$ x\n", "6:1", "the fence that closes the block of line 4"),
        (FRONT + "```sh\n$ x\n", "6:1", "the fence that closes the block of line 4"),
        (FRONT + "```Shop\n$ x\n```\n", "4:1", "```shop at the start of the line"),
        (FRONT + "- item\n\n     ```shop\n     $ x\n     ```\n", "6:1", "```shop at the start of the line"),
        (FRONT + "> ```shop\n> $ x\n> ```\n", "4:1", "```shop at the start of the line"),
        (FRONT + block("$ x", "", "  bad"), "7:3", "a statement"),
        (FRONT + block("$ x \\"), "5:6", "a line on which the statement goes on"),
        (FRONT + block("$ x {id}"), "5:5", "a captured value: run"),
        (FRONT + block("? exit == 0"), "5:3", "a command of you"),
        (FRONT + block("! stop orders"), "5:3", "`needs: [faults]`"),
        (FRONT + "words \x1b[31m\n" + block("$ x"), "4:7", "characters that can be seen"),
        (FRONT + "words\n" + block("$ x \u202e"), "6:5", "characters that can be seen"),
    ],
)
def test_a_mistake_has_its_line_and_column(text: str, place: str, expected: str) -> None:
    with pytest.raises(SyntaxMistake) as caught:
        parse(text, "demo.md")

    assert caught.value.message.startswith(f"demo.md:{place}: expected ")
    assert expected in caught.value.expected


def test_a_mistake_shows_the_line_and_the_next_command() -> None:
    with pytest.raises(SyntaxMistake) as caught:
        parse(FRONT + block("$ cart show", "? exit = 8"), "my demo.md")

    assert caught.value.message == (
        'my demo.md:6:8: expected an operator: ==, !=, <, <=, >, >=, contains, matches, found "="\n'
        "    6 | ? exit = 8\n"
        "      |        ^"
    )
    assert caught.value.hint == "shop demo check 'my demo.md'"


@pytest.mark.parametrize(
    ("lines", "expects"),
    [
        (("$ x",), False),
        (("$ x", "? .id == 1"), False),
        (("$ x", "? .id == 1", "? exit == 8"), True),
        (("$ x", '? error.code == "pending"'), True),
        (("$ x", "? cart().x == exit"), True),
        (("$ x", "$ y", "? exit == 8"), False),
        (("$ x", "! clear", "? exit == 8"), False),
    ],
)
def test_a_command_may_fail_where_something_is_said_about_that(lines: tuple[str, ...], expects: bool) -> None:
    text = f"---\ntitle: x\nneeds: [faults]\n---\n{block(*lines)}"

    assert expects_failure(parse(text, "demo.md").steps[0].parts, 0) is expects


def test_needs_are_what_shops_differ_in_and_a_clock() -> None:
    assert {*NEEDS} == {*Capability, "virtual_clock"}


# --- files ---


def test_a_file_is_read_with_its_path(tmp_path: Path) -> None:
    file = tmp_path / "demo.md"
    file.write_text("\ufeff" + EXAMPLE, "utf-8")

    assert read(file) == parse(EXAMPLE, str(file))


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"there is no scenario .*nothing\.md"):
        read(tmp_path / "nothing.md")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read(tmp_path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read(Path("a\0b"))


def test_bytes_that_are_no_text_have_a_place(tmp_path: Path) -> None:
    file = tmp_path / "demo.md"
    file.write_bytes("---\ntitle: é".encode() + b"\xff\n")
    with pytest.raises(SyntaxMistake) as caught:
        read(file)

    assert (caught.value.line, caught.value.column) == (2, 9)
    assert (caught.value.expected, caught.value.found) == ("UTF-8", "the byte 0xFF")


BUILT_IN = built_in()
LINES = st.sampled_from(EXAMPLE.split("\n"))


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_comes_with_shop_parses(name: str) -> None:
    scenario = read(BUILT_IN[name])

    assert all(step.parts for step in scenario.steps)
    assert any(isinstance(part, Prose) for step in scenario.steps for part in step.parts)
    used = {secret for each in scenario.statements if (secret := getattr(each, "stdin", None))}
    assert used == set(scenario.secrets), "a secret that nothing uses"


def test_these_come_with_shop() -> None:
    expected = {"buy-now", "declined-card", "first-visit", "last-one-in-stock", "lost-answer", "payment-is-down"}

    assert expected <= set(BUILT_IN)


@given(st.text() | st.lists(LINES | st.text(max_size=8), max_size=30).map("\n".join).map(FRONT.__add__))
def test_no_text_does_more_than_being_mistaken(text: str) -> None:
    try:
        scenario = parse(text, "demo.md")
    except SyntaxMistake as mistake:
        place = (mistake.line, mistake.column)
    else:
        place = (scenario.steps[-1].line, 1)
    assert 1 <= place[0] <= text.count("\n") + 1
    assert place[1] >= 1


@given(st.binary())
def test_no_bytes_do(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "bytes.md"
    file.write_bytes(FRONT.encode() + content)
    try:
        read(file)
    except ShopError as error:
        assert isinstance(error, SyntaxMistake)  # noqa: PT017  nothing else may be raised
