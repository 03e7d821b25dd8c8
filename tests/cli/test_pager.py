"""What is longer than the screen, on a real terminal with a real less, and where no pager may ever be."""

from __future__ import annotations

import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests.cli.person import CTRL_C

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Asked, Finish, Run, Terminal

pytestmark = pytest.mark.skipif(shutil.which("less") is None, reason="needs less")

_LIST = ("products", "list")
_FIRST, _LAST = "canon-ef-100mm-f2-8l-macro", "fujifilm-gfx100s"


@pytest.fixture(autouse=True)
def _pager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAGER")
    for name in ("CI", "LESS"):
        monkeypatch.delenv(name, raising=False)


def test_a_long_table_waits_at_its_beginning(person: Asked) -> None:
    somebody = person(*_LIST).sees("SLUG", _FIRST, ":")

    assert _LAST not in somebody.text
    assert "there is more" not in somebody.text
    somebody.types(" ").sees(_LAST).types("q").sees("30 of 156, there is more: --all")
    assert somebody.ends() == 0


def test_leaving_early_is_no_error(person: Asked) -> None:
    somebody = person("products", "list", "--all").sees(_FIRST, ":").types("q")

    assert somebody.ends() == 0
    assert "✗" not in somebody.text


def test_ctrl_c_is_the_pagers_own(person: Asked) -> None:
    somebody = person(*_LIST).sees(_FIRST, ":").types(CTRL_C)
    somebody.waits(lambda: _LAST in somebody.types(" ").text, "the end")  # less forgets what was typed around a Ctrl-C

    assert somebody.types("q").ends() == 0


def test_whoever_stops_the_command_stops_the_pager(person: Asked) -> None:
    somebody = person(*_LIST).sees(_FIRST, ":")
    somebody.child.kill(signal.SIGTERM)

    assert somebody.ends() == 128 + signal.SIGTERM
    assert "cancelled, nothing was changed" in somebody.text


def test_a_colour_stays_one(person: Asked) -> None:
    somebody = person(*_LIST).sees(_FIRST, ":").types("q")

    assert somebody.ends() == 0
    assert "\x1b[32m" in somebody.written
    assert "ESC[" not in somebody.written


def test_what_fits_starts_nothing(terminal: Terminal, finish: Finish) -> None:
    code, screen = finish(terminal(*_LIST, "--limit", "20", SHOP_PAGER="false"))

    assert code == 0
    assert _FIRST in screen


@pytest.mark.parametrize("line", ["--help", "checkout --help", "help environment", "help cart add --json", "help"])
def test_help_begins_at_its_beginning(person: Asked, line: str) -> None:
    somebody = person(*line.split(), size=(80, 10))
    somebody.sees(":").types("q")

    assert somebody.ends() == 0


@pytest.mark.parametrize(
    "off",
    [{"SHOP_PAGER": ""}, {"SHOP_PAGER": "never"}, {"PAGER": ""}, {"PAGER": "cat"}, {"CI": "true"}, {"TERM": "dumb"}],
    ids=str,
)
def test_a_variable_says_that_there_is_none(terminal: Terminal, finish: Finish, off: dict[str, str]) -> None:
    code, screen = finish(terminal(*_LIST, **off))

    assert code == 0
    assert _LAST in screen


@pytest.mark.parametrize("flag", ["--no-pager", "--no-input", "--json", "-o tsv"])
def test_a_flag_says_that_there_is_none(terminal: Terminal, finish: Finish, flag: str) -> None:
    code, screen = finish(terminal(*_LIST, *flag.split(), SHOP_PAGER="less"))

    assert code == 0
    assert _LAST in screen


@pytest.mark.parametrize("line", [_LIST, ("--help",)])
def test_a_setting_says_that_there_is_none(run: Run, terminal: Terminal, finish: Finish, line: tuple[str, ...]) -> None:
    assert run("config", "set", "pager", "never").code == 0

    code, _ = finish(terminal(*line))
    assert code == 0


@pytest.mark.parametrize("broken", ["no-such-pager", "less '", "/", "env no-such-pager"])
def test_a_pager_that_does_not_start_hides_nothing(terminal: Terminal, finish: Finish, broken: str) -> None:
    code, screen = finish(terminal(*_LIST, SHOP_PAGER=broken))

    assert code == 0
    assert _FIRST in screen
    assert _LAST in screen


def test_ones_own_pager_comes_first_and_has_its_options(terminal: Terminal, finish: Finish) -> None:
    code, screen = finish(terminal(*_LIST, SHOP_PAGER="sed 's/^/own /'", PAGER="sed 's/^/all /'"))

    assert code == 0
    assert "own " in screen
    assert "all " not in screen


def test_a_pipe_never_meets_one(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOP_PAGER", f"touch {tmp_path / 'met'}")
    monkeypatch.setenv("SHOP_FORCE_TTY", "1")
    monkeypatch.setenv("LINES", "3")

    assert _LAST in run(*_LIST).out
    assert not (tmp_path / "met").exists()
