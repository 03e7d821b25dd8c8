"""A database of one table, for the tests of stub_services.sqlite."""

from pathlib import Path

from stub_services.sqlite import SqliteDatabase

SCHEMA = """CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY);
CREATE TABLE things (name TEXT CHECK (name <> ''));
"""


def database(path: Path | None, migrations: Path) -> SqliteDatabase:
    return SqliteDatabase(path, migrations, service="things")


def write(path: Path, content: bytes = b"") -> None:
    """Put something else where the database should be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


async def put(things: SqliteDatabase, name: str) -> None:
    async with things.write() as sql:
        assert await sql.run("INSERT INTO things (name) VALUES (?)", name) == 1


async def names(things: SqliteDatabase) -> list[str]:
    async with things.read() as sql:
        return [row["name"] for row in await sql.all("SELECT name FROM things ORDER BY name")]
