"""A real gateway, in Python and as nginx, in front of a stand-in service; each process starts once a module."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import IO, Any

import pytest

from backends.interface import SERVICES
from stub_services.supervisor.ports import Port

ROOT = Path(__file__).parents[3]
STAND_IN = "tests.stub_services.stand_in"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever was answered
        return json.loads(self.body)

    @property
    def seen(self) -> dict[str, str]:
        """The headers that the service saw."""
        return dict(self.json["headers"])


@dataclass(frozen=True)
class Front:
    """A gateway. PaymentService does not run behind it."""

    kind: str
    port: int
    log: "Queue[bytes]"
    """What the process wrote, line by line, from the start on."""

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Send the path as it is and read the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, given)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()


@contextmanager
def running(module: tuple[str, ...], port: Port, **environment: str) -> Iterator["Queue[bytes]"]:
    """Start a process as the supervisor does, and wait until it says that it is ready; yields its log."""
    descriptor = port.open().fileno()
    process = subprocess.Popen(
        [sys.executable, "-m", "stub_services.supervisor.leash", str(descriptor), *module],
        env={**os.environ, "PYTHONPATH": str(ROOT), "SHOP_LISTEN": "fd:3", **environment},
        cwd=ROOT,
        pass_fds=(descriptor,),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    assert process.stdin is not None
    try:
        lines: Queue[bytes] = Queue()
        reader = Thread(target=_read, args=(process.stderr, lines))
        reader.start()
        while b'"event":"ready"' not in (line := lines.get(timeout=20)):
            assert line, "it ended"
        yield lines
    finally:
        process.terminate()
        process.wait()
        reader.join()
        process.stderr.close()
        process.stdin.close()


def _read(stream: IO[bytes], lines: "Queue[bytes]") -> None:
    """Read on, or the process would wait for somebody who does."""
    for line in stream:
        lines.put(line)
    lines.put(b"")


@pytest.fixture(scope="module")
def services() -> Iterator[dict[str, str]]:
    """Return where the services are: one stand-in for all, but the refused one."""
    with ExitStack() as open_things:
        port, refused = Port(0), Port(0)
        open_things.callback(port.release)
        open_things.callback(refused.release)
        open_things.enter_context(running((STAND_IN, "users"), port))
        urls = dict.fromkeys(SERVICES, port.url) | {"payments": refused.url}
        yield {f"SHOP_{name.upper()}_URL": url for name, url in urls.items()}


Opened = Callable[[str], Front]


@pytest.fixture(scope="module")
def opened(services: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """Return the gateway of a kind; the fixture returns the function that starts it at its first use."""
    fronts: dict[str, Front] = {}
    with ExitStack() as open_things:

        def front(kind: str) -> Front:
            if kind not in fronts:
                port = Port(0)
                open_things.callback(port.release)
                module = ("stub_services.gateway", *(("nginx",) if kind == "nginx" else ()))
                data = str(tmp_path_factory.mktemp(kind))
                log = open_things.enter_context(running(module, port, SHOP_DATA=data, **services))
                fronts[kind] = Front(kind, port.number, log)
            return fronts[kind]

        yield front


@pytest.fixture(params=["python", "nginx"])
def front(request: pytest.FixtureRequest, opened: Opened) -> Front:
    """Both gateways: what one does the other does, too."""
    return opened(request.param)


@pytest.fixture
def python(opened: Opened) -> Front:
    """The gateway in Python."""
    return opened("python")
