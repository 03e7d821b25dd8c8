"""Faults that are injected on purpose, to see what the rest of the shop does."""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What goes wrong."""

    STOPPED = "stopped"
    """Connections are refused: the service surely did nothing."""
    ERROR = "error"
    """It answers 500 without doing anything."""
    RATE_LIMITED = "rate_limited"
    """It answers 429 and asks to come back after `seconds`."""
    LATENCY = "latency"
    """It answers `seconds` later."""
    HANG = "hang"
    """It never answers, and does nothing."""
    REQUEST_LOST = "request_lost"
    """The connection breaks before the service did anything."""
    ANSWER_LOST = "answer_lost"
    """The connection breaks after the service did everything."""
    TRUNCATE = "truncate"
    """Half of the answer arrives, as if it were whole."""
    CRASH = "crash"
    """The process dies at its `step`-th commit from now, before or after it is made."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one service.

    It hits requests whose action starts with `action` (`place`, or empty for all), with probability `rate`,
    at most `times` times (None: until it is cleared).
    """

    service: str
    kind: FaultKind
    action: str = ""
    rate: float = 1.0
    seconds: float = 1.0
    times: int | None = None
    step: int = 1
    after: bool = False
    """For CRASH: after the commit, not before it."""
