"""The endpoints by which a service is told to misbehave, and the names by which its operations are chosen."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from backends.models import FaultKind
from stub_services.faults import MemoryFaults
from stub_services.wire.endpoint import Call, Endpoint, Needs, Struct
from stub_services.wire.faults import ACTION, add_fault, clear_faults, list_faults


class FaultStore:
    """The faults of one service."""

    def __init__(self, service: str, store: MemoryFaults) -> None:
        """Keep them in `store`."""
        self.service = service
        self.store = store


class Fault(Struct):
    """What goes wrong; see `backends.models.Fault`."""

    kind: FaultKind
    action: Annotated[str, Meta(max_length=200)] = ""
    rate: Annotated[float, Meta(ge=0, le=1)] = 1.0
    seconds: Annotated[float, Meta(ge=0, le=3600)] = 1.0
    times: Annotated[int, Meta(ge=1)] | None = None
    step: Annotated[int, Meta(ge=1)] = 1
    after: bool = False


class FaultList(Struct):
    """What is injected now."""

    items: tuple[Fault, ...]


async def faults(rules: FaultStore, call: Call) -> FaultList:  # noqa: ARG001
    """What is injected here."""
    return msgspec.convert(list_faults(rules.store, rules.service), FaultList)


async def inject(rules: FaultStore, call: Call, body: Fault) -> None:  # noqa: ARG001
    """Let something go wrong."""
    add_fault(rules.store, rules.service, msgspec.to_builtins(body))


async def clear(rules: FaultStore, call: Call) -> None:  # noqa: ARG001
    """End all faults of this service."""
    clear_faults(rules.store, rules.service)


ENDPOINTS = (
    Endpoint("GET", "/faults", faults, Needs.FAULTS),
    Endpoint("POST", "/faults", inject, Needs.FAULTS),
    Endpoint("DELETE", "/faults", clear, Needs.FAULTS),
)


class Naming:
    """Puts the operation's name into the scope, so that a fault of `place` hits `PUT /v1/orders/{key}`."""

    def __init__(self, app: ASGIApp, *, routes: Iterable[Route], endpoints: Iterable[Endpoint]) -> None:
        """Know the names of `endpoints` by their routes."""
        self._app = app
        self._routes = tuple(routes)
        self._names = {(endpoint.method, endpoint.path): endpoint.name for endpoint in endpoints}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Name it and pass it on."""
        if scope["type"] == "http":
            for route in self._routes:
                if route.matches(scope)[0] is Match.FULL:
                    scope[ACTION] = self._names.get((scope["method"], route.path), "")
                    break
        await self._app(scope, receive, send)
