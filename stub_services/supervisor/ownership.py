"""Who owns a directory of data: the tokens in owner.json, and the one `shop serve` that is at work in it."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from backends.errors import Locked, StorageError

OWNER_FILE = "owner.json"
_LOCK_FILE = "serve.lock"
_PRIVATE_FILE = 0o600
_PRIVATE_DIRECTORY = 0o700
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


def claim(data: Path, *, gateway: str, control: str, faults: bool) -> Owner:
    """Write DATA/owner.json, with the tokens of the last time if there was one. Raises StorageError."""
    path = data / OWNER_FILE
    kept = _kept(path)
    owner = Owner(
        gateway,
        control,
        kept.get("merchant") or token("shopm"),
        (kept.get("faults") or token("shopf")) if faults else None,
    )
    _write(path, owner)
    return owner


def _kept(path: Path) -> dict[str, str]:
    """Return the tokens that a file holds; a damaged one is replaced, because it holds nothing else."""
    try:
        stored = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unusable(path, error) from None
    except ValueError:
        return {}
    prefixes = {"merchant": "shopm_", "faults": "shopf_"}
    found = {name: stored.get(name) for name in prefixes} if isinstance(stored, dict) else {}
    return {name: text for name, text in found.items() if isinstance(text, str) and text.startswith(prefixes[name])}


def _write(path: Path, owner: Owner) -> None:
    draft = path.with_name(f"{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
        with os.fdopen(file, "w", encoding="ascii") as text:
            json.dump(asdict(owner), text)
            text.flush()
            os.fsync(file)
        draft.replace(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)  # the new name is an entry of the directory, not of the file
        finally:
            os.close(directory)
    except OSError as error:
        raise _unusable(path, error) from None


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold DATA for one `shop serve`; makes the directory, for its owner only. Raises Locked, StorageError."""
    path = data / _LOCK_FILE
    try:
        data.mkdir(_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT, _PRIVATE_FILE)
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


def _unusable(path: Path, error: OSError) -> StorageError:
    return StorageError(f"cannot use {path}: {error.strerror or error}", hint="shop serve --data DIRECTORY")
