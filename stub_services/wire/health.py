"""Whether a service lives, and whether it can work."""

from importlib.metadata import version

from backends.errors import ShopError, Unavailable
from stub_services.database import Database
from stub_services.wire.endpoint import Call, Endpoint, Struct


async def touch(databases: tuple[Database, ...]) -> None:
    """Read from every database: whichever is not open yet is opened and its schema brought up to date."""
    for database in databases:
        async with database.read() as sql:
            await sql.one("SELECT version FROM schema_migrations")


class Health:
    """What a service needs in order to work: its databases."""

    def __init__(self, service: str, databases: tuple[Database, ...]) -> None:
        """Answer for `service`."""
        self.service = service
        self.version = version("shopcli")
        self._databases = databases

    async def check(self) -> None:
        """Read from every database. Raises Unavailable."""
        try:
            await touch(self._databases)
        except ShopError as error:
            raise Unavailable(error.message, service=self.service) from error


class State(Struct):
    """The state of a service, `up` or `down`, and why."""

    service: str
    status: str
    version: str
    detail: str


async def livez(health: Health, call: Call) -> State:  # noqa: ARG001
    """Whether the process answers at all."""
    return State(health.service, "up", health.version, "")


async def readyz(health: Health, call: Call) -> State:  # noqa: ARG001
    """Whether the service can work: its databases answer."""
    await health.check()
    return State(health.service, "up", health.version, "")


ENDPOINTS = (
    Endpoint("GET", "/livez", livez, quiet=True),
    Endpoint("GET", "/readyz", readyz, raises=(Unavailable,), quiet=True),
)
