"""What still works while one service's data cannot be reached: the table in docs/checkout.md, in process."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from backends import MemorySessions, OrderStatus, PaymentStatus, ProductQuery
from backends.conformance.goods import ADDRESS, GOODS
from backends.conformance.harness import Harness, Methods, Person
from backends.errors import ShopError, Unavailable
from stub_services.database import Statements
from stub_services.inprocess import InProcessBackend, Shop
from tests.conftest import VirtualClock, countable_ids, plain_passwords

TRIPODS = ("tripod/standard", 2)
Break = Callable[[str], None]


class Down:
    """A database that nobody can open."""

    def __init__(self, service: str) -> None:
        self._service = service

    def read(self) -> AbstractAsyncContextManager[Statements]:
        raise Unavailable(f"{self._service} is down", service=self._service)

    write = read

    async def close(self) -> None: ...


class World:
    """A shop on files, whose processes come and go and whose services fail."""

    def __init__(self, directory: object) -> None:
        self.directory = directory
        self.clock, self.ids = VirtualClock(), countable_ids()
        self.sessions = MemorySessions()

    def ada(self, *down: str) -> Person:
        """A new process in which these services are down."""
        shop = Shop(self.directory, clock=self.clock, ids=self.ids)  # type: ignore[arg-type]
        for name in down:
            shop.databases[name] = Down(name)
        backend = InProcessBackend("sqlite:", shop, self.sessions)
        harness = Harness(lambda _: backend, self.ids, self.clock, Methods("tok_visa"))
        return Person(backend, harness, "Ada", "ada@example.org")


@pytest.fixture
def world(tmp_path: object, monkeypatch: pytest.MonkeyPatch, runner: object) -> World:
    import asyncio

    assert isinstance(runner, asyncio.Runner)
    plain_passwords(monkeypatch)
    made = World(tmp_path)
    ada = made.ada()
    runner.run(ada.backend.admin.import_catalog(GOODS))  # type: ignore[union-attr]
    runner.run(ada.sign_up())
    runner.run(ada.log_in())
    return made


async def test_health_names_what_is_down(world: World) -> None:
    health = await world.ada("carts").backend.health()
    assert {each.service for each in health if each.status == "down"} == {"carts"}


@pytest.mark.parametrize("down", ["users", "carts", "orders", "payments"])
async def test_browsing_needs_products_only(world: World, down: str) -> None:
    backend = world.ada(down).backend
    assert (await backend.products.list(ProductQuery(), 10)).items
    assert await backend.products.categories()
    assert (await backend.products.get("tripod")).slug == "tripod"


async def test_without_products_browsing_fails_and_names_it(world: World) -> None:
    with pytest.raises(Unavailable) as caught:
        await world.ada("products").backend.products.list(ProductQuery(), 10)
    assert caught.value.service == "products"


@pytest.mark.parametrize("down", ["products", "carts", "orders", "payments"])
async def test_signing_up_and_in_needs_users_only(world: World, down: str) -> None:
    person = world.ada(down)
    await person.backend.users.signup("Ben", "ben@example.org", "long enough")
    await person.backend.users.login("ben@example.org", "long enough")
    assert (await person.backend.users.me()).name == "Ben"


async def test_a_guest_cart_merges_later_when_carts_was_down_at_log_in(world: World) -> None:
    world.sessions = MemorySessions()
    await world.ada().backend.carts.add(*TRIPODS)
    await world.ada("carts").log_in()
    assert [line.quantity for line in (await world.ada().backend.carts.view()).lines] == [2]


async def test_without_products_a_cart_shows_unconfirmed_prices(world: World) -> None:
    await world.ada().fill(TRIPODS)
    cart = await world.ada("products").backend.carts.view()
    assert [notice.code for notice in cart.notices] == ["prices_unconfirmed"]
    assert cart.lines[0].total.minor == 2 * 14990


async def test_without_products_lines_can_be_removed(world: World) -> None:
    await world.ada().fill(TRIPODS, ("camera/standard", 1))
    lines = (await world.ada().backend.carts.view()).lines
    after = await world.ada("products").backend.carts.remove(lines[0].id)
    assert len(after.lines) == 1
    assert (await world.ada("products").backend.carts.clear()).lines == ()
    await world.ada("products").backend.carts.set_address(ADDRESS, "ada@example.org")


async def test_without_products_nothing_can_be_added(world: World) -> None:
    with pytest.raises(Unavailable):
        await world.ada("products").backend.carts.add(*TRIPODS)
    assert (await world.ada().backend.carts.view()).lines == ()


@pytest.mark.parametrize("down", ["orders", "payments"])
async def test_editing_a_cart_needs_neither_orders_nor_payments(world: World, down: str) -> None:
    person = world.ada(down)
    await person.fill(TRIPODS)
    cart = await person.backend.carts.view()
    assert cart.requirements == ()


@pytest.mark.parametrize("down", ["products", "carts"])
async def test_an_order_waits_for_carts_and_products(world: World, down: str) -> None:
    person = world.ada()
    await person.fill(TRIPODS)
    attempt = await person.attempt()
    order = await world.ada(down).backend.orders.place(attempt)
    assert order.status is OrderStatus.PLACING
    assert (await world.ada().backend.orders.place(attempt)).status is OrderStatus.AWAITING_PAYMENT


async def test_an_order_is_placed_without_payments_and_paid_later(world: World) -> None:
    order = await world.ada("payments").order(TRIPODS)
    assert order.status is OrderStatus.AWAITING_PAYMENT
    with pytest.raises(ShopError):
        await world.ada("payments").backend.payments.pay(order.id, "tok_visa", "p1")
    assert (await world.ada().backend.payments.pay(order.id, "tok_visa", "p1")).status is PaymentStatus.SETTLED


@pytest.mark.parametrize("down", ["products", "carts"])
async def test_paying_needs_neither_products_nor_carts(world: World, down: str) -> None:
    order = await world.ada().order(TRIPODS)
    payment = await world.ada(down).backend.payments.pay(order.id, "tok_visa", "p1")
    assert payment.status is PaymentStatus.SETTLED
    assert (await world.ada(down).backend.orders.get(order.id)).status is OrderStatus.PAID


@pytest.mark.parametrize(("down", "status"), [("orders", "created"), ("processor", "charging")])
async def test_paying_is_pending_while_orders_or_the_processor_is_down(world: World, down: str, status: str) -> None:
    order = await world.ada().order(TRIPODS)
    assert (await world.ada(down).backend.payments.pay(order.id, "tok_visa", "p1")).status == status
    assert (await world.ada().backend.payments.pay(order.id, "tok_visa", "p1")).status is PaymentStatus.SETTLED


@pytest.mark.parametrize("down", ["products", "carts", "payments"])
async def test_history_needs_orders_only(world: World, down: str) -> None:
    order = await world.ada().order(TRIPODS)
    assert (await world.ada(down).backend.orders.list(10)).items == (order,)


@pytest.mark.parametrize("down", ["products", "carts", "payments"])
async def test_cancelling_needs_orders_only_and_the_rest_follows(world: World, down: str) -> None:
    order = await world.ada().order(TRIPODS)
    await world.ada().backend.payments.pay(order.id, "tok_visa", "p1")
    cancelled = await world.ada(down).backend.orders.cancel(order.id, "key")
    assert cancelled.status in {OrderStatus.CANCELLED, OrderStatus.REFUNDED}
    person = world.ada()
    await person.backend.carts.clear()
    assert await person.stock("tripod") == 50
    assert (await person.backend.orders.get(order.id)).status is OrderStatus.REFUNDED


async def test_without_orders_nothing_is_cancelled(world: World) -> None:
    order = await world.ada().order(TRIPODS)
    with pytest.raises(Unavailable) as caught:
        await world.ada("orders").backend.orders.cancel(order.id, "key")
    assert caught.value.service == "orders"
    assert (await world.ada().backend.orders.get(order.id)).status is OrderStatus.AWAITING_PAYMENT
