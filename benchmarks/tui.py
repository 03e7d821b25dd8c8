"""What the full-screen shop costs, beside a bare Textual app that does nothing.

    python3 benchmarks/tui.py [paint load keys gaps terminal]

Needs the `test` extra: the last part runs in a real pseudo-terminal, read by pyte. Goals are those of the table in
benchmarks/README.md.
"""

import asyncio
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from statistics import quantiles

from rounds import load_average, median, ratio, rounds
from terminal import Terminal
from textual.app import App, ComposeResult
from textual.events import Key
from textual.message import Message
from textual.widgets import Input

from backends.models import Fault, FaultKind, Product, Variant
from backends.money import Money
from shopcli.core.shop import Shop, open_shop
from shopcli.demo.serving import served
from shopcli.tui import keep_for_good
from shopcli.tui.app import ShopApp
from shopcli.tui.background import Background
from shopcli.tui.widgets.rows import Column, RowList

ROWS = 100_000
KEYS = 40
_ROUNDS = 9
_KINDS = (None, *(kind for kind in FaultKind if kind is not FaultKind.CRASH))
_MANY = 5_000
"""Products of one import."""

BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("a bare app")
    def on_mount(self):
        self.call_after_refresh(self.exit)
Bare().run()
"""
PAINT = """
from shopcli.core.shop import open_shop
from shopcli.tui.app import ShopApp
from shopcli.tui.background import Background
class Once(ShopApp):
    {when}
Once(Background(open_shop("{url}"))).run()
"""
FRAME = "def _begin(self): self.exit()"
DATA = "def watch_state(self, state): state.shelf.products and self.call_after_refresh(self.exit)"


class Bare(App[None]):
    """A bare app with one line to type into."""

    def compose(self) -> ComposeResult:
        """One line."""
        yield Input()


def main(*parts: str) -> None:
    """Measure these parts, or all."""
    with tempfile.TemporaryDirectory() as place:
        for name, part in PARTS.items():
            if not parts or name in parts:
                print(f"--- {name}")
                part(Path(place) / name)
                print(f"    {load_average()}")


def paint(place: Path) -> None:
    """CPU of the whole process until the first frame is on the screen, until the products are; it leaves then."""
    sides = {
        "bare Textual app": BARE,
        "shop, the frame": PAINT.format(when=FRAME, url="memory:"),
        "shop, with products": PAINT.format(when=DATA, url=f"sqlite:{place / 'shop'}"),
    }
    found = rounds({name: _spent(place, code) for name, code in sides.items()}, _ROUNDS)
    for name, seconds in found.items():
        print(f"{name:24}{median(seconds) * 1000:6.0f} ms CPU   x bare {ratio(seconds, found['bare Textual app'])}")


def _spent(place: Path, code: str) -> Callable[[], float]:
    def measure() -> float:
        with Terminal(place, [sys.executable, "-c", code]) as terminal:
            return terminal.cpu()

    return measure


def load(_: Path) -> None:
    """CPU and memory of giving a list 100,000 rows that are there already."""

    async def loaded(measure: Callable[[], float]) -> float:
        products = _products(ROWS)
        rows: RowList[Product] = RowList(
            Column(lambda product: product.title), Column(lambda product: product.brand, 12)
        )

        class One(Bare):
            def compose(self) -> ComposeResult:
                yield rows

        async with One().run_test(size=(80, 24)) as pilot:
            before = measure()
            rows.show(products)
            await pilot.pause()
            return measure() - before

    spent = median([asyncio.run(loaded(time.process_time)) for _ in range(_ROUNDS)])
    tracemalloc.start()
    memory = asyncio.run(loaded(lambda: tracemalloc.get_traced_memory()[0]))
    tracemalloc.stop()
    print(f"{ROWS:,} rows: {spent * 1000:.1f} ms CPU (goal 20), {memory / 2**20:.2f} MB (goal 5)")


def keys(place: Path) -> None:
    """From a key to its echo and to the filtered list, among 100,000 products; the echo of a bare app beside it."""
    print(f"{'bare echo':36} {_times(asyncio.run(_echoes(Bare())))}")
    place.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:{place / 'shop'}"
    asyncio.run(_filled(open_shop(url)))
    _time_keys("in process", url)
    with served(place) as shop:
        _time_keys("five processes", shop.url)
    print("goals: echo p95 20 ms, filtered list p95 60 ms")


def _time_keys(name: str, url: str) -> None:
    app = ShopApp(Background(open_shop(url)), keep=keep_for_good)

    async def measured() -> tuple[list[float], list[float]]:
        async with app.run_test(size=(100, 30)) as pilot:
            await _until(lambda: app.state.shelf.products)
            await pilot.press("slash")
            echoes, lists = [], []
            for letter in _typed():
                echo, filtered = await _one_key(app, letter)
                echoes.append(echo)
                lists.append(filtered)
        return echoes, lists

    echoes, lists = asyncio.run(measured())
    print(f"{f'echo, {name}':36} {_times(echoes)}")
    print(f"{f'filtered list, {name}':36} {_times(lists)}")


async def _one_key(app: ShopApp, letter: str) -> tuple[float, float]:
    search, began = app.screen.query_one("#search", Input), time.perf_counter()
    echo = await _echo(search, letter)
    await _until(lambda: app.state.shelf.query.text == search.value and not app.state.shelf.loading)
    return echo, time.perf_counter() - began


async def _echoes(app: App[None]) -> list[float]:
    async with app.run_test(size=(100, 30)):
        return [await _echo(app.query_one(Input), letter) for letter in _typed()]


async def _echo(field: Input, letter: str) -> float:
    before, began = field.value, time.perf_counter()
    field.post_message(_key(field, letter))
    await _until(lambda: field.value != before)
    return time.perf_counter() - began


def gaps(place: Path) -> None:
    """The longest time for which the event loop did not turn, with each fault, while a person shops."""
    for kind in _KINDS:
        _print_gap("in process", kind, Shop("memory:", place / "shopper"))
    with served(place) as five:
        Shop(five.url, place / "served").sessions.update(lambda kept: kept.update(owner=five.owner, origin=five.url))
        for kind in _KINDS:
            _print_gap("five processes", kind, Shop(five.url, place / "served"))


def _print_gap(name: str, kind: FaultKind | None, shop: Shop) -> None:
    longest, work = asyncio.run(_longest_gap(kind, shop))
    what = f"{name:16} {kind.value if kind else 'no fault':16}"
    print(f"{what} longest gap {longest * 1000:5.1f} ms, work in one {work * 1000:5.1f} ms (goal 50)")


async def _longest_gap(kind: FaultKind | None, shop: Shop) -> tuple[float, float]:
    """Return the longest time between two turns of the loop, and the most CPU of its thread in one, in seconds."""
    app = ShopApp(Background(shop, timeout=1.0), keep=keep_for_good)
    longest = most = 0.0

    async def watch() -> None:
        nonlocal longest, most
        while True:
            began, worked = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - began - 0.001)
            most = max(most, time.thread_time() - worked)

    await app.background.do(lambda shop: _injected(shop, None))
    async with app.run_test(size=(100, 30)) as pilot:
        await _until(lambda: app.state.shelf.products)
        await app.background.do(lambda shop: _injected(shop, kind))
        watching = asyncio.create_task(watch())
        await pilot.press("slash", *"sigma", "enter", "a", "a", "2", "plus", "1", "s")
        await _until(lambda: not app.state.shelf.loading and not app.is_working("cart-edits"))
        watching.cancel()
    return longest, most


async def _injected(shop: Shop, kind: FaultKind | None) -> None:
    assert shop.backend.admin is not None
    await shop.backend.admin.clear_faults()
    if kind is None:
        return
    for service in ("products", "carts"):
        await shop.backend.admin.inject(Fault(service, kind, seconds=0.5))


def terminal(place: Path) -> None:
    """What is written to a real terminal: at rest, while a service hangs, without colour, and where the cursor is."""
    environment = {"SHOP_DATA_DIR": str(place)}
    with Terminal(place, [sys.executable, "-m", "shopcli", "tui"], environment) as shop:
        shop.sees("in stock")
        shop.rest(1)
        print(f"at rest: {shop.written(5)} bytes in 5 s (goal 0)")
        on_row = 0
        for _ in range(10):
            shop.press("j")
            on_row += shop.cursor_is_on("▸")
        print(f"the terminal's cursor stands on the selected row: {on_row} of 10 moves")
        shop.press("q")
    for theme in (0, 1):
        with Terminal(place, [sys.executable, "-m", "shopcli", "tui"], {**environment, "NO_COLOR": "1"}) as shop:
            shop.sees("in stock")
            shop.press(*["\x14"] * theme, "2", "3", "4", "5", "?", "\x1b", "q")
            print(f"NO_COLOR, theme {theme}: {shop.colour_codes()} codes of a colour (goal 0)")


# --- products and keys -----------------------------------------------------------------------

_WORDS = ("walnut", "desk", "lamp", "tray", "canvas", "sigma", "silver", "oak", "field", "lens", "compact", "travel")


def _products(number: int) -> tuple[Product, ...]:
    count = len(_WORDS)
    return tuple(
        Product(
            str(one),
            f"product-{one}",
            f"{_WORDS[one % count]} {_WORDS[one // count % count]} {one}".title(),
            f"Brand {one % 97}",
            "Things",
            "Made for the benchmark.",
            (_variant(one),),
        )
        for one in range(number)
    )


def _variant(one: int) -> Variant:
    price = Money(Decimal(one % 900 + 1), "EUR")
    return Variant(str(one), f"product-{one}", "standard", f"SKU-{one}", price, in_stock=True, stock=9)


async def _filled(shop: Shop) -> None:
    assert shop.backend.admin is not None
    products = _products(ROWS)
    for start in range(0, len(products), _MANY):
        await shop.backend.admin.import_catalog(products[start : start + _MANY])


def _typed() -> str:
    return "".join(f"{word} " for word in _WORDS)[:KEYS]


def _key(field: Input, letter: str) -> Message:
    return Key("space" if letter == " " else letter, letter).set_sender(field)


async def _until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110  the screen's own turns are what is timed
        await asyncio.sleep(0)


def _times(times: list[float]) -> str:
    return f"p50 {median(times) * 1000:5.1f} ms   p95 {quantiles(times, n=20)[-1] * 1000:5.1f} ms"


PARTS: dict[str, Callable[[Path], None]] = {
    "paint": paint,
    "load": load,
    "keys": keys,
    "gaps": gaps,
    "terminal": terminal,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
