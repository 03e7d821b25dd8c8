"""What every request of a checkout keeps to, whatever the shop answers or does not answer.

Belongs to tests/core/test_checkout.py; apart from it for its length.
"""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from itertools import repeat
from typing import Any

import pytest

from backends import PaymentStatus
from backends.errors import (
    InvalidValue,
    KeyReused,
    LoginRequired,
    NotFound,
    OutcomeUnknown,
    Pending,
    SessionExpired,
    ShopError,
    Unavailable,
    Unsupported,
)
from shopcli.core.intents import PLACED, Cancelling, Paying, Placing
from tests.core.scripted import Call, World, fails, lost_answer, lost_request, no_connection

Act = Callable[[World], Awaitable[Awaitable[Any]]]


async def placing(world: World) -> Awaitable[Any]:
    return world.checkout.place(await world.confirm())


async def paying(world: World) -> Awaitable[Any]:
    return world.checkout.pay(await world.place(), "tok_visa")


async def cancelling(world: World) -> Awaitable[Any]:
    return world.checkout.cancel((await world.place()).id)


ACTS = pytest.mark.parametrize(
    ("act", "method", "kind"),
    [(placing, "orders.place", Placing), (paying, "payments.pay", Paying), (cancelling, "orders.cancel", Cancelling)],
    ids=["place", "pay", "cancel"],
)

# --- what every request keeps to ---------------------------------------------------------------


@ACTS
async def test_it_stands_in_the_journal_before_it_is_sent(world: World, act: Act, method: str, kind: type) -> None:
    seen: list[object] = []

    async def look(call: Call) -> Any:  # noqa: ANN401
        seen.extend(world.unfinished())
        return await call()

    action = await act(world)
    world.shop.made.clear()
    world.shop.script(method, look)
    await action

    (entry,) = seen
    assert type(entry) is kind
    ((*_, last),) = world.shop.calls(method)
    assert last in (getattr(entry, "attempt", None), getattr(entry, "key", None))


@ACTS
async def test_silence_is_answered_by_the_same_request(world: World, act: Act, method: str, kind: type) -> None:
    action = await act(world)
    world.shop.made.clear()
    world.shop.script(method, lost_request, lost_answer, no_connection)

    await world.within(action)

    calls = world.shop.calls(method)
    assert len(calls) == 4
    assert len(set(calls)) == 1


@ACTS
async def test_silence_to_the_end_is_said_to_be_unknown(world: World, act: Act, method: str, kind: type) -> None:
    action = await act(world)
    world.shop.script(method, then=repeat(lost_request))

    with pytest.raises(OutcomeUnknown, match="not known yet") as caught:
        await world.within(action)

    assert (caught.value.exit_code, caught.value.hint) == (11, "shop orders resume")
    assert "twice" in caught.value.message
    assert [type(entry) for entry in world.unfinished()] == [kind]
    first, second, *later = world.slept
    assert 0 < first < second <= 0.4, "three attempts soon"
    assert set(later[:-1]) == {0.5}, "then now and again"
    assert sum(world.slept) == pytest.approx(5), "until the deadline"


@ACTS
async def test_what_surely_never_arrived_is_tried_three_times_and_closed(
    world: World, act: Act, method: str, kind: type
) -> None:
    action = await act(world)
    world.shop.made.clear()
    world.shop.script(method, then=repeat(no_connection))

    with pytest.raises(Pending if kind is Paying else Unavailable) as caught:
        await world.within(action)

    assert len(world.shop.calls(method)) == 3
    assert world.unfinished() == ()
    assert caught.value.exit_code == (8 if kind is Paying else 10)


@ACTS
async def test_one_silence_is_enough_not_to_know(world: World, act: Act, method: str, kind: type) -> None:
    action = await act(world)
    world.shop.script(method, lost_request, then=repeat(no_connection))

    with pytest.raises(OutcomeUnknown):
        await world.within(action)

    assert len(world.unfinished()) == 1


@ACTS
async def test_a_session_that_ends_in_the_middle_decides_nothing(
    world: World, act: Act, method: str, kind: type
) -> None:
    action = await act(world)
    world.shop.script(method, lost_answer, fails(SessionExpired("your session has ended")))

    with pytest.raises(OutcomeUnknown, match="session has ended"):
        await world.within(action)

    assert [type(entry) for entry in world.unfinished()] == [kind]


@ACTS
@pytest.mark.parametrize(
    "error", [LoginRequired("who?"), KeyReused("other content"), InvalidValue("no"), NotFound("no"), Unsupported("no")]
)
async def test_a_first_definite_no_closes_the_entry(
    world: World, act: Act, method: str, kind: type, error: ShopError
) -> None:
    action = await act(world)
    world.shop.made.clear()
    world.shop.script(method, fails(error))

    with pytest.raises(Pending if kind is Paying and isinstance(error, Unsupported) else type(error)):
        await world.within(action)

    assert len(world.shop.calls(method)) == 1
    assert world.unfinished() == ()


@ACTS
async def test_a_shop_that_suspends_is_served_in_the_same_way(world: World, act: Act, method: str, kind: type) -> None:
    action = await act(world)
    world.shop.suspends = True
    world.shop.script(method, lost_answer)

    await world.within(action)

    assert [entry for entry in world.unfinished() if entry.state != PLACED] == []


@ACTS
async def test_an_answer_stands_even_if_the_journal_fails_behind_it(
    world: World, act: Act, method: str, kind: type
) -> None:
    action = await act(world)
    with closing(sqlite3.connect(world.path, isolation_level=None)) as other:

        async def answer(call: Call) -> Any:  # noqa: ANN401
            other.execute("BEGIN IMMEDIATE")
            return await call()

        world.shop.script(method, answer)
        await world.within(action, 0.02)

    assert [type(entry) for entry in world.unfinished()] == [kind], "settling finds it again"


async def test_a_payment_goes_on_before_another_one_begins(world: World) -> None:
    order = await world.checkout.place(await world.confirm())
    world.shop.script("payments.pay", then=repeat(lost_request))
    with pytest.raises(OutcomeUnknown):
        await world.within(world.checkout.pay(order, "tok_visa"))
    (entry,) = world.unfinished()
    world.shop.script("payments.pay")
    world.shop.made.clear()

    payment = await world.within(world.checkout.pay(order, "tok_lost_answer"))

    assert payment.status is PaymentStatus.SETTLED
    assert world.shop.calls("payments.pay") == [(order.id, "tok_visa", entry.key)]
    assert world.unfinished() == ()


async def test_a_payment_that_turns_out_declined_makes_room_for_the_next(world: World) -> None:
    order = await world.checkout.place(await world.confirm())
    world.shop.script("payments.pay", then=repeat(lost_answer))
    with pytest.raises(OutcomeUnknown):
        await world.within(world.checkout.pay(order, "tok_declined"))
    world.shop.script("payments.pay")

    assert (await world.within(world.checkout.pay(order, "tok_visa"))).status is PaymentStatus.SETTLED
    assert len(await world.real.payments.list(order.id)) == 2
    assert world.unfinished() == ()


@pytest.mark.parametrize("typed", ["4242424242424242", "4242 4242 4242 4242", "", "123"])
async def test_a_card_number_in_place_of_a_token_reaches_neither_disk_nor_shop(world: World, typed: str) -> None:
    order = await world.place()

    with pytest.raises(InvalidValue, match="no such payment method"):
        await world.checkout.pay(order, typed)

    assert world.shop.calls("payments.pay") == []
    assert world.unfinished() == ()
