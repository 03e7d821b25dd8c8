"""One checkout at a time in a profile, and what a killed process leaves: tests of the journal that need processes."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backends.deadline import deadline
from backends.errors import Locked
from shopcli.core.journal import Journal

_RECORD = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from shopcli.core.intents import Cancelling
from shopcli.core.journal import Journal
Journal(Path(sys.argv[1])).record(Cancelling("c", "o", "account-1", datetime.now(UTC)))
os.kill(os.getpid(), signal.SIGKILL)
"""
_HOLD = """
import sys
from pathlib import Path
from shopcli.core.journal import Journal
with Journal(Path(sys.argv[1])).exclusive():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal(path)
    yield opened
    opened.close()


def python(code: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        env={**os.environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock until its stdin ends."""
    with python(_HOLD, path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_an_entry_survives_the_kill_of_its_process(path: Path) -> None:
    with python(_RECORD, path) as process:
        process.communicate()

    assert process.returncode == -signal.SIGKILL
    with closing(Journal(path)) as journal:
        assert [entry.key for entry in journal.unfinished("account-1")] == ["c"]


def test_only_one_process_holds_the_lock(journal: Journal, holder: subprocess.Popen[str]) -> None:
    with journal.exclusive(wait=False) as held:
        assert not held
    with deadline(0.05), pytest.raises(Locked, match="another terminal") as caught, journal.exclusive():
        pass

    assert (caught.value.exit_code, caught.value.hint) == (10, "shop orders list")


def test_who_waits_gets_the_lock_when_it_is_free(journal: Journal, holder: subprocess.Popen[str]) -> None:
    got: list[bool] = []

    def wait() -> None:
        with journal.exclusive() as held:
            got.append(held)

    waiting = threading.Thread(target=wait)
    waiting.start()
    holder.communicate("")
    waiting.join()

    assert got == [True]


def test_a_killed_process_loses_its_lock(journal: Journal, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()

    with journal.exclusive(wait=False) as held:
        assert held
