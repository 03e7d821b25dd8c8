"""Keyrings for tests, also of real processes: `PYTHON_KEYRING_BACKEND=tests.keyrings.Shared`."""

import json
import os
import time
from pathlib import Path
from typing import Any

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class Shared(KeyringBackend):
    """Entries in a file that all processes of a test know by `TEST_KEYRING`."""

    priority: Any = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def entries(self) -> dict[str, str]:
        path = self._path()
        entries: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return entries

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._path().write_text(json.dumps({**self.entries(), f"{service}/{username}": password}), "utf-8")

    def delete_password(self, service: str, username: str) -> None:
        entries = self.entries()
        del entries[f"{service}/{username}"]
        self._path().write_text(json.dumps(entries), "utf-8")

    def _path(self) -> Path:
        return Path(os.environ["TEST_KEYRING"])


class PlaintextKeyring(Shared):
    """One that says so in its name."""


class Hanging(Shared):
    """Waits for a person who does not come."""

    def get_password(self, service: str, username: str) -> str | None:
        time.sleep(30)
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        time.sleep(30)


class Locked(Shared):
    """Stays locked."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked(f"failed to unlock for {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(f"failed to unlock for {password}")


class Failing(Shared):
    """Fails, and tells what nobody should read."""

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("secret-of-mine")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(password)
