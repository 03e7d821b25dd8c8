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
