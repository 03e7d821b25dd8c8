import json

import pytest

from backends import Category, MemorySessions, ProductQuery, Sort
from backends.errors import LoginRequired, OutOfStock
from tests.backends.http.fake import ORIGIN, FakeShop, logged_in, problem, says
from tests.backends.http.samples import ADDRESS, CART, EMPTY, PRODUCT, SHIPPING


async def test_the_catalog(shop: FakeShop) -> None:
    shop.on("GET", "/v1/products/lens", says(PRODUCT))
    shop.on("GET", "/v1/categories", says({"items": [Category("lenses", "Lenses", 1)]}))
    backend = shop.open(logged_in())
    assert await backend.products.get("lens") == PRODUCT
    assert await backend.products.categories() == (Category("lenses", "Lenses", 1),)
    assert all("authorization" not in each.headers for each in shop.seen), "a catalog asks nobody who they are"


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        (ProductQuery(), "sort=relevance&limit=5"),
        (ProductQuery(category="lenses", sort=Sort.PRICE_DESC), "category=lenses&sort=-price&limit=5"),
    ],
    ids=["all", "category"],
)
async def test_a_query_leaves_out_what_is_not_asked_for(shop: FakeShop, query: ProductQuery, sent: str) -> None:
    shop.on("GET", "/v1/products", says({"items": [], "next_cursor": None, "total": 0}))
    await shop.open().products.list(query, 5)
    assert shop.seen[0].url.query.decode() == sent


@pytest.mark.parametrize("price", ["0", "99.90", "1E+3", "0.000001"])
async def test_prices_go_out_as_decimals(shop: FakeShop, price: str) -> None:
    from decimal import Decimal

    shop.on("GET", "/v1/products", says({"items": [], "next_cursor": None, "total": 0}))
    await shop.open().products.list(ProductQuery(price_min=Decimal(price), price_max=Decimal(price)), 5)
    params = shop.seen[0].url.params
    assert params["price_min"] == params["price_max"] == f"{Decimal(price):f}"


async def test_a_guest_who_only_looks_gets_no_cart(shop: FakeShop) -> None:
    shop.on("GET", "/v1/cart", says(EMPTY))
    sessions = MemorySessions()
    assert await shop.open(sessions).carts.view() == EMPTY
    assert sessions.read() == {}
    assert "shop-cart" not in shop.seen[0].headers


async def test_a_guest_who_edits_gets_one_and_keeps_it(shop: FakeShop) -> None:
    shop.on("POST", "/v1/cart/lines", says(CART))
    shop.on("GET", "/v1/cart", says(CART))
    sessions = MemorySessions()
    await shop.open(sessions).carts.add("lens/sony-e", 2)
    await shop.open(sessions).carts.view()
    assert {each.headers["shop-cart"] for each in shop.seen} == {sessions.read()["cart"]}
    assert all("authorization" not in each.headers for each in shop.seen)
    assert json.loads(shop.seen[0].content) == {"variant_id": "lens/sony-e", "quantity": 2}


async def test_an_accounts_cart_is_found_by_the_account(shop: FakeShop) -> None:
    shop.on("GET", "/v1/cart", says(CART))
    await shop.open(logged_in()).carts.view()
    assert shop.seen[0].headers["authorization"] == "Bearer access-0"
    assert "shop-cart" not in shop.seen[0].headers


async def test_every_edit_answers_the_whole_cart(shop: FakeShop) -> None:
    carts = shop.open(logged_in()).carts
    for method, path, call, body in (
        ("PUT", "/v1/cart/lines/line-1", carts.set_quantity("line-1", 3), {"quantity": 3}),
        ("DELETE", "/v1/cart/lines/line-1", carts.remove("line-1"), None),
        ("DELETE", "/v1/cart/lines", carts.clear(), None),
        ("PUT", "/v1/cart/shipping", carts.set_shipping("express"), {"option_id": "express"}),
    ):
        shop.on(method, path, says(CART))
        assert await call == CART
        assert (json.loads(shop.seen[-1].content) if body else None) == body
    shop.on("PUT", "/v1/cart/address", says(CART))
    await carts.set_address(ADDRESS, "ada@example.org")
    sent = json.loads(shop.seen[-1].content)
    assert (sent["address"]["label"], sent["email"]) == ("home", "ada@example.org")


async def test_shipping_options(shop: FakeShop) -> None:
    shop.on("GET", "/v1/cart/shipping-options", says({"items": [SHIPPING]}))
    assert await shop.open().carts.shipping_options() == (SHIPPING,)


async def test_short_stock(shop: FakeShop) -> None:
    shop.on("POST", "/v1/cart/lines", problem(409, "out_of_stock", service="products", hint="shop cart show"))
    with pytest.raises(OutOfStock) as caught:
        await shop.open().carts.add("lens/sony-e", 9)
    assert caught.value.service == "products"


async def test_a_damaged_merge_is_no_request(shop: FakeShop) -> None:
    sessions = logged_in(cart="..")
    shop.on("GET", "/v1/cart", says(CART))
    with pytest.raises(LoginRequired):
        await shop.open(sessions).carts.view()
    assert sessions.read()["origin"] == ORIGIN
