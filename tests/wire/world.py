"""Six processes and the network between them, all on one event loop: real routes, real SQL in files, virtual time.

A process that dies loses its requests, its open transactions and what it kept in memory; its files stay. Whoever
waits for its answer sees the connection break. A sender that gives up stops nothing at the receiver.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import Context
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import httpx
from multidict import CIMultiDict
from yarl import URL

from backends.interface import SERVICES
from stub_services.gateway.proxy import Gateway
from stub_services.hosting import RECOVERY_SECONDS, Service
from stub_services.sqlite_serving import ServingSqlite
from stub_services.wire.log import Log
from tests.conftest import countable_ids
from tests.five import Carry, Five
from tests.wire.clock import clock

DATABASES = (*SERVICES, "processor")


class Dead(BaseException):
    """A process that is not there any more."""


class MortalSqlite(ServingSqlite):
    """A service's database file. It says when it commits, and ends with its process."""

    def __init__(self, path: Path, migrations: Path, service: str, dies: Callable[[], bool]) -> None:
        super().__init__(path, migrations, service=service)
        self._dies = dies
        self.is_dead = False

    def die(self) -> None:
        """Lose what is not committed."""
        self.is_dead, self._group = True, None
        for connection in (self._reader, self._connection):
            if connection is not None:
                connection.close()
        self._reader = self._connection = None

    def _commit(self, *arguments: Any) -> None:  # noqa: ANN401  whatever the real one is given
        if self.is_dead or self._dies():
            return
        super()._commit(*arguments)
        self._dies()

    def _connect(self) -> sqlite3.Connection:
        if self.is_dead:
            raise Dead
        connection = super()._connect()
        connection.execute("PRAGMA synchronous = OFF")  # only processes die here, not the machine
        return connection


class Process:
    """What runs in one process: the requests that it answers, and what it does beside them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_up = False
        self.bugs: list[BaseException] = []
        self._wire: httpx.AsyncBaseTransport | None = None
        # In order, which a set of them is not: one seed has to replay one history.
        self._tasks: dict[asyncio.Task[object], None] = {}
        self._waiting: dict[asyncio.Future[httpx.Response], None] = {}

    def start(self, wire: httpx.AsyncBaseTransport, beside: Any = None) -> None:  # noqa: ANN401  a coroutine
        """Answer requests by way of `wire`, from now on."""
        self.is_up = True
        self._wire = wire
        if beside is not None:
            self._spawn(beside)

    def kill(self) -> None:
        """End at once."""
        self.is_up = False
        for task in tuple(self._tasks):
            task.cancel()
        for answer in tuple(self._waiting):
            if not answer.done():
                answer.set_exception(httpx.ReadError("the connection was reset"))

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Ask it, as one connection does."""
        if not self.is_up or self._wire is None:
            raise httpx.ConnectError("the connection was refused")
        answer: asyncio.Future[httpx.Response] = asyncio.get_running_loop().create_future()
        self._waiting[answer] = None
        self._spawn(self._handle(self._wire, request, answer))
        try:
            return await answer
        finally:
            self._waiting.pop(answer, None)

    async def _handle(
        self, wire: httpx.AsyncBaseTransport, request: httpx.Request, answer: asyncio.Future[httpx.Response]
    ) -> None:
        try:
            response = await wire.handle_async_request(request)
            await response.aread()
        except Exception as error:  # noqa: BLE001  whoever asked is the one to tell
            if not answer.done():
                answer.set_exception(error)
        else:
            if not answer.done():
                answer.set_result(response)

    def _spawn(self, coroutine: Any) -> None:  # noqa: ANN401  a coroutine
        """Run it as this process does: it knows nothing of whoever asked but what the request says."""
        task = asyncio.get_running_loop().create_task(coroutine, context=Context())
        self._tasks[task] = None
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, Dead):
            self.bugs.append(error)


class World:
    """The five services and the gateway on the files in `directory`; tests break `carry`."""

    def __init__(self, directory: Path, seed: int = 0, first_id: int = 1) -> None:
        self.directory = directory
        self.random = Random(seed)  # noqa: S311  a plan has to be repeatable
        self.ids = countable_ids(first_id)
        self.may_die: Callable[[str], bool] = lambda _: False
        self.processes = {name: Process(name) for name in (*SERVICES, "gateway")}
        self.five = Five(clock, self.ids, databases=self._database, recovery_seconds=RECOVERY_SECONDS)
        self.five.carry = self._carried
        self.carry: Carry = self.transmit
        self._readers: dict[str, sqlite3.Connection] = {}

    async def start(self) -> None:
        """Start all six."""
        for name in self.processes:
            self.begin(name)
        await asyncio.sleep(0.5)  # the services fetch the keys of UserService

    def begin(self, name: str) -> None:
        """Start one, which is not running, on its files."""
        if name == "gateway":
            urls = {service: f"http://{service}" for service in SERVICES}
            gateway = Gateway(urls, Log("gateway", self.five.logs))
            gateway._session = _Session(self)  # type: ignore[assignment]  # noqa: SLF001  aiohttp's place
            self.processes[name].start(httpx.ASGITransport(gateway))
            return
        if any(database.is_dead for database in self._databases_of(name)):
            self.five.renew(name)
        app = self.five.apps[name]
        self.processes[name].start(httpx.ASGITransport(app), self._live(app))

    async def _live(self, app: Service) -> None:
        async with app.living():
            await asyncio.get_running_loop().create_future()

    def kill(self, name: str) -> None:
        """End one as SIGKILL does."""
        if name != "gateway":
            for database in self._databases_of(name):
                database.die()
        self.processes[name].kill()

    async def stop(self) -> None:
        """End all, and let go of the files. Fails if a service met a bug."""
        for name in self.processes:
            self.kill(name)
        for reader in self._readers.values():
            reader.close()
        for _ in range(5):  # what was cancelled ends
            await asyncio.sleep(0)
        logged = [line for line in self.five.logs.getvalue().splitlines() if '"event":"bug"' in line]
        bugs = [*logged, *(repr(bug) for process in self.processes.values() for bug in process.bugs)]
        assert not bugs, f"bugs: {bugs}"

    async def transmit(self, caller: str, target: str, request: httpx.Request) -> httpx.Response:
        """Carry a request as a network without faults does."""
        return await self.processes[target].answer(request)

    def rows(self, database: str, sql: str, *parameters: object) -> list[dict[str, Any]]:
        """Look into a database, for the checker only."""
        if database not in self._readers:
            self._readers[database] = sqlite3.connect(self._file(database), isolation_level=None)
            self._readers[database].row_factory = sqlite3.Row
        return [dict(row) for row in self._readers[database].execute(sql, parameters).fetchall()]

    async def _carried(self, caller: str, target: str, request: httpx.Request) -> httpx.Response:
        return await self.carry(caller, target, request)

    def _file(self, database: str) -> Path:
        return self.directory / f"{database}.db"

    def _database(self, name: str, migrations: Path) -> MortalSqlite:
        service = "payments" if name == "processor" else name
        return MortalSqlite(self._file(name), migrations, service, lambda: self.may_die(service))

    def _databases_of(self, service: str) -> tuple[MortalSqlite, ...]:
        names = ("payments", "processor") if service == "payments" else (service,)
        found = tuple(self.five.databases[name] for name in names)
        assert all(isinstance(database, MortalSqlite) for database in found)
        return found  # type: ignore[return-value]


class _Session:
    """Stands where the gateway has its aiohttp session."""

    def __init__(self, world: World) -> None:
        self._world = world

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: URL,
        *,
        headers: CIMultiDict[str],
        data: bytes | bytearray | None,
        **_: object,  # about redirects and connecting, which do not happen here
    ) -> AsyncIterator["_Answer"]:
        request = httpx.Request(method, str(url), headers=list(headers.items()), content=bytes(data or b""))
        try:
            response = await self._world.carry("gateway", str(url.host), request)
        except httpx.ConnectError:
            raise _Refused from None
        except httpx.TransportError:
            raise aiohttp.ServerDisconnectedError from None
        yield _Answer(response)


class _Answer:
    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.raw_headers = response.headers.raw
        self.content_length = len(response.content)
        self._response = response

    async def read(self) -> bytes:
        return self._response.content


class _Refused(aiohttp.ClientConnectorError):
    def __init__(self) -> None:
        OSError.__init__(self, "refused")

    def __str__(self) -> str:
        return "refused"


def copied(template: Path, directory: Path) -> Path:
    """Copy a shop's files."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in DATABASES:
        shutil.copyfile(template / f"{name}.db", directory / f"{name}.db")
    return directory
