"""A `shop` to run in this process, and one to type into on a terminal."""

import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect
import pytest

from shopcli.cli.main import main
from tests.cli.person import Person

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command printed
        return json.loads(self.out)

    @property
    def rows(self) -> list[list[str]]:
        return [line.split("\t") for line in self.out.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = json.loads(self.err)["error"]
        return error


Run = Callable[..., Result]
Terminal = Callable[..., "pexpect.spawn[str]"]
Asked = Callable[..., Person]
Finish = Callable[["pexpect.spawn[str]"], tuple[int | None, str]]


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("SHOP_") or name in ("NO_COLOR", "COLUMNS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SHOP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SHOP_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("PAGER", "")  # it would wait for a key; test_pager.py has one
    monkeypatch.setenv("TZ", "UTC")


def _run(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], stdin: str) -> Result:
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()))
    try:
        with pytest.raises(SystemExit) as left:
            main(list(words))
    finally:
        sys.stdin = before
    out, err = capsys.readouterr()
    return Result(int(left.value.code or 0), out, err)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `shop` with these words, on an empty shop, without a terminal."""
    return lambda *words, stdin="": _run(capsys, words, stdin)


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the data directory of Ada, who is logged in and has an address; made once, because hashing is slow."""
    data = tmp_path_factory.mktemp("furnished") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_DATA_DIR", str(data))
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PASSWORD.encode())))
        patch.setattr(sys, "stdout", io.StringIO())
        signup = "signup --name Ada --email ada@example.com --password-stdin -q"
        address = "addresses add home --name Ada --line1 Road --city Berlin --postcode 10115 --country de -q"
        for line in (signup.split(), address.split()):
            with pytest.raises(SystemExit) as left:
                main(line)
            assert left.value.code == 0
    return data


@pytest.fixture
def ada(run: Run, furnished: Path, tmp_path: Path) -> Run:
    """Run `shop` as Ada."""
    shutil.copytree(furnished, tmp_path / "data")
    return run


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """Start `shop` on a terminal of 80 by 24."""
    started: list[pexpect.spawn[str]] = []

    def start(*words: str, columns: int = 80, rows: int = 24, **environment: str) -> "pexpect.spawn[str]":
        root = str(Path(__file__).parents[2])
        child = pexpect.spawn(
            sys.executable,
            ["-m", "shopcli", *words],
            env={**os.environ, "PYTHONPATH": root, **environment},
            encoding="utf-8",
            dimensions=(rows, columns),
            timeout=30,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.close(force=True)


@pytest.fixture
def person(terminal: Terminal) -> Asked:
    """Let somebody run `shop` on a terminal of 80 by 24, or another size."""

    def start(*words: str, size: tuple[int, int] = (80, 24), **environment: str) -> Person:
        columns, rows = size
        return Person(terminal(*words, columns=columns, rows=rows, **environment), size)

    return start


@pytest.fixture
def finish() -> Finish:
    """Wait for the end of a program on a terminal; the fixture returns the function that does."""
    return _finish


def _finish(child: "pexpect.spawn[str]") -> tuple[int | None, str]:
    """Wait for the end; return the exit code and what was on the screen since the last expectation."""
    child.expect(pexpect.EOF)
    screen = child.before or ""
    child.close()
    return child.exitstatus, screen
