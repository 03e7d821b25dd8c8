"""The contract over HTTP."""

from backends.capabilities import Capability
from backends.http.accounts import HttpUsers
from backends.http.calls import Calls, Outside
from backends.http.desk import Desk
from backends.http.operation import HttpAdmin, health
from backends.http.ordering import HttpOrders, HttpPayments
from backends.http.owner import OwnerFile, is_loopback
from backends.http.problems import ADDRESS
from backends.http.requests import GATEWAY
from backends.http.sessions import BoundSessions
from backends.http.shopping import HttpCarts, HttpProducts
from backends.interface import SessionStore
from backends.models import ServiceHealth

CAPABILITIES = frozenset(Capability) - {Capability.GUEST_CHECKOUT, Capability.FAULTS}


class HttpBackend:
    """A shop behind a gateway, used by one person whose tokens are in `sessions`."""

    suspends = True

    def __init__(self, name: str, sessions: SessionStore, outside: Outside) -> None:
        """Connect to the origin `name` when it is first used."""
        self.name = name
        self._outside = outside
        self._calls = Calls(name, outside, revival=self._revival)
        self._faults = Calls(name, outside, revival=self._revival)
        self._controls: dict[str, Calls] = {}
        """By address: each `shop serve` has its own, and the connections of them all are closed in the end."""
        self._sessions = BoundSessions(sessions, name)
        self._owner = OwnerFile(self._sessions, name)
        desk = Desk(self._calls, self._sessions)
        self.users = HttpUsers(desk)
        self.products = HttpProducts(desk)
        self.carts = HttpCarts(desk)
        self.orders = HttpOrders(desk)
        self.payments = HttpPayments(desk, self._owner)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do; FAULTS for the owner of a shop that was started with them."""
        owner = self._owner.read()
        return CAPABILITIES | {Capability.FAULTS} if owner and owner.faults else CAPABILITIES

    @property
    def admin(self) -> HttpAdmin | None:
        """The owner's port, where the session names the file with the owner's keys."""
        owner = self._owner.read()
        if owner is None:
            return None
        return HttpAdmin(owner, self._calls, self._faults, self._control(owner.control), self._owner.serving())

    def _control(self, origin: str | None) -> Calls | None:
        if origin is None:
            return None
        if origin not in self._controls:
            self._controls[origin] = Calls(origin, self._outside, peer="supervisor", revival=self._owner.serving)
        return self._controls[origin]

    def _revival(self) -> str:
        """Return the command that brings the gateway back, or the one that tells which shop was asked."""
        if not is_loopback(self.name):
            return ADDRESS
        owner = self._owner.read()
        return self._owner.serving() if owner is None or owner.control is None else f"shop services start {GATEWAY}"

    def account_id(self) -> str | None:
        """The account that the stored session belongs to; asks no service."""
        return self._sessions.read().get("account")

    async def health(self) -> tuple[ServiceHealth, ...]:
        """The state of the five services and of the gateway; never raises."""
        return await health(self._calls)

    async def aclose(self) -> None:
        """Close the connections."""
        for calls in (self._calls, self._faults, *self._controls.values()):
            await calls.transport.aclose()
