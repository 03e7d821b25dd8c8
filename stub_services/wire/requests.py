"""Reading requests: bounded, strict, and with an honest word about what is wrong."""

import asyncio
import zlib
from collections.abc import Mapping
from contextvars import ContextVar
from hashlib import blake2b
from secrets import token_hex
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request

from backends.deadline import remaining
from backends.text import clean
from stub_services.wire.hop import is_request_id
from stub_services.wire.problems import Malformed

_GZIP = 16
"""What zlib adds to the size of its window to say that gzip's header is there."""

current_request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being answered: what it makes a service ask others carries it on."""


def request_id_of(request: Request) -> str:
    """Return the id that this request has in every log: the caller's if it is sane, else a new one."""
    known: str | None = request.scope.get("shop.request_id")
    if known is None:
        given = request.headers.get("x-request-id", "")
        known = given if is_request_id(given) else token_hex(8)
        request.scope["shop.request_id"] = known
    return known


async def read_body(request: Request, most: int, most_unpacked: int | None = None) -> bytes:
    """Return the body of at most `most` bytes, if it comes before the deadline. Raises Malformed.

    Where `most_unpacked` is given it may come compressed with gzip, and has at most so many bytes then.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Malformed("the body is JSON: Content-Type: application/json", 415)
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    if packing != "identity" and (packing != "gzip" or most_unpacked is None):
        known = "not compressed" if most_unpacked is None else "gzip, or not compressed"
        raise Malformed(f"the body comes {known}, not {clean(packing)}", 415)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(remaining()):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise Malformed(f"the body has more than {most} bytes", 413)
                parts.append(part)
    except ClientDisconnect:
        raise Malformed("the body ended early") from None
    except TimeoutError:
        raise Malformed("the body did not come in time", 408) from None
    body = b"".join(parts)
    return body if packing == "identity" or most_unpacked is None else _unpacked(body, most_unpacked)


def _unpacked(body: bytes, most: int) -> bytes:
    """Return what gzip made small; no more than `most` bytes are ever made of it."""
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | _GZIP)
    try:
        found = unpacking.decompress(body, most + 1)
    except zlib.error as error:
        raise Malformed(f"the body is no gzip: {error}") from None
    if len(found) > most:
        raise Malformed(f"the body has more than {most} bytes once it is unpacked", 413)
    if not unpacking.eof or unpacking.unused_data:
        raise Malformed("the body is no whole gzip")
    return found


def body_of(body: bytes, kind: Any) -> Any:  # noqa: ANN401  whatever kind says
    """Decode a body as `kind`. Raises Malformed."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Malformed(f"the body is not what is expected here: {clean(str(error))}") from None


def path_of(request: Request, kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of the path as arguments. Raises Malformed."""
    try:
        return {name: msgspec.convert(value, kinds[name]) for name, value in request.path_params.items()}
    except msgspec.ValidationError as error:
        raise Malformed(f"the path is not what is expected here: {clean(str(error))}") from None


def query_of(request: Request, kind: Any) -> dict[str, Any]:  # noqa: ANN401
    """Decode the query string as `kind` and return it as the argument `query`. Raises Malformed."""
    given = request.query_params.multi_items() if request.scope["query_string"] else []
    if kind is None and not given:
        return {}
    if kind is None:
        raise Malformed("this path takes no query")
    values = dict(given)
    if len(values) < len(given):
        raise Malformed("a part of the query is given twice")
    try:
        return {"query": msgspec.convert(values, kind, strict=False)}
    except msgspec.ValidationError as error:
        raise Malformed(f"the query is not what is expected here: {clean(str(error))}") from None


def condition_of(request: Request, name: str) -> str | None:
    """Return the header If-Match or If-None-Match, which may come in several lines."""
    return ", ".join(request.headers.getlist(name)) or None


def names_tag(condition: str, tag: str | None, *, weak: bool = False) -> bool:
    """Whether a condition names an entity tag; None is of what does not exist (RFC 9110, 8.8.3.2 and 13.1)."""
    named = [part.strip() for part in condition.split(",")]  # our own tags hold no comma
    return tag is not None and ("*" in named or tag in named or (weak and f"W/{tag}" in named))


def etag_of(body: bytes) -> str:
    """Return a strong entity tag (RFC 9110, 8.8.3)."""
    return f'"{blake2b(body, digest_size=8).hexdigest()}"'
