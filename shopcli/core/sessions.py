"""Sessions on disk: who is logged in at a shop, and which cart is a guest's."""

import json
import os
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from backends.errors import Locked, StorageError
from backends.private import FILE, OTHERS, write_json
from shopcli.core.locks import locked
from shopcli.core.paths import private_directory, unusable

T = TypeVar("T")


class SessionCorrupted(StorageError):
    """The session file is damaged. It only says who is logged in, so `shop logout` replaces it."""

    default_hint = "shop logout"


class FileSessions:
    """A `SessionStore` in one JSON file for the owner only (0600 in a 0700 directory).

    A write replaces the whole file, so a reader never waits and never sees half of one. Writers take turns.
    """

    def __init__(self, path: Path) -> None:
        """Keep sessions in `path`; nothing is touched before the first call."""
        self.path = path

    def read(self) -> dict[str, str]:
        """Return a copy of what is stored. Raises StorageError, SessionCorrupted."""
        try:
            with self.path.open("rb") as file:
                if os.fstat(file.fileno()).st_mode & OTHERS:
                    os.fchmod(file.fileno(), FILE)
                stored = json.loads(file.read())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise unusable(self.path, error) from None
        except (ValueError, RecursionError):
            stored = None
        if not isinstance(stored, dict) or not all(isinstance(value, str) for value in stored.values()):
            raise SessionCorrupted(f"the session file {self.path} is damaged")
        return stored

    def update(self, change: Callable[[MutableMapping[str, str]], T]) -> T:
        """Change the stored mapping in place, atomically among processes, and return what `change` returns.

        Waits for other writers as long as the deadline allows, then raises Locked.
        """
        with self._locked():
            stored = self.read()
            before = dict(stored)
            result = change(stored)
            if stored != before:
                self._write(stored)
        return result

    def reset(self) -> None:
        """Forget everything, even if the file is damaged."""
        with self._locked():
            self._write({})

    @contextmanager
    def _locked(self) -> Iterator[None]:
        private_directory(self.path.parent)
        with locked(self.path.with_name(f"{self.path.name}.lock")) as held:
            if not held:
                raise Locked("another shop command is changing the session", hint="run the same command again")
            yield

    def _write(self, stored: dict[str, str]) -> None:
        try:
            write_json(self.path, stored)
        except OSError as error:
            raise unusable(self.path, error) from None
