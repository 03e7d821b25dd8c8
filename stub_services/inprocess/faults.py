"""What injected faults do to calls in process: the same as over a wire, as far as a call can tell."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from backends.deadline import remaining
from backends.errors import NotFound, OutcomeUnknown, RateLimited, ShopError, Unavailable
from backends.models.faults import Fault, FaultKind
from stub_services.database import Database
from stub_services.faults import FaultFile, Faults, MemoryFaults, acting, check_service
from stub_services.fragile import FragileDatabase
from stub_services.peers import READS as PEERS_READS

Call = Callable[..., Awaitable[object]]

READS = {
    "users": frozenset(("addresses", "authenticate", "me")),
    "products": frozenset(("categories", "get", "list")),
    "carts": frozenset(("shipping_options", "view")),
    "orders": frozenset(("find", "get", "list")),
    "payments": frozenset(("get", "list", "methods")),
}
"""Calls of customers that change nothing; of the others nobody knows what became of them when no answer arrives."""

_LOOK = {"users": "shop whoami", "products": "shop products list", "carts": "shop cart show"}
"""Where a person sees what became of a call; for the rest it is `shop orders resume`."""


class Troubles:
    """The faults of a shop in process, in a file or in memory where `path` is None."""

    def __init__(
        self,
        path: Path | None,
        *,
        faults: Callable[[MemoryFaults], Faults] = Faults,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Let `faults` decide what strikes. Waiting blocks: nothing else runs here, and nothing may suspend."""
        self.store = MemoryFaults() if path is None else FaultFile(path)
        self._faults = faults(self.store)
        self._sleep = sleep

    # --- what the owner of the shop does -----------------------------------------------------

    def inject(self, fault: Fault) -> None:
        """Let something go wrong until it is cleared. Raises NotFound, InvalidValue."""
        _check_is_here(fault.service)
        self.store.add(fault)

    def stop(self, service: str) -> None:
        """Stop a service; idempotent. Raises NotFound."""
        self.inject(Fault(service, FaultKind.STOPPED))

    def start(self, service: str) -> None:
        """Start a service again; its other faults stay. Raises NotFound."""
        _check_is_here(service)
        self.store.clear(service, FaultKind.STOPPED)

    def clear(self, service: str | None) -> None:
        """End the faults of one service, or all. Raises NotFound."""
        if service is not None:
            _check_is_here(service)
        self.store.clear(service)

    # --- what callers notice -----------------------------------------------------------------

    def between(self, service: str, method: str, call: Call) -> Call:
        """Return the call as its caller experiences it."""

        async def troubled(*arguments: object, **options: object) -> object:
            fault = self._faults.hit(service, method)
            if fault is not None:
                await self._before(fault, service, method)
            with acting(method):
                answer = await call(*arguments, **options)
            if fault is not None and fault.kind in (FaultKind.ANSWER_LOST, FaultKind.TRUNCATE):
                raise _silence(service, method, "its answer got lost")
            return answer

        return troubled

    def check(self, service: str) -> None:
        """Raise Unavailable if a service is stopped altogether, so that it does nothing on its own either."""
        for fault in self.store.read():
            if (fault.service, fault.kind, fault.action, fault.times) == (service, FaultKind.STOPPED, "", None):
                raise _refused(service)

    def fragile(self, service: str, database: Database) -> Database:
        """Return the service's database, in which the process may die."""
        return FragileDatabase(database, service, self._faults)

    async def _before(self, fault: Fault, service: str, method: str) -> None:
        if fault.kind is FaultKind.STOPPED:
            raise _refused(service)
        if fault.kind is FaultKind.ERROR:
            raise Unavailable(f"{service} failed: an error was injected", service=service)
        if fault.kind is FaultKind.RATE_LIMITED:
            msg = f"{service} is asked too often; try again in {fault.seconds:g} s"
            raise RateLimited(msg, service=service, retry_after=fault.seconds)
        if fault.kind is FaultKind.LATENCY:
            self._sleep(min(fault.seconds, remaining()))
        elif fault.kind is FaultKind.HANG:
            self._sleep(remaining())
            raise _silence(service, method, "it did not answer in time")
        elif fault.kind is FaultKind.REQUEST_LOST:
            raise _silence(service, method, "the connection broke")


def _silence(service: str, method: str, why: str) -> ShopError:
    if method in PEERS_READS or method in READS.get(service, ()):
        return Unavailable(f"{service} cannot be asked: {why}", service=service)
    msg = f"{service} was asked to {method.replace('_', ' ')}, and {why}: it may have happened or not"
    return OutcomeUnknown(msg, service=service, hint=_LOOK.get(service))


def _refused(service: str) -> ShopError:
    return Unavailable(f"{service} is stopped", hint=f"shop services start {service}", service=service)


def _check_is_here(service: str) -> None:
    check_service(service)
    if service == "gateway":
        raise NotFound("there is no gateway in process; shop serve starts one")
