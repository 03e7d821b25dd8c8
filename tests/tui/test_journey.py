"""One journey by keys, the same on every backend: sign up, search, fill the cart, check out, see the order paid."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backends.models import OrderStatus, PaymentStatus
from shopcli.core.shop import Shop
from shopcli.tui.widgets.form import Field
from shopcli.tui.widgets.rows import RowList
from tests.served import Served
from tests.tui_checkout import orders, payments
from tests.tui_driver import screenful
from tests.tui_journey import EMAIL, JOURNEY, NAME, PASSWORD, typed
from tests.tui_keys import send


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Served]]:
    started: list[Served] = []

    def serve() -> Served:
        started.append(Served(tmp_path_factory.mktemp("journey")))
        return started[-1]

    yield serve
    for served in started:
        served.stop()


@pytest.fixture(params=["memory", "sqlite", "http"])
def url(request: pytest.FixtureRequest, tmp_path: Path, serving: Callable[[], Served]) -> str:
    if request.param == "http":
        return serving().url
    return "memory:" if request.param == "memory" else f"sqlite:{tmp_path / 'shop'}"


async def test_the_journey(url: str) -> None:
    async with screenful(url) as shop:
        for step in JOURNEY:
            send(shop, *step.keys)
            await shop.sees(*step.sees)

        (order,) = await orders(shop)
        assert order.status is OrderStatus.PAID
        assert [line.quantity for line in order.lines] == [2]
        (payment,) = await payments(shop)
        assert (payment.status, payment.amount) == (PaymentStatus.SETTLED, order.totals.total)

        async def unfinished(client: Shop) -> int:
            return client.unfinished()

        assert await shop.do(unfinished) == 0
        assert shop.app.state.basket.pieces == 0


async def test_keys_that_come_at_once_reach_the_field_that_they_are_meant_for() -> None:
    """As over a slow line, or from a program; else a password ends in a field that shows it."""
    async with screenful(page="account") as shop:
        send(shop, "f3", *typed(NAME, EMAIL, PASSWORD), *"123")
        await shop.until(lambda: shop.app.screen.query_one("#again", Field).value)
        await shop.until(lambda: shop.app.screen.query_one("#again", Field).value == "123")

        fields = [shop.app.screen.query_one(f"SignUp #{name}", Field) for name in ("name", "email", "password")]
        assert [field.value for field in fields] == [NAME, EMAIL, PASSWORD]
        assert PASSWORD not in shop.grid()


async def test_keys_behind_one_that_opens_a_screen_are_for_that_screen() -> None:
    async with screenful() as shop:
        send(shop, "f", "tab", *"700", "enter", "down", "down")
        await shop.until(lambda: shop.app.state.shelf.query.price_min == 700)
        await shop.until(lambda: shop.app.screen.query_one("#products", RowList).cursor == 2)
