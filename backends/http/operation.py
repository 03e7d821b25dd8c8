"""What only the owner of a shop may do, and the state of its services."""

import asyncio
import time
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime

from backends.deadline import remaining
from backends.errors import InvalidValue, NotFound, ShopError, Unavailable, Unsupported
from backends.http import encoding, models
from backends.http.calls import Calls
from backends.http.decoding import Garbage, document, nothing
from backends.http.desk import compressed, reading, unrepeatable, writing
from backends.http.owner import Owner
from backends.http.problems import error_of
from backends.http.requests import GATEWAY, FixedToken, Request
from backends.http.transport import Answer, NoAnswer, NotSent
from backends.interface import KEEPERS, SERVICES
from backends.models import BookEntry, Fault, Imported, Page, Product, ServiceHealth

HEALTH_SECONDS = 2.0
"""How long one service may take to say how it is."""
MAX_PLAIN = 1 << 20
"""Bytes of a catalog that is sent as it is; a larger one is compressed."""
_STATUS = "shop services status"
_STATES = ("up", "down", "degraded")
_NO_FAULTS = (NotFound, InvalidValue)
"""What a gateway answers that has no faults: nginx."""


class HttpAdmin:
    """The owner's port: the catalog and faults by way of the gateway, processes by way of the supervisor."""

    def __init__(self, owner: Owner, calls: Calls, faults: Calls, control: Calls | None, serving: str) -> None:
        """Use the keys of `owner`. `faults` and `control` have breakers of their own: they are there to mend.

        There is no `control` once the served shop has ended; `serving` is the command that serves it again.
        """
        self._owner = owner
        self._calls = calls
        self._faults = faults
        self._control = control
        self._serving = serving

    async def import_catalog(self, products: tuple[Product, ...]) -> Imported:
        """Add or update products by slug, in one piece. Raises InvalidValue, Forbidden."""
        request = writing("PATCH", "/v1/catalog", "products", {"products": products}, look="shop products list")
        if request.body is not None and len(request.body) > MAX_PLAIN:
            request = compressed(request)
        return await self._calls.send(replace(request, credentials=self._owner.merchant), _imported)

    async def books(self, service: str, cursor: str | None = None) -> Page[BookEntry]:
        """A page of a service's books. Raises NotFound, Forbidden."""
        if service not in KEEPERS:
            raise NotFound(f"{service} keeps no books about orders", hint="shop services reconcile")
        request = reading(encoding.with_query(f"/v1/books/{service}", service, cursor=cursor), service)
        return await self._calls.send(
            replace(request, credentials=self._owner.merchant), document(models.page(models.book_entry))
        )

    async def stop(self, service: str) -> None:
        """Stop a service, or the gateway; idempotent. Raises NotFound."""
        await self._set_state(service, "stopped")

    async def start(self, service: str) -> None:
        """Start it again; idempotent. Raises NotFound."""
        await self._set_state(service, "running")

    async def restart(self, service: str) -> None:
        """Replace its processes by new ones. Raises NotFound."""
        request = writing("POST", f"/v1/services/{_known(service, GATEWAY)}/restart", service, look=_STATUS)
        await self._supervisor().send(replace(unrepeatable(request), credentials=self._owner.merchant), nothing)

    async def _set_state(self, service: str, state: str) -> None:
        path = f"/v1/services/{_known(service, GATEWAY)}/state"
        request = writing("PUT", path, service, {"state": state}, look=_STATUS)
        await self._supervisor().send(replace(request, credentials=self._owner.merchant), nothing)

    def _supervisor(self) -> Calls:
        if self._control is None:
            raise Unavailable("`shop serve` has ended: nobody runs the services any more", hint=self._serving)
        return self._control

    async def faults(self) -> tuple[Fault, ...]:
        """What is injected now. Raises Unsupported without FAULTS."""
        token = self._faults_token()
        found: list[Fault] = []
        for service in (*SERVICES, GATEWAY):
            request = replace(reading(f"/v1/faults/{service}", service), credentials=token)
            with suppress(*_NO_FAULTS) if service == GATEWAY else nullcontext():
                found += await self._faults.send(request, document(models.items(models.fault_of(service))))
        return tuple(found)

    async def inject(self, fault: Fault) -> None:
        """Let something go wrong until it is cleared. Raises Unsupported without FAULTS, NotFound, InvalidValue."""
        token = self._faults_token()
        path = f"/v1/faults/{_known(fault.service, GATEWAY)}"
        request = writing("POST", path, fault.service, encoding.members(fault, without="service"), look=_STATUS)
        await self._faults.send(replace(request, credentials=token), nothing)

    async def clear_faults(self, service: str | None = None) -> None:
        """End the faults of one service, or all. Raises Unsupported without FAULTS, NotFound."""
        token = self._faults_token()
        failure: ShopError | None = None
        for name in (*SERVICES, GATEWAY) if service is None else (_known(service, GATEWAY),):
            request = replace(writing("DELETE", f"/v1/faults/{name}", name, look=_STATUS), credentials=token)
            try:
                await self._faults.send(request, nothing)
            except ShopError as error:
                if name == GATEWAY and service is None and isinstance(error, _NO_FAULTS):
                    continue
                failure = error  # one that cannot be reached keeps its faults; the others lose theirs
        if failure is not None:
            raise failure

    def _faults_token(self) -> FixedToken:
        if self._owner.faults is None:
            msg = "this shop was started without faults: stop it, then start it with them"
            raise Unsupported(msg, hint=f"{self._serving} --faults")
        return self._owner.faults


def _imported(answer: Answer) -> Imported:
    """Return what an import did; one that was sent twice finds what the first one may have done."""
    done = document(models.imported)(answer)
    return Imported(None, None, None) if answer.repeated else done


def _known(service: str, *more: str) -> str:
    names = (*SERVICES, *more)
    if service not in names:
        raise NotFound(f"there is no service {service!r}; there are {', '.join(names)}", hint=_STATUS)
    return service


# --- health ----------------------------------------------------------------------------------------------------------


async def health(calls: Calls) -> tuple[ServiceHealth, ...]:
    """Ask the gateway, then the five services at once, past breakers and without repetition; never raises.

    Who waits for a service to be up and then asks it is not left alone for the rest of a breaker's pause.
    """
    gateway = await _health(calls, reading("/readyz", GATEWAY))
    if gateway.status == "down":
        why = "only the gateway could tell, and it cannot be reached"
        return (*(ServiceHealth(name, "unknown", why) for name in SERVICES), gateway)
    asked = [_health(calls, reading(f"/v1/health/{name}", name)) for name in SERVICES]
    found = await asyncio.gather(*asked)
    for each in found:
        if each.status == "up":
            calls.breaker(each.service).recover()
    return (*found, gateway)


async def _health(calls: Calls, request: Request) -> ServiceHealth:
    began = time.perf_counter()
    seconds = min(HEALTH_SECONDS, remaining())
    headers = {"shop-timeout": f"{seconds:.3f}", "x-request-id": calls.outside.ids()}
    try:
        answer = await calls.transport.send("GET", request.path, headers=headers, body=None, seconds=seconds)
    except (NotSent, NoAnswer) as failure:
        hint = calls.revival() if request.service == GATEWAY else None
        return ServiceHealth(request.service, "down", str(failure), hint=hint)
    took = time.perf_counter() - began
    ahead = _ahead(answer, calls.outside.clock(), took)
    return replace(_told(answer, request, calls), milliseconds=took * 1000, clock_ahead=ahead)


def _ahead(answer: Answer, now: datetime, took: float) -> float | None:
    """Return at least how many seconds the answerer's clock is ahead; `Date` is cut to a second (RFC 9110, 6.6.1)."""
    try:
        least = (parsedate_to_datetime(answer.headers.get("date", "")) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):  # no date, or one without a time zone
        return None
    most = least + 1 + took
    return 0.0 if least <= 0 <= most else least if least > 0 else most


def _told(answer: Answer, request: Request, calls: Calls) -> ServiceHealth:
    """Return what the answer says; a service that is not ready says so itself, with 503."""
    up = answer.status == 200  # noqa: PLR2004  OK
    try:
        said = document(models.readiness)(replace(answer, status=200))
    except Garbage as failure:
        if up:
            return ServiceHealth(request.service, "degraded", f"its answer makes no sense: {failure}")
        return ServiceHealth(request.service, "down", error_of(answer, request, calls.outside.clock()).message)
    status = said.status if said.status in _STATES and up else "up" if up else "down"
    return ServiceHealth(request.service, status, said.detail, said.version)
