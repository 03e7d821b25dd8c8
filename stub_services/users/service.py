"""The rules of accounts, sessions and address books."""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Protocol

from backends.errors import (
    EmailTaken,
    InvalidValue,
    LoginRequired,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    SessionExpired,
    ShopError,
    WrongCredentials,
)
from backends.interface import Clock, Ids
from backends.models import Address, Registered, User
from stub_services.addresses import text, valid_address
from stub_services.caller import Caller
from stub_services.database import Store
from stub_services.idempotency import Once
from stub_services.peers import Keeper
from stub_services.users.store import StoredSession, UserRows

SESSION_LIFE = timedelta(days=30)
REPLACED_TOKEN_LIFE = timedelta(seconds=60)
"""How long a token still works once its successor is used: two terminals may refresh at once.

Before that it works for as long as the session does: the answer with the successor may have got lost.
"""
TOKENS_REMEMBERED = timedelta(days=1)
MAX_ATTEMPTS = 5
ATTEMPTS_WINDOW = timedelta(minutes=1)
PASSWORD_LENGTHS = range(8, 1025)  # argon2 takes any length, a request body should not

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Passwords(Protocol):
    """Hashes and checks passwords."""

    async def hash(self, password: str) -> str:
        """Return a salted hash."""

    async def matches(self, password: str, stored: str | None) -> bool:
        """Check a password, in the same time with and without a stored hash."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A session, and the secret that continues it."""

    user: User
    session_id: str
    expires_at: datetime
    token: str = field(repr=False)


class UserService:
    """Accounts, sessions and address books."""

    def __init__(
        self,
        store: Store[UserRows],
        passwords: Passwords,
        keepers: Callable[[], tuple[Keeper, ...]],
        *,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Keep accounts in `store`; `keepers` forget with it what they keep of an account."""
        self._store = store
        self._passwords = passwords
        self._keepers = keepers
        self._clock = clock
        self._ids = ids

    # --- accounts ----------------------------------------------------------------------------

    async def signup(self, name: str, email: str, password: str, once: Once | None = None) -> Registered:
        """Make an account. Raises InvalidValue, EmailTaken, KeyReused."""
        if once is not None and await self._took_effect(once):
            return Registered(email.strip())
        user = User(self._ids(), text("name", name, service="users"), _email(email))
        stored = await self._passwords.hash(_new_password(password))
        async with self._store.write() as rows:
            if await rows.requests.took_effect(once):
                return Registered(user.email)
            if not await rows.insert_user(user, user.email.casefold(), stored, self._clock()):
                raise _taken(user.email)
            await rows.requests.note(once, self._clock())
        return Registered(user.email)

    async def _took_effect(self, once: Once) -> bool:
        async with self._store.read() as rows:
            return await rows.requests.took_effect(once)

    async def me(self, caller: Caller) -> User:
        """Whose session it is. Raises SessionExpired."""
        return (await self._session(caller)).user

    async def rename(self, caller: Caller, name: str) -> User:
        """Change the account's name. Raises InvalidValue, SessionExpired."""
        caller.account()
        name = text("name", name, service="users")
        async with self._store.write() as rows:
            session = self._living(await rows.session(caller.session_id or ""))
            await rows.set_name(session.user.id, name)
        return replace(session.user, name=name)

    async def change_email(self, caller: Caller, email: str, password: str) -> User:
        """Change the e-mail address. Raises WrongCredentials, InvalidValue, EmailTaken.

        Sessions go on: they belong to the account, whatever its address is.
        """
        email = _email(email)
        confirmed = await self._confirmed(caller, password)
        async with self._store.write() as rows:
            # Another session may have changed the password, which ends this one, while it was looked at.
            session = self._living(await rows.session(confirmed.id))
            is_free = await rows.set_email(session.user.id, email, email.casefold())
            await rows.delete_attempts(_email_hash(confirmed.user.email))
        if not is_free:
            raise _taken(email)
        return replace(session.user, email=email)

    async def change_password(self, caller: Caller, old: str, new: str) -> None:
        """Change the password and end the account's other sessions. Raises WrongCredentials."""
        new = _new_password(new)
        session = await self._confirmed(caller, old)
        stored = await self._passwords.hash(new)
        async with self._store.write() as rows:
            self._living(await rows.session(session.id))  # of two changes at once, the first ends the other's session
            await rows.set_password(session.user.id, stored)
            await rows.delete_attempts(_email_hash(session.user.email))
            await rows.delete_other_sessions(session.user.id, session.id)

    async def delete_account(self, caller: Caller, password: str) -> None:
        """Remove the account, its sessions and its address book. Raises WrongCredentials, OutcomeUnknown.

        The account goes last: what fails before can be repeated.
        """
        session = await self._confirmed(caller, password)
        is_begun = False
        try:
            for keeper in self._keepers():
                await keeper.forget(session.user.id)
                is_begun = True
            async with self._store.write() as rows:
                await rows.delete_user(session.user.id)
                await rows.delete_attempts(_email_hash(session.user.email))
        except ShopError as error:
            if not is_begun:
                raise
            msg = f"part of what the account kept is gone, and the account itself may be there still: {error.message}"
            raise OutcomeUnknown(msg, hint="shop account delete", service="users") from error

    # --- sessions ----------------------------------------------------------------------------

    async def login(self, email: str, password: str) -> Ticket:
        """Start a session. Raises WrongCredentials, RateLimited."""
        key = email.strip().casefold()
        await self._note_attempt(_email_hash(email))
        async with self._store.read() as rows:
            found = await rows.user_by_email(key)
        if not await self._passwords.matches(password, found and found[1]) or found is None:
            raise _wrong()
        ticket = Ticket(found[0], self._ids(), self._clock() + SESSION_LIFE, secrets.token_urlsafe(32))
        async with self._store.write() as rows:
            if await rows.user_by_email(key) != found:  # changed, or deleted, while the password was looked at
                raise _wrong()
            await rows.insert_session(ticket.session_id, ticket.user.id, ticket.expires_at, self._clock())
            await rows.insert_token(_digest(ticket.token), ticket.session_id)
            await rows.delete_attempts(_email_hash(email))
        return ticket

    async def authenticate(self, token: str) -> Caller:
        """Who holds this token. Raises SessionExpired."""
        async with self._store.read() as rows:
            found = await rows.session_of(_digest(token))
        session = self._living(found and found[0])
        return Caller(user_id=session.user.id, session_id=session.id)

    async def refresh(self, token: str) -> Ticket:
        """Give a new token for the session. Raises SessionExpired.

        A token that is used again long after its successor was ends the session: one of the two was stolen. Of several
        successors (answers got lost) the first one that is used counts, and the others are replaced like the token.
        """
        now = self._clock()
        async with self._store.write() as rows:
            found = await rows.session_of(_digest(token))
            session = self._living(found and found[0])
            replaced_at = found and found[1]
            stolen = replaced_at is not None and now - replaced_at > REPLACED_TOKEN_LIFE
            ticket = Ticket(session.user, session.id, session.expires_at, secrets.token_urlsafe(32))
            if stolen:
                await rows.delete_session(session.id)
            else:
                await rows.use_token(_digest(token), now, now - TOKENS_REMEMBERED)
                await rows.insert_token(_digest(ticket.token), session.id, predecessor=_digest(token))
        if stolen:
            msg = "your session was ended for safety: an old token of it was used again"
            raise SessionExpired(msg, service="users")
        return ticket

    async def logout(self, token: str) -> None:
        """End a session; idempotent."""
        async with self._store.write() as rows:
            found = await rows.session_of(_digest(token))
            if found is not None:
                await rows.delete_session(found[0].id)

    async def _note_attempt(self, email_hash: str) -> None:
        """Count an attempt before the password is looked at: many may come at once. Raises RateLimited."""
        now = self._clock()
        async with self._store.write() as rows:
            attempts = await rows.attempts(email_hash, now - ATTEMPTS_WINDOW)
            if len(attempts) < MAX_ATTEMPTS:
                await rows.insert_attempt(email_hash, now, now - ATTEMPTS_WINDOW)
                return
        wait = ceil((attempts[-MAX_ATTEMPTS] + ATTEMPTS_WINDOW - now).total_seconds())
        msg = f"too many wrong passwords for this account; try again in {wait} s"
        raise RateLimited(msg, hint="shop login", service="users", retry_after=wait)

    async def _session(self, caller: Caller) -> StoredSession:
        caller.account()
        async with self._store.read() as rows:
            return self._living(await rows.session(caller.session_id or ""))

    def _living(self, session: StoredSession | None) -> StoredSession:
        if session is None:
            msg = "the shop does not know your session any more"
            raise SessionExpired(msg, service="users")
        if session.expires_at <= self._clock():
            msg = "your session has ended; your account and cart are as you left them"
            raise SessionExpired(msg, service="users")
        return session

    async def _confirmed(self, caller: Caller, password: str) -> StoredSession:
        """Return the session of whoever knows the password too. Raises SessionExpired, WrongCredentials."""
        session = await self._session(caller)
        await self._note_attempt(_email_hash(session.user.email))
        async with self._store.read() as rows:
            found = await rows.user_by_id(session.user.id)
        if not await self._passwords.matches(password, found and found[1]):
            msg = "the password is wrong"
            raise WrongCredentials(msg, service="users")
        return session

    # --- the key that signs access tokens -----------------------------------------------------

    async def signing_keys(self, make: Callable[[], tuple[str, str]]) -> dict[str, str]:
        """Private keys (PEM) by id, the newest first; `make` returns the first one where there is none yet."""
        async with self._store.write() as rows:
            if not await rows.signing_keys():
                key_id, private_key = make()
                await rows.insert_signing_key(key_id, private_key, self._clock())
            return await rows.signing_keys()

    # --- the address book --------------------------------------------------------------------

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


def _wrong() -> WrongCredentials:
    return WrongCredentials("the e-mail address or the password is wrong", service="users")


def _taken(email: str) -> EmailTaken:
    return EmailTaken(f"an account with {email} exists already", service="users")


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


def _email_hash(email: str) -> str:
    """Return what attempts are counted by: what people type where an address belongs is not kept."""
    return _digest(email.strip().casefold())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
