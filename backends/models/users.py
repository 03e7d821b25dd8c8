"""Accounts, sessions, addresses."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class User:
    """An account."""

    id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A sign-up's result; some shops want the e-mail address verified before the first log-in."""

    email: str
    verification_required: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in's result. Its tokens stay in the adapter's `SessionStore`."""

    user: User
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; `label` is its name in the address book ("home")."""

    label: str
    name: str
    line1: str
    city: str
    postcode: str
    country: str
    """ISO 3166-1 alpha-2, upper case."""
    line2: str = ""
    region: str = ""
    phone: str = ""
