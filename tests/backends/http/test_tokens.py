"""Access tokens are renewed in time, once at a time, and UserService is not needed while they live."""

import asyncio
import json

import httpx
import pytest

from backends import MemorySessions
from backends.deadline import deadline
from backends.errors import LoginRequired, Outcome, OutcomeUnknown, SessionExpired, Unavailable
from tests.backends.http.fake import (
    GONE,
    RESET,
    USER,
    FakeShop,
    VirtualLoop,
    granted,
    hangs,
    label,
    logged_in,
    problem,
    says,
)
from tests.backends.http.samples import ATTEMPT, ORDER
from tests.conftest import START, VirtualClock

REFRESH = ("POST", "/v1/sessions/refresh")
ME = ("GET", "/v1/me")
EXPIRED = problem(401, "session_expired", service="users")


def sent(shop: FakeShop) -> list[str]:
    """The tokens sent, and `refresh` for each renewal."""
    return [each.headers.get("authorization", "refresh").removeprefix("Bearer ") for each in shop.seen]


async def test_a_token_that_lives_is_used(shop: FakeShop) -> None:
    shop.on(*ME, says(USER))
    await shop.open(logged_in(minutes=1)).users.me()
    assert sent(shop) == ["access-0"]


@pytest.mark.parametrize("minutes", [0.4, 0, -60])
async def test_a_token_that_ends_is_renewed_before_it_is_used(shop: FakeShop, minutes: float) -> None:
    shop.on(*ME, says(USER))
    shop.on(*REFRESH, says(granted()))
    sessions = logged_in(minutes)
    await shop.open(sessions).users.me()
    assert sent(shop) == ["refresh", "access-1"]
    assert json.loads(shop.seen[0].content) == {"refresh_token": "refresh-0"}
    kept = sessions.read()
    assert (kept["access"], kept["refresh"], kept["account"]) == ("access-1", "refresh-1", "user-1")


@pytest.mark.parametrize("failure", [GONE, RESET, hangs, problem(503, "unavailable"), EXPIRED], ids=label)
async def test_while_the_token_lives_userservice_may_be_down(
    shop: FakeShop, loop: VirtualLoop, failure: object
) -> None:
    shop.on("GET", "/v1/orders/1001", says(ORDER))
    shop.on(*REFRESH, failure)  # type: ignore[arg-type]
    backend = shop.open(logged_in(minutes=0.4))
    for _ in range(3):
        assert await backend.orders.get("1001") == ORDER
    assert sent(shop).count("access-0") == 3
    assert loop.now <= 2.1, "the early renewal is tried once and not waited for long"


@pytest.mark.parametrize("failure", [GONE, RESET, problem(503, "unavailable", service="users")], ids=label)
async def test_without_a_token_and_userservice_nothing_was_sent(shop: FakeShop, failure: object) -> None:
    shop.on(*REFRESH, failure)  # type: ignore[arg-type]
    with pytest.raises(Unavailable) as caught:
        await shop.open(logged_in(minutes=-1)).orders.place(ATTEMPT)
    assert caught.value.outcome is Outcome.NOT_APPLIED
    assert not isinstance(caught.value, OutcomeUnknown)
    assert caught.value.service in {"users", "gateway"}
    assert set(shop.asked()) == {"POST /v1/sessions/refresh"}
    tries = {id(GONE): 2, id(RESET): 3}.get(id(failure), 1)
    assert len(shop.seen) == tries, "renewing repeats by itself; nobody repeats that"


async def test_a_lost_answer_does_not_end_the_session(shop: FakeShop) -> None:
    shop.on(*REFRESH, RESET, says(granted()))
    shop.on(*ME, says(USER))
    await shop.open(logged_in(minutes=-1)).users.me()
    assert sent(shop) == ["refresh", "refresh", "access-1"]
    assert shop.seen[0].content == shop.seen[1].content


async def test_a_token_that_the_shop_calls_expired_is_renewed_once_and_the_request_repeated(shop: FakeShop) -> None:
    shop.on("PUT", "/v1/orders/order-1", EXPIRED, says(ORDER))
    shop.on(*REFRESH, says(granted()))
    assert await shop.open(logged_in()).orders.place(ATTEMPT) == ORDER
    assert sent(shop) == ["access-0", "refresh", "access-1"]
    first, _, second = shop.seen
    assert first.content == second.content
    assert first.headers["x-request-id"] == second.headers["x-request-id"]


async def test_a_new_token_that_is_expired_too_ends_it(shop: FakeShop) -> None:
    shop.on(*ME, EXPIRED)
    shop.on(*REFRESH, says(granted()))
    with pytest.raises(SessionExpired):
        await shop.open(logged_in()).users.me()
    assert sent(shop) == ["access-0", "refresh", "access-1"]


async def test_an_ended_session_is_ended(shop: FakeShop) -> None:
    shop.on(*ME, EXPIRED)
    shop.on(*REFRESH, EXPIRED)
    sessions = logged_in()
    with pytest.raises(SessionExpired) as caught:
        await shop.open(sessions).users.me()
    assert (caught.value.service, caught.value.hint) == ("users", "shop login")
    assert sessions.read()["account"] == "user-1", "what is journalled still belongs to somebody"


async def test_expired_after_silence_is_renewed_and_settled(shop: FakeShop) -> None:
    shop.on("PUT", "/v1/orders/order-1", RESET, EXPIRED, says(ORDER))
    shop.on(*REFRESH, says(granted()))
    assert await shop.open(logged_in()).orders.place(ATTEMPT) == ORDER


async def test_expired_after_silence_and_not_renewed_is_unknown(shop: FakeShop) -> None:
    shop.on("PUT", "/v1/orders/order-1", RESET, EXPIRED)
    shop.on(*REFRESH, EXPIRED)
    with pytest.raises(OutcomeUnknown) as caught:
        await shop.open(logged_in()).orders.place(ATTEMPT)
    assert caught.value.hint == "shop login"


async def test_twenty_calls_renew_once(shop: FakeShop) -> None:
    async def slowly(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(1)
        return says(granted())(_)  # type: ignore[return-value]

    shop.on(*ME, says(USER))
    shop.on(*REFRESH, slowly)
    backend = shop.open(logged_in(minutes=-1))
    await asyncio.gather(*(backend.users.me() for _ in range(20)))
    assert sent(shop) == ["refresh", *["access-1"] * 20]


async def test_twenty_calls_share_a_failure(shop: FakeShop) -> None:
    shop.on(*REFRESH, EXPIRED)
    backend = shop.open(logged_in(minutes=-1))
    answers = await asyncio.gather(*(backend.users.me() for _ in range(20)), return_exceptions=True)
    assert {type(each) for each in answers} == {SessionExpired}
    assert len(shop.seen) == 1


async def test_whoever_gives_up_waiting_stops_the_renewal_for_nobody_else(shop: FakeShop) -> None:
    async def slowly(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(1)
        return says(granted())(_)  # type: ignore[return-value]

    shop.on(*ME, says(USER))
    shop.on(*REFRESH, slowly)
    backend = shop.open(logged_in(minutes=-1))
    first = asyncio.ensure_future(backend.users.me())
    second = asyncio.ensure_future(backend.users.me())
    await asyncio.sleep(0.5)
    first.cancel()
    await second
    assert first.cancelled()
    assert sent(shop) == ["refresh", "access-1"]


async def test_waiting_for_a_renewal_has_a_deadline(shop: FakeShop, loop: VirtualLoop) -> None:
    shop.on(*REFRESH, hangs)
    with deadline(3), pytest.raises(Unavailable) as caught:
        await shop.open(logged_in(minutes=-1)).users.me()
    assert loop.now == pytest.approx(3)
    assert caught.value.service == "users"


def elsewhere(sessions: MemorySessions, **kept: str) -> object:
    """Another process changes the session while this one asks; the answer to this one is a no."""

    def reply(request: httpx.Request) -> httpx.Response:
        sessions.update(lambda stored: stored.update(kept))
        answer = EXPIRED(request)
        assert isinstance(answer, httpx.Response)
        return answer

    return reply


async def test_what_another_process_renewed_counts(shop: FakeShop) -> None:
    sessions = logged_in(minutes=-1)
    ends = START.replace(year=2027).isoformat()
    shop.on(*REFRESH, elsewhere(sessions, access="theirs", refresh="their-refresh", access_expires_at=ends))  # type: ignore[arg-type]
    shop.on(*ME, says(USER))
    await shop.open(sessions).users.me()
    assert sent(shop) == ["refresh", "theirs"]
    assert sessions.read()["refresh"] == "their-refresh"


async def test_a_refresh_token_that_another_process_stored_is_tried(shop: FakeShop) -> None:
    sessions = logged_in(minutes=-1)
    shop.on(*REFRESH, elsewhere(sessions, refresh="their-refresh"), says(granted()))  # type: ignore[arg-type]
    shop.on(*ME, says(USER))
    await shop.open(sessions).users.me()
    assert json.loads(shop.seen[1].content) == {"refresh_token": "their-refresh"}
    assert sessions.read()["refresh"] == "refresh-1"


async def test_a_token_that_another_process_renewed_before_is_simply_used(shop: FakeShop) -> None:
    sessions = logged_in()
    ends = START.replace(year=2027).isoformat()

    def expired(request: httpx.Request) -> httpx.Response:
        sessions.update(lambda kept: kept.update(access="theirs", access_expires_at=ends))
        return EXPIRED(request)  # type: ignore[return-value]

    shop.on(*ME, expired, says(USER))
    await shop.open(sessions).users.me()
    assert sent(shop) == ["access-0", "theirs"]


async def test_a_log_out_meanwhile_is_not_undone(shop: FakeShop) -> None:
    sessions = logged_in(minutes=-1)

    def late(request: httpx.Request) -> httpx.Response:
        sessions.update(lambda kept: kept.pop("refresh"))
        return says(granted())(request)  # type: ignore[return-value]

    shop.on(*REFRESH, late)
    shop.on(*ME, says(USER))
    await shop.open(sessions).users.me()
    assert "refresh" not in sessions.read()
    assert sessions.read()["access"] == "access-0"


async def test_nobody_is_logged_in(shop: FakeShop) -> None:
    with pytest.raises(LoginRequired, match="shop signup") as caught:
        await shop.open().users.me()
    assert caught.value.service == "users"
    assert shop.seen == []


async def test_a_session_without_a_refresh_token_ends_with_its_access_token(shop: FakeShop) -> None:
    shop.on(*ME, EXPIRED)
    for minutes in (10, -1):
        with pytest.raises(LoginRequired):
            await shop.open(logged_in(minutes, refresh="")).users.me()
    assert sent(shop) == ["access-0"]


async def test_a_log_out_elsewhere_while_the_shop_refuses_to_renew(shop: FakeShop) -> None:
    sessions = logged_in(minutes=-1)
    shop.on(*REFRESH, elsewhere(sessions, refresh=""))  # type: ignore[arg-type]
    with pytest.raises(LoginRequired) as caught:
        await shop.open(sessions).users.me()
    assert not isinstance(caught.value, SessionExpired)


@pytest.mark.parametrize("ends", ["", "soon", "2026-03-02T11:00:00"])
async def test_a_token_whose_end_nobody_knows_is_renewed(shop: FakeShop, ends: str) -> None:
    shop.on(*REFRESH, says(granted()))
    shop.on(*ME, says(USER))
    await shop.open(logged_in(access_expires_at=ends)).users.me()
    assert sent(shop) == ["refresh", "access-1"]


def test_a_renewal_of_an_event_loop_that_is_gone_is_not_waited_for(
    shop: FakeShop, runner: asyncio.Runner, loop: VirtualLoop
) -> None:
    shop.on(*REFRESH, hangs)
    shop.on(*ME, says(USER))
    backend = shop.open(logged_in(minutes=-1), clock=VirtualClock())

    async def give_up() -> None:
        waiting = asyncio.ensure_future(backend.users.me())
        await asyncio.sleep(0.1)
        waiting.cancel()

    runner.run(give_up())
    shop.on(*REFRESH, says(granted()))
    assert asyncio.run(backend.users.me()).id == "user-1"
