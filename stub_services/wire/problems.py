"""Errors on the wire: problem details (RFC 9457) with the stable codes of `backends.errors`."""

import json
from math import ceil

from backends.errors import (
    ConfigurationError,
    Conflict,
    Forbidden,
    InvalidValue,
    KeyReused,
    LoginRequired,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    ShopError,
    Unavailable,
    Unsupported,
)

MEDIA_TYPE = "application/problem+json"

_STATUS: tuple[tuple[type[ShopError], int], ...] = (
    (InvalidValue, 400),
    (LoginRequired, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (KeyReused, 422),
    (Conflict, 409),
    (RateLimited, 429),
    (Unavailable, 503),
    (OutcomeUnknown, 504),
    (Unsupported, 501),
    (ConfigurationError, 500),
    (ShopError, 500),
)
"""The first class that an error belongs to decides."""


class Malformed(InvalidValue):
    """A request that is none: too large, of another media type, of a method that is not offered."""

    def __init__(self, message: str, status: int = 400) -> None:
        """`status` is the HTTP status that says it best."""
        super().__init__(message)
        self.status = status


class Stale(Conflict):
    """If-Match named another version (RFC 9110, 13.1.1)."""

    code = "cart_changed"
    default_hint = "shop cart show"
    status = 412


class Bug(ShopError):
    """Something that nobody thought of."""

    code = "internal"
    category = "internal"


def status_of(error: ShopError | type[ShopError]) -> int:
    """Return the HTTP status of an error, or of a class of errors."""
    own = getattr(error, "status", None)
    if isinstance(own, int):
        return own
    kind = error if isinstance(error, type) else type(error)
    return next(status for known, status in _STATUS if issubclass(kind, known))


def answered(error: ShopError, request_id: str, service: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Return the status, headers and body of the answer that tells the error, as ASGI has them."""
    body = problem(error, request_id, service)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body))]
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % max(1, ceil(error.retry_after))))
    return status_of(error), headers, body


def problem(error: ShopError, request_id: str, service: str) -> bytes:
    """Return the body of the answer that tells the error; `service` is who says so if the error does not know."""
    document: dict[str, object] = {
        "type": f"urn:shop:problem:{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": status_of(error),
        "detail": error.message,
        "code": error.code,
        "hint": error.hint,
        "service": error.service or service,
        "outcome": error.outcome.value,
        "retryable": error.retryable,
        "request_id": request_id,
    }
    if error.retry_after is not None:
        document["retry_after"] = error.retry_after
    return json.dumps(document).encode()
