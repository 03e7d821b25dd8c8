"""Kinds of shops by URL scheme, our own and those of plug-ins, and what a shop can do in words."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backends.capabilities import Capability
from backends.errors import ConfigurationError
from backends.registry import open_backend, plugins

if TYPE_CHECKING:
    from backends.interface import Backend
    from backends.plugins import Plugin

OK = "ok"
BROKEN = "broken"

_ABOUT = {
    "http": "a shop behind a gateway, see shop serve",
    "https": "the same, encrypted",
    "memory": "a shop in memory, for one command",
    "sqlite": "a shop in a directory of this computer",
}
_EXAMPLES = {"http": "http://127.0.0.1", "https": "https://127.0.0.1", "memory": "memory:", "sqlite": "sqlite:shop"}

MEANING = {
    Capability.GUEST_CART: "a cart can be filled without an account",
    Capability.GUEST_CHECKOUT: "an order can be placed without an account",
    Capability.NEEDS_SHIPPING_CHOICE: "a way of delivery is chosen before an order",
    Capability.EXACT_STOCK: "it says how many are left, not just in or out",
    Capability.REPORTS_DUPLICATE_EMAIL: "signing up says that an e-mail address is taken",
    Capability.PAY_EXISTING_ORDER: "an order is placed first and can be paid later",
    Capability.REPLAYS_PLACE: "repeating an order's key answers the same order",
    Capability.CANCEL_ORDER: "a customer can cancel an order",
    Capability.REFUND: "the merchant can refund a payment",
    Capability.PAY_IN_TERMINAL: "paying needs no browser",
    Capability.ORDER_HISTORY: "past orders can be listed",
    Capability.ADDRESS_BOOK: "addresses are kept with the account",
    Capability.LOGIN: "there are accounts",
    Capability.SERVER_LOGOUT: "logging out ends the session at the shop too",
    Capability.CHANGE_EMAIL: "the password changes the account's e-mail address",
    Capability.FAULTS: "faults can be injected",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What serves the URLs of one scheme."""

    scheme: str
    about: str
    distribution: str | None
    """What a plug-in came with; None for what is built in."""
    version: str | None
    state: str
    """`ok` or `broken`."""
    reason: str | None
    """Why it is broken."""


@dataclass(frozen=True, slots=True)
class Ability:
    """One thing that shops differ in."""

    capability: Capability
    able: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a shop can do."""

    backend: str
    capabilities: tuple[Ability, ...]


def kinds() -> tuple[Kind, ...]:
    """Return all kinds of shops: those built in, then the plug-ins, each of which is imported."""
    own = (Kind(scheme, about, None, None, OK, None) for scheme, about in sorted(_ABOUT.items()))
    return (*own, *map(_foreign, plugins()))


def abilities(backend: "Backend") -> Abilities:
    """Return what a shop can do and what it cannot."""
    able = backend.capabilities
    return Abilities(backend.name, tuple(Ability(each, each in able, MEANING[each]) for each in Capability))


def example(scheme: str) -> "Backend":
    """Open a shop of a kind that nothing but the scheme is known of: no file and no network is touched.

    Raises ConfigurationError, also where a plug-in needs more than that.
    """
    try:
        return open_backend(_EXAMPLES.get(scheme, f"{scheme}:"))
    except ConfigurationError as error:
        error.hint = error.hint or f"shop backends show {scheme}:ADDRESS"  # some want to know more than the scheme
        raise


def _foreign(plugin: "Plugin") -> Kind:
    reason = plugin.why_broken()
    state = BROKEN if reason else OK
    return Kind(plugin.scheme, plugin.summary, plugin.distribution, plugin.version, state, reason)
