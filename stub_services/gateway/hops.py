"""The gateway's hop in a trace, around the hops that the service reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backends.tracing import Hop, dump, load
from stub_services.gateway.routes import GATEWAY

if TYPE_CHECKING:
    from stub_services.gateway.proxy import Exchange


def around(exchange: Exchange, status: str, inner: bytes | None) -> bytes:
    """Return the `Shop-Trace` header: the gateway asked the route's service, which reported `inner`."""
    service = exchange.route.service if exchange.route else ""
    within = load((inner or b"").decode("ascii", "replace"))
    action = f"{exchange.method} {exchange.path}"
    return dump((Hop(GATEWAY, service, action, status, 0.0, exchange.milliseconds(), hops=within),)).encode()
