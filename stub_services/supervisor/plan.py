"""What to serve."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backends.errors import InvalidValue, Unsupported
from backends.interface import SERVICES

GATEWAY = "gateway"
GATEWAYS = ("python", "nginx")
"""What may stand before the services."""
MAX_REPLICAS = 16

Command = Callable[[str], tuple[str, ...]]
"""The module that is a service's process, and its arguments, by the service's name."""


def wire(service: str) -> tuple[str, ...]:
    """Return the command of a service as it comes with shop."""
    return ("stub_services.wire", service)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which processes to run, and where."""

    data: Path
    """Where databases, tokens and nginx's files are."""
    port: int
    """The gateway's; 0 takes any that is free."""
    services: tuple[str, ...] = SERVICES
    replicas: Mapping[str, int] = field(default_factory=dict)
    """How many processes a service has, 1 unless it is named here."""
    gateway: str = "python"
    faults: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    """What every process gets; SHOP_DATABASE_URL in it means PostgreSQL."""
    command: Command = wire

    def __post_init__(self) -> None:
        """Refuse what cannot be served. Raises Unsupported."""
        several = [name for name in self.services if self.count(name) > 1]
        if several and not self.on_postgresql:
            msg = f"{several[0]} can have one process only: SQLite has one writer a file, and replicas need PostgreSQL"
            raise Unsupported(msg, hint="SHOP_DATABASE_URL=postgresql://... shop serve --replicas ...")

    @property
    def on_postgresql(self) -> bool:
        """Whether any number of processes may share a database."""
        return bool(self.environment.get("SHOP_DATABASE_URL"))

    def count(self, name: str) -> int:
        """How many processes a service, or the gateway, has."""
        return self.replicas.get(name, 1)

    def module(self, name: str) -> tuple[str, ...]:
        """Return the module that is the process of a service or the gateway, with its arguments."""
        if name != GATEWAY:
            return self.command(name)
        return ("stub_services.gateway", "nginx") if self.gateway == "nginx" else ("stub_services.gateway",)


def parse_services(text: str | None) -> tuple[str, ...]:
    """Read `users,products`; all five for None. Raises InvalidValue."""
    if text is None:
        return SERVICES
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names or [text]:
        _known(name, SERVICES)
    return tuple(name for name in SERVICES if name in names)


def parse_replicas(text: str | None) -> dict[str, int]:
    """Read `products=2,orders=3`. Raises InvalidValue."""
    counts: dict[str, int] = {}
    for part in (text or "").split(","):
        name, equals, count = part.strip().partition("=")
        if not name and not equals:
            continue
        _known(name, (*SERVICES, GATEWAY))
        if not (count.isascii() and count.isdigit() and len(count) <= 2 and 1 <= int(count) <= MAX_REPLICAS):  # noqa: PLR2004
            raise InvalidValue(f"{name} can have 1 to {MAX_REPLICAS} replicas, not {count!r}", hint="shop serve --help")
        counts[name] = int(count)
    return counts


def _known(name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise InvalidValue(f"there is no service {name!r}; there is {', '.join(names)}", hint="shop serve --help")
