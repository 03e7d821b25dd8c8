"""What is prepared once and copied for each test that shops."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes.scripted import World
from tests.processes.terminal import GOODS, Terminal


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """Somebody logged in, with an address and a full cart; never used, only copied."""
    terminal = Terminal(tmp_path_factory.mktemp("ready") / "data")
    terminal.sign_up().ok()
    terminal.fill(GOODS)
    return terminal


@pytest.fixture(scope="session")
def paid(ready: Terminal, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """The same person after a checkout; only copied, too."""
    terminal = ready.copy(tmp_path_factory.mktemp("paid") / "data")
    terminal.run("checkout", "--yes", "--pay", "tok_visa").ok()
    return terminal


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path, monkeypatch)
    yield made
    made.close()
