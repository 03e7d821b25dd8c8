from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.errors import InvalidValue, NotFound, Unavailable
from backends.models import Page, Product, ProductQuery, Variant
from backends.money import Money
from shopcli.core.refs import AmbiguousVariant, Ref, parse, parse_quantity, resolve, to_buy
from shopcli.core.stepping import run

if TYPE_CHECKING:
    from backends.interface import Products


def _product(slug: str, *names: str) -> Product:
    variants = tuple(
        Variant(f"id-{name}", f"{slug}/{name}" if len(names) > 1 else slug, name, f"SKU-{name}", _PRICE, True, 1)
        for name in names
    )
    return Product(f"id-{slug}", slug, slug.title(), "Brand", "Lenses", "", variants)


_PRICE = Money(Decimal("1.00"), "EUR")
_CATALOG = (
    _product("sigma-35-f2", "sony-e", "l-mount"),
    _product("sigma-45-f28", "sony-e"),
    _product("tripod", "standard"),
)


class FakeProducts:
    suspends = False
    name = "fake:"

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken

    async def get(self, ref: str) -> Product:
        for product in _CATALOG:
            if ref in (product.slug, product.id):
                return product
        raise NotFound("no", service="products")

    async def list(self, query: ProductQuery, limit: int, cursor: str | None = None) -> Page[Product]:
        if self.broken:
            raise Unavailable("down")
        return Page(tuple(product for product in _CATALOG if query.text in product.slug))


def _resolve(text: str, *, broken: bool = False) -> tuple[Product, Variant]:
    products = FakeProducts(broken=broken)
    return run(products, resolve(cast("Products", products), parse(text)))


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("tripod", Ref("tripod")),
        ("tripod:3", Ref("tripod", None, 3)),
        ("sigma-35-f2/sony-e", Ref("sigma-35-f2", "sony-e")),
        ("sigma-35-f2/sony-e:999", Ref("sigma-35-f2", "sony-e", 999)),
        (" tripod ", Ref("tripod")),
    ],
)
def test_refs_are_parsed(text: str, ref: Ref) -> None:
    assert parse(text) == ref


@pytest.mark.parametrize("text", ["", ":", "/", "a/", "/b", ":2", "a:", "a/b:", "a:0", "a:-1", "a:1.5", "a:2:x"])
def test_what_is_no_ref_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        parse(text)


@pytest.mark.parametrize(
    "text", ["0", "-1", "1e9", "two", "1_000", "٣", "²", "1000", "", " 1", "+1", "0x1", "9" * 5000]
)
def test_odd_quantities_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="1 to 999"):
        parse_quantity(text)


@given(st.integers(1, 999))
def test_every_quantity_is_read_back(quantity: int) -> None:
    assert parse(f"tripod:{quantity}").quantity == quantity


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        ref = parse(text)
    except InvalidValue:
        return
    assert ref.product
    assert 1 <= ref.quantity <= 999


@pytest.mark.parametrize("text", ["sigma-35-f2/l-mount", "sigma-35-f2/SKU-l-mount", "id-sigma-35-f2/id-l-mount"])
def test_a_variant_is_found_by_ref_sku_and_id(text: str) -> None:
    assert _resolve(text)[1].name == "l-mount"


def test_a_product_with_one_variant_needs_none() -> None:
    assert _resolve("tripod:2")[1].ref == "tripod"


def test_an_open_choice_lists_what_there_is() -> None:
    with pytest.raises(AmbiguousVariant, match="sigma-35-f2/sony-e, sigma-35-f2/l-mount") as caught:
        _resolve("sigma-35-f2")
    assert caught.value.exit_code == 2
    assert caught.value.hint == "shop cart add sigma-35-f2/sony-e"


def test_an_open_choice_is_made_among_what_is_in_stock() -> None:
    product = _product("s", "a", "b")
    sold_out, other = (replace(variant, in_stock=False) for variant in product.variants)

    assert to_buy(replace(product, variants=(sold_out, product.variants[1]))) == "shop cart add s/b"
    assert to_buy(replace(product, variants=(sold_out, other))) == "shop products list --in-stock"


def test_an_unknown_variant_lists_what_there_is() -> None:
    with pytest.raises(NotFound, match="sigma-35-f2/sony-e"):
        _resolve("sigma-35-f2/canon-ef")


def test_an_unknown_product_names_close_ones_and_how_to_search() -> None:
    with pytest.raises(NotFound, match="close to it: sigma-35-f2") as caught:
        _resolve("sigma-35-f3")
    assert caught.value.hint == "shop products search sigma 35 f3"
    assert caught.value.service == "products"


@pytest.mark.parametrize("text", ["SIGMA-35-F2/L-MOUNT", "Sigma-35-F2/l-mount", "sigma-35-f2/L-Mount"])
def test_capitals_are_no_other_product(text: str) -> None:
    assert _resolve(text)[1].ref == "sigma-35-f2/l-mount"


@pytest.mark.parametrize(("text", "close"), [("SIGMA-35-F3", "sigma-35-f2"), ("tripoid", "tripod")])
def test_a_near_miss_names_what_may_be_meant(text: str, close: str) -> None:
    with pytest.raises(NotFound, match=f"no product '{text}'; close to it: {close}"):
        _resolve(text)


def test_a_shop_that_cannot_search_hides_no_error() -> None:
    with pytest.raises(NotFound) as caught:
        _resolve("sigma-35-f3", broken=True)
    assert "close" not in caught.value.message


def test_the_hint_is_safe_to_paste() -> None:
    with pytest.raises(NotFound) as caught:
        _resolve("x;reboot")
    assert cast("Any", caught.value).hint == "shop products search 'x;reboot'"
