"""What the five parts share: the way to the services, and the person's session."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from backends.errors import LoginRequired
from backends.http import encoding, models
from backends.http.calls import Calls
from backends.http.decoding import Decode, document, nothing
from backends.http.requests import Repeat, Request
from backends.http.sessions import BoundSessions
from backends.http.tokens import AccountTokens
from backends.interface import Ids

T = TypeVar("T")

_FASTEST = 1


def reading(path: str, service: str) -> Request:
    """Return a request that changes nothing."""
    return Request("GET", path, service, Repeat.READ)


def writing(
    method: str,
    path: str,
    service: str,
    body: Mapping[str, object] | None = None,
    look: str | None = None,
) -> Request:
    """Return a request that changes something; `look` is the command that shows what became of it."""
    encoded = None if body is None else encoding.body(body, service)
    return Request(method, path, service, Repeat.SAME_ID, encoded, look=look)


def unrepeatable(request: Request) -> Request:
    """Return the request as one that is sent again only if surely nothing came of it."""
    return replace(request, repeat=Repeat.UNSENT)


def compressed(request: Request) -> Request:
    """Return the request with its body packed by gzip, always into the same bytes."""
    import gzip

    packed = gzip.compress(request.body or b"", _FASTEST, mtime=0)
    return replace(request, body=packed, headers={**request.headers, "content-encoding": "gzip"})


def keyed(request: Request, key: str) -> Request:
    """Return the request under a key by which the shop knows a repetition."""
    return replace(request, headers={**request.headers, "idempotency-key": key})


class Desk:
    """Sends requests in the name of whoever is logged in, or of a guest."""

    def __init__(self, calls: Calls, sessions: BoundSessions) -> None:
        """Send with `calls` what the person in `sessions` asks for."""
        self.calls = calls
        self.sessions = sessions
        self.tokens = AccountTokens(sessions, self._refreshed, clock=calls.outside.clock)

    @property
    def ids(self) -> Ids:
        """Makes ids."""
        return self.calls.outside.ids

    @property
    def is_logged_in(self) -> bool:
        """Whether there is a session; it may have ended."""
        return "refresh" in self.sessions.read()

    async def anybody(self, request: Request, decode: Decode[T]) -> T:
        """Send it without saying who asks."""
        return await self.calls.send(request, decode)

    async def account(self, request: Request, decode: Decode[T]) -> T:
        """Send it in the name of the account. Raises LoginRequired, SessionExpired."""
        return await self.calls.send(replace(request, credentials=self.tokens), decode)

    async def shopper(self, request: Request, decode: Decode[T]) -> T:
        """Send it in the name of the account, or of the guest; a guest who changes something gets a cart.

        A guest's cart that could not be merged at log-in, because CartService was down, is merged first.
        """
        if self.is_logged_in:
            await self.merge()
            return await self.account(request, decode)
        cart = self.sessions.guest_cart() if request.reads else self.sessions.guest_cart_or_new(self.ids)
        if cart is not None:
            request = replace(request, headers={**request.headers, "shop-cart": cart})
        return await self.anybody(request, decode)

    async def merge(self) -> None:
        """Put what a guest's cart holds into the account's, if there is one."""
        cart = self.sessions.guest_cart()
        if cart is None:
            return
        path = encoding.path_to("cart", "merged", last=cart, otherwise=LoginRequired("that is no cart"))
        await self.account(writing("PUT", path, "carts", look="shop cart show"), nothing)
        self.sessions.forget_guest_cart(cart)

    async def _refreshed(self, token: str) -> models.Grant:
        body = {"refresh_token": token}
        request = writing("POST", "/v1/sessions/refresh", "users", body, look="shop whoami")
        return await self.anybody(request, document(models.grant))
