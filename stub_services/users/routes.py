"""UserService on the wire."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from backends.errors import EmailTaken, KeyReused, NotFound, RateLimited, WrongCredentials
from backends.interface import Clock
from backends.models import Address as AddressModel
from stub_services.users.service import Ticket, UserService
from stub_services.wire.endpoint import Call, Endpoint, Needs, Struct
from stub_services.wire.shapes import Address, Text, shaped
from stub_services.wire.tokens import Signer, make_key

Password = Annotated[str, Meta(max_length=1024)]
Token = Annotated[str, Meta(min_length=1, max_length=200)]


class Accounts:
    """UserService's rules, and the key that signs what they decide."""

    def __init__(self, service: UserService, clock: Clock) -> None:
        """Serve `service`."""
        self.service = service
        self._clock = clock
        self._signer: Signer | None = None

    async def signer(self) -> Signer:
        """Who signs; the keys are read at the first use."""
        if self._signer is None:
            self._signer = Signer(await self.service.signing_keys(make_key), clock=self._clock)
        return self._signer

    async def published(self) -> list[dict[str, Any]]:
        """The public keys (RFC 7517)."""
        return (await self.signer()).published()


class Signup(Struct):
    """A new account."""

    name: Text
    email: Text
    password: Password


class Registered(Struct):
    """A sign-up's result."""

    email: str
    verification_required: bool


class Credentials(Struct):
    """E-mail address and password."""

    email: Text
    password: Password


class RefreshToken(Struct):
    """The token that continues a session."""

    refresh_token: Token


class User(Struct):
    """An account."""

    id: str
    name: str
    email: str


class Session(Struct):
    """Who is logged in, the token for other requests, and the one that continues the session."""

    user: User
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    expires_at: datetime


class Profile(Struct):
    """What an account may change of itself without its password."""

    name: Text


class NewEmail(Struct):
    """A change of the e-mail address, confirmed with the password."""

    email: Text
    password: Password


class NewPassword(Struct):
    """A change of the password."""

    old: Password
    new: Password


class Confirmation(Struct):
    """The password, to confirm."""

    password: Password


class LabelledAddress(Struct):
    """An address whose label stands in the path; `default` makes it the first."""

    name: Text
    line1: Text
    city: Text
    postcode: Text
    country: Text
    line2: Text = ""
    region: Text = ""
    phone: Text = ""
    default: bool = False


class Addresses(Struct):
    """The address book, its default first."""

    items: tuple[Address, ...]


class Keys(Struct):
    """A JSON Web Key set (RFC 7517)."""

    keys: list[dict[str, Any]]


async def signup(accounts: Accounts, call: Call, body: Signup) -> Registered:
    """Make an account."""
    done = await accounts.service.signup(body.name, body.email, body.password, call.once)
    return shaped(done, Registered)


async def login(accounts: Accounts, call: Call, body: Credentials) -> Session:  # noqa: ARG001
    """Start a session."""
    return await _session(accounts, await accounts.service.login(body.email, body.password))


async def refresh(accounts: Accounts, call: Call, body: RefreshToken) -> Session:  # noqa: ARG001
    """Continue a session: a new access token, and a new token for the next time."""
    return await _session(accounts, await accounts.service.refresh(body.refresh_token))


async def logout(accounts: Accounts, call: Call, body: RefreshToken) -> None:  # noqa: ARG001
    """End a session."""
    await accounts.service.logout(body.refresh_token)


async def keys(accounts: Accounts, call: Call) -> Keys:  # noqa: ARG001
    """The keys that access tokens are verified with."""
    return Keys(await accounts.published())


async def me(accounts: Accounts, call: Call) -> User:
    """Who is logged in."""
    return shaped(await accounts.service.me(call.caller), User)


async def rename(accounts: Accounts, call: Call, body: Profile) -> User:
    """Change the account's name."""
    return shaped(await accounts.service.rename(call.caller, body.name), User)


async def change_email(accounts: Accounts, call: Call, body: NewEmail) -> User:
    """Change the e-mail address to log in with; sessions go on."""
    return shaped(await accounts.service.change_email(call.caller, body.email, body.password), User)


async def change_password(accounts: Accounts, call: Call, body: NewPassword) -> None:
    """Change the password and end all other sessions."""
    await accounts.service.change_password(call.caller, body.old, body.new)


async def delete_account(accounts: Accounts, call: Call, body: Confirmation) -> None:
    """Delete the account, its cart, its cards and its address book; its orders stay with the shop."""
    await accounts.service.delete_account(call.caller, body.password)


async def addresses(accounts: Accounts, call: Call) -> Addresses:
    """The address book."""
    found = await accounts.service.addresses(call.caller.account())
    return Addresses(tuple(shaped(address, Address) for address in found))


async def save_address(accounts: Accounts, call: Call, label: Text, body: LabelledAddress) -> Address:
    """Add an address, or replace the one with this label."""
    values = msgspec.structs.asdict(body)
    default = values.pop("default")
    saved = await accounts.service.save_address(
        call.caller.account(), AddressModel(label=label, **values), default=default
    )
    return shaped(saved, Address)


async def remove_address(accounts: Accounts, call: Call, label: Text) -> None:
    """Remove an address."""
    await accounts.service.remove_address(call.caller.account(), label)


async def _session(accounts: Accounts, ticket: Ticket) -> Session:
    access, ends = (await accounts.signer()).sign(ticket.user.id, ticket.session_id)
    return Session(shaped(ticket.user, User), access, ends, ticket.token, ticket.expires_at)


ENDPOINTS = (
    Endpoint("POST", "/v1/users", signup, status=201, keyed=True, raises=(EmailTaken, KeyReused)),
    Endpoint("POST", "/v1/sessions", login, status=201, raises=(WrongCredentials, RateLimited)),
    Endpoint("POST", "/v1/sessions/refresh", refresh, raises=(WrongCredentials,)),
    Endpoint("POST", "/v1/sessions/revoke", logout),
    Endpoint("GET", "/v1/keys", keys, quiet=True),
    Endpoint("GET", "/v1/me", me, Needs.ACCOUNT),
    Endpoint("PATCH", "/v1/me", rename, Needs.ACCOUNT),
    Endpoint(
        "PUT",
        "/v1/me/email",
        change_email,
        Needs.ACCOUNT,
        raises=(WrongCredentials, EmailTaken, RateLimited),
    ),
    Endpoint("PUT", "/v1/me/password", change_password, Needs.ACCOUNT, raises=(WrongCredentials, RateLimited)),
    Endpoint("POST", "/v1/me/deletion", delete_account, Needs.ACCOUNT, raises=(WrongCredentials, RateLimited)),
    Endpoint("GET", "/v1/me/addresses", addresses, Needs.ACCOUNT),
    Endpoint("PUT", "/v1/me/addresses/{label}", save_address, Needs.ACCOUNT),
    Endpoint("DELETE", "/v1/me/addresses/{label}", remove_address, Needs.ACCOUNT, raises=(NotFound,)),
)
