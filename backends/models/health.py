"""The services' health."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """One service's state, `up`, `down`, `degraded`, or `unknown` where nobody can tell, and why."""

    service: str
    status: str
    detail: str = ""
    version: str = ""
    milliseconds: float | None = None
    """How long it took to answer, where a wire lies between."""
    hint: str | None = None
    """The command that helps, where one is known."""
    clock_ahead: float | None = None
    """Seconds that its clock is ahead of ours (negative: behind), where a wire lies between and it says its time."""
