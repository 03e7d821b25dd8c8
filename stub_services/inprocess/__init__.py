"""The five services wired directly in one process: the backend behind `memory:` and `sqlite:DIRECTORY`."""

from pathlib import Path

from backends.errors import ConfigurationError
from backends.interface import Clock, Ids, SessionStore
from stub_services.inprocess.backend import InProcessBackend
from stub_services.inprocess.shop import Shop

__all__ = ["InProcessBackend", "Shop", "open_memory", "open_sqlite"]


def open_memory(url: str, *, sessions: SessionStore, clock: Clock, ids: Ids) -> InProcessBackend:
    """Open a new shop that is forgotten when it is closed."""
    return InProcessBackend(url, Shop(None, clock=clock, ids=ids), sessions)


def open_sqlite(url: str, *, sessions: SessionStore, clock: Clock, ids: Ids) -> InProcessBackend:
    """Open the shop in a directory, one database file for each service. Raises ConfigurationError without one."""
    _, _, directory = url.partition(":")
    if not directory:
        msg = "sqlite: needs a directory, such as sqlite:/home/ada/shop"
        raise ConfigurationError(msg, hint="shop --backend sqlite:shop")
    return InProcessBackend(url, Shop(Path(directory), clock=clock, ids=ids), sessions)
