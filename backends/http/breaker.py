"""A circuit breaker: a service that failed again and again is left alone for a while.

The five libraries on PyPI let 20 of 20 concurrent calls through once the pause is over; this one lets one.
"""

from collections.abc import Callable
from enum import Enum, auto

FAILURES = 5
"""So many failures in a row open the circuit."""
PAUSE_SECONDS = 1.0
"""How long it stays open; short, because a person waits, and one probe a second harms nobody."""


class Turn(Enum):
    """What a call that was let through is."""

    NORMAL = auto()
    PROBE = auto()


class Breaker:
    """Counts one service's failures. Its calls run on one event loop, so nothing happens between two lines."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start closed; `clock` counts seconds and never goes back."""
        self._clock = clock
        self._failures = 0
        self._opened_at = 0.0
        self._probing = False

    def admit(self) -> Turn | None:
        """Let a call through, or answer None. Whoever is let through reports how it went."""
        if self._failures < FAILURES:
            return Turn.NORMAL
        if self._probing or self._clock() - self._opened_at < PAUSE_SECONDS:
            return None
        self._probing = True
        return Turn.PROBE

    def report(self, turn: Turn, *, worked: bool | None) -> None:
        """Say how a call went; None if it ended without telling anything (it was cancelled, say)."""
        if turn is Turn.PROBE:
            self._probing = False
        elif self._failures >= FAILURES:
            return  # it began before the circuit opened: the probe decides
        if worked:
            self._failures = 0
        elif worked is not None:
            self._failures += 1
            self._opened_at = self._clock()

    def recover(self) -> None:
        """Close it: somebody has seen the service up."""
        self._failures = 0
