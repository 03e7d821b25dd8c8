"""From an answer that is an error, or from no answer, to the one tree of errors."""

import json
import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any

from backends.errors import (
    BY_CODE,
    ConfigurationError,
    Conflict,
    Forbidden,
    InFlight,
    InvalidValue,
    KeyReused,
    LoginRequired,
    NotFound,
    Outcome,
    OutcomeUnknown,
    PaymentDeclined,
    Pending,
    RateLimited,
    ShopError,
    Unavailable,
    Unsupported,
)
from backends.http.requests import GATEWAY, Request
from backends.http.transport import Answer
from backends.interface import SERVICES
from backends.text import shorten

PROBLEM = "application/problem+json"
STATUS = "shop services status"
ADDRESS = "shop profile list"
"""Which shop was asked, what chose it and which others there are."""

MAX_MESSAGE = 500
MAX_HINT = 200
_COMMAND = re.compile(
    r"shop (addresses|cart|checkout|login|orders|payments|products|services|signup|whoami)"
    r"( (?!\S*//)[A-Za-z0-9@+=:,./_-]+)*"
)
"""What a shop may tell somebody to run: our own commands, without another shop's address or a word to a shell."""

_BY_STATUS: dict[int, type[ShopError]] = {
    400: InvalidValue,
    401: LoginRequired,
    403: Forbidden,
    404: NotFound,
    405: InvalidValue,
    409: Conflict,
    412: Conflict,
    413: InvalidValue,
    415: InvalidValue,
    422: KeyReused,
    429: RateLimited,
    501: Unsupported,
    503: Unavailable,
}
_DEFINITE = (InvalidValue, NotFound, Conflict, PaymentDeclined, Pending)
_TIMED_OUT = 408
_FOREIGN = (404, 405)
"""What another web server says to paths that every shop has."""


def is_definite(error: ShopError) -> bool:
    """Whether an answer to a repetition decides about the first one too.

    A rule that says no does, under the same id; whoever does not even look at the request ("later!") does not.
    """
    return isinstance(error, _DEFINITE) and error.outcome is not Outcome.UNKNOWN


def unsent(request: Request, peer: str, why: str, hint: str) -> Unavailable:
    """Return the error of a request that did not even reach `peer`, the gateway; `hint` brings that back."""
    nothing = "" if request.reads else "; nothing was changed"
    return Unavailable(why + nothing, hint=hint, service=peer)


def unanswered(request: Request, why: str, hint: str = STATUS) -> ShopError:
    """Return the error of a request that may have arrived and got no answer that makes sense."""
    if request.reads:
        return Unavailable(f"the {request.service} service gave no answer: {why}", hint=hint, service=request.service)
    msg = f"it is not known whether this happened, the {request.service} service gave no answer: {why}"
    return OutcomeUnknown(msg, hint=request.look, service=request.service)


def unknown_after(request: Request, last: ShopError) -> OutcomeUnknown:
    """Return the error where an earlier try may have arrived and the last one, `last`, decides nothing."""
    msg = f"it is not known whether this happened: {last.message}"
    hint = last.hint if isinstance(last, LoginRequired) else request.look
    return OutcomeUnknown(msg, hint=hint, service=last.service, retry_after=last.retry_after)


def error_of(answer: Answer, request: Request, now: datetime) -> ShopError:
    """Return the error that an answer of a status other than 2xx tells."""
    document = _document(answer)
    error = _unexplained(answer, request) if document is None else _explained(document, answer, request)
    error.retry_after = _retry_after(document or {}, answer, now)
    return error


def _document(answer: Answer) -> dict[str, Any] | None:
    if not answer.headers.get("content-type", "").lower().startswith(PROBLEM):
        return None
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and isinstance(document.get("code"), str) else None


# --- with problem details (RFC 9457) ---------------------------------------------------------------------------------


def _explained(document: dict[str, Any], answer: Answer, request: Request) -> ShopError:
    kind = _kind(document["code"], answer.status)
    outcome = _outcome(document, kind, request)
    if request.reads and issubclass(kind, OutcomeUnknown):
        kind = Unavailable
    elif outcome is Outcome.UNKNOWN and issubclass(kind, Unavailable):
        kind = OutcomeUnknown  # what is called unavailable promises that nothing happened
    service = document.get("service")
    error = kind(
        _text(document.get("detail"), MAX_MESSAGE) or f"the {request.service} service refused this ({answer.status})",
        hint=_hint(document.get("hint"), kind, outcome, request),
        service=service if service in (*SERVICES, GATEWAY) else request.service,
        outcome=outcome,
    )
    if isinstance(document.get("retryable"), bool) and kind is not OutcomeUnknown:
        error.retryable = document["retryable"]
    return error


def _kind(code: str, status: int) -> type[ShopError]:
    if code in BY_CODE:
        return BY_CODE[code]
    return _BY_STATUS.get(status, OutcomeUnknown if status >= 500 else InvalidValue)  # noqa: PLR2004  server errors


def _outcome(document: dict[str, Any], kind: type[ShopError], request: Request) -> Outcome:
    if request.reads:
        return Outcome.NOT_APPLIED
    if issubclass(kind, InFlight):
        return Outcome.UNKNOWN
    told = document.get("outcome")
    return Outcome(told) if told in tuple(Outcome) else kind.outcome


def _hint(told: object, kind: type[ShopError], outcome: Outcome, request: Request) -> str | None:
    """Return the command that helps. Who cannot tell what became of it knows no better one than looks at it."""
    if outcome is Outcome.UNKNOWN and request.look is not None:
        return request.look
    if isinstance(told, str) and len(told) <= MAX_HINT and _COMMAND.fullmatch(told):
        return told
    return STATUS if kind is Unavailable else None


def _text(value: object, most: int) -> str:
    return shorten(value, most).strip() if isinstance(value, str) else ""


# --- without: a proxy, or something that is no shop at all -----------------------------------------------------------


def _unexplained(answer: Answer, request: Request) -> ShopError:
    status, service = answer.status, request.service
    said = f"the {service} service gave no answer: something on the way answered {status}"
    if status == 429:  # noqa: PLR2004  nothing but a limit says that
        return RateLimited(f"too many requests for the {service} service", service=service)
    if 300 <= status < 400 and status != 303:  # noqa: PLR2004  303 (see other) is what a POST that worked may answer
        msg = f"the shop's address answers {status} and points elsewhere; tokens go to the named address only"
        return ConfigurationError(msg, hint="shop --backend URL", service=GATEWAY)
    surely_refused = status in _BY_STATUS and status < 500 and status != 409  # noqa: PLR2004
    cut = answer.headers.get("content-type", "").lower().startswith(PROBLEM)
    foreign = status in _FOREIGN and not cut
    if foreign:
        said = f"what answers at the shop's address is probably no shop: it says {status} to {request.action}"
    if request.reads or (surely_refused and not cut and status != _TIMED_OUT):
        error = Unavailable(said, hint=ADDRESS if foreign else STATUS, service=service)
        error.retryable = status >= 500 or cut  # noqa: PLR2004  the others will say the same again
        return error
    return OutcomeUnknown(f"it is not known whether this happened, {said}", hint=request.look, service=service)


# --- when to come back -----------------------------------------------------------------------------------------------


def _retry_after(document: dict[str, Any], answer: Answer, now: datetime) -> float | None:
    """Return the longer of what the body and the header ask for, in seconds: nobody comes back too early."""
    asked = [_seconds(document.get("retry_after")), _seconds_of(answer.headers.get("retry-after", ""), now)]
    return max((seconds for seconds in asked if seconds is not None), default=None)


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return max(0.0, seconds) if isfinite(seconds) else None


def _seconds_of(header: str, now: datetime) -> float | None:
    """Read `Retry-After` (RFC 9110, 10.2.3): seconds or a date."""
    try:
        return _seconds(float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):  # no date, or one without a time zone
        return None
