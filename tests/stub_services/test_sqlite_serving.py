"""SQLite while serving: writes share commits, reads wait for nobody, and nobody is answered before the disk has it."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from backends.deadline import deadline
from backends.errors import InvalidValue, Locked, Outcome, ShopError, StorageError
from stub_services.sqlite import SqliteStatements
from stub_services.sqlite_serving import ServingSqlite
from tests.stub_services.files import names

SCHEMA = """CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY);
CREATE TABLE things (name TEXT CHECK (name <> ''));
CREATE TABLE owners (id TEXT PRIMARY KEY);
CREATE TABLE owned (owner TEXT REFERENCES owners (id) DEFERRABLE INITIALLY DEFERRED);
"""


class Watching:
    """A connection whose statements are seen, and whose commits may fail."""

    def __init__(self, connection: sqlite3.Connection, watched: "Watched") -> None:
        self._connection = connection
        self._watched = watched

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._connection, name)

    def execute(self, sql: str, parameters: tuple[object, ...] = ()) -> sqlite3.Cursor:
        self._watched.statements.append(sql)
        if sql == "COMMIT" and self._watched.on_commit is not None:
            self._watched.on_commit()
        return self._connection.execute(sql, parameters)


class Watched(ServingSqlite):
    """A database that tells what it executes."""

    def __init__(self, path: Path, migrations: Path) -> None:
        super().__init__(path, migrations, service="things")
        self.statements: list[str] = []
        self.on_commit: Callable[[], None] | None = None

    def _connect(self) -> sqlite3.Connection:
        return Watching(super()._connect(), self)  # type: ignore[return-value]  # it does all that one does

    @property
    def commits(self) -> int:
        return self.statements.count("COMMIT")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "schema"
    folder.mkdir()
    (folder / "0001_things.sql").write_text(SCHEMA)
    return folder


@pytest.fixture
def things(tmp_path: Path, folder: Path, runner: asyncio.Runner) -> Iterator[Watched]:
    database = Watched(tmp_path / "things.db", folder)
    runner.run(put(database, "first"))
    database.statements.clear()
    yield database
    database.on_commit = None
    runner.run(database.close())


@pytest.fixture
def other(things: Watched, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another process with the same file."""
    connection = sqlite3.connect(tmp_path / "things.db", isolation_level=None, timeout=0)
    yield connection
    connection.close()


async def put(things: ServingSqlite, name: str) -> None:
    async with things.write() as sql:
        await sql.run("INSERT INTO things (name) VALUES (?)", name)


def fail(code: int) -> Callable[[], None]:
    def commit() -> None:
        error = sqlite3.OperationalError("the commit failed")
        error.sqlite_errorcode = code
        raise error

    return commit


# --- commits that are shared ---------------------------------------------------------------------


async def test_writes_that_come_together_share_a_commit(things: Watched) -> None:
    await asyncio.gather(*(put(things, f"{n:03}") for n in range(100)))
    assert things.commits < 5
    assert len(await names(things)) == 101


async def test_writes_that_come_one_by_one_are_committed_one_by_one(things: Watched) -> None:
    for n in range(3):
        await put(things, str(n))
    assert things.commits == 3


async def test_nobody_is_answered_before_the_commit(things: Watched, other: sqlite3.Connection) -> None:
    order: list[str] = []
    things.on_commit = lambda: order.append("commit")

    async def write(name: str) -> None:
        await put(things, name)
        order.append(name)
        assert other.execute("SELECT count(*) FROM things WHERE name = ?", (name,)).fetchone() == (1,)

    await asyncio.gather(*map(write, "abc"))
    assert order == ["commit", "a", "b", "c"]


async def test_what_takes_long_keeps_no_reader_waiting(things: Watched) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    async def change(sql: SqliteStatements) -> int:
        await sql.run("INSERT INTO things (name) VALUES ('long')")
        begun.set()
        assert goes_on.wait(20)
        return await sql.run("INSERT INTO things (name) VALUES ('longer')")

    changing = asyncio.create_task(things.apart(change))
    await asyncio.to_thread(begun.wait, 20)
    assert await names(things) == ["first"]
    before = things.version()
    with deadline(0.05), pytest.raises(Locked):
        await put(things, "too early")
    goes_on.set()
    assert await changing == 1
    assert await names(things) == ["first", "long", "longer"]
    assert things.version() != before
    await put(things, "next")
    assert len(await names(things)) == 4


async def test_what_takes_long_and_fails_is_undone(things: Watched) -> None:
    async def change(sql: SqliteStatements) -> None:
        await sql.run("INSERT INTO things (name) VALUES ('long')")
        await sql.run("INSERT INTO things (name) VALUES ('')")

    with pytest.raises(StorageError):
        await things.apart(change)
    assert await names(things) == ["first"]


async def test_what_fails_is_undone_alone(things: Watched) -> None:
    async def wrong(name: str) -> None:
        async with things.write() as sql:
            await sql.run("INSERT INTO things (name) VALUES (?)", name)
            await sql.run("INSERT INTO things (name) VALUES ('')")  # the schema refuses it

    async def raises(failure: BaseException) -> None:
        async with things.write() as sql:
            await sql.run("INSERT INTO things (name) VALUES ('undone')")
            raise failure

    writing = [put(things, "a"), wrong("b"), raises(InvalidValue("no")), put(things, "c"), raises(KeyError())]
    answers = await asyncio.gather(*writing, put(things, "d"), return_exceptions=True)
    done = type(None)
    assert [type(answer) for answer in answers] == [done, StorageError, InvalidValue, done, KeyError, done]
    assert await names(things) == ["a", "c", "d", "first"]
    assert things.commits == 1


async def test_a_later_block_sees_what_an_earlier_one_of_the_commit_wrote(things: Watched) -> None:
    async def add() -> bool:
        async with things.write() as sql:
            if await sql.one("SELECT 1 FROM things WHERE name = 'once'"):
                return False
            await sql.run("INSERT INTO things (name) VALUES ('once')")
            return True

    assert sorted(await asyncio.gather(*(add() for _ in range(10)))) == [False] * 9 + [True]
    assert things.commits == 1


@pytest.mark.parametrize("together", [1, 5])
async def test_a_commit_that_fails_half_way_is_unknown_to_all_in_it(things: Watched, together: int) -> None:
    things.on_commit = fail(sqlite3.SQLITE_IOERR_FSYNC)
    answers = await asyncio.gather(*(put(things, str(n)) for n in range(together)), return_exceptions=True)
    assert len(answers) == together
    for answer in answers:
        assert isinstance(answer, StorageError)
        assert answer.outcome is Outcome.UNKNOWN
    things.on_commit = None
    await put(things, "later")
    assert await names(things) == ["first", "later"]


async def test_a_commit_that_is_refused_is_nobodys(things: Watched) -> None:
    """A violated deferred constraint: SQLite says so at the commit, which did not happen."""

    async def own() -> None:
        async with things.write() as sql:
            await sql.run("INSERT INTO owned (owner) VALUES ('nobody')")

    answers = await asyncio.gather(put(things, "a"), own(), put(things, "b"), return_exceptions=True)
    assert [type(answer) for answer in answers] == [StorageError] * 3
    assert await names(things) == ["first"]
    await put(things, "later")
    assert await names(things) == ["first", "later"]


async def test_each_of_a_failed_commit_gets_an_error_of_its_own(things: Watched) -> None:
    things.on_commit = fail(sqlite3.SQLITE_FULL)
    answers = await asyncio.gather(*(put(things, str(n)) for n in range(3)), return_exceptions=True)
    assert len({id(answer) for answer in answers}) == 3
    assert all("disk is full" in str(answer) for answer in answers)


# --- reads -----------------------------------------------------------------------------------------


async def test_reads_see_what_is_committed_only(things: Watched) -> None:
    async with things.write() as sql:
        await sql.run("INSERT INTO things (name) VALUES ('second')")
        assert await names(things) == ["first"]
    assert await names(things) == ["first", "second"]


async def test_reads_do_not_wait_for_other_processes(things: Watched, other: sqlite3.Connection) -> None:
    other.execute("BEGIN EXCLUSIVE")
    assert await names(things) == ["first"]
    other.execute("ROLLBACK")


async def test_readers_do_not_write(things: Watched) -> None:
    with pytest.raises(StorageError):
        async with things.read() as sql:
            await sql.run("INSERT INTO things (name) VALUES ('no')")
    assert await names(things) == ["first"]


async def test_a_read_that_fails_leaves_the_reader_usable(things: Watched) -> None:
    for failure in (KeyError, asyncio.CancelledError):
        with pytest.raises(failure):
            async with things.read():
                raise failure
    with pytest.raises(StorageError):
        async with things.read() as sql:
            await sql.all("SELECT nonsense FROM nowhere")
    assert await names(things) == ["first"]


async def test_the_version_changes_with_every_commit_of_anybody(things: Watched, other: sqlite3.Connection) -> None:
    assert things.version() is None, "nobody has looked"
    await names(things)
    seen = [things.version()]
    await names(things)
    assert things.version() == seen[0]
    await put(things, "a")
    seen.append(things.version())
    other.execute("INSERT INTO things (name) VALUES ('b')")
    seen.append(things.version())
    assert len(set(seen)) == 3


# --- another process ---------------------------------------------------------------------------------


async def test_a_lock_of_another_process_is_waited_for_without_blocking(
    things: Watched, other: sqlite3.Connection
) -> None:
    other.execute("BEGIN IMMEDIATE")
    with deadline(30):
        writing = asyncio.create_task(put(things, "waited"))
        while things.statements.count("BEGIN IMMEDIATE") < 3:  # noqa: ASYNC110  it tries again and the loop goes on
            await asyncio.sleep(0)
        assert await names(things) == ["first"]
        assert not writing.done()
        other.execute("COMMIT")
        await writing
    assert await names(things) == ["first", "waited"]


async def test_a_lock_that_lasts_is_reported(things: Watched, other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with deadline(0.05):
        answers = await asyncio.gather(*(put(things, str(n)) for n in range(3)), return_exceptions=True)
    assert time.monotonic() - began < 5
    for answer in answers:
        assert isinstance(answer, Locked)
        assert answer.outcome is Outcome.NOT_APPLIED
    other.execute("ROLLBACK")
    await put(things, "later")
    assert await names(things) == ["first", "later"]


async def test_whoever_has_no_time_does_not_wait(things: Watched, other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    with deadline(0), pytest.raises(Locked):
        await put(things, "no")
    assert things.statements.count("BEGIN IMMEDIATE") == 1
    other.execute("ROLLBACK")


async def test_who_cannot_wait_does_not_hurt_who_can(things: Watched, other: sqlite3.Connection) -> None:
    async def within(seconds: float, name: str) -> None:
        with deadline(seconds):
            await put(things, name)

    other.execute("BEGIN IMMEDIATE")
    patient = asyncio.create_task(within(30, "patient"))
    with pytest.raises(Locked):
        await within(0.01, "hasty")
    other.execute("ROLLBACK")
    await patient
    assert await names(things) == ["first", "patient"]


# --- cancellation and closing --------------------------------------------------------------------------


async def test_one_that_is_cancelled_does_not_hurt_the_others(things: Watched) -> None:
    writing = [asyncio.create_task(put(things, str(n))) for n in range(3)]
    await asyncio.sleep(0)
    assert things.commits == 0
    writing[1].cancel()
    answers = await asyncio.gather(*writing, return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), asyncio.CancelledError, type(None)]
    assert set(await names(things)) >= {"0", "2"}
    await put(things, "later")
    assert "later" in await names(things)


async def test_one_that_is_cancelled_while_it_waits_for_a_lock(things: Watched, other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    with deadline(30):
        writing = asyncio.create_task(put(things, "cancelled"))
        while not things.statements.count("BEGIN IMMEDIATE"):  # noqa: ASYNC110  no event tells it
            await asyncio.sleep(0)
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
    other.execute("ROLLBACK")
    await put(things, "later")
    assert await names(things) == ["first", "later"]


async def test_closing_waits_for_the_commit(things: Watched, tmp_path: Path) -> None:
    writing = asyncio.create_task(put(things, "last"))
    await asyncio.sleep(0)
    assert things.commits == 0
    await things.close()
    await writing
    with sqlite3.connect(tmp_path / "things.db") as connection:
        assert connection.execute("SELECT count(*) FROM things").fetchone() == (2,)
    connection.close()


async def test_closing_is_idempotent_and_not_the_end(things: Watched) -> None:
    await things.close()
    await things.close()
    assert await names(things) == ["first"]
    await put(things, "again")
    assert await names(things) == ["again", "first"]


# --- a disk that is full in the middle -------------------------------------------------------------------


async def test_a_statement_that_ends_the_whole_transaction(things: Watched) -> None:
    """SQLite may roll everything back by itself, when the disk is full say: nobody is told that it was written."""
    async with things.write() as sql:
        (pages,) = dict(await sql.one("PRAGMA page_count") or {}).values()
        await sql.one(f"PRAGMA max_page_count = {pages + 2}")

    async def much() -> None:
        async with things.write() as sql:
            await sql.run("INSERT OR ROLLBACK INTO things (name) VALUES (zeroblob(100000))")

    answers = await asyncio.gather(put(things, "a"), much(), put(things, "b"), return_exceptions=True)
    kept = await names(things)
    for name, answer in (("a", answers[0]), ("b", answers[2])):
        assert isinstance(answer, ShopError | None)
        assert (name in kept) == (answer is None)
    assert isinstance(answers[1], StorageError)
    await put(things, "c")
    assert "c" in await names(things)
