"""A catalog of a million products beside one of ten thousand: how long each kind of reading takes.

    python3 benchmarks/catalog_size.py [LARGE [FOLDER]]     1,000,000 products unless told otherwise: 1.7 GB of disk

Products are generated, the same ones each time. The small catalog is imported by ProductService, the large one written
in bulk, which takes minutes; with FOLDER it stays there and is used again. The rules and the SQL of ProductService
are called directly on SQLite: the wire costs both the same. What is printed is the median of many readings of each,
in turn.
"""

import asyncio
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from pathlib import Path

from rounds import load_average, median, ratio

import stub_services.products.service as products
from backends.models import Page, Product, ProductQuery, Sort, Variant
from backends.money import Money
from stub_services.caller import Caller
from stub_services.database import Store
from stub_services.products.listing_store import Place
from stub_services.products.service import ProductService, slugify
from stub_services.products.store import ProductRows, indexed_texts
from stub_services.sqlite import migrate
from stub_services.sqlite_serving import ServingSqlite

SMALL = 10_000
BATCH = 2_000
BULK = 100_000
ROUNDS = 201
SECONDS = 10.0
"""For the rounds of one reading; at least three are made."""
_MIGRATIONS = Path(products.__file__).parent / "migrations"
_CATEGORIES = tuple(f"Category {number}" for number in range(40))
_SYLLABLES = (
    "ka",
    "lo",
    "mi",
    "ren",
    "sta",
    "tor",
    "vex",
    "zu",
    "bri",
    "dol",
    "fen",
    "gar",
    "hel",
    "nim",
    "pos",
    "qua",
)
_COMMON = ("camera", "lens", "black", "compact", "mount", "zoom")

Reading = Callable[[ProductService], Awaitable[int]]
"""Reads something, asserts that it is right, returns how many products came."""


def product(number: int) -> Product:
    """The product of a number; the words of a catalog are few that are common and many that are rare."""
    chance = random.Random(number)  # noqa: S311  the same each time is what is wanted
    name = "".join(chance.choices(_SYLLABLES, k=4))
    category = _CATEGORIES[number % len(_CATEGORIES)]
    common = " ".join(chance.choices(_COMMON, k=2))
    slug = f"{name}-{number}"
    price = Money.of_minor(chance.randrange(990, 500_000), "EUR")
    variants = tuple(
        Variant(f"{slug}/{kind}", f"{slug}/{kind}", kind, f"SKU{number}-{kind}", price, in_stock=True, stock=5)
        for kind in ("standard", "large")[: 1 + number % 2]
    )
    description = f"A {common} by {name}, made for {' '.join(chance.choices(_SYLLABLES, k=6))}."
    rare = f" needle{number // 20}" if number % 1000 < 20 else ""  # noqa: PLR2004
    return Product(
        slug, slug, f"{name.title()} {common} {number}{rare}", f"Brand {number % 200}", category, description, variants
    )


def write_in_bulk(file: Path, size: int) -> None:
    """Write what importing `size` products would: all in one transaction, indexes last."""
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):
        connection.execute(f"PRAGMA {pragma}")
    migrate(connection, _MIGRATIONS)
    indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql <> ''").fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    connection.execute("BEGIN")
    for first in range(0, size, BULK):
        last = min(first + BULK, size)
        _insert(connection, first + 1, list(map(product, range(first, last))))
        if size > BULK:
            print(f"{last:9,} products written", file=sys.stderr, flush=True)
    connection.execute("INSERT INTO categories SELECT category_slug, count(*) FROM products GROUP BY category_slug")
    connection.execute("COMMIT")
    for _, sql in indexes:
        connection.execute(sql)
    connection.close()


def _insert(connection: sqlite3.Connection, number: int, batch: Sequence[Product]) -> None:
    connection.executemany(
        "INSERT INTO products (id, slug, title, title_key, brand, category, category_slug, description, price_from,"
        " number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                *(each.slug, each.slug, each.title, each.title.casefold(), each.brand, each.category),
                *(slugify(each.category), each.description, min(one.price.minor for one in each.variants), place),
            )
            for place, each in enumerate(batch, number)
        ),
    )
    connection.executemany(
        "INSERT INTO search (rowid, title, brand, category, variants, description) VALUES (?, ?, ?, ?, ?, ?)",
        ((place, *indexed_texts(each)) for place, each in enumerate(batch, number)),
    )
    connection.executemany(
        "INSERT INTO variants (id, product_id, position, name, sku, price, currency, available)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (one.id, each.slug, position, one.name, one.sku, one.price.minor, one.price.currency, one.stock)
            for each in batch
            for position, one in enumerate(each.variants)
        ),
    )


def rows_of(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """All that a catalog's file says."""
    connection = sqlite3.connect(file)
    tables = ("products", "variants", "categories", "search")
    found = {table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall()) for table in tables}  # noqa: S608
    connection.close()
    return found


class Catalog:
    """A catalog of some size."""

    def __init__(self, folder: Path, size: int) -> None:
        self.size = size
        self.file = folder / f"{size}.db"
        self.database = ServingSqlite(self.file, _MIGRATIONS, service="products")
        self.service = ProductService(Store(self.database, ProductRows))

    async def imported(self) -> None:
        """Import everything."""
        for first in range(0, self.size, BATCH):
            last = min(first + BATCH, self.size)
            await self.service.import_catalog(Caller(merchant=True), tuple(map(product, range(first, last))))

    async def written(self) -> None:
        """Write everything in bulk, unless that was done."""
        if not self.file.exists():
            partial = self.file.with_suffix(".partial")
            partial.unlink(missing_ok=True)
            write_in_bulk(partial, self.size)
            partial.rename(self.file)

    async def deep(self, share: float) -> str:
        """A cursor behind this share of the titles."""
        async with self.database.read() as sql:
            row = await sql.one(
                "SELECT number FROM products ORDER BY title_key, slug LIMIT 1 OFFSET ?", int(self.size * share) - 60
            )
        assert row is not None
        return products._encode(Sort.TITLE, Place(row["number"], 0))  # noqa: SLF001

    async def readings(self) -> dict[str, Reading]:
        """What is timed."""
        middle, end = await self.deep(0.5), await self.deep(1.0)
        reference = product(self.size // 2)

        def page(limit: int = 50, cursor: str | None = None, **query: object) -> Reading:
            async def read(service: ProductService) -> int:
                found: Page[Product] = await service.list(ProductQuery(**query), limit, cursor)  # type: ignore[arg-type]
                titles = [each.title.casefold() for each in found.items]
                assert titles
                assert query.get("text") or "sort" in query or titles == sorted(titles)
                return len(titles)

            return read

        async def get(service: ProductService) -> int:
            assert (await service.get(reference.slug)).title == reference.title
            return 1

        return {
            "get": get,
            "page": page(),
            "page in the middle": page(cursor=middle),
            "page at the end": page(cursor=end),
            "page by price": page(sort=Sort.PRICE),
            "category": page(category="Category 7"),
            "category, in stock": page(category="Category 7", in_stock=True),
            "in stock": page(in_stock=True),
            "prices 100 to 110": page(price_min=Decimal(100), price_max=Decimal(110)),
            "prices of 20 products": page(price_min=Decimal(100), price_max=100 + Decimal(10 * SMALL) / self.size),
            "rare word": page(text="needle0"),
            "common word": page(text="camera"),
            "two common words": page(text="camera black"),
            "start of a word": page(text="cam"),
            "common word, category": page(text="camera", category="Category 7"),
            "common word by price": page(text="camera", sort=Sort.PRICE),
            "categories": _categories,
        }


async def _categories(service: ProductService) -> int:
    found = await service.categories()
    assert len(found) == len(_CATEGORIES)
    return len(found)


async def measure(large: int, folder: Path, temporary: Path) -> None:
    """Fill two catalogs, read both in turn, print."""
    small, big = Catalog(temporary / "small", SMALL), Catalog(folder, large)
    for catalog, fill, how in ((small, small.imported, "imported"), (big, big.written, "written")):
        began = time.perf_counter()
        await fill()
        seconds = time.perf_counter() - began
        size = catalog.file.stat().st_size / 1e6
        print(f"{catalog.size:9,} products: {how} in {seconds:.1f} s, {size:.0f} MB", flush=True)
    few, many = await small.readings(), await big.readings()
    for name in few:
        times: tuple[list[float], list[float]] = ([], [])
        began = time.perf_counter()
        for turn in range(ROUNDS):
            if turn > 2 and time.perf_counter() - began > SECONDS:  # noqa: PLR2004  three tell as much
                break
            for catalog, readings, taken in ((small, few, times[0]), (big, many, times[1])):
                start = time.perf_counter()
                await readings[name](catalog.service)
                taken.append(time.perf_counter() - start)
        text = f"{median(times[0]) * 1000:9.2f} ms{median(times[1]) * 1000:10.2f} ms"
        print(f"{name:24}{text}   {ratio(times[1], times[0])}", flush=True)
    for catalog in (small, big):
        await catalog.database.close()
    print(load_average())


async def check(folder: Path) -> None:
    """What is written in bulk is what an import writes."""
    one, other = Catalog(folder, BATCH), folder / "bulk.db"
    await one.imported()
    await one.database.close()
    write_in_bulk(other, BATCH)
    assert rows_of(one.file) == rows_of(other)


def main(large: str = "1000000", kept: str | None = None) -> None:
    """Measure; the catalogs go away unless there is a folder for the large one."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(kept or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(check(Path(temporary) / "check"))
        asyncio.run(measure(int(large), folder, Path(temporary)))


if __name__ == "__main__":
    main(*sys.argv[1:])
