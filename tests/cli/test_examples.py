"""The examples of every help text are run as they stand, each in a home of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pexpect
import pytest

from shopcli.cli.commands import TABLE
from shopcli.cli.manual.explained import commands
from tests import postgres
from tests.cli.conftest import PASSWORD
from tests.cli.homes import Home, furnish
from tests.cli.person import CTRL_C, ENTER, Person
from tests.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLES = {line: command.path for noun in TABLE for command in commands(noun) for line in command.examples}
SIZE = (100, 30)

FIRST = {
    "shop alias delete cheap": "shop alias set cheap 'products list'",
    "shop signup --name Ada --email ada@example.com --password-stdin < password.txt": "rm -r data",
    "shop orders pay @last": "shop checkout --pay later --yes || test $? = 8",
    "shop orders watch 1001 --timeout 60": "shop orders pay 1001 --yes",
    "shop profile create mine http://127.0.0.1:8080 --owner shop-data/owner.json --use": (
        "shop profile delete mine --yes"
    ),
}
"""What has to happen before an example: another order that waits, a name that is free again."""

TYPED = {
    "shop signup": (
        ("Name:", "Bo"),
        ("E-mail:", "bo@example.com"),
        ("Password:", PASSWORD),
        ("Password again:", PASSWORD),
    ),
    "shop login": (("E-mail:", "ada@example.com"), ("Password:", PASSWORD)),
    "shop account edit": (("Name [Ada]:", "Ada King"), ("E-mail [ada@example.com]:", "")),
    "shop account password": (
        ("Old password:", PASSWORD),
        ("New password:", "a better horse battery"),
        ("New password again:", "a better horse battery"),
    ),
    "shop account delete": (("Type ada@example.com", "ada@example.com"), ("Password:", PASSWORD)),
    "shop products show": (("type to search", ""),),
    "shop cart add": (("type to search", ""),),
    "shop addresses add": (
        ("What you call it", "work"),
        ("Name:", "Ada"),
        ("Street and number:", "Road 1"),
        ("More about the street", ""),
        ("Postcode:", "10115"),
        ("City:", "Berlin"),
        ("State or province", ""),
        ("Country", "DE"),
        ("Phone", ""),
    ),
    "shop checkout": (("Express", ""), ("tok_visa", ""), ("[y/N]", "y")),
    'shop checkout --pay "$(shop payments methods -o id | head -1)"': (("Express", ""), ("[y/N]", "y")),
    "shop orders pay @last": (("tok_visa", ""), ("[y/N]", "y")),
    "shop orders cancel 1001": (("[y/N]", "y"),),
    "shop profile delete staging": (("[y/N]", "y"),),
    "shop payments list": (("type to search", ""),),
    "shop backends check http://127.0.0.1:8080 --area carts -v": (("[y/N]", "y"),),
    "shop services status --watch --interval 0.5": (("payments  up", CTRL_C),),
    "shop shell": (("ada@example.com>", "exit"),),
    "shop --profile mine shell": (("shop mine>", "exit"),),
    "shop tui": (("100 of 156", "q"),),
    "shop tui --open orders": (("1001", "q"),),
    "shop --profile served tui --open health": (("PaymentService", "q"),),
    "shop demo run payment-is-down --serve --step": (("$ shop signup", CTRL_C),),
}
"""What is typed where an example asks on a terminal: behind which words on the screen, and what."""

ENDS_WITH = {
    "shop demo run payment-is-down --serve --step": 130,  # a talk of minutes, which Ctrl-C ends
}
"""The exit code of an example where it is not 0."""


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, furnished: Path) -> Iterator[Home]:
    directory = tmp_path_factory.mktemp("examples")
    served = Served(directory, "--faults")
    yield furnish(directory / "ada", furnished, served)
    served.stop()


@pytest.fixture
def home(prepared: Home, tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    home = prepared.copied(tmp_path / "home")
    if first := FIRST.get(request.node.callspec.params["example"]):
        done = home.run(first)
        assert done.returncode == 0, done.stderr
    return home


def serves(example: str) -> bool:
    return EXAMPLES[example] == "serve"


def test_the_tables_are_about_examples() -> None:
    assert {*FIRST, *TYPED, *ENDS_WITH} <= EXAMPLES.keys()


@pytest.mark.parametrize(
    "example",
    [each for each in EXAMPLES if each not in TYPED and not serves(each)],
)
def test_an_example_works(home: Home, example: str) -> None:
    if "| jq " in example and not shutil.which("jq"):
        pytest.skip("there is no jq")
    done = home.run(example)

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("example", TYPED)
def test_an_example_works_on_a_terminal(home: Home, example: str) -> None:
    program, *arguments = home.script(example)
    child = pexpect.spawn(
        program,
        arguments,
        env=dict(home.environment),
        cwd=str(home.path),
        encoding="utf-8",
        dimensions=SIZE[::-1],
        timeout=30,
    )
    person = Person(child, SIZE)
    try:
        for words, answer in TYPED[example]:
            person.sees(words)
            person.types(answer if answer in ("q", CTRL_C) else answer + ENTER)
        ended = person.ends()
    finally:
        child.close(force=True)
    assert ended == ENDS_WITH.get(example, 0), person.text


@pytest.mark.parametrize("example", [*filter(serves, EXAMPLES)])
def test_an_example_serves_a_shop(home: Home, example: str) -> None:
    """The port is a free one: whoever runs the tests may serve a shop."""
    line = example.replace(" --port 8081", "").replace("postgresql://localhost/shop", postgres.url("examples"))
    serving = subprocess.Popen(
        home.script(f"{line} --port 0"),
        env=home.environment,
        cwd=home.path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert serving.stdout is not None
        said = serving.stdout.readline()  # pytest-timeout bounds it
        serving.send_signal(signal.SIGTERM)
        _, errors = serving.communicate(timeout=30)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(serving.pid, signal.SIGKILL)
    assert (serving.returncode, "http://127.0.0.1:" in said) == (0, True), errors
