"""A gateway that misbehaves as injected, and where it is told to: `/v1/faults/gateway`, as the services' `/faults`."""

from hmac import compare_digest
from typing import Any
from uuid import uuid4

import msgspec

from backends.errors import InvalidValue, LoginRequired, ShopError
from stub_services.faults import Faults, MemoryFaults
from stub_services.gateway.bodies import Body, Room
from stub_services.gateway.headers import request_id_of, value_of
from stub_services.gateway.problems import Answer, as_json, as_problem
from stub_services.gateway.routes import BODY_BYTES, GATEWAY
from stub_services.wire.faults import Application, FaultMiddleware, Receive, Scope, Send, add_fault, clear_faults
from stub_services.wire.faults import list_faults as listed
from stub_services.wire.problems import Malformed

PATH = f"/v1/faults/{GATEWAY}"
_BODY_SECONDS = 5.0
_MORE = {401: [(b"www-authenticate", b"Bearer")], 405: [(b"allow", b"GET, POST, DELETE")]}


def faulty(gateway: Application, faults: Faults, token: str) -> Application:
    """Return the gateway with faults, which whoever has `token` may inject."""
    return FaultMiddleware(_Desk(gateway, faults.store, token), GATEWAY, faults)


class _Desk:
    def __init__(self, gateway: Application, store: MemoryFaults, token: str) -> None:
        self._gateway = gateway
        self._store = store
        self._token = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._gateway(scope, receive, send)
            return
        request_id = request_id_of(scope["headers"]) or str(uuid4())
        try:
            answer = await self._answer(scope, receive)
        except ShopError as error:
            answer = as_problem(error, request_id)
        headers = [*answer.headers, (b"x-request-id", request_id.encode()), *_MORE.get(answer.status, ())]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        if not compare_digest(value_of(scope["headers"], b"authorization") or b"", self._token):
            raise LoginRequired("this needs the token for faults", hint="shop serve --faults")
        if scope["method"] == "GET":
            return as_json(listed(self._store, GATEWAY))
        if scope["method"] == "POST":
            add_fault(self._store, GATEWAY, await _document(scope, receive))
        elif scope["method"] == "DELETE":
            clear_faults(self._store, GATEWAY)
        else:
            raise Malformed("this path does not offer that method", 405)
        return Answer(204, [], b"")


async def _document(scope: Scope, receive: Receive) -> Any:  # noqa: ANN401 - JSON; `add_fault` looks at it
    with Body(Room(), scope["headers"], BODY_BYTES) as body:
        content = await body.read(receive, _BODY_SECONDS)
    try:
        return msgspec.json.decode(content)
    except msgspec.MsgspecError:
        raise InvalidValue("the body is a fault in JSON") from None
