"""What the expectations of a scenario look at."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from backends.deadline import deadline
from backends.errors import NotFound
from backends.models import Order, ProductQuery
from shopcli.demo.stage import Stage
from shopcli.demo.statements import LAST

if TYPE_CHECKING:
    from shopcli.demo.played import Ran

T = TypeVar("T")


class View:
    """What expectations are about: a shopper's last command, and the shop as he or she sees it."""

    def __init__(self, stage: Stage, shopper: str, jsonable: Callable[[object], object], timeout: float) -> None:
        """Look at the shop on `stage` as `shopper`, each time for `timeout` seconds at most."""
        self._stage = stage
        self._shopper = shopper
        self._jsonable = jsonable
        self._timeout = timeout
        self.ran: Ran | None = None
        """How the shopper's last command ended."""
        self.captured: Mapping[str, object] = {}

    def ask(self, question: Coroutine[Any, Any, T]) -> T:
        """Ask the shop something."""
        with deadline(self._timeout):
            return self._stage.runner.run(self._stage.backend, question)

    @property
    def result(self) -> object:
        """What the last command wrote."""
        return self.ran.shown if self.ran else None

    @property
    def exit(self) -> int:
        """Its exit code."""
        return self.ran.exit if self.ran else 0

    @property
    def error(self) -> Mapping[str, object] | None:
        """What went wrong in it."""
        return self.ran.error if self.ran else None

    async def order(self, which: str) -> object:
        """One order; LAST is the latest."""
        return self._jsonable(await self._order(which))

    async def cart(self) -> object:
        """The shopper's cart."""
        return self._jsonable(await self._stage.backend.carts.view())

    async def payments(self, which: str) -> Sequence[object]:
        """The payments of an order."""
        order = await self._order(which)
        return [self._jsonable(payment) for payment in await self._stage.backend.payments.list(order.id)]

    async def health(self, service: str) -> object:
        """The state of one service. Raises NotFound."""
        found = await self._stage.backend.health()
        one = next((health for health in found if health.service == service), None)
        if one is None:
            raise NotFound(f"nobody says how {service} is")
        return self._jsonable(one)

    async def products(self, words: str) -> Sequence[object]:
        """The products that a search finds."""
        page = await self._stage.backend.products.list(ProductQuery(words), 100)
        return [self._jsonable(product) for product in page.items]

    async def _order(self, which: str) -> Order:
        if which != LAST:
            return await self._stage.backend.orders.get(which)
        page = await self._stage.backend.orders.list(1)
        if not page.items:
            raise NotFound("there is no order yet", service="orders")
        return page.items[0]
