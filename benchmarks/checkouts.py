"""Checkouts over HTTP as a load: in a shop, and in six processes that only send each other as many bytes.

A shopper has a connection and goes through five requests: add to the cart, address, delivery, order, payment.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvloop
from load import Answers, request
from processes import SERVICES, Process, Shop, listener, shop

SHOPPERS = 16
STEPS = ("add", "address", "shipping", "order", "pay")
_SERVICE = {"add": "carts", "address": "carts", "shipping": "carts", "order": "orders", "pay": "payments"}
_SECONDS = 1.0
_ADDRESS = {
    "label": "home",
    "name": "Ada Example",
    "line1": "Long Street 1",
    "city": "Berlin",
    "postcode": "10115",
    "country": "DE",
}
_VARIANT = {
    "id": "benchmark/standard",
    "ref": "benchmark",
    "name": "standard",
    "sku": "BENCH",
    "price": {"amount": 4900, "currency": "EUR"},
    "in_stock": True,
    "stock": 10**9,
}
_PRODUCT = {
    "id": "benchmark",
    "slug": "benchmark",
    "title": "A product that never runs out",
    "brand": "Benchmark",
    "category": "Benchmarks",
    "description": "There are enough pieces of it for any number of checkouts.",
    "variants": [_VARIANT],
}

Step = Callable[[bytes], str]
"""Makes a request from the answer to the step before."""


class Shopper(asyncio.Protocol):
    """One connection that goes through the steps."""

    def __init__(self) -> None:
        self._answers = Answers()
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn types it
        """Keep the connection."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand over an answer once it is whole."""
        answer = self._answers.fed(data)
        if answer is not None and self._answer is not None:
            status, body = answer
            assert status == 200, (status, body)  # noqa: PLR2004
            self._answer.set_result(body)

    async def ask(self, asked: str) -> bytes:
        """Send a request and return the body of its answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(asked.encode())
        return await self._answer


class Checkouts:
    """Shoppers at one address."""

    def __init__(self, port: int, shoppers: list[dict[str, Step]], cpu: Callable[[], float], final: bytes) -> None:
        self._port = port
        self._shoppers = shoppers
        self.cpu = cpu
        self._final = final
        self.done = 0
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)

    @classmethod
    def of_shop(cls, served: Shop) -> "Checkouts":
        """Shoppers with accounts of their own in a shop."""
        served.ask("PATCH", "/v1/catalog", {"products": [_PRODUCT]}, served.merchant)
        tokens = [served.account(number) for number in range(SHOPPERS)]
        return cls(served.port, [_steps(token) for token in tokens], served.cpu, b'"status":"settled"')

    def whole(self) -> float:
        """Checkouts a second while all shoppers go on and on."""
        return self._runner.run(self._whole())

    def orders(self) -> float:
        """Orders a second while all shoppers order at once, their carts filled before."""
        return self._runner.run(self._orders())

    def alone(self, number: int = 15) -> dict[str, float]:
        """Seconds that each step takes one shopper, the median."""
        return self._runner.run(self._alone(number))

    async def _whole(self) -> float:
        shoppers = await self._connected()
        began = time.perf_counter()
        ends = began + _SECONDS
        done = sum(await asyncio.gather(*(self._shop(each, steps, ends) for each, steps in shoppers)))
        self.done += done
        seconds = time.perf_counter() - began
        _leave(shoppers)
        return done / seconds

    async def _shop(self, shopper: Shopper, steps: dict[str, Step], ends: float) -> int:
        done = 0
        while time.perf_counter() < ends:
            await self._checked_out(shopper, steps)
            done += 1
        return done

    async def _checked_out(self, shopper: Shopper, steps: dict[str, Step]) -> None:
        answer = b""
        for step in STEPS:
            answer = await shopper.ask(steps[step](answer))
        assert self._final in answer, answer

    async def _orders(self, bursts: int = 4) -> float:
        shoppers = await self._connected()
        took = 0.0
        for _ in range(bursts):
            answers = [b""] * len(shoppers)
            for step in STEPS:
                began = time.perf_counter()
                asked = (each.ask(steps[step](answer)) for (each, steps), answer in zip(shoppers, answers, strict=True))
                answers = list(await asyncio.gather(*asked))
                if step == "order":
                    took += time.perf_counter() - began
            self.done += len(shoppers)
        _leave(shoppers)
        return bursts * len(shoppers) / took

    async def _alone(self, number: int) -> dict[str, float]:
        shoppers = await self._connected()
        shopper, steps = shoppers[0]
        times: dict[str, list[float]] = {step: [] for step in STEPS}
        for _ in range(number):
            answer = b""
            for step in STEPS:
                began = time.perf_counter()
                answer = await shopper.ask(steps[step](answer))
                times[step].append(time.perf_counter() - began)
        _leave(shoppers)
        return {step: sorted(each)[number // 2] for step, each in times.items()}

    async def _connected(self) -> list[tuple[Shopper, dict[str, Step]]]:
        loop = asyncio.get_running_loop()
        opened = [loop.create_connection(Shopper, "127.0.0.1", self._port) for _ in self._shoppers]
        return [
            (shopper, steps) for (_, shopper), steps in zip(await asyncio.gather(*opened), self._shoppers, strict=True)
        ]


def _leave(shoppers: list[tuple[Shopper, dict[str, Step]]]) -> None:
    for shopper, _ in shoppers:
        shopper.transport.close()


def _steps(token: str) -> dict[str, Step]:
    """Return the requests of somebody who is logged in."""

    def said(method: str, path: str, body: object) -> str:
        headers = {"authorization": f"Bearer {token}", "shop_timeout": "10.000", "x_request_id": uuid4().hex}
        return request(method, path, json.dumps(body), idempotency_key=uuid4().hex, **headers)

    def order(answer: bytes) -> str:
        cart = json.loads(answer)
        assert not cart["requirements"], cart
        attempt = {
            "cart_id": cart["id"],
            "cart_version": cart["version"],
            "total": cart["totals"]["total"],
            "address": _ADDRESS,
            "shipping": "standard",
            "created_at": datetime.now(UTC).isoformat(),
            "payment": "tok_visa",
        }
        return said("PUT", f"/v1/orders/{uuid4()}", attempt)

    def pay(answer: bytes) -> str:
        assert b'"status":"awaiting_payment"' in answer, answer
        found = re.search(rb'"id":"([^"]+)"', answer)
        assert found is not None
        return said("PUT", f"/v1/payments/{uuid4()}", {"order_id": found[1].decode(), "method": "tok_visa"})

    return {
        "add": lambda _: said("POST", "/v1/cart/lines", {"variant_id": "benchmark/standard", "quantity": 1}),
        "address": lambda _: said("PUT", "/v1/cart/address", {"address": _ADDRESS, "email": "ada@example.org"}),
        "shipping": lambda _: said("PUT", "/v1/cart/shipping", {"option_id": "standard"}),
        "order": order,
        "pay": pay,
    }


@dataclass(frozen=True)
class Hop:
    """A request that a service answers, and those that it makes meanwhile: bytes of the bodies."""

    service: str
    sent: int
    answered: int
    asks: tuple["Hop", ...]


@dataclass(frozen=True)
class Plan:
    """A checkout as it was recorded."""

    requests: dict[str, str]
    steps: dict[str, Hop]

    @property
    def hops(self) -> int:
        """How many requests the services send each other."""
        return sum(map(_below, self.steps.values()))


def _below(hop: Hop) -> int:
    return sum(1 + _below(each) for each in hop.asks)


def recorded(place: Path, switches: Mapping[str, str]) -> Plan:
    """Do one checkout in a shop of its own, and note who asks whom and how much is said."""
    place.mkdir()
    file = place / "hops"
    with shop(place / "shop", BENCHMARK_RECORD=str(file), **switches) as served:
        side = Checkouts.of_shop(served)
        side.alone(2)  # keys are fetched, connections opened
        requests, times = asyncio.run(_one(served, file))
    noted = sorted(json.loads(line) for line in file.read_text("utf-8").splitlines())
    found = {
        step: Hop(_SERVICE[step], sent, answered, _within(noted, began, ended))
        for step, began, ended, sent, answered in times
    }
    return Plan(requests, found)


async def _one(served: Shop, file: Path) -> tuple[dict[str, str], list[tuple[str, float, float, int, int]]]:
    """Check out once; returns the requests, and for each step when it was and how much was said."""
    _, shopper = await asyncio.get_running_loop().create_connection(Shopper, "127.0.0.1", served.port)
    steps = _steps(served.account(SHOPPERS))
    await asyncio.to_thread(file.write_text, "")  # what came before is forgotten
    requests: dict[str, str] = {}
    times: list[tuple[str, float, float, int, int]] = []
    answer = b""
    for step in STEPS:
        requests[step] = steps[step](answer)
        began = time.monotonic()
        answer = await shopper.ask(requests[step])
        sent = len(requests[step].partition("\r\n\r\n")[2])
        times.append((step, began, time.monotonic(), sent, len(answer)))
    shopper.transport.close()
    return requests, times


def _within(noted: list[Any], began: float, ended: float) -> tuple[Hop, ...]:
    inside = [each for each in noted if began < each[0] and each[1] < ended]
    top = [each for each in inside if not any(other[0] < each[0] and each[1] < other[1] for other in inside)]
    return tuple(Hop(each[2], each[4], each[5], _within(noted, each[0], each[1])) for each in top)


@contextmanager
def stand_ins(place: Path, plan: Plan) -> Iterator[Checkouts]:
    """Run six processes with empty handlers: the same requests between them, with bodies of the same size."""
    place.mkdir()
    steps: dict[str, dict[str, Any]] = {}
    firsts = {step: _told(hop, steps) for step, hop in plan.steps.items()}
    sockets = {name: listener() for name in (*SERVICES, "gateway")}
    urls = {name: f"http://127.0.0.1:{sockets[name].getsockname()[1]}" for name in SERVICES}
    program = str(Path(__file__).with_name("stand_in.py"))
    for name, given in (("service", {"services": urls, "steps": steps}), ("gateway", {"services": urls})):
        (place / f"{name}.json").write_text(json.dumps(given), "utf-8")
    with ExitStack() as stack:
        processes = []
        for name, socket in sockets.items():
            file = place / ("gateway.json" if name == "gateway" else "service.json")
            processes.append(Process((program, str(file)), {}, socket))
            stack.callback(processes[-1].stop)
        for process in processes[:-1]:
            process.ready("/ready")
        processes[-1].ready("/carts/ready")
        shopper = {step: _always(_asked(plan.requests[step], path)) for step, path in firsts.items()}
        yield Checkouts(processes[-1].port, [shopper] * SHOPPERS, lambda: sum(each.cpu() for each in processes), b"x")


def _told(hop: Hop, steps: dict[str, dict[str, Any]]) -> str:
    """Note a hop as a step of the stand-ins, with all below it, and return its path."""
    steps.setdefault("/ready", {"body": "x", "asks": []})
    steps.setdefault("/carts/ready", {"body": "x", "asks": []})
    asks = [(each.service, _told(each, steps), each.sent) for each in hop.asks]
    path = f"/{hop.service}/step{len(steps)}"
    steps[path] = {"body": "x" * hop.answered, "asks": asks}
    return path


def _always(asked: str) -> Step:
    return lambda _: asked


def _asked(real: str, path: str) -> str:
    """Return a request like a real one, to another path."""
    method, _, rest = real.split(" ", 2)
    return f"{method} {path} {rest}"
