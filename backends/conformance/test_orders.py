"""Placing orders: once, for what was confirmed, or not at all."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from backends import Address, CheckoutAttempt, Money, Order, OrderStatus
from backends.conformance.clock import START
from backends.conformance.goods import ADDRESS, PLENTY, TRIPOD, TWIN, priced, stocked
from backends.conformance.harness import Harness, Person, refused

AWAITING, REJECTED = OrderStatus.AWAITING_PAYMENT, OrderStatus.REJECTED


async def contents(person: Person) -> list[tuple[str, int]]:
    return [(line.variant_id, line.quantity) for line in (await person.backend.carts.view()).lines]


async def test_placing_an_order(ada: Person) -> None:
    await ada.fill(("tripod/standard", 2), ("lens/nikon-z", 1))
    cart = await ada.backend.carts.view()
    attempt = await ada.attempt()
    order = await ada.backend.orders.place(attempt)
    assert (order.id, order.status, order.reason) == (attempt.key, AWAITING, None)
    assert order.number is not None
    assert order.totals == cart.totals
    assert (order.address, order.shipping) == (ADDRESS, attempt.shipping)
    assert abs(order.created_at - ada.harness.now()) < timedelta(minutes=1)
    assert order.expires_at is not None
    assert abs(order.expires_at - ada.harness.now() - timedelta(minutes=30)) < timedelta(minutes=1)
    assert [replace(line, id="") for line in order.lines] == [replace(line, id="") for line in cart.lines]


async def test_placing_takes_the_carts_lines_and_the_stock(ada: Person) -> None:
    await ada.order(("tripod/standard", 2))
    assert await contents(ada) == []
    await ada.expect_stock("tripod", PLENTY - 2)
    cart = await ada.backend.carts.view()
    assert cart.address == ADDRESS


async def test_an_order_is_found_by_number_and_by_id(ada: Person) -> None:
    order = await ada.order(("tripod/standard", 2))
    assert order.number is not None
    assert await ada.backend.orders.get(order.number) == order
    assert await ada.backend.orders.get(order.id) == order
    for ref in ("0", "999999", "-1", "", order.number + "0", " ", "٣", "x" * 500, "9" * 40):
        with refused("not_found", service="orders"):
            await ada.backend.orders.get(ref)


async def test_finding_an_attempt_never_places_it(ada: Person) -> None:
    await ada.fill(("tripod/standard", 2))
    attempt = await ada.attempt()
    assert await ada.backend.orders.find(attempt) is None
    assert await contents(ada) == [("tripod/standard", 2)]
    order = await ada.backend.orders.place(attempt)
    assert await ada.backend.orders.find(attempt) == order


async def test_repeating_an_attempt_answers_the_same_order(ada: Person) -> None:
    await ada.fill(("tripod/standard", 2))
    attempt = await ada.attempt()
    order = await ada.backend.orders.place(attempt)
    await ada.fill(("camera/standard", 1))
    assert await ada.backend.orders.place(attempt) == order
    assert await contents(ada) == [("camera/standard", 1)]
    await ada.expect_stock("tripod", PLENTY - 2)
    assert (await ada.backend.orders.list(10)).items == (order,)


def changed(attempt: CheckoutAttempt, **changes: object) -> CheckoutAttempt:
    return replace(attempt, **changes)  # type: ignore[arg-type]  # wrong values are the point


OTHER_CONTENT: dict[str, object] = {
    "total": Money(Decimal(1), "EUR"),
    "cart_version": 99,
    "cart_id": "another",
    "shipping": "express",
    "address": replace(ADDRESS, line1="Elsewhere"),
    "created_at": START - timedelta(seconds=1),
}


@pytest.mark.parametrize("field", OTHER_CONTENT)
async def test_a_key_may_not_come_back_with_other_content(ada: Person, field: str) -> None:
    await ada.fill(("tripod/standard", 2))
    attempt = await ada.attempt()
    order = await ada.backend.orders.place(attempt)
    with refused("key_reused", service="orders"):
        await ada.backend.orders.place(changed(attempt, **{field: OTHER_CONTENT[field]}))
    assert await ada.backend.orders.place(attempt) == order


async def rejected(person: Person, attempt: CheckoutAttempt, reason: str) -> None:
    """Expect a definite refusal that gave the cart back and holds no stock."""
    lines, shelf = await contents(person), await person.stock("tripod")
    for _ in range(2):
        order = await person.backend.orders.place(attempt)
        assert (order.status, order.reason, order.number) == (REJECTED, reason, None)
        assert order.message
    assert sorted(await contents(person)) == sorted(lines)
    assert await person.stock("tripod") == shelf
    assert await person.backend.orders.find(attempt) == order
    assert (await person.backend.orders.list(10)).items == ()


async def test_a_cart_that_changed_since(ada: Person) -> None:
    await ada.fill(("tripod/standard", 2))
    attempt = await ada.attempt()
    await ada.backend.carts.add("tripod/standard", 1)
    await rejected(ada, attempt, "cart_changed")


async def test_a_line_swapped_at_equal_price(ada: Person) -> None:
    await ada.fill(("tripod/standard", 1))
    attempt = await ada.attempt()
    await ada.backend.carts.remove((await ada.backend.carts.view()).lines[0].id)
    await ada.fill((TWIN.variants[0].id, 1))
    assert (await ada.attempt()).total == attempt.total
    await rejected(ada, attempt, "cart_changed")


@pytest.mark.parametrize(("less", "currency"), [(1, "EUR"), (-1, "EUR"), (0, "USD")])
async def test_a_total_that_nobody_confirmed(ada: Person, less: int, currency: str) -> None:
    await ada.fill(("tripod/standard", 2))
    total = (await ada.attempt()).total
    await rejected(ada, await ada.attempt(total=Money(total.amount - less, currency)), "price_changed")


async def test_a_price_that_changed_since(harness: Harness, ada: Person) -> None:
    if harness.admin is None:
        pytest.skip("nobody can import here")
    await ada.fill(("tripod/standard", 2))
    attempt = await ada.attempt()
    await harness.admin.import_catalog((priced(TRIPOD, "159.90"),))
    await rejected(ada, attempt, "price_changed")


async def test_a_price_that_went_up_and_back(harness: Harness, ada: Person) -> None:
    """R5: the decision is recorded, so that a repeat is not decided anew at another price."""
    if harness.admin is None:
        pytest.skip("nobody can import here")
    await ada.fill(("tripod/standard", 2))
    attempt = await ada.attempt()
    await harness.admin.import_catalog((priced(TRIPOD, "159.90"),))
    await rejected(ada, attempt, "price_changed")
    await harness.admin.import_catalog((TRIPOD,))
    await rejected(ada, attempt, "price_changed")
    await ada.backend.carts.set_shipping(attempt.shipping)
    assert (await ada.backend.orders.place(await ada.attempt())).status is AWAITING


async def test_stock_that_ran_short_since(harness: Harness, ada: Person) -> None:
    if harness.admin is None:
        pytest.skip("nobody can import here")
    await ada.fill(("tripod/standard", 2), ("camera/standard", 1))
    attempt = await ada.attempt()
    await harness.admin.import_catalog((stocked(TRIPOD, 1),))
    await rejected(ada, attempt, "out_of_stock")
    await ada.expect_stock("camera", PLENTY)


async def test_the_last_piece_is_sold_once(ada: Person, ben: Person) -> None:
    await ada.fill(("last/standard", 1))
    await ben.fill(("last/standard", 1))
    first, second = await ada.attempt(), await ben.attempt()
    assert (await ada.backend.orders.place(first)).status is AWAITING
    await rejected(ben, second, "out_of_stock")
    await ada.expect_stock("last", 0)


async def test_two_terminals_place_one_cart_once(harness: Harness, ada: Person) -> None:
    other = Person(harness.visit(None), harness, ada.name, ada.email)
    await other.log_in()
    await ada.fill(("tripod/standard", 2))
    first, second = await ada.attempt(), await other.attempt()
    assert (await ada.backend.orders.place(first)).status is AWAITING
    order = await other.backend.orders.place(second)
    assert (order.status, order.reason) == (REJECTED, "cart_changed")
    await ada.expect_stock("tripod", PLENTY - 2)


async def test_an_empty_cart_cannot_be_placed(ada: Person) -> None:
    await ada.fill(("tripod/standard", 2))
    attempt = await ada.attempt()
    cart = await ada.backend.carts.clear()
    order = await ada.backend.orders.place(replace(attempt, cart_version=cart.version))
    assert (order.status, order.reason) == (REJECTED, "cart_changed")


async def test_a_delivery_other_than_the_carts(ada: Person) -> None:
    await ada.fill(("tripod/standard", 2))
    attempt = await ada.attempt()
    other = (await ada.backend.carts.shipping_options())[-1]
    await rejected(ada, replace(attempt, shipping=other.id), "cart_changed")


async def test_after_a_rejection_the_cart_is_as_it_was(ada: Person) -> None:
    await ada.fill(("tripod/standard", 2))
    before = await ada.backend.carts.view()
    await ada.backend.orders.place(await ada.attempt(total=Money(Decimal(1), "EUR")))
    after = await ada.backend.carts.view()
    assert (after.shipping, after.requirements, after.totals) == (before.shipping, (), before.totals)


WRONG: tuple[tuple[str, object], ...] = (
    ("key", ""),
    ("key", "x" * 65),
    ("key", "\ud800"),
    ("cart_version", None),
    ("cart_version", 2**70),
    ("address", replace(ADDRESS, country="xx")),
    ("total", Money(Decimal("1.005"), "EUR")),
    ("total", Money(Decimal(-1), "EUR")),
    ("total", Money(Decimal("NaN"), "EUR")),
    ("total", Money(Decimal("Infinity"), "EUR")),
    ("total", Money(Decimal("1E+40"), "EUR")),
    ("total", Money(Decimal("1E+999999"), "EUR")),
)


@pytest.mark.parametrize(("field", "value"), WRONG)
async def test_an_attempt_that_makes_no_sense(ada: Person, field: str, value: object) -> None:
    await ada.fill(("tripod/standard", 2))
    with refused("invalid_value"):
        await ada.backend.orders.place(changed(await ada.attempt(), **{field: value}))
    assert await contents(ada) == [("tripod/standard", 2)]


async def test_an_attempt_that_is_too_old(ada: Person) -> None:
    await ada.fill(("tripod/standard", 2))
    attempt = await ada.attempt()
    old = replace(attempt, created_at=attempt.created_at - timedelta(hours=72, seconds=1))
    with refused("invalid_state", service="orders"):
        await ada.backend.orders.place(old)
    assert await contents(ada) == [("tripod/standard", 2)]


async def test_an_attempt_from_the_future(ada: Person) -> None:
    await ada.fill(("tripod/standard", 2))
    attempt = await ada.attempt()
    order = await ada.backend.orders.place(replace(attempt, created_at=attempt.created_at + timedelta(minutes=11)))
    assert order.status is REJECTED
    assert order.reason
    assert await contents(ada) == [("tripod/standard", 2)]


async def test_an_order_has_the_address_without_outer_spaces(ada: Person) -> None:
    await ada.fill(("tripod/standard", 2))
    spaced = replace(ADDRESS, city="  Paris ")
    assert isinstance(spaced, Address)
    order = await ada.backend.orders.place(replace(await ada.attempt(), address=spaced))
    assert order.address == ADDRESS


async def test_a_key_of_digits_is_a_key_and_no_order_number(ada: Person) -> None:
    first = await ada.order(("tripod/standard", 1))
    await ada.fill(("tripod/standard", 2))
    assert first.number is not None
    order = await ada.backend.orders.place(await ada.attempt(key=first.number))
    assert (order.id, order.lines[0].quantity) == (first.number, 2)


async def test_order_history_is_newest_first_and_each_order_once(ada: Person) -> None:
    orders = [await ada.order(("tripod/standard", 1)) for _ in range(7)]
    for limit in (1, 2, 3, 7, 100):
        found: list[Order] = []
        cursor = None
        while True:
            page = await ada.backend.orders.list(limit, cursor)
            assert len(page.items) <= limit
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == orders[::-1]
    assert len({order.number for order in orders}) == 7


@pytest.mark.parametrize("limit", [0, 101, -5])
@pytest.mark.any_goods
async def test_a_limit_out_of_range(ada: Person, limit: int) -> None:
    with refused("invalid_value", service="orders"):
        await ada.backend.orders.list(limit)


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "9" * 20, "²", "\ud800"])
@pytest.mark.any_goods
async def test_a_cursor_that_was_tampered_with(ada: Person, cursor: str) -> None:
    with refused("invalid_value", service="orders"):
        await ada.backend.orders.list(10, cursor)
