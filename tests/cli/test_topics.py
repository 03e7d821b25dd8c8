"""`shop help`: each topic is complete, and says what the code does."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import backends
import shopcli
from backends.errors import ShopError
from shopcli.cli.help import ROOT
from shopcli.cli.topics import TOPICS, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from tests.cli.conftest import Run

_OF_SERVICES = {"SHOP_FAULTS_FILE", "SHOP_FAULTS_TOKEN", "SHOP_LISTEN", "SHOP_MERCHANT_TOKEN", "SHOP_SERVICE_TOKEN"}
"""For a service as a process of its own: docs/services.md."""


def errors(kind: type[ShopError] = ShopError) -> Iterator[type[ShopError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from errors(each)


def import_all(package: ModuleType) -> None:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith("__main__") and ".conformance" not in found.name:
            importlib.import_module(found.name)


def documented() -> dict[str, int]:
    return {name: int(code) for name, code in re.findall(r"^  ([a-z_]+) +(\d+)  ", text("exit-codes"), re.MULTILINE)}


def test_each_code_of_an_error_is_documented_with_its_exit_code() -> None:
    import_all(shopcli)
    import_all(backends)
    ours = {kind for kind in errors() if kind.__module__.partition(".")[0] in ("shopcli", "backends")}

    assert {kind.code: kind.exit_code for kind in ours} == documented()


def test_each_exit_code_is_explained() -> None:
    explained = {int(code) for code in re.findall(r"^  (\d+) +[A-Z]", text("exit-codes"), re.MULTILINE)}

    assert explained == {0, *documented().values()}


def test_the_documentation_has_the_same_exit_codes() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
    section = page.partition("## Exit codes")[2].partition("\n## ")[0]

    assert {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)} == {0, *documented().values()}


def test_each_variable_that_is_read_is_in_the_environment_topic() -> None:
    root = Path(__file__).parents[2]
    files = [path for name in ("shopcli", "backends", "stub_services") for path in (root / name).rglob("*.py")]
    read = {name for path in files for name in re.findall(r"\bSHOP_[A-Z]+(?:_[A-Z]+)*\b", path.read_text("utf-8"))}

    assert {name for name in read if name not in text("environment")} <= _OF_SERVICES | {"SHOP_DATA"}
    assert set(re.findall(r"\bSHOP_[A-Z_]+", text("environment"))) <= read


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_fits_a_terminal_and_is_written_as_it_stands(run: Run, topic: str) -> None:
    result = run("help", topic)

    assert (result.code, result.out, result.err) == (0, text(topic), "")
    assert max(map(len, result.out.splitlines())) <= 80
    assert topic in ROOT


def test_help_alone_is_that_of_shop(run: Run) -> None:
    assert run("help").out == run("--help").out == f"{ROOT}\n"


@pytest.mark.parametrize("words", [("cart",), ("cart", "add"), ("checkout",), ("catalog", "import")])
def test_help_of_a_command_is_its_own(run: Run, words: tuple[str, ...]) -> None:
    assert run("help", *words).out == run(*words, "--help").out != ""


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("exitcodes",), "shop help exit-codes"),
        (("exit-codes", "extra"), "shop help exit-codes"),
        (("crat",), "shop help cart"),
        (("zzz",), "shop help"),
        (("cart", "ad"), "shop cart add --help"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(run: Run, words: tuple[str, ...], hint: str) -> None:
    result = run("help", *words)

    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines()[1] == f"→ {hint}"
