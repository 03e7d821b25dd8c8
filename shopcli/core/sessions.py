"""Sessions on disk: who is logged in at a shop, and which cart is a guest's.

Tokens are in the file too, or, where the person chose that, in the system's keyring (`keyring_sessions`).
"""

import json
import os
import stat
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from backends.errors import ConfigurationError, Locked, StorageError
from backends.private import FILE, OTHERS, write_json
from backends.registry import see_that_it_is_text
from shopcli.core.locks import locked
from shopcli.core.paths import private_directory, unusable

T = TypeVar("T")

FILE_NAME = "session.json"
IN_KEYRING = "keyring"
"""The entry of a session file whose tokens are in the keyring; its value is another one after each change."""


class Kept(NamedTuple):
    """Where the token of a session is kept."""

    kind: str
    """`file` or `keyring`."""
    where: str
    """The file's path, or the name of the keyring."""
    permissions: str | None
    """Those of the file, as in `0600`; None for a keyring, and while there is no file."""


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
                stored = texts(file.read())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise unusable(self.path, error) from None
        if stored is None:
            raise SessionCorrupted(f"the session file {self.path} is damaged")
        return stored

    def update(self, change: Callable[[MutableMapping[str, str]], T]) -> T:
        """Change the stored mapping in place, atomically among processes, and return what `change` returns.

        Waits for other writers as long as the deadline allows, then raises Locked. Raises ConfigurationError for what
        is no text.
        """
        with self._locked():
            stored = self.read()
            before = dict(stored)
            result = change(stored)
            if stored != before:
                see_that_it_is_text(stored)
                self._write(stored)
        return result

    def reset(self) -> None:
        """Forget everything, even if the file is damaged."""
        with self._locked():
            self._write({})

    def kept_where(self) -> Kept:
        """Say where the token is, or would be. Raises ConfigurationError where that cannot be used."""
        try:
            return Kept("file", str(self.path), f"{stat.S_IMODE(self.path.stat().st_mode):04o}")
        except OSError:
            return Kept("file", str(self.path), None)

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


def texts(document: str | bytes) -> dict[str, str] | None:
    """Return a JSON object whose values are texts, as a session is kept; None for anything else."""
    try:
        stored = json.loads(document)
    except (ValueError, RecursionError):
        return None
    right = isinstance(stored, dict) and all(isinstance(value, str) for value in stored.values())
    return stored if right else None


class TokenFile(FileSessions):
    """A session whose tokens are in the file. Those that are in the keyring are not looked for there in silence."""

    def read(self) -> dict[str, str]:
        """Return a copy of what is stored. Raises ConfigurationError where the tokens are in the keyring."""
        stored = super().read()
        if IN_KEYRING not in stored:
            return stored
        from shopcli.core.config import CREDENTIALS, change_credentials, read

        config = read()
        chosen = config.chosen(self.path.parent.name).get("credentials") if config else None
        if chosen is not None and chosen.value == "keyring" and not os.environ.get(CREDENTIALS):
            msg = "the token of this session was moved into the system's keyring while this was open"
            raise ConfigurationError(msg, hint="leave, and begin again: shop")
        # The setting moves the token; a variable is taken back.
        back = "keyring" if os.environ.get(CREDENTIALS) else "file"
        msg = "the token of this session is in the system's keyring, and tokens are said to be in a file"
        raise ConfigurationError(msg, hint=change_credentials(self.path.parent.name, back))


def file_in(directory: Path) -> FileSessions:
    """Return the session's file in a profile's directory, as it is: where a keyring has the tokens, without them."""
    return FileSessions(directory / FILE_NAME)


def sessions_in(directory: Path, credentials: str = "file") -> FileSessions:
    """Return the session in a profile's directory, with its tokens in the file, or in the `keyring`."""
    if credentials == "file":
        return TokenFile(directory / FILE_NAME)
    from shopcli.core.keyring_sessions import KeyringSessions

    return KeyringSessions(directory / FILE_NAME)


def forget_secrets(directory: Path, *, force: bool) -> None:
    """Remove what the keyring has of a profile that is about to be deleted. Raises KeyringUnusable unless `force`."""
    path = directory / FILE_NAME
    try:
        if IN_KEYRING not in FileSessions(path).read():
            return
    except StorageError:  # damaged, and deleted with the rest
        return
    from shopcli.core.keyring_entry import KeyringUnusable
    from shopcli.core.keyring_sessions import KeyringSessions

    try:
        KeyringSessions(path).delete_entry()
    except KeyringUnusable:
        if not force:
            raise
