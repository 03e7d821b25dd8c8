"""A clock that only moves when told, and ids that count: with them two runs of a shop are the same."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


class VirtualClock:
    """A `backends.Clock` that begins at `START`."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Return its time."""
        return self.now

    def advance(self, step: timedelta) -> None:
        """Let time pass."""
        self.now += step


def countable_ids(start: int = 1) -> Callable[[], str]:
    """Return a `backends.Ids` that counts, in the form of UUIDs of version 4."""
    numbers = count(start)
    return lambda: str(UUID(int=next(numbers), version=4))
