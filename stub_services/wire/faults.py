"""Injected faults on the wire: what a client of a served service, or of the gateway, notices.

The middleware is the outermost layer of an ASGI application (https://asgi.readthedocs.io). ASGI has no word for
closing a connection without an answer: under uvicorn `stub_services.wire.dropping` supplies it, elsewhere the
application raises `Dropped`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

from backends.errors import Outcome, RateLimited, ShopError
from backends.models.faults import Fault, FaultKind
from stub_services.faults import Faults, MemoryFaults, acting, fault_of, fault_to
from stub_services.wire.problems import Bug, answered

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

DROP = "shop.drop"
"""The ASGI extension with which a server lets an application close the connection: {"drop": a function}."""
ACTION = "shop.action"
"""Where an outer layer may put the name of the operation into the scope: `place`, say."""
HANG_SECONDS = 300.0

_INTERNAL = "/internal/"
_SIGNS_OF_LIFE = ("/livez", "/readyz")


class Dropped(Exception):
    """The connection breaks without an answer; `kind` says how, for a transport that simulates it."""

    def __init__(self, kind: FaultKind) -> None:
        """STOPPED means that the connection was refused, anything else that it broke."""
        super().__init__(kind.value)
        self.kind = kind


class FaultMiddleware:
    """Lets one service misbehave as injected."""

    def __init__(
        self,
        application: Application,
        service: str,
        faults: Faults,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Stand before `application`; `sleep` takes seconds."""
        self._application = application
        self._service = service
        self._faults = faults
        self._sleep = sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or not."""
        if scope["type"] != "http" or _is_about_faults(scope["path"]):
            await self._application(scope, receive, send)
            return
        actions = actions_of(scope)
        with acting(*actions):
            try:
                fault = self._faults.hit(self._service, *actions, among=_possible(scope["path"]))
            except ShopError as error:  # the file is damaged
                await self._refuse(scope, send, error)
                return
            if fault is None:
                await self._application(scope, receive, send)
            else:
                await self._misbehave(fault, scope, receive, send)

    async def _misbehave(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind is FaultKind.ERROR:
            await self._refuse(scope, send, Bug("an error was injected", outcome=Outcome.UNKNOWN))
        elif fault.kind is FaultKind.RATE_LIMITED:
            msg = f"too many requests; try again in {fault.seconds:g} s"
            await self._refuse(scope, send, RateLimited(msg, retry_after=fault.seconds))
        elif fault.kind is FaultKind.LATENCY:
            await self._sleep(fault.seconds)
            await self._application(scope, receive, send)
        elif fault.kind is FaultKind.TRUNCATE:
            await _send_half(await self._answer(scope, receive), send)
        else:
            await self._say_nothing(fault, scope, receive)

    async def _say_nothing(self, fault: Fault, scope: Scope, receive: Receive) -> None:
        if fault.kind is FaultKind.ANSWER_LOST:
            await self._answer(scope, receive)
        elif fault.kind is FaultKind.HANG and await _is_left_alone(receive, HANG_SECONDS):
            return
        await _drop(fault, scope, receive)

    async def _answer(self, scope: Scope, receive: Receive) -> list[Message]:
        """Let the application do everything, and keep its answer."""
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._application(scope, receive, keep)
        return answer

    async def _refuse(self, scope: Scope, send: Send, error: ShopError) -> None:
        request_id = dict(scope["headers"]).get(b"x-request-id", b"")
        status, headers, content = answered(error, request_id.decode("latin-1"), self._service)
        headers.append((b"cache-control", b"no-store"))
        if request_id:
            headers.append((b"x-request-id", request_id))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})


def actions_of(scope: Scope) -> tuple[str, ...]:
    """Return the names that a request goes by: `PUT /v1/orders/7`, and `take` of `/internal/carts/take`.

    An outer layer may add the operation's own (`place`) as `ACTION`.
    """
    path = scope["path"]
    names = [f"{scope['method']} {path}"]
    if path.startswith(_INTERNAL):
        names.append(path.rpartition("/")[2])
    if ACTION in scope:
        names.append(scope[ACTION])
    return tuple(names)


# --- what the endpoints `/faults` do -----------------------------------------------------------


def list_faults(store: MemoryFaults, service: str) -> dict[str, list[dict[str, Any]]]:
    """GET: the service's faults, without its name. Raises StorageError."""
    return {"items": [fault_to(fault) for fault in store.read() if fault.service == service]}


def add_fault(store: MemoryFaults, service: str, body: Mapping[str, Any]) -> None:
    """POST: inject what the JSON body describes. Raises InvalidValue, StorageError."""
    store.add(fault_of(body, service))


def clear_faults(store: MemoryFaults, service: str) -> None:
    """DELETE: end all faults of the service. Raises StorageError."""
    store.clear(service)


# --- inside --------------------------------------------------------------------------------------


def _is_about_faults(path: str) -> bool:
    return path == "/faults" or path.startswith("/v1/faults/")


def _possible(path: str) -> Iterable[FaultKind]:
    """What can strike this path: a service that fails is still alive, unless it is stopped or hangs."""
    return (FaultKind.STOPPED, FaultKind.HANG) if path in _SIGNS_OF_LIFE else FaultKind


async def _drop(fault: Fault, scope: Scope, receive: Receive) -> None:
    """Close the connection without a word. Raises Dropped where the server knows no way to."""
    extension = scope.get("extensions", {}).get(DROP)
    if extension is None:
        raise Dropped(fault.kind)
    extension["drop"]()
    await _until_gone(receive)  # uvicorn answers 500 for an application that ends earlier without an answer


async def _is_left_alone(receive: Receive, seconds: float) -> bool:
    """Wait until the client gives up; False if it is still there after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await _until_gone(receive)
    except TimeoutError:
        return False
    return True


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_half(answer: Iterable[Message], send: Send) -> None:
    """Send half of the body, and no length, so that the end of the connection looks like the end of the answer."""
    start, *parts = answer
    body = b"".join(part.get("body", b"") for part in parts if part["type"] == "http.response.body")
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": body[: len(body) // 2]})
