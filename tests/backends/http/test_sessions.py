"""Tokens go to one origin only."""

import pytest

from backends import MemorySessions
from backends.errors import LoginRequired
from backends.http.sessions import BoundSessions
from tests.backends.http.fake import ORIGIN, FakeShop, logged_in, says
from tests.backends.http.samples import CART


async def test_a_session_of_another_origin_is_dropped_and_its_token_never_sent(shop: FakeShop) -> None:
    sessions = logged_in(origin="http://evil.example", cart="their-cart", owner="/their/owner.json")
    shop.on("GET", "/v1/cart", says(CART))
    backend = shop.open(sessions)
    with pytest.raises(LoginRequired):
        await backend.users.me()
    await backend.carts.view()
    assert backend.account_id() is None
    assert backend.admin is None
    assert sessions.read() == {"origin": ORIGIN}
    (request,) = shop.seen
    assert "authorization" not in request.headers
    assert "shop-cart" not in request.headers


async def test_tokens_of_nobody_knows_which_origin_are_not_sent(shop: FakeShop) -> None:
    sessions = logged_in(cart="a-cart")
    sessions.update(lambda kept: kept.pop("origin"))
    shop.on("GET", "/v1/cart", says(CART))
    await shop.open(sessions).carts.view()
    (request,) = shop.seen
    assert "authorization" not in request.headers
    assert "shop-cart" not in request.headers


def test_the_owners_file_may_be_noted_before_anything_else() -> None:
    store = MemorySessions()
    store.update(lambda kept: kept.update(owner="/shop/owner.json", token="of another backend"))
    bound = BoundSessions(store, ORIGIN)
    assert bound.read() == {"owner": "/shop/owner.json"}
    bound.update(lambda kept: kept.update(cart="mine"))
    assert store.read() == {"owner": "/shop/owner.json", "origin": ORIGIN, "cart": "mine"}


@pytest.mark.parametrize("wrong", ["", "a\r\nx-evil: 1", "é", "a b", "x" * 5000])
async def test_what_cannot_stand_in_a_header_is_not_sent(shop: FakeShop, wrong: str) -> None:
    shop.on("GET", "/v1/cart", says(CART))
    shop.on("DELETE", "/v1/cart/lines", says(CART))
    guest = MemorySessions()
    guest.update(lambda kept: kept.update(origin=ORIGIN, cart=wrong))
    backend = shop.open(guest)
    await backend.carts.view()
    await backend.carts.clear()
    assert "shop-cart" not in shop.seen[0].headers
    assert shop.seen[1].headers["shop-cart"] == guest.read()["cart"] != wrong
    with pytest.raises(LoginRequired) as caught:
        await shop.open(logged_in(access=wrong, refresh=wrong)).users.me()
    assert str(caught.value).isprintable()


def test_two_processes_at_once_agree_on_one_guests_cart() -> None:
    store = MemorySessions()
    one, other = BoundSessions(store, ORIGIN), BoundSessions(store, ORIGIN)

    def meanwhile() -> str:
        assert other.guest_cart_or_new(lambda: "theirs") == "theirs"
        return "mine"

    assert one.guest_cart_or_new(meanwhile) == "theirs"


def test_a_guests_cart_begun_meanwhile_is_not_forgotten() -> None:
    store = MemorySessions()
    bound = BoundSessions(store, ORIGIN)
    assert bound.guest_cart_or_new(lambda: "second") == "second"
    bound.forget_guest_cart("first")
    assert bound.guest_cart() == "second"
    bound.forget_guest_cart("second")
    assert bound.guest_cart() is None
