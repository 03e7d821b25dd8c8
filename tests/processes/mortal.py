"""Run `shop` and kill it at one moment of its life: `python mortal.py REPORT MOMENT ARGUMENT...`.

One moment passes before each statement that goes to any SQLite file, one behind each COMMIT, and one at the end, when
all is printed. In between nothing reaches a disk, so a kill at any other time leaves nothing else behind. REPORT gets a
line for each moment that is reached. MOMENT 0 kills nothing: such a run counts.
"""

import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

MOMENT = int(sys.argv[2])
report = Path(sys.argv[1]).open("w", encoding="utf-8", buffering=1)  # noqa: SIM115  open for as long as it lives
passed = 0


def reach(what: str) -> None:
    """Pass a moment, or die at it."""
    global passed  # noqa: PLW0603  one process, one count
    passed += 1
    report.write(f"{what}\n")
    if passed == MOMENT:
        os.kill(os.getpid(), signal.SIGKILL)


class Mortal(sqlite3.Connection):
    """A connection that dies when its time has come."""

    file = ""
    writes = False

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:  # noqa: ANN401  as it comes
        """Execute, between two moments."""
        verb = (sql.split() or [""])[0]
        if verb == "BEGIN":
            self.writes = sql.endswith("IMMEDIATE")
        what = f"{'write' if self.writes else 'read'} {verb} {self.file}" if verb == "COMMIT" else f"{verb} {self.file}"
        reach(f"before {what}")
        cursor = super().execute(sql, parameters)
        if verb == "COMMIT":
            reach(f"after {what}")
        return cursor


_connect = sqlite3.connect


def connect(path: str | Path, **options: Any) -> sqlite3.Connection:  # noqa: ANN401
    """Stand in for `sqlite3.connect`."""
    connection: Mortal = _connect(path, factory=Mortal, **options)
    connection.file = Path(path).name
    return connection


sqlite3.connect = connect  # type: ignore[assignment]

from shopcli.cli.main import main  # noqa: E402  only now

try:
    main(sys.argv[3:])
finally:
    sys.stdout.flush()
    reach("end")
