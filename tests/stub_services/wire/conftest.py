"""The five services on a wire without sockets, and the people who use them."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest

from backends.conformance.goods import GOODS
from stub_services.carts.routes import ENDPOINTS as CARTS
from stub_services.orders.routes import ENDPOINTS as ORDERS
from stub_services.payments.routes import ENDPOINTS as PAYMENTS
from stub_services.products.routes import ENDPOINTS as PRODUCTS
from stub_services.products.routes import STOCK, Catalog, Product
from stub_services.users.routes import ENDPOINTS as USERS
from stub_services.wire import health, log, openapi
from stub_services.wire.endpoint import Endpoint
from stub_services.wire.peers import PEERS, endpoints_of
from stub_services.wire.shapes import shaped
from tests.conftest import VirtualClock, countable_ids, plain_passwords
from tests.five import MERCHANT_TOKEN, SERVICE_TOKEN, Five, bearer

PASSWORD = "correct horse battery"
TRIPOD = "tripod/standard"
ADDRESS = {"label": "home", "name": "Ada", "line1": "Weg 1", "city": "Bern", "postcode": "3000", "country": "CH"}
CARD = {"number": "4242 4242 4242 4242", "expiry_month": 12, "expiry_year": 2030, "cvv": "123"}
GUEST = "00000000-0000-4000-8000-0000000000aa"
MERCHANT = bearer(MERCHANT_TOKEN)
SERVICE = bearer(SERVICE_TOKEN)

TABLES: dict[str, tuple[Endpoint, ...]] = {
    "users": USERS,
    "products": (*PRODUCTS, *STOCK),
    "carts": CARTS,
    "orders": ORDERS,
    "payments": PAYMENTS,
}
"""What each service offers to customers and the merchant."""


def everything(service: str) -> tuple[Endpoint, ...]:
    """All that a service offers, to its peers and about itself too."""
    asked = [endpoint for peer, (player, _) in PEERS.items() if player == service for endpoint in endpoints_of(peer)]
    return (*TABLES[service], *asked, *health.ENDPOINTS, *openapi.ENDPOINTS)


Headers = Mapping[str, str] | Sequence[tuple[str | bytes, str | bytes]]


@dataclass
class Person:
    """Somebody with an account, logged in."""

    wire: "Wire"
    id: str
    email: str
    session: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return dict(bearer(self.session["access_token"]))

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Ask as this person; `idempotency_key="1"` is the header Idempotency-Key."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.wire.ask(method, path, body, self.headers | named)

    async def add(self, key: str = "k1", variant: str = TRIPOD, quantity: int = 1) -> dict[str, Any]:
        return done(
            await self.ask("POST", "/v1/cart/lines", {"variant_id": variant, "quantity": quantity}, idempotency_key=key)
        )

    async def fill(self, key: str = "k1") -> dict[str, Any]:
        """Fill the cart until nothing but a confirmation is missing."""
        await self.add(key)
        done(await self.ask("PUT", "/v1/cart/address", {"address": ADDRESS, "email": self.email}))
        return done(await self.ask("PUT", "/v1/cart/shipping", {"option_id": "standard"}))

    def attempt(self, cart: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "cart_id": cart["id"],
            "cart_version": cart["version"],
            "total": cart["totals"]["total"],
            "address": ADDRESS,
            "shipping": "standard",
            "created_at": self.wire.clock().isoformat(),
        }

    async def order(self, key: str = "o-1") -> dict[str, Any]:
        return done(await self.ask("PUT", f"/v1/orders/{key}", self.attempt(await self.fill(key))))

    async def pay(self, order: str, key: str, method: str = "tok_visa") -> dict[str, Any]:
        return done(await self.ask("PUT", f"/v1/payments/{key}", {"order_id": order, "method": method}))


class Wire:
    """Five services and a client of each."""

    def __init__(self, clock: VirtualClock, ids: Callable[[], str]) -> None:
        self.clock = clock
        self.five = Five(clock, ids)

    async def open(self) -> None:
        products = tuple(shaped(product, Product) for product in GOODS)
        done(await self.ask("PATCH", "/v1/catalog", msgspec.to_builtins(Catalog(products)), MERCHANT))
        await self.five.start()

    async def close(self) -> None:
        await self.five.stop()

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Headers = (),
        *,
        service: str | None = None,
        content: object = None,
    ) -> httpx.Response:
        """Ask the service itself, without a gateway between. `content` goes out as it is, `body` as JSON."""
        asked = service or service_of(path)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.five.apps[asked]), base_url=f"http://{asked}"
        ) as client:
            if content is not None:
                return await client.request(method, path, content=content, headers=headers)  # type: ignore[arg-type]
            if body is not None:
                return await client.request(method, path, json=body, headers=headers)  # type: ignore[arg-type]
            return await client.request(method, path, headers=headers)  # type: ignore[arg-type]

    async def person(self, name: str) -> Person:
        """Somebody who signs up and logs in."""
        email = f"{name}@example.org"
        sign_up = {"name": name.title(), "email": email, "password": PASSWORD}
        assert (await self.ask("POST", "/v1/users", sign_up, {"idempotency-key": name})).status_code == 201
        session = (await self.ask("POST", "/v1/sessions", {"email": email, "password": PASSWORD})).json()
        return Person(self, session["user"]["id"], email, session)

    async def rows(self, database: str, sql: str) -> list[dict[str, Any]]:
        """What a database holds."""
        async with self.five.databases[database].read() as statements:
            return [dict(row) for row in await statements.all(sql)]

    async def execute(self, database: str, sql: str) -> None:
        """Change what a database holds."""
        async with self.five.databases[database].write() as statements:
            await statements.run(sql)


def service_of(path: str) -> str:
    """The service behind a public path."""
    for service, endpoints in TABLES.items():
        for endpoint in endpoints:
            stem = endpoint.path.partition("{")[0].rstrip("/")
            if path.partition("?")[0] == stem or path.startswith((f"{stem}/", f"{stem}?")):
                return service
    raise LookupError(path)


def done(response: httpx.Response) -> dict[str, Any]:
    """The answer of a request that went well."""
    assert response.is_success, response.text
    answer: dict[str, Any] = response.json() if response.content else {}
    return answer


def code(response: httpx.Response) -> tuple[int, str]:
    """The status and the code of a problem, which is well formed."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["type"] == f"urn:shop:problem:{problem['code']}"
    assert problem["request_id"] == response.headers["x-request-id"]
    assert ("retry_after" in problem) == ("retry-after" in response.headers)
    return response.status_code, problem["code"]


@pytest.fixture
def wire(runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, virtual_clock: VirtualClock) -> Iterator[Wire]:
    plain_passwords(monkeypatch)
    monkeypatch.setattr(log, "FLUSH_SECONDS", 0)
    opened = Wire(virtual_clock, countable_ids())
    runner.run(opened.open())
    yield opened
    runner.run(opened.close())


@pytest.fixture
def ada(wire: Wire, runner: asyncio.Runner) -> Person:
    return runner.run(wire.person("ada"))


@pytest.fixture
def ben(wire: Wire, runner: asyncio.Runner) -> Person:
    return runner.run(wire.person("ben"))
