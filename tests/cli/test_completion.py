"""TAB in real shells: bash, and zsh and fish where they are installed."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pyte
import pytest

from backends.models import ProductQuery
from shopcli.cli.completing.words import SHELLS
from shopcli.core.shop import open_shop
from shopcli.core.stepping import run as step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Finish, Run, Terminal

    Press = Callable[..., list[str]]

ROOT = Path(__file__).parents[2]
SIZE = (40, 100)
LENS = "sigma-35-f2"
_STARTED = "ready to type"

_INSTALLED = [
    pytest.param(shell, marks=pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed"))
    for shell in SHELLS
]


class Typing:
    """A shell on a terminal in which `shop` completes."""

    def __init__(self, shell: str, home: Path) -> None:
        """Start it with the script that `shop completion` prints, as its comment says."""
        programs = home / "bin"
        programs.mkdir(parents=True)
        program = programs / "shop"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m shopcli "$@"\n', "utf-8")
        program.chmod(0o700)
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HOME": str(home),
            "ZDOTDIR": str(home),
            "XDG_CONFIG_HOME": str(home),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
        }
        self._marks = 0
        self._screen = pyte.Screen(SIZE[1], SIZE[0])
        self._stream = pyte.Stream(self._screen)
        # Each shell has a function that writes its files for starting, named like it.
        arguments = getattr(self, f"_{shell.replace('-', '_')}")(home)
        name = shell.partition("-")[0]
        work = home / "work"
        work.mkdir()
        self.child = pexpect.spawn(
            name, arguments, env=environment, encoding="utf-8", dimensions=SIZE, timeout=20, cwd=str(work)
        )
        self._until(_STARTED)

    @staticmethod
    def _bash(home: Path, before: str = "") -> list[str]:
        ready = f'eval "$(shop completion bash)"\nPS1="$ "\necho {_STARTED}\n'
        (home / "rc").write_text(before + ready, "utf-8")
        return ["--rcfile", str(home / "rc"), "-i"]

    @staticmethod
    def _bash_3(home: Path) -> list[str]:
        """Start bash without what came after 3.2."""
        return Typing._bash(home, "enable -n compopt mapfile readarray\n")

    @staticmethod
    def _zsh(home: Path) -> list[str]:
        ready = f'autoload -Uz compinit\ncompinit -u\neval "$(shop completion zsh)"\nPS1="$ "\nprint {_STARTED}\n'
        (home / ".zshrc").write_text(ready, "utf-8")
        return ["-i"]

    @staticmethod
    def _fish(home: Path) -> list[str]:
        ready = "set -U fish_greeting\nshop completion fish | source\nfunction fish_prompt\necho '$ '\nend\n"
        (home / "fish").mkdir()
        (home / "fish" / "config.fish").write_text(f"{ready}echo {_STARTED}\n", "utf-8")
        return ["-i"]

    def press(self, line: str) -> str:
        """Type a line, TAB and a mark; return the line as it is then, up to the mark."""
        self._marks += 1
        mark = f"§{self._marks}§"
        self.child.send(f"{line}\t{mark}")
        shown = self._until(mark)
        self.child.send("\x03")
        found = next(row for row in shown if mark in row)
        return found.partition(mark)[0].removeprefix("$ ")

    def listed(self, line: str, *expected: str) -> list[str]:
        """Type a line and TAB twice; return the screen when the expected words are on it."""
        self.child.send(f"{line}\t")
        time.sleep(0.5)  # zsh and fish begin to choose at the second TAB; bash lists at the second one
        self.child.send("\t")
        shown = self._until(*expected)
        self.child.send("\x03\x03")
        return shown

    def _until(self, *words: str) -> list[str]:
        ends_at = time.monotonic() + 20
        while time.monotonic() < ends_at:
            try:
                self._stream.feed(self.child.read_nonblocking(4096, 0.2))
            except pexpect.TIMEOUT:
                shown = [row.rstrip() for row in self._screen.display]
                if all(any(word in row for row in shown) for word in words):
                    return shown
        raise AssertionError("\n".join([f"waited for {words}", *self._screen.display]))


@pytest.fixture
def typing(tmp_path: Path) -> Iterator[Callable[[str], Typing]]:
    """Start a shell by its name."""
    shop = open_shop()
    step(shop.backend, shop.backend.products.list(ProductQuery(), 1))
    step(shop.backend, shop.aclose())
    started: list[Typing] = []

    def start(shell: str) -> Typing:
        started.append(Typing(shell, tmp_path / shell))
        return started[-1]

    yield start
    for each in started:
        each.child.close(force=True)


def _files(home: Path) -> None:
    (home / "work" / "my shop").mkdir()
    (home / "work" / "data file.csv").touch()


_LINES = {
    "shop checko": "shop checkout ",
    "shop products sea": "shop products search ",
    "true; shop checko": "true; shop checkout ",
    "shop cart show --outp": "shop cart show --output ",
    "shop cart show --output=js": "shop cart show --output=json",
    f"shop products show {LENS[:-1]}": f"shop products show {LENS} ",
    f"shop cart add {LENS}/s": f"shop cart add {LENS}/sony-e ",
    f"shop cart add {LENS}/sony-e:3": f"shop cart add {LENS}/sony-e:3 ",
    "shop --backend mem": "shop --backend memory:",
    "shop serve --data=my": "shop serve --data=my\\ shop/",
    "shop --backend sqlite:my": "shop --backend sqlite:my\\ shop/",
    "shop catalog import dat": "shop catalog import data\\ file.csv ",
    "shop nonsense x": "shop nonsense x",
}


@pytest.mark.parametrize("shell", [_INSTALLED[0], pytest.param("bash-3", marks=_INSTALLED[0].marks), *_INSTALLED[1:]])
def test_tab_completes(shell: str, typing: Callable[[str], Typing], tmp_path: Path) -> None:
    at = typing(shell)
    _files(tmp_path / shell)

    found = {line: at.press(line) for line in _LINES}

    if shell == "fish":  # it takes the first of two, and lists both
        _ = found.pop("shop cart show --output=js"), found.pop("shop nonsense x")
    assert found == {line: _LINES[line] for line in found}


@pytest.mark.parametrize("shell", ["bash", "bash-3"])
def test_bash_completes_inside_of_quotes(shell: str, typing: Callable[[str], Typing], tmp_path: Path) -> None:
    at = typing(shell)
    _files(tmp_path / shell)

    assert at.press(f'shop products show "{LENS[:-1]}') in (
        f'shop products show "{LENS}" ',
        f'shop products show "{LENS}"',
    )
    assert at.press('shop catalog import "dat').startswith('shop catalog import "data file.csv"')


@pytest.mark.parametrize("shell", ["bash", "bash-3"])
def test_a_name_with_a_command_in_it_runs_none_inside_of_quotes(
    shell: str, typing: Callable[[str], Typing], tmp_path: Path
) -> None:
    at = typing(shell)
    for name in ("evil$(touch made)`touch made`", "o'clock"):
        (tmp_path / shell / "work" / name).mkdir()

    quoted = "evil\\$(touch made)\\`touch made\\`"
    assert at.press('shop serve --data "ev').startswith(f'shop serve --data "{quoted}')
    assert at.press('shop --backend "sqlite:ev').startswith(f'shop --backend "sqlite:{quoted}')
    assert at.press("shop serve --data 'o").startswith("shop serve --data 'o'\\''clock")


@pytest.mark.parametrize("shell", _INSTALLED)
def test_tab_lists_what_there_is(shell: str, typing: Callable[[str], Typing]) -> None:
    at = typing(shell)

    at.listed("shop cart ", "show", "add", "set", "remove", "clear")
    shown = at.listed(f"shop cart add {LENS}/", "sony-e", "l-mount")

    if shell != "bash":
        assert any("Sigma 35mm F2" in row for row in shown)


# --- shop completion --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_says_how_it_is_installed(run: Run, shell: str) -> None:
    result = run("completion", shell)

    head = [line for line in result.out.split("\n\n")[0].splitlines() if line.startswith("# ")]
    assert (result.code, result.err) == (0, "")
    assert any(f"shop completion {shell}" in line for line in head)
    assert f"__complete {shell}" in result.out


@pytest.mark.parametrize("shell", _INSTALLED)
def test_the_shell_takes_the_script(run: Run, shell: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(run("completion", shell).out, "utf-8")

    output, code = pexpect.run(f"{shell} -n {script}", withexitstatus=True)

    assert (code, output) == (0, b"")


def test_the_shell_in_use_is_the_default(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/opt/bin/zsh")

    assert run("completion").out == run("completion", "zsh").out


@pytest.mark.parametrize(
    ("words", "shell", "message"),
    [
        ((), "/bin/tcsh", "$SHELL says 'tcsh'; there is bash, zsh, fish"),
        ((), "", "SHELL is missing, and $SHELL does not say it; there is bash, zsh, fish"),
        (("tcsh",), "/bin/bash", "there is no script for 'tcsh'; there is bash, zsh, fish"),
    ],
)
def test_another_shell_is_a_usage_error(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], shell: str, message: str
) -> None:
    monkeypatch.setenv("SHELL", shell)

    result = run("completion", *words, "--json")

    assert (result.code, result.out, result.error["message"]) == (2, "", message)
    assert result.error["hint"] == "shop completion bash"


def test_a_terminal_is_told_how_to_install_it(terminal: Terminal, finish: Finish) -> None:
    code, screen = finish(terminal("completion", "bash"))

    assert code == 0
    assert screen.count('eval "$(shop completion bash)"') == 4  # said, and in the script


def test_no_file_is_changed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    run("completion", "bash")

    assert list(tmp_path.iterdir()) == []
