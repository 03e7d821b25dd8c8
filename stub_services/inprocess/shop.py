"""The five services and what they keep, wired to each other in one process.

Each service is imported and wired when it is first used: listing products must not pay for payments.
"""

from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from backends.deadline import deadline, remaining
from backends.errors import ShopError
from backends.interface import SERVICES, Clock, Ids
from stub_services.database import Database, Store
from stub_services.inprocess.wiring import Wiring
from stub_services.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from backends.models import ServiceHealth
    from stub_services.carts.service import CartService
    from stub_services.orders.service import OrderService
    from stub_services.payments.service import PaymentService
    from stub_services.products.service import ProductService
    from stub_services.products.stock import Stock
    from stub_services.users.service import UserService

_ROOT = Path(__file__).parent.parent


class Shop:
    """Five services, each with its own database: files in `directory`, or memory where it is None.

    A sixth database holds the books of the test processor, which stands for somebody else's company.
    """

    def __init__(self, directory: Path | None, *, clock: Clock, ids: Ids) -> None:
        """Name the databases; no file is touched before it is needed."""
        self.ids = ids
        self._clock = clock
        self._directory = directory
        self._stocked = False
        self.wiring = Wiring(directory)
        self.databases = {
            name: self.wiring.database(name, self._database(name, folder))
            for name, folder in (
                ("users", "users/migrations"),
                ("products", "products/migrations"),
                ("carts", "carts/migrations"),
                ("orders", "orders/migrations"),
                ("payments", "payments/migrations"),
                ("processor", "payments/processor_migrations"),
            )
        }

    def _database(self, name: str, migrations: str) -> Database:
        path = self._directory and self._directory / f"{name}.db"
        return SqliteDatabase(path, _ROOT / migrations, service="payments" if name == "processor" else name)

    @cached_property
    def users(self) -> "UserService":
        """Accounts, sessions and address books."""
        from stub_services.users.passwords import Argon2Passwords
        from stub_services.users.service import UserService
        from stub_services.users.store import UserRows

        store = Store(self.databases["users"], UserRows)
        carts = self.wiring.way("users", "carts", lambda: self.carts)  # made late: few commands delete an account
        payments = self.wiring.way("users", "payments", lambda: self.payments)
        return UserService(store, Argon2Passwords(), lambda: (carts, payments), clock=self._clock, ids=self.ids)

    @cached_property
    def products(self) -> "ProductService":
        """The catalog and its stock."""
        from stub_services.products.service import ProductService
        from stub_services.products.store import ProductRows

        return ProductService(Store(self.databases["products"], ProductRows))

    @cached_property
    def shelves(self) -> "Stock":
        """ProductService's stock, for its peers."""
        from stub_services.products.stock import Stock
        from stub_services.products.stock_store import StockRows

        return Stock(Store(self.databases["products"], StockRows), clock=self._clock)

    @cached_property
    def carts(self) -> "CartService":
        """Carts of accounts and guests."""
        from stub_services.carts.service import CartService
        from stub_services.carts.store import CartRows

        store = Store(self.databases["carts"], CartRows)
        stock = self.wiring.way("carts", "products", lambda: self.shelves)
        return CartService(store, stock, clock=self._clock, ids=self.ids)

    @cached_property
    def orders(self) -> "OrderService":
        """Orders, wired to carts and stock; payments and orders know each other."""
        from stub_services.orders.service import OrderService
        from stub_services.orders.store import OrderRows

        store = Store(self.databases["orders"], OrderRows)
        carts = self.wiring.way("orders", "carts", lambda: self.carts)
        stock = self.wiring.way("orders", "products", lambda: self.shelves)
        payments = self.wiring.way("orders", "payments", lambda: self.payments)
        return OrderService(store, carts, stock, lambda: payments, clock=self._clock)

    @cached_property
    def payments(self) -> "PaymentService":
        """Payments, wired to orders and the test processor."""
        from stub_services.payments.processor import TEST_TOKENS, ChargeRows, TestProcessor
        from stub_services.payments.service import PaymentService
        from stub_services.payments.store import PaymentRows

        store = Store(self.databases["payments"], PaymentRows)
        bank = TestProcessor(Store(self.databases["processor"], ChargeRows), clock=self._clock)
        processor = self.wiring.way("payments", "processor", lambda: bank)
        orders = self.wiring.way("payments", "orders", lambda: self.orders)
        return PaymentService(store, processor, orders, test_tokens=TEST_TOKENS, clock=self._clock)

    async def stock(self) -> None:
        """Put the catalog that comes with the shop on empty shelves."""
        if not self._stocked and await self.products.is_empty():
            from stub_services.products.catalog import read_catalog  # only the very first command reads the file

            await self.products.fill_if_empty(read_catalog())
        self._stocked = True

    async def run_due(self) -> None:
        """Do what waits in orders and payments. There is no daemon in process: each writing command calls this.

        A service that fails keeps its work waiting and must not stop the others, and one that hangs must leave
        time for what the person asked.
        """
        for name in ("orders", "payments"):
            with suppress(ShopError), deadline(remaining() / 4):
                self.wiring.check(name)
                await getattr(self, name).run_due()

    async def health(self) -> "tuple[ServiceHealth, ...]":
        """Ask every service's database."""
        return tuple([await self._health(name) for name in SERVICES])

    async def _health(self, name: str) -> "ServiceHealth":
        from backends.models import ServiceHealth

        try:
            self.wiring.check(name)
            async with self.databases[name].read() as sql:
                await sql.one("SELECT 1")
        except ShopError as error:
            return ServiceHealth(name, "down", error.message, hint=error.hint)
        return ServiceHealth(name, "up")

    async def close(self) -> None:
        """Close all databases; idempotent."""
        for database in self.databases.values():
            await database.close()
