"""Health: how the services are, and who asked whom."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from backends.errors import Unsupported
from backends.interface import Backend
from backends.models import ServiceHealth
from shopcli.core.shop import Shop
from shopcli.tui.pages import health as page
from shopcli.tui.screens.confirm import ConfirmScreen
from shopcli.tui.widgets.sparkline import sparkline
from tests.tui_driver import Screenful, screenful


class Watched:
    """A backend whose health is what a test says, and that counts who asks."""

    def __init__(self, backend: Any, services: tuple[ServiceHealth, ...] = ()) -> None:  # noqa: ANN401
        self._backend = backend
        self.services = services
        self.asked = 0
        self.answering: asyncio.Event | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._backend, name)

    async def health(self) -> tuple[ServiceHealth, ...]:
        self.asked += 1
        if self.answering is not None:
            await self.answering.wait()
        return self.services

    async def answer(self, _: Shop) -> None:
        """Let those who wait have their answer."""
        assert self.answering is not None
        self.answering.set()
        self.answering = None


class Customers(Watched):
    """Not the owner's."""

    admin = None


def watched(
    made: list[Watched], *services: ServiceHealth, kind: type[Watched] = Watched
) -> Callable[[Backend], Backend]:
    def observe(backend: Backend) -> Backend:
        made.append(kind(backend, services))
        return cast("Backend", made[-1])

    return observe


UP = ServiceHealth("users", "up", "", "1.2.3", 4.25)
SLOW = ServiceHealth("orders", "degraded", "recovering", "1.2.3", 210.0)
DOWN = ServiceHealth("payments", "down", "connection \x1b[31mrefused")
UNKNOWN = ServiceHealth("carts", "unknown")
GATEWAY = ServiceHealth("gateway", "up", "", "1.2.3", 0.5)


async def looked(shop: Screenful, backend: Watched, times: int) -> None:
    await shop.until(lambda: backend.asked >= times and not shop.app.is_working("health"))


async def test_each_service_has_a_word_a_symbol_and_what_it_said_last() -> None:
    made: list[Watched] = []
    async with screenful(size=(120, 24), observe=watched(made, UP, SLOW, DOWN, UNKNOWN, GATEWAY)) as shop:
        await shop.press("5")

        await shop.sees("UserService     ● up", "4.2 ms", "1.2.3", "the gateway")
        await shop.sees("OrderService    ▲ degraded    210 ms", "PaymentService  ✗ down", "CartService     ? unknown")
        await shop.sees("connection \N{REPLACEMENT CHARACTER}[31mrefused", "recovering", "▲2/5 up")


async def test_latencies_are_drawn_and_a_lost_answer_is_a_gap() -> None:
    made: list[Watched] = []
    async with screenful(observe=watched(made, UP)) as shop:
        await shop.press("5")
        backend = made[0]
        await looked(shop, backend, 2)
        backend.services = (ServiceHealth("users", "down", "gone"),)
        await shop.press("f5")
        await shop.sees("down", "▂▂×")


async def test_in_one_process_no_latency_is_made_up() -> None:
    async with screenful(size=(100, 24)) as shop:
        await shop.press("5", "f5")
        await shop.until(lambda: not shop.app.is_working("health"))

        (row,) = (line for line in shop.grid().splitlines() if "UserService" in line)
        assert row.split() == ["▸", "UserService", "●", "up"]


async def test_it_asks_again_and_again_only_while_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "EVERY", 0.02)
    made: list[Watched] = []
    async with screenful(observe=watched(made, UP)) as shop:
        backend = made[0]
        await shop.press("5")
        await looked(shop, backend, backend.asked + 2)

        await shop.press("question_mark")
        await shop.until(lambda: not shop.app.is_working("health"))
        before = backend.asked
        await shop.press("j", "k", "j", "k", "j", "k")
        assert backend.asked == before
        await shop.press("escape")
        await looked(shop, backend, before + 2)

        await shop.press("1")
        await shop.until(lambda: not shop.app.is_working("health"))
        before = backend.asked
        await shop.press("j", "k", "j", "k", "j", "k")
        assert backend.asked == before


async def test_a_service_that_hangs_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "EVERY", 0.01)
    made: list[Watched] = []
    async with screenful(observe=watched(made, UP)) as shop:
        backend = made[0]
        await shop.until(lambda: not shop.app.is_working("health"))
        backend.answering = asyncio.Event()
        before = backend.asked
        await shop.press("5")
        await shop.until(lambda: backend.asked > before)
        await shop.press("f5", "f5", "j", "k", "f5")
        await shop.sees("asking …")

        assert backend.asked == before + 1
        await shop.do(backend.answer)
        await looked(shop, backend, before + 2)


async def test_the_last_action_is_drawn_by_its_name_and_looking_is_none() -> None:
    async with screenful() as shop:
        await shop.press("a")
        await shop.until(lambda: shop.app.state.basket.pieces and shop.app.state.basket.is_settled)
        await shop.press("5", "f5")
        await shop.until(lambda: not shop.app.is_working("health"))

        await shop.sees("last action:", "├", "│ add", "hops, 0 retries")
        assert [hop.action for hop in shop.app.background.last.hops] == ["add"]


async def test_a_failure_in_the_diagram_says_so_in_words() -> None:
    async with screenful(color=False) as shop:
        await shop.do(lambda each: each.backend.admin.stop("carts"))  # type: ignore[union-attr]
        await shop.press("a")
        await shop.until(lambda: shop.app.state.basket.error)
        await shop.press("5")

        await shop.sees("failed: unavailable", "CartService     ✗ down")
        await shop.do(lambda each: each.backend.admin.start("carts"))  # type: ignore[union-attr]


async def test_an_owner_stops_and_starts_a_service() -> None:
    async with screenful(size=(100, 24)) as shop:
        await shop.press("5", "j", "x")
        await shop.sees("Stop ProductService?", "your cart, orders and payments are")
        await shop.press("enter")
        assert not isinstance(shop.app.screen, ConfirmScreen)
        await shop.sees("ProductService  ● up")

        await shop.press("x", "y")
        await shop.sees("products is stopped", "ProductService  ✗ down", "▲4/5 up")
        await shop.press("s")
        await shop.sees("products is started", "ProductService  ● up", "●5/5 up")
        await shop.press("r", "y")
        await shop.sees("products is restarted")


@pytest.mark.parametrize("key", ["x", "s", "r"])
async def test_who_is_not_the_owner_is_told_so(key: str) -> None:
    made: list[Watched] = []
    async with screenful(observe=watched(made, UP, kind=Customers)) as shop:
        await shop.press("5")
        assert "Restart" not in shop.grid()
        await shop.press(key)

        await shop.sees("only the owner of a shop may operate it")
        assert isinstance(shop.app.state.health.error, Unsupported)


async def test_a_shop_without_services_says_so() -> None:
    made: list[Watched] = []
    async with screenful(observe=watched(made)) as shop:
        await shop.press("5")

        await shop.sees("this shop has no services to look at")


@pytest.mark.parametrize("size", [(60, 16), (300, 100), (20, 5), (1, 1)])
async def test_it_is_there_at_any_size(size: tuple[int, int]) -> None:
    async with screenful() as shop:
        await shop.press("a", "5")
        await shop.pilot.resize_terminal(*size)
        await shop.press("f5", "tab", "down", "shift+tab")


@pytest.mark.parametrize(
    ("values", "width", "drawn"),
    [
        ((), 5, ""),
        ((0.0, 10.0, 20.0), 5, "▁▅█"),
        ((1.0, 1.0), 5, "▁▁"),
        ((50.0, None, 100.0), 5, "▅×█"),
        ((1.0, 2.0, 3.0), 2, "▁▂"),
        ((1.0,), 0, ""),
        ((None, None), 5, "××"),
    ],
)
def test_sparklines(values: tuple[float | None, ...], width: int, drawn: str) -> None:
    assert sparkline(values, width) == drawn
