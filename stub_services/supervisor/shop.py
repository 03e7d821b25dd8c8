"""A whole shop as processes: opened, started at once, kept going, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from backends.errors import Unavailable
from backends.interface import SERVICES
from stub_services.supervisor.control import Control
from stub_services.supervisor.group import STATUS, Group, Shape
from stub_services.supervisor.ownership import OWNER_FILE, Owner, claimed, only_one, token
from stub_services.supervisor.plan import GATEWAY
from stub_services.supervisor.ports import Port
from stub_services.supervisor.process import Command, Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stub_services.supervisor.logs import LogStream
    from stub_services.supervisor.plan import Plan

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Served:
    """A shop that is up."""

    gateway: str
    control: str
    data: str
    owner: str
    """The file with the merchant's token."""
    services: tuple[str, ...]
    milliseconds: float
    """From the first process to the last one's readiness."""


def serve(plan: Plan, log: LogStream, ready: Callable[[Served], None]) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; `ready` is called once all is up.

    Raises ConfigurationError (a port), Locked (another one is at work), StorageError, and Unavailable where a
    service does not start.
    """

    async def until_signalled() -> None:
        stopped = asyncio.Event()
        for number in _STOPS:
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await supervise(plan, log, ready, stopped)

    try:
        asyncio.run(until_signalled())
    finally:
        log.drain()


async def supervise(plan: Plan, log: LogStream, ready: Callable[[Served], None], stopped: asyncio.Event) -> None:
    """Do what `serve` does until `stopped` is set."""
    with only_one(plan.data), _opened(plan, log) as shop:
        working = asyncio.create_task(shop.run(ready))
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        working.cancel()
        try:
            await working
        except asyncio.CancelledError:
            log.say("stopped")


@dataclass(frozen=True, slots=True)
class _Ports:
    served: dict[str, Port]
    """The gateway's and the services', by name."""
    control: Port


class _Shop:
    def __init__(self, plan: Plan, ports: _Ports, owner: Owner, leash: int, log: LogStream) -> None:
        self._plan = plan
        self._ports = ports.served
        self._control = ports.control
        self._leash = leash
        self._log = log
        self._owner = owner
        self._environments = _environments(plan, ports.served, owner)
        self.groups = {name: self._group(name) for name in (*plan.services, GATEWAY)}

    async def run(self, ready: Callable[[Served], None]) -> None:
        """Be up until cancelled."""
        began = time.monotonic()
        try:
            await self._start()
        except BaseException:  # also where somebody pressed Ctrl-C meanwhile
            await self._stop()
            raise
        async with _listening(Control(self.groups, self._owner.merchant, self._log), self._control):
            try:
                ready(self._served((time.monotonic() - began) * 1000))
                await asyncio.Event().wait()
            finally:
                await self._stop()

    async def _start(self) -> None:
        try:
            async with asyncio.TaskGroup() as starts:
                for group in self.groups.values():
                    starts.create_task(group.start())
        except ExceptionGroup as failures:
            failure = failures.exceptions[0]  # the cause of the rest
            if isinstance(failure, Unavailable) and failure.hint == STATUS:  # there is nothing to look at
                url = self._plan.environment.get("SHOP_DATABASE_URL")
                failure.hint = _reached(url) if url else "shop serve -v"
            raise failure from None

    async def _stop(self) -> None:
        # All at once, and by the signal that says that nobody is expected to go on using a connection.
        await asyncio.gather(*(group.stop(signal.SIGINT) for group in self.groups.values()))

    def _group(self, name: str) -> Group:
        port = self._ports[name]
        command = Command(name, self._plan.module(name), self._environments[name])

        async def launch() -> Process:
            return await Process.start(command, port.open(), self._leash, self._log)

        exclusive = name != GATEWAY and not self._plan.on_postgresql
        return Group(Shape(name, self._plan.count(name), exclusive), port, launch, self._log)

    def _served(self, milliseconds: float) -> Served:
        return Served(
            self._owner.gateway,
            self._owner.control,
            str(self._plan.data),
            str(self._plan.data / OWNER_FILE),
            tuple(self._plan.services),
            round(milliseconds, 1),
        )


@contextmanager
def _opened(plan: Plan, log: LogStream) -> Iterator[_Shop]:
    """Take all ports, and hold the leash of the processes to come."""
    with ExitStack() as open_things:
        ports: dict[str, Port] = {}
        for name in (GATEWAY, *SERVICES):
            ports[name] = Port(plan.port if name == GATEWAY else 0)
            open_things.callback(ports[name].release)
        control = Port(0)
        open_things.callback(control.release)
        leash, ours = os.pipe()
        open_things.callback(os.close, leash)
        open_things.callback(os.close, ours)
        owner = open_things.enter_context(
            claimed(plan.data, gateway=ports[GATEWAY].url, control=control.url, faults=plan.faults)
        )
        yield _Shop(plan, _Ports(ports, control), owner, leash, log)


def _environments(plan: Plan, ports: dict[str, Port], owner: Owner) -> dict[str, dict[str, str]]:
    """Return what each process gets: secrets only this way, and only to those who need them."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHOP_")}
    shared = {
        **kept,
        **_authorities(plan),
        "SHOP_LISTEN": "fd:3",
        "SHOP_DATA": str(plan.data),
        **_urls(plan, ports),
        **_faults(plan.data, owner),
    }
    secrets = {
        **plan.environment,
        "SHOP_SERVICE_TOKEN": token("shops"),
        "SHOP_MERCHANT_TOKEN": owner.merchant,
    }
    return {name: shared if name == GATEWAY else {**shared, **secrets} for name in (*SERVICES, GATEWAY)}


def _urls(plan: Plan, ports: dict[str, Port]) -> dict[str, str]:
    """Return where each service is; one that runs elsewhere is named by the environment, or refuses connections."""
    urls = {f"SHOP_{name.upper()}_URL": ports[name].url for name in SERVICES}
    elsewhere = {f"SHOP_{name.upper()}_URL" for name in SERVICES if name not in plan.services}
    return {name: os.environ.get(name, url) if name in elsewhere else url for name, url in urls.items()}


def _authorities(plan: Plan) -> dict[str, str]:
    """Spare each process the list of whom TLS trusts, 25 ms at its start: a service's address is always http://."""
    return {} if plan.on_postgresql else {"SSL_CERT_FILE": os.devnull}


def _faults(data: Path, owner: Owner) -> dict[str, str]:
    if owner.faults is None:
        return {}
    return {"SHOP_FAULTS_TOKEN": owner.faults, "SHOP_FAULTS_FILE": str(data / "faults.json")}


class _listening:  # noqa: N801 - used as a block, like contextlib's own
    """The control API's server, inside the supervisor's event loop."""

    def __init__(self, app: Control, port: Port) -> None:
        from stub_services.wire.serving import Server

        self._server = Server(app)
        self._port = port
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._server.serve([self._port.open()]))

    async def __aexit__(self, *_: object) -> None:
        self._server.stop(signal.SIGINT)
        if self._task is not None:
            await self._task


def _reached(url: str) -> str:
    """Return the command that tells whether a database server answers; a password never stands in a command line."""
    place = urlsplit(url)
    port = f" -p {place.port}" if place.port else ""
    return f"pg_isready -h {quote(place.hostname or 'localhost')}{port}"
