import sqlite3
from pathlib import Path

import pytest

from backends.errors import StorageError
from stub_services import sqlite as module
from stub_services.sqlite import migrate
from tests.stub_services.files import database, names, put


async def test_migrations_run_once_and_in_order(path: Path, migrations: Path) -> None:
    things = database(path, migrations)
    await put(things, "one")
    await things.close()
    (migrations / "0002_more.sql").write_text(
        "ALTER TABLE things ADD COLUMN size BIGINT;\nUPDATE things SET size = 3;\n"
    )
    for _ in range(2):
        async with things.read() as sql:
            assert [dict(row) for row in await sql.all("SELECT * FROM things")] == [{"name": "one", "size": 3}]
            versions = await sql.all("SELECT version FROM schema_migrations ORDER BY version")
        assert [row["version"] for row in versions] == [1, 2]
        await things.close()


async def test_a_newer_schema_is_left_alone(path: Path, migrations: Path) -> None:
    (migrations / "0002_more.sql").write_text("CREATE TABLE more (x);\n")
    things = database(path, migrations)
    await put(things, "one")
    await things.close()
    (migrations / "0002_more.sql").unlink()
    with pytest.raises(StorageError, match="newer shop") as caught:
        await names(things)
    assert caught.value.hint is not None
    assert caught.value.service == "things"


async def test_a_migration_that_fails_leaves_nothing_behind(path: Path, migrations: Path) -> None:
    (migrations / "0002_bad.sql").write_text("CREATE TABLE more (x);\nNONSENSE;\n")
    with pytest.raises(StorageError):
        await names(database(path, migrations))
    (migrations / "0002_bad.sql").unlink()
    things = database(path, migrations)
    async with things.read() as sql:
        assert await sql.one("SELECT 1 FROM sqlite_master WHERE name = 'more'") is None
    await things.close()


def test_a_migration_that_another_process_did_meanwhile_is_skipped(path: Path, migrations: Path) -> None:
    path.parent.mkdir(parents=True)
    one, two = (sqlite3.connect(path, isolation_level=None) for _ in range(2))
    stale = module._version(two)  # noqa: SLF001  what the second process saw before the first one was done
    migrate(one, migrations)
    assert stale == 0
    migrate(two, migrations)
    assert two.execute("SELECT version FROM schema_migrations").fetchall() == [(1,)]
    one.close()
    two.close()


async def test_a_foreign_database_under_our_name_is_a_storage_error(path: Path, migrations: Path) -> None:
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE things (somebody, elses)")
    other.close()
    with pytest.raises(StorageError):
        await names(database(path, migrations))
