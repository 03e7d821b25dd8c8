"""The hops between services in process, as `--trace` shows them."""

import asyncio

import pytest

from backends import MemorySessions, PaymentStatus, ProductQuery
from backends.conformance.goods import GOODS
from backends.conformance.harness import Harness, Methods, Person
from backends.errors import NotFound, OutOfStock
from backends.tracing import Hop, recording
from stub_services.inprocess import InProcessBackend, Shop
from tests.conftest import VirtualClock, countable_ids, plain_passwords

TRIPOD = ("tripod/standard", 1)


@pytest.fixture
def ada(runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, virtual_clock: VirtualClock) -> Person:
    plain_passwords(monkeypatch)
    ids = countable_ids()
    backend = InProcessBackend("memory:", Shop(None, clock=virtual_clock, ids=ids), MemorySessions())
    person = Person(backend, Harness(lambda _: backend, ids, virtual_clock, Methods("tok_visa")), "Ada", "ada@x.org")
    runner.run(backend.admin.import_catalog(GOODS))
    runner.run(person.sign_up())
    runner.run(person.log_in())
    return person


def tree(hops: tuple[Hop, ...] | list[Hop]) -> list[object]:
    """Return who asked whom for what, and what that caused; without what found out who is logged in."""
    found: list[object] = []
    for hop in hops:
        if hop.action != "authenticate":
            line = f"{hop.caller} > {hop.callee} {hop.action}: {hop.status}"
            found.append((line, tree(hop.hops)) if hop.hops else line)
    return found


async def test_one_call_is_one_hop(ada: Person) -> None:
    with recording() as hops:
        await ada.backend.products.list(ProductQuery(), 1)
    assert tree(hops) == ["shop > products list: ok"]


async def test_what_a_service_asks_others_is_inside(ada: Person) -> None:
    with recording() as hops:
        await ada.backend.carts.add(*TRIPOD)
    assert tree(hops) == [("shop > carts add: ok", ["carts > products offers: ok"])]


async def test_placing_an_order(ada: Person) -> None:
    await ada.fill(TRIPOD)
    attempt = await ada.attempt()
    with recording() as hops:
        await ada.backend.orders.place(attempt)
    assert tree(hops) == [
        ("shop > orders place: ok", ["orders > carts take: ok", "orders > products reserve: ok"]),
    ]


async def test_paying_shows_the_processor(ada: Person) -> None:
    order = await ada.order(TRIPOD)
    with recording() as hops:
        payment = await ada.backend.payments.pay(order.id, "tok_visa", "p1")
    assert payment.status is PaymentStatus.SETTLED
    assert tree(hops) == [
        (
            "shop > payments pay: ok",
            [
                "payments > orders amount_due: ok",
                "payments > processor look_up: ok",
                "payments > processor charge: ok",
                ("payments > orders captured: ok", ["orders > products sell: ok"]),
            ],
        ),
    ]


async def test_an_error_is_told_by_its_code(ada: Person) -> None:
    with recording() as hops:
        with pytest.raises(OutOfStock):
            await ada.backend.carts.add("last/standard", 2)
        with pytest.raises(NotFound):
            await ada.backend.products.get("nothing")
    assert tree(hops) == [
        ("shop > carts add: out_of_stock", ["carts > products offers: ok"]),
        "shop > products get: not_found",
    ]


async def test_a_refusal_is_told_by_its_reason(ada: Person) -> None:
    await ada.fill(TRIPOD)
    attempt = await ada.attempt()
    await ada.backend.carts.add(*TRIPOD)
    with recording() as hops:
        await ada.backend.orders.place(attempt)
    place = hops[-1]
    assert tree(place.hops)[0] == "orders > carts take: cart_changed"


async def test_an_answer_that_decides_nothing_is_busy(ada: Person) -> None:
    await ada.fill(TRIPOD)
    assert ada.backend.admin is not None
    await ada.backend.admin.stop("products")
    order = await ada.backend.orders.place(await ada.attempt())
    with recording() as hops:
        await ada.backend.payments.pay(order.id, "tok_visa", "p1")
    assert tree(hops[-1].hops) == ["payments > orders amount_due: busy"]


async def test_what_is_due_first_is_shown_too(ada: Person) -> None:
    order = await ada.order(TRIPOD)
    await ada.backend.payments.pay(order.id, "tok_lost_answer", "p1")
    with recording() as hops:
        await ada.backend.carts.clear()
    assert tree(hops) == [
        "payments > processor look_up: ok",
        ("payments > orders captured: ok", ["orders > products sell: ok"]),
        ("shop > carts clear: ok", ["carts > products offers: ok"]),
    ]


async def test_a_stopped_service_is_shown_where_it_was_missed(ada: Person) -> None:
    await ada.fill(TRIPOD)
    attempt = await ada.attempt()
    assert ada.backend.admin is not None
    await ada.backend.admin.stop("products")
    with recording() as hops:
        await ada.backend.orders.place(attempt)
    assert tree(hops) == [
        ("shop > orders place: ok", ["orders > carts take: ok", "orders > products reserve: unavailable"]),
    ]


async def test_a_bug_is_shown_as_one(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    shop: Shop = ada.backend.shop  # type: ignore[attr-defined]
    monkeypatch.setattr(shop.carts, "_store", None)
    with recording() as hops, pytest.raises(AttributeError):
        await ada.backend.carts.clear()
    assert tree(hops)[-1] == "shop > carts clear: internal"


async def test_times_are_relative_to_whoever_asked(ada: Person) -> None:
    await ada.fill(TRIPOD)
    attempt = await ada.attempt()
    with recording() as hops:
        await ada.backend.orders.place(attempt)
    first, place = hops
    assert 0 <= first.started <= first.started + first.milliseconds <= place.started
    take, reserve = place.hops
    assert 0 <= take.started <= take.started + take.milliseconds <= reserve.started
    assert reserve.started + reserve.milliseconds <= place.milliseconds


async def test_nothing_is_kept_when_nobody_records(ada: Person) -> None:
    shop: Shop = ada.backend.shop  # type: ignore[attr-defined]
    way = shop.wiring.way("orders", "carts", lambda: shop.carts)
    assert way.view == shop.carts.view
    with recording():
        assert way.view != shop.carts.view
