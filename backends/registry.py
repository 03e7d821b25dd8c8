"""Which URL scheme is served by which module. Strings only, so that nothing is imported before it is used."""

import os
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar, cast

from backends.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from backends.interface import Backend, Clock, Ids, SessionStore

BACKENDS = {
    "memory": "stub_services.inprocess:open_memory",
    "sqlite": "stub_services.inprocess:open_sqlite",
}

T = TypeVar("T")


class MemorySessions:
    """A `SessionStore` for one process: what a library user gets by default."""

    def __init__(self) -> None:
        """Start logged out."""
        self._stored: dict[str, str] = {}

    def read(self) -> dict[str, str]:
        """Return a copy of what is stored."""
        return dict(self._stored)

    def update(self, change: "Callable[[MutableMapping[str, str]], T]") -> T:
        """Change the stored mapping in place and return what `change` returns."""
        return change(self._stored)


def system_clock() -> datetime:
    """Now, by the machine's clock."""
    return datetime.now(UTC)


def random_ids() -> str:
    """Return a random UUID version 4."""
    from uuid import uuid4  # costs 0.8 of a bare Python start, so only what writes pays for it

    return str(uuid4())


def canonical(url: str) -> str:
    """Return the one way to write a URL, so that one shop has one name: `sqlite:` paths are absolute.

    Raises ConfigurationError for a path that cannot be.
    """
    scheme, _, path = url.partition(":")
    if scheme != "sqlite" or not path:
        return url
    if "\0" in path:
        raise ConfigurationError("a path has no NUL character", hint="shop --backend sqlite:DIRECTORY")
    return f"sqlite:{os.path.abspath(os.path.expanduser(path))}"  # noqa: PTH100, PTH111  pathlib would follow links


def open_backend(
    url: str,
    *,
    sessions: "SessionStore | None" = None,
    clock: "Clock" = system_clock,
    ids: "Ids" = random_ids,
) -> "Backend":
    """Open the shop behind `url`: `memory:`, `sqlite:DIRECTORY`.

    Raises ConfigurationError for a scheme that nobody serves. Opening touches no file or network.
    """
    scheme, colon, _ = url.partition(":")
    if scheme not in BACKENDS or not colon:
        # Only the scheme is named: what stands behind it may hold a password.
        known = ", ".join(f"{name}:" for name in sorted(BACKENDS))
        raise ConfigurationError(
            f"no backend serves {scheme!r}; known: {known}", hint="shop --backend sqlite:DIRECTORY"
        )
    module, _, function = BACKENDS[scheme].partition(":")
    opener = getattr(import_module(module), function)
    kept = MemorySessions() if sessions is None else sessions
    return cast("Backend", opener(canonical(url), sessions=kept, clock=clock, ids=ids))
