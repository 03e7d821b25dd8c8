"""Which headers pass, and what the gateway reads of them."""

from collections.abc import Iterable

from multidict import CIMultiDict

from stub_services.wire.hop import is_request_id

TRACE = b"shop-trace"

# RFC 9110, 7.6.1: they speak about one connection. Host, Content-Length and Expect are the next connection's, too.
_HOP_BY_HOP = frozenset(
    (
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    )
)
_NOT_PASSED_ON = _HOP_BY_HOP | {b"host", b"content-length", b"expect", b"x-request-id", b"shop-timeout"}
_NOT_PASSED_BACK = _HOP_BY_HOP | {b"x-request-id", b"server", b"date", TRACE}

RawHeaders = Iterable[tuple[bytes, bytes]]


def value_of(headers: RawHeaders, name: bytes) -> bytes | None:
    """Return the first value of a header, by its name in lower case."""
    return next((value for known, value in headers if known == name), None)


def request_id_of(headers: RawHeaders) -> str | None:
    """Return the client's request id if it is a sane one."""
    told = (value_of(headers, b"x-request-id") or b"").decode("latin-1")
    return told if is_request_id(told) else None


def passed_on(headers: list[tuple[bytes, bytes]], request_id: str, seconds: float) -> CIMultiDict[str]:
    """Return the headers for the service, with the time that is left.

    aiohttp encodes values as UTF-8, so what is no UTF-8 cannot pass unchanged: UnicodeDecodeError.
    """
    dropped = _NOT_PASSED_ON | _named_by_connection(headers)
    kept = CIMultiDict((name.decode(), value.decode("utf-8")) for name, value in headers if name not in dropped)
    kept["x-request-id"] = request_id
    kept["shop-timeout"] = f"{seconds:.3f}"
    return kept


def passed_back(headers: RawHeaders) -> tuple[list[tuple[bytes, bytes]], bytes | None]:
    """Return the headers for the client, and the service's traced hops, which the gateway wraps in its own."""
    lowered = [(name.lower(), value) for name, value in headers]
    dropped = _NOT_PASSED_BACK | _named_by_connection(lowered)
    return [(name, value) for name, value in lowered if name not in dropped], value_of(lowered, TRACE)


def _named_by_connection(headers: RawHeaders) -> set[bytes]:
    values = [value for name, value in headers if name == b"connection"]
    return {token.strip().lower() for value in values for token in value.split(b",")}
