"""`shop serve` as a real process with real children, for tests."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from backends import MemorySessions
from tests import postgres

_KEPT = ("schema_migrations", "signing_keys")
_DATABASES = ("users", "products", "carts", "orders", "payments", "processor")
_DELETE = """DO $$
DECLARE name TEXT;
BEGIN
    SET LOCAL session_replication_role = replica;  -- whoever references whom
    FOR name IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename NOT IN ('schema_migrations', 'signing_keys') LOOP
        EXECUTE 'DELETE FROM ' || name;
    END LOOP;
END $$"""
_SERVE = (sys.executable, "-m", "shopcli", "serve", "--json", "--port", "0")


class Served:
    """A shop that is being served; `arguments` go to `shop serve`."""

    def __init__(self, directory: Path, *arguments: str, database_url: str | None = None) -> None:
        self.data = directory / "served"
        self.log = directory / "serve.log"
        self._database_url = database_url
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SHOP_", "COV"))}
        environment |= {"SHOP_DATA_DIR": str(directory / "home"), "PYTHONUNBUFFERED": "1"}
        if database_url is not None:
            environment["SHOP_DATABASE_URL"] = database_url
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*_SERVE, "--data", str(self.data), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()  # pytest-timeout bounds it
        assert line, self.log.read_text("utf-8")
        self.told: dict[str, Any] = json.loads(line)
        self.url: str = self.told["gateway"]

    def owner(self) -> MemorySessions:
        """The session of whoever may read the owner's file."""
        sessions = MemorySessions()
        sessions.update(lambda kept: kept.update(owner=self.told["owner"], origin=self.url))
        return sessions

    def empty(self) -> None:
        """Forget all that happened in the shop but the key that signs tokens."""
        if self._database_url is not None:
            asyncio.run(_forget(self._database_url))
            return
        for file in self.data.glob("*.db"):
            with closing(sqlite3.connect(file, isolation_level=None, timeout=20)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
                for (table,) in tables:
                    if table not in _KEPT and not table.startswith("search_"):
                        connection.execute(f"DELETE FROM {table}")  # noqa: S608  our own schema
                connection.execute("COMMIT")

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=30)


async def _forget(url: str) -> None:
    base = urlsplit(url).path.removeprefix("/")
    for name in _DATABASES:
        await postgres.execute(url, _DELETE, database=f"{base}_{name}")
