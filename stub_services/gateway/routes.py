"""The one table of routes: the Python gateway, the nginx configuration and /openapi.json are made from it.

Paths are matched as they were sent and are passed on unchanged: nothing is decoded, no dots are resolved, so what
is routed here cannot mean something else behind it.
"""

import re
from functools import cache
from importlib.metadata import version
from typing import NamedTuple

from backends.interface import SERVICES
from stub_services.wire.endpoint import MAX_BODY
from stub_services.wire.hop import MAX_SECONDS

GATEWAY = "gateway"

BODY_BYTES = MAX_BODY
"""What services accept; the gateway holds a body until it is whole."""
CATALOG_BYTES = 32 << 20
"""A whole catalog is imported in one request; 92,331 real products are 37 MB and, compressed, 5.8 MB."""
IMPORT_SECONDS = 600.0
"""How long whoever imports may wait."""
CATALOG = "/v1/catalog"
IMPORTING = "PATCH"
MERCHANT = "Bearer shopm_"
"""How a merchant's `Authorization` begins: whoever imports a catalog. The service looks at the rest of it."""


class Route(NamedTuple):
    """Everything at `prefix` and below it goes to `service`; `target` replaces the path where it is given."""

    prefix: str
    service: str
    target: str | None = None


_PREFIXES = {
    "users": ("/v1/users", "/v1/sessions", "/v1/me", "/v1/keys"),
    "products": ("/v1/products", "/v1/categories", CATALOG, "/v1/books/products"),
    "carts": ("/v1/cart", "/v1/books/carts"),
    "orders": ("/v1/orders", "/v1/books/orders"),
    "payments": ("/v1/payments", "/v1/payment-methods", "/v1/books/payments"),
}
# What each service offers about itself, by the name that the gateway gives it.
_ABOUT = {"/v1/health": "/readyz", "/v1/openapi": "/openapi.json", "/v1/faults": "/faults"}

TABLE = (
    *(Route(prefix, service) for service, prefixes in _PREFIXES.items() for prefix in prefixes),
    *(Route(f"{prefix}/{service}", service, target) for prefix, target in _ABOUT.items() for service in SERVICES),
)

OPENAPI = {"services": {service: f"/v1/openapi/{service}" for service in SERVICES}}

LIVE = "/livez"
READY = "/readyz"
OPENAPI_PATH = "/openapi.json"

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
READING = ("GET", "HEAD", "OPTIONS")

# `//`, `.` and `..` segments, their encoded forms, and slashes or NULs in disguise: what two readers of one path
# could understand differently. Ids and slugs contain none of them.
UNSAFE = r"//|/(?:\.|%2[eE]){1,2}(?:/|$)|%2[fF]|%5[cC]|%00|\x5c"
_UNSAFE = re.compile(UNSAFE)

_EXACT = {route.prefix: route for route in TABLE}


@cache
def up() -> dict[str, str]:
    """Return what the gateway says of itself."""
    return {"service": GATEWAY, "status": "up", "version": version("shopcli"), "detail": ""}


def is_unsafe(path: str) -> bool:
    """Whether a raw path could mean different things to different readers."""
    return path[:1] != "/" or not path.isascii() or _UNSAFE.search(path) is not None


def body_bytes(method: str, path: str, authorization: str) -> int:
    """Return how large a request's body may be."""
    return CATALOG_BYTES if _imports(method, path, authorization) else BODY_BYTES


def seconds(method: str, path: str, authorization: str) -> float:
    """Return how long a request's answer may be waited for."""
    return IMPORT_SECONDS if _imports(method, path, authorization) else MAX_SECONDS


def _imports(method: str, path: str, authorization: str) -> bool:
    return method == IMPORTING and path == CATALOG and authorization.startswith(MERCHANT)


def find(path: str) -> Route | None:
    """Return the route of a raw path that is not unsafe; None where nothing is served."""
    for depth in (3, 2):  # "", "v1", "health", "users": the longer prefix first
        route = _EXACT.get("/".join(path.split("/", depth + 1)[: depth + 1]))
        if route is not None and (route.target is None or path == route.prefix):
            return route
    return None
