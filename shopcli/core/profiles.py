"""Profiles: shops by name, each with a session and a journal of its own.

A profile is the directory `profiles/NAME` with its backend's URL in `profile.json`. It is made complete under
another name and then renamed, and deleted the other way round, so there is never half of one and no session ever
outlives its shop. `default` is the shop that comes with shop: its directory needs no such file.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from backends.errors import ConfigurationError, Conflict, InvalidValue, Locked, StorageError
from shopcli.core.paths import JOURNAL, data_directory, private_directory, unusable
from shopcli.core.sessions import FileSessions, SessionCorrupted, file_in, forget_secrets

if TYPE_CHECKING:
    from shopcli.core.journal import Journal
    from shopcli.core.profile import Profile

DEFAULT = "default"
RESERVED = "url-"
"""How the directories of shops without a name begin."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_CURRENT = "profile"
_BACKEND = "backend"
_LIST = "shop profile list"


class UnknownProfile(ConfigurationError):
    """There is no profile of that name."""

    code = "unknown_profile"


class Profiles:
    """The profiles in a data directory."""

    def __init__(self, data: Path | None = None) -> None:
        """Look into `data`, by default the data directory; nothing is touched before the first call."""
        self._data = data or data_directory()
        self._root = self._data / "profiles"
        self._config = FileSessions(self._data / "config.json")

    def directory(self, name: str) -> Path:
        """Where a profile's session and journal are."""
        return self._root / name

    def backend(self, name: str) -> str:
        """The URL of a profile's backend. Raises UnknownProfile, StorageError."""
        if name == DEFAULT:
            return f"sqlite:{self._data / 'local'}"
        # A name that no profile can have is unknown before it becomes a path.
        stored = self._stored(name) if is_name(name) else {}
        if stored:
            return stored[_BACKEND]
        raise self._unknown(name)

    def names(self) -> tuple[str, ...]:
        """All profiles by name, `default` first. Raises StorageError."""
        try:
            found = sorted(path.name for path in self._root.iterdir()) if self._root.exists() else []
        except OSError as error:
            raise unusable(self._root, error) from None
        named = (name for name in found if is_name(name) and name != DEFAULT)
        return (DEFAULT, *(name for name in named if self._file(name).path.exists()))

    def current(self) -> str | None:
        """The profile that `use` chose, None before that. Raises StorageError."""
        try:
            return self._config.read().get(_CURRENT)
        except SessionCorrupted:
            msg = f"the settings in {self._config.path} are damaged"
            raise StorageError(msg, hint=f"shop profile use {DEFAULT}") from None

    def use(self, name: str) -> None:
        """Let commands use this profile from now on. Raises UnknownProfile, StorageError."""
        self.backend(name)
        with self._changing():
            self._choose(name)

    def show(self, name: str, *, chosen_by: str | None) -> "Profile":
        """One profile as far as its files tell; `chosen_by` says what made it the current one, if it is."""
        from shopcli.core.profile import Profile

        try:
            backend: str | None = self.backend(name)
        except ConfigurationError:
            backend = None
        return Profile(name, backend, chosen_by is not None, chosen_by, self._account(name))

    def create(self, name: str, url: str, *, owner: Path | None = None) -> None:
        """Make a profile of the shop at `url`, with nobody logged in.

        `owner` is the file with its owner's keys that `shop serve` writes. Raises InvalidValue for a name that is
        not allowed, ConfigurationError for a URL that nobody serves or another shop's keys, Conflict, StorageError.
        """
        allowed(name)
        backend = served(name, url)
        session = {} if owner is None else _of_owner(owner, backend)
        with self._changing():
            directory, draft = self.directory(name), self._root / ".new"
            if directory.exists():
                raise self._taken(name, backend, owner)
            _remove(draft)
            file_in(draft).update(lambda kept: kept.update(session))
            FileSessions(draft / "profile.json").update(lambda kept: kept.update({_BACKEND: backend}))
            _rename(draft, directory)

    def known_as(self, backend: str, owner: Path | None = None) -> str | None:
        """The profile of the shop at `backend` that knows its owner by the file `owner`, if there is one."""
        return next((name for name in self.names() if self._is(name, backend, owner)), None)

    def free(self, name: str) -> str:
        """A name like this one that no profile has."""
        names = (name, *(f"{name}-{number}" for number in range(2, 100)))
        return next((each for each in names if is_name(each) and not self.directory(each).exists()), name)

    def unfinished(self, name: str) -> int:
        """How many checkouts of a profile are unfinished, whoever began them.

        Raises StorageError, and Locked where another process is in the middle of one.
        """
        with self._at_rest(name) as journal:
            return journal.count_everyones() if journal else 0

    def delete(self, name: str, *, force: bool = False) -> bool:
        """Delete a profile with its session and journal; `default` takes the place of the current one.

        Returns whether it was current. Raises InvalidValue for `default`, UnknownProfile, StorageError, Locked, and
        unless `force` Conflict while a checkout is unfinished, and KeyringUnusable where its token stays in there.
        """
        self.deletable(name)
        with self._changing():
            gone = self._root / ".deleted"
            _remove(gone)
            with self._at_rest(name) as journal:
                if journal and not force and (count := journal.count_everyones()):
                    raise still_unfinished(name, count)
                forget_secrets(self.directory(name), force=force)
                _rename(self.directory(name), gone)
            _remove(gone)
            was_current = self.current() == name
            if was_current:
                self._choose(DEFAULT)
        return was_current

    def deletable(self, name: str) -> None:
        """Raise InvalidValue for `default`, UnknownProfile where nothing is left of a profile of that name."""
        if name == DEFAULT:
            raise InvalidValue(f"the profile {DEFAULT} is the shop that comes with shop, and stays", hint=_LIST)
        if not is_name(name) or not self.directory(name).exists():
            raise UnknownProfile(self._unknown(name).message, hint=_LIST)

    def _is(self, name: str, backend: str, owner: Path | None) -> bool:
        try:
            session = file_in(self.directory(name)).read()
            known = self.backend(name)
        except (StorageError, ConfigurationError):
            return False
        return known == backend and (owner is None or session.get("owner") == os.path.abspath(owner))  # noqa: PTH100

    def _taken(self, name: str, backend: str, owner: Path | None) -> Conflict:
        """Return the error for a name that a profile has: the same shop is to be used, another one needs a name."""
        try:
            known = self.backend(name)
        except ConfigurationError:
            return Conflict(f"{name} is no profile, only what is left of one", hint=f"shop profile delete {name}")
        if self._is(name, backend, owner):
            return Conflict(f"the profile {name} is that shop already", hint=f"shop profile use {name}")
        from shlex import join

        keys = [] if owner is None else ["--owner", str(owner)]
        whose = f"of the shop at {known}" if known != backend else "of that shop, without these keys"
        again = join(["shop", "profile", "create", self.free(name), backend, *keys])
        return Conflict(f"there is a profile {name} already, {whose}", hint=again)

    def _choose(self, name: str) -> None:
        try:
            self._config.update(lambda kept: kept.update({_CURRENT: name}))
        except SessionCorrupted:
            self._config.reset()
            self._config.update(lambda kept: kept.update({_CURRENT: name}))

    def _file(self, name: str) -> FileSessions:
        return FileSessions(self.directory(name) / "profile.json")

    def _stored(self, name: str) -> dict[str, str]:
        """Read a profile's file, empty if there is none. Raises StorageError."""
        try:
            stored = self._file(name).read()
        except SessionCorrupted:
            stored = {"": ""}
        if stored and _BACKEND not in stored:
            msg = f"the file {self._file(name).path} is damaged, which says where the shop is"
            raise StorageError(msg, hint=f"shop profile delete {name}")
        return stored

    def _account(self, name: str) -> str | None:
        try:
            stored = file_in(self.directory(name)).read()
        except StorageError:
            return None
        account = stored.get("account")
        return account and stored.get("email", account)

    @contextmanager
    def _at_rest(self, name: str) -> "Iterator[Journal | None]":
        """Keep checkouts of a profile from beginning inside; yields its journal, if it has one. Raises Locked."""
        path = self.directory(name) / JOURNAL
        if not path.exists():
            yield None
            return
        from shopcli.core.journal import Journal

        journal = Journal(path)
        try:
            with journal.exclusive(wait=False) as held:
                if not held:
                    msg = f"another terminal is in the middle of a checkout with the profile {name}"
                    raise Locked(msg, hint=f"shop --profile {name} orders list")
                yield journal
        finally:
            journal.close()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        from shopcli.core.locks import locked

        private_directory(self._root)
        with locked(self._root / ".lock") as held:
            if not held:
                raise Locked("another shop command is changing the profiles", hint="run the same command again")
            yield

    def _unknown(self, name: str) -> UnknownProfile:
        from difflib import get_close_matches

        names = self.names()
        close = get_close_matches(name, names, n=1)
        meant = f", did you mean {close[0]}?" if close else f"; there is {', '.join(names)}"
        create = f"shop profile create {name} sqlite:DIRECTORY" if _is_free(name) else _LIST
        return UnknownProfile(f"no profile {name!r}{meant}", hint=create)


def is_name(name: str) -> bool:
    """Whether a profile may have this name."""
    return _NAME.fullmatch(name) is not None and not name.startswith(RESERVED)


def _is_free(name: str) -> bool:
    return is_name(name) and name != DEFAULT


def allowed(name: str) -> None:
    """Raise InvalidValue for what cannot be the name of a new profile."""
    if name == DEFAULT:
        raise InvalidValue(f"the profile {DEFAULT} is there already: the shop that comes with shop", hint=_LIST)
    if not is_name(name):
        msg = f"a profile's name is 1 to 40 of a-z, 0-9 and -, first a letter or digit, not {RESERVED}…: not {name!r}"
        raise InvalidValue(msg, hint="shop profile create --help")


def still_unfinished(name: str, count: int) -> Conflict:
    """Return the error for deleting what only this profile knows."""
    checkouts = "1 checkout is" if count == 1 else f"{count} checkouts are"
    msg = f"{checkouts} unfinished, and only the profile {name} can find out what became of that (or --force)"
    return Conflict(msg, hint=f"shop --profile {name} orders resume")


def served(name: str, url: str) -> str:
    """Return the one way to write a URL. Raises ConfigurationError if no backend can be opened there."""
    from backends.registry import canonical, open_backend

    try:
        open_backend(url)  # touches no file and no network
        return canonical(url)
    except ConfigurationError as error:
        hint = (error.hint or "").replace("shop --backend ", f"shop profile create {name} ")
        raise ConfigurationError(error.message, hint=hint) from None


def _of_owner(path: Path, backend: str) -> dict[str, str]:
    from shopcli.core.owners import owner_of

    return owner_of(path, backend)


def _rename(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as error:
        raise unusable(target, error) from None


def _remove(directory: Path) -> None:
    from shutil import rmtree

    try:
        if directory.exists():
            rmtree(directory)
    except OSError as error:
        raise unusable(directory, error) from None
