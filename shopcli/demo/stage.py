"""The shop that a scenario is played in, and the people who shop there.

There is one backend. Each shopper has a directory of his or her own for session and journal, away from those of the
person at the keyboard; whose turn it is decides whose session the backend reads.
"""

from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import ceil
from pathlib import Path
from random import Random
from typing import TypeVar
from uuid import UUID

from backends.capabilities import Capability
from backends.deadline import leap
from backends.interface import Backend, Clock, Ids, SessionStore
from backends.registry import open_backend, random_ids, system_clock
from shopcli.core.checkout import Checkout, Sleep
from shopcli.core.journal import Journal
from shopcli.core.paths import private_directory
from shopcli.core.sessions import FileSessions
from shopcli.core.shop import Shop
from shopcli.core.stepping import Runner
from shopcli.demo.values import CLOCK

T = TypeVar("T")

BEGINS = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""When a virtual clock begins."""
TICK = timedelta(seconds=1)
"""What passes on it with each statement, so that one order is newer than another."""
_SEED = 1
_NAP = 0.5


class VirtualClock:
    """A clock that only moves when told."""

    def __init__(self) -> None:
        """Begin."""
        self.now = BEGINS

    def __call__(self) -> datetime:
        """Return its time."""
        return self.now

    def advance(self, step: timedelta) -> None:
        """Let time pass."""
        self.now += step

    async def sleep(self, seconds: float) -> None:
        """Let time pass, which takes none; deadlines come nearer all the same.

        It sleeps whole naps: a checkout waits for random times between its attempts, and two runs are to be the same.
        """
        napped = ceil(seconds / _NAP) * _NAP
        self.advance(timedelta(seconds=napped))
        leap(napped)


class Stage:
    """One shop. A new one in memory has a virtual clock and counts its ids, so that two runs are the same."""

    def __init__(self, url: str, directory: Path, *, owner: Mapping[str, str] | None = None) -> None:
        """Play at `url`, and keep what the shoppers' clients keep in `directory`.

        `owner` is what a session needs for its backend to have the owner's port over HTTP.
        """
        self.url = url
        self.clock = VirtualClock() if url == "memory:" else None
        self.run = "1" if self.clock else random_ids()[:8]
        """What scenarios make names of that nobody has yet."""
        self.runner = Runner()
        self._directory = directory
        self._owner = dict(owner or {})
        self._shoppers: dict[str, Shop] = {}
        self._turn = _Turn()

    @cached_property
    def backend(self) -> Backend:
        """The five services, as whoever's turn it is sees them. Raises ConfigurationError."""
        return open_backend(self.url, sessions=self._turn, clock=self._time, ids=self._ids)

    def shopper(self, name: str) -> Shop:
        """Make it this shopper's turn, and return the shop with his or her session and journal."""
        if name not in self._shoppers:
            self._shoppers[name] = _Shopper(self, self._directory / name)
            if self._owner:
                self._shoppers[name].sessions.update(lambda kept: kept.update(self._owner))
        shop = self._shoppers[name]
        self._turn.sessions = shop.sessions
        return shop

    def lacks(self, needs: tuple[str, ...]) -> tuple[str, ...]:
        """Return which of a scenario's needs this shop does not meet."""
        has = {*self.backend.capabilities, *([CLOCK] if self.clock else [])}
        if self.backend.admin is None:
            has.discard(Capability.FAULTS)
        return tuple(need for need in needs if need not in has)

    def tick(self) -> None:
        """Let a moment pass where the clock is virtual."""
        if self.clock is not None:
            self.clock.advance(TICK)

    def pause(self, seconds: float) -> None:
        """Wait, on the virtual clock where there is one."""
        import time

        if self.clock is not None:
            self.clock.advance(timedelta(seconds=seconds))
        else:
            time.sleep(seconds)

    def checkout(self, journal: Journal) -> Checkout:
        """Return a shopper's checkouts, on this stage's clock."""
        sleep: Sleep | None = self.clock.sleep if self.clock else None
        return Checkout(self.backend, journal, clock=self._time, ids=self._ids, sleep=sleep)

    def close(self) -> None:
        """Close the shop and the journals."""
        for shop in self._shoppers.values():
            shop.close_journal()
        if "backend" in self.__dict__:
            self.runner.run(self.backend, self.backend.aclose())
        self.runner.close()

    @property
    def _time(self) -> Clock:
        return self.clock or system_clock

    @cached_property
    def _ids(self) -> Ids:
        if self.clock is None:
            return random_ids
        numbers = Random(_SEED)  # noqa: S311  ids of a shop that ends with its process
        return lambda: str(UUID(int=numbers.getrandbits(128), version=4))


class _Shopper(Shop):
    """The shop as one of the shoppers has it open."""

    def __init__(self, stage: Stage, directory: Path) -> None:
        super().__init__(stage.url, private_directory(directory))
        self._stage = stage

    @cached_property
    def backend(self) -> Backend:
        return self._stage.backend

    @cached_property
    def checkout(self) -> Checkout:
        return self._stage.checkout(self.journal)


class _Turn:
    """The session of whoever's turn it is."""

    sessions: FileSessions

    def read(self) -> dict[str, str]:
        return self.sessions.read()

    def update(self, change: Callable[[MutableMapping[str, str]], T]) -> T:
        return self.sessions.update(change)


_: type[SessionStore] = _Turn
