"""What a service offers on the wire: a table of endpoints, whose handlers' signatures are the specification.

A handler is `async def view(rules, call, ...)`. A parameter `body` is the request's JSON, decoded strictly into
the struct that it is annotated with; `query` likewise the query string; every other parameter is a part of the path.
What it returns is the answer's JSON; None is 204. The OpenAPI document is made from the same signatures.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from inspect import signature
from typing import Any, get_type_hints

import msgspec

from backends.errors import ShopError
from stub_services.caller import Caller
from stub_services.idempotency import Once
from stub_services.wire.hop import MAX_SECONDS

Handler = Callable[..., Awaitable[Any]]

MAX_BODY = 64 * 1024
"""Bytes of a request's body; no cart edit and no order needs more."""


class Needs(Enum):
    """Who may call an endpoint."""

    ANYBODY = auto()
    """It is the same for everybody."""
    VIEWER = auto()
    """An account or a guest, with or without a cart."""
    SHOPPER = auto()
    """An account, or a guest with the id of a cart."""
    ACCOUNT = auto()
    MERCHANT = auto()
    SERVICE = auto()
    FAULTS = auto()
    """Whoever may let this service misbehave."""


class Struct(msgspec.Struct, forbid_unknown_fields=True):
    """Base of what is sent: unknown fields are refused."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as a handler sees it."""

    caller: Caller
    once: Once | None = None
    if_match: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """Headers that the answer gets."""


@dataclass(frozen=True)
class Endpoint:
    """One method of one path. `raises` are the errors that its rules know, beyond those that every endpoint has."""

    method: str
    path: str
    handler: Handler
    needs: Needs = Needs.ANYBODY
    status: int = 200
    keyed: bool = False
    """It creates or adds, so an Idempotency-Key is required."""
    raises: tuple[type[ShopError], ...] = ()
    max_body: int = MAX_BODY
    max_unpacked: int | None = None
    """Bytes of a body that may come compressed with gzip."""
    max_seconds: float = MAX_SECONDS
    """How long a caller may wait for the answer."""
    alias: str | None = None
    quiet: bool = False
    """Asked again and again by other programs: the log mentions it only when it fails."""

    @property
    def name(self) -> str:
        """Its operation's name: the handler's, unless Python has another use for the right word (`list`)."""
        return self.alias or self.handler.__name__

    @property
    def is_public(self) -> bool:
        """Whether the gateway lets anybody in."""
        return self.needs is not Needs.SERVICE

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return (self.handler.__doc__ or "").partition("\n")[0]

    @cached_property
    def types(self) -> dict[str, Any]:
        """The types of the handler's parameters behind rules and call and, under `return`, of its answer."""
        hints = get_type_hints(self.handler, include_extras=True)
        return {name: hints[name] for name in (*list(signature(self.handler).parameters)[2:], "return")}

    @cached_property
    def body(self) -> Any:  # noqa: ANN401  a type, of whatever kind msgspec knows
        """The type of its body, or None."""
        return self.types.get("body")

    @cached_property
    def query(self) -> Any:  # noqa: ANN401
        """The struct of its query string, or None."""
        return self.types.get("query")

    @cached_property
    def answer(self) -> Any:  # noqa: ANN401
        """The type of its answer; NoneType means 204."""
        return self.types["return"]

    @cached_property
    def path_parameters(self) -> dict[str, Any]:
        """The types of the path's parts, by name."""
        return {name: hint for name, hint in self.types.items() if name not in ("body", "query", "return")}
