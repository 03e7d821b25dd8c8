import fcntl
import os
from collections.abc import MutableMapping
from multiprocessing import get_context
from pathlib import Path

import pytest

from backends.deadline import deadline
from backends.errors import ConfigurationError, Locked, StorageError
from backends.registry import MemorySessions
from shopcli.core.sessions import FileSessions, SessionCorrupted


@pytest.fixture
def sessions(tmp_path: Path) -> FileSessions:
    return FileSessions(tmp_path / "state" / "session.json")


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_store_without_a_file_is_empty_and_reading_makes_none(sessions: FileSessions) -> None:
    assert sessions.read() == {}
    assert not sessions.path.parent.exists()


def test_update_stores_and_returns_what_the_change_returns(sessions: FileSessions) -> None:
    assert sessions.update(lambda stored: stored.setdefault("token", "t")) == "t"
    assert sessions.read() == {"token": "t"}


def test_the_file_and_its_directory_are_for_the_owner_only(sessions: FileSessions) -> None:
    sessions.update(lambda stored: stored.update(token="t"))

    assert _mode(sessions.path) == 0o600
    assert _mode(sessions.path.parent) == 0o700


def test_a_file_that_others_can_read_is_tightened(sessions: FileSessions) -> None:
    sessions.update(lambda stored: stored.update(token="t"))
    sessions.path.chmod(0o644)

    assert sessions.read() == {"token": "t"}
    assert _mode(sessions.path) == 0o600


@pytest.mark.parametrize("damage", ["{", "[]", '{"token": 1}', "\xff", ""])
def test_a_damaged_file_names_itself_and_the_way_out(sessions: FileSessions, damage: str) -> None:
    sessions.update(lambda stored: stored.update(token="t"))
    sessions.path.write_bytes(damage.encode("latin-1"))

    with pytest.raises(SessionCorrupted, match=r"session\.json") as caught:
        sessions.read()
    assert caught.value.hint == "shop logout"
    sessions.reset()
    assert sessions.read() == {}


def test_a_failing_change_stores_nothing(sessions: FileSessions) -> None:
    def fail(stored: MutableMapping[str, str]) -> None:
        stored["token"] = "t"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        sessions.update(fail)
    assert sessions.read() == {}


def test_what_a_killed_process_left_is_in_nobodys_way(sessions: FileSessions) -> None:
    sessions.reset()
    sessions.path.with_name("session.json.new").write_text("half a fi")

    sessions.update(lambda stored: stored.update(token="t"))

    assert sessions.read() == {"token": "t"}


def test_a_planted_link_is_replaced_and_not_written_through(sessions: FileSessions, tmp_path: Path) -> None:
    sessions.reset()
    elsewhere = tmp_path / "of-somebody-else"
    elsewhere.write_text("{}")
    sessions.path.unlink()
    for planted in (sessions.path, sessions.path.with_name("session.json.new")):
        planted.symlink_to(elsewhere)

    sessions.update(lambda stored: stored.update(token="t"))

    assert elsewhere.read_text() == "{}"
    assert not sessions.path.is_symlink()
    assert sessions.read() == {"token": "t"}


def test_a_lock_that_stays_held_ends_with_the_deadline(sessions: FileSessions) -> None:
    sessions.reset()
    lock = os.open(sessions.path.with_name("session.json.lock"), os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)

    with deadline(0.05), pytest.raises(Locked):
        sessions.update(lambda stored: stored.clear())
    os.close(lock)


def test_an_unreadable_file_is_a_storage_error(sessions: FileSessions) -> None:
    sessions.path.mkdir(parents=True)

    with pytest.raises(StorageError):
        sessions.read()


def _count(path: Path, times: int) -> None:
    def increase(stored: MutableMapping[str, str]) -> None:
        stored["n"] = str(int(stored.get("n", "0")) + 1)

    for _ in range(times):
        FileSessions(path).update(increase)


def test_no_update_is_lost_among_processes(sessions: FileSessions) -> None:
    spawn = get_context("spawn")
    workers = [spawn.Process(target=_count, args=(sessions.path, 20)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sessions.read() == {"n": "60"}


def test_what_is_no_text_is_refused_before_it_makes_the_session_unreadable(sessions: FileSessions) -> None:
    sessions.update(lambda stored: stored.update(token="t"))

    for store in (sessions, MemorySessions()):
        before = store.read()
        with pytest.raises(ConfigurationError, match="keeps a dict as 'lines' in its session, which holds text only"):
            store.update(lambda stored: stored.update(lines={"tea": 2}))  # type: ignore[call-overload]
        assert store.read() == before
