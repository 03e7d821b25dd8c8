"""What is asked of a service: one request, which is repeated byte for byte."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

GATEWAY = "gateway"


class Repeat(Enum):
    """When a request may be sent once more."""

    READ = auto()
    """Always: it changes nothing."""
    SAME_ID = auto()
    """Always: the shop knows it again by its id or key, or doing it twice does it once."""
    UNSENT = auto()
    """Only if surely nothing came of it."""


class Credentials(Protocol):
    """Who is asking."""

    async def token(self) -> str:
        """A token to send. Raises LoginRequired, or why it cannot be had."""

    async def renewed(self, stale: str) -> str:
        """Another token instead of one that has expired. Raises SessionExpired, or why it cannot be had."""


@dataclass(frozen=True, slots=True)
class FixedToken:
    """The token of a merchant, which does not expire."""

    secret: str = field(repr=False)

    async def token(self) -> str:
        """The token itself."""
        return self.secret

    async def renewed(self, stale: str) -> str:
        """The same one: there is no other."""
        return stale


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `path` is encoded and may have a query; bodies and headers may hold secrets."""

    method: str
    path: str
    service: str
    repeat: Repeat
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    credentials: Credentials | None = field(default=None, repr=False)
    gone_is_done: bool = False
    """A repetition that finds nothing any more means that the first one worked."""
    look: str | None = None
    """The command that shows what became of it."""

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.repeat is Repeat.READ

    @property
    def action(self) -> str:
        """What it does, for people; without a query, and without the id of a guest's cart, which is its key."""
        path = self.path.partition("?")[0]
        return f"{self.method} {'/v1/cart/merged' if path.startswith('/v1/cart/merged/') else path}"
