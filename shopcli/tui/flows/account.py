"""Who shops."""

from dataclasses import dataclass, replace

from backends.capabilities import Capability
from backends.errors import LoginRequired, SessionExpired, ShopError
from backends.models import Address, User
from shopcli.core.basket import Basket
from shopcli.core.sessions import SessionCorrupted
from shopcli.core.shop import Shop
from shopcli.tui.flows.flow import Flow
from shopcli.tui.state import Account, OrderList


class AccountFlow(Flow):
    """Signing in, up and out, and the address book. A password is nowhere kept, but handed on."""

    def load(self) -> None:
        """Ask who is logged in, and for the address book."""
        self.app.work("account", self._load())

    def forget(self) -> None:
        """Forget what became of the last command."""
        self._put(refusal=None, said="")

    def ask(self, *, signing_up: bool) -> None:
        """Ask for an account that there is, or for a new one."""
        self._put(signing_up=signing_up, refusal=None, said="")

    def sign_in(self, email: str, password: str) -> None:
        """Log in; what a guest put into the cart is kept."""
        self._begin("signing in …")
        self.app.work("sign-in", self._sign_in(email, password))

    def sign_up(self, name: str, email: str, password: str) -> None:
        """Make an account and log in."""
        self._begin("making the account …")
        self.app.work("sign-in", self._sign_up(name, email, password))

    def sign_out(self) -> None:
        """Log out."""
        self._begin("logging out …")
        self.app.work("sign-in", self._sign_out())

    async def save_address(self, address: Address, *, instead_of: str = "", default: bool = False) -> ShopError | None:
        """Keep an address, in the place of another one perhaps; returns why the shop did not."""

        async def action(shop: Shop) -> tuple[Address, ...]:
            users = shop.backend.users
            saved = await users.save_address(address, default=default)
            if instead_of and instead_of != saved.label:
                await users.remove_address(instead_of)
            return await users.addresses()

        try:
            addresses = await self.app.background.do(action, name="save an address")
        except ShopError as error:
            return error
        self._put(addresses=addresses, refusal=None, said=f"{address.label} is saved")
        return None

    def remove_address(self, label: str) -> None:
        """Take an address out of the book."""
        self.app.work("addresses", self._remove_address(label))

    # --- what it asks --------------------------------------------------------------------------

    async def _load(self) -> None:
        try:
            told = await self.app.background.do(_told)
        except ShopError as error:
            remembered = await self.app.background.do(_remembered)
            self._put(error=error, remembered=remembered)
            return
        self._put(
            user=told.user,
            addresses=told.addresses,
            backend=told.backend,
            capabilities=told.capabilities,
            known=True,
            remembered=None,
            loaded_at=self.app.clock(),
            error=None,
            refusal=told.ended or self.app.state.account.refusal,
        )

    async def _sign_in(self, email: str, password: str) -> None:
        try:
            user = await self.app.background.do(lambda shop: _logged_in(shop, email, password), name="sign in")
        except ShopError as error:
            self._put(refusal=error, doing="")
        else:
            self._arrive(user)

    async def _sign_up(self, name: str, email: str, password: str) -> None:
        try:
            registered = await self.app.background.do(
                lambda shop: shop.backend.users.signup(name, email, password), name="sign up"
            )
        except ShopError as error:
            self._put(refusal=error, doing="")
            return
        self._put(signing_up=False, email=registered.email)
        if registered.verification_required:
            said = f"the account is made; confirm the message sent to {registered.email}, then sign in"
            self._put(said=said, doing="")
            return
        self._put(said="the account is made")
        await self._sign_in(email, password)

    async def _sign_out(self) -> None:
        try:
            await self.app.background.do(_logged_out, name="log out")
        except ShopError as error:
            self._put(refusal=error, doing="")
            self.load()  # it may have been done all the same, on this computer at least
            return
        before = self.app.state.account
        account = Account(known=True, backend=before.backend, capabilities=before.capabilities, said="logged out")
        self.app.put(account=account, basket=Basket(), orders=OrderList())
        self.app.cart.load()
        self.load()

    async def _remove_address(self, label: str) -> None:
        async def action(shop: Shop) -> tuple[Address, ...]:
            await shop.backend.users.remove_address(label)
            return await shop.backend.users.addresses()

        try:
            addresses = await self.app.background.do(action, name="remove an address")
        except ShopError as error:
            self._put(refusal=error, said="")
        else:
            self._put(addresses=addresses, refusal=None, said=f"{label} is removed")

    # --- what becomes known --------------------------------------------------------------------

    def _arrive(self, user: User) -> None:
        """Show whose shop it is now. The cart is another one, with what the guest's held in it."""
        pieces = self.app.state.basket.pieces
        kept = f"; the {pieces} in your cart {'is' if pieces == 1 else 'are'} kept" if pieces else ""
        before = self.app.state.account
        account = Account(user, known=True, backend=before.backend, capabilities=before.capabilities)
        self.app.put(account=replace(account, said=f"signed in{kept}"), orders=OrderList())
        self.app.cart.load()
        self.load()

    def _begin(self, doing: str) -> None:
        self._put(doing=doing, refusal=None, said="")

    def _put(self, **parts: object) -> None:
        self.app.put(account=replace(self.app.state.account, **parts))  # type: ignore[arg-type]  # they are fields


@dataclass(frozen=True, slots=True)
class _Told:
    """What the shop says about whoever shops."""

    user: User | None
    ended: SessionExpired | None
    addresses: tuple[Address, ...]
    backend: str
    capabilities: frozenset[Capability]


async def _told(shop: Shop) -> _Told:
    backend = shop.backend
    user: User | None = None
    ended: SessionExpired | None = None
    addresses: tuple[Address, ...] = ()
    if Capability.LOGIN in backend.capabilities:
        try:
            user = await backend.users.me()
        except SessionExpired as error:
            ended = error
        except LoginRequired:
            pass
    if user is not None and Capability.ADDRESS_BOOK in backend.capabilities:
        addresses = await backend.users.addresses()
    return _Told(user, ended, addresses, backend.name, backend.capabilities)


async def _remembered(shop: Shop) -> str | None:
    """Who is logged in as far as this computer knows; asks no service."""
    try:
        account = shop.backend.account_id()
        return account and shop.sessions.read().get("email", account)
    except ShopError:
        return None


async def _logged_in(shop: Shop, email: str, password: str) -> User:
    user = (await shop.backend.users.login(email, password)).user
    shop.remember(user.email)
    return user


async def _logged_out(shop: Shop) -> None:
    try:
        await shop.backend.users.logout()
    except SessionCorrupted:
        shop.sessions.reset()
    shop.remember(None)
