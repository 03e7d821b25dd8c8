"""A load generator: connections that ask again as soon as they are answered, in a process of their own.

wrk would do, but is not everywhere. A request costs it about 10 us of CPU, and the script prints how busy it was.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import uvloop

_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
NUMBER = "########"


@dataclass(frozen=True)
class Job:
    """Ask the same of one address for some time; in `requests` connections take turns with what they ask."""

    port: int
    requests: tuple[str, ...]
    connections: int = 32
    seconds: float = 0.5
    first: int = 0
    """Where a request says `NUMBER`, each time it says the next eight digits, beginning with these."""


@dataclass(frozen=True)
class Result:
    """What came of it; latencies in milliseconds."""

    answered: int
    seconds: float
    p50: float
    p99: float
    statuses: dict[str, int]
    sizes: tuple[int, ...]
    """The sizes of all bodies that came, each once."""
    busy: float
    """The generator's own CPU as a share of one core."""
    body: str = field(repr=False)
    """The last body."""

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.answered / self.seconds


class Answers:
    """Cuts a stream of bytes into answers with Content-Length."""

    def __init__(self) -> None:
        self._buffer = b""
        self._whole = 0

    def fed(self, data: bytes) -> tuple[int, bytes] | None:
        """Return status and body once they are there; a connection has one request under way."""
        self._buffer = self._buffer + data if self._buffer else data
        if not self._whole:
            end = self._buffer.find(_END)
            if end < 0:
                return None
            at = self._buffer.lower().find(_LENGTH, 0, end)
            length = 0 if at < 0 else int(self._buffer[at + len(_LENGTH) : self._buffer.find(b"\r", at)])
            self._whole, self._head = end + len(_END) + length, end + len(_END)
        if len(self._buffer) < self._whole:
            return None
        answer = int(self._buffer[9:12]), self._buffer[self._head : self._whole]
        self._buffer, self._whole = b"", 0
        return answer


class _Asking(asyncio.Protocol):
    """One connection."""

    def __init__(self, request: bytes, numbers: Iterator[int], note: Callable[[float, int, bytes], bool]) -> None:
        self._request = request
        self._numbers = numbers if NUMBER.encode() in request else None
        self._note = note
        self._answers = Answers()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn types it
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        request = self._request
        if self._numbers is not None:
            request = request.replace(NUMBER.encode(), b"%08d" % next(self._numbers))
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        answer = self._answers.fed(data)
        if answer is None:
            return
        if self._note(time.perf_counter() - self._asked, *answer):
            self._ask()
        else:
            self._transport.close()


async def run(job: Job) -> Result:
    """Load the address for the time of the job."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    sizes: set[int] = set()
    last = b""
    began, used = time.perf_counter(), time.process_time()
    ends = began + job.seconds

    def note(latency: float, status: int, body: bytes) -> bool:
        nonlocal last
        latencies.append(latency)
        statuses[status] = statuses.get(status, 0) + 1
        sizes.add(len(body))
        last = body
        return time.perf_counter() < ends

    numbers = count(job.first)
    asked = [job.requests[number % len(job.requests)].encode() for number in range(job.connections)]
    opened = [loop.create_connection(partial(_Asking, each, numbers, note), "127.0.0.1", job.port) for each in asked]
    transports = [transport for transport, _ in await asyncio.gather(*opened)]
    while not all(transport.is_closing() for transport in transports):  # noqa: ASYNC110  nobody tells
        await asyncio.sleep(0.002)
    seconds = time.perf_counter() - began
    latencies.sort()
    return Result(
        len(latencies),
        seconds,
        latencies[len(latencies) // 2] * 1000,
        latencies[len(latencies) * 99 // 100] * 1000,
        {str(status): count for status, count in statuses.items()},
        tuple(sorted(sizes)),
        (time.process_time() - used) / seconds,
        last.decode("latin-1"),
    )


class Generator:
    """A process that does one job after the other."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def begin(self, job: Job) -> None:
        """Give it a job; several generators may work at once."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(job)).encode() + b"\n")
        self._process.stdin.flush()

    def result(self) -> Result:
        """Wait for what became of it."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the load generator died"
        given: dict[str, Any] = json.loads(line)
        return Result(**{**given, "sizes": tuple(given["sizes"])})

    def do(self, job: Job) -> Result:
        """Give it a job and wait."""
        self.begin(job)
        return self.result()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def get(path: str, **headers: str) -> str:
    """Return a GET request."""
    return request("GET", path, "", **headers)


def request(method: str, path: str, body: str, **headers: str) -> str:
    """Return a request; underscores in the names of headers become hyphens."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", "accept: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body or method != "GET":
        lines += ["content-type: application/json", f"content-length: {len(body.encode())}"]
    return "\r\n".join([*lines, "", body])


def main() -> None:
    """Read jobs as lines of JSON, write results as such."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin:
            given: dict[str, Any] = json.loads(line)
            result = runner.run(run(Job(**{**given, "requests": tuple(given["requests"])})))
            print(json.dumps(asdict(result)), flush=True)


if __name__ == "__main__":
    main()
