"""One service as a process: its settings come from the environment, and it serves until SIGTERM."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from backends.errors import ConfigurationError, ShopError
from backends.interface import SERVICES
from backends.registry import random_ids, system_clock
from stub_services.database import Database
from stub_services.faults import FaultFile, Faults
from stub_services.fragile import FragileDatabase
from stub_services.hosting import Surroundings, host
from stub_services.users.hashing import ThreadedPasswords
from stub_services.wire.dropping import DroppingProtocol
from stub_services.wire.exchange import HttpExchange
from stub_services.wire.limits import LimitedProtocol
from stub_services.wire.log import Log
from stub_services.wire.serving import listening, run

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

    from stub_services.postgres import PostgresDatabase

_ROOT = Path(__file__).parent
_MIGRATIONS = {name: _ROOT / name / "migrations" for name in SERVICES} | {
    "processor": _ROOT / "payments" / "processor_migrations"
}


_REQUIRED = {
    "SHOP_LISTEN": "where to listen, such as 127.0.0.1:8101",
    "SHOP_SERVICE_TOKEN": "the secret between services, begins with shops_",
    "SHOP_MERCHANT_TOKEN": "the merchant's secret, begins with shopm_",
}


@dataclass(frozen=True)
class Settings:
    """What a process is told: docs/services.md lists the variables."""

    listen: str
    data: Path
    database_url: str | None = field(repr=False)
    urls: Mapping[str, str]
    service_token: str = field(repr=False)
    merchant_token: str = field(repr=False)
    faults_token: str | None = field(repr=False)
    faults_file: Path | None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the environment. Raises ConfigurationError for what is missing."""
        for name, what in _REQUIRED.items():
            if not environment.get(name):
                raise ConfigurationError(f"{name} is not set: {what}", hint="shop serve")
        urls = {name: environment.get(f"SHOP_{name.upper()}_URL") for name in SERVICES}
        return cls(
            environment["SHOP_LISTEN"],
            Path(environment.get("SHOP_DATA", ".")),
            environment.get("SHOP_DATABASE_URL") or None,
            {name: url for name, url in urls.items() if url},
            environment["SHOP_SERVICE_TOKEN"],
            environment["SHOP_MERCHANT_TOKEN"],
            environment.get("SHOP_FAULTS_TOKEN") or None,
            Path(environment["SHOP_FAULTS_FILE"]) if environment.get("SHOP_FAULTS_FILE") else None,
        )

    def database(self, name: str) -> Database:
        """Return a service's own database."""
        if self.database_url is not None:
            return _on_postgres(self.database_url, name)
        from stub_services.sqlite_serving import ServingSqlite

        return ServingSqlite(self.data / f"{name}.db", _MIGRATIONS[name], service=_service(name))


def _service(name: str) -> str:
    """Return whose database it is."""
    return "payments" if name == "processor" else name


def _on_postgres(url: str, name: str) -> "PostgresDatabase":
    from stub_services.postgres import PostgresDatabase

    return PostgresDatabase(url, _MIGRATIONS[name], service=_service(name), name=name)


async def _reached(url: str, service: str) -> None:
    for name in _MIGRATIONS:
        if _service(name) == service:
            database = _on_postgres(url, name)
            try:
                await database.reach()
            finally:
                await database.close()


def _refused(url: str, service: str, log: Log) -> int:
    """Open the service's databases once; return the exit code if that cannot work, else 0."""
    try:
        asyncio.run(_reached(url, service))
    except ShopError as error:
        what = f"SHOP_DATABASE_URL: {error.message}"
        log.say("error", "database", error=what, code=error.code, hint=error.hint)
        return error.exit_code
    return 0


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Serve the service that is named until SIGTERM; return the exit code."""
    name = arguments[0] if arguments else ""
    log = Log(name or "?")
    try:
        if name not in SERVICES:
            msg = f"there is no service {name!r}; there are {', '.join(SERVICES)}"
            raise ConfigurationError(msg, hint="python -m stub_services.wire users")
        settings = Settings.of(environment)
        if settings.database_url is not None and (code := _refused(settings.database_url, name, log)):
            return code  # whoever started us learns at once, and from one line, what is wrong with the setting
        serve(name, settings, log)
    except ShopError as error:
        log.say("error", "failed", error=error.message, hint=error.hint)
        return error.exit_code
    return 0


def serve(name: str, settings: Settings, log: Log) -> None:
    """Serve until SIGTERM, then finish what is under way."""
    faults = Faults(FaultFile(settings.faults_file)) if settings.faults_file else None

    def database(of: str) -> Database:
        inner = settings.database(of)
        return FragileDatabase(inner, name, faults) if faults else inner

    surroundings = Surroundings(
        database,
        HttpExchange(settings.urls),
        settings.service_token,
        settings.merchant_token,
        ThreadedPasswords(),
        system_clock,
        random_ids,
        log,
        faults=faults,
        faults_token=settings.faults_token,
    )
    protocol = DroppingProtocol if faults else LimitedProtocol
    # The service says itself, in its log, when it is ready: when its databases answer.
    application = cast("ASGI3Application", host(name, surroundings))  # two spellings of one protocol
    run(application, listening(settings.listen), service=name, ready=lambda: None, protocol=protocol)
