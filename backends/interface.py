"""The contract: five services behind one `Backend`.

Every method raises only `backends.errors.ShopError`s. What a backend lacks raises `Unsupported`; nothing
silently does nothing. Every change of a cart returns the whole cart.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from backends.capabilities import Capability
    from backends.models import (
        Address,
        BookEntry,
        Card,
        Cart,
        Category,
        CheckoutAttempt,
        Fault,
        Imported,
        Order,
        Page,
        Payment,
        PaymentMethod,
        Product,
        ProductQuery,
        Registered,
        ServiceHealth,
        Session,
        ShippingOption,
        User,
    )

T = TypeVar("T")

SERVICES = ("users", "products", "carts", "orders", "payments")
"""The five services of a `Backend`, by the names of its properties."""
KEEPERS = ("orders", "carts", "products", "payments")
"""Those that keep books about orders."""

Clock = Callable[[], datetime]
"""Now, aware and in UTC."""
Ids = Callable[[], str]
"""A fresh UUID version 4 in its canonical text form (RFC 9562)."""


class SessionStore(Protocol):
    """Where an adapter keeps its tokens and its guest cart between two actions or processes: texts under names."""

    def read(self) -> dict[str, str]:
        """Return a copy of what is stored."""

    def update(self, change: Callable[[MutableMapping[str, str]], T]) -> T:
        """Change the stored mapping in place, atomically among processes, and return what `change` returns."""


class Users(Protocol):
    """Accounts, sessions and the address book."""

    async def signup(self, name: str, email: str, password: str) -> Registered:
        """Make an account; does not log in. Raises EmailTaken where the shop reports that."""

    async def login(self, email: str, password: str) -> Session:
        """Start a session; a guest cart is merged into the account's. Raises WrongCredentials."""

    async def logout(self) -> None:
        """End the session, at the server too with SERVER_LOGOUT; idempotent."""

    async def me(self) -> User:
        """Who is logged in. Raises LoginRequired or SessionExpired."""

    async def rename(self, name: str) -> User:
        """Change the account's name; idempotent. Raises InvalidValue."""

    async def change_email(self, email: str, password: str) -> User:
        """With CHANGE_EMAIL: change the e-mail address to log in with; idempotent, and sessions go on.

        Raises WrongCredentials, InvalidValue, and EmailTaken to whoever knows the password.
        """

    async def change_password(self, old: str, new: str) -> None:
        """Change the password and end every other session. Raises WrongCredentials."""

    async def delete_account(self, password: str) -> None:
        """Delete the account and its address book; its orders stay with the shop. Raises WrongCredentials."""

    async def addresses(self) -> tuple[Address, ...]:
        """The address book, its default first."""

    async def save_address(self, address: Address, *, default: bool = False) -> Address:
        """Add the address, or replace the one with its label. The first one becomes the default."""

    async def remove_address(self, label: str) -> None:
        """Remove an address. Raises NotFound."""


class Products(Protocol):
    """The catalog."""

    async def list(self, query: ProductQuery, limit: int, cursor: str | None = None) -> Page[Product]:
        """List or search; 1 <= limit <= 100. A cursor goes with the query that it came from."""

    async def get(self, ref: str) -> Product:
        """One product by slug or id. Raises NotFound."""

    async def categories(self) -> tuple[Category, ...]:
        """All categories by title."""


class Carts(Protocol):
    """The caller's one open cart: the account's, or a guest's."""

    async def view(self) -> Cart:
        """The cart as it is now; an empty one where there is none yet."""

    async def add(self, variant_id: str, quantity: int) -> Cart:
        """Add pieces; the same variant stays one line. Raises NotFound, OutOfStock."""

    async def set_quantity(self, line_id: str, quantity: int) -> Cart:
        """Set a line's quantity, at least 1. Raises NotFound, OutOfStock."""

    async def remove(self, line_id: str) -> Cart:
        """Remove a line; idempotent."""

    async def clear(self) -> Cart:
        """Remove all lines."""

    async def set_address(self, address: Address, email: str) -> Cart:
        """Say where it goes; totals may change."""

    async def shipping_options(self) -> tuple[ShippingOption, ...]:
        """Ways of delivery for this cart, cheapest first."""

    async def set_shipping(self, option_id: str) -> Cart:
        """Choose one of `shipping_options`. Raises NotFound."""


class Orders(Protocol):
    """Placing and looking after orders."""

    async def place(self, attempt: CheckoutAttempt) -> Order:
        """Place, or answer what became of, the attempt; repeat it freely under the same key.

        The answer may be `placing` or `rejecting` (not decided: ask again) or `rejected` with its reason.
        Raises KeyReused if the key came with other content before.
        """

    async def find(self, attempt: CheckoutAttempt) -> Order | None:
        """Look for the attempt's order without placing it. None never proves that it will not arrive."""

    async def get(self, ref: str) -> Order:
        """One order by number or id. Raises NotFound."""

    async def list(self, limit: int, cursor: str | None = None) -> Page[Order]:
        """The account's orders, newest first; 1 <= limit <= 100."""

    async def cancel(self, order_id: str, key: str) -> Order:
        """Cancel by id, even an order that never arrived. What was paid is refunded.

        Raises InvalidState where the shop has lost the payment, so that nothing could be refunded.
        """


class Payments(Protocol):
    """Paying an order."""

    async def methods(self) -> tuple[PaymentMethod, ...]:
        """Saved cards, then the test tokens where the shop has a test processor."""

    async def tokenize(self, card: Card) -> PaymentMethod:
        """Turn a card into a token; the number and the CVV are kept nowhere. Raises InvalidValue."""

    async def pay(self, order_id: str, method: str, key: str) -> Payment:
        """Pay under the client's key, or answer what became of it; repeat it freely with the same values."""

    async def list(self, order_id: str) -> tuple[Payment, ...]:
        """An order's payments, oldest first. Raises NotFound."""

    async def refund(self, payment_id: str, key: str) -> Payment:
        """Give back the full amount; the merchant's. Raises Forbidden, InvalidState."""


class Admin(Protocol):
    """What only the owner of a shop may do."""

    async def import_catalog(self, products: tuple[Product, ...]) -> Imported:
        """Add or update products by slug, in one piece. Stock is what can be bought now. Raises InvalidValue.

        Ours take `backends.catalog.MAX_PRODUCTS` at once.
        """

    async def books(self, service: str, cursor: str | None = None) -> Page[BookEntry]:
        """What a service's books say about each order, a page of orders at a time.

        All entries of an order are on one page. Raises NotFound for a service that keeps no such books, Unsupported.
        """

    async def stop(self, service: str) -> None:
        """Stop one of the services, or the gateway; idempotent. Raises NotFound, Unsupported."""

    async def start(self, service: str) -> None:
        """Start it again; idempotent. Raises NotFound, Unsupported."""

    async def restart(self, service: str) -> None:
        """Replace its processes by new ones, as a deployment does. Raises NotFound, Unsupported."""

    async def faults(self) -> tuple[Fault, ...]:
        """What is injected now. Raises Unsupported without FAULTS."""

    async def inject(self, fault: Fault) -> None:
        """Let something go wrong until it is cleared. Raises Unsupported without FAULTS, NotFound, InvalidValue."""

    async def clear_faults(self, service: str | None = None) -> None:
        """End the faults of one service, or all. Raises Unsupported without FAULTS."""


class Backend(Protocol):
    """One shop."""

    @property
    def name(self) -> str:
        """Its URL without secrets, for people and for binding sessions."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do."""

    @property
    def suspends(self) -> bool:
        """False if no coroutine of it ever suspends, so that it runs without an event loop."""

    @property
    def users(self) -> Users:
        """Accounts, sessions and the address book."""

    @property
    def products(self) -> Products:
        """The catalog."""

    @property
    def carts(self) -> Carts:
        """The caller's cart."""

    @property
    def orders(self) -> Orders:
        """Placing and looking after orders."""

    @property
    def payments(self) -> Payments:
        """Paying."""

    @property
    def admin(self) -> Admin | None:
        """The owner's port, where the caller is the owner."""

    def account_id(self) -> str | None:
        """The account that the stored session belongs to, if any; asks no service."""

    async def health(self) -> tuple[ServiceHealth, ...]:
        """The state of each service; never raises."""

    async def aclose(self) -> None:
        """Close files and connections; idempotent."""
