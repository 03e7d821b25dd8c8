import pytest

from backends.errors import Unavailable
from backends.tracing import Hop, dump, recording
from tests.backends.http.fake import GONE, RESET, FakeShop, VirtualLoop, logged_in, nothing, problem, says
from tests.backends.http.samples import CART, ORDER

INNER = Hop("gateway", "orders", "GET /v1/orders/1001", "200", 0.5, 2.5, 1, (Hop("orders", "carts", "x", "ok", 1, 1),))


async def test_each_attempt_is_a_hop_failed_ones_too(shop: FakeShop) -> None:
    shop.on("GET", "/v1/orders/1001", RESET, problem(503, "unavailable", retryable=True), says(ORDER))
    shop.on("GET", "/v1/orders/1001", RESET, problem(503, "unavailable", retryable=True), says(ORDER))
    with recording() as hops:
        await shop.open(logged_in()).orders.get("1001")
    assert [(each.caller, each.callee, each.action) for each in hops] == [
        ("shop", "gateway", "GET /v1/orders/1001")
    ] * 3
    assert [each.status for each in hops] == ["the connection was reset", "503", "200"]
    assert [each.attempt for each in hops] == [1, 2, 3]
    assert all(each.milliseconds >= 0 for each in hops)
    assert [each.started for each in hops] == sorted(each.started for each in hops)
    assert {each.headers["shop-trace"] for each in shop.seen} == {"1"}


async def test_the_answer_tells_what_it_caused(shop: FakeShop) -> None:
    shop.on("GET", "/v1/orders/1001", says(ORDER, shop_trace=dump([INNER])))
    with recording() as hops:
        await shop.open(logged_in()).orders.get("1001")
    assert hops[0].hops == (INNER,)


@pytest.mark.parametrize("header", ["", "{", "[1]", "[[]]", "null", "[" * 9000, '[{"from": "\\u001b[2J"}]'])
async def test_a_trace_that_makes_no_sense_tells_nothing(shop: FakeShop, header: str) -> None:
    shop.on("GET", "/v1/orders/1001", says(ORDER, shop_trace=header))
    with recording() as hops:
        assert await shop.open(logged_in()).orders.get("1001") == ORDER
    assert hops[0].hops == ()


async def test_nothing_is_traced_unless_somebody_wants_to_know(shop: FakeShop) -> None:
    shop.on("GET", "/v1/orders/1001", says(ORDER))
    await shop.open(logged_in()).orders.get("1001")
    assert "shop-trace" not in shop.seen[0].headers


async def test_what_was_not_sent_is_a_hop(shop: FakeShop, loop: VirtualLoop) -> None:
    shop.on("GET", "/v1/cart", GONE)
    with recording() as hops, pytest.raises(Unavailable):
        await shop.open().carts.view()
    assert [each.status for each in hops] == ["the connection was refused or failed"] * 2


async def test_a_trace_shows_no_query_and_no_guests_cart(shop: FakeShop) -> None:
    shop.on("PUT", "/v1/cart/merged/the-key-of-a-cart", nothing)
    shop.on("GET", "/v1/cart", says(CART))
    shop.on("GET", "/v1/payments", says({"items": []}))
    backend = shop.open(logged_in(cart="the-key-of-a-cart"))
    with recording() as hops:
        await backend.carts.view()
        await backend.payments.list("order-1")
    assert [each.action for each in hops] == ["PUT /v1/cart/merged", "GET /v1/cart", "GET /v1/payments"]
