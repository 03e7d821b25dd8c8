"""The five services as five ASGI applications in one process: real routes, real SQL, no sockets.

What lies between them is a wire that tests may break.
"""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from backends.errors import OutcomeUnknown, Unavailable
from backends.interface import SERVICES
from backends.registry import MemorySessions
from stub_services.database import Database
from stub_services.gateway.routes import find
from stub_services.hosting import Service, Surroundings, host
from stub_services.sqlite import SqliteDatabase
from stub_services.users.passwords import Argon2Passwords
from stub_services.wire.exchange import Answer, Question
from stub_services.wire.log import Log

SERVICE_TOKEN = "shops_for-tests"
MERCHANT_TOKEN = "shopm_for-tests"
ORIGIN = "http://127.0.0.1:8080"

_ROOT = Path(__file__).parent.parent / "stub_services"
_FOLDERS = {name: _ROOT / name / "migrations" for name in SERVICES} | {
    "processor": _ROOT / "payments" / "processor_migrations"
}

Carry = Callable[[str, str, httpx.Request], Awaitable[httpx.Response]]
"""Carries a request from the first named to the second."""


def in_memory(name: str, migrations: Path) -> Database:
    """A database that ends with the process."""
    return SqliteDatabase(None, migrations, service="payments" if name == "processor" else name)


class Five:
    """Five services, each with a database of its own, in memory unless told otherwise."""

    def __init__(
        self,
        clock: Callable[[], object],
        ids: Callable[[], str],
        *,
        databases: Callable[[str, Path], Database] | None = None,
        recovery_seconds: float | None = None,
    ) -> None:
        self._clock = clock
        self._ids = ids
        self._open = databases or in_memory
        self._recovery_seconds = recovery_seconds
        self.databases: dict[str, Database] = {}
        # Where time is virtual a silent service is told from a slow one; elsewhere the machine may just be busy.
        self.patience = 30.0 if recovery_seconds is None else 0.0
        self.logs = io.StringIO()
        self.carry: Carry = self.deliver
        self.apps: dict[str, Service] = {}
        self._wires: dict[str, httpx.ASGITransport] = {}
        for name in SERVICES:
            self.renew(name)
        self._living = AsyncExitStack()

    def renew(self, name: str) -> None:
        """Make a service anew, on the same data: what a process is that was started again."""
        for part in ("payments", "processor") if name == "payments" else (name,):
            self.databases[part] = self._open(part, _FOLDERS[part])
        given = Surroundings(
            self.databases.__getitem__,
            Hop(self, name),
            SERVICE_TOKEN,
            MERCHANT_TOKEN,
            Argon2Passwords(),
            self._clock,  # type: ignore[arg-type]
            self._ids,
            Log(name, self.logs),
            recovery_seconds=self._recovery_seconds,
            stocked=False,
        )
        self.apps[name] = host(name, given)
        self._wires[name] = httpx.ASGITransport(self.apps[name])

    async def start(self) -> None:
        for app in self.apps.values():
            await self._living.enter_async_context(app.living())
        for _ in range(20):  # what a start does runs beside
            await asyncio.sleep(0)

    async def stop(self) -> None:
        await self._living.aclose()

    async def deliver(self, caller: str, service: str, request: httpx.Request) -> httpx.Response:
        """Carry a request as a network without faults does."""
        response = await self._wires[service].handle_async_request(request)
        await response.aread()
        return response

    async def run_due(self) -> None:
        """Let orders and payments do what is due."""
        for service, worker in (("orders", "order-worker"), ("payments", "payment-worker")):
            await self._ask(service, f"/internal/{worker}/run_due")

    async def _ask(self, service: str, path: str) -> None:
        headers = {"authorization": f"Bearer {SERVICE_TOKEN}", "content-type": "application/json"}
        request = httpx.Request("POST", f"http://{service}{path}", headers=headers, content=b"{}")
        assert (await self.deliver("test", service, request)).status_code == 200


class Hop:
    """An exchange between two of the services."""

    def __init__(self, five: Five, caller: str) -> None:
        self._five = five
        self._caller = caller

    async def close(self) -> None:
        """There is nothing to close."""

    async def __call__(self, question: Question) -> Answer:
        url = f"http://{question.service}{question.path}"
        request = httpx.Request(question.method, url, headers=dict(question.headers), content=question.body)
        try:
            async with asyncio.timeout(max(question.seconds, self._five.patience)):
                response = await self._five.carry(self._caller, question.service, request)
        except httpx.ConnectError as error:
            raise Unavailable(f"{question.service} cannot be reached", service=question.service) from error
        except (httpx.TransportError, TimeoutError) as error:
            raise OutcomeUnknown(f"{question.service} did not answer", service=question.service) from error
        return Answer(response.status_code, dict(response.headers), response.content)


class Gateway(httpx.AsyncBaseTransport):
    """The client's wire: it routes by the gateway's own table. What is due is done before each change."""

    def __init__(self, five: Five, *, works: bool = True) -> None:
        self._five = five
        self._works = works

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.partition(b"?")[0].decode()
        route = find(path)
        if path == "/readyz":
            return httpx.Response(200, json={"service": "gateway", "status": "up", "version": "", "detail": ""})
        if route is None:
            return httpx.Response(404, json={})
        if route.target is not None:
            request = httpx.Request("GET", f"http://{route.service}{route.target}", headers=request.headers)
        if self._works and request.method != "GET":
            await self._five.run_due()
        return await self._five.carry("gateway", route.service, request)


def bearer(token: str) -> Mapping[str, str]:
    """The header that carries a token."""
    return {"authorization": f"Bearer {token}"}


def owner_sessions(directory: Path) -> MemorySessions:
    """The session of the shop's owner."""
    file = directory / "owner.json"
    keys = {"gateway": ORIGIN, "control": "http://127.0.0.1:1", "merchant": MERCHANT_TOKEN, "faults": None}
    file.write_text(json.dumps(keys))
    file.chmod(0o600)
    sessions = MemorySessions()
    sessions.update(lambda kept: kept.update(owner=str(file), origin=ORIGIN))
    return sessions
