"""docs/backends.md as somebody who follows it: its files are written, its shop is started, its commands are run."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.plugins import plant

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "backends.md"
PORT = "8900"
"""Which port the page uses; here it is one that is free."""
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"# ([\w/.]+)\n")
_STARTS = re.compile(r"python3 (\S+) 8900 &")
_INSTALLS = "pip install --editable ."
_SECONDS = 20


class Command(NamedTuple):
    line: str
    expected: list[str]


def files() -> dict[str, str]:
    """Return the page's files: a block's first line names its file, and further ones go on with it."""
    found: dict[str, str] = {}
    for language, text in _BLOCK.findall(PAGE.read_text("utf-8")):
        if language in ("python", "toml"):
            name = _FILE.match(text)
            assert name, f"which file is this? {text[:40]!r}"
            found[name[1]] = found.get(name[1], "") + ("\n\n" if name[1] in found else "") + text[name.end() :]
    return found


def commands() -> list[Command]:
    """Return the page's commands with what they print."""
    found: list[Command] = []
    for language, text in _BLOCK.findall(PAGE.read_text("utf-8")):
        if language == "console":
            for line in text.splitlines():
                if line.startswith("$ "):
                    found.append(Command(line[2:], []))
                else:
                    found[-1].expected.append(line)
    return found


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


@pytest.fixture
def port() -> str:
    return free_port()


@pytest.fixture
def desk(tmp_path: Path, port: str) -> Path:
    """Return a directory with the files of the page."""
    for name, text in files().items():
        (tmp_path / name).write_text(text.replace(PORT, port), "utf-8")
    return tmp_path


@pytest.fixture
def environment(desk: Path) -> dict[str, str]:
    programs = desk / "bin"
    programs.mkdir()
    (programs / "shop").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m shopcli "$@"\n')
    (programs / "shop").chmod(0o755)
    (programs / "pytest").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pytest "$@"\n')
    (programs / "pytest").chmod(0o755)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("SHOP_")},
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": f"{desk}:{ROOT}",
        "SHOP_DATA_DIR": str(desk / "data"),
        "SHOP_CONFIG_DIR": str(desk / "config"),
        "SHOP_FORCE_TTY": "1",
        "NO_COLOR": "1",
        "COLUMNS": "100",
        "PYTHONUNBUFFERED": "1",  # what is said and what is printed, in their order
        "no_proxy": "127.0.0.1",
    }


@pytest.fixture
def started(desk: Path, port: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Programs that run until the test ends."""
    programs: list[subprocess.Popen[bytes]] = []
    yield programs
    for program in programs:
        program.kill()
        program.wait()


@pytest.mark.timeout(180)
def test_the_page_works_from_its_first_line_to_its_last(
    desk: Path, environment: dict[str, str], port: str, started: list[subprocess.Popen[bytes]]
) -> None:
    for command in commands():
        if starts := _STARTS.fullmatch(command.line):
            started.append(subprocess.Popen([sys.executable, starts[1], port], cwd=desk))
            wait_for(port)
        elif command.line == _INSTALLS:
            install(desk)
        else:
            printed = said(command.line.replace(PORT, port), environment, desk).replace(port, PORT)
            assert matches(printed.splitlines(), command.expected), f"$ {command.line}\n{printed}"
            assert "✗" not in printed or "✗" in "".join(command.expected), printed  # what dots stand for failed


def install(desk: Path) -> None:
    """Do what pip does of it: write what the package says about itself where Python finds it."""
    written = tomllib.loads((desk / "pyproject.toml").read_text("utf-8"))
    project = written["project"]
    entries = project["entry-points"]["shop.backends"]
    # setuptools takes no folder with several modules unless it is told which of them are meant
    assert written["tool"]["setuptools"]["py-modules"] == [value.partition(":")[0] for value in entries.values()]
    lines = "\n".join(f"{name} = {value}" for name, value in entries.items())
    plant(desk, project["name"], lines, version=project["version"], summary=project["description"])


def said(line: str, environment: dict[str, str], desk: Path) -> str:
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1; {line}"],
        cwd=desk,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    return done.stdout


def matches(printed: list[str], expected: list[str]) -> bool:
    """Compare words: a port is not always as wide. Three dots are anything up to a comma, or all that follows."""
    here = [" ".join(line.split()) for line in printed]
    wanted = [" ".join(line.split()) for line in expected]
    if wanted[-1:] == ["..."]:
        here, wanted = here[: len(wanted) - 1], wanted[:-1]
    return len(here) == len(wanted) and all(map(_is, here, wanted))


def _is(line: str, wanted: str) -> bool:
    inner = wanted.removesuffix("...")
    pattern = "[^,]*".join(map(re.escape, inner.split("...")))
    return re.fullmatch(pattern + (".*" if inner != wanted else ""), line) is not None


def wait_for(port: str) -> None:
    ends = time.monotonic() + _SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", int(port)), timeout=1).close()
        except OSError:
            assert time.monotonic() < ends, "the corner shop does not open"
            time.sleep(0.02)
        else:
            return


def test_every_block_is_run() -> None:
    text = PAGE.read_text("utf-8")
    assert {language for language, _ in _BLOCK.findall(text)} <= {"python", "toml", "console"}
    assert text.count("\n```") == 2 * len(_BLOCK.findall(text))
