"""PostgreSQL keeps what SQLite keeps: turns, durability, honest errors. On a real server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from backends.deadline import deadline
from backends.errors import (
    ConfigurationError,
    InvalidValue,
    Locked,
    Outcome,
    OutcomeUnknown,
    ShopError,
    StorageError,
    Unavailable,
)
from stub_services.database import UnreadableRow
from stub_services.postgres import PostgresDatabase
from stub_services.postgres_place import POOL_SIZE
from tests.conftest import countable_ids
from tests.postgres import Proxy, empty, execute, lonely_server, url

_numbers = countable_ids()

Opened = Callable[..., PostgresDatabase]


@pytest.fixture
def fresh() -> str:
    """A database that is not there yet."""
    return f"things_{_numbers()[-4:]}"


@pytest.fixture
def opened(runner: asyncio.Runner, migrations: Path) -> Iterator[Opened]:
    """Open a database without any tables as one more replica, which is closed in the end."""
    made: list[PostgresDatabase] = []

    def one_more(target: str | None = None, *, name: str = "things") -> PostgresDatabase:
        made.append(PostgresDatabase(target or url(), migrations, service="things", name=name))
        return made[-1]

    runner.run(empty("things"))
    yield one_more
    for database in made:
        runner.run(database.close())


async def put(things: PostgresDatabase, thing: str) -> None:
    async with things.write() as sql:
        assert await sql.run("INSERT INTO things (name) VALUES (?)", thing) == 1


async def names(things: PostgresDatabase) -> list[str]:
    async with things.read() as sql:
        return [row["name"] for row in await sql.all("SELECT name FROM things ORDER BY name")]


@asynccontextmanager
async def fails(error: type[ShopError], outcome: Outcome = Outcome.NOT_APPLIED) -> AsyncIterator[None]:
    with pytest.raises(error) as caught:
        yield
    assert caught.value.outcome is outcome
    assert caught.value.service == "things"
    assert "s3cret" not in told(caught.value)


def told(error: BaseException) -> str:
    """All that a log would show of an error and its causes."""
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return f"{error}\n{told(behind) if behind else ''}"


# --- transactions ----------------------------------------------------------------------------


async def test_what_is_written_is_there_after_reopening(opened: Opened, fresh: str) -> None:
    things = opened(name=fresh)
    await put(things, "one")
    await things.close()
    await things.close()
    assert await names(things) == ["one"]


async def test_every_commit_is_synced(opened: Opened) -> None:
    async with opened().write() as sql:
        setting = await sql.one("SHOW synchronous_commit")
    assert setting is not None
    assert setting["synchronous_commit"] == "on"


async def test_text_is_sorted_by_code_points(opened: Opened) -> None:
    things = opened()
    for thing in ("é", "z", "a", "Z", "_"):
        await put(things, thing)
    assert await names(things) == ["Z", "_", "a", "z", "é"]


async def test_a_block_that_raises_is_undone(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    things = opened()

    async def put_and_fail(failure: type[BaseException]) -> None:
        async with things.write() as sql:
            await sql.run("INSERT INTO things (name) VALUES ('one')")
            raise failure

    for failure in (KeyError, KeyboardInterrupt):
        with pytest.raises(failure):
            await put_and_fail(failure)
    assert await names(things) == []
    assert caplog.records == []  # the pool never has to clean up after us


async def test_a_block_that_is_cancelled_is_undone_and_gives_its_turn_away(opened: Opened) -> None:
    things, started = opened(), asyncio.Event()

    async def put_and_wait() -> None:
        async with things.write() as sql:
            await sql.run("INSERT INTO things (name) VALUES ('one')")
            started.set()
            await sql.one("SELECT pg_sleep(60)")

    putting = asyncio.create_task(put_and_wait())
    await started.wait()
    await asyncio.sleep(0)  # so that it is cancelled while the server works
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    await put(things, "two")
    assert await names(things) == ["two"]


async def test_a_failed_statement_cannot_be_committed_over(opened: Opened) -> None:
    things = opened()
    async with fails(StorageError), things.write() as sql:
        await sql.run("INSERT INTO things (name) VALUES ('one')")
        with pytest.raises(Exception, match="check"):
            await sql.run("INSERT INTO things (name) VALUES ('')")
    assert await names(things) == []


async def test_a_reader_sees_one_state(opened: Opened) -> None:
    one, two = opened(), opened()
    await put(one, "before")
    async with two.read() as sql:
        assert len(await sql.all("SELECT * FROM things")) == 1
        await put(one, "after")
        assert len(await sql.all("SELECT * FROM things")) == 1
    assert await names(two) == ["after", "before"]


async def test_a_reader_cannot_write(opened: Opened) -> None:
    async with fails(StorageError), opened().read() as sql:
        await sql.run("INSERT INTO things (name) VALUES ('one')")


async def test_writers_take_turns_also_in_several_replicas(opened: Opened) -> None:
    """Each reads, decides and writes: without turns they would write the same thing."""
    replicas = [opened() for _ in range(3)]

    async def put_next(things: PostgresDatabase) -> None:
        async with things.write() as sql:
            there = await sql.all("SELECT * FROM things")
            await sql.run("INSERT INTO things (name) VALUES (?)", f"{len(there):02}")

    await asyncio.gather(*(put_next(things) for things in replicas * 8))
    assert await names(replicas[0]) == [f"{number:02}" for number in range(24)]


async def test_waiting_writers_leave_connections_for_readers(opened: Opened) -> None:
    things = opened()
    async with things.write():
        waiting = [asyncio.create_task(put(things, f"{number}")) for number in range(POOL_SIZE + 5)]
        for _ in range(3):  # the first one lets the writers start
            assert await names(things) == []
    await asyncio.gather(*waiting)
    assert len(await names(things)) == POOL_SIZE + 5


async def test_more_readers_than_connections(opened: Opened) -> None:
    things = opened()
    assert await asyncio.gather(*(names(things) for _ in range(POOL_SIZE * 3))) == [[]] * POOL_SIZE * 3


@pytest.mark.parametrize("replicas", [1, 2])
async def test_a_turn_is_waited_for_until_the_deadline_only(opened: Opened, replicas: int) -> None:
    every = [opened() for _ in range(replicas)]
    one, two = every[0], every[-1]
    await put(one, "one")
    await put(two, "two")
    async with one.write():
        with deadline(0.05):
            async with fails(Locked):
                await put(two, "three")
    await put(two, "three")
    assert await names(one) == ["one", "three", "two"]


async def test_who_stands_still_blocks_nobody_beyond_its_deadline(opened: Opened) -> None:
    """A process that is stopped, or cut off, in the middle of a transaction: the server ends it."""
    one, two = opened(), opened()
    await names(two)
    holding, late = asyncio.Event(), asyncio.Event()

    async def stand_still() -> None:
        with deadline(0.2):
            async with one.write() as sql:
                await sql.run("INSERT INTO things (name) VALUES ('one')")
                holding.set()
                await late.wait()
                await sql.all("SELECT * FROM things")

    standing = asyncio.create_task(stand_still())
    await holding.wait()
    await put(two, "two")
    late.set()
    async with fails(Unavailable):
        await standing
    assert await names(two) == ["two"]


# --- connections -----------------------------------------------------------------------------


async def test_nobody_listens(opened: Opened) -> None:
    async with fails(Unavailable):
        await names(opened("postgresql://shop:s3cret@127.0.0.1:1/shop"))


async def test_who_starts_does_not_give_up_for_what_passes(opened: Opened, fresh: str) -> None:
    await execute(url(), f"CREATE ROLE {fresh} LOGIN CONNECTION LIMIT 0", database="postgres")
    things = opened(url().replace("//postgres:@", f"//{fresh}:s3cret@"))
    await things.reach()
    async with fails(Unavailable):
        await names(things)


async def test_a_server_that_never_answers(opened: Opened) -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    deaf = await asyncio.start_server(silence, "127.0.0.1", 0)
    port = deaf.sockets[0].getsockname()[1]
    with deadline(0.05):
        async with fails(Unavailable):
            await names(opened(f"postgresql://shop:s3cret@127.0.0.1:{port}/shop"))
    deaf.close()


async def test_a_connection_lost_before_the_commit_changed_nothing(opened: Opened) -> None:
    things = opened()

    async def lose(sql_too: str) -> None:
        async with things.write() as sql:
            await sql.run("INSERT INTO things (name) VALUES ('one')")
            row = await sql.one("SELECT pg_backend_pid() AS pid")
            assert row is not None
            await execute(url("postgres"), f"SELECT pg_terminate_backend({row['pid']}, 5000)", database="postgres")
            await asyncio.sleep(0)  # the loop hears of it
            await sql.all(sql_too)

    async with fails(Unavailable):
        await lose("SELECT 1")
    assert await names(things) == []


@pytest.mark.parametrize(("cut", "there"), [("before", []), ("after", ["one"])])
async def test_a_connection_lost_while_committing_leaves_it_unknown(opened: Opened, cut: str, there: list[str]) -> None:
    proxy = Proxy()
    async with proxy as target:
        things = opened(target)
        await names(things)
        proxy.cut = cut
        async with fails(OutcomeUnknown, Outcome.UNKNOWN):
            await put(things, "one")
        proxy.cut = None
        assert await names(things) == there
        await things.close()


async def test_a_reader_that_loses_its_connection_changed_nothing(opened: Opened) -> None:
    proxy = Proxy()
    async with proxy as target:
        things = opened(target)
        await names(things)
        proxy.cut = "before"
        async with fails(Unavailable):
            await names(things)
        await things.close()


async def test_a_server_that_was_restarted_is_found_again(opened: Opened) -> None:
    with lonely_server() as (target, stop, start):
        things = opened(target)
        await put(things, "one")
        await asyncio.gather(*(names(things) for _ in range(4)))  # several connections will be dead
        stop()
        async with fails(Unavailable):
            await put(things, "two")
        start()
        await put(things, "three")
        assert await names(things) == ["one", "three"]
        await things.close()


# --- databases and schemas -------------------------------------------------------------------


async def test_replicas_that_start_at_once_make_one_schema(opened: Opened, fresh: str) -> None:
    replicas = [opened(name=fresh) for _ in range(5)]
    assert await asyncio.gather(*map(names, replicas)) == [[]] * 5
    async with replicas[0].read() as sql:
        assert [row["version"] for row in await sql.all("SELECT version FROM schema_migrations")] == [1]


async def test_migrations_run_once_and_in_order(opened: Opened, migrations: Path) -> None:
    await put(opened(), "one")
    (migrations / "0002_more.sql").write_text("ALTER TABLE things ADD COLUMN size BIGINT;\n")
    (migrations / "0002_other.postgres.sql").write_text("UPDATE things SET size = 3;\n")
    (migrations / "0002_other.sqlite.sql").write_text("NONSENSE;\n")
    for things in (opened(), opened()):
        async with things.read() as sql:
            assert [dict(row) for row in await sql.all("SELECT * FROM things")] == [{"name": "one", "size": 3}]
            assert len(await sql.all("SELECT version FROM schema_migrations")) == 2


async def test_a_newer_schema_is_left_alone(opened: Opened, migrations: Path) -> None:
    (migrations / "0002_more.sql").write_text("CREATE TABLE more (x BIGINT);\n")
    await put(opened(), "one")
    (migrations / "0002_more.sql").unlink()
    async with fails(StorageError):
        await names(opened())


async def test_a_migration_that_fails_leaves_nothing_behind(opened: Opened, migrations: Path) -> None:
    (migrations / "0002_bad.sql").write_text("CREATE TABLE more (x BIGINT);\nNONSENSE;\n")
    things = opened()
    for _ in range(2):
        async with fails(StorageError):
            await names(things)
    (migrations / "0002_bad.sql").unlink()
    async with things.read() as sql:
        assert await sql.one("SELECT 1 FROM pg_tables WHERE tablename = 'more'") is None


async def test_whoever_may_not_create_databases_is_told_the_command(opened: Opened, fresh: str) -> None:
    await execute(url(), f"CREATE ROLE {fresh} LOGIN", database="postgres")
    things = opened(url().replace("//postgres:@", f"//{fresh}:s3cret@"), name=fresh)
    with pytest.raises(StorageError) as caught:
        await names(things)
    database = f"{urlsplit(url()).path[1:]}_{fresh}"
    assert caught.value.hint == f"createdb --template=template0 --locale=C {database}"
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    "wrong",
    [
        "mysql://shop:s3cret@127.0.0.1/shop",
        "postgresql://shop:pass/s3cret@127.0.0.1/shop",
        'postgresql://shop:s3cret@127.0.0.1/s"x',
        "postgresql://[s3cret/shop",
        "",
    ],
)
def test_a_url_that_is_wrong_is_not_repeated(wrong: str, migrations: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        PostgresDatabase(wrong, migrations, service="things")
    assert "s3cret" not in told(caught.value)


@pytest.mark.parametrize(
    "wrong", ["postgresql://shop:s3cret@127.0.0.1:s3cret/shop", "postgresql://shop:s3cret@127.0.0.1:99999/x"]
)
async def test_a_url_that_cannot_be_read_is_not_repeated(opened: Opened, wrong: str) -> None:
    async with fails(ConfigurationError):
        await names(opened(wrong))


# --- values ----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["\ud800", "a\0b", 10**400, b"x", 1.5])
async def test_a_value_that_does_not_fit(opened: Opened, value: object) -> None:
    things = opened()
    async with fails(InvalidValue), things.write() as sql:
        await sql.run("INSERT INTO things (name) VALUES (?)", value)
    assert await names(things) == []


async def test_a_number_that_does_not_fit(opened: Opened) -> None:
    async with fails(InvalidValue), opened().read() as sql:
        await sql.all("SELECT * FROM schema_migrations WHERE version = ?", 2**63)


async def test_whatever_else_postgresql_says_is_a_storage_error(opened: Opened) -> None:
    things = opened()
    async with fails(StorageError):
        await put(things, "")
    async with fails(StorageError), things.read() as sql:
        await sql.all("SELECT * FROM elsewhere")


async def test_what_no_shop_wrote_is_a_storage_error(opened: Opened) -> None:
    async with fails(StorageError), opened().read():
        raise UnreadableRow("KeyError in line")
