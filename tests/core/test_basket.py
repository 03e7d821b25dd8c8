"""The cart as a person sees it: at once, undone, taken back, never other than the shop in the end."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends import MemorySessions
from backends.errors import NotFound, OutOfStock, Unavailable
from backends.interface import Backend
from backends.models import Cart, Line, Notice, Product, ProductQuery, Totals, Variant
from backends.money import Money
from backends.registry import open_backend
from shopcli.core.basket import Basket, Edit, mending, send
from shopcli.core.stepping import run

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
EUR = Money(Decimal(1), "EUR")


def cart(**quantities: int) -> Cart:
    lines = tuple(
        Line(f"line-{name}", name, name, name, "standard", name, quantity, EUR, EUR)
        for name, quantity in quantities.items()
    )
    return Cart("c", 1, lines, None, None, None, Totals(EUR, None, EUR), ())


def shown(basket: Basket) -> dict[str, int]:
    return {line.variant_id: quantity for line, quantity in basket.lines}


def test_an_edit_shows_before_the_shop_answers() -> None:
    basket = Basket(cart(a=1, b=2)).wanting("a", 5)

    assert shown(basket) == {"a": 5, "b": 2}
    assert basket.pieces == 7
    assert not basket.is_settled


def test_a_line_that_is_taken_out_is_gone_at_once() -> None:
    assert shown(Basket(cart(a=1, b=2)).wanting("b", 0)) == {"a": 1}


def test_what_is_not_in_the_cart_yet_counts() -> None:
    basket = Basket(cart(a=1)).wanting("new", 2)

    assert basket.pieces == 3
    assert basket.quantity("new") == 2


def test_edits_that_wait_are_one_edit_of_each_variant() -> None:
    basket = Basket(cart(a=1)).wanting("a", 2).wanting("a", 3).wanting("b", 1).wanting("a", 4)

    assert basket.edits == (Edit("a", 2), Edit("b", 1), Edit("a", 4))  # the first one is on its way


def test_the_answer_takes_the_place_of_what_was_known() -> None:
    basket = Basket(cart(a=1)).wanting("a", 2).answered(cart(a=2, c=1), NOW)

    assert shown(basket) == {"a": 2, "c": 1}
    assert basket.is_settled
    assert basket.loaded_at == NOW


def test_a_failed_edit_is_taken_back_with_what_was_built_on_it() -> None:
    error = OutOfStock("only 1 is left")
    basket = Basket(cart(a=1)).wanting("a", 2).wanting("a", 3).failed(error)

    assert shown(basket) == {"a": 1}
    assert basket.error is error
    assert basket.undone() is basket


def test_undo_brings_back_one_edit_after_the_other() -> None:
    basket = Basket(cart(a=1)).wanting("a", 2).answered(cart(a=2), NOW).wanting("a", 0).answered(cart(), NOW)

    once = basket.undone()
    twice = once.answered(cart(a=2), NOW).undone()

    assert once.edits == (Edit("a", 2),)
    assert twice.edits == (Edit("a", 1),)
    assert twice.undone() is twice.undone().undone() or not twice.undone().undos


def test_wanting_what_there_is_is_no_edit() -> None:
    basket = Basket(cart(a=1))

    assert basket.wanting("a", 1) is basket


@pytest.fixture
def backend() -> Backend:
    return open_backend("memory:", sessions=MemorySessions())


def quantities(found: Cart) -> dict[str, int]:
    return {line.variant_id: line.quantity for line in found.lines}


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=8))
def test_what_is_sent_is_what_was_wanted(edits: list[tuple[int, int]]) -> None:
    backend = open_backend("memory:", sessions=MemorySessions())

    async def journey() -> tuple[dict[str, int], dict[str, int]]:
        products = (await backend.products.list(ProductQuery(in_stock=True, text="canon"), 3)).items
        variants = [product.variants[0].id for product in products]
        found = await backend.carts.view()
        basket = Basket(found)
        for place, quantity in edits:
            basket = basket.wanting(variants[place], quantity)
        while basket.edits:
            found = await send(backend.carts, found, basket.edits[0])
            basket = basket.answered(found, NOW)
        return quantities(found), {name: count for name in variants if (count := basket.quantity(name))}

    told, wanted = run(backend, journey())

    last = dict(edits)
    assert sorted(told.values()) == sorted(quantity for quantity in last.values() if quantity)
    assert told == wanted


class TwoLines:
    """A shop that gives one variant two lines, as Medusa does."""

    def __init__(self) -> None:
        self.lines = {"one": 2, "two": 3}

    async def set_quantity(self, line_id: str, quantity: int) -> Cart:
        self.lines[line_id] = quantity
        return self.cart()

    async def remove(self, line_id: str) -> Cart:
        del self.lines[line_id]
        return self.cart()

    def cart(self) -> Cart:
        lines = tuple(Line(name, "v", "v", "v", "", "v", count, EUR, EUR) for name, count in self.lines.items())
        return Cart("c", None, lines, None, None, None, None, ())


@pytest.mark.parametrize("wanted", [0, 1, 3, 4, 9])
async def test_two_lines_of_one_variant_are_one_quantity(wanted: int) -> None:
    carts = TwoLines()

    await send(carts, carts.cart(), Edit("v", wanted))  # type: ignore[arg-type]  # the two calls that it needs

    assert sum(carts.lines.values()) == wanted


# --- what cannot be ordered ------------------------------------------------------------------------


class Shelf:
    """A shop with so many pieces of its one product, or with none of it, or which does not answer."""

    def __init__(self, stock: int | type[Exception] | None) -> None:
        self.stock = stock

    async def get(self, slug: str) -> Product:
        if isinstance(self.stock, type):
            raise self.stock("no answer")
        pieces = Variant(slug, slug, "", "", EUR, self.stock != 0, self.stock)
        return Product(slug, slug, slug, "", "", "", (pieces,))


def told(found: Cart, *codes: str) -> Cart:
    notices = tuple(Notice(code, code, line.id) for code, line in zip(codes, found.lines, strict=False))
    return replace(found, notices=notices)


@pytest.mark.parametrize(
    ("stock", "command"),
    [
        (2, "shop cart set a 2"),
        (1500, "shop cart set a 999"),  # a merged cart may have more than a person can set
        (0, "shop cart remove a"),
        (NotFound, "shop cart remove a"),
        (None, "shop products show a"),
        (Unavailable, "shop products show a"),
        (2000, None),
    ],
)
async def test_a_line_of_too_many_pieces_is_mended_by_what_there_is(
    stock: int | type[Exception] | None, command: str | None
) -> None:
    assert await mending(Shelf(stock), told(cart(a=2000), "short_stock")) == command  # type: ignore[arg-type]


async def test_the_first_line_that_cannot_be_ordered_is_mended_first() -> None:
    shelf = Shelf(1)

    assert await mending(shelf, cart(a=1)) is None  # type: ignore[arg-type]
    assert await mending(shelf, told(cart(a=1, b=1, c=2), "price_changed", "not_sold", "short_stock")) == (  # type: ignore[arg-type]
        "shop cart remove b"
    )


async def test_a_line_is_named_so_that_no_other_is_meant() -> None:
    twice = cart(a=1, b=1)
    twice = replace(twice, lines=tuple(replace(line, ref="t1/red") for line in twice.lines))
    digits = cart(a=1)
    digits = replace(digits, lines=(replace(digits.lines[0], ref="7"),))

    for found in (twice, digits):
        assert await mending(Shelf(0), told(found, "not_sold")) == "shop cart remove line-a"  # type: ignore[arg-type]
