"""The examples of every help text are run as they stand, each in a home of its own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from shopcli.cli.commands import TABLE
from shopcli.cli.explained import commands
from tests.cli.homes import Home, furnish
from tests.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLES = {line: command.path for noun in TABLE for command in commands(noun) for line in command.examples}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, furnished: Path) -> Iterator[Home]:
    directory = tmp_path_factory.mktemp("examples")
    served = Served(directory, "--faults")
    yield furnish(directory / "ada", furnished, served)
    served.stop()


@pytest.fixture
def home(prepared: Home, tmp_path: Path) -> Home:
    return prepared.copied(tmp_path / "home")


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_works(home: Home, example: str) -> None:
    if "| jq " in example and not shutil.which("jq"):
        pytest.skip("there is no jq")
    done = home.run(example)
    assert done.returncode == 0, done.stderr
