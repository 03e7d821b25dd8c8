"""Hostile text on every screen, at every size: it is shown and never obeyed."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.events import Paste
from textual.screen import ModalScreen
from textual.widgets import Input

from backends.errors import Unavailable
from backends.models import Address, Notice, Order, Product, ServiceHealth, Variant
from backends.money import Money
from shopcli.core.shop import Shop, open_shop
from shopcli.tui.state import Opened
from tests.campaign import SCREENS, thinned
from tests.cli.hostile import STORABLE, TEXTS, acting
from tests.tui_checkout import orders
from tests.tui_driver import Screenful, screenful
from tests.tui_journey import PASSWORD
from tests.tui_keys import send
from tests.tui_terminal import SEQUENCE, Tui, sequences

Texts = dict[str, str]
House = Callable[[Texts], Path]

SIZES = [(1, 1), (10, 3), (20, 5), (40, 10), (60, 16), (80, 24), (120, 40), (300, 100)]
AT_ONCE = 8
"""So many texts a shop, each of them a product in the cart and in an order."""
NAMES = list(STORABLE)
GROUPS = [NAMES[start : start + AT_ONCE] for start in range(0, len(NAMES), AT_ONCE)]
PLAIN = {f"plain-{number}": f"plain text {number}" for number in range(AT_ONCE)}
TOUR = [
    *(
        "1",
        *["j"] * AT_ONCE,
        "g",
        "v",
        "enter",
        "j",
        "escape",
        "f",
        "j",
        "enter",
        "f",
        "escape",
        "slash",
        "x",
        "escape",
    ),
    *("2", *["j"] * AT_ONCE, "plus", "minus", "u", "enter", "escape", "3", "enter", "j", "x", "n", "escape"),
    *("4", "enter", "escape", "x", "n", "5", "j", "question_mark", "j", "escape", "ctrl+p", "escape"),
    *("C", "enter", "enter", "enter", "tab", "j", "escape", "escape", "escape", "escape", "1"),
]

# Our own services clean what they read. Others may not, and 100 kB of a title are 100 kB.
CARELESS = """
from importlib import import_module
for name in ("products.store", "products.stock_store", "users.store", "orders.store", "payments.store"):
    module = import_module(f"stub_services.{name}")
    for word in {"clean", "shorten"} & vars(module).keys():
        patch(module, word, lambda text, *_, **__: text)
"""
PROGRAM = f"""
patch = setattr
{CARELESS}
import sys
from shopcli.cli.main import main
sys.argv = ["shop", *sys.argv[1:]]
main()
"""

# What Textual writes when it starts, draws and ends, and nothing else but colours and moves of the cursor.
ALLOWED = {
    *(
        f"\x1b[?{mode}{switch}".encode()
        for mode in (7, 25, 1000, 1003, 1004, 1006, 1015, 1049, 2004)
        for switch in "hl"
    ),
    b"\x1b[?2026$p",  # does it know synchronised output?
    b"\x1b[?2048$p",  # does it tell when it is resized?
    b"\x1b[>25u",  # kitty's keys on ...
    b"\x1b[<u",  # ... and off
    *(f"\x1b]22;{shape}\x07".encode() for shape in ("default", "text", "pointer")),
}


def hostile_product(number: int, text: str) -> Product:
    slug = f"t{number:03}"
    variants = tuple(
        Variant(f"{slug}/{name}", f"{slug}/{name}", name, name, Money(Decimal("10.00"), "EUR"), True, 50)
        for name in ("one", "two")
    )
    return Product(slug, slug, f"T {text}", f"B {text}", f"C {text}", f"D {text}", variants)


async def fill(shop: Shop, texts: Texts) -> None:
    """Ada and her address; each text in the cart and in an order."""
    backend = shop.backend
    assert backend.admin is not None
    await backend.users.signup("Ada", "ada@example.org", PASSWORD)
    await backend.users.login("ada@example.org", PASSWORD)
    shop.remember("ada@example.org")
    await backend.users.save_address(Address("home", "Ada", "Road 1", "Berlin", "10115", "DE", "Back"))
    await backend.admin.import_catalog(tuple(hostile_product(*each) for each in enumerate(texts.values())))


async def buy(shop: Shop, texts: Texts) -> None:
    for has_ordered in (False, True):
        for number in range(len(texts)):
            await shop.backend.carts.add(f"t{number:03}/one", 1)
        if not has_ordered:
            cart = await shop.checkout.prepare()
            await shop.checkout.pay(await shop.checkout.place(shop.checkout.attempt(cart)), "tok_visa")


def write_everywhere(directory: Path, texts: Texts) -> None:
    """Put the texts where no import would: past its checks, into every column that is text."""
    with closing(sqlite3.connect(directory / "products.db")) as database, database:
        database.execute("DELETE FROM variants WHERE product_id NOT LIKE 't0__'")
        database.execute("DELETE FROM products WHERE id NOT LIKE 't0__'")
        for number, text in enumerate(texts.values()):
            slug = f"t{number:03}"
            database.execute(
                "UPDATE products SET slug = ?, title = ?, brand = ?, category = ?, description = ? WHERE id = ?",
                (f"{text}{slug}", text, text, text, text, slug),
            )
            for variant in ("one", "two"):
                database.execute(
                    "UPDATE variants SET name = ?, sku = ? WHERE id = ?",
                    (f"{text}{variant}", text, f"{slug}/{variant}"),
                )
    everything = "".join(text for text in texts.values() if len(text) < 200)
    with closing(sqlite3.connect(directory / "users.db")) as database, database:
        database.execute("UPDATE users SET name = ?", (everything,))
        for field in ("name", "line1", "line2", "city"):
            database.execute("UPDATE addresses SET address = json_set(address, ?, ?)", (f"$.{field}", everything[:150]))


@pytest.fixture(autouse=True)
def careless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop that hands on what somebody wrote into it."""
    exec(CARELESS, {"patch": monkeypatch.setattr})  # noqa: S102  in the process on the terminal too


@pytest.fixture
def house(own_home: Path) -> House:
    """A shop full of texts; the fixture returns the function that makes it."""

    def furnished(texts: Texts) -> Path:
        async def with_shop(*actions: Callable[[Shop, Texts], object]) -> None:
            shop = open_shop()
            try:
                for action in actions:
                    await action(shop, texts)  # type: ignore[misc]  # a coroutine
            finally:
                await shop.aclose()

        asyncio.run(with_shop(fill))
        write_everywhere(own_home / "data" / "local", texts)
        asyncio.run(with_shop(buy))
        return own_home / "data"

    return furnished


def lines(shop: Screenful) -> list[str]:
    """Return the grid's lines with all their spaces."""
    strips = shop.app.screen._compositor.render_strips()  # noqa: SLF001  as the driver does
    return ["".join(segment.text for segment in strip) for strip in strips]


_JOINING = set("\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-16}\N{COMBINING ENCLOSING KEYCAP}")


def check_grid(shop: Screenful, after: str) -> None:
    """Nothing acts, and each row is as wide as the screen: columns stay where they are."""
    width, _ = shop.app.size
    seen = lines(shop)
    if isinstance(shop.app.screen, ModalScreen):  # Textual cuts what is behind it through the middle of a joined emoji
        seen = [line for line in seen if not _JOINING & set(line)]
    assert acting("\n".join(seen)) == set(), after
    assert {cell_len(line) for line in seen} <= {width}, (after, [line for line in seen if cell_len(line) != width])


async def tour(shop: Screenful, check: Callable[[Screenful, str], None]) -> None:
    for place, key in enumerate(TOUR):
        send(shop, key)
        await shop.pilot.pause()
        await shop.until(lambda: not shop.app._keystrokes.under_way)  # noqa: SLF001
        await shop.until(lambda: all(worker.is_finished for worker in shop.app.workers if worker.group != "write"))
        check(shop, " ".join(TOUR[: place + 1]))


# --- by the grid ---------------------------------------------------------------------------------


def test_all_texts_are_met() -> None:
    assert sorted(name for group in GROUPS for name in group) == sorted(STORABLE)
    assert len(STORABLE) > 60


def toured(data: Path, check: Callable[[Screenful, str], None], size: tuple[int, int] = (80, 24)) -> None:
    async def look() -> None:
        async with screenful(f"sqlite:{data / 'local'}", size) as shop:
            await shop.until(lambda: shop.app.state.basket.cart and shop.app.state.account.known)
            await tour(shop, check)

    asyncio.run(look())


@pytest.mark.parametrize("number", thinned(range(len(GROUPS)), 1, SCREENS))
def test_on_no_screen_anything_acts(house: House, number: int) -> None:
    toured(house({name: STORABLE[name] for name in GROUPS[number]}), check_grid)


async def calm(shop: Screenful) -> None:
    await shop.pilot.pause()
    await shop.until(lambda: all(worker.is_finished for worker in shop.app.workers))


def put_everywhere(shop: Screenful, text: str, bought: Order) -> None:
    """Let the shop say a text wherever it says something: errors, notices, reasons, what was done, how services are."""
    state, app = shop.app.state, shop.app
    error = Unavailable(text, service="carts", hint=f"shop cart show {text}")
    cart, address = state.basket.cart, Address(text[:200], *[text[:200]] * 8)
    assert cart is not None
    hostile_cart = replace(cart, address=address, notices=(Notice("price_changed", text),))
    order = replace(bought, number=text, message=text, address=address)
    payments = (
        tuple(replace(one, method=text, message=text, action_url=text) for one in state.opened.payments)
        if state.opened
        else ()
    )
    app.put(
        shelf=replace(state.shelf, error=error, query=replace(state.shelf.query, category=text)),
        basket=replace(state.basket, cart=hostile_cart, error=error),
        account=replace(state.account, addresses=(address,), said=text, backend=text, refusal=error),
        orders=replace(state.orders, orders=(order,), said=(text,), error=error),
        opened=state.opened and Opened(order, payments, datetime.now(UTC), error=error),
        checkout=replace(state.checkout, cart=hostile_cart, addresses=(address,), said=(text,), error=error),
        health=replace(
            state.health,
            services=(ServiceHealth(text, text, text, text),),
            said=text,
            error=error,
        ),
    )


@pytest.mark.parametrize("name", thinned(NAMES, 4, SCREENS))
async def test_what_a_shop_says_never_acts(name: str) -> None:
    text = STORABLE[name]
    async with screenful() as shop:
        await shop.do(lambda client: fill(client, PLAIN))
        await shop.do(lambda client: buy(client, PLAIN))
        shop.app.cart.load()
        shop.app.account.load()
        (order,) = await orders(shop)
        for keys in (("1",), ("f",), ("2",), ("3",), ("3", "enter"), ("4",), ("4", "enter"), ("5",), ("C",)):
            send(shop, "escape", "escape", *keys)
            await shop.pilot.pause()
            await shop.until(lambda: not shop.app._keystrokes.under_way)  # noqa: SLF001
            put_everywhere(shop, text, order)
            await shop.pilot.pause()
            check_grid(shop, " ".join(keys))
        send(shop, "escape", "escape", "1")
        await calm(shop)
        shop.app.paying._tell(Unavailable(f"paying: {text}", service="payments"))  # noqa: SLF001  when the person has left
        await shop.sees("paying")
        check_grid(shop, "a message")
        shop.app.checkout.write_address(Address(*[text[:200]] * 9), text)
        await calm(shop)
        check_grid(shop, "a form")


@pytest.mark.parametrize("name", thinned(list(TEXTS), 6, SCREENS))
async def test_what_a_person_pastes_never_acts(name: str) -> None:
    async with screenful() as shop:
        for keys in (("slash",), ("escape", "4"), ("f3",), ("escape", "1", "f", "tab")):
            send(shop, *keys)
            await calm(shop)
            assert isinstance(shop.app.focused, Input), keys
            shop.app.post_message(Paste(TEXTS[name]))
            await calm(shop)
            check_grid(shop, " ".join(keys))


def test_what_is_long_or_wide_keeps_its_columns(house: House) -> None:
    """One row, one line: what follows a column starts where it starts in every other row."""
    names = ["very-long", "long-word", "marks", "cjk", "rtl", "emoji", "half-and-full-width", "joiners"]
    data = house({name: STORABLE[name] for name in names})

    async def look() -> None:
        async with screenful(f"sqlite:{data / 'local'}", (100, 24)) as shop:
            for tab, price in (("1", "10.00 EUR"), ("2", "10.00 EUR")):
                send(shop, tab)
                await calm(shop)
                rows = [line for line in lines(shop) if price in line]
                assert len(rows) >= len(names)
                assert len({cell_len(line[: line.index(price)]) for line in rows[: len(names)]}) == 1, rows

    asyncio.run(look())


# --- sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", thinned(SIZES, 1, SCREENS), ids=str)
def test_it_opens_and_is_walked_through_at_any_size(house: House, size: tuple[int, int]) -> None:
    toured(house(PLAIN), check_grid, size)


@SCREENS
@pytest.mark.timeout(180)
async def test_any_screen_takes_any_size() -> None:
    async with screenful() as shop:
        await shop.do(lambda client: fill(client, PLAIN))
        await shop.do(lambda client: buy(client, PLAIN))
        shop.app.cart.load()
        shop.app.account.load()
        for keys in (
            *(("1",), ("enter",), ("escape", "f"), ("escape", "slash"), ("escape", "2"), ("3",), ("enter",), ("x",)),
            *(("escape", "4"), ("enter",), ("escape", "n"), ("escape", "5"), ("question_mark",), ("escape", "ctrl+p")),
            *(("escape", "C"), ("enter",), ("enter",), ("down", "down", "down", "down", "enter"), ("escape", "enter")),
        ):
            send(shop, *keys)
            await calm_but_for_questions(shop)
            for size in ((1, 1), (300, 100), (10, 3), (60, 16), (80, 24)):
                await shop.pilot.resize_terminal(*size)
                await shop.until(partial(is_drawn, shop, size))
                check_grid(shop, f"{keys} at {size}")
        assert shop.app.failure is None


def is_drawn(shop: Screenful, size: tuple[int, int]) -> bool:
    seen = lines(shop)
    return len(seen) == size[1] and cell_len(seen[0]) == size[0]


async def calm_but_for_questions(shop: Screenful) -> None:
    await shop.pilot.pause()
    await shop.until(lambda: not shop.app._keystrokes.under_way)  # noqa: SLF001
    await shop.until(lambda: all(worker.is_finished for worker in shop.app.workers if worker.group != "write"))


# --- in a real terminal --------------------------------------------------------------------------


def written(data: Path) -> bytes:
    """Walk through all screens in a terminal; return every byte that it got."""
    tui = Tui(data, "tui", program=PROGRAM)
    try:
        tui.sees("▸", "●5/5 up")
        for key in TOUR:
            tui.press(key)
            tui.calm(0.08)
        tui.child.send("\x03")
        assert tui.finish() == 0
    finally:
        tui.close()
    return tui.written


@pytest.fixture(scope="session")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[bytes]]:
    return {}


@pytest.mark.parametrize("number", thinned(range(len(GROUPS)), 1, SCREENS))
def test_a_terminal_gets_what_it_gets_for_a_clean_catalog(
    house: House, harmless: dict[str, set[bytes]], number: int, own_home: Path
) -> None:
    if not harmless:
        harmless["plain"] = sequences(written(house(PLAIN)))
        for file in (own_home / "data").rglob("*"):
            if file.is_file():
                file.unlink()
    assert harmless["plain"] <= ALLOWED
    got = written(house({name: STORABLE[name] for name in GROUPS[number]}))

    assert sequences(got) == harmless["plain"]
    assert acting(without_sequences(got)) == set()


def without_sequences(got: bytes) -> str:
    return SEQUENCE.sub(b"", got).decode().replace("\r\n", "\n")
