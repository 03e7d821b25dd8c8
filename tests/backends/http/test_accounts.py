import json
from dataclasses import replace

import pytest

from backends import MemorySessions, Registered, Session, User
from backends.errors import (
    EmailTaken,
    InvalidValue,
    Outcome,
    OutcomeUnknown,
    StorageError,
    Unavailable,
    WrongCredentials,
)
from tests.backends.http.fake import (
    GONE,
    ORIGIN,
    RESET,
    USER,
    FakeShop,
    granted,
    label,
    logged_in,
    nothing,
    problem,
    raw,
    says,
)
from tests.backends.http.samples import ADDRESS, CART
from tests.conftest import START

SESSIONS = ("POST", "/v1/sessions")
REVOKE = ("POST", "/v1/sessions/revoke")
MERGE = "/v1/cart/merged/cart-0"


def guest() -> MemorySessions:
    sessions = MemorySessions()
    sessions.update(lambda kept: kept.update(origin=ORIGIN, cart="cart-0"))
    return sessions


async def test_signing_up_is_repeated_under_one_key(shop: FakeShop) -> None:
    shop.on("POST", "/v1/users", RESET, says({"email": "ada@example.org", "verification_required": False}, 201))
    backend = shop.open()
    assert await backend.users.signup("Ada", "ada@example.org", "long enough") == Registered("ada@example.org")
    first, second = shop.seen
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert json.loads(first.content) == {"name": "Ada", "email": "ada@example.org", "password": "long enough"}
    assert backend.account_id() is None


async def test_a_taken_email_address(shop: FakeShop) -> None:
    shop.on("POST", "/v1/users", problem(409, "email_taken", service="users", hint="shop login"))
    with pytest.raises(EmailTaken):
        await shop.open().users.signup("Ada", "ada@example.org", "long enough")


async def test_logging_in_keeps_the_session(shop: FakeShop) -> None:
    shop.on(*SESSIONS, says(granted(), 201))
    sessions = MemorySessions()
    backend = shop.open(sessions)
    session = await backend.users.login("ada@example.org", "long enough")
    user = User(**USER)
    assert session == Session(user, START.replace(month=4, day=1))
    assert sessions.read() == {
        "origin": ORIGIN,
        "access": "access-1",
        "access_expires_at": "2026-03-02T10:10:00+00:00",
        "refresh": "refresh-1",
        "account": "user-1",
    }
    assert backend.account_id() == "user-1"


async def test_logging_in_merges_the_guests_cart(shop: FakeShop) -> None:
    shop.on(*SESSIONS, says(granted(), 201))
    shop.on("PUT", MERGE, nothing)
    sessions = guest()
    await shop.open(sessions).users.login("ada@example.org", "long enough")
    assert shop.asked() == ["POST /v1/sessions", f"PUT {MERGE}"]
    assert shop.seen[1].headers["authorization"] == "Bearer access-1"
    assert "cart" not in sessions.read()


async def test_a_cart_that_could_not_be_merged_is_merged_at_its_next_use(shop: FakeShop) -> None:
    shop.on(*SESSIONS, says(granted(), 201))
    shop.on("PUT", MERGE, problem(503, "unavailable"))
    shop.on("GET", "/v1/cart", says(CART))
    sessions = guest()
    backend = shop.open(sessions)
    await backend.users.login("ada@example.org", "long enough")
    assert sessions.read()["cart"] == "cart-0"
    with pytest.raises(Unavailable):
        await backend.carts.view()
    shop.on("PUT", MERGE, nothing)
    shop.seen.clear()
    assert await backend.carts.view() == CART
    assert await backend.carts.view() == CART
    assert shop.asked() == [f"PUT {MERGE}", "GET /v1/cart", "GET /v1/cart"]


async def test_wrong_credentials_keep_whoever_is_logged_in(shop: FakeShop) -> None:
    shop.on(*SESSIONS, problem(401, "wrong_credentials", service="users"))
    sessions = logged_in()
    with pytest.raises(WrongCredentials):
        await shop.open(sessions).users.login("ada@example.org", "wrong")
    assert sessions.read()["access"] == "access-0"
    assert "authorization" not in shop.seen[0].headers


async def test_logging_out_ends_the_session_here_and_there(shop: FakeShop) -> None:
    shop.on(*REVOKE, nothing)
    sessions = logged_in(cart="waits-to-be-merged")
    await shop.open(sessions).users.logout()
    await shop.open(sessions).users.logout()
    assert sessions.read() == {"origin": ORIGIN, "cart": "waits-to-be-merged"}
    assert [json.loads(each.content) for each in shop.seen] == [{"refresh_token": "refresh-0"}]


@pytest.mark.parametrize("failure", [GONE, RESET, problem(503, "unavailable"), raw(502, b"<html>")], ids=label)
async def test_logging_out_works_here_even_if_the_shop_cannot_be_told(shop: FakeShop, failure: object) -> None:
    shop.on(*REVOKE, failure)  # type: ignore[arg-type]
    sessions = logged_in()
    with pytest.raises(Unavailable, match="logged out on this computer") as caught:
        await shop.open(sessions).users.logout()
    assert caught.value.outcome is Outcome.APPLIED
    assert caught.value.retryable is False
    assert "refresh-0" not in repr(caught.value)
    assert sessions.read() == {"origin": ORIGIN}


async def test_logging_out_is_repeated(shop: FakeShop) -> None:
    shop.on(*REVOKE, RESET, nothing)
    await shop.open(logged_in()).users.logout()
    assert [json.loads(each.content) for each in shop.seen] == [{"refresh_token": "refresh-0"}] * 2


async def test_a_log_out_that_nobody_answers_is_no_order(shop: FakeShop) -> None:
    shop.on(*REVOKE, RESET)
    with pytest.raises(Unavailable) as caught:
        await shop.open(logged_in()).users.logout()
    assert caught.value.hint == "shop whoami"


async def test_logging_out_of_a_session_that_has_ended(shop: FakeShop) -> None:
    shop.on(*REVOKE, problem(401, "session_expired"))
    await shop.open(logged_in()).users.logout()


async def test_who_is_logged_in(shop: FakeShop) -> None:
    shop.on("GET", "/v1/me", says(USER))
    assert await shop.open(logged_in()).users.me() == User(**USER)


async def test_deleting_the_account_forgets_it(shop: FakeShop) -> None:
    shop.on("POST", "/v1/me/deletion", problem(401, "wrong_credentials", service="users"), nothing)
    sessions = logged_in()
    backend = shop.open(sessions)
    with pytest.raises(WrongCredentials):
        await backend.users.delete_account("wrong")
    assert "account" in sessions.read()
    await backend.users.delete_account("right")
    assert sessions.read() == {"origin": ORIGIN}
    assert [json.loads(each.content) for each in shop.seen] == [{"password": "wrong"}, {"password": "right"}]


async def test_a_deletion_is_no_less_done_if_the_session_cannot_be_forgotten(
    shop: FakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.on("POST", "/v1/me/deletion", nothing)
    sessions = logged_in()
    backend = shop.open(sessions)

    def full(_: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(sessions, "update", full)
    with pytest.raises(StorageError, match=r"the account is deleted; .*the disk is full") as caught:
        await backend.users.delete_account("right")
    assert (caught.value.outcome, caught.value.hint) == (Outcome.APPLIED, "shop logout")


async def test_a_new_name_is_repeated_until_it_is_answered(shop: FakeShop) -> None:
    renamed = USER | {"name": "Ada Lovelace"}
    shop.on("PATCH", "/v1/me", RESET, says(renamed))
    assert await shop.open(logged_in()).users.rename("Ada Lovelace") == User(**renamed)
    assert [json.loads(each.content) for each in shop.seen] == [{"name": "Ada Lovelace"}] * 2
    assert shop.seen[1].headers["authorization"] == "Bearer access-0"


async def test_a_new_email_address_is_repeated_until_it_is_answered(shop: FakeShop) -> None:
    moved = USER | {"email": "lovelace@example.org"}
    shop.on("PUT", "/v1/me/email", problem(409, "email_taken", service="users"), RESET, says(moved))
    backend = shop.open(logged_in())
    with pytest.raises(EmailTaken):
        await backend.users.change_email("ben@example.org", "right")
    assert await backend.users.change_email("lovelace@example.org", "right") == User(**moved)
    sent = {"email": "lovelace@example.org", "password": "right"}
    assert [json.loads(each.content) for each in shop.seen[1:]] == [sent] * 2


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/v1/me"), ("PUT", "/v1/me/email")])
async def test_a_change_that_nobody_answers_says_where_to_look(shop: FakeShop, method: str, path: str) -> None:
    shop.on(method, path, RESET)
    users = shop.open(logged_in()).users
    with pytest.raises(OutcomeUnknown) as caught:
        await (users.rename("Ada") if method == "PATCH" else users.change_email("b@example.org", "right"))
    assert caught.value.hint == "shop account show"


async def test_changing_the_password(shop: FakeShop) -> None:
    shop.on("PUT", "/v1/me/password", nothing)
    await shop.open(logged_in()).users.change_password("old", "new")
    assert json.loads(shop.seen[0].content) == {"old": "old", "new": "new"}


async def test_the_address_book(shop: FakeShop) -> None:
    work = replace(ADDRESS, label="work")
    shop.on("GET", "/v1/me/addresses", says({"items": [work, ADDRESS]}))
    shop.on("PUT", "/v1/me/addresses/work", problem(400, "invalid_value", service="users"), says(work))
    shop.on("DELETE", "/v1/me/addresses/work", nothing)
    backend = shop.open(logged_in())
    assert await backend.users.addresses() == (work, ADDRESS)
    with pytest.raises(InvalidValue):
        await backend.users.save_address(work)
    assert await backend.users.save_address(work) == work
    await backend.users.remove_address("work")
