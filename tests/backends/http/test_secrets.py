"""Whatever goes wrong, no error, repr or log holds a secret."""

import logging
import re

import httpx
import pytest

from backends import Card
from backends.errors import ShopError
from tests.backends.http.fake import GONE, RESET, FakeShop, label, logged_in, problem, raw
from tests.backends.http.samples import ATTEMPT

CVV = "987"
SECRETS = ("access-0", "refresh-0", "hunter2hunter2", "4242424242424242", CVV, "guest-key")
CARD = Card("4242424242424242", 12, 2030, CVV)


def chain(error: BaseException | None) -> str:
    """All that a traceback would print of an error and its causes."""
    told = []
    while error is not None:
        told.append(f"{error!r} {error} {getattr(error, 'hint', '')}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return " ".join(told)


@pytest.mark.parametrize(
    "failure",
    [
        GONE,
        RESET,
        httpx.LocalProtocolError("Illegal header value b'Bearer access-0'"),
        httpx.ReadTimeout("refresh-0"),
        raw(200, b'{"access_token": "access-0", "number": "4242424242424242"'),
        raw(500, b"hunter2hunter2"),
        raw(302, location="http://evil.example/?t=access-0"),
        problem(400, "invalid_value"),
    ],
    ids=label,
)
async def test_no_secret_is_told(shop: FakeShop, caplog: pytest.LogCaptureFixture, failure: object) -> None:
    caplog.set_level(logging.DEBUG)
    for method, path in (
        ("POST", "/v1/users"),
        ("POST", "/v1/sessions"),
        ("PUT", "/v1/me/email"),
        ("PUT", "/v1/me/password"),
        ("POST", "/v1/me/deletion"),
        ("POST", "/v1/payment-methods"),
        ("PUT", "/v1/orders/order-1"),
        ("PUT", "/v1/cart/merged/guest-key"),
        ("POST", "/v1/sessions/revoke"),
    ):
        shop.on(method, path, failure)  # type: ignore[arg-type]
    backend = shop.open(logged_in(cart="guest-key"))
    told = repr(backend)
    for call in (
        backend.users.signup("Ada", "ada@example.org", "hunter2hunter2"),
        backend.users.login("ada@example.org", "hunter2hunter2"),
        backend.users.change_email("ada@example.org", "hunter2hunter2"),
        backend.users.change_password("hunter2hunter2", "hunter2hunter2"),
        backend.users.delete_account("hunter2hunter2"),
        backend.payments.tokenize(CARD),
        backend.orders.place(ATTEMPT),
        backend.carts.view(),
        backend.users.logout(),
    ):
        with pytest.raises(ShopError) as caught:
            await call
        told += chain(caught.value)
    told += caplog.text
    # Three digits also stand by chance in a longer number, such as a request's id.
    assert [secret for secret in SECRETS if re.search(rf"(?<![\w.]){secret}(?!\w)", told)] == []


def test_a_request_shows_no_body_and_no_header() -> None:
    from backends.http.requests import FixedToken, Repeat, Request

    request = Request(
        "POST",
        "/v1/sessions",
        "users",
        Repeat.UNSENT,
        b"hunter2hunter2",
        {"shop-cart": "guest-key"},
        FixedToken("access-0"),
    )
    assert [secret for secret in SECRETS if secret in f"{request!r} {request.credentials!r}"] == []
