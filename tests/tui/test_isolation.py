"""The isolation promise on the screen: 5 services, 8 failures, 12 things to do; then the gateway.

Whatever fails, nothing crashes; what the person did is told with the service, what still works and a key or a command;
afterwards F5 brings everything back; and what was confirmed is charged at most once.
"""

import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from backends.errors import ShopError
from backends.http.backend import HttpBackend
from backends.http.calls import Outside
from backends.models import Fault, FaultKind, OrderStatus, PaymentStatus
from backends.registry import random_ids, system_clock
from shopcli.core.isolation import NAMES, still_works
from shopcli.core.shop import Shop
from shopcli.tui.flows import paying
from shopcli.tui.screens.checkout import CheckoutScreen
from shopcli.tui.screens.help import HelpScreen
from shopcli.tui.screens.product import ProductScreen
from shopcli.tui.state import Step
from shopcli.tui.widgets.rows import RowList
from shopcli.tui.words import remedy
from tests.campaign import SCREENS, thinned
from tests.served import Served
from tests.tui_checkout import HOME, LENS, WORK, filled, orders, payments, signed_in
from tests.tui_driver import Screenful, screenful
from tests.tui_keys import send

SERVICES = ("users", "products", "carts", "orders", "payments")
KINDS = tuple(kind for kind in FaultKind if kind is not FaultKind.CRASH)
DEADLINE = 0.6
CALM = {FaultKind.LATENCY: 0.005}
"""Seconds; longer than nothing, shorter than anybody's patience."""
PASSWORD = "correct horse battery"

Does = Callable[[Screenful], Awaitable[None]]
Shows = Callable[[Screenful], object]


@dataclass(frozen=True)
class Way:
    """Something to do on a screen."""

    prepare: Does
    act: Does
    asks: tuple[str, ...]
    """Without these services it cannot be done, and the person hears of it."""
    whole: Shows
    """Whether it is done, or the page is back."""
    again: Does | None = None
    """What the person does once all is well again; by default F5."""


async def calm(shop: Screenful) -> None:
    """Wait until all keys are looked at and nothing is asked any more."""
    await shop.pilot.pause()
    await shop.until(lambda: not shop.app._keystrokes.under_way)  # noqa: SLF001
    await shop.until(lambda: all(worker.is_finished for worker in shop.app.workers))


async def nothing(shop: Screenful) -> None:
    await calm(shop)


def pressing(*keys: str) -> Does:
    async def press(shop: Screenful) -> None:
        send(shop, *keys)
        await calm(shop)

    return press


async def in_cart(shop: Screenful) -> None:
    send(shop, "2")
    await shop.sees("▸ Canon EF 50mm", "1 ×")


async def with_an_order(shop: Screenful) -> None:
    async def place(client: Shop) -> None:
        cart = await client.checkout.prepare()
        await client.checkout.pay(await client.checkout.place(client.checkout.attempt(cart)), "tok_visa")

    await shop.do(place)
    send(shop, "3")
    await shop.sees("▸ 1", "✓ paid")


async def at_an_order(shop: Screenful) -> None:
    await with_an_order(shop)
    send(shop, "enter")
    await shop.sees("✓ settled")


async def through_the_checkout(shop: Screenful) -> None:
    """Go on as long as something can be chosen; at the end press enter on the button twice."""
    if not isinstance(shop.app.screen, CheckoutScreen):
        send(shop, "C")
        await calm(shop)
    for _ in range(3):
        if shop.app.state.checkout.step in (Step.ADDRESS, Step.DELIVERY, Step.PAYMENT):
            send(shop, "enter")
            await calm(shop)
    await confirm(shop)


async def at_review(shop: Screenful) -> None:
    for keys in ("C", "enter", "enter", "enter"):
        send(shop, keys)
        await calm(shop)
    assert shop.app.state.checkout.step is Step.REVIEW


async def confirm(shop: Screenful) -> None:
    if shop.app.state.checkout.step is Step.REVIEW:
        send(shop, "tab", "enter", "enter")
        await calm(shop)


async def pays(shop: Screenful) -> None:
    """Do what the screen says until the order is paid."""
    for _ in range(8):
        checkout = shop.app.state.checkout
        if paid(shop):
            return
        if checkout.step is Step.RECEIPT and checkout.open_id is None and checkout.order is not None:
            send(shop, "p")
        elif checkout.step is Step.REVIEW:
            await confirm(shop)
        elif checkout.step is Step.RECEIPT or checkout.error is not None:
            send(shop, "f5")
        else:
            send(shop, "enter")
        await calm(shop)


async def at_sign_in(shop: Screenful) -> None:
    await shop.do(lambda client: client.backend.users.logout())
    shop.app.account.load()
    send(shop, "4")
    await shop.sees("nobody is signed in", "Sign in")


async def signs_in(shop: Screenful) -> None:
    await calm(shop)
    written = [field.value for field in shop.app.screen.query("#email Input").results()]  # type: ignore[attr-defined]
    send(shop, *([] if written[0] else [*"ada", "at", *"example", "full_stop", *"com", "enter"]))
    send(shop, *(letter if letter != " " else "space" for letter in PASSWORD), "enter")
    await calm(shop)


def loaded(shop: Screenful) -> object:
    return shop.app.state.shelf.error is None and shop.app.state.shelf.products and "▸" in shop.grid()


def paid(shop: Screenful) -> bool:
    checkout = shop.app.state.checkout
    is_paid = checkout.order is not None and checkout.order.status is OrderStatus.PAID
    return is_paid and checkout.step is Step.RECEIPT and checkout.error is None and "✓ paid" in shop.grid()


def in_the_cart(pieces: int) -> Shows:
    def are(shop: Screenful) -> bool:
        basket = shop.app.state.basket
        return basket.error is None and basket.is_settled and 1 <= basket.pieces <= pieces

    return are


WAYS = {
    "browse": Way(nothing, pressing("f5"), ("products",), loaded),
    "search": Way(nothing, pressing("slash", *"canon", "enter"), ("products",), loaded),
    "product": Way(
        in_cart,
        pressing("enter"),
        ("products",),
        lambda shop: isinstance(shop.app.screen, ProductScreen),
        pressing("f5", "enter"),
    ),
    "add": Way(nothing, pressing("a"), ("carts",), in_the_cart(2)),
    "edit": Way(in_cart, pressing("plus", "plus"), ("carts",), in_the_cart(3)),
    "checkout": Way(nothing, through_the_checkout, ("carts", "orders"), paid, pays),
    "confirm": Way(at_review, confirm, ("orders",), paid, pays),
    "orders": Way(with_an_order, pressing("f5"), ("orders",), lambda shop: "▸ 1" in shop.grid()),
    "order": Way(at_an_order, pressing("f5"), ("orders", "payments"), lambda shop: "✓ settled" in shop.grid()),
    "account": Way(pressing("4"), pressing("f5"), ("users",), lambda shop: "▸ default  home" in shop.grid()),
    "sign in": Way(at_sign_in, signs_in, ("users",), lambda shop: "▸ default  home" in shop.grid(), signs_in),
    "health": Way(pressing("5"), pressing("f5", "j"), (), lambda shop: shop.grid().count("● up") == len(SERVICES)),
}
CELLS = [
    pytest.param(
        kind,
        service,
        way,
        id=f"{service}-{kind}-{way}".replace(" ", "_"),
        # Every twentieth in the daily run, which meets each service, failure and thing to do.
        marks=[SCREENS] if (number + number // 60) % 20 else [],
    )
    for number, (kind, service, way) in enumerate(product(KINDS, SERVICES, WAYS))
]


def test_there_are_480_cells_and_a_day_meets_everything() -> None:
    daily = [cell.values for cell in CELLS if not cell.marks]

    assert len(CELLS) == 480
    assert [{cell[place] for cell in daily} for place in range(3)] == [set(KINDS), set(SERVICES), set(WAYS)]


def trouble(shop: Screenful) -> ShopError | None:
    """Return what the screen says is wrong: in the line at the bottom, or in the form."""
    account = shop.app.state.account
    if shop.app.tab == "account" and account.is_signed_out and account.refusal is not None:
        return account.refusal
    return shop.app._top.trouble(shop.app.state)[0]  # noqa: SLF001  what the status line is made from


def told(shop: Screenful) -> str:
    """Return what the screen says, without the breaks of its lines."""
    return " ".join(re.sub(r"[▏│╭╰─]", " ", shop.grid()).split())


async def check_told(shop: Screenful, error: ShopError) -> None:
    """Check that the screen names the service, what still works, and a key or a command."""
    if error.service is None:
        assert any(service in error.message for service in SERVICES), error.message  # what the shop itself waits for
        named = error.message
    else:
        named = error.service if error.service in error.message else NAMES[error.service]
    key = "" if error is shop.app.state.account.refusal else remedy(error, "F5")
    assert key or shop.app.state.account.refusal, error.message
    words = (named, still_works(error) or "", key)

    def says_all() -> bool:
        seen = told(shop)
        return all(each in seen for each in words)

    await shop.until(says_all)


async def check_charges(shop: Screenful) -> None:
    """No order is charged twice, and no checkout is ordered twice."""
    placed = [order for order in await orders(shop) if order.status is not OrderStatus.REJECTED]
    assert len(placed) <= 1
    assert [payment.status for payment in await payments(shop)].count(PaymentStatus.SETTLED) <= 1


async def strike(shop: Screenful, fault: Fault) -> None:
    async def struck(client: Shop) -> None:
        assert client.backend.admin is not None
        await client.backend.admin.inject(fault)

    await shop.do(struck)


async def heal(shop: Screenful, service: str) -> None:
    async def healed(client: Shop) -> None:
        assert client.backend.admin is not None
        await client.backend.admin.clear_faults(service)

    await shop.do(healed)


@pytest.mark.parametrize(("kind", "service", "way"), CELLS)
async def test_a_cell(monkeypatch: pytest.MonkeyPatch, kind: FaultKind, service: str, way: str) -> None:
    monkeypatch.setattr(paying, "CHECK_SECONDS", 0.1)
    monkeypatch.setattr(paying, "PAUSE_SECONDS", 0.02)
    does = WAYS[way]
    async with screenful(deadline=DEADLINE) as shop:
        await signed_in(shop, HOME)
        await filled(shop)
        await does.prepare(shop)
        await calm(shop)
        assert trouble(shop) is None

        await strike(shop, Fault(service, kind, seconds=CALM.get(kind, 1.0)))
        await does.act(shop)
        error = trouble(shop)
        if error is not None:
            await check_told(shop, error)
        if kind is FaultKind.LATENCY:
            assert error is None, error
            assert does.whole(shop), shop.grid()
        elif service in does.asks:
            assert error is not None, shop.grid()
            assert service in (error.service, *re.findall(r"\w+", error.message)), error.message

        await heal(shop, service)
        await (does.again or pressing("f5"))(shop) if not does.whole(shop) or error is not None else None
        await calm(shop)
        assert does.whole(shop), shop.grid()
        assert trouble(shop) is None, shop.grid()
        await check_charges(shop)


# --- keys while it hangs -------------------------------------------------------------------------


async def two_of_everything(client: Shop) -> None:
    """Two addresses, two orders, two lines in the cart, so that a cursor can move."""
    backend = client.backend
    await backend.users.save_address(WORK)
    variants = [(await backend.products.get(slug)).variants[0].id for slug in (LENS, "sigma-35-f2")]
    for _ in range(2):
        await backend.carts.add(variants[0], 1)
        await client.checkout.place(client.checkout.attempt(await client.checkout.prepare()))
    for variant in variants:
        await backend.carts.add(variant, 1)


async def moves_while_asking(shop: Screenful, group: str) -> None:
    """By order of events: the cursor moves and a screen opens before the call has ended."""
    await shop.until(lambda: shop.app.is_working(group))
    rows = shop.app.screen.focused
    assert isinstance(rows, RowList)
    send(shop, "j")
    await shop.until(lambda: rows.cursor == 1)
    assert shop.app.is_working(group)
    send(shop, "question_mark")
    await shop.until(lambda: isinstance(shop.app.screen, HelpScreen))
    assert shop.app.is_working(group)
    send(shop, "escape", "k")
    await shop.until(lambda: rows.cursor == 0)
    assert shop.app.is_working(group)


@pytest.mark.parametrize(
    ("service", "tab", "group"),
    [("products", "1", "catalog"), ("carts", "2", "cart"), ("orders", "3", "orders"), ("users", "4", "account")],
)
async def test_keys_are_answered_while_a_service_hangs(service: str, tab: str, group: str) -> None:
    async with screenful(deadline=4.0) as shop:
        await signed_in(shop, HOME)
        await shop.do(two_of_everything)
        for page in ("1", "2", "3", "4", tab):
            send(shop, page, "f5")
            await calm(shop)
        await strike(shop, Fault(service, FaultKind.HANG, times=1))
        send(shop, "f5")
        await moves_while_asking(shop, group)
        await calm(shop)
        error = trouble(shop)
        assert error is not None
        await check_told(shop, error)


async def test_keys_are_answered_while_the_database_is_locked(tmp_path: Path) -> None:
    async with screenful(f"sqlite:{tmp_path / 'shop'}") as shop:
        with closing(sqlite3.connect(tmp_path / "shop" / "carts.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            send(shop, "a")
            await shop.sees("Cart(1)")
            await moves_while_asking(shop, "cart-edits")
            assert not shop.app.state.basket.is_settled
            other.execute("ROLLBACK")
            await shop.until(lambda: shop.app.state.basket.is_settled)

        assert shop.app.state.basket.error is None
        assert shop.app.state.basket.pieces == 1


# --- the gateway ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    shop = Served(tmp_path_factory.mktemp("isolation"), "--faults")
    yield shop
    shop.stop()


@asynccontextmanager
async def failing_gateway(served: Served, kind: FaultKind) -> AsyncIterator[None]:
    owner = HttpBackend(served.url, served.owner(), Outside(system_clock, random_ids))
    assert owner.admin is not None
    try:
        if kind is FaultKind.STOPPED:
            await owner.admin.stop("gateway")
        else:
            await owner.admin.inject(Fault("gateway", kind, seconds=CALM.get(kind, 1.0)))
        yield
    finally:
        if kind is FaultKind.STOPPED:
            await owner.admin.start("gateway")
        else:
            await owner.admin.clear_faults("gateway")
        await owner.aclose()


GATEWAY_WAYS = ("browse", "search", "edit", "confirm", "orders", "account")


@pytest.mark.parametrize(
    "cell",
    thinned([f"{kind} {way}" for kind in KINDS for way in GATEWAY_WAYS], 4, SCREENS),
    ids=lambda cell: cell.replace(" ", "-"),
)
async def test_the_gateway(served: Served, monkeypatch: pytest.MonkeyPatch, cell: str) -> None:
    name, way = cell.split()
    kind, does = FaultKind(name), WAYS[way]
    monkeypatch.setattr(paying, "CHECK_SECONDS", 0.1)

    async def enter(client: Shop) -> None:
        email = f"{random_ids()}@example.com"
        await client.backend.users.signup("Ada", email, PASSWORD)
        await client.backend.users.login(email, PASSWORD)
        await client.backend.users.save_address(HOME)

    async with screenful(served.url, deadline=2.0) as shop:
        await shop.do(enter)
        shop.app.account.load()
        await filled(shop)
        await does.prepare(shop)
        async with failing_gateway(served, kind):
            await does.act(shop)
            error = trouble(shop)
            assert (error is None) == (kind is FaultKind.LATENCY), error
            if error is not None:
                await check_told(shop, error)
        for _ in range(20):  # a service that gave no answer is left alone for a moment
            if does.whole(shop) and trouble(shop) is None:
                break
            await (does.again or pressing("f5"))(shop)
            await shop.pilot.pause(0.1)
        assert does.whole(shop), shop.grid()
        assert trouble(shop) is None, shop.grid()
        await check_charges(shop)
