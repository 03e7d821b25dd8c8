"""One service as an ASGI application: from a request to a call of its rules, and back."""

import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from math import ceil

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from backends.deadline import deadline
from backends.errors import LoginRequired, Outcome, ShopError
from backends.tracing import dump, recording
from stub_services.wire.endpoint import Call, Endpoint, Needs
from stub_services.wire.hop import seconds_of
from stub_services.wire.idempotency import Keys, once_of
from stub_services.wire.log import Log
from stub_services.wire.problems import MEDIA_TYPE, Bug, Malformed, problem, status_of
from stub_services.wire.requests import (
    body_of,
    condition_of,
    current_request_id,
    etag_of,
    names_tag,
    path_of,
    query_of,
    read_body,
    request_id_of,
)
from stub_services.wire.trust import Trust

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Part:
    """Endpoints, and the rules that their handlers are given."""

    rules: object
    endpoints: tuple[Endpoint, ...]


class Answering:
    """From an endpoint and a request to an answer, errors and bugs included."""

    def __init__(self, service: str, trust: Trust, keys: Keys | None, log: Log) -> None:
        """`keys` remembers requests that must not take effect twice, where the service has such."""
        self._service = service
        self._trust = trust
        self._keys = keys
        self._log = log

    def application(self, *parts: Part) -> Starlette:
        """Return the service as an ASGI application."""
        offered: dict[str, dict[str, tuple[Endpoint, object]]] = {}
        for part in parts:
            for endpoint in part.endpoints:
                offered.setdefault(endpoint.path, {})[endpoint.method] = endpoint, part.rules
        # Starlette adds HEAD to GET, and the server leaves the body out (RFC 9110, 9.3.2).
        routes = [Route(path, self._route(methods), methods=list(methods)) for path, methods in offered.items()]
        application = Starlette(routes=routes, exception_handlers={HTTPException: self._unrouted})
        application.router.redirect_slashes = False
        return application

    def _route(self, methods: Mapping[str, tuple[Endpoint, object]]) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            endpoint, rules = methods["GET" if request.method == "HEAD" else request.method]
            began = time.perf_counter()
            current_request_id.set(request_id_of(request))
            traced = request.headers.get("shop-trace") == "1"
            with recording() if traced else nullcontext() as hops:
                try:
                    with deadline(seconds_of(request.headers.get("shop-timeout"), endpoint.max_seconds)):
                        response = await self._respond(endpoint, rules, request)
                except ShopError as error:
                    response = self._refusal(error, request)
                except Exception as error:  # noqa: BLE001  the last line of defence: told, logged, and the service lives
                    self._log.bug(error, request_id_of(request))
                    response = self._refusal(Bug("this is a bug in the shop", outcome=Outcome.UNKNOWN), request)
            if hops is not None:
                response.headers["shop-trace"] = dump(hops)
            if not (endpoint.quiet and response.status_code < 400):  # noqa: PLR2004  errors begin there
                self._log.request(request, endpoint.name, response.status_code, (time.perf_counter() - began) * 1000)
            return response

        return respond

    async def _respond(self, endpoint: Endpoint, rules: object, request: Request) -> Response:
        caller = await self._trust.caller(endpoint.needs, request.headers)
        arguments = path_of(request, endpoint.path_parameters)
        body = b""
        if endpoint.body is not None:
            body = await read_body(request, endpoint.max_body, endpoint.max_unpacked)
            arguments["body"] = body_of(body, endpoint.body)
        arguments |= query_of(request, endpoint.query)
        call = Call(caller, once_of(endpoint, caller, request, body), condition_of(request, "if-match"))

        async def work(*, repeated: bool = False) -> bytes:
            # What took effect is not refused any more, whatever it was conditional on.
            asked = replace(call, if_match=None) if repeated else call
            result = await endpoint.handler(rules, asked, **arguments)
            return b"" if result is None else _encode(result)

        answer = await (self._keys.answer(call.once, call.headers, work) if call.once and self._keys else work())
        return _response(endpoint, call, request, answer)

    def _refusal(self, error: ShopError, request: Request) -> Response:
        headers = {"cache-control": "no-store", "x-request-id": request_id_of(request)}
        if error.retry_after is not None:
            headers["retry-after"] = str(max(1, ceil(error.retry_after)))
        if isinstance(error, LoginRequired):
            headers["www-authenticate"] = "Bearer"
        content = problem(error, request_id_of(request), self._service)
        return Response(content, status_of(error), headers, MEDIA_TYPE)

    async def _unrouted(self, request: Request, error: Exception) -> Response:
        """Answer what no route is for; Starlette would do so in plain text."""
        status = error.status_code if isinstance(error, HTTPException) else 404
        words = "this path does not offer that method" if status == 405 else "there is no such path"  # noqa: PLR2004
        response = self._refusal(Malformed(words, status), request)
        response.headers.update(getattr(error, "headers", None) or {})
        return response


def _response(endpoint: Endpoint, call: Call, request: Request, body: bytes) -> Response:
    headers = {"x-request-id": request_id_of(request), "cache-control": "no-store", **call.headers}
    if endpoint.answer is type(None):
        return Response(None, 204, headers)
    if endpoint.method == "GET" and endpoint.needs is Needs.ANYBODY and "etag" not in headers:
        headers |= {"etag": etag_of(body), "cache-control": "no-cache"}
        if names_tag(condition_of(request, "if-none-match") or "", headers["etag"], weak=True):
            return Response(None, 304, headers)
    return Response(body, endpoint.status, headers, "application/json")
