"""A catalog as far as it is loaded."""

from datetime import UTC, datetime

from backends import MemorySessions
from backends.errors import Unavailable
from backends.models import ProductQuery, Sort
from backends.registry import open_backend
from shopcli.core.browsing import PAGE, first, more

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


async def test_page_after_page_until_all_is_loaded() -> None:
    products = open_backend("memory:", sessions=MemorySessions()).products

    shelf = await first(products, ProductQuery(sort=Sort.TITLE), NOW)
    assert (len(shelf.products), shelf.is_whole) == (PAGE, False)
    while not shelf.is_whole:
        shelf = await more(products, shelf)

    assert len(shelf.products) == shelf.total == len({product.id for product in shelf.products})
    assert (await more(products, shelf)).products == shelf.products


async def test_what_is_loaded_stays_while_something_else_is_asked_for_and_when_that_fails() -> None:
    products = open_backend("memory:", sessions=MemorySessions()).products
    shelf = await first(products, ProductQuery("canon"), NOW)

    asked = shelf.asked(ProductQuery("sigma"))
    failed = asked.failed(Unavailable("down", service="products"))

    assert asked.loading
    assert asked.products == failed.products == shelf.products
    assert failed.loaded_at == NOW
    assert not failed.loading
