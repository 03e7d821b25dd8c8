"""One of the five services with all that it needs, as an ASGI application: the composition root of a process.

What the services are to each other is the same as in process (`stub_services.inprocess.shop`); here the peers are
asked over the wire.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from backends.deadline import deadline
from backends.errors import ShopError, Unavailable
from backends.interface import Clock, Ids
from stub_services.database import Database, Store
from stub_services.faults import Faults
from stub_services.idempotency import Requests
from stub_services.peers import CartPeer, Keeper, OrderPeer, PaymentPeer, StockPeer, Worker
from stub_services.users.service import Passwords
from stub_services.wire import fault_routes, health, openapi
from stub_services.wire.app import Answering, Part
from stub_services.wire.caching import Cached
from stub_services.wire.discretion import DiscreetDatabase
from stub_services.wire.exchange import Exchange
from stub_services.wire.fault_routes import FaultStore, Naming
from stub_services.wire.faults import FaultMiddleware
from stub_services.wire.idempotency import Keys
from stub_services.wire.log import Log
from stub_services.wire.peers import Asking, endpoints_of
from stub_services.wire.requests import current_request_id
from stub_services.wire.tokens import Verifier
from stub_services.wire.trust import Trust

_CATALOG = ("/v1/products", "/v1/categories")
RECOVERY_SECONDS = 2.0
"""How often a service looks for what is due: messages that wait, orders and payments that were left half-way."""


@dataclass(frozen=True)
class Surroundings:
    """What a service is given."""

    databases: Callable[[str], Database]
    """The service's own database by name; PaymentService has `processor`, too."""
    exchange: Exchange
    service_token: str = field(repr=False)
    merchant_token: str = field(repr=False)
    passwords: Passwords
    clock: Clock
    ids: Ids
    log: Log
    recovery_seconds: float | None = RECOVERY_SECONDS
    """None: nobody but the requests looks for what is due."""
    faults: Faults | None = None
    """What is injected, where faults may be."""
    faults_token: str | None = field(default=None, repr=False)
    stocked: bool = True
    """Empty shelves get the catalog that comes with the shop."""


@dataclass(frozen=True)
class _Hosted:
    """A service's parts on the wire, and what runs beside the requests."""

    databases: tuple[Database, ...]
    parts: tuple[Part, ...]
    keys: Keys | None = None
    cached: tuple[str, ...] = ()
    """Paths whose answers are the same for everybody and change with the database only."""
    prepared: Callable[[], Awaitable[object]] | None = None
    """What has to be there before anybody is served, beside the databases."""
    worker: Worker | None = None
    published: Callable[[], Any] | None = None

    async def begin(self) -> None:
        """Open what is needed."""
        await health.touch(self.databases)
        if self.prepared is not None:
            await self.prepared()


@dataclass(frozen=True)
class Service:
    """A service as an ASGI application."""

    application: ASGIApp
    living: Callable[..., AbstractAsyncContextManager[None]]
    """What ASGI calls its lifespan: databases are opened and work is looked for until the block ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live."""
        await self.application(scope, receive, send)


def host(name: str, given: Surroundings) -> Service:
    """Return the service `name`. Its databases are opened when it starts."""
    asking = Asking(name, given.exchange, given.service_token, current_request_id.get, given.log)
    databases = given.databases
    given = replace(given, databases=lambda of: DiscreetDatabase(databases(of), name, given.log))
    hosted = _HOSTS[name](given, asking)
    verifier = Verifier(hosted.published or _published_by_users(asking), clock=given.clock)
    trust = Trust(
        verifier,
        service_token=given.service_token,
        merchant_token=given.merchant_token,
        faults_token=given.faults_token,
    )
    endpoints = tuple(endpoint for part in hosted.parts for endpoint in part.endpoints)
    parts = (
        *hosted.parts,
        Part(health.Health(name, hosted.databases), health.ENDPOINTS),
        Part(openapi.document(name, tuple(each for each in endpoints if each.is_public)), openapi.ENDPOINTS),
    )
    if given.faults is not None:
        parts += (Part(FaultStore(name, given.faults.store), fault_routes.ENDPOINTS),)
    routed = Answering(name, trust, hosted.keys, given.log).application(*parts)
    routed.router.lifespan_context = living = _lifespan(hosted, verifier, given)
    # Around Starlette rather than its middleware: within its own layers an answer from memory takes 2 us more, of 21.
    application: ASGIApp = routed
    if hosted.cached:
        version = getattr(hosted.databases[0], "version", _unknown)
        application = Cached(application, paths=hosted.cached, version=version, log=given.log)
    if given.faults is not None:
        routes = [route for route in routed.routes if isinstance(route, Route)]
        application = Naming(FaultMiddleware(application, name, given.faults), routes=routes, endpoints=endpoints)
    return Service(application, living)


def _lifespan(
    hosted: _Hosted, verifier: Verifier, given: Surroundings
) -> Callable[..., AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def living(_: object = None) -> AsyncIterator[None]:
        working = asyncio.create_task(_Work(hosted, verifier, given).go_on())
        try:
            yield
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
            for database in hosted.databases:
                await database.close()
            await given.exchange.close()
            given.log.flush()

    return living


class _Work:
    """What a service does beside its requests; what fails is tried again."""

    def __init__(self, hosted: _Hosted, verifier: Verifier, given: Surroundings) -> None:
        self._hosted = hosted
        self._given = given
        self._verifier = verifier
        self._is_ready = False

    async def go_on(self) -> None:
        """Get ready, fetch the keys while UserService is up, then look for what is due, for ever (R17)."""
        while True:
            await self._step()
            if self._given.recovery_seconds is None and self._is_ready:
                return
            await asyncio.sleep(self._given.recovery_seconds or RECOVERY_SECONDS)

    async def _step(self) -> None:
        try:
            with deadline():
                if not self._is_ready:
                    await self._hosted.begin()
                    self._given.log.say("info", "ready")
                    self._is_ready = True
                with suppress(Unavailable):  # nobody needs them yet
                    await self._verifier.prepare()
                if self._hosted.worker is not None and self._given.recovery_seconds is not None:
                    await self._hosted.worker.run_due()
        except ShopError as error:
            self._given.log.say("warning", "recovery", error=error.message, code=error.code)
        except Exception as error:  # noqa: BLE001  a bug must not end the worker
            self._given.log.bug(error, "")


def _unknown() -> None:
    """Return the version of a database that other processes write, too."""


def _published_by_users(asking: Asking) -> Callable[[], Any]:
    async def fetch() -> list[dict[str, Any]]:
        try:
            answer = await asking.ask("users", "GET", "/v1/keys")
            return msgspec.json.decode(answer.body, type=dict[str, list[dict[str, Any]]])["keys"]
        except (ShopError, msgspec.MsgspecError, KeyError) as error:
            msg = "UserService cannot say which keys it signs with"
            raise Unavailable(msg, service="users") from error

    return fetch


def _users(given: Surroundings, asking: Asking) -> _Hosted:
    from stub_services.users import routes
    from stub_services.users.service import UserService
    from stub_services.users.store import UserRows

    database = given.databases("users")
    keepers: tuple[Keeper, ...] = (asking.peer("cart-keeper"), asking.peer("payment-keeper"))
    service = UserService(Store(database, UserRows), given.passwords, lambda: keepers, clock=given.clock, ids=given.ids)
    accounts = routes.Accounts(service, given.clock)
    return _Hosted(
        (database,),
        (Part(accounts, routes.ENDPOINTS),),
        Keys(Store(database, Requests)),
        prepared=accounts.signer,
        published=accounts.published,
    )


def _products(given: Surroundings, asking: Asking) -> _Hosted:  # noqa: ARG001  it asks nobody
    from stub_services.products import routes
    from stub_services.products.catalog import read_catalog
    from stub_services.products.service import ProductService
    from stub_services.products.stock import Stock
    from stub_services.products.stock_store import StockRows
    from stub_services.products.store import ProductRows

    database = given.databases("products")
    service = ProductService(Store(database, ProductRows))
    stock = Stock(Store(database, StockRows), clock=given.clock)

    async def fill() -> None:
        if given.stocked and await service.is_empty():
            await service.fill_if_empty(read_catalog())

    return _Hosted(
        (database,),
        (Part(service, routes.ENDPOINTS), Part(stock, (*routes.STOCK, *endpoints_of("stock")))),
        cached=_CATALOG,
        prepared=fill,
    )


def _carts(given: Surroundings, asking: Asking) -> _Hosted:
    from stub_services.carts import routes
    from stub_services.carts.service import CartService
    from stub_services.carts.store import CartRows

    database = given.databases("carts")
    stock: StockPeer = asking.peer("stock")
    service = CartService(Store(database, CartRows), stock, clock=given.clock, ids=given.ids)
    parts = tuple(Part(service, endpoints) for endpoints in (routes.ENDPOINTS, *_asked("carts", "cart-keeper")))
    return _Hosted((database,), parts, Keys(Store(database, Requests)))


def _orders(given: Surroundings, asking: Asking) -> _Hosted:
    from stub_services.orders import routes
    from stub_services.orders.service import OrderService
    from stub_services.orders.store import OrderRows

    database = given.databases("orders")
    carts: CartPeer = asking.peer("carts")
    stock: StockPeer = asking.peer("stock")
    payments: PaymentPeer = asking.peer("payments")
    service = OrderService(Store(database, OrderRows), carts, stock, lambda: payments, clock=given.clock)
    parts = tuple(Part(service, endpoints) for endpoints in (routes.ENDPOINTS, *_asked("orders", "order-worker")))
    return _Hosted((database,), parts, worker=service)


def _payments(given: Surroundings, asking: Asking) -> _Hosted:
    from stub_services.payments import routes
    from stub_services.payments.processor import TEST_TOKENS, ChargeRows, TestProcessor
    from stub_services.payments.service import PaymentService
    from stub_services.payments.store import PaymentRows

    database, books = given.databases("payments"), given.databases("processor")
    processor = TestProcessor(Store(books, ChargeRows), clock=given.clock)
    orders: OrderPeer = asking.peer("orders")
    service = PaymentService(
        Store(database, PaymentRows), processor, orders, test_tokens=TEST_TOKENS, clock=given.clock
    )
    parts = tuple(
        Part(service, endpoints)
        for endpoints in (routes.ENDPOINTS, *_asked("payments", "payment-keeper", "payment-worker"))
    )
    return _Hosted((database, books), parts, worker=service)


def _asked(*peers: str) -> tuple[tuple[Any, ...], ...]:
    return tuple(endpoints_of(peer) for peer in peers)


_HOSTS = {"users": _users, "products": _products, "carts": _carts, "orders": _orders, "payments": _payments}
