"""A catalog of a million products beside one of ten thousand: how long each kind of reading takes.

    python3 benchmarks/catalog_size.py [LARGE]     1,000,000 products unless told otherwise: 1.3 GB of disk

Products are generated, the same ones each time. The rules and the SQL of ProductService are called directly on
SQLite: the wire costs both the same. What is printed is the median of many readings of each, in turn.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

from rounds import load_average, median, ratio

import stub_services.products.service as products
from backends.models import Page, Product, ProductQuery, Sort, Variant
from backends.money import Money
from stub_services.caller import Caller
from stub_services.database import Store
from stub_services.products.service import ProductService
from stub_services.products.store import Place, ProductRows
from stub_services.sqlite_serving import ServingSqlite

SMALL = 10_000
BATCH = 2_000
ROUNDS = 21
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


class Catalog:
    """A catalog of some size."""

    def __init__(self, folder: Path, size: int) -> None:
        self.size = size
        self.file = folder / f"{size}.db"
        self.database = ServingSqlite(self.file, _MIGRATIONS, service="products")
        self.service = ProductService(Store(self.database, ProductRows))

    async def filled(self) -> float:
        """Import everything; returns how many seconds that took."""
        began = time.perf_counter()
        for first in range(0, self.size, BATCH):
            last = min(first + BATCH, self.size)
            await self.service.import_catalog(Caller(merchant=True), tuple(map(product, range(first, last))))
        return time.perf_counter() - began

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


async def measure(large: int) -> None:
    """Fill two catalogs, read both in turn, print."""
    with tempfile.TemporaryDirectory() as folder:
        catalogs = [Catalog(Path(folder), size) for size in (SMALL, large)]
        for catalog in catalogs:
            seconds = await catalog.filled()
            size = catalog.file.stat().st_size / 1e6
            print(f"{catalog.size:9,} products: imported in {seconds:.1f} s, {size:.0f} MB", flush=True)
        small, big = catalogs
        few, many = await small.readings(), await big.readings()
        for name in few:
            times: tuple[list[float], list[float]] = ([], [])
            for _ in range(ROUNDS):
                for catalog, readings, taken in ((small, few, times[0]), (big, many, times[1])):
                    began = time.perf_counter()
                    await readings[name](catalog.service)
                    taken.append(time.perf_counter() - began)
                    if len(taken) > 2 and sum(taken) > 20:  # noqa: PLR2004  hopeless: three readings tell as much
                        break
            pairs = min(map(len, times))
            text = f"{median(times[0]) * 1000:9.2f} ms{median(times[1]) * 1000:10.2f} ms"
            print(f"{name:24}{text}   {ratio(times[1][:pairs], times[0][:pairs])}", flush=True)
        for catalog in catalogs:
            await catalog.database.close()
    print(load_average())


if __name__ == "__main__":
    asyncio.run(measure(*map(int, sys.argv[1:] or ["1000000"])))
