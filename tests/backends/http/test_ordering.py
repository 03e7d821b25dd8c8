import json

import pytest

from backends import Card, Page
from backends.errors import Forbidden, LoginRequired, NotFound
from tests.backends.http.fake import FakeShop, logged_in, problem, says
from tests.backends.http.samples import ATTEMPT, METHOD, ORDER, PAYMENT

CARD = Card("4242424242424242", 12, 2030, "987")


async def test_finding_an_attempt_never_places_it(shop: FakeShop) -> None:
    shop.on("GET", "/v1/orders/order-1", problem(404, "not_found"), says(ORDER))
    backend = shop.open(logged_in())
    assert await backend.orders.find(ATTEMPT) is None
    assert await backend.orders.find(ATTEMPT) == ORDER
    assert {each.method for each in shop.seen} == {"GET"}


async def test_history(shop: FakeShop) -> None:
    shop.on("GET", "/v1/orders", says({"items": [ORDER], "next_cursor": "1001", "total": None}))
    assert await shop.open(logged_in()).orders.list(1, "1002") == Page((ORDER,), "1001", None)
    assert shop.asked() == ["GET /v1/orders?limit=1&cursor=1002"]


async def test_an_order_by_number(shop: FakeShop) -> None:
    shop.on("GET", "/v1/orders/1001", says(ORDER))
    assert await shop.open(logged_in()).orders.get("1001") == ORDER


async def test_cancelling(shop: FakeShop) -> None:
    shop.on("PUT", "/v1/orders/order-1/cancellation", says(ORDER))
    assert await shop.open(logged_in()).orders.cancel("order-1", "key") == ORDER
    assert shop.seen[0].content == b""


async def test_paying(shop: FakeShop) -> None:
    shop.on("PUT", "/v1/payments/pay-1", says(PAYMENT))
    assert await shop.open(logged_in()).payments.pay("order-1", "tok_visa", "pay-1") == PAYMENT


async def test_payments_of_an_order(shop: FakeShop) -> None:
    shop.on("GET", "/v1/payments", says({"items": [PAYMENT]}), problem(404, "not_found", service="payments"))
    backend = shop.open(logged_in())
    assert await backend.payments.list("order-1") == (PAYMENT,)
    with pytest.raises(NotFound):
        await backend.payments.list("order-2")
    assert shop.asked()[0] == "GET /v1/payments?order_id=order-1"


async def test_a_card_becomes_a_token(shop: FakeShop) -> None:
    shop.on("GET", "/v1/payment-methods", says({"items": [METHOD]}))
    shop.on("POST", "/v1/payment-methods", says(METHOD, 201))
    backend = shop.open(logged_in())
    assert await backend.payments.methods() == (METHOD,)
    assert await backend.payments.tokenize(CARD) == METHOD
    sent = json.loads(shop.seen[1].content)
    assert sent == {"number": "4242424242424242", "expiry_month": 12, "expiry_year": 2030, "cvv": "987"}


async def test_customers_do_not_refund(shop: FakeShop) -> None:
    backend = shop.open(logged_in())
    assert backend.admin is None
    with pytest.raises(Forbidden, match="merchant") as caught:
        await backend.payments.refund("pay-1", "key")
    assert caught.value.hint
    assert shop.seen == []


async def test_guests_place_nothing(shop: FakeShop) -> None:
    backend = shop.open()
    for call in (
        backend.orders.place(ATTEMPT),
        backend.orders.find(ATTEMPT),
        backend.orders.get("1001"),
        backend.orders.list(5),
        backend.orders.cancel("order-1", "key"),
        backend.payments.methods(),
        backend.payments.tokenize(CARD),
        backend.payments.pay("order-1", "tok_visa", "pay-1"),
        backend.payments.list("order-1"),
    ):
        with pytest.raises(LoginRequired):
            await call
    assert shop.seen == []
