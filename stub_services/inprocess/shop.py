"""The five services and what they keep, wired to each other in one process."""

from pathlib import Path

from backends.errors import ShopError
from backends.interface import Clock, Ids
from backends.models import ServiceHealth
from stub_services.carts.service import CartService
from stub_services.carts.store import CartRows
from stub_services.database import Store
from stub_services.orders.service import OrderService
from stub_services.orders.store import OrderRows
from stub_services.payments.processor import TEST_TOKENS, ChargeRows, TestProcessor
from stub_services.payments.service import PaymentService
from stub_services.payments.store import PaymentRows
from stub_services.products.service import ProductService
from stub_services.products.store import ProductRows
from stub_services.sqlite import SqliteDatabase
from stub_services.users.passwords import Argon2Passwords
from stub_services.users.service import UserService
from stub_services.users.store import UserRows

_ROOT = Path(__file__).parent.parent


class Shop:
    """Five services, each with its own database: files in `directory`, or memory where it is None.

    A sixth database holds the books of the test processor, which stands for somebody else's company.
    """

    def __init__(self, directory: Path | None, *, clock: Clock, ids: Ids) -> None:
        """Wire the services; no file is touched before it is needed."""
        self._directory = directory
        self.ids = ids
        self.databases = {
            name: self._database(name, folder)
            for name, folder in (
                ("users", "users/migrations"),
                ("products", "products/migrations"),
                ("carts", "carts/migrations"),
                ("orders", "orders/migrations"),
                ("payments", "payments/migrations"),
                ("processor", "payments/processor_migrations"),
            )
        }
        self.users = UserService(Store(self.databases["users"], UserRows), Argon2Passwords(), clock=clock, ids=ids)
        self.products = ProductService(Store(self.databases["products"], ProductRows), clock=clock)
        self.carts = CartService(Store(self.databases["carts"], CartRows), self.products, clock=clock, ids=ids)
        self.orders = OrderService(Store(self.databases["orders"], OrderRows), self.carts, self.products, clock=clock)
        self.payments = PaymentService(
            Store(self.databases["payments"], PaymentRows),
            TestProcessor(Store(self.databases["processor"], ChargeRows), clock=clock),
            self.orders,
            test_tokens=TEST_TOKENS,
            clock=clock,
        )
        self.orders.payments = self.payments
        self._stocked = False

    def _database(self, name: str, migrations: str) -> SqliteDatabase:
        path = self._directory and self._directory / f"{name}.db"
        return SqliteDatabase(path, _ROOT / migrations, service="payments" if name == "processor" else name)

    async def stock(self) -> None:
        """Put the catalog that comes with the shop on empty shelves."""
        if not self._stocked and await self.products.is_empty():
            from stub_services.products.catalog import read_catalog  # only the very first command reads the file

            await self.products.fill_if_empty(read_catalog())
        self._stocked = True

    async def run_due(self) -> None:
        """Do what waits in orders and payments. There is no daemon in process: each writing command calls this.

        A service that fails keeps its work waiting and must not stop the others.
        """
        for service in (self.orders, self.payments):
            try:
                await service.run_due()
            except ShopError:
                continue

    async def health(self) -> tuple[ServiceHealth, ...]:
        """Ask every service's database."""
        return tuple([await self._health(name) for name in ("users", "products", "carts", "orders", "payments")])

    async def _health(self, name: str) -> ServiceHealth:
        try:
            async with self.databases[name].read() as sql:
                await sql.one("SELECT 1")
        except ShopError as error:
            return ServiceHealth(name, "down", error.message)
        return ServiceHealth(name, "up")

    async def close(self) -> None:
        """Close all databases; idempotent."""
        for database in self.databases.values():
            await database.close()
