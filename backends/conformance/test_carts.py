"""Carts: lines, totals, notices, and whose they are."""

from dataclasses import replace

import pytest

from backends import Address, Backend, Capability, Requirement, Totals
from backends.conformance.goods import ADDRESS, BAGS, CAMERA, TRIPOD, priced, stocked
from backends.conformance.harness import Harness, Person, refused

EUR = CAMERA.variants[0].price.__class__.of_minor


async def test_a_cart_starts_empty(ada: Person) -> None:
    cart = await ada.backend.carts.view()
    assert (cart.id, cart.version, cart.lines, cart.notices) == (None, None, (), ())
    assert cart.requirements == (Requirement.LINES, Requirement.ADDRESS, Requirement.SHIPPING)
    assert cart.totals == Totals(EUR(0, "EUR"), None, EUR(0, "EUR"))


async def test_adding_makes_a_line(ada: Person) -> None:
    cart = await ada.backend.carts.add("tripod/standard", 2)
    (line,) = cart.lines
    assert (line.variant_id, line.ref, line.quantity) == ("tripod/standard", "tripod", 2)
    assert (line.title, line.variant, line.sku) == (TRIPOD.title, "standard", TRIPOD.variants[0].sku)
    assert (line.unit_price, line.total) == (EUR(14990, "EUR"), EUR(29980, "EUR"))
    assert await ada.backend.carts.view() == cart


async def test_adding_the_same_variant_again_stays_one_line(ada: Person) -> None:
    first = await ada.backend.carts.add("tripod/standard", 1)
    second = await ada.backend.carts.add("tripod/standard", 2)
    assert [(line.id, line.quantity) for line in second.lines] == [(first.lines[0].id, 3)]


async def test_lines_keep_their_order(ada: Person) -> None:
    for variant_id in ("tripod/standard", "camera/standard", "lens/sony-e", "tripod/standard"):
        cart = await ada.backend.carts.add(variant_id, 1)
    assert [line.variant_id for line in cart.lines] == ["tripod/standard", "camera/standard", "lens/sony-e"]


async def test_totals_are_the_servers(ada: Person) -> None:
    await ada.fill(("tripod/standard", 2), ("camera/standard", 1))
    cart = await ada.backend.carts.view()
    assert cart.totals is not None
    assert cart.shipping is not None
    assert cart.totals == Totals(
        EUR(129880, "EUR"), cart.shipping.price, EUR(129880 + cart.shipping.price.minor, "EUR")
    )


@pytest.mark.parametrize("quantity", [0, -1, 1000, 10**30])
async def test_a_quantity_out_of_range(ada: Person, quantity: int) -> None:
    cart = await ada.backend.carts.add("tripod/standard", 1)
    with refused("invalid_value", service="carts"):
        await ada.backend.carts.add("tripod/standard", quantity)
    with refused("invalid_value", service="carts"):
        await ada.backend.carts.set_quantity(cart.lines[0].id, quantity)
    assert await ada.backend.carts.view() == cart


@pytest.mark.any_goods
async def test_what_is_not_sold_cannot_be_added(ada: Person) -> None:
    with refused("not_found", service="products"):
        await ada.backend.carts.add(ada.harness.unknown_variant, 1)


async def test_more_than_there_is_cannot_be_added(ada: Person) -> None:
    with refused("out_of_stock", service="products"):
        await ada.backend.carts.add("gone/standard", 1)
    await ada.backend.carts.add("lens/sony-e", 5)
    with refused("out_of_stock", service="products"):
        await ada.backend.carts.add("lens/sony-e", 3)
    cart = await ada.backend.carts.add("lens/sony-e", 2)
    with refused("out_of_stock", service="products"):
        await ada.backend.carts.set_quantity(cart.lines[0].id, 8)
    assert (await ada.backend.carts.view()).lines[0].quantity == 7


async def test_setting_a_quantity(ada: Person) -> None:
    cart = await ada.backend.carts.add("tripod/standard", 5)
    cart = await ada.backend.carts.set_quantity(cart.lines[0].id, 2)
    assert [line.quantity for line in cart.lines] == [2]
    with refused("not_found", service="carts"):
        await ada.backend.carts.set_quantity(ada.harness.unknown_id, 2)


async def test_removing_is_idempotent(ada: Person) -> None:
    cart = await ada.backend.carts.add("tripod/standard", 5)
    await ada.backend.carts.add("camera/standard", 1)
    for _ in range(2):
        after = await ada.backend.carts.remove(cart.lines[0].id)
        assert [line.variant_id for line in after.lines] == ["camera/standard"]


async def test_clearing_keeps_the_address(ada: Person) -> None:
    await ada.fill(("tripod/standard", 2), ("camera/standard", 1))
    cart = await ada.backend.carts.clear()
    assert cart.lines == ()
    assert cart.address == ADDRESS
    assert cart.requirements == (Requirement.LINES,)
    assert await ada.backend.carts.clear() == cart


async def test_requirements_drive_the_checkout(ada: Person) -> None:
    cart = await ada.backend.carts.add("tripod/standard", 1)
    assert cart.requirements == (Requirement.ADDRESS, Requirement.SHIPPING)
    cart = await ada.backend.carts.set_address(ADDRESS, ada.email)
    assert cart.requirements == (Requirement.SHIPPING,)
    assert (cart.address, cart.email) == (ADDRESS, ada.email)
    cart = await ada.backend.carts.set_shipping((await ada.backend.carts.shipping_options())[-1].id)
    assert cart.requirements == ()
    assert cart.shipping == (await ada.backend.carts.shipping_options())[-1]


async def test_shipping_options_are_cheapest_first(ada: Person) -> None:
    await ada.backend.carts.add("tripod/standard", 1)
    options = await ada.backend.carts.shipping_options()
    assert len(options) > 1
    assert [each.price.amount for each in options] == sorted(each.price.amount for each in options)
    with refused("not_found", service="carts"):
        await ada.backend.carts.set_shipping("by-pigeon")


@pytest.mark.parametrize("wrong", [replace(ADDRESS, country="France"), replace(ADDRESS, city="\x1b[2J")])
@pytest.mark.any_goods
async def test_an_address_that_nobody_could_deliver_to(ada: Person, wrong: Address) -> None:
    with refused("invalid_value"):
        await ada.backend.carts.set_address(wrong, ada.email)
    assert (await ada.backend.carts.view()).address is None


@pytest.mark.parametrize("email", ["", " ", "x" * 300, "a\x00@example.org"])
@pytest.mark.any_goods
async def test_a_cart_wants_an_email_that_shows(ada: Person, email: str) -> None:
    with refused("invalid_value"):
        await ada.backend.carts.set_address(ADDRESS, email)


async def test_every_change_raises_the_version_and_nothing_else_does(ada: Person) -> None:
    carts = ada.backend.carts
    versions = [(await carts.add("tripod/standard", 1)).version]
    line_id = (await carts.view()).lines[0].id
    versions += [(await carts.set_quantity(line_id, 3)).version, (await carts.set_address(ADDRESS, "a@b.cd")).version]
    versions += [(await carts.set_shipping("express")).version, (await carts.remove(line_id)).version]
    if None in versions:
        pytest.skip("carts have no versions here")
    assert len(set(versions)) == len(versions)
    still = [await carts.view(), await carts.remove(line_id), await carts.clear()]
    still += [await carts.set_address(ADDRESS, "a@b.cd"), await carts.set_shipping("express")]
    assert {cart.version for cart in still} == {versions[-1]}


async def test_a_price_change_is_told_until_the_line_is_touched(harness: Harness, ada: Person) -> None:
    if harness.admin is None:
        pytest.skip("nobody can import here")
    await ada.backend.carts.add("tripod/standard", 2)
    await harness.admin.import_catalog((priced(TRIPOD, "159.90"),))
    cart = await ada.backend.carts.view()
    assert [(notice.code, notice.line_id) for notice in cart.notices] == [("price_changed", cart.lines[0].id)]
    assert "149.90 EUR" in cart.notices[0].message
    assert "159.90 EUR" in cart.notices[0].message
    assert cart.lines[0].unit_price == EUR(15990, "EUR")
    assert (await ada.backend.carts.set_quantity(cart.lines[0].id, 2)).notices == ()


async def test_short_stock_is_told(harness: Harness, ada: Person) -> None:
    if harness.admin is None:
        pytest.skip("nobody can import here")
    await ada.backend.carts.add("tripod/standard", 5)
    await harness.admin.import_catalog((stocked(TRIPOD, 3),))
    cart = await ada.backend.carts.view()
    assert [notice.code for notice in cart.notices] == ["short_stock"]
    assert cart.lines[0].quantity == 5


async def test_what_is_not_sold_any_more_is_told(harness: Harness, ada: Person) -> None:
    if harness.admin is None:
        pytest.skip("nobody can import here")
    await ada.backend.carts.add("tripod/standard", 1)
    await harness.admin.import_catalog((replace(TRIPOD, variants=(replace(TRIPOD.variants[0], name="tall"),)),))
    cart = await ada.backend.carts.view()
    assert [notice.code for notice in cart.notices] == ["not_sold"]
    assert (await ada.backend.carts.remove(cart.lines[0].id)).lines == ()


async def test_a_cart_has_a_bounded_number_of_lines(harness: Harness, ada: Person) -> None:
    if harness.admin is None:
        pytest.skip("nobody can import here")
    await harness.admin.import_catalog(BAGS)
    for item in BAGS[:100]:
        await ada.backend.carts.add(f"{item.slug}/standard", 1)
    with refused("invalid_value", service="carts"):
        await ada.backend.carts.add("bag-100/standard", 1)
    await ada.backend.carts.add("bag-0/standard", 1)


async def test_carts_are_private(ada: Person, ben: Person) -> None:
    line_id = (await ada.backend.carts.add("tripod/standard", 2)).lines[0].id
    assert (await ben.backend.carts.view()).lines == ()
    with refused("not_found", service="carts"):
        await ben.backend.carts.set_quantity(line_id, 1)
    await ben.backend.carts.remove(line_id)
    await ben.backend.carts.clear()
    assert [line.quantity for line in (await ada.backend.carts.view()).lines] == [2]


async def test_two_terminals_share_an_accounts_cart(harness: Harness, ada: Person) -> None:
    other = Person(harness.visit(None), harness, ada.name, ada.email)
    await other.log_in()
    await ada.backend.carts.add("tripod/standard", 1)
    cart = await other.backend.carts.add("tripod/standard", 1)
    assert [line.quantity for line in cart.lines] == [2]
    assert await ada.backend.carts.view() == cart


@pytest.mark.needs(Capability.GUEST_CART)
async def test_a_guest_fills_a_cart(guest: Backend) -> None:
    assert (await guest.carts.view()).id is None
    cart = await guest.carts.add("tripod/standard", 1)
    assert cart.id is not None
    await guest.carts.set_address(ADDRESS, "guest@example.org")
    assert (await guest.carts.view()).id == cart.id


@pytest.mark.needs(Capability.GUEST_CART)
async def test_guests_do_not_share_a_cart(harness: Harness, guest: Backend) -> None:
    await guest.carts.add("tripod/standard", 1)
    assert (await harness.visit(None).carts.view()).lines == ()


@pytest.mark.needs(Capability.GUEST_CART)
async def test_a_guests_cart_is_merged_at_log_in_once(harness: Harness, ada: Person, guest: Backend) -> None:
    await ada.backend.carts.add("tripod/standard", 1)
    await guest.carts.add("tripod/standard", 2)
    await guest.carts.add("camera/standard", 1)
    visitor = Person(guest, harness, ada.name, ada.email)
    await visitor.log_in()
    expected = [("tripod/standard", 3), ("camera/standard", 1)]
    assert [(line.variant_id, line.quantity) for line in (await guest.carts.view()).lines] == expected
    await visitor.log_in()
    assert [(line.variant_id, line.quantity) for line in (await ada.backend.carts.view()).lines] == expected


@pytest.mark.needs(Capability.GUEST_CART)
async def test_after_logging_out_a_guest_starts_anew(ada: Person) -> None:
    await ada.backend.carts.add("tripod/standard", 1)
    await ada.backend.users.logout()
    assert (await ada.backend.carts.view()).lines == ()
    await ada.log_in()
    assert len((await ada.backend.carts.view()).lines) == 1
