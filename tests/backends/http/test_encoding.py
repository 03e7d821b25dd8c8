"""What cannot be said on the wire is refused before anything is sent."""

from dataclasses import replace
from decimal import Decimal

import pytest

from backends import Money, ProductQuery
from backends.errors import InvalidValue, NotFound, ShopError
from backends.http import encoding
from tests.backends.http.fake import FakeShop, logged_in, problem, says
from tests.backends.http.samples import ADDRESS, ATTEMPT, CART, ORDER, PAYMENT, PRODUCT

NOWHERE = ["", ".", "..", "a/b", "../admin", "a\\b", "a\0b", "\ud800", "x" * 1001]

nowhere = pytest.mark.parametrize("name", NOWHERE, ids=lambda name: ascii(name)[:12])


@nowhere
async def test_an_id_that_can_be_no_part_of_a_path_names_nothing(shop: FakeShop, name: str) -> None:
    backend = shop.open(logged_in())
    for call, service in (
        (backend.products.get(name), "products"),
        (backend.orders.get(name), "orders"),
        (backend.carts.set_quantity(name, 1), "carts"),
        (backend.users.remove_address(name), "users"),
    ):
        with pytest.raises(NotFound) as caught:
            await call
        assert caught.value.service == service
    assert shop.seen == []


@nowhere
async def test_a_key_that_can_be_no_part_of_a_path_is_refused(shop: FakeShop, name: str) -> None:
    backend = shop.open(logged_in())
    for call, service in (
        (backend.orders.place(replace(ATTEMPT, key=name)), "orders"),
        (backend.orders.cancel(name, "key"), "orders"),
        (backend.payments.pay("order-1", "tok_visa", name), "payments"),
        (backend.users.save_address(replace(ADDRESS, label=name)), "users"),
    ):
        with pytest.raises(InvalidValue) as caught:
            await call
        assert caught.value.service == service
    assert shop.seen == []


@nowhere
async def test_removing_a_line_that_cannot_be_removes_nothing(shop: FakeShop, name: str) -> None:
    shop.on("GET", "/v1/cart", says(CART))
    assert await shop.open(logged_in()).carts.remove(name) == CART
    assert shop.asked() == ["GET /v1/cart"]


async def test_everything_else_is_quoted(shop: FakeShop) -> None:
    shop.on("GET", "/v1/products/%1B%5B2J%25%3F%23%20%C3%A9", says(PRODUCT))
    assert await shop.open().products.get("\x1b[2J%?# é") == PRODUCT


async def test_payments_of_an_order_that_cannot_be(shop: FakeShop) -> None:
    for order_id in ("\ud800", "x" * 1001):
        with pytest.raises(NotFound):
            await shop.open(logged_in()).payments.list(order_id)
    assert shop.seen == []


@pytest.mark.parametrize(
    "query",
    [
        ProductQuery(text="x" * 1001),
        ProductQuery(price_min=Decimal("NaN")),
        ProductQuery(price_min=Decimal("Infinity")),
        ProductQuery(price_max=Decimal("1E+999999")),
        ProductQuery(price_max=Decimal("1E-999999")),
    ],
    ids=str,
)
async def test_a_search_that_cannot_be_sent(shop: FakeShop, query: ProductQuery) -> None:
    with pytest.raises(InvalidValue) as caught:
        await shop.open().products.list(query, 10)
    assert caught.value.service == "products"
    assert shop.seen == []


@pytest.mark.parametrize("cursor", ["\ud800", "A" * 10_000])
async def test_a_cursor_that_cannot_be_sent(shop: FakeShop, cursor: str) -> None:
    for call in (shop.open().products.list(ProductQuery(), 5, cursor), shop.open(logged_in()).orders.list(5, cursor)):
        with pytest.raises(InvalidValue):
            await call
    assert shop.seen == []


async def test_an_empty_cursor_is_sent_to_be_refused(shop: FakeShop) -> None:
    shop.on("GET", "/v1/orders", problem(400, "invalid_value"))
    with pytest.raises(InvalidValue):
        await shop.open(logged_in()).orders.list(10, "")
    assert shop.asked() == ["GET /v1/orders?limit=10&cursor="]


@pytest.mark.parametrize("limit", [10**18, -(10**18), 10**5000], ids=["large", "small", "huge"])
async def test_a_number_that_cannot_be_sent(shop: FakeShop, limit: int) -> None:
    for call in (
        shop.open().products.list(ProductQuery(), limit),
        shop.open(logged_in()).orders.list(limit),
    ):
        with pytest.raises(InvalidValue):
            await call
    assert shop.seen == []


async def test_half_a_character_is_replaced_in_a_search_and_refused_elsewhere(shop: FakeShop) -> None:
    shop.on("GET", "/v1/products", says({"items": [], "next_cursor": None, "total": 0}))
    await shop.open().products.list(ProductQuery(text="a\ud800"), 5)
    assert shop.seen[0].url.params["text"] == "a\N{REPLACEMENT CHARACTER}"
    for call, service in (
        (shop.open().users.signup("Ada\ud800", "ada@example.org", "long enough"), "users"),
        (shop.open().carts.add("\ud800", 1), "carts"),
        (shop.open().carts.add("lens", 10**5000), "carts"),
    ):
        with pytest.raises(InvalidValue) as caught:
            await call
        assert caught.value.service == service
        assert "Ada" not in str(caught.value)
    assert len(shop.seen) == 1


@pytest.mark.parametrize("amount", ["1.005", "NaN", "Infinity", "1E+40", "1E+999999", "1E-999999"])
async def test_a_total_that_is_no_amount(shop: FakeShop, amount: str) -> None:
    with pytest.raises(InvalidValue):
        await shop.open(logged_in()).orders.place(replace(ATTEMPT, total=Money(Decimal(amount), "EUR")))
    assert shop.seen == []


async def test_zero_is_an_amount(shop: FakeShop) -> None:
    shop.on("PUT", "/v1/orders/order-1", says(ORDER))
    await shop.open(logged_in()).orders.place(replace(ATTEMPT, total=Money(Decimal("0.00"), "EUR")))
    assert b'"total":{"amount":0,"currency":"EUR"}' in shop.seen[0].content


async def test_an_attempt_is_written_the_same_each_time(shop: FakeShop) -> None:
    shop.on("PUT", "/v1/orders/order-1", says(ORDER))
    shop.on("PUT", "/v1/payments/pay-1", says(PAYMENT))
    for _ in range(2):
        backend = shop.open(logged_in())
        await backend.orders.place(ATTEMPT)
        await backend.payments.pay("order-1", "tok_visa", "pay-1")
    assert shop.seen[0].content == shop.seen[2].content
    assert shop.seen[0].content == (
        b'{"cart_id":"cart-1","cart_version":3,"total":{"amount":160290,"currency":"EUR"},"address":{"label":"home",'
        b'"name":"Ada Lovelace","line1":"12 Rue de la Paix","city":"Paris","postcode":"75002","country":"FR",'
        b'"line2":"Apt 4","region":"IDF","phone":"+33 1 23"},"shipping":"standard",'
        b'"created_at":"2026-03-02T10:00:00.123456Z","payment":null,"handle":null}'
    )
    assert shop.seen[1].content == b'{"order_id":"order-1","method":"tok_visa"}'


def test_a_path_has_its_names_as_they_are() -> None:
    error = ShopError("no")
    assert encoding.path_to("me", "addresses", last="home", otherwise=error) == "/v1/me/addresses/home"
    assert encoding.path_to("orders", last="...", otherwise=error) == "/v1/orders/..."
