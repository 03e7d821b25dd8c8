"""The documentation of the commands is made from the commands, and complete."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from shopcli.cli.commands import TABLE, Branch
from shopcli.cli.help import ROOT
from shopcli.cli.manual.explained import Explained, commands, groups
from shopcli.cli.manual.pages import files
from shopcli.cli.signatures import COMMANDS
from shopcli.cli.topics import TOPICS, text
from tests.cli.mentions import mistake, of_module, of_page, of_text

PROJECT = Path(__file__).parents[2]
DOCS = PROJECT / "docs"
PAGES = [PROJECT / "README.md", *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("commands/*.md"))]
MODULES = sorted(
    module for name in ("shopcli", "backends", "stub_services") for module in (PROJECT / name).rglob("*.py")
)
ALL = [command for noun in TABLE for command in commands(noun)]
RENEW = "python -m shopcli.cli.manual docs"
ALWAYS = {"0", "2", "10", "12"}
"""Done, usage, nobody answers, and nowhere to keep anything: every command may end with these."""

each_command = pytest.mark.parametrize("command", ALL, ids=lambda command: command.path)


@pytest.mark.parametrize("name", files())
def test_the_documentation_is_what_the_commands_say(name: str) -> None:
    path = DOCS / name

    assert path.exists(), f"{RENEW} writes it"
    assert path.read_text("utf-8") == files()[name], f"{RENEW} writes it anew"


def test_nothing_else_is_in_its_directory() -> None:
    assert {f"commands/{path.name}" for path in (DOCS / "commands").iterdir()} == set(files()) - {"shop.1"}


@each_command
def test_a_command_says_what_it_does_and_shows_it(command: Explained) -> None:
    assert command.summary
    assert command.blocks
    assert any(re.search(rf"\bshop (--\S+ \S+ )?{command.path}\b", line) for line in command.examples)


@each_command
def test_each_argument_and_option_has_words(command: Explained) -> None:
    _, arguments, options = COMMANDS[command.path]

    assert all(words.endswith(".") for *_, words in (*arguments, *options))


def test_exit_codes_are_those_of_the_guide() -> None:
    guide = (DOCS / "cli.md").read_text("utf-8").partition("## Exit codes")[2].partition("\n## ")[0]
    known = set(re.findall(r"^\| (\d+) \|", guide, re.MULTILINE))

    assert {code for command in ALL for code, _ in command.exit_codes} <= known


def test_help_names_the_commands_that_there_are() -> None:
    named = {noun: verbs for nouns in groups().values() for noun, verbs in nouns.items()}
    there = {noun: tuple(entry.verbs) if isinstance(entry, Branch) else () for noun, entry in TABLE.items()}

    assert named == {**there, "completion": ("bash", "zsh", "fish")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_each_command_of_a_page_is_one(page: Path) -> None:
    assert {command: why for command in of_page(page) if (why := mistake(command))} == {}


@pytest.mark.parametrize("topic", TOPICS)
def test_each_command_of_a_topic_is_one(topic: str) -> None:
    assert {command: why for command in of_text(text(topic)) if (why := mistake(command))} == {}


def test_each_command_of_a_hint_or_a_help_text_is_one() -> None:
    mentioned = {command: module.name for module in MODULES for command in of_module(module)}
    mentioned |= dict.fromkeys(of_text(ROOT), "help.py")
    mentioned |= {line: command.path for command in ALL for line in command.examples if line.startswith("shop ")}

    assert len(mentioned) > 200
    assert {command: (where, why) for command, where in mentioned.items() if (why := mistake(command))} == {}


@pytest.mark.parametrize(
    "command",
    ["shop crat", "shop cart shew", "shop cart show --pay x", "shop --nope cart show", "shop checkout --al"],
)
def test_a_command_that_is_none_is_found(command: str) -> None:
    assert mistake(command)


@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff")
def test_the_man_page_is_well_formed() -> None:
    done = subprocess.run(["groff", "-man", "-ww", "-z", DOCS / "shop.1"], capture_output=True, text=True, check=False)

    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff")
def test_the_man_page_fits_a_terminal_and_breaks_no_word() -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-P-cbou", "-rLL=80n", DOCS / "shop.1"], capture_output=True, text=True, check=True
    )

    assert [line for line in done.stdout.splitlines() if len(line) > 80 or line.endswith("\u2010")] == []
    for command in ALL:
        assert f"shop {command.path}" in done.stdout
