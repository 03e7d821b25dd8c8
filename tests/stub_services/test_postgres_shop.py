"""Two replicas of each service on one PostgreSQL, asked at once; and a search that finds what SQLite's finds."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from backends import OrderStatus, ProductQuery
from backends.conformance.goods import CAMERA, GOODS, LENS, TRIPOD
from backends.errors import InvalidValue
from stub_services.caller import Caller
from stub_services.inprocess import Shop
from stub_services.peers import Busy, Due, Item, Refusal, Reserved, Taken
from tests.conftest import VirtualClock, countable_ids
from tests.postgres import PostgresShop
from tests.stub_services.conftest import OWNER, Desk

pytestmark = pytest.mark.usefixtures("runner")


@pytest.fixture
def desks(runner: asyncio.Runner, virtual_clock: VirtualClock) -> Iterator[tuple[Desk, Desk]]:
    """The same customer at two replicas."""
    ids = countable_ids()
    one, two = (PostgresShop(None, clock=virtual_clock, ids=ids) for _ in range(2))
    one.empty()
    runner.run(one.products.import_catalog(OWNER, GOODS))
    yield Desk(one, virtual_clock, ids), Desk(two, virtual_clock, ids)
    for shop in (one, two):
        runner.run(shop.close())


async def test_the_last_piece_is_held_for_one_order(desks: tuple[Desk, Desk]) -> None:
    last = (Item("last/standard", 1),)
    answers = await asyncio.gather(
        *(desk.shop.shelves.reserve(f"order {n}", last, desk.clock()) for n in range(10) for desk in [desks[n % 2]])
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Refusal"] * 9 + ["Reserved"]


async def test_the_same_reservation_is_made_once(desks: tuple[Desk, Desk]) -> None:
    two = (Item("tripod/standard", 2),)
    answers = await asyncio.gather(*(desk.shop.shelves.reserve("order", two, desk.clock()) for desk in desks * 5))
    assert {type(answer) for answer in answers} == {Reserved}
    assert await desks[0].tripods() == (48, 2, 0)


async def test_release_and_reserve_at_once_hold_nothing(desks: tuple[Desk, Desk]) -> None:
    one, two = desks
    held = (Item("tripod/standard", 2),)
    await asyncio.gather(
        *(two.shop.shelves.release(f"order {n}") for n in range(8)),
        *(one.shop.shelves.reserve(f"order {n}", held, one.clock()) for n in range(8)),
    )
    assert await one.tripods() == (50, 0, 0)


async def test_every_piece_added_at_once_is_in_the_cart(desks: tuple[Desk, Desk]) -> None:
    await asyncio.gather(*(desk.shop.carts.add(desk.caller, "tripod/standard", 1) for desk in desks * 10))
    assert await desks[0].quantity() == 20
    cart = await desks[1].shop.carts.view(desks[1].caller)
    assert (len(cart.lines), cart.version) == (1, 20)


async def test_a_cart_is_taken_by_one_order(desks: tuple[Desk, Desk]) -> None:
    one, _ = desks
    await one.fill()
    cart = await one.shop.carts.view(one.caller)
    answers = await asyncio.gather(
        *(
            desk.shop.carts.take(f"order {n}", cart.id or "", cart.version or 0, "ada", desk.clock())
            for n in range(5)
            for desk in desks
        )
    )
    taken = {n // 2 for n, answer in enumerate(answers) if isinstance(answer, Taken)}
    assert len(taken) == 1
    assert sum(isinstance(answer, Refusal) for answer in answers) == 8  # its order was asked for twice


async def test_an_order_is_claimed_by_one_payment(desks: tuple[Desk, Desk]) -> None:
    order = await desks[0].order()
    answers = await asyncio.gather(
        *(desks[n % 2].shop.orders.amount_due(order.id, f"payment {n}", "ada") for n in range(10))
    )
    assert [type(answer) for answer in answers if not isinstance(answer, Busy)] == [Due]


async def test_one_checkout_sent_many_times_is_one_paid_order(desks: tuple[Desk, Desk]) -> None:
    await desks[0].fill()
    attempt = await desks[0].attempt()
    await asyncio.gather(*(desk.place(attempt) for desk in desks * 4), return_exceptions=True)
    await asyncio.gather(*(desk.pay(attempt.key, "p1") for desk in desks * 4), return_exceptions=True)
    await desks[0].settle()
    order = await desks[1].place(attempt)
    assert (order.status, order.number) == (OrderStatus.PAID, "1001")
    assert await desks[0].tripods() == (48, 0, 2)
    assert await desks[0].kept() == order.totals.total.minor


async def test_orders_placed_at_once_have_numbers_of_their_own(desks: tuple[Desk, Desk]) -> None:
    customers = [replace(desks[n % 2], caller=Caller(user_id=f"customer {n}")) for n in range(8)]
    orders = await asyncio.gather(*(customer.order() for customer in customers))
    assert sorted(order.number or "" for order in orders) == [str(1001 + n) for n in range(8)]


# --- search ----------------------------------------------------------------------------------


SHELF = (
    replace(CAMERA, title="Appareil photo à l'épreuve", brand="Ångström", description="Straße, İstanbul, 東京 カメラ."),
    replace(LENS, title="Objectif 50mm f/1.8", description="snake_case e-mail@example.org https://example.org/x?y=z"),
    replace(TRIPOD, title="Ống kính Việt", description="C'est l'été; naïve coöperation. 3.5-5.6 ½ x² ﬁne"),
)
ASKED = (
    "epreuve ~ ÉPREUVE ~ l'ép ~ eté ~ e\u0301te ~ angstrom ~ ÅNG ~ strasse ~ straße ~ STRASSE ~ istanbul ~ 東 ~ "
    "京 ~ カメ ~ 50 ~ 50mm ~ 0mm ~ f/1 ~ 1.8 ~ 8 ~ 3.5 ~ 5.6 ~ ½ ~ x² ~ fine ~ ﬁne ~ naive ~ cooperation ~ "
    "ong kinh ~ viet ống ~ nikon-z ~ nikon z ~ z-nikon ~ sku-lens ~ lens-nikon ~ snake ~ case ~ snake_case ~ "
    "mail@example ~ example.org/x ~ y=z ~ objectif photo ~ objectif prime ~ acme lens ~ lens - ~ - lens ~ "
    "objectif - lens ~ 'lens' & 'x' ~ lens:* ~ !lens ~ lens | camera ~ <-> ~ \\ ~ '' ~ lens' ~ _ ~ 100% ~ " + "a" * 200
).split(" ~ ")


@pytest.mark.parametrize("text", ASKED)
async def test_both_engines_find_the_same(text: str, found: dict[str, tuple[set[str], set[str]]]) -> None:
    in_sqlite, in_postgres = found[text]
    assert in_postgres == in_sqlite


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[set[str], set[str]]]:
    """What SQLite and PostgreSQL find for each text."""

    async def ask(shop: Shop) -> list[set[str]]:
        await shop.products.import_catalog(OWNER, SHELF)
        pages = [await shop.products.list(ProductQuery(text=text), 10, None) for text in ASKED]
        await shop.close()
        return [{item.slug for item in page.items} for page in pages]

    options = {"clock": VirtualClock(), "ids": countable_ids()}
    postgres = PostgresShop(None, **options)  # type: ignore[arg-type]
    postgres.empty()
    answers = (asyncio.run(ask(shop)) for shop in (Shop(None, **options), postgres))  # type: ignore[arg-type]
    return dict(zip(ASKED, zip(*answers, strict=True), strict=True))


async def test_the_title_counts_most(desks: tuple[Desk, Desk]) -> None:
    named = [
        replace(TRIPOD, slug=f"s{n}", title="Else", brand="Else", category="Else", description="") for n in range(3)
    ]
    shelf = (
        replace(named[0], description="zoom " + "filler " * 5),
        replace(named[1], brand="Zoom"),
        replace(named[2], title="Zoom"),
    )
    await desks[0].shop.products.import_catalog(OWNER, shelf)
    page = await desks[1].shop.products.list(ProductQuery(text="zoom"), 10, None)
    assert [item.slug for item in page.items] == ["s2", "s1", "s0"]


async def test_a_very_long_description_is_found_by_its_last_word(desks: tuple[Desk, Desk]) -> None:
    words = " ".join(f"w{n}" for n in range(20_000)) + " again" * 1000 + " " + "x" * 5000 + " conclusion"
    await desks[0].shop.products.import_catalog(OWNER, (replace(TRIPOD, description=words),))
    for text in ("conclusion", "again", "x" * 200):
        assert len((await desks[1].shop.products.list(ProductQuery(text=text), 10, None)).items) == 1


async def test_what_postgresql_cannot_keep_is_refused(desks: tuple[Desk, Desk]) -> None:
    for title in ("a\0b", "\ud800"):
        with pytest.raises(InvalidValue):
            await desks[0].shop.products.import_catalog(OWNER, (replace(TRIPOD, title=title),))
    assert (await desks[1].shop.products.get("tripod")).title == TRIPOD.title
