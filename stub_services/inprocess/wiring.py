"""Who reaches whom in process: customers the services, and these each other.

Each way is a `Way`, where injected faults strike and hops are noted. While there is neither, which is nearly
always, it hands out the service's own methods: listing products must not pay for what it does not use.
"""

import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from stub_services.database import Database, Statements

if TYPE_CHECKING:
    from stub_services.carts.service import CartService
    from stub_services.inprocess.faults import Troubles
    from stub_services.inprocess.shop import Shop
    from stub_services.orders.service import OrderService
    from stub_services.payments.service import PaymentService
    from stub_services.products.service import ProductService
    from stub_services.products.stock import Stock
    from stub_services.users.service import UserService

T = TypeVar("T")

CUSTOMER = "shop"
"""What calls the services on behalf of a person."""


class Wiring:
    """The ways of one shop. `troubles` is None until there are some."""

    def __init__(self, directory: Path | None) -> None:
        """Look for faults in `directory`; without one they are kept in memory."""
        self.troubles: Troubles | None = None
        self._path = None if directory is None else directory / "faults.json"
        self._name = None if self._path is None else str(self._path)

    def way(self, caller: str, callee: str, service: Callable[[], T]) -> T:
        """Return what `caller` uses as if it were the service, which is made at its first call."""
        return cast("T", Way(self, caller, callee, service))

    def database(self, service: str, database: Database) -> Database:
        """Return the service's database, in which an injected fault may end the process."""
        return Watched(self, service, database)

    def look(self) -> None:
        """Look whether somebody injected faults since (0.6 us)."""
        if self.troubles is None and self._name is not None and os.access(self._name, os.F_OK):
            self.open()

    def open(self) -> "Troubles":
        """Return the faults, also while there are none."""
        if self.troubles is None:
            from stub_services.inprocess.faults import Troubles

            self.troubles = Troubles(self._path)
        return self.troubles

    def check(self, service: str) -> None:
        """Raise Unavailable if a service is stopped, StorageError if nobody can know."""
        self.look()
        if self.troubles is not None:
            self.troubles.check(service)


class Way:
    """One service as another one, or a customer, reaches it."""

    __slots__ = ("_callee", "_caller", "_service", "_wiring")

    def __init__(self, wiring: Wiring, caller: str, callee: str, service: Callable[[], object]) -> None:
        """Stand for what `service` returns."""
        self._wiring = wiring
        self._caller = caller
        self._callee = callee
        self._service = service

    def __getattr__(self, method: str) -> Callable[..., Awaitable[object]]:
        """Return the service's method, or one that does what an injected fault says, or one that is recorded."""
        if self._caller == CUSTOMER:
            self._wiring.look()
        call: Callable[..., Awaitable[object]] = getattr(self._service(), method)
        troubles = self._wiring.troubles
        if troubles is not None:
            call = troubles.between(self._callee, method, call)
        if _is_recording():
            from stub_services.inprocess.tracing import traced

            call = traced(self._caller, self._callee, method, call)
        return call


class Watched:
    """A service's database that notices when faults are injected."""

    __slots__ = ("_inner", "_service", "_wiring")

    def __init__(self, wiring: Wiring, service: str, inner: Database) -> None:
        """Keep the service's data in `inner`."""
        self._wiring = wiring
        self._service = service
        self._inner = inner

    def read(self) -> AbstractAsyncContextManager[Statements]:
        """Open a transaction that sees one state."""
        return self._inner.read()

    def write(self) -> AbstractAsyncContextManager[Statements]:
        """Open a transaction that is durable when the block ends, unless the process dies."""
        troubles = self._wiring.troubles
        return (self._inner if troubles is None else troubles.fragile(self._service, self._inner)).write()

    async def close(self) -> None:
        """Close; idempotent."""
        await self._inner.close()


class Front:
    """The shop as its customers reach it."""

    def __init__(self, shop: "Shop") -> None:
        """Reach each of the five services by a way of its own."""
        way = shop.wiring.way
        self.ids = shop.ids
        self.wiring = shop.wiring
        self.stock = shop.stock
        self.run_due = shop.run_due
        self.users: UserService = way(CUSTOMER, "users", lambda: shop.users)
        self.products: ProductService = way(CUSTOMER, "products", lambda: shop.products)
        self.shelves: Stock = way(CUSTOMER, "products", lambda: shop.shelves)
        self.carts: CartService = way(CUSTOMER, "carts", lambda: shop.carts)
        self.orders: OrderService = way(CUSTOMER, "orders", lambda: shop.orders)
        self.payments: PaymentService = way(CUSTOMER, "payments", lambda: shop.payments)


def _is_recording() -> bool:
    tracing = sys.modules.get("backends.tracing")  # whoever records has imported it
    return tracing is not None and tracing.is_recording()
