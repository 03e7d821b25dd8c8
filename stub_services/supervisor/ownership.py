"""Who owns a directory of data: the tokens in owner.json, and the one `shop serve` that is at work in it."""

import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from shlex import join

from backends import private
from backends.errors import Locked, StorageError

OWNER_FILE = "owner.json"
_LOCK_FILE = "serve.lock"
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Owner:
    """What the owner of a served shop needs to operate it; the tokens are secrets."""

    gateway: str
    control: str
    merchant: str
    faults: str | None


def token(prefix: str) -> str:
    """Return a new secret; its prefix says whose it is, also to scanners that look for leaked ones."""
    return f"{prefix}_{secrets.token_urlsafe(_TOKEN_BYTES)}"


@contextmanager
def claimed(data: Path, *, gateway: str, control: str, faults: bool) -> Iterator[Owner]:
    """Write DATA/owner.json with new tokens, and take them out of it at the end. Raises StorageError.

    What is left says which shop it was. A file with tokens, or with the address of a control API that is gone, would
    make a client send them to whoever has that port now.
    """
    path = data / OWNER_FILE
    owner = Owner(gateway, control, token("shopm"), token("shopf") if faults else None)
    _write(path, asdict(owner))
    try:
        yield owner
    finally:
        with suppress(StorageError):  # they are worth nothing any more
            _write(path, {"gateway": gateway})


def _write(path: Path, content: Mapping[str, str | None]) -> None:
    try:
        private.write_json(path, content)
    except OSError as error:
        raise _unusable(path, error) from None


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold DATA for one `shop serve`; makes the directory, for its owner only. Raises Locked, StorageError."""
    path = data / _LOCK_FILE
    try:
        private.make_directory(data)
        _check_private(data)
        lock = os.open(path, os.O_RDWR | os.O_CREAT, private.FILE)
    except OSError as error:
        raise _unusable(path, error) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
            msg = f"another `shop serve` (process {who}) is at work in {data}"
            raise Locked(msg, hint="shop serve --port 0 --data DIRECTORY") from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(lock)


def _check_private(data: Path) -> None:
    """Refuse a directory in which others could read tokens and databases, or leave some of theirs."""
    found = data.stat()
    if {found.st_uid, data.lstat().st_uid} != {os.geteuid()}:  # nor may a link to it be another user's
        msg = f"{data} belongs to another user, who could read and replace what is in it"
        raise StorageError(msg, hint="shop serve --data DIRECTORY")
    if found.st_mode & private.OTHERS:
        raise StorageError(f"others can look into {data}", hint=join(["chmod", "700", str(data)]))


def _unusable(path: Path, error: OSError) -> StorageError:
    return StorageError(f"cannot use {path}: {error.strerror or error}", hint="shop serve --data DIRECTORY")
