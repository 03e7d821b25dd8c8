from collections import Counter
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends import Address, Imported, Money, ProductQuery
from backends.conformance.goods import ADDRESS, TRIPOD, priced
from backends.errors import CartChanged, Forbidden, InvalidValue, LoginRequired, WrongCredentials
from backends.text import is_clean
from stub_services.addresses import text, valid_address
from stub_services.caller import Caller
from stub_services.products.catalog import read_catalog
from stub_services.products.service import slugify
from stub_services.times import from_millis, to_millis
from stub_services.users.passwords import Argon2Passwords
from tests.stub_services.conftest import OWNER, Desk

MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS)
def test_a_time_survives_being_stored_to_the_millisecond(moment: datetime) -> None:
    back = from_millis(to_millis(moment))
    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)
    assert back.tzinfo is UTC


def test_a_time_is_rounded_down_also_before_1970() -> None:
    assert to_millis(datetime(1970, 1, 1, tzinfo=UTC) - timedelta(microseconds=1)) == -1


def test_a_time_of_another_zone_is_the_same_moment() -> None:
    moment = datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=2)))
    assert from_millis(to_millis(moment)) == moment


@given(st.text())
def test_stored_text_is_clean_and_without_outer_spaces(value: str) -> None:
    try:
        stored = text("name", value, service="users")
    except InvalidValue:
        return
    assert is_clean(stored)
    assert stored == stored.strip()
    assert 1 <= len(stored) <= 200


@given(st.builds(Address, *(st.text(max_size=5),) * len(fields(Address))))
def test_any_address_is_valid_or_refused(address: Address) -> None:
    try:
        stored = valid_address(address, service="users")
    except InvalidValue:
        return
    assert valid_address(stored, service="users") == stored


def test_a_good_address_stays_as_it_is() -> None:
    assert valid_address(ADDRESS, service="users") == ADDRESS


def test_callers() -> None:
    assert Caller(user_id="ada").account() == "ada"
    Caller(merchant=True).require_merchant()
    with pytest.raises(LoginRequired):
        Caller(cart_id="c").account()
    with pytest.raises(Forbidden):
        Caller(user_id="ada").require_merchant()


async def test_only_the_merchant_imports_and_refunds(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        await desk.shop.products.import_catalog(desk.caller, ())
    with pytest.raises(Forbidden):
        await desk.shop.payments.refund(desk.caller, "p1")
    assert await desk.shop.products.import_catalog(OWNER, ()) == Imported(0, 0, 0)


async def test_a_catalog_is_bounded_in_every_shop(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stub_services.products.service.MAX_PRODUCTS", 1)
    with pytest.raises(InvalidValue, match="a shop takes 1 products at once, so nothing was imported: split"):
        await desk.shop.products.import_catalog(OWNER, (priced(TRIPOD, "1.00"), TRIPOD))
    assert await desk.shop.products.get(TRIPOD.slug) == TRIPOD


async def test_the_first_catalog_is_put_on_empty_shelves_only(desk: Desk) -> None:
    await desk.shop.products.fill_if_empty((priced(TRIPOD, "1.00"),))
    assert (await desk.shop.products.get("tripod")).variants[0].price == TRIPOD.variants[0].price


async def test_prices_between_two_cents_do_not_match_the_lower_one(desk: Desk) -> None:
    above = ProductQuery(price_min=Decimal("149.901"), price_max=Decimal("149.909"))
    assert (await desk.shop.products.list(above, 10, None)).items == ()


async def test_a_guest_needs_the_id_of_a_cart_that_is_free(desk: Desk) -> None:
    await desk.fill()
    cart = await desk.shop.carts.view(desk.caller)
    for thief in (Caller(cart_id=cart.id), Caller()):
        assert (await desk.shop.carts.view(thief)).lines == ()
        with pytest.raises((InvalidValue, CartChanged)):
            await desk.shop.carts.add(thief, "tripod/standard", 1)
    assert await desk.quantity() == 2


# --- the catalog that comes with the shop --------------------------------------------------------


def test_the_catalog_has_about_150_products_with_unique_names() -> None:
    catalog = read_catalog()
    assert 140 <= len(catalog) <= 170
    assert len({item.slug for item in catalog}) == len(catalog)
    skus = Counter(variant.sku for item in catalog for variant in item.variants)
    assert [sku for sku, times in skus.items() if times > 1] == []
    for item in catalog:
        assert item.description
        assert item.brand
        assert len({variant.name for variant in item.variants}) == len(item.variants)
        assert all(variant.price.amount > 0 for variant in item.variants)
        assert all(isinstance(variant.price, Money) for variant in item.variants)


async def test_the_catalog_is_what_the_shop_accepts(desk: Desk) -> None:
    catalog = read_catalog()
    assert await desk.shop.products.import_catalog(OWNER, catalog) == Imported(len(catalog), 0, 0)
    for item in catalog:
        assert slugify(item.category)
        assert is_clean(item.title + item.brand + item.category + item.description)
    assert any(not variant.in_stock for item in catalog for variant in item.variants)


# --- passwords -----------------------------------------------------------------------------------


async def test_passwords_are_hashed_with_argon2id_at_the_documented_cost() -> None:
    passwords = Argon2Passwords()
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert stored != await passwords.hash("correct horse")
    assert await passwords.matches("correct horse", stored)
    assert not await passwords.matches("wrong horse", stored)
    assert not await passwords.matches("correct horse", None)
    assert not await passwords.matches("no account has this password", None)


async def test_a_password_that_cannot_be_encoded_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidValue):
        await desk.shop.users.signup("Ada", "ada@example.org", "long enough \ud800")
    with pytest.raises((InvalidValue, WrongCredentials)):
        await desk.shop.users.login("ada@example.org", "long enough \ud800")


async def test_an_account_deleted_meanwhile_keeps_no_address(desk: Desk) -> None:
    with pytest.raises(LoginRequired):
        await desk.shop.users.save_address("deleted", ADDRESS, default=True)
    assert await desk.shop.users.addresses("deleted") == ()
