"""Accounts, sessions and the address book."""

from contextlib import suppress
from dataclasses import replace

from backends.deadline import deadline
from backends.errors import InvalidValue, LoginRequired, NotFound, Outcome, ShopError, StorageError, Unavailable
from backends.http import encoding, models
from backends.http.decoding import document, nothing
from backends.http.desk import Desk, keyed, reading, unrepeatable, writing
from backends.models import Address, Registered, Session, User

MERGE_SECONDS = 2.0
"""How long logging in waits for the guest's cart."""
_ACCOUNT = "shop account show"
_BOOK = "shop addresses list"


class HttpUsers:
    """UserService."""

    def __init__(self, desk: Desk) -> None:
        """Ask by way of `desk`."""
        self._desk = desk

    async def signup(self, name: str, email: str, password: str) -> Registered:
        """Make an account; does not log in. Raises EmailTaken, InvalidValue."""
        body = {"name": name, "email": email, "password": password}
        request = keyed(writing("POST", "/v1/users", "users", body, look="shop login"), self._desk.ids())
        return await self._desk.anybody(request, document(models.registered))

    async def login(self, email: str, password: str) -> Session:
        """Start a session; a guest's cart is merged into the account's. Raises WrongCredentials, RateLimited."""
        body = {"email": email, "password": password}
        request = unrepeatable(writing("POST", "/v1/sessions", "users", body, "shop login"))
        grant = await self._desk.anybody(request, document(models.grant))
        self._desk.sessions.begin(grant)
        # Where carts are silent the guest's cart stays noted, and is merged at the next use of the cart.
        with suppress(ShopError), deadline(MERGE_SECONDS):
            await self._desk.merge()
        return Session(grant.user, grant.expires_at)

    async def logout(self) -> None:
        """End the session here and at the shop. If the shop cannot be told, it is ended here and the error says so."""
        refresh = self._desk.sessions.end()
        if refresh is None:
            return
        body = {"refresh_token": refresh}
        request = writing("POST", "/v1/sessions/revoke", "users", body, look="shop whoami")
        try:
            await self._desk.anybody(request, nothing)
        except LoginRequired:
            return  # the session had ended before
        except ShopError as error:
            msg = f"you are logged out on this computer; the shop may still know the session: {error.message}"
            told = Unavailable(
                msg, hint=error.hint, service="users", outcome=Outcome.APPLIED, request_id=error.request_id
            )
            told.retryable = False  # there is nothing left here to repeat it with
            raise told from error

    async def me(self) -> User:
        """Who is logged in. Raises LoginRequired, SessionExpired."""
        return await self._desk.account(reading("/v1/me", "users"), document(models.user))

    async def rename(self, name: str) -> User:
        """Change the account's name. Raises InvalidValue."""
        request = writing("PATCH", "/v1/me", "users", {"name": name}, look=_ACCOUNT)
        return await self._desk.account(request, document(models.user))

    async def change_email(self, email: str, password: str) -> User:
        """Change the e-mail address. Raises WrongCredentials, RateLimited, InvalidValue, EmailTaken."""
        body = {"email": email, "password": password}
        request = writing("PUT", "/v1/me/email", "users", body, look=_ACCOUNT)
        return await self._desk.account(request, document(models.user))

    async def change_password(self, old: str, new: str) -> None:
        """Change the password and end every other session. Raises WrongCredentials, InvalidValue."""
        body = {"old": old, "new": new}
        await self._desk.account(writing("PUT", "/v1/me/password", "users", body, look="shop login"), nothing)

    async def delete_account(self, password: str) -> None:
        """Delete the account. Raises WrongCredentials."""
        request = writing("POST", "/v1/me/deletion", "users", {"password": password}, "shop whoami")
        await self._desk.account(unrepeatable(request), nothing)
        try:
            self._desk.sessions.end()
        except ShopError as error:
            msg = f"the account is deleted; this computer still has its session: {error.message}"
            raise StorageError(msg, hint="shop logout", outcome=Outcome.APPLIED) from error

    async def addresses(self) -> tuple[Address, ...]:
        """The address book, its default first."""
        return await self._desk.account(reading("/v1/me/addresses", "users"), document(models.items(models.address)))

    async def save_address(self, address: Address, *, default: bool = False) -> Address:
        """Add the address, or replace the one with its label. Raises InvalidValue."""
        refusal = InvalidValue("an address label is a short name such as home", service="users")
        path = encoding.path_to("me", "addresses", last=address.label, otherwise=refusal)
        body = {**encoding.members(address, without="label"), "default": default}
        return await self._desk.account(writing("PUT", path, "users", body, look=_BOOK), document(models.address))

    async def remove_address(self, label: str) -> None:
        """Remove an address. Raises NotFound."""
        refusal = NotFound("there is no such address in your address book", hint=_BOOK, service="users")
        path = encoding.path_to("me", "addresses", last=label, otherwise=refusal)
        request = replace(writing("DELETE", path, "users", look=_BOOK), gone_is_done=True)
        await self._desk.account(request, nothing)
