"""What the gateway answers by itself: `application/problem+json` (RFC 9457), in the words of the services."""

from typing import NamedTuple

import msgspec

from backends.errors import NotFound, Outcome, OutcomeUnknown, ShopError, Unavailable
from stub_services.gateway.routes import GATEWAY
from stub_services.wire.problems import Bug, Malformed, answered

Headers = list[tuple[bytes, bytes]]


class Answer(NamedTuple):
    """An answer that is whole."""

    status: int
    headers: Headers
    body: bytes


def as_json(value: object) -> Answer:
    """Return a value as a JSON answer."""
    body = msgspec.json.encode(value)
    return Answer(200, [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))], body)


def as_problem(error: ShopError, request_id: str, service: str = GATEWAY) -> Answer:
    """Return an error as problem+json; `service` is who says so if the error does not know."""
    return Answer(*answered(error, request_id, service))


def refused(service: str) -> Unavailable:
    """The service cannot be reached, so it surely did nothing."""
    return Unavailable(f"the {service} service cannot be reached", hint="shop services status", service=service)


def full(service: str) -> Unavailable:
    """The service took no connection in time, or all that we may have are taken: nothing was sent."""
    return Unavailable(f"the {service} service is busy", hint="shop services status", service=service)


def crowded() -> Unavailable:
    """There is no room for one more large body."""
    return Unavailable("too many large requests are under way", retry_after=1.0, service=GATEWAY)


def late(service: str) -> Unavailable:
    """The action's deadline was over before the service was asked."""
    return Unavailable("the time for this action was over before it began", service=service)


def silent(service: str, *, reading: bool) -> ShopError:
    """The service did not answer as it should have; only a request that just reads has surely changed nothing."""
    if reading:
        return Unavailable(f"the {service} service does not answer", hint="shop services status", service=service)
    return OutcomeUnknown(
        f"the {service} service did not answer; it may have done what was asked, or not", service=service
    )


def nothing_there(path: str) -> NotFound:
    """No route leads there."""
    return NotFound(f"nothing is served at {path}")


def too_large(limit: int) -> Malformed:
    """A body beyond `limit` bytes."""
    return Malformed(f"the request body is larger than {limit} bytes", 413)


def ambiguous() -> Malformed:
    """A path that two readers could understand differently."""
    return Malformed("the path is ambiguous: it has empty or dotted segments, or encoded slashes")


def bug() -> Bug:
    """Something that nobody thought of."""
    return Bug("the gateway failed; the request may have been carried out", outcome=Outcome.UNKNOWN)
