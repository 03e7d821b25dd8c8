import sqlite3
from pathlib import Path

import pytest

from backends.deadline import deadline
from backends.errors import InvalidValue, Locked, Outcome, ShopError, StorageError
from stub_services.sqlite import explain
from tests.stub_services.files import database, names, put, write


async def test_nothing_is_opened_before_it_is_used(path: Path, migrations: Path) -> None:
    things = database(path, migrations)
    await things.close()
    assert not path.parent.exists()


async def test_what_is_written_is_there_after_reopening(path: Path, migrations: Path) -> None:
    things = database(path, migrations)
    await put(things, "one")
    await things.close()
    await things.close()
    assert await names(things) == ["one"]
    await things.close()


async def test_directories_are_private(path: Path, migrations: Path) -> None:
    things = database(path, migrations)
    await put(things, "one")
    assert path.parent.stat().st_mode & 0o777 == 0o700
    await things.close()


async def test_every_commit_is_synced_in_a_write_ahead_log(path: Path, migrations: Path) -> None:
    things = database(path, migrations)
    async with things.read() as sql:
        settings = [await sql.one(f"PRAGMA {name}") for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert [next(iter(dict(row or {}).values())) for row in settings] == ["wal", 2, 1]
    await things.close()


async def test_a_block_that_raises_is_undone(migrations: Path) -> None:
    things = database(None, migrations)

    async def put_and_fail(failure: type[BaseException]) -> None:
        async with things.write() as sql:
            await sql.run("INSERT INTO things (name) VALUES ('one')")
            raise failure

    for failure in (KeyError, KeyboardInterrupt):
        with pytest.raises(failure):
            await put_and_fail(failure)
    assert await names(things) == []
    await things.close()


async def test_two_readers_and_a_writer_see_whole_states(path: Path, migrations: Path) -> None:
    one, two = database(path, migrations), database(path, migrations)
    await put(one, "before")
    async with two.read() as sql:
        assert await sql.one("SELECT count(*) AS n FROM things") is not None
        await put(one, "after")
        row = await sql.one("SELECT count(*) AS n FROM things")
        assert row is not None
        assert row["n"] == 1
    assert await names(two) == ["after", "before"]
    await one.close()
    await two.close()


async def test_a_lock_is_waited_for_until_the_deadline_only(path: Path, migrations: Path) -> None:
    one, two = database(path, migrations), database(path, migrations)
    await put(one, "one")
    await put(two, "two")
    async with one.write():
        with deadline(0.05), pytest.raises(Locked) as caught:
            await put(two, "three")
    assert caught.value.service == "things"
    assert caught.value.retryable
    assert caught.value.outcome is Outcome.NOT_APPLIED
    await put(two, "three")
    assert await names(one) == ["one", "three", "two"]
    await one.close()
    await two.close()


async def test_a_lock_while_opening_is_waited_for_until_the_deadline_only(path: Path, migrations: Path) -> None:
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE elsewhere (x)")
        other.commit()
        other.execute("BEGIN EXCLUSIVE")
        with deadline(0.05), pytest.raises(Locked):
            await names(database(path, migrations))
        other.rollback()
    other.close()


@pytest.mark.parametrize(
    "content", [b"this is no database, it is a letter" * 200, b"SQLite format 3\x00" + b"\xff" * 4000]
)
async def test_a_damaged_file(path: Path, migrations: Path, content: bytes) -> None:
    write(path, content)
    with pytest.raises(StorageError, match="damaged") as caught:
        await names(database(path, migrations))
    assert caught.value.service == "things"
    assert caught.value.hint is not None
    assert "mv" in caught.value.hint


async def test_a_file_that_is_a_directory(migrations: Path) -> None:
    with pytest.raises(StorageError):
        await names(database(migrations, migrations))


async def test_a_path_below_a_file(tmp_path: Path, migrations: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError) as caught:
        await names(database(tmp_path / "file" / "shop" / "things.db", migrations))
    assert caught.value.service == "things"


async def test_a_file_that_cannot_be_written_fails_at_once(
    path: Path, migrations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting helps against locks, not against missing rights."""
    write(path)
    connect = sqlite3.connect

    def read_only(_: object, **options: object) -> sqlite3.Connection:
        return connect(f"file:{path}?mode=ro", uri=True, **options)  # type: ignore[call-overload,no-any-return]

    def waited(seconds: float) -> None:
        pytest.fail(f"slept for {seconds} s")

    monkeypatch.setattr(sqlite3, "connect", read_only)
    monkeypatch.setattr("backends.deadline.time.sleep", waited)
    with deadline(0.5), pytest.raises(StorageError, match="cannot be opened for writing"):
        await names(database(path, migrations))


async def test_a_full_disk_changes_nothing(path: Path, migrations: Path) -> None:
    things = database(path, migrations)
    await put(things, "one")
    async with things.read() as sql:
        row = await sql.one("PRAGMA page_count")
        assert row is not None
        await sql.one(f"PRAGMA max_page_count = {row['page_count']}")
    with pytest.raises(StorageError, match="disk is full") as caught:
        await put(things, "x" * 100_000)
    assert caught.value.outcome is Outcome.NOT_APPLIED
    assert caught.value.service == "things"
    assert await names(things) == ["one"]
    await things.close()


@pytest.mark.parametrize("value", [2**63, "\ud800"])
async def test_a_value_that_does_not_fit(migrations: Path, value: object) -> None:
    things = database(None, migrations)
    with pytest.raises(InvalidValue):
        async with things.write() as sql:
            await sql.run("INSERT INTO things (name) VALUES (?)", value)
    await things.close()


async def test_whatever_else_sqlite_says_is_a_storage_error(migrations: Path) -> None:
    things = database(None, migrations)
    with pytest.raises(StorageError):
        await put(things, "")
    with pytest.raises(StorageError):
        async with things.read() as sql:
            await sql.all("SELECT * FROM elsewhere")
    await things.close()


@pytest.mark.parametrize(
    ("code", "outcome", "text"),
    [
        (sqlite3.SQLITE_IOERR_FSYNC, Outcome.UNKNOWN, "full or failing"),
        (sqlite3.SQLITE_READONLY, Outcome.NOT_APPLIED, "opened for writing"),
        (sqlite3.SQLITE_CANTOPEN, Outcome.NOT_APPLIED, "opened for writing"),
        (sqlite3.SQLITE_FULL, Outcome.NOT_APPLIED, "full"),
        (sqlite3.SQLITE_CORRUPT_VTAB, Outcome.NOT_APPLIED, "damaged"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Outcome.NOT_APPLIED, "busy"),
    ],
)
def test_what_sqlite_says_in_a_persons_words(code: int, outcome: Outcome, text: str) -> None:
    error = sqlite3.OperationalError("boom")
    error.sqlite_errorcode = code
    explained = explain(error, Path("/shop/things.db"), "things", Outcome.UNKNOWN)
    assert isinstance(explained, ShopError)
    assert (explained.outcome, explained.service) == (outcome, "things")
    assert text in explained.message
    assert explained.hint


async def test_a_commit_that_fails_is_undone(migrations: Path) -> None:
    (migrations / "0002_parts.sql").write_text(
        "CREATE TABLE parts (of TEXT REFERENCES parts (of) DEFERRABLE INITIALLY DEFERRED, UNIQUE (of));\n"
        "CREATE TABLE spare (of TEXT REFERENCES parts (of) DEFERRABLE INITIALLY DEFERRED);\n"
    )
    things = database(None, migrations)

    async def orphan() -> None:
        async with things.write() as sql:
            await sql.run("INSERT INTO spare (of) VALUES ('nothing')")

    with pytest.raises(StorageError):
        await orphan()
    await put(things, "one")
    async with things.read() as sql:
        assert await sql.all("SELECT * FROM spare") == []
    await things.close()
