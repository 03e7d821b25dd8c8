"""The contract on top of the five services: who is calling, and what is due first."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from backends.capabilities import Capability
from backends.errors import LoginRequired, NotFound, Outcome, ShopError, StorageError
from stub_services.caller import Caller
from stub_services.inprocess.wiring import Front

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from backends.interface import SessionStore
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
    from stub_services.books import Keeper
    from stub_services.inprocess.shop import Shop

CAPABILITIES = frozenset(Capability) - {Capability.GUEST_CHECKOUT}

_OWNER = Caller(merchant=True)
"""Whoever can open the shop's files owns the shop."""


class _Desk:
    """What the five parts share: the shop, and the person's session."""

    def __init__(self, shop: Shop, sessions: SessionStore) -> None:
        self.shop = Front(shop)
        self.sessions = sessions

    def token(self) -> str:
        token = self.sessions.read().get("token")
        if token is None:
            msg = "nobody is logged in (new here? shop signup)"
            raise LoginRequired(msg, service="users")
        return token

    async def account(self) -> Caller:
        """The logged-in caller. Raises LoginRequired, SessionExpired."""
        return await self.shop.users.authenticate(self.token())

    async def shopper(self, *, editing: bool) -> Caller:
        """The account or the guest, with its cart; an editing guest gets a cart id.

        A guest cart that could not be merged at log-in, because CartService was down, is merged here.
        """
        stored = self.sessions.read()
        if "token" in stored:
            caller = await self.account()
            await self.merge(caller.account())
            return caller
        if editing and "cart" not in stored:
            fresh = self.shop.ids()
            return Caller(cart_id=self.sessions.update(lambda kept: kept.setdefault("cart", fresh)))
        return Caller(cart_id=stored.get("cart"))

    async def merge(self, user_id: str) -> None:
        cart_id = self.sessions.read().get("cart")
        if cart_id is not None:
            await self.shop.carts.merge(user_id, cart_id)
            self.sessions.update(lambda kept: kept.pop("cart", None))


class _Users:
    def __init__(self, desk: _Desk) -> None:
        self._desk = desk

    async def signup(self, name: str, email: str, password: str) -> Registered:
        return await self._desk.shop.users.signup(name, email, password)

    async def login(self, email: str, password: str) -> Session:
        from backends.models import Session  # a class that only a log-in needs

        ticket = await self._desk.shop.users.login(email, password)
        self._desk.sessions.update(lambda kept: kept.update(token=ticket.token, account=ticket.user.id))
        with suppress(ShopError):  # the guest cart stays noted and is merged at the next use of the cart
            await self._desk.merge(ticket.user.id)
        return Session(ticket.user, ticket.expires_at)

    async def logout(self) -> None:
        # An update and not a read: if the session cannot be changed, that is found before the shop ends it.
        token = self._desk.sessions.update(lambda kept: kept.get("token"))
        try:
            if token is not None:
                await self._desk.shop.users.logout(token)
        except StorageError as error:
            self._desk.sessions.update(_forget_login)
            msg = f"you are logged out on this computer; the shop still knows the session: {error.message}"
            raise StorageError(msg, hint=error.hint, service="users", outcome=Outcome.APPLIED) from error
        self._desk.sessions.update(_forget_login)

    async def me(self) -> User:
        return await self._desk.shop.users.me(await self._desk.account())

    async def rename(self, name: str) -> User:
        return await self._desk.shop.users.rename(await self._desk.account(), name)

    async def change_email(self, email: str, password: str) -> User:
        return await self._desk.shop.users.change_email(await self._desk.account(), email, password)

    async def change_password(self, old: str, new: str) -> None:
        await self._desk.shop.users.change_password(await self._desk.account(), old, new)

    async def delete_account(self, password: str) -> None:
        await self._desk.shop.users.delete_account(await self._desk.account(), password)
        try:
            self._desk.sessions.update(_forget_login)
        except ShopError as error:
            msg = f"the account is deleted; this computer still has its session: {error.message}"
            raise StorageError(msg, hint="shop logout", outcome=Outcome.APPLIED) from error

    async def addresses(self) -> tuple[Address, ...]:
        return await self._desk.shop.users.addresses((await self._desk.account()).account())

    async def save_address(self, address: Address, *, default: bool = False) -> Address:
        caller = await self._desk.account()
        return await self._desk.shop.users.save_address(caller.account(), address, default=default)

    async def remove_address(self, label: str) -> None:
        await self._desk.shop.users.remove_address((await self._desk.account()).account(), label)


class _Products:
    def __init__(self, desk: _Desk) -> None:
        self._desk = desk

    async def list(self, query: ProductQuery, limit: int, cursor: str | None = None) -> Page[Product]:
        await self._desk.shop.stock()
        return await self._desk.shop.products.list(query, limit, cursor)

    async def get(self, ref: str) -> Product:
        await self._desk.shop.stock()
        return await self._desk.shop.products.get(ref)

    async def categories(self) -> tuple[Category, ...]:
        await self._desk.shop.stock()
        return await self._desk.shop.products.categories()


class _Carts:
    def __init__(self, desk: _Desk) -> None:
        self._desk = desk

    async def view(self) -> Cart:
        caller = await self._desk.shopper(editing=False)
        with suppress(ShopError):  # then the prices are unconfirmed, and the cart says so
            await self._desk.shop.stock()
        return await self._desk.shop.carts.view(caller)

    async def add(self, variant_id: str, quantity: int) -> Cart:
        caller = await self._editor()
        await self._desk.shop.stock()
        return await self._desk.shop.carts.add(caller, variant_id, quantity)

    async def set_quantity(self, line_id: str, quantity: int) -> Cart:
        return await self._desk.shop.carts.set_quantity(await self._editor(), line_id, quantity)

    async def remove(self, line_id: str) -> Cart:
        return await self._desk.shop.carts.remove(await self._editor(), line_id)

    async def clear(self) -> Cart:
        return await self._desk.shop.carts.clear(await self._editor())

    async def set_address(self, address: Address, email: str) -> Cart:
        return await self._desk.shop.carts.set_address(await self._editor(), address, email)

    async def shipping_options(self) -> tuple[ShippingOption, ...]:
        return await self._desk.shop.carts.shipping_options()

    async def set_shipping(self, option_id: str) -> Cart:
        return await self._desk.shop.carts.set_shipping(await self._editor(), option_id)

    async def _editor(self) -> Caller:
        await self._desk.shop.run_due()
        return await self._desk.shopper(editing=True)


class _Orders:
    def __init__(self, desk: _Desk) -> None:
        self._desk = desk

    async def place(self, attempt: CheckoutAttempt) -> Order:
        caller = await self._desk.account()
        await self._desk.shop.run_due()
        return await self._desk.shop.orders.place(caller, attempt)

    async def find(self, attempt: CheckoutAttempt) -> Order | None:
        return await self._desk.shop.orders.find(await self._desk.account(), attempt.key)

    async def get(self, ref: str) -> Order:
        return await self._desk.shop.orders.get(await self._desk.account(), ref)

    async def list(self, limit: int, cursor: str | None = None) -> Page[Order]:
        return await self._desk.shop.orders.list(await self._desk.account(), limit, cursor)

    async def cancel(self, order_id: str, key: str) -> Order:  # noqa: ARG002  cancelling by id is idempotent here
        caller = await self._desk.account()
        await self._desk.shop.run_due()
        return await self._desk.shop.orders.cancel(caller, order_id)


class _Payments:
    def __init__(self, desk: _Desk) -> None:
        self._desk = desk

    async def methods(self) -> tuple[PaymentMethod, ...]:
        return await self._desk.shop.payments.methods(await self._desk.account())

    async def tokenize(self, card: Card) -> PaymentMethod:
        return await self._desk.shop.payments.tokenize(await self._desk.account(), card)

    async def pay(self, order_id: str, method: str, key: str) -> Payment:
        caller = await self._desk.account()
        await self._desk.shop.run_due()
        return await self._desk.shop.payments.pay(caller, order_id, method, key)

    async def list(self, order_id: str) -> tuple[Payment, ...]:
        return await self._desk.shop.payments.list(await self._desk.account(), order_id)

    async def refund(self, payment_id: str, key: str) -> Payment:  # noqa: ARG002  refunding by id is idempotent here
        await self._desk.shop.run_due()
        return await self._desk.shop.payments.refund(_OWNER, payment_id)


class _Admin:
    def __init__(self, desk: _Desk) -> None:
        self._desk = desk

    async def import_catalog(self, products: tuple[Product, ...]) -> Imported:
        return await self._desk.shop.products.import_catalog(_OWNER, products)

    async def books(self, service: str, cursor: str | None = None) -> Page[BookEntry]:
        shop = self._desk.shop
        keepers: dict[str, Callable[[], Keeper]] = {
            "carts": lambda: shop.carts,
            "orders": lambda: shop.orders,
            "payments": lambda: shop.payments,
            "products": lambda: shop.shelves,
        }
        if service not in keepers:
            raise NotFound(f"{service} keeps no books about orders", hint="shop services reconcile")
        return await keepers[service]().books(_OWNER, cursor)

    async def stop(self, service: str) -> None:
        self._desk.shop.wiring.open().stop(service)

    async def start(self, service: str) -> None:
        self._desk.shop.wiring.open().start(service)

    async def restart(self, service: str) -> None:
        await self.start(service)  # there is no process of its own: one that was stopped runs again, as everywhere

    async def faults(self) -> tuple[Fault, ...]:
        return self._desk.shop.wiring.open().store.read()

    async def inject(self, fault: Fault) -> None:
        self._desk.shop.wiring.open().inject(fault)

    async def clear_faults(self, service: str | None = None) -> None:
        self._desk.shop.wiring.open().clear(service)


class InProcessBackend:
    """A shop in this process. Its coroutines never suspend, so no event loop is needed."""

    capabilities = CAPABILITIES
    suspends = False

    def __init__(self, name: str, shop: Shop, sessions: SessionStore) -> None:
        """Serve one person, whose tokens are in `sessions`; several backends may share a shop."""
        desk = _Desk(shop, sessions)
        self.name = name
        self.shop = shop
        self._sessions = sessions
        self.users = _Users(desk)
        self.products = _Products(desk)
        self.carts = _Carts(desk)
        self.orders = _Orders(desk)
        self.payments = _Payments(desk)
        self.admin = _Admin(desk)

    def visit(self, sessions: SessionStore) -> InProcessBackend:
        """Open the same shop for one more person: one in memory is there once."""
        return InProcessBackend(self.name, self.shop, sessions)

    def account_id(self) -> str | None:
        """The account that the stored session belongs to; asks no service."""
        return self._sessions.read().get("account")

    async def health(self) -> tuple[ServiceHealth, ...]:
        """The state of each service's database."""
        return await self.shop.health()

    async def aclose(self) -> None:
        """Close the shop's files."""
        await self.shop.close()


def _forget_login(kept: MutableMapping[str, str]) -> str | None:
    """Forget who is logged in, and return the token; a guest's cart that still waits to be merged stays."""
    kept.pop("account", None)
    return kept.pop("token", None)
