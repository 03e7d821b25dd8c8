"""The rules of accounts, sessions and address books."""

import hashlib
import re
import secrets
from datetime import timedelta
from typing import Protocol

from backends.errors import EmailTaken, InvalidValue, LoginRequired, NotFound, SessionExpired, WrongCredentials
from backends.interface import Clock, Ids
from backends.models import Address, Registered, Session, User
from stub_services.addresses import text, valid_address
from stub_services.database import Store
from stub_services.users.store import UserRows

SESSION_LIFE = timedelta(days=30)
PASSWORD_LENGTHS = range(8, 1025)  # argon2 takes any length, a request body should not

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Passwords(Protocol):
    """Hashes and checks passwords."""

    def hash(self, password: str) -> str:
        """Return a salted hash."""

    def matches(self, password: str, stored: str | None) -> bool:
        """Check a password, in the same time with and without a stored hash."""


class UserService:
    """Accounts, sessions and address books."""

    def __init__(self, store: Store[UserRows], passwords: Passwords, *, clock: Clock, ids: Ids) -> None:
        """Keep accounts in `store`."""
        self._store = store
        self._passwords = passwords
        self._clock = clock
        self._ids = ids

    async def signup(self, name: str, email: str, password: str) -> Registered:
        """Make an account. Raises InvalidValue, EmailTaken."""
        user = User(self._ids(), text("name", name, service="users"), _email(email))
        stored = self._passwords.hash(_new_password(password))
        async with self._store.write() as rows:
            if not await rows.insert_user(user, user.email.casefold(), stored, self._clock()):
                msg = f"an account with {user.email} exists already"
                raise EmailTaken(msg, service="users")
        return Registered(user.email)

    async def login(self, email: str, password: str) -> tuple[Session, str]:
        """Start a session; returns it with its secret token. Raises WrongCredentials."""
        async with self._store.read() as rows:
            found = await rows.user_by_email(email.strip().casefold())
        if not self._passwords.matches(password, found and found[1]) or found is None:
            msg = "the e-mail address or the password is wrong"
            raise WrongCredentials(msg, service="users")
        token = secrets.token_urlsafe(32)
        expires_at = self._clock() + SESSION_LIFE
        async with self._store.write() as rows:
            await rows.insert_session(_digest(token), found[0].id, expires_at, self._clock())
        return Session(found[0], expires_at), token

    async def authenticate(self, token: str) -> User:
        """Who holds this token. Raises SessionExpired."""
        async with self._store.read() as rows:
            found = await rows.session(_digest(token))
        if found is None:
            msg = "the shop does not know your session any more"
            raise SessionExpired(msg, service="users")
        if found[1] <= self._clock():
            msg = "your session has ended; your account and cart are as you left them"
            raise SessionExpired(msg, service="users")
        return found[0]

    async def logout(self, token: str) -> None:
        """End a session; idempotent."""
        async with self._store.write() as rows:
            await rows.delete_session(_digest(token))

    async def change_password(self, token: str, old: str, new: str) -> None:
        """Change the password and end the account's other sessions. Raises WrongCredentials."""
        user = await self.confirm(token, old)
        stored = self._passwords.hash(_new_password(new))
        async with self._store.write() as rows:
            await rows.set_password(user.id, stored)
            await rows.delete_other_sessions(user.id, _digest(token))

    async def delete_account(self, token: str, password: str) -> None:
        """Remove the account, its sessions and its address book. Raises WrongCredentials."""
        user = await self.confirm(token, password)
        async with self._store.write() as rows:
            await rows.delete_user(user.id)

    async def addresses(self, user_id: str) -> tuple[Address, ...]:
        """The address book, its default first."""
        async with self._store.read() as rows:
            return await rows.addresses(user_id)

    async def save_address(self, user_id: str, address: Address, *, default: bool) -> Address:
        """Add or replace an address; the first one becomes the default. Raises InvalidValue."""
        address = valid_address(address, service="users")
        async with self._store.write() as rows:
            if await rows.user_by_id(user_id) is None:
                msg = "this account has been deleted"
                raise LoginRequired(msg, service="users")
            first = not await rows.addresses(user_id)
            await rows.save_address(user_id, address, default=default or first)
        return address

    async def remove_address(self, user_id: str, label: str) -> None:
        """Remove an address. Raises NotFound."""
        async with self._store.write() as rows:
            if not await rows.remove_address(user_id, label):
                msg = f"there is no address {label!r} in your address book"
                raise NotFound(msg, hint="shop addresses list", service="users")

    async def confirm(self, token: str, password: str) -> User:
        """Who holds this token and knows the password too. Raises SessionExpired, WrongCredentials."""
        user = await self.authenticate(token)
        async with self._store.read() as rows:
            found = await rows.user_by_id(user.id)
        if not self._passwords.matches(password, found and found[1]):
            msg = "the password is wrong"
            raise WrongCredentials(msg, service="users")
        return user


def _email(value: str) -> str:
    email = text("e-mail address", value, service="users")
    if not _EMAIL.fullmatch(email):
        msg = "that is not an e-mail address: it looks like ada@example.org"
        raise InvalidValue(msg, service="users")
    return email


def _new_password(password: str) -> str:
    if len(password) not in PASSWORD_LENGTHS:
        msg = f"a password has {PASSWORD_LENGTHS.start} to {PASSWORD_LENGTHS.stop - 1} characters"
        raise InvalidValue(msg, service="users")
    if any("\ud800" <= character <= "\udfff" for character in password):
        msg = "the password is not valid text"
        raise InvalidValue(msg, service="users")
    return password


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
