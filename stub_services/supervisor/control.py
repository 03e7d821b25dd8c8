"""The control API: the owner stops, starts and restarts services through it. Loopback only, bearer token."""

from __future__ import annotations

import asyncio
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from backends.errors import InvalidValue, LoginRequired, NotFound, Outcome, ShopError
from stub_services.gateway.headers import request_id_of, value_of
from stub_services.gateway.problems import Answer, as_json, as_problem
from stub_services.supervisor.logs import SUPERVISOR
from stub_services.wire.problems import Bug, Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stub_services.gateway.headers import RawHeaders
    from stub_services.supervisor.group import Group
    from stub_services.supervisor.logs import LogStream

_LIST = "/v1/services"
_BODY_BYTES = 4096
_BODY_SECONDS = 5.0
_UNAUTHORIZED = 401


class _State(msgspec.Struct, forbid_unknown_fields=True):
    state: str


class Control:
    """An ASGI application over the groups, for whoever has the merchant's token."""

    def __init__(self, groups: Mapping[str, Group], token: str, log: LogStream) -> None:
        """Know the groups by name."""
        self._groups = groups
        self._token = f"Bearer {token}".encode()
        self._log = log

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        """Answer one request."""
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        request_id = request_id_of(scope["headers"]) or str(uuid4())
        try:
            self._authorize(scope["headers"])
            answer = await self._answer(scope, await _body(receive))
        except ShopError as error:
            answer = as_problem(error, request_id, SUPERVISOR)
        except Exception as error:  # noqa: BLE001 - a bug answers, too
            self._log.say("bug", "error", error=f"{type(error).__name__}: {error}")
            answer = as_problem(Bug("the supervisor failed", outcome=Outcome.UNKNOWN), request_id, SUPERVISOR)
        headers = [*answer.headers, (b"x-request-id", request_id.encode())]
        if answer.status == _UNAUTHORIZED:
            headers += [(b"www-authenticate", b"Bearer"), (b"connection", b"close")]  # the body was not read
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    def _authorize(self, headers: RawHeaders) -> None:
        if not compare_digest(value_of(headers, b"authorization") or b"", self._token):
            hint = "shop profile create NAME URL --owner DIR/owner.json"
            raise LoginRequired("this needs the merchant's token", hint=hint)

    async def _answer(self, scope: Any, body: bytes) -> Answer:  # noqa: ANN401 - ASGI
        method, path = scope["method"], scope["raw_path"].decode("ascii", "replace")
        if (method, path) == ("GET", _LIST):
            return as_json({"items": [_shown(group) for group in self._groups.values()]})
        match path.removeprefix(_LIST).split("/"):
            case ["", name, "state"] if method == "PUT":
                await self._set_state(self._group(name), body)
            case ["", name, "restart"] if method == "POST":
                await self._group(name).restart()
            case _:
                raise NotFound(f"there is no {method} {path}")
        return Answer(204, [], b"")

    async def _set_state(self, group: Group, body: bytes) -> None:
        try:
            wanted = msgspec.json.decode(body, type=_State).state
        except msgspec.MsgspecError:
            wanted = ""
        if wanted == "running":
            await group.start()
        elif wanted == "stopped":
            await group.stop()
        else:
            raise InvalidValue('the body is {"state": "running"} or {"state": "stopped"}')
        self._log.say(wanted, of=group.service)

    def _group(self, name: str) -> Group:
        group = self._groups.get(name)
        if group is None:
            raise NotFound(f"no service {name!r} runs here; there is {', '.join(self._groups)}")
        return group


def _shown(group: Group) -> dict[str, object]:
    return {
        "service": group.service,
        "state": group.state,
        "pids": group.pids,
        "port": group.port.number,
        "restarts": group.restarts,
        "last_error": group.last_error,
    }


async def _body(receive: Any) -> bytes:  # noqa: ANN401 - ASGI
    parts = b""
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while len(parts) <= _BODY_BYTES:
                message = await receive()
                parts += message.get("body", b"")
                if not message.get("more_body"):
                    return bytes(parts)
    except TimeoutError:
        raise Malformed("the request's body did not arrive in time", 408) from None
    raise InvalidValue(f"the body is larger than {_BODY_BYTES} bytes")
