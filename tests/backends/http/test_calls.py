"""Repetitions, Retry-After, unknown outcomes, deadlines, ids."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime
from itertools import pairwise

import httpx
import pytest

from backends import ProductQuery
from backends.deadline import deadline
from backends.errors import (
    ConfigurationError,
    InvalidState,
    NotFound,
    Outcome,
    OutcomeUnknown,
    RateLimited,
    ShopError,
    Unavailable,
    WrongCredentials,
)
from backends.http.budget import RESERVE
from backends.models import Card
from tests.backends.http.fake import (
    CLOSED,
    GONE,
    ORIGIN,
    RESET,
    FakeShop,
    Reply,
    VirtualLoop,
    granted,
    hangs,
    label,
    logged_in,
    nothing,
    problem,
    raw,
    says,
    streams,
)
from tests.backends.http.samples import ADDRESS, ATTEMPT, CART, METHOD, ORDER, PAYMENT, PRODUCT
from tests.conftest import START

PLACE = ("PUT", "/v1/orders/order-1")
BAD_GATEWAY = raw(502, b"<html><h1>502 Bad Gateway</h1></html>", content_type="text/html")
CARD = Card("4242424242424242", 12, 2030, "123")

lost = pytest.mark.parametrize(
    "failure",
    [
        RESET,
        CLOSED,
        httpx.WriteError(""),
        httpx.ReadTimeout(""),
        httpx.LocalProtocolError("Illegal header value b'Bearer access-0'"),
        BAD_GATEWAY,
        raw(500, b"oops"),
        raw(408, b"too slow"),
        raw(303, location="/elsewhere"),
        raw(200, b'{"id": "order-1", "num'),
        raw(200, b"<html>log in to the hotel's network</html>"),
        raw(200, b"null"),
        raw(202, b"{}"),
        raw(204),
        raw(409, b'{"code": "inva', content_type="application/problem+json"),
        says({"id": "another-order"}),
        problem(504, "outcome_unknown", outcome="unknown"),
        problem(500, "internal", outcome="unknown"),
        problem(503, "unavailable", outcome="unknown"),
    ],
    ids=label,
)


@lost
async def test_a_write_without_a_definite_answer_is_unknown(shop: FakeShop, failure: Reply | Exception) -> None:
    shop.on(*PLACE, failure)
    with pytest.raises(OutcomeUnknown) as caught:
        await shop.open(logged_in()).orders.place(ATTEMPT)
    assert caught.value.outcome is Outcome.UNKNOWN
    assert caught.value.service == "orders"
    assert caught.value.hint == "shop orders resume"
    assert caught.value.request_id == shop.seen[0].headers["x-request-id"]
    assert "access-0" not in str(caught.value)


@lost
async def test_a_read_without_an_answer_is_an_error_that_changed_nothing(
    shop: FakeShop, failure: Reply | Exception
) -> None:
    shop.on("GET", "/v1/orders/1001", failure)
    with pytest.raises(ShopError) as caught:
        await shop.open(logged_in()).orders.get("1001")
    assert caught.value.outcome is Outcome.NOT_APPLIED
    assert not isinstance(caught.value, OutcomeUnknown)
    assert caught.value.service == "orders"


async def test_html_of_a_proxy_is_not_a_shops_not_found(shop: FakeShop) -> None:
    shop.on("GET", "/v1/orders/order-1", raw(404, b"<html>nginx</html>", content_type="text/html"))
    with pytest.raises(Unavailable, match=r"probably no shop.*404 to GET /v1/orders") as caught:
        await shop.open(logged_in()).orders.find(ATTEMPT)
    assert caught.value.hint == "shop profile list"
    assert caught.value.retryable is False
    assert len(shop.seen) == 1


async def test_a_web_page_is_no_catalog(shop: FakeShop) -> None:
    shop.on("GET", "/v1/categories", raw(200, b"<html>It works!</html>", content_type="text/html"))
    with pytest.raises(Unavailable, match=r"web page.*probably no shop") as caught:
        await shop.open().products.categories()
    assert caught.value.hint == "shop profile list"


async def test_a_shop_elsewhere_that_cannot_be_reached_is_perhaps_the_wrong_one(shop: FakeShop) -> None:
    shop.on("GET", "/v1/categories", GONE)
    with pytest.raises(Unavailable, match=r"at https://shop\.test cannot be reached") as caught:
        await shop.open(origin="https://shop.test").products.categories()
    assert caught.value.hint == "shop profile list"


async def test_a_proxy_that_refused_surely_applied_nothing(shop: FakeShop) -> None:
    shop.on(*PLACE, raw(413, b"<html>too large</html>"))
    with pytest.raises(Unavailable) as caught:
        await shop.open(logged_in()).orders.place(ATTEMPT)
    assert caught.value.outcome is Outcome.NOT_APPLIED


async def test_a_repetition_is_the_very_same(shop: FakeShop) -> None:
    shop.on("POST", "/v1/cart/lines", RESET, BAD_GATEWAY, says(CART))
    assert await shop.open().carts.add("lens/sony-e", 2) == CART
    first, *others = shop.seen
    assert len(others) == 2
    for other in others:
        assert other.content == first.content
        for name in ("idempotency-key", "x-request-id", "shop-cart", "content-type"):
            assert other.headers[name] == first.headers[name]


async def test_keys_and_request_ids_are_fresh_for_each_call(shop: FakeShop) -> None:
    shop.on("POST", "/v1/cart/lines", says(CART))
    backend = shop.open()
    await backend.carts.add("lens/sony-e", 2)
    await backend.carts.add("lens/sony-e", 2)
    for name in ("idempotency-key", "x-request-id"):
        assert shop.seen[0].headers[name] != shop.seen[1].headers[name]


async def test_delays_are_random_below_a_growing_bound(shop: FakeShop) -> None:
    shop.on("GET", "/v1/categories", RESET)
    with pytest.raises(Unavailable):
        await shop.open(random=lambda: 0.5).products.categories()
    assert [after - before for before, after in pairwise(shop.times)] == pytest.approx([0.05, 0.1])


async def test_a_refused_connection_is_tried_once_more(shop: FakeShop) -> None:
    shop.on(*PLACE, GONE)
    with pytest.raises(Unavailable, match=r"gateway at .* cannot be reached.*nothing was changed") as caught:
        await shop.open(logged_in()).orders.place(ATTEMPT)
    assert len(shop.seen) == 2
    assert (caught.value.service, caught.value.hint) == ("gateway", "shop serve --port 8080")
    assert ORIGIN in caught.value.message
    assert caught.value.outcome is Outcome.NOT_APPLIED


@pytest.mark.parametrize("failure", [GONE, httpx.ConnectTimeout(""), httpx.PoolTimeout("")], ids=label)
async def test_what_was_surely_not_sent_may_be_repeated_by_everybody(shop: FakeShop, failure: Exception) -> None:
    shop.on("POST", "/v1/payment-methods", failure, says(METHOD, 201))
    assert await shop.open(logged_in()).payments.tokenize(CARD) == METHOD


@pytest.mark.parametrize("failure", [RESET, CLOSED, BAD_GATEWAY, raw(201, b'{"tok')], ids=label)
async def test_a_request_without_an_id_is_not_repeated_after_silence(
    shop: FakeShop, failure: Reply | Exception
) -> None:
    shop.on("POST", "/v1/payment-methods", failure)
    shop.on("POST", "/v1/sessions", failure)
    shop.on("POST", "/v1/me/deletion", failure)
    backend = shop.open(logged_in())
    for call in (
        backend.payments.tokenize(CARD),
        backend.users.login("ada@example.org", "correct horse"),
        backend.users.delete_account("correct horse"),
    ):
        with pytest.raises(OutcomeUnknown) as caught:
            await call
        assert "4242" not in str(caught.value)
        assert caught.value.hint != "shop orders resume"
    assert len(shop.seen) == 3


async def test_not_sent_after_silence_stays_unknown(shop: FakeShop) -> None:
    shop.on(*PLACE, RESET, GONE)
    with pytest.raises(OutcomeUnknown):
        await shop.open(logged_in()).orders.place(ATTEMPT)


@pytest.mark.parametrize(
    "later",
    [
        problem(503, "unavailable", retryable=True),
        problem(429, "rate_limited", retryable=True),
        problem(401, "login_required"),
        problem(401, "wrong_credentials"),
        problem(403, "forbidden"),
        problem(500, "storage"),
    ],
    ids=label,
)
async def test_whoever_does_not_look_at_a_repetition_says_nothing_about_the_first(shop: FakeShop, later: Reply) -> None:
    shop.on(*PLACE, RESET, later)
    with pytest.raises(OutcomeUnknown):
        await shop.open(logged_in()).orders.place(ATTEMPT)


async def test_a_rule_that_refuses_a_repetition_decides(shop: FakeShop) -> None:
    shop.on(*PLACE, RESET, problem(409, "invalid_state"))
    with pytest.raises(InvalidState) as caught:
        await shop.open(logged_in()).orders.place(ATTEMPT)
    assert caught.value.outcome is Outcome.NOT_APPLIED


async def test_a_repetition_that_is_answered_settles_it(shop: FakeShop) -> None:
    shop.on("PUT", "/v1/payments/pay-1", RESET, CLOSED, says(PAYMENT))
    assert await shop.open(logged_in()).payments.pay("order-1", "tok_visa", "pay-1") == PAYMENT
    assert len({each.content for each in shop.seen}) == 1


async def test_an_address_that_a_repetition_does_not_find_is_removed(shop: FakeShop) -> None:
    shop.on("DELETE", "/v1/me/addresses/home", RESET, problem(404, "not_found"))
    await shop.open(logged_in()).users.remove_address("home")


async def test_an_address_that_was_never_there_is_not_found(shop: FakeShop) -> None:
    shop.on("DELETE", "/v1/me/addresses/home", problem(404, "not_found"))
    with pytest.raises(NotFound):
        await shop.open(logged_in()).users.remove_address("home")


async def test_a_password_that_a_repetition_calls_wrong_may_have_been_changed(shop: FakeShop) -> None:
    wrong = problem(401, "wrong_credentials", service="users")
    shop.on("PUT", "/v1/me/password", RESET, wrong)
    backend = shop.open(logged_in())
    with pytest.raises(OutcomeUnknown) as caught:
        await backend.users.change_password("old password", "new password")
    assert caught.value.hint == "shop login"
    assert "password" not in str(caught.value).replace("wrong_credentials", "")
    shop.on("PUT", "/v1/me/password", wrong)
    with pytest.raises(WrongCredentials):
        await backend.users.change_password("old password", "new password")


# --- waiting as asked ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "members", "seconds"),
    [
        ({"retry-after": "3"}, {}, 3.0),
        ({}, {"retry_after": 2.5}, 2.5),
        ({"retry-after": "1"}, {"retry_after": 1.4}, 1.4),
        ({"retry-after": "4"}, {"retry_after": 0.1}, 4.0),
        ({"retry-after": format_datetime(START + timedelta(seconds=5), usegmt=True)}, {}, 5.0),
        ({"retry-after": "0"}, {}, 0.0),
    ],
)
async def test_nobody_comes_back_too_early(
    shop: FakeShop, headers: dict[str, str], members: dict[str, object], seconds: float
) -> None:
    busy = problem(429, "rate_limited", headers=headers, retryable=True, **members)
    shop.on("POST", "/v1/sessions", busy, says(granted(), 201))
    await shop.open().users.login("ada@example.org", "correct horse")
    assert shop.times[1] - shop.times[0] == pytest.approx(seconds)
    assert shop.times[1] - shop.times[0] >= seconds


@pytest.mark.parametrize("asked", ["11", "99999999999"])
async def test_a_wait_beyond_the_deadline_is_given_up_at_once(shop: FakeShop, loop: VirtualLoop, asked: str) -> None:
    shop.on("GET", "/v1/categories", problem(429, "rate_limited", headers={"retry-after": asked}, retryable=True))
    with deadline(10), pytest.raises(RateLimited) as caught:
        await shop.open().products.categories()
    assert caught.value.retry_after == float(asked)
    assert (len(shop.seen), loop.now) == (1, 0.0)


@pytest.mark.parametrize(
    "nonsense", ["", "soon", "nan", "1e400", "-5", "Mon, 99 Foo 2026", "Wed, 21 Oct 2015 07:28:00"]
)
async def test_a_retry_after_that_makes_no_sense_is_as_good_as_none(shop: FakeShop, nonsense: str) -> None:
    busy = problem(503, "unavailable", headers={"retry-after": nonsense}, retryable=True)
    shop.on("GET", "/v1/categories", busy, says({"items": []}))
    assert await shop.open().products.categories() == ()


async def test_a_limit_of_a_proxy_is_obeyed_too(shop: FakeShop) -> None:
    shop.on("GET", "/v1/categories", raw(429, b"<html>", retry_after="2"), says({"items": []}))
    assert await shop.open().products.categories() == ()
    assert shop.times[1] - shop.times[0] >= 2


async def test_a_request_in_flight_is_waited_for_however_often(shop: FakeShop) -> None:
    flying = problem(409, "in_flight", headers={"retry-after": "1"}, retryable=True)
    shop.on(*PLACE, *[flying] * 6, says(ORDER))
    assert await shop.open(logged_in()).orders.place(ATTEMPT) == ORDER
    assert all(after - before >= 1 for before, after in pairwise(shop.times))


async def test_waiting_for_a_request_in_flight_uses_no_attempt(shop: FakeShop) -> None:
    flying = problem(409, "in_flight", retryable=True)
    shop.on(*PLACE, flying, flying, flying, RESET, CLOSED, says(ORDER))
    assert await shop.open(logged_in()).orders.place(ATTEMPT) == ORDER


async def test_a_request_in_flight_beyond_the_deadline_is_unknown(shop: FakeShop, loop: VirtualLoop) -> None:
    shop.on(*PLACE, problem(409, "in_flight", headers={"retry-after": "1"}, retryable=True))
    with deadline(4), pytest.raises(OutcomeUnknown):
        await shop.open(logged_in()).orders.place(ATTEMPT)
    assert loop.now <= 4


# --- deadlines -------------------------------------------------------------------------------------------------------


async def test_a_server_that_hangs_is_left_at_the_deadline(shop: FakeShop, loop: VirtualLoop) -> None:
    shop.on(*PLACE, hangs)
    with deadline(3), pytest.raises(OutcomeUnknown, match="in time"):
        await shop.open(logged_in()).orders.place(ATTEMPT)
    assert loop.now == pytest.approx(3)
    assert float(shop.seen[0].headers["shop-timeout"]) == 3


async def test_a_server_that_drips_is_left_at_the_deadline_of_the_whole_action(
    shop: FakeShop, loop: VirtualLoop
) -> None:
    async def drops() -> object:
        while True:
            await asyncio.sleep(0.4)
            yield b" "

    shop.on("GET", "/v1/categories", lambda _: httpx.Response(200, content=drops()))  # type: ignore[arg-type]
    with deadline(2), pytest.raises(Unavailable, match="in time"):
        await shop.open().products.categories()
    assert loop.now == pytest.approx(2)


async def test_all_attempts_together_have_one_deadline_even_if_nobody_opened_one(
    shop: FakeShop, loop: VirtualLoop
) -> None:
    async def late(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(6)
        raise RESET

    shop.on("GET", "/v1/categories", late)
    with pytest.raises(Unavailable):
        await shop.open().products.categories()
    assert loop.now == pytest.approx(10)
    assert float(shop.seen[1].headers["shop-timeout"]) < 4


async def test_without_time_nothing_is_sent(shop: FakeShop) -> None:
    with deadline(0), pytest.raises(Unavailable, match="no time left to ask the products") as caught:
        await shop.open().products.categories()
    assert shop.seen == []
    assert caught.value.outcome is Outcome.NOT_APPLIED


# --- breaker and budget, as callers meet them ------------------------------------------------------------------------


async def test_a_service_that_fails_again_and_again_is_left_alone(shop: FakeShop) -> None:
    shop.on("GET", "/v1/categories", RESET)
    shop.on("GET", "/v1/cart", says(CART))
    backend = shop.open()
    for _ in range(2):
        with pytest.raises(Unavailable):
            await backend.products.categories()
    asked = len(shop.seen)
    with pytest.raises(Unavailable, match=r"products service gave no answer: .*reset; it is left alone") as caught:
        await backend.products.categories()
    assert caught.value.outcome is Outcome.NOT_APPLIED
    assert len(shop.seen) == asked == 5
    assert await backend.carts.view() == CART  # another service


@pytest.mark.parametrize(
    ("failure", "why", "service", "hint"),
    [
        (problem(503, "unavailable", detail="the users service is away"), "the users service is away", "users", None),
        (problem(500, "outcome_unknown"), "the detail of outcome_unknown", "users", None),
        (GONE, f"the shop's gateway at {ORIGIN} cannot be reached: ", "gateway", "shop serve --port 8080"),
    ],
    ids=["a service", "a bug", "the gateway"],
)
async def test_what_is_left_alone_is_told_with_the_reason(
    shop: FakeShop, failure: Reply | Exception, why: str, service: str, hint: str | None
) -> None:
    shop.on("GET", "/v1/me", failure)
    backend = shop.open(logged_in())
    told: list[Unavailable] = []
    while not (told and told[-1].message.endswith("; it is left alone for a moment")):
        with pytest.raises(Unavailable) as caught:
            await backend.users.me()
        told.append(caught.value)
    assert told[-1].message.startswith(why)
    assert (told[-1].service, told[-1].hint) == (service, hint or "shop services status")


async def test_what_is_unknown_about_one_request_is_not_told_about_another(shop: FakeShop) -> None:
    shop.on("POST", "/v1/payment-methods", problem(500, "outcome_unknown", outcome="unknown"))
    backend = shop.open(logged_in())
    for _ in range(5):
        with pytest.raises(OutcomeUnknown):
            await backend.payments.tokenize(CARD)
    with pytest.raises(Unavailable, match=r"^the payments service failed: it answered 500; it is left alone") as caught:
        await backend.payments.methods()
    assert caught.value.outcome is Outcome.NOT_APPLIED


async def test_twenty_calls_at_once_send_exactly_one_probe(shop: FakeShop) -> None:
    shop.on("GET", "/v1/categories", RESET)
    backend = shop.open()
    for _ in range(2):
        with pytest.raises(Unavailable):
            await backend.products.categories()
    await asyncio.sleep(1)
    before = len(shop.seen)

    async def slowly(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(1)
        return httpx.Response(200, json={"items": []})

    shop.on("GET", "/v1/categories", slowly)
    answers = await asyncio.gather(*(backend.products.categories() for _ in range(20)), return_exceptions=True)
    assert len(shop.seen) - before == 1
    assert [each for each in answers if not isinstance(each, Unavailable)] == [()]
    assert await backend.products.categories() == ()


async def test_repetitions_stay_below_a_tenth_of_the_calls_once_the_reserve_is_used(shop: FakeShop) -> None:
    shop.on("GET", "/v1/categories", problem(400, "invalid_value", retryable=True))
    backend = shop.open()
    calls = 200
    for _ in range(calls):
        with pytest.raises(ShopError):
            await backend.products.categories()
    repetitions = len(shop.seen) - calls
    assert calls * 0.1 - 1 <= repetitions <= calls * 0.1 + RESERVE


async def test_a_single_command_may_use_its_repetitions(shop: FakeShop) -> None:
    shop.on("GET", "/v1/categories", RESET, RESET, says({"items": []}))
    assert await shop.open().products.categories() == ()


# --- what never happens ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(shop: FakeShop, status: int) -> None:
    shop.on("GET", "/v1/me", raw(status, location="http://evil.example/v1/me"))
    with pytest.raises(ConfigurationError, match="points elsewhere") as caught:
        await shop.open(logged_in()).users.me()
    assert [each.url.host for each in shop.seen] == ["127.0.0.1"]
    assert caught.value.outcome is Outcome.NOT_APPLIED


async def test_cookies_are_not_kept(shop: FakeShop) -> None:
    shop.on("GET", "/v1/categories", says({"items": []}, set_cookie="spy=1"))
    backend = shop.open()
    await backend.products.categories()
    await backend.products.categories()
    assert "cookie" not in shop.seen[1].headers


async def test_compression_is_not_asked_for_and_a_bomb_not_opened(shop: FakeShop) -> None:
    shop.on("GET", "/v1/categories", streams(b"\x1f\x8b\x08" + b"\0" * 1000, content_encoding="gzip"))
    with pytest.raises(Unavailable, match="compressed"):
        await shop.open().products.categories()
    assert shop.seen[0].headers["accept-encoding"] == "identity"


async def test_an_endless_answer_is_cut(shop: FakeShop) -> None:
    taken = 0

    async def endless() -> object:
        nonlocal taken
        while True:
            taken += 1
            yield b" " * (1 << 20)

    shop.on("GET", "/v1/categories", lambda _: httpx.Response(200, content=endless()))  # type: ignore[arg-type]
    with pytest.raises(Unavailable, match="8 MiB"):
        await shop.open().products.categories()
    assert taken == 3 * 9


async def test_a_cancelled_call_frees_the_probe(shop: FakeShop) -> None:
    shop.on("GET", "/v1/categories", RESET)
    backend = shop.open()
    for _ in range(2):
        with pytest.raises(Unavailable):
            await backend.products.categories()
    await asyncio.sleep(1)
    shop.on("GET", "/v1/categories", hangs)
    probe = asyncio.ensure_future(backend.products.categories())
    await asyncio.sleep(0.1)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    shop.on("GET", "/v1/categories", says({"items": []}))
    assert await backend.products.categories() == ()


async def test_a_query_is_sent_as_it_is_meant(shop: FakeShop) -> None:
    shop.on("GET", "/v1/products", says({"items": [PRODUCT], "next_cursor": "c=1", "total": 1}))
    page = await shop.open().products.list(ProductQuery(text="a&b=c d/é", in_stock=True), 5, "x=")
    assert page.items == (PRODUCT,)
    assert dict(shop.seen[0].url.params) == {
        "text": "a&b=c d/é",
        "in_stock": "true",
        "sort": "relevance",
        "limit": "5",
        "cursor": "x=",
    }


async def test_an_address_is_sent_without_its_label(shop: FakeShop) -> None:
    shop.on("PUT", "/v1/me/addresses/home", says(ADDRESS))
    assert await shop.open(logged_in()).users.save_address(ADDRESS, default=True) == ADDRESS
    assert b'"label"' not in shop.seen[0].content
    assert b'"default":true' in shop.seen[0].content
    shop.on("PUT", "/v1/me/password", nothing)
