"""What is prepared once and copied for each test that shops."""

import pytest

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
