"""The catalog: lists, filters, pages and imports."""

import base64
import json
from dataclasses import replace
from decimal import Decimal

import pytest

from backends import Backend, Category, Imported, Product, ProductQuery, Sort
from backends.conformance.goods import CAMERA, LENS, SLUGS, TRIPOD, TWIN
from backends.conformance.harness import Harness, refused

any_goods = pytest.mark.any_goods
MANY = 200

SORTS = (
    ProductQuery(),
    ProductQuery(sort=Sort.TITLE),
    ProductQuery(sort=Sort.PRICE),
    ProductQuery(sort=Sort.PRICE_DESC),
    ProductQuery(text="leather strap"),
    ProductQuery(text="pictures"),
    ProductQuery(text="strap", sort=Sort.PRICE),
    ProductQuery(category="straps", sort=Sort.PRICE_DESC),
)


async def walk(backend: Backend, query: ProductQuery, limit: int) -> list[Product]:
    found: list[Product] = []
    cursor = None
    cursors: set[str] = set()
    while True:
        page = await backend.products.list(query, limit, cursor)
        assert len(page.items) <= limit
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found
        assert page.items
        assert cursor not in cursors, "a cursor leads back to itself"
        cursors.add(cursor)


async def slugs(backend: Backend, query: ProductQuery) -> list[str]:
    return [item.slug for item in await walk(backend, query, 100)]


async def ours(backend: Backend, query: ProductQuery) -> set[str]:
    """Return what is found of the suite's goods: a shop may sell other things too."""
    return SLUGS & set(await slugs(backend, query))


@any_goods
@pytest.mark.parametrize("query", SORTS, ids=repr)
@pytest.mark.parametrize("limit", [1, 2, 5, 100])
async def test_a_walk_over_pages_meets_each_product_once_and_in_order(
    harness: Harness, guest: Backend, query: ProductQuery, limit: int
) -> None:
    total = (await guest.products.list(query, 1)).total
    if total is None or total > MANY * limit:
        pytest.skip(f"too many products for pages of {limit}")
    found = await walk(guest, query, limit)
    assert [item.slug for item in found] == await slugs(guest, query)
    assert len(found) == len({item.slug for item in found})
    assert len(found) == total
    cheapest = [min(each.price.amount for each in item.variants) for item in found]
    if query.sort is Sort.PRICE:
        assert cheapest == sorted(cheapest)
    if query.sort is Sort.PRICE_DESC:
        assert cheapest == sorted(cheapest, reverse=True)
    if query.sort is Sort.TITLE:  # every language has an alphabet of its own, but the goods' titles are plain
        titles = [item.title.casefold() for item in found if item.slug in SLUGS]
        assert titles == sorted(titles)


@any_goods
async def test_what_is_found_is_what_was_asked_for(harness: Harness, guest: Backend) -> None:
    sold = (await guest.products.list(ProductQuery(), 100)).items
    for category in (await guest.products.categories())[:3]:
        page = await guest.products.list(ProductQuery(category=category.slug), 100)
        assert {item.category for item in page.items} <= {category.title}
    assert not (await guest.products.list(ProductQuery(category="no-such-category"), 1)).items
    assert all(
        any(each.in_stock for each in item.variants)
        for item in (await guest.products.list(ProductQuery(in_stock=True), 100)).items
    )
    prices = sorted(each.price.amount for item in sold for each in item.variants)
    for price in prices[len(prices) // 2 :][:1]:
        for item in (await guest.products.list(ProductQuery(price_max=price), 100)).items:
            assert min(each.price.amount for each in item.variants) <= price
        for item in (await guest.products.list(ProductQuery(price_min=price), 100)).items:
            assert max(each.price.amount for each in item.variants) >= price


async def test_everything_is_listed(harness: Harness, guest: Backend) -> None:
    assert await ours(guest, ProductQuery()) == SLUGS


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (ProductQuery(text="alpine"), {"camera"}),
        (ProductQuery(text="ALP"), {"camera"}),
        (ProductQuery(text="zeta"), {"camera"}),
        (ProductQuery(text="nikon-z"), {"lens"}),
        (ProductQuery(text="tripod carbon"), {"tripod"}),
        (ProductQuery(text="tripod camera"), set()),
        (ProductQuery(text="  "), SLUGS),
        (ProductQuery(category="tripods"), {"tripod", "twin"}),
        (ProductQuery(category="no-such-category"), set()),
        (ProductQuery(price_min=Decimal(900)), {"camera"}),
        (ProductQuery(price_min=Decimal("149.90"), price_max=Decimal("149.90")), {"tripod", "twin"}),
        (ProductQuery(price_max=Decimal("20.50")), {f"strap-{n:02}" for n in (0, 4, 8)}),
        (ProductQuery(price_min=Decimal(820), price_max=Decimal(830)), {"lens"}),
        (ProductQuery(category="lighting", in_stock=True), set()),
        (ProductQuery(category="cameras", in_stock=True, price_max=Decimal(400)), {"last"}),
    ],
    ids=lambda value: repr(value) if isinstance(value, ProductQuery) else "slugs",
)
async def test_a_filter(harness: Harness, guest: Backend, query: ProductQuery, expected: set[str]) -> None:
    assert await ours(guest, query) == expected


@pytest.mark.parametrize(
    "text",
    [
        '"',
        "'",
        "-",
        "*",
        "(",
        "NEAR(",
        "a AND",
        "title:x",
        "%",
        "\\",
        "\0",
        "a\0b",
        "\ud800",
        "🎉",
        "é" * 50,
        "x" * 200,
    ],
)
async def test_search_text_has_no_syntax(harness: Harness, guest: Backend, text: str) -> None:
    assert await ours(guest, ProductQuery(text=text)) == set()


@pytest.mark.parametrize(
    "query",
    [
        ProductQuery(text="x" * 201),
        ProductQuery(price_min=Decimal(-1)),
        ProductQuery(price_max=Decimal("NaN")),
        ProductQuery(price_max=Decimal("Infinity")),
        ProductQuery(price_max=Decimal(10**12)),
        ProductQuery(price_min=Decimal(2), price_max=Decimal(1)),
    ],
    ids=repr,
)
@any_goods
async def test_a_query_that_makes_no_sense(harness: Harness, guest: Backend, query: ProductQuery) -> None:
    with refused("invalid_value", service="products"):
        await guest.products.list(query, 10)


@pytest.mark.parametrize("limit", [0, -1, 101, 10**20])
@any_goods
async def test_a_limit_out_of_range(harness: Harness, guest: Backend, limit: int) -> None:
    with refused("invalid_value", service="products"):
        await guest.products.list(ProductQuery(), limit)


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


TAMPERED = (
    "",
    "x",
    "garbage!",
    "é",
    "\ud800",
    "A" * 10_000,
    *map(encoded, (None, 1, "title", [], [1, 2], {}, {"a": 1, "b": 2, "c": 3}, ["title", [], "x"], ["title", "x", 1])),
    encoded(["nothing", "x", "y"]),
    encoded(["title", 10**30, "x"]),
    base64.urlsafe_b64encode(b"[" * 100_000).decode(),
)


@pytest.mark.parametrize("cursor", TAMPERED, ids=lambda cursor: ascii(cursor)[:30])
@any_goods
async def test_a_cursor_that_was_tampered_with(harness: Harness, guest: Backend, cursor: str) -> None:
    with refused("invalid_value", service="products"):
        await guest.products.list(ProductQuery(sort=Sort.TITLE), 5, cursor)


async def test_a_cut_cursor_is_not_another_one(harness: Harness, guest: Backend) -> None:
    cursor = (await guest.products.list(ProductQuery(sort=Sort.TITLE), 5)).next_cursor
    assert cursor is not None
    for length in range(len(cursor) - 1):
        with refused("invalid_value"):
            await guest.products.list(ProductQuery(sort=Sort.TITLE), 5, cursor[:length])


async def test_a_cursor_belongs_to_its_sort(harness: Harness, guest: Backend) -> None:
    cursor = (await guest.products.list(ProductQuery(sort=Sort.TITLE), 5)).next_cursor
    with refused("invalid_value", service="products"):
        await guest.products.list(ProductQuery(sort=Sort.PRICE), 5, cursor)


async def test_a_product_by_slug_and_by_id(harness: Harness, guest: Backend) -> None:
    item = await guest.products.get("lens")
    assert await guest.products.get(item.id) == item
    assert (item.title, item.brand, item.category) == (LENS.title, LENS.brand, LENS.category)
    assert [(each.name, each.price, each.in_stock) for each in item.variants] == [
        (each.name, each.price, each.in_stock) for each in LENS.variants
    ]
    assert item in await walk(guest, ProductQuery(), 100)


@pytest.mark.parametrize("ref", ["nothing", "", "camera/standard/x", "\x1b[2J", "x" * 1000])
@any_goods
async def test_an_unknown_product(harness: Harness, guest: Backend, ref: str) -> None:
    with refused("not_found", service="products"):
        await guest.products.get(ref)


@pytest.mark.usefixtures("only_goods")
async def test_categories_by_title_with_their_products(harness: Harness, guest: Backend) -> None:
    assert await guest.products.categories() == (
        Category("cameras", "Cameras", 2),
        Category("lighting", "Lighting", 1),
        Category("prime-lenses", "Prime lenses", 1),
        Category("straps", "Straps", 12),
        Category("tripods", "Tripods", 2),
    )
    for category in await guest.products.categories():
        assert len(await slugs(guest, ProductQuery(category=category.slug))) == category.products


async def test_importing_again_updates_by_slug(harness: Harness, guest: Backend) -> None:
    if harness.admin is None:
        pytest.skip("nobody can import here")
    renamed = replace(TRIPOD, title="Wooden tripod", category="Antiques", description="Old.")
    assert await harness.admin.import_catalog((renamed, TWIN)) == Imported(added=0, updated=1, unchanged=1)
    assert (await guest.products.get("tripod")).title == "Wooden tripod"
    assert await ours(guest, ProductQuery(text="carbon")) == set()
    assert await ours(guest, ProductQuery(text="wooden")) == {"tripod"}
    assert await ours(guest, ProductQuery(category="tripods")) == {TWIN.slug}
    assert await ours(guest, ProductQuery()) == SLUGS


async def test_an_import_is_all_or_nothing(harness: Harness, guest: Backend) -> None:
    if harness.admin is None:
        pytest.skip("nobody can import here")
    with refused("invalid_value", service="products"):
        await harness.admin.import_catalog((replace(CAMERA, title="Changed"), replace(LENS, variants=())))
    assert (await guest.products.get("camera")).title == CAMERA.title
