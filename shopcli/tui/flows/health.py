"""How the services are."""

from dataclasses import replace
from enum import StrEnum

from backends.errors import ShopError, Unsupported
from backends.models import ServiceHealth
from shopcli.core.shop import Shop
from shopcli.tui.flows.flow import Flow

KEPT = 40
"""Latencies that are remembered of each service."""
WITHIN = 3.0
"""Seconds that a look at the services may take."""


class Operation(StrEnum):
    """What the owner of a shop can do to one of its services."""

    STOP = "stop"
    START = "start"
    RESTART = "restart"


_DOING = {Operation.STOP: "stopping", Operation.START: "starting", Operation.RESTART: "restarting"}
_DONE = {Operation.STOP: "stopped", Operation.START: "started", Operation.RESTART: "restarted"}


class HealthFlow(Flow):
    """Asks each service how it is, and operates those of an owner."""

    def check(self) -> None:
        """Ask now, and forget what was said before."""
        self._put(checking=True, said="", error=None)
        self.look()

    def look(self) -> None:
        """Ask, unless an answer is awaited: one that hangs is asked once and not again and again."""
        if not self.app.is_working("health"):
            self.app.work("health", self._check())

    def operate(self, service: str, operation: Operation) -> None:
        """Stop, start or restart a service."""
        self._put(doing=f"{_DOING[operation]} {service} …", said="", error=None)
        self.app.work("operate", self._operate(service, operation))

    async def _check(self) -> None:
        try:
            services, can_operate = await self.app.background.do(_looked, within=WITHIN)
        except ShopError as error:  # the shop could not be opened: there is nobody to ask
            self._put(checking=False, error=error)
            return
        told = dict(self.app.state.health.latencies)
        latencies = tuple((one.service, (*told.get(one.service, ()), *_measured(one))[-KEPT:]) for one in services)
        now = self.app.clock()
        self._put(services=services, latencies=latencies, can_operate=can_operate, checking=False, checked_at=now)

    async def _operate(self, service: str, operation: Operation) -> None:
        try:
            name = f"{operation} {service}"
            await self.app.background.do(lambda shop: _operated(shop, service, operation), name=name)
        except ShopError as error:
            self._put(doing="", error=error)
        else:
            self._put(doing="", said=f"{service} is {_DONE[operation]}")
        await self._check()

    def _put(self, **parts: object) -> None:
        self.app.put(health=replace(self.app.state.health, **parts))  # type: ignore[arg-type]  # they are fields


def _measured(service: ServiceHealth) -> tuple[float | None, ...]:
    """Return how long it took: None for no answer, nothing where no wire lies between."""
    return () if service.milliseconds is None and service.status == "up" else (service.milliseconds,)


async def _looked(shop: Shop) -> tuple[tuple[ServiceHealth, ...], bool]:
    return await shop.backend.health(), shop.backend.admin is not None


async def _operated(shop: Shop, service: str, operation: Operation) -> None:
    admin = shop.backend.admin
    if admin is None:
        msg = "only the owner of a shop may operate it, and this profile does not know who that is"
        raise Unsupported(msg, hint="shop profile create NAME URL --owner DIR/owner.json")
    match operation:
        case Operation.STOP:
            await admin.stop(service)
        case Operation.START:
            await admin.start(service)
        case Operation.RESTART:
            await admin.restart(service)
