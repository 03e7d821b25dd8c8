"""The databases of a local shop: whether SQLite finds them whole. Nothing is written."""

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from shlex import join
from time import monotonic
from urllib.parse import quote

from shopcli.core.doctor.finding import Finding, State, Surroundings, guarded

_SECONDS = 3.0
"""For each file; some 300 MB on a fast disk."""
_STEPS = 10_000
"""Of SQLite's virtual machine, between two looks at the clock."""
_LOST = "put a backup in its place if there is one, as moving it away loses all that is in it"


def local_databases(surroundings: Surroundings) -> Iterator[Finding]:
    """Each file of the shop in use, where that is a directory of this computer."""
    shop = surroundings.known_shop()
    scheme, _, directory = shop.url.partition(":") if shop else ("", "", "")
    if scheme != "sqlite":
        return
    files = sorted(Path(directory).glob("*.db"))
    if not files:
        yield Finding(State.OK, "databases", f"made at the first use, in {directory}")
    for file in files:
        yield from guarded(f"database {file.name}", partial(_database, file), surroundings)


def _database(file: Path, _: Surroundings) -> Iterator[Finding]:
    subject, aside = f"database {file.name}", join(["mv", str(file), f"{file}.damaged"])
    try:
        trouble = _trouble(file)
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary one (https://sqlite.org/rescode.html)
        if code == sqlite3.SQLITE_INTERRUPT:
            yield Finding(State.WARNING, subject, f"too large to be looked through in {_SECONDS:.0f} seconds")
        elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            yield Finding(State.WARNING, subject, "another process keeps it busy", "shop doctor")
        elif code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            yield Finding(State.WRONG, subject, f"{file} is damaged: {error}; {_LOST}", aside)
        else:
            yield Finding(State.WRONG, subject, f"{file} cannot be read: {error}", join(["ls", "-l", str(file)]))
        return
    if trouble:
        yield Finding(State.WRONG, subject, f"{file} is damaged: {trouble}; {_LOST}", aside)
    else:
        yield Finding(State.OK, subject, f"{file.stat().st_size:,} bytes, whole")


def _trouble(file: Path) -> str | None:
    """Return what SQLite finds, None for nothing. Raises sqlite3.DatabaseError."""
    writers = file.with_name(f"{file.name}-wal")
    if not writers.exists():
        # Nobody has it open. As immutable it needs no files beside it, which a reader could not take away again; should
        # somebody begin to write meanwhile, what was found is worth nothing.
        try:
            trouble = _checked(file, "immutable=1")
        except sqlite3.DatabaseError:
            if not writers.exists():
                raise
        else:
            if trouble is None or not writers.exists():
                return trouble
    return _checked(file, "mode=ro")


def _checked(file: Path, how: str) -> str | None:
    connection = sqlite3.connect(f"file:{quote(str(file))}?{how}", uri=True, timeout=1)
    ends = monotonic() + _SECONDS
    connection.set_progress_handler(lambda: monotonic() > ends, _STEPS)
    try:
        (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    finally:
        connection.close()
    return None if said == "ok" else str(said).removeprefix("*** in database main ***\n")
