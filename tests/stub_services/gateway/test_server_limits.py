"""What a client may take of a server: one connection at a time, on a transport that notes what happens to it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from stub_services.supervisor.leash import GRACE_SECONDS
from stub_services.wire import limits
from stub_services.wire.limits import LimitedProtocol
from stub_services.wire.serving import DRAIN_SECONDS, FINISH_SECONDS, Server

_SMALL = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


class Noting(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False
        self.aborted = asyncio.Event()

    def write(self, data: Any) -> None:  # noqa: ANN401 - bytes of any kind
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted.set()

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


async def answers(_scope: Any, _receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def connected(app: Any = answers, most: int = 9) -> tuple[LimitedProtocol, Noting]:  # noqa: ANN401 - ASGI
    server = Server(app, service="users")
    server.config.limit_concurrency = most
    server.config.load()
    protocol, transport = LimitedProtocol(server.config, server.server_state, {}), Noting()
    protocol.connection_made(transport)
    return protocol, transport


async def settled(protocol: LimitedProtocol) -> None:
    await asyncio.gather(*protocol.tasks)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nhost: x\r\nx-a: " + b"a" * 33_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 33_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x: a\r\n" * 9_000 + b"\r\n",
    ],
    ids=["value", "path", "many"],
)
async def test_a_head_that_comes_at_once_is_bounded_too(head: bytes) -> None:
    protocol, transport = connected()
    protocol.data_received(head)

    assert transport.written.startswith(b"HTTP/1.1 431 ")
    told = json.loads(transport.written.partition(b"\r\n\r\n")[2])
    assert (told["outcome"], told["service"]) == ("not_applied", "users")
    assert transport.closed
    assert not protocol.tasks


@pytest.mark.parametrize("second", [b"x-a: " + b"a" * 40_000, b"x-a: " + b"a" * 40_000 + b"\r\n\r\n", b"\x01\r\n\r\n"])
async def test_the_answer_that_is_under_way_comes_before_what_is_wrong_behind_it(second: bytes) -> None:
    go = asyncio.Event()

    async def waits(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        await go.wait()
        await answers(scope, receive, send)

    protocol, transport = connected(waits)
    protocol.data_received(_SMALL)
    protocol.data_received(b"GET / HTTP/1.1\r\nhost: x\r\n" + second)
    assert transport.written == b""
    go.set()
    await settled(protocol)

    assert transport.written.startswith(b"HTTP/1.1 200 ")
    assert transport.written.count(b"HTTP/1.1") == 1
    assert transport.closed


@pytest.mark.parametrize("host", [b"", b"host: x\r\nhost: y\r\n"])
async def test_a_request_names_one_host(host: bytes) -> None:
    protocol, transport = connected()
    protocol.data_received(b"GET / HTTP/1.1\r\n" + host + b"\r\n")

    assert transport.written.startswith(b"HTTP/1.1 400 ")
    assert not protocol.tasks


async def test_beyond_the_limit_it_says_that_nothing_was_done() -> None:
    protocol, transport = connected(most=1)
    protocol.data_received(_SMALL)
    await settled(protocol)

    problem = json.loads(transport.written.partition(b"\r\n\r\n")[2])
    assert transport.written.startswith(b"HTTP/1.1 503 ")
    assert (problem["code"], problem["outcome"], problem["service"]) == ("unavailable", "not_applied", "users")


async def _answered(protocol: LimitedProtocol) -> None:
    protocol.data_received(_SMALL.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
    await settled(protocol)


async def _broken(protocol: LimitedProtocol) -> None:
    async def breaks(_scope: Any, _receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError

    protocol._application = breaks  # noqa: SLF001 - the application behind the connection
    protocol.data_received(_SMALL)
    await settled(protocol)


async def _idle(protocol: LimitedProtocol) -> None:
    protocol.timeout_keep_alive_handler()


async def _ended(protocol: LimitedProtocol) -> None:
    protocol.shutdown()


async def _malformed(protocol: LimitedProtocol) -> None:
    protocol.data_received(b"\x01\x02\r\n\r\n")


async def _not_read(protocol: LimitedProtocol) -> None:
    protocol.pause_writing()


@pytest.mark.parametrize("closing", [_answered, _broken, _idle, _ended, _malformed, _not_read])
async def test_who_does_not_read_is_cut_off(
    closing: Callable[[LimitedProtocol], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SEND_SECONDS", 0)
    protocol, transport = connected()
    await closing(protocol)

    await asyncio.wait_for(transport.aborted.wait(), 20)


async def test_who_reads_again_stays() -> None:
    protocol, _ = connected()
    protocol.pause_writing()
    timer = protocol._send_timer  # noqa: SLF001 - what would cut it off
    protocol.resume_writing()

    assert timer is not None
    assert timer.cancelled()


def test_a_server_ends_before_it_is_killed() -> None:
    assert DRAIN_SECONDS + FINISH_SECONDS < GRACE_SECONDS
