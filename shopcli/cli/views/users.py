"""Accounts and addresses."""

from dataclasses import dataclass

from backends.models import Address, User
from shopcli.cli.output.columns import Card, Column, View


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the token of a session is kept."""

    kind: str
    """`file` or `keyring`."""
    where: str
    """The file's path, or the name of the keyring."""
    permissions: str | None
    """Those of the file."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who is logged in."""

    id: str
    name: str
    email: str
    credentials: Credentials | None
    """None where the session ends with the shop."""


def _who_card(who: Who) -> Card:
    kept = [] if who.credentials is None else [f"token kept in {_kept(who.credentials)}"]
    return Card([f"{who.name} <{who.email}>", *kept], (), ())


def _kept(credentials: Credentials) -> str:
    if credentials.kind == "keyring":
        return f"the system's keyring ({credentials.where})"
    return f"{credentials.where} ({credentials.permissions or 'no file yet'})"


WHO = View(
    Who,
    (
        Column("name", lambda who: who.name, shrinks=True),
        Column("email", lambda who: who.email),
        Column("id", lambda who: who.id, hidden=True),
        Column("credentials", lambda who: who.credentials and _kept(who.credentials), hidden=True),
    ),
    identity=lambda who: who.email,
    card=_who_card,
)


@dataclass(frozen=True, slots=True)
class Account:
    """The account that is logged in."""

    id: str
    name: str
    email: str
    addresses: int | None
    """How many; None where the shop keeps none."""
    credentials: Credentials | None
    """None where the session ends with the shop."""


def _account_card(account: Account) -> Card:
    head = [f"{account.name} <{account.email}>", f"id         {account.id}"]
    if account.addresses is not None:
        head.append(f"addresses  {account.addresses}")
    if account.credentials is not None:
        head.append(f"token      kept in {_kept(account.credentials)}")
    return Card(head, (), ())


ACCOUNT = View(
    Account,
    (
        Column("name", lambda account: account.name, shrinks=True),
        Column("email", lambda account: account.email),
        Column("id", lambda account: account.id, rank=1),
        Column("addresses", lambda account: account.addresses, right=True, rank=2),
        Column("credentials", lambda account: account.credentials and _kept(account.credentials), hidden=True),
    ),
    identity=lambda account: account.email,
    card=_account_card,
)

USER = View(
    User,
    (
        Column("name", lambda user: user.name, shrinks=True),
        Column("email", lambda user: user.email),
        Column("id", lambda user: user.id, hidden=True),
    ),
    identity=lambda user: user.email,
    card=lambda user: Card([f"{user.name} <{user.email}>"], (), ()),
)

ADDRESS = View(
    Address,
    (
        Column("label", lambda address: address.label),
        Column("name", lambda address: address.name, rank=1),
        Column("line1", lambda address: address.line1, shrinks=True),
        Column("line2", lambda address: address.line2, rank=6),
        Column("postcode", lambda address: address.postcode, rank=3),
        Column("city", lambda address: address.city),
        Column("region", lambda address: address.region, rank=5),
        Column("country", lambda address: address.country, rank=2),
        Column("phone", lambda address: address.phone, rank=4),
    ),
    identity=lambda address: address.label,
)
