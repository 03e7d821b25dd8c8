"""Sessions whose tokens are in the system's keyring.

The keyring has the whole session as one text, so that a token, its end and its origin are always of one kind. The
file beside the journal has what is no secret, for those who ask without asking the keyring, and an entry that is
another one after each change: while it stays the same, so does what was read before.
"""

import json
import os
from collections.abc import Callable, Mapping, MutableMapping
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from backends.registry import see_that_it_is_text
from shopcli.core.keyring_entry import Entry
from shopcli.core.sessions import IN_KEYRING, FileSessions, Kept, SessionCorrupted, texts

T = TypeVar("T")

_PUBLIC = frozenset(("access_expires_at", "account", "email", "origin", "owner"))
"""All that is no secret; what an adapter keeps that is not named here goes to the keyring."""
_OF_NOBODY = frozenset(("origin", "owner"))


class KeyringSessions(FileSessions):
    """A `SessionStore` with its secrets in the keyring. What an earlier session left in the file is moved there.

    Writers take turns as in a file. Methods raise KeyringUnusable too.
    """

    def __init__(self, path: Path) -> None:
        """Keep what is no secret in `path`; nothing is touched before the first call."""
        super().__init__(path)
        self._entry = Entry(user_of(path.parent), path.parent.name)
        self._known: tuple[str, dict[str, str]] | None = None

    def read(self) -> dict[str, str]:
        """Return a copy of what is stored."""
        stored = super().read()
        mark = stored.get(IN_KEYRING)
        if mark is None:
            return stored if stored.keys() <= _PUBLIC else self.update(dict)
        if self._known is None or self._known[0] != mark:
            self._known = (mark, self._whole(stored))
        return dict(self._known[1])

    def update(self, change: Callable[[MutableMapping[str, str]], T]) -> T:
        """Change the stored mapping in place, atomically among processes, and return what `change` returns."""
        with self._locked():
            in_file = super().read()
            stored = self._whole(in_file)
            before = dict(stored)
            result = change(stored)
            see_that_it_is_text(stored)
            if stored != before or not in_file.keys() <= _PUBLIC | {IN_KEYRING}:
                self._keep(stored, clear=IN_KEYRING in in_file)
        return result

    def reset(self) -> None:
        """Forget everything, even if it is damaged."""
        with self._locked():
            self._keep({}, clear=True)

    def bring_back(self) -> None:
        """Put everything into the file, and nothing more into the keyring."""
        with self._locked():
            stored = self._whole(super().read())
            self._write(stored)
            self._entry.delete()

    def let_go(self) -> None:
        """Forget who is logged in, without the keyring: what is in there stays there."""
        with self._locked():
            self._write(_without_login(super().read()))

    def delete_entry(self) -> None:
        """Remove what the keyring has, if the file says that it has something."""
        if IN_KEYRING in super().read():
            self._entry.delete()

    def kept_where(self) -> Kept:
        """Say which keyring has the token, or would have it."""
        return Kept("keyring", self._entry.keyring(), None)

    def _whole(self, in_file: Mapping[str, str]) -> dict[str, str]:
        """Return all that is stored. An entry that somebody deleted is a session that ended."""
        if IN_KEYRING not in in_file:
            return dict(in_file)
        text = self._entry.read()
        if text is None:
            return _without_login(in_file)
        if (stored := texts(text)) is None:
            raise SessionCorrupted(f"the entry {self._entry.user} in the keyring is damaged")
        return stored

    def _keep(self, stored: dict[str, str], *, clear: bool) -> None:
        """Write the keyring first: the file says what is in there. `clear` it where there are no secrets any more."""
        public = {name: value for name, value in stored.items() if name in _PUBLIC}
        if public == stored:
            if clear:
                self._entry.delete()
            self._write(stored)
            return
        mark = os.urandom(8).hex()
        self._entry.write(json.dumps(stored))
        self._write({**public, IN_KEYRING: mark})
        self._known = (mark, dict(stored))


def user_of(directory: Path) -> str:
    """Return the user under which the keyring has a profile's session: two data directories have two."""
    digest = sha256(os.fsencode(os.path.realpath(directory))).hexdigest()
    return f"{directory.name}-{digest[:8]}"


def _without_login(in_file: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in in_file.items() if name in _OF_NOBODY}
