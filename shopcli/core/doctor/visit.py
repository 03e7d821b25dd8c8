"""The shop in use: which one it is, whether it opens, how its services are, and what time it has."""

import sys
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from shopcli.core.doctor.finding import Finding, State, Surroundings, guarded
from shopcli.core.profiles import DEFAULT, Profiles

if TYPE_CHECKING:
    from backends.interface import Backend
    from backends.models import ServiceHealth

_LOOK = "shop services status"
_STATES = {"up": State.OK, "down": State.WRONG}
_LATE = 30.0
"""Seconds that a clock may be wrong before people are told; tokens are renewed a minute before they end."""
_TOO_LATE = 300.0
"""Half of what an access token lives."""


def shop_in_use(surroundings: Surroundings) -> Iterator[Finding]:
    """Where it is and what chose it; then its services and its clock."""
    shop = surroundings.shop()
    name = f"profile {shop.profile}, " if shop.profile else ""
    by = surroundings.chosen_by or (DEFAULT if Profiles().current() is None else "shop profile use")
    if not shop.has_begun:
        yield Finding(State.OK, "shop in use", f"{shop.url} ({name}chosen by {by}), not begun yet")
        return
    backend = shop.backend
    yield Finding(State.OK, "shop in use", f"{backend.name} ({name}chosen by {by})")
    yield from guarded("services", partial(_services, backend), surroundings)


def _services(backend: "Backend", surroundings: Surroundings) -> Iterator[Finding]:
    health: tuple[ServiceHealth, ...] = surroundings.ask(backend.health())
    owned = backend.admin is not None
    for each in health:
        yield _service(each, owned=owned)
    clocks = [each.clock_ahead for each in health if each.clock_ahead is not None]
    if clocks:
        yield _clock(max(clocks, key=abs))


def _service(health: "ServiceHealth", *, owned: bool) -> Finding:
    state = _STATES.get(health.status, State.WARNING)
    took = None if health.milliseconds is None else f"{health.milliseconds:.1f} ms"
    found = ", ".join(part for part in (health.status, health.version, took, health.detail) if part)
    return Finding(state, f"service {health.service}", found, health.hint or _mend(health, owned=owned))


def _mend(health: "ServiceHealth", *, owned: bool) -> str | None:
    """Return what helps; what nobody knows the state of is mended by mending who would know."""
    if health.status in ("up", "unknown"):
        return None
    return f"shop services start {health.service}" if owned and health.status == "down" else _LOOK


def _clock(ahead: float) -> Finding:
    off = abs(ahead)
    state = State.WRONG if off > _TOO_LATE else State.WARNING if off > _LATE else State.OK
    if state is State.OK:
        return Finding(state, "clock", "the shop has the same time")
    found = f"the shop is {off:.0f} seconds {'ahead' if ahead > 0 else 'behind'}: log-ins may end early or not begin"
    fix = "sudo sntp -sS time.apple.com" if sys.platform == "darwin" else "sudo timedatectl set-ntp true"
    return Finding(state, "clock", found, fix)
