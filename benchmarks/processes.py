"""The processes that the benchmarks load: the five services with their gateway, and stand-ins for them.

    python3 benchmarks/processes.py NAME     a service as `python -m stub_services.wire` runs it, but for two switches

BENCHMARK_COLD=1: the catalog's cache finds, each time, that something was written. BENCHMARK_SYNCHRONOUS=NORMAL: SQLite
does not wait for the disk. BENCHMARK_RECORD=FILE: each request to a peer is noted there.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any

HERE = Path(__file__).parent
SERVICES = ("users", "products", "carts", "orders", "payments")
_SECONDS = 40.0


class Process:
    """A server on a socket of its own."""

    def __init__(self, command: tuple[str, ...], environment: Mapping[str, str], listener: socket.socket) -> None:
        self.port: int = listener.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SHOP_", "BENCHMARK_"))}
        self._process = subprocess.Popen(
            [sys.executable, *command],
            env={**kept, **environment, "SHOP_LISTEN": f"fd:{listener.fileno()}"},
            pass_fds=(listener.fileno(),),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        listener.close()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def cpu(self) -> float:
        """Seconds of CPU that it and its children have used."""
        return sum(_cpu(pid) for pid in family(self.pid))

    def ready(self, path: str = "/readyz") -> None:
        """Wait until it is."""
        ends = time.monotonic() + _SECONDS
        while time.monotonic() < ends:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5):
                    return
            except OSError:  # not yet
                time.sleep(0.02)
        raise TimeoutError(self._process.args)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


def family(pid: int) -> list[int]:
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    below = children.read_text().split() if children.exists() else []
    return [pid, *(one for child in below for one in family(int(child)))]


def _cpu(pid: int) -> float:
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def listener() -> socket.socket:
    """A socket on any free port."""
    return socket.create_server(("127.0.0.1", 0), backlog=512)


class Shop:
    """Five services and a gateway in front of them."""

    def __init__(self, data: Path, *names: str, gateway: str, **switches: str) -> None:
        self.merchant = f"shopm_{token_hex(8)}"
        sockets = {name: listener() for name in (*SERVICES, "gateway")}
        urls = {f"SHOP_{name.upper()}_URL": f"http://127.0.0.1:{sockets[name].getsockname()[1]}" for name in SERVICES}
        data.mkdir(exist_ok=True)
        self.environment = {
            "SHOP_DATA": str(data),
            "SHOP_SERVICE_TOKEN": f"shops_{token_hex(8)}",
            "SHOP_MERCHANT_TOKEN": self.merchant,
            **urls,
            **switches,
        }
        program = (str(Path(__file__)),)
        self.services = {name: Process((*program, name), self.environment, sockets[name]) for name in names or SERVICES}
        self.gateway = Process(
            ("-m", "stub_services.gateway", *(["nginx"] if gateway == "nginx" else [])),
            self.environment,
            sockets["gateway"],
        )
        self.all = (*self.services.values(), self.gateway)
        self._keys = count()

    def ready(self) -> None:
        """Wait until all are."""
        for process in self.all:
            process.ready()

    @property
    def port(self) -> int:
        """The gateway's."""
        return self.gateway.port

    def cpu(self) -> float:
        """Seconds of CPU of all six."""
        return sum(process.cpu() for process in self.all)

    def ask(self, method: str, path: str, body: object = None, token: str | None = None, port: int = 0) -> Any:  # noqa: ANN401
        """Return an answer's JSON; through the gateway unless `port` says otherwise."""
        headers = {"content-type": "application/json", "idempotency-key": f"benchmark-{next(self._keys)}"}
        headers |= {"authorization": f"Bearer {token}"} if token else {}
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"http://127.0.0.1:{port or self.port}{path}", data, headers, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")

    def account(self, number: int) -> str:
        """Sign somebody up; returns an access token."""
        person = {"email": f"{number}@example.org", "password": "correct horse battery"}
        self.ask("POST", "/v1/users", {**person, "name": f"Person {number}"})
        token: str = self.ask("POST", "/v1/sessions", person)["access_token"]
        return token

    def stop(self) -> None:
        """End all of it."""
        for process in reversed(self.all):
            process.stop()


@contextmanager
def shop(data: Path, *names: str, gateway: str = "python", **switches: str) -> Iterator[Shop]:
    """Serve a shop, or the named services of it, while the block runs."""
    served = Shop(data, *names, gateway=gateway, **switches)
    try:
        served.ready()
        yield served
    finally:
        served.stop()


def _serve(name: str) -> None:
    from stub_services import process
    from stub_services.sqlite_serving import ServingSqlite
    from stub_services.wire.exchange import HttpExchange

    if "BENCHMARK_COLD" in os.environ:
        versions = count()
        ServingSqlite.version = lambda _: next(versions)  # type: ignore[method-assign,assignment]
    if "BENCHMARK_SYNCHRONOUS" in os.environ:
        connect = ServingSqlite._connect  # noqa: SLF001

        def connected(database: ServingSqlite) -> Any:  # noqa: ANN401
            connection = connect(database)
            connection.execute(f"PRAGMA synchronous = {os.environ['BENCHMARK_SYNCHRONOUS']}")
            return connection

        ServingSqlite._connect = connected  # type: ignore[method-assign,assignment]  # noqa: SLF001
    if "BENCHMARK_RECORD" in os.environ:
        ask = HttpExchange.__call__

        async def recorded(exchange: HttpExchange, question: Any) -> Any:  # noqa: ANN401
            began = time.monotonic()
            answer = await ask(exchange, question)
            hop = [began, time.monotonic(), question.service, question.path, len(question.body), len(answer.body)]
            with Path(os.environ["BENCHMARK_RECORD"]).open("a") as file:  # noqa: ASYNC230
                file.write(json.dumps(hop) + "\n")
            return answer

        HttpExchange.__call__ = recorded  # type: ignore[method-assign,assignment]
    sys.exit(process.main([name]))


if __name__ == "__main__":
    _serve(sys.argv[1])
