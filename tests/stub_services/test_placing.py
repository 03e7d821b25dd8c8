"""What happens inside `orders.place` while peers are silent, late, repeated, or somebody cancels."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from backends import Money, OrderStatus
from backends.conformance.goods import PLENTY, TRIPOD, priced, stocked
from backends.deadline import deadline, remaining
from backends.errors import OutcomeUnknown, ShopError
from stub_services.caller import Caller
from stub_services.outbox import ATTEMPT_SECONDS
from stub_services.peers import MEMORY, Item, Refusal, Reserved, Taken
from tests.stub_services.conftest import OWNER, Desk, Silent, Telling

AWAITING, PLACING, REJECTED = OrderStatus.AWAITING_PAYMENT, OrderStatus.PLACING, OrderStatus.REJECTED
ITEMS = (Item("tripod/standard", 2),)


@pytest.mark.parametrize("peer", ["_carts", "_stock"])
async def test_a_silent_peer_leaves_the_order_placing_until_it_answers(
    desk: Desk, peer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.fill()
    attempt = await desk.attempt()
    with monkeypatch.context() as silence:
        silence.setattr(desk.shop.orders, peer, Silent())
        for _ in range(2):
            order = await desk.place(attempt)
            assert (order.status, order.number) == (PLACING, None)
    assert (await desk.place(attempt)).status is AWAITING
    assert await desk.tripods() == (PLENTY - 2, 2, 0)


@pytest.mark.parametrize(("peer", "method"), [("_carts", "take"), ("_stock", "reserve")])
async def test_r17_what_was_left_half_placed_is_finished_by_whoever_comes_next(
    desk: Desk, peer: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.fill()
    attempt = await desk.attempt()
    lossy = Telling(getattr(desk.shop.orders, peer), method, lose_answer=True)
    monkeypatch.setattr(desk.shop.orders, peer, lossy)
    assert (await desk.place(attempt)).status is PLACING
    await desk.shop.run_due()
    assert (await desk.shop.orders.get(desk.caller, attempt.key)).status is AWAITING
    assert await desk.tripods() == (PLENTY - 2, 2, 0)
    assert await desk.quantity() == 0


STEPS = [("_carts", "take", True), ("_carts", "take", False), ("_stock", "reserve", True), ("_stock", "reserve", False)]


@pytest.mark.parametrize(("peer", "method", "before"), STEPS)
async def test_r1_cancelling_at_every_step_of_placing(
    desk: Desk, peer: str, method: str, before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.fill()
    attempt = await desk.attempt()

    async def cancel() -> None:
        assert (await desk.cancel(attempt.key)).status is REJECTED

    telling = Telling(
        getattr(desk.shop.orders, peer), method, before=cancel if before else None, after=None if before else cancel
    )
    monkeypatch.setattr(desk.shop.orders, peer, telling)
    order = await desk.place(attempt)
    assert (order.status, order.reason) == (REJECTED, "cancelled")
    await desk.settle()
    assert await desk.quantity() == 2
    assert await desk.tripods() == (PLENTY, 0, 0)


@pytest.mark.parametrize(("peer", "method"), [("_carts", "give_back"), ("_stock", "release")])
async def test_r4_rejected_is_said_only_when_cart_and_stock_are_back(
    desk: Desk, peer: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.fill()
    attempt = await desk.attempt(total=Money.of_minor(1, "EUR"))
    monkeypatch.setattr(desk.shop.orders, peer, Telling(getattr(desk.shop.orders, peer), method, before=_unanswered))
    assert (await desk.place(attempt)).status is OrderStatus.REJECTING
    assert (await desk.place(attempt)).status is REJECTED
    assert await desk.quantity() == 2


async def _unanswered() -> None:
    await Silent().anything()


async def test_r5_a_replayed_reservation_answers_the_recorded_prices(desk: Desk) -> None:
    first = await desk.shop.shelves.reserve("order", ITEMS, desk.clock())
    await desk.shop.products.import_catalog(OWNER, (priced(TRIPOD, "1.00"),))
    again = await desk.shop.shelves.reserve("order", ITEMS, desk.clock())
    assert isinstance(first, Reserved)
    assert again == first
    assert first.total == 2 * 14990


async def test_r5_the_recorded_total_is_compared_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The price rises, the reserve's answer is lost, the price falls back: what is held costs too much."""
    await desk.fill()
    attempt = await desk.attempt()
    await desk.shop.products.import_catalog(OWNER, (priced(TRIPOD, "159.90"),))
    monkeypatch.setattr(desk.shop.orders, "_stock", Telling(desk.shop.shelves, "reserve", lose_answer=True))
    assert (await desk.place(attempt)).status is PLACING
    await desk.shop.products.import_catalog(OWNER, (priced(TRIPOD, "149.90"),))
    order = await desk.place(attempt)
    assert (order.status, order.reason) == (REJECTED, "price_changed")


async def test_r18_a_reserve_after_its_release_is_refused(desk: Desk) -> None:
    await desk.shop.shelves.release("order")
    await desk.shop.shelves.release("order")
    assert isinstance(await desk.shop.shelves.reserve("order", ITEMS, desk.clock()), Refusal)
    await desk.shop.shelves.sell("order")
    assert await desk.tripods() == (PLENTY, 0, 0)


async def test_r18_a_release_is_final_and_counts_once(desk: Desk) -> None:
    await desk.shop.shelves.reserve("order", ITEMS, desk.clock())
    await desk.shop.shelves.sell("order")
    await desk.shop.shelves.sell("order")
    assert await desk.tripods() == (PLENTY - 2, 0, 2)
    for _ in range(2):
        await desk.shop.shelves.release("order")
        await desk.shop.shelves.sell("order")
    assert await desk.tripods() == (PLENTY, 0, 0)


async def test_r18_a_refused_reservation_stays_refused(desk: Desk) -> None:
    many = (Item("tripod/standard", 1), Item("last/standard", 2))
    refused = await desk.shop.shelves.reserve("order", many, desk.clock())
    assert isinstance(refused, Refusal)
    assert await desk.shop.shelves.reserve("order", ITEMS, desk.clock()) == refused
    await desk.shop.shelves.release("order")
    assert await desk.tripods() == (PLENTY, 0, 0)


async def test_selling_what_nobody_reserved_does_nothing(desk: Desk) -> None:
    await desk.shop.shelves.sell("order")
    assert await desk.tripods() == (PLENTY, 0, 0)


async def test_intents_older_than_the_memory_of_tombstones_are_refused(desk: Desk) -> None:
    await desk.fill()
    attempt = await desk.attempt()
    old = desk.clock() - MEMORY - timedelta(seconds=1)
    taken = await desk.shop.carts.take("order", attempt.cart_id, attempt.cart_version or 0, "ada", old)
    reserved = await desk.shop.shelves.reserve("order", ITEMS, old)
    assert isinstance(taken, Refusal)
    assert isinstance(reserved, Refusal)
    assert taken.reason == reserved.reason == "too_old"


async def test_r3_a_cart_is_taken_once_and_the_answer_repeats(desk: Desk) -> None:
    await desk.fill()
    attempt = await desk.attempt()
    version = attempt.cart_version or 0
    taken = await desk.shop.carts.take("one", attempt.cart_id, version, "ada", desk.clock())
    assert isinstance(taken, Taken)
    assert taken.items == ITEMS
    assert await desk.shop.carts.take("one", attempt.cart_id, version, "ada", desk.clock()) == taken
    assert isinstance(await desk.shop.carts.take("two", attempt.cart_id, version, "ada", desk.clock()), Refusal)


async def test_a_cart_given_back_before_it_was_taken_is_never_taken(desk: Desk) -> None:
    await desk.fill()
    attempt = await desk.attempt()
    await desk.shop.carts.give_back("order")
    taken = await desk.shop.carts.take("order", attempt.cart_id, attempt.cart_version or 0, "ada", desk.clock())
    assert isinstance(taken, Refusal)
    assert await desk.quantity() == 2


async def test_a_cart_is_given_back_once_into_what_is_there_now(desk: Desk) -> None:
    await desk.fill()
    attempt = await desk.attempt()
    await desk.shop.carts.take("order", attempt.cart_id, attempt.cart_version or 0, "ada", desk.clock())
    await desk.fill(quantity=3)
    for _ in range(2):
        await desk.shop.carts.give_back("order")
    assert await desk.quantity() == 5
    again = await desk.shop.carts.take("order", attempt.cart_id, attempt.cart_version or 0, "ada", desk.clock())
    assert isinstance(again, Refusal)


async def test_giving_back_never_drops_pieces(desk: Desk) -> None:
    """Invariant 4: lines are consumed by their order, or given back, all of them."""
    await desk.shop.products.import_catalog(OWNER, (stocked(TRIPOD, 5000),))
    await desk.fill(quantity=600)
    attempt = await desk.attempt()
    await desk.shop.carts.take("order", attempt.cart_id, attempt.cart_version or 0, "ada", desk.clock())
    await desk.fill(quantity=600)
    await desk.shop.carts.give_back("order")
    assert await desk.quantity() == 1200


async def test_r6_a_guest_cart_merged_while_the_accounts_cart_is_being_placed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = Caller(cart_id=desk.ids())
    await desk.shop.carts.add(guest, "tripod/standard", 3)
    await desk.fill()
    attempt = await desk.attempt(total=Money.of_minor(1, "EUR"))

    async def merge() -> None:
        await desk.shop.carts.merge("ada", guest.cart_id or "")

    monkeypatch.setattr(desk.shop.orders, "_carts", Telling(desk.shop.carts, "take", after=merge))
    assert (await desk.place(attempt)).status is REJECTED
    assert await desk.quantity() == 5
    assert (await desk.shop.carts.view(guest)).lines == ()


async def test_merging_before_the_take_changes_the_cart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    guest = Caller(cart_id=desk.ids())
    await desk.shop.carts.add(guest, "tripod/standard", 3)
    await desk.fill()
    attempt = await desk.attempt()

    async def merge() -> None:
        for _ in range(2):
            await desk.shop.carts.merge("ada", guest.cart_id or "")

    monkeypatch.setattr(desk.shop.orders, "_carts", Telling(desk.shop.carts, "take", before=merge))
    order = await desk.place(attempt)
    assert (order.status, order.reason) == (REJECTED, "cart_changed")
    assert await desk.quantity() == 5


async def test_expiry_gives_the_stock_back_once_products_answers(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await desk.order()
    desk.clock.advance(timedelta(minutes=30))
    with monkeypatch.context() as silence:
        silence.setattr(desk.shop.orders, "_stock", Silent())
        await desk.shop.run_due()
        assert (await desk.shop.orders.get(desk.caller, order.id)).status is OrderStatus.EXPIRED
        assert await desk.tripods() == (PLENTY - 2, 2, 0)
    await desk.shop.run_due()
    assert await desk.tripods() == (PLENTY, 0, 0)


async def test_a_variant_that_left_and_came_back_does_not_break_its_orders(desk: Desk) -> None:
    """Invariant 3, and one broken message must not stop everything that comes after it."""
    order = await desk.order()
    without = replace(TRIPOD, variants=(replace(TRIPOD.variants[0], name="tall"),))
    await desk.shop.products.import_catalog(OWNER, (without,))
    await desk.shop.products.import_catalog(OWNER, (TRIPOD,))
    await desk.cancel(order.id)
    await desk.settle()
    available, reserved, sold = await desk.tripods()
    assert available >= PLENTY
    assert (reserved, sold) == (0, 0)


async def test_place_never_reports_a_cancel_by_a_stranger(desk: Desk) -> None:
    order = await desk.order()
    with pytest.raises(ShopError):
        await desk.shop.orders.cancel(Caller(user_id="ben"), order.id)
    assert (await desk.shop.orders.get(desk.caller, order.id)).status is AWAITING


async def test_r18_what_is_not_sold_any_more_is_refused(desk: Desk) -> None:
    answer = await desk.shop.shelves.reserve("order", (*ITEMS, Item("nothing", 1)), desk.clock())
    assert isinstance(answer, Refusal)
    assert answer.reason == "out_of_stock"
    assert await desk.tripods() == (PLENTY, 0, 0)


async def test_r14_an_attempt_refused_once_is_refused_for_good(desk: Desk) -> None:
    """Also one whose clock went ahead: a copy of the refused request may still be on its way."""
    await desk.fill()
    attempt = await desk.attempt()
    early = replace(attempt, created_at=desk.clock() + timedelta(minutes=11))
    first = await desk.place(early)
    assert first.status is REJECTED
    desk.clock.advance(timedelta(minutes=5))
    assert await desk.place(early) == first
    assert await desk.quantity() == 2


async def test_an_order_that_was_read_as_expired_is_not_cancelled_instead(desk: Desk) -> None:
    """Expiry is read off the clock before anybody writes it down (found by seed 4318 of the histories with faults)."""
    order = await desk.order()
    desk.clock.advance(timedelta(minutes=31))
    assert (await desk.shop.orders.get(desk.caller, order.id)).status == "expired"

    assert (await desk.shop.orders.cancel(desk.caller, order.id)).status == "expired"
    assert await desk.tripods() == (PLENTY, 0, 0)


async def test_orders_that_wait_for_a_silent_peer_leave_time_for_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("backends.deadline.time", SimpleNamespace(monotonic=lambda: now))
    asked: list[str] = []

    class Hanging:
        async def take(self, order_id: str, *_: object) -> None:
            nonlocal now
            asked.append(order_id)
            now += remaining()
            raise OutcomeUnknown("silence")

    orders = desk.shop.orders
    orders._carts = Hanging()  # type: ignore[assignment]  # noqa: SLF001
    with deadline(60):
        for _ in range(3):
            await desk.fill()
            with deadline(1):
                await desk.place(await desk.attempt())
    asked.clear()
    with deadline(10):
        await orders.run_due()
        assert len(asked) == 1
        assert remaining() == 10 - ATTEMPT_SECONDS
