"""What an adapter keeps between two commands, bound to the origin that it belongs to."""

import re
from collections.abc import Callable, MutableMapping
from datetime import datetime
from typing import TypeVar

from backends.http.models import Grant
from backends.interface import Ids, SessionStore

T = TypeVar("T")

_HEADER_SAFE = re.compile(r"[A-Za-z0-9._~+/=-]{1,4096}")
_LOGIN = ("access", "access_expires_at", "refresh", "account")


class BoundSessions:
    """A `SessionStore` whose tokens go to one origin only; what was kept for another one is dropped."""

    def __init__(self, store: SessionStore, origin: str) -> None:
        """Keep everything in `store`."""
        self._store = store
        self._origin = origin

    def read(self) -> dict[str, str]:
        """Return what is kept for this origin."""
        stored = self._store.read()
        if stored.get("origin", self._origin) != self._origin:
            return self._store.update(lambda kept: dict(self._bound(kept)))
        return stored if "origin" in stored else _owner_of(stored)

    def update(self, change: Callable[[MutableMapping[str, str]], T]) -> T:
        """Change what is kept for this origin, and return what `change` returns."""
        return self._store.update(lambda kept: change(self._bound(kept)))

    def _bound(self, kept: MutableMapping[str, str]) -> MutableMapping[str, str]:
        if kept.get("origin") != self._origin:
            owner = {} if "origin" in kept else _owner_of(kept)
            kept.clear()
            kept.update(owner, origin=self._origin)
        return kept

    def guest_cart(self) -> str | None:
        """The id of a guest's cart, which is its only key; None for what could not be one."""
        cart = self.read().get("cart")
        return cart if cart is not None and _HEADER_SAFE.fullmatch(cart) else None

    def guest_cart_or_new(self, ids: Ids) -> str:
        """The same, made if there is none; two processes at once agree on one."""
        fresh = ids()

        def keep(kept: MutableMapping[str, str]) -> str:
            if not _HEADER_SAFE.fullmatch(kept.setdefault("cart", fresh)):
                kept["cart"] = fresh
            return kept["cart"]

        return self.guest_cart() or self.update(keep)

    def forget_guest_cart(self, cart_id: str) -> None:
        """Forget a guest's cart that was merged, unless another one was begun meanwhile."""
        self.update(lambda kept: kept.get("cart") == cart_id and kept.pop("cart"))

    def begin(self, grant: Grant) -> None:
        """Keep the tokens of somebody who logged in; the guest's cart stays until it is merged."""
        self.update(lambda kept: kept.update(_kept(grant)))

    def replace(self, refresh: str, grant: Grant) -> None:
        """Keep new tokens in the place of those with `refresh`, unless somebody did, or logged out, meanwhile."""
        self.update(lambda kept: kept.update(_kept(grant)) if kept.get("refresh") == refresh else None)

    def end(self) -> str | None:
        """Forget who is logged in, and return the token that continued the session."""

        def forget(kept: MutableMapping[str, str]) -> str | None:
            refresh = kept.get("refresh")
            for name in _LOGIN:
                kept.pop(name, None)
            return refresh

        return self.update(forget)


def sendable(token: str | None) -> str | None:
    """Return a token that may stand in a header; whatever else a file holds is none."""
    return token if token is not None and _HEADER_SAFE.fullmatch(token) else None


def expiry(stored: dict[str, str]) -> datetime | None:
    """When the access token ends."""
    try:
        ends = datetime.fromisoformat(stored.get("access_expires_at", ""))
    except ValueError:
        return None
    return ends if ends.tzinfo else None


def _kept(grant: Grant) -> dict[str, str]:
    return {
        "access": grant.access,
        "access_expires_at": grant.access_expires_at.isoformat(),
        "refresh": grant.refresh,
        "account": grant.user.id,
    }


def _owner_of(stored: MutableMapping[str, str]) -> dict[str, str]:
    """What counts before anything was kept for an origin: `owner` names a file that names its own gateway."""
    return {"owner": stored["owner"]} if "owner" in stored else {}
