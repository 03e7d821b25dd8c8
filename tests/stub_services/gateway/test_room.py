"""The gateway's bounds: connections to a service, and bytes of bodies."""

import asyncio
import io
from pathlib import Path
from typing import Any

import httpx
import pytest

from backends.errors import ConfigurationError, Outcome, Unavailable
from backends.interface import SERVICES
from stub_services.faults import FaultFile, Faults
from stub_services.gateway import bodies, routes
from stub_services.gateway.bodies import Body, Room
from stub_services.gateway.faulty import faulty
from stub_services.gateway.nginx_config import render
from stub_services.gateway.proxy import Gateway
from stub_services.products.routes import MAX_CATALOG
from stub_services.supervisor.ports import Port
from stub_services.wire.log import Log
from stub_services.wire.serving import MAX_CONNECTIONS


def arriving(*parts: bytes) -> Any:  # noqa: ANN401 - ASGI
    waiting = list(parts)

    async def receive() -> dict[str, object]:
        part = waiting.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(waiting)}

    return receive


async def test_large_bodies_share_a_room_and_small_ones_need_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_BYTES", 10)
    room = Room(20)
    with Body(room, [], 30) as first:
        assert await first.read(arriving(b"x" * 15, b"x" * 15), 20) == b"x" * 30
        with Body(room, [], 30) as second, pytest.raises(Unavailable) as raised:
            await second.read(arriving(b"x" * 11), 20)
        with Body(room, [], 30) as third:
            assert await third.read(arriving(b"x" * 10), 20) == b"x" * 10
    assert raised.value.outcome is Outcome.NOT_APPLIED
    assert room.free == 20


async def test_a_service_that_hangs_leaves_connections_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stub_services.gateway.proxy._CONNECTIONS", 2)
    hanging, other = Port(0), Port(0)
    reached = asyncio.Event()
    count = 0

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        if count == 2:
            reached.set()
        if (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET /readyz"):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        else:
            await reader.read()
        writer.close()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    urls = dict.fromkeys(SERVICES, other.url) | {"payments": hanging.url}
    gateway = Gateway(urls, Log("gateway", io.StringIO()))
    steps: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    started = asyncio.Event()

    async def said(message: dict[str, str]) -> None:
        if message["type"] == "lifespan.startup.complete":
            started.set()

    steps.put_nowait({"type": "lifespan.startup"})
    living = asyncio.create_task(gateway({"type": "lifespan"}, steps.get, said))
    async with (
        await asyncio.start_server(hang, sock=hanging.open()),
        await asyncio.start_server(answer, sock=other.open()),
        httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://x", timeout=60) as client,
    ):
        await started.wait()
        stuck = [asyncio.create_task(client.get("/v1/payments", headers={"shop-timeout": "20"})) for _ in range(2)]
        await reached.wait()
        beyond = await client.put("/v1/payments/k", content=b"{}", headers={"shop-timeout": "1"})
        beside = await client.get("/v1/me", headers={"shop-timeout": "20"})
        health = await client.get("/v1/health/payments", headers={"shop-timeout": "20"})
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)
        steps.put_nowait({"type": "lifespan.shutdown"})
        await living

    said_of_it = [beyond.json()[name] for name in ("code", "service", "outcome")]
    assert (beyond.status_code, said_of_it) == (503, ["unavailable", "payments", "not_applied"])
    assert (beside.status_code, health.status_code) == (200, 200)


def test_all_services_together_have_their_connections() -> None:
    assert MAX_CONNECTIONS // len(SERVICES) * len(SERVICES) <= MAX_CONNECTIONS
    assert routes.CATALOG_BYTES == MAX_CATALOG


def test_nginx_can_have_its_files_in_most_directories() -> None:
    urls = dict.fromkeys(SERVICES, "http://127.0.0.1:1")
    assert 'pid "/shop data/nginx.pid";' in render("127.0.0.1:1", urls, Path("/shop data"), None)
    for name in ('/a"b', "/a$b", "/a\\b", "/a\nb"):
        with pytest.raises(ConfigurationError, match="nginx cannot have its files"):
            render("127.0.0.1:1", urls, Path(name), None)


async def test_the_gateway_misbehaves_too_where_its_owner_says_so(tmp_path: Path) -> None:
    gateway = faulty(Gateway({}, Log("gateway", io.StringIO())), Faults(FaultFile(tmp_path / "faults.json")), "shopf_x")
    owner = {"authorization": "Bearer shopf_x"}
    transport = httpx.ASGITransport(gateway)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        path = "/v1/faults/gateway"
        assert (await client.post(path, json={"kind": "error"})).status_code == 401
        assert (await client.post(path, json={"kind": "odd"}, headers=owner)).status_code == 400
        assert (await client.put(path, headers=owner)).headers["allow"] == "GET, POST, DELETE"
        assert (await client.post(path, json={"kind": "error"}, headers=owner)).status_code == 204
        assert (await client.get("/openapi.json")).status_code == 500
        assert (await client.get(path, headers=owner)).json()["items"][0]["kind"] == "error"
        assert (await client.delete(path, headers=owner)).status_code == 204
        assert (await client.get("/openapi.json")).status_code == 200
