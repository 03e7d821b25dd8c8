"""A log to wait on, and processes that stand in for the services."""

import asyncio
import io
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from stub_services.supervisor.group import Group, Shape
from stub_services.supervisor.logs import LogStream
from stub_services.supervisor.ports import Port
from stub_services.supervisor.process import Command, Process

ROOT = Path(__file__).parents[3]


def stand_in(service: str) -> tuple[str, ...]:
    return ("tests.stub_services.stand_in", service)


class Recorder(LogStream):
    """Remembers events, and lets a test wait for one."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        super().__init__(self.stream, human=False, color=False)
        self.events: list[str] = []
        self._more = asyncio.Event()

    def say(self, event: str, level: str = "info", **more: object) -> None:
        super().say(event, level, **more)
        self._note(event)

    def passed_on(self, service: str, line: bytes) -> dict[str, Any]:
        entry = super().passed_on(service, line)
        self._note(f"{service} {entry.get('event')}")
        return entry

    async def seen(self, event: str, times: int = 1) -> None:
        """Wait until an event has happened."""
        async with asyncio.timeout(20):
            while self.events.count(event) < times:
                self._more.clear()
                await self._more.wait()

    def _note(self, event: str) -> None:
        self.events.append(event)
        self._more.set()


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("SHOP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(ROOT)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


Grouped = Callable[..., AsyncIterator[Group]]


@asynccontextmanager
async def grouped(recorder: Recorder, count: int = 1, *, exclusive: bool = False) -> AsyncIterator[Group]:
    """A group of stand-ins, started; nothing of it is left afterwards."""
    port = Port(0)
    leash, ours = os.pipe()
    command = Command("users", stand_in("users"), {**os.environ, "SHOP_LISTEN": "fd:3"})

    async def launch() -> Process:
        return await Process.start(command, port.open(), leash, recorder)

    group = Group(Shape("users", count, exclusive), port, launch, recorder)
    try:
        await group.start()
        yield group
    finally:
        await group.stop()
        port.release()
        os.close(leash)
        os.close(ours)


async def get(
    port: int, path: str, connection: "tuple[asyncio.StreamReader, asyncio.StreamWriter] | None" = None
) -> str:
    """Ask by a connection of its own, or by the one given, and return the answer's head and body."""
    reader, writer = connection or await asyncio.open_connection("127.0.0.1", port)
    close = "" if connection else "connection: close\r\n"
    writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\n{close}\r\n".encode())
    try:
        return await _read(reader)
    finally:
        if not connection:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> str:
    head = await reader.readuntil(b"\r\n\r\n")
    body = b""
    if b"transfer-encoding: chunked" in head:
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    return (head + body).decode()


def pid_of(answer: str) -> int:
    return int(answer.partition('"pid": ')[2].partition(",")[0])
