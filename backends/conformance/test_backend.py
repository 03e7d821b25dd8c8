"""A shop as a whole: health, names, and capabilities that say what is true."""

from dataclasses import replace

import pytest

from backends import Backend, Capability, ProductQuery
from backends.conformance.goods import ADDRESS
from backends.conformance.harness import SERVICES, Harness, Person
from backends.errors import ShopError


@pytest.mark.any_goods
async def test_every_service_is_up(harness: Harness, guest: Backend) -> None:
    health = await guest.health()
    assert {each.service for each in health} >= SERVICES
    assert {each.status for each in health} == {"up"}


@pytest.mark.any_goods
async def test_a_name_for_people(guest: Backend) -> None:
    assert guest.name
    assert "password" not in guest.name


@pytest.mark.any_goods
async def test_closing_is_idempotent(harness: Harness, guest: Backend) -> None:
    await guest.products.list(ProductQuery(), 1)
    await guest.aclose()
    await guest.aclose()


@pytest.mark.any_goods
async def test_closing_before_anything_was_opened(harness: Harness) -> None:
    await harness.visit(None).aclose()


@pytest.mark.any_goods
async def test_capabilities_are_known_ones(guest: Backend) -> None:
    assert guest.capabilities <= frozenset(Capability)


@pytest.mark.any_goods
async def test_exact_stock_is_what_it_says(harness: Harness, guest: Backend) -> None:
    exact = Capability.EXACT_STOCK in guest.capabilities
    for item in (await guest.products.list(ProductQuery(), 100)).items:
        for variant in item.variants:
            assert (variant.stock is not None) is exact
            if variant.stock is not None:
                assert variant.in_stock is (variant.stock > 0)


@pytest.mark.any_goods
async def test_what_never_suspends_needs_no_event_loop(guest: Backend) -> None:
    if guest.suspends:
        return
    asking = guest.products.list(ProductQuery(), 1)
    try:
        asking.send(None)
    except StopIteration:
        return
    asking.close()
    pytest.fail("it says suspends = False, and it waits for an event loop")


async def test_lacking_guest_checkout_means_that_an_account_is_needed(harness: Harness, ada: Person) -> None:
    if Capability.GUEST_CHECKOUT in ada.backend.capabilities:
        pytest.skip("guests may order here")
    await ada.fill(("tripod/standard", 1))
    attempt = await ada.attempt()
    with pytest.raises(ShopError) as caught:
        await harness.visit(None).orders.place(attempt)
    assert caught.value.code in {"login_required", "unsupported"}


@pytest.mark.needs(Capability.NEEDS_SHIPPING_CHOICE)
async def test_needing_a_shipping_choice_means_that_nothing_is_placed_without(harness: Harness, ada: Person) -> None:
    await ada.fill(("tripod/standard", 1))
    attempt = await ada.attempt()
    ben = Person(harness.visit(None), harness, "Ben", harness.email("ben"))
    await ben.sign_up()
    await ben.log_in()
    await ben.backend.carts.add("tripod/standard", 1)
    cart = await ben.backend.carts.set_address(ADDRESS, ben.email)
    assert cart.id is not None
    order = await ben.backend.orders.place(
        replace(attempt, key=harness.ids(), cart_id=cart.id, cart_version=cart.version)
    )
    assert order.status == "rejected"


@pytest.mark.needs(Capability.PAY_IN_TERMINAL)
async def test_paying_in_the_terminal_needs_no_browser(harness: Harness, ada: Person) -> None:
    order = await ada.order(("tripod/standard", 1))
    assert (await ada.backend.payments.pay(order.id, harness.methods.good, harness.ids())).action_url is None


@pytest.mark.any_goods
async def test_every_error_says_which_service_it_came_from(harness: Harness, ada: Person, guest: Backend) -> None:
    silent = []
    wrong = replace(ADDRESS, country="France")
    for name, call in (
        ("address book", ada.backend.users.save_address(wrong)),
        ("cart address", ada.backend.carts.set_address(wrong, ada.email)),
        ("cart e-mail", ada.backend.carts.set_address(ADDRESS, "")),
        ("sign-up", guest.users.signup("", "grace@example.org", "long enough")),
        ("guest order", guest.orders.get("1001")),
        ("guest payment", guest.payments.methods()),
        ("product", guest.products.get("nothing")),
        ("order", ada.backend.orders.get("nothing")),
    ):
        with pytest.raises(ShopError) as caught:
            await call
        if caught.value.service not in SERVICES:
            silent.append(name)
    assert silent == []
