"""What clients of a faulty service notice: over TCP from uvicorn, on both event loops, and simulated."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
import uvicorn
import uvloop

from backends import Fault, FaultKind
from backends.errors import InvalidValue
from stub_services.faults import CRASHED, FaultFile, Faults, MemoryFaults
from stub_services.wire import faults as wire
from stub_services.wire.dropping import DroppingProtocol
from stub_services.wire.faults import (
    Dropped,
    FaultMiddleware,
    Message,
    Receive,
    Scope,
    Send,
    add_fault,
    clear_faults,
    list_faults,
)

ANSWER = {"id": "7", "status": "awaiting_payment"}
SILENT = [FaultKind.STOPPED, FaultKind.HANG, FaultKind.REQUEST_LOST, FaultKind.ANSWER_LOST]


class Toy:
    """A service that counts what it does."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.commit: Callable[[], None] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.done.append(f"{scope['method']} {scope['path']} {len(body)}")
        self.commit()
        content = json.dumps(ANSWER).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


class Simulated(httpx.ASGITransport):
    """httpx right on the application: a broken connection is an exception."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except Dropped as dropped:
            kind = httpx.ConnectError if dropped.kind is FaultKind.STOPPED else httpx.ReadError
            raise kind(str(dropped)) from dropped


class Service:
    """A toy service behind the middleware."""

    def __init__(self, *, over_tcp: bool) -> None:
        self.toy = Toy()
        self.store = MemoryFaults()
        self.slept: list[float] = []
        self.ended: list[int] = []
        self.faults = Faults(self.store, end=self.ended.append)
        self.application = FaultMiddleware(self.toy, "orders", self.faults, sleep=self._sleep)
        self._over_tcp = over_tcp

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def inject(self, kind: FaultKind, action: str = "", *, seconds: float = 1.0) -> None:
        self.store.add(Fault("orders", kind, action, seconds=seconds))

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        if self._over_tcp:
            async with served(self.application) as url, httpx.AsyncClient(base_url=url) as client:
                yield client
        else:
            transport = Simulated(self.application)
            async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
                yield client


@asynccontextmanager
async def served(application: FaultMiddleware) -> AsyncIterator[str]:
    """Serve on a free port; who connects before the server accepts waits in the queue of the socket."""
    config = uvicorn.Config(application, http=DroppingProtocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        listening.close()


@pytest.fixture(params=["asyncio", "uvloop", "simulated"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def runner(way: str) -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if way == "uvloop" else None) as running:
        yield running


@pytest.fixture
def service(way: str, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr(wire, "HANG_SECONDS", 0.01)
    return Service(over_tcp=way != "simulated")


# --- what the client notices ---------------------------------------------------------------------


async def test_without_faults_nothing_is_different(service: Service) -> None:
    async with service.client() as client:
        response = await client.put("/v1/orders/7", content=b"12345")
    assert (response.status_code, response.json()) == (200, ANSWER)
    assert service.toy.done == ["PUT /v1/orders/7 5"]


@pytest.mark.parametrize("kind", SILENT)
@pytest.mark.parametrize("size", [0, 1_000_000])
async def test_the_connection_breaks_without_an_answer(
    service: Service, way: str, kind: FaultKind, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    service.inject(kind)
    async with service.client() as client:
        with pytest.raises(httpx.TransportError) as caught:
            await client.put("/v1/orders/7", content=b"x" * size)
        assert not isinstance(caught.value, httpx.TimeoutException)
        service.store.clear()
        assert (await client.get("/v1/orders/7")).json() == ANSWER  # the server lives on
    done = [f"PUT /v1/orders/7 {size}"] if kind is FaultKind.ANSWER_LOST else []
    assert service.toy.done == [*done, "GET /v1/orders/7 0"]
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("way", ["asyncio", "uvloop"])
@pytest.mark.parametrize("kind", SILENT)
async def test_not_one_byte_of_an_answer_is_sent(service: Service, kind: FaultKind) -> None:
    service.inject(kind)
    async with served(service.application) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(b"GET /v1/orders/7 HTTP/1.1\r\nHost: orders\r\n\r\n")
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()


async def test_an_error_is_a_problem_document_and_nothing_was_done(service: Service) -> None:
    service.inject(FaultKind.ERROR)
    async with service.client() as client:
        response = await client.put("/v1/orders/7", headers={"x-request-id": "r-1"})
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"] == "r-1"
    told = response.json()
    assert (told["code"], told["outcome"], told["service"], told["request_id"]) == (
        "internal",
        "unknown",
        "orders",
        "r-1",
    )
    assert service.toy.done == []


async def test_a_rate_limit_says_when_to_come_back(service: Service) -> None:
    service.inject(FaultKind.RATE_LIMITED, seconds=1.2)
    async with service.client() as client:
        response = await client.put("/v1/orders/7")
    assert (response.status_code, response.headers["retry-after"]) == (429, "2")
    told = response.json()
    assert (told["code"], told["outcome"], told["retry_after"]) == ("rate_limited", "not_applied", 1.2)
    assert service.toy.done == []


async def test_latency_comes_before_the_work(service: Service) -> None:
    service.inject(FaultKind.LATENCY, seconds=30)
    async with service.client() as client:
        assert (await client.get("/v1/orders/7")).json() == ANSWER
    assert service.slept == [30]


async def test_a_truncated_answer_looks_whole(service: Service) -> None:
    service.inject(FaultKind.TRUNCATE)
    async with service.client() as client:
        response = await client.put("/v1/orders/7")
        assert response.status_code == 200
        whole = json.dumps(ANSWER)
        assert response.text == whole[: len(whole) // 2]
        service.store.clear()
        assert (await client.get("/v1/orders/7")).json() == ANSWER
    assert service.toy.done == ["PUT /v1/orders/7 0", "GET /v1/orders/7 0"]


# --- which requests are hit ----------------------------------------------------------------------


async def failing(service: Service, *requests: str) -> list[str]:
    """Return those of the requests that are answered 500."""
    async with service.client() as client:
        answers = [(request, await client.request(*request.split(" "))) for request in requests]
    return [request for request, response in answers if response.status_code == 500]


@pytest.mark.parametrize(
    ("action", "hit"),
    [
        ("PUT /v1/orders", ["PUT /v1/orders/7"]),
        ("amount", ["POST /internal/orders/amount_due"]),
        ("POST /internal", ["POST /internal/orders/amount_due"]),
        ("captured", []),
        ("", ["PUT /v1/orders/7", "GET /v1/orders", "POST /internal/orders/amount_due"]),
    ],
)
async def test_an_action_is_the_method_and_path_or_the_name_of_a_peers_call(
    service: Service, action: str, hit: list[str]
) -> None:
    service.inject(FaultKind.ERROR, action)
    assert await failing(service, "PUT /v1/orders/7", "GET /v1/orders", "POST /internal/orders/amount_due") == hit


async def test_an_outer_layer_may_name_the_operation(service: Service) -> None:
    service.inject(FaultKind.ERROR, "place")
    inner = service.application

    async def named(scope: Scope, receive: Receive, send: Send) -> None:
        await inner({**scope, "shop.action": "place"}, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(named), base_url="http://orders") as client:
        assert (await client.put("/v1/orders/7")).status_code == 500


@pytest.mark.parametrize("kind", [FaultKind.ERROR, FaultKind.RATE_LIMITED, FaultKind.ANSWER_LOST, FaultKind.STOPPED])
async def test_faults_can_be_cleared_whatever_they_are(service: Service, kind: FaultKind) -> None:
    service.inject(kind)
    async with service.client() as client:
        for path in ("/faults", "/v1/faults/orders"):
            assert (await client.delete(path)).status_code == 200


@pytest.mark.parametrize("kind", FaultKind)
async def test_a_failing_service_is_alive_unless_it_is_stopped_or_hangs(service: Service, kind: FaultKind) -> None:
    service.inject(kind)
    async with service.client() as client:
        for path in ("/livez", "/readyz"):
            if kind in (FaultKind.STOPPED, FaultKind.HANG):
                with pytest.raises(httpx.TransportError):
                    await client.get(path)
            else:
                assert (await client.get(path)).json() == ANSWER


async def test_asking_whether_it_is_alive_uses_up_no_fault(service: Service) -> None:
    service.store.add(Fault("orders", FaultKind.ERROR, times=1))
    assert await failing(service, "GET /readyz", "GET /v1/orders", "GET /v1/orders") == ["GET /v1/orders"]


async def test_a_damaged_file_is_told(service: Service, way: str, tmp_path: Path) -> None:
    (tmp_path / "faults.json").write_text("?")
    service.application = FaultMiddleware(service.toy, "orders", Faults(FaultFile(tmp_path / "faults.json")))
    async with service.client() as client:
        response = await client.get("/v1/orders/7")
        assert (response.status_code, response.json()["code"]) == (500, "storage")
        assert (await client.delete("/faults")).status_code == 200


async def test_a_crash_waits_for_a_commit_of_its_action(service: Service) -> None:
    service.inject(FaultKind.CRASH, "amount_due")
    service.toy.commit = lambda: service.faults.on_commit("orders", after=False)
    async with service.client() as client:
        await client.put("/v1/orders/7")
        assert service.ended == []
        await client.post("/internal/orders/amount_due")
    assert service.ended == [CRASHED]


# --- without a client ----------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["simulated"])
async def test_a_hanging_service_lets_go_of_a_client_that_gives_up(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "HANG_SECONDS", 60)
    service.inject(FaultKind.HANG)
    received = iter(("http.request", "http.disconnect"))

    async def receive() -> Message:
        return {"type": next(received)}

    async def send(message: Message) -> None:
        pytest.fail(f"it answered {message}")

    scope = {"type": "http", "method": "GET", "path": "/v1/orders", "headers": []}
    await service.application(scope, receive, send)
    assert service.toy.done == []


@pytest.mark.parametrize("way", ["simulated"])
async def test_the_life_of_the_application_is_no_request(service: Service) -> None:
    service.inject(FaultKind.STOPPED)
    seen: list[str] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def never() -> Message:
        raise AssertionError

    async def nothing(message: Message) -> None: ...

    await FaultMiddleware(application, "orders", service.faults)({"type": "lifespan"}, never, nothing)
    assert seen == ["lifespan"]


@pytest.mark.parametrize("way", ["simulated"])
def test_the_endpoints_know_their_own_service_only(way: str) -> None:
    store = MemoryFaults()
    store.add(Fault("carts", FaultKind.ERROR))
    add_fault(store, "orders", {"kind": "hang", "action": "place", "times": 2})
    (item,) = list_faults(store, "orders")["items"]
    assert (item["kind"], item["action"], item["times"]) == ("hang", "place", 2)
    assert "service" not in item
    json.dumps(item)
    with pytest.raises(InvalidValue):
        add_fault(store, "orders", {"kind": "hang", "rate": 2})
    clear_faults(store, "orders")
    assert [fault.service for fault in store.read()] == ["carts"]
