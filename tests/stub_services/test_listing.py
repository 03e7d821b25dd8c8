"""Lists beyond what is ranked, counted and gathered, with limits of a few products: nothing is lost or comes twice."""

import asyncio
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from itertools import product as combinations
from pathlib import Path

import pytest

from backends import Category, Money, Product, ProductQuery, Sort, Variant
from backends.errors import InvalidValue
from stub_services.database import Database, Store, versions
from stub_services.products import service as products
from stub_services.products.listing_store import Limits
from stub_services.products.service import ProductService, slugify
from stub_services.products.store import ProductRows
from stub_services.sqlite import SqliteDatabase, migrate
from tests.conftest import VirtualClock, countable_ids
from tests.postgres import PostgresShop
from tests.stub_services.conftest import OWNER

pytestmark = pytest.mark.usefixtures("runner")

MIGRATIONS = Path(products.__file__).parent / "migrations"
FEW = Limits(ranked=5, counted=4, gathered=9)
WORDS = ("camera", "cameras", "camcorder", "photographic", "photographical", "strap")
TEXTS = ("", "camera", "cam", "c", "photographic", "camera strap", "unheard")
CATEGORIES = (None, "Large", "Small")
PRICES = ((None, None), (Decimal(2), Decimal(3)), (Decimal(1), None))


def goods() -> tuple[Product, ...]:
    """Forty products; many share a title, a price, or all their words."""
    return tuple(map(_good, range(40)))


def _good(number: int) -> Product:
    chance = random.Random(number)  # noqa: S311  the same each time is what is wanted
    slug = f"good-{chance.randrange(1000)}-{number}"
    title = " ".join(chance.choices(WORDS, k=2))
    variants = tuple(
        Variant(
            "", "", name, "", Money(Decimal(chance.randrange(1, 6)), "EUR"), in_stock=True, stock=chance.randrange(2)
        )
        for name in ("one", "two")[: chance.randrange(1, 3)]
    )
    category = "Small" if number % 10 == 0 else "Large"
    return Product(slug, slug, title, "Acme", category, chance.choice(WORDS), variants)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, runner: asyncio.Runner, virtual_clock: VirtualClock) -> Iterator[Database]:
    if request.param == "sqlite":
        file = SqliteDatabase(None, MIGRATIONS, service="products")
        yield file
        runner.run(file.close())
        return
    shop = PostgresShop(None, clock=virtual_clock, ids=countable_ids())
    shop.empty()
    yield shop.databases["products"]
    runner.run(shop.close())


def catalog(database: Database, limits: Limits = FEW) -> ProductService:
    return ProductService(Store(database, partial(ProductRows, limits=limits)))


async def walk(service: ProductService, query: ProductQuery, limit: int = 7) -> tuple[list[Product], int | None]:
    """All pages, and what the first one says there are."""
    page = await service.list(query, limit, None)
    total, found = page.total, list(page.items)
    while page.next_cursor is not None:
        assert len(page.items) == limit
        page = await service.list(query, limit, page.next_cursor)
        found += page.items
    return found, total


def is_meant(product: Product, query: ProductQuery) -> bool:
    """What a query means, without a database."""
    words = f"{product.title} {product.description}".split()
    least, most = query.price_min or 0, query.price_max or 10
    return (
        all(any(word.startswith(asked) for word in words) for asked in query.text.split())
        and query.category in (None, product.category)
        and any(
            least <= each.price.amount <= most and (bool(each.stock) or not query.in_stock) for each in product.variants
        )
    )


def cheapest(product: Product) -> Decimal:
    return min(each.price.amount for each in product.variants)


@pytest.mark.parametrize("limits", [FEW, Limits()], ids=["few", "many"])
@pytest.mark.parametrize("text", TEXTS)
async def test_a_walk_meets_what_is_meant_once_and_in_order(database: Database, text: str, limits: Limits) -> None:
    service = catalog(database, limits)
    await service.import_catalog(OWNER, goods())
    for category, (least, most), in_stock, sort in combinations(CATEGORIES, PRICES, (False, True), Sort):
        query = ProductQuery(text, category, least, most, in_stock, sort)
        found, total = await walk(service, query)
        slugs = [each.slug for each in found]
        meant = {each.slug for each in goods() if is_meant(each, query)}
        assert len(slugs) == len(meant), query
        assert set(slugs) == meant, query
        assert total in (None, len(meant)), query
        if sort in (Sort.PRICE, Sort.PRICE_DESC):
            found.sort(key=cheapest, reverse=sort is Sort.PRICE_DESC)  # equal ones stay as they are
        elif sort is Sort.TITLE or not text:
            found.sort(key=lambda each: (each.title, each.slug))
        assert slugs == [each.slug for each in found], query


async def test_common_words_are_listed_newest_first_and_not_counted(database: Database) -> None:
    service = catalog(database)
    await service.import_catalog(OWNER, goods())
    for category in (None, "large", "small"):
        query = ProductQuery("camera", category)
        found, total = await walk(service, query, 3)
        meant = [
            each.slug for each in goods() if is_meant(each, replace(query, category=category and category.title()))
        ]
        assert [each.slug for each in found] == meant[::-1]
        assert total is None


async def test_rare_words_are_ranked_and_counted(database: Database) -> None:
    service = catalog(database)
    in_title, in_description = (replace(_good(n), title="Strap", description="For you") for n in (1, 2))
    in_title = replace(in_title, title="A tripod")
    in_description = replace(in_description, description="For a tripod")
    await service.import_catalog(OWNER, (*goods()[3:], in_title, in_description))
    assert await walk(service, ProductQuery("tripod")) == (
        [await service.get(in_title.slug), await service.get(in_description.slug)],
        2,
    )


async def test_a_list_goes_on_in_the_order_it_began_with(database: Database) -> None:
    service = catalog(database)
    tripods = [replace(each, title="A tripod") for each in goods()]
    await service.import_catalog(OWNER, tuple(tripods[:30]))
    page = await service.list(ProductQuery("tripod"), 2, None)
    slugs = [each.slug for each in page.items]
    await service.import_catalog(OWNER, (*goods()[:28], *tripods[30:32]))  # 4 are left, which would be ranked
    assert (await service.list(ProductQuery("tripod"), 2, None)).total == 4
    while page.next_cursor is not None:
        page = await service.list(ProductQuery("tripod"), 2, page.next_cursor)
        slugs += [each.slug for each in page.items]
    assert slugs == [tripods[29].slug, tripods[28].slug]


async def test_a_cursor_of_common_words_belongs_to_no_other_order(database: Database) -> None:
    service = catalog(database)
    await service.import_catalog(OWNER, goods())
    cursor = (await service.list(ProductQuery("camera"), 2, None)).next_cursor
    with pytest.raises(InvalidValue, match="cursor"):
        await service.list(ProductQuery("camera", sort=Sort.PRICE), 2, cursor)


async def test_categories_count_what_moves_between_them(database: Database) -> None:
    service = catalog(database)
    await service.import_catalog(OWNER, goods())
    await service.import_catalog(OWNER, goods())
    assert await service.categories() == (Category("large", "Large", 36), Category("small", "Small", 4))
    moved = tuple(replace(each, category="Large") for each in goods() if each.category == "Small")
    await service.import_catalog(OWNER, moved)
    assert await service.categories() == (Category("large", "Large", 40),)
    assert (await service.list(ProductQuery(category="small"), 5, None)).total == 0
    assert (await service.list(ProductQuery(), 5, None)).total == 40


def test_a_catalog_of_an_older_shop_is_found_and_counted(tmp_path: Path, runner: asyncio.Runner) -> None:
    old = tmp_path / "old"
    old.mkdir()
    for scripts in versions(MIGRATIONS, "sqlite")[:2]:
        for script in scripts:
            (old / script.name).write_bytes(script.read_bytes())
    file = tmp_path / "products.db"
    item = goods()[0]
    with sqlite3.connect(file, isolation_level=None) as connection:
        migrate(connection, old)
        connection.execute(
            "INSERT INTO products VALUES (?, ?, ?, ?, 'Acme', ?, ?, '', 1, 1)",
            (item.slug, item.slug, item.title, item.title, item.category, slugify(item.category)),
        )
        connection.execute("INSERT INTO search (rowid, title) VALUES (1, ?)", (item.title,))
    connection.close()
    database = SqliteDatabase(file, MIGRATIONS, service="products")
    service = catalog(database)

    async def read() -> tuple[list[str], tuple[Category, ...]]:
        found, _ = await walk(service, ProductQuery(item.title.split()[0][:9]))
        return [each.slug for each in found], await service.categories()

    assert runner.run(read()) == ([item.slug], (Category("small", "Small", 1),))
    runner.run(database.close())
