"""`shop serve`: the five services behind a gateway, each a process of its own, until Ctrl-C."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from backends.errors import ShopError, StorageError, Unsupported
from backends.text import clean
from shopcli.cli.failures import Usage
from shopcli.cli.options import is_terminal
from shopcli.cli.output.columns import Card, Column, View
from shopcli.cli.run import Run, prepare
from shopcli.core.paths import data_directory, private_directory
from shopcli.core.profiles import Profiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stub_services.supervisor import Served

_MAX_PORT = 65535
_DEFAULTS = {"--port": "8080", "--gateway": "python"}


@dataclass(frozen=True, slots=True)
class Serving:
    """A shop that is being served."""

    gateway: str
    control: str
    data: str
    owner: str
    """The file with the merchant's token."""
    services: tuple[str, ...]
    pid: int
    next: tuple[str, ...]


def _card(serving: Serving) -> Card:
    return Card(_head(serving, "stderr"), (), ())


def _head(serving: Serving, logs: str) -> list[str]:
    return [
        f"the shop is served at {serving.gateway} ({', '.join(serving.services)})",
        "",
        f"  use it   {serving.next[0]}",
        *(f"           {command}" for command in serving.next[1:]),
        f"  data     {serving.data}",
        f"  owner    {serving.owner} holds the merchant's token: keep it to yourself",
        f"  logs     {logs}",
        f"  stop     Ctrl-C, or kill {serving.pid}",
        "",
    ]


SERVING = View(
    Serving,
    (
        Column("gateway", lambda serving: serving.gateway),
        Column("control", lambda serving: serving.control),
        Column("data", lambda serving: serving.data),
        Column("owner", lambda serving: serving.owner),
        Column("pid", lambda serving: serving.pid),
        Column("next", lambda serving: "; ".join(serving.next)),
    ),
    identity=lambda serving: serving.gateway,
    card=_card,
)


def serve(
    context: typer.Context,
    port: Annotated[str, typer.Option("--port", metavar="N", help="The gateway's port; 0 takes any.")] = "8080",
    data: Annotated[str | None, typer.Option("--data", metavar="DIR", help="Where the shop's data is.")] = None,
    services: Annotated[
        str | None, typer.Option("--services", metavar="A,B", help="Only these; the others are not there.")
    ] = None,
    replicas: Annotated[
        str | None, typer.Option("--replicas", metavar="A=N", help="Several processes of a service (PostgreSQL).")
    ] = None,
    gateway: Annotated[str, typer.Option("--gateway", metavar="KIND", help="python or nginx.")] = "python",
    faults: Annotated[bool, typer.Option("--faults", help="Let the owner inject faults.")] = False,
) -> None:
    """Serve a shop on this computer: five services behind one address, until Ctrl-C.

    Each service is a process with a database of its own: SQLite files under --data, or PostgreSQL where
    SHOP_DATABASE_URL says so. One that crashes is started again. On a terminal, requests are logged with -v.

    Examples:
      shop serve
      shop serve --port 8081 --data ./shop-data --gateway nginx
      SHOP_DATABASE_URL=postgresql://localhost/shop shop serve --replicas products=2,orders=2

    Exit codes:
      0   stopped by Ctrl-C or SIGTERM
      10  a service did not start, or another shop serve is at work in --data
      12  the port is taken, or --data cannot be used
    """
    run = prepare(context)
    if not run.closes_shop:
        raise Usage("a scenario serves no shop: shop demo run --serve does")
    run.out.check(SERVING)
    given = {"--port": port, "--data": data, "--services": services, "--replicas": replicas, "--gateway": gateway}
    try:
        _serve(run, given, faults=faults)
    except ShopError as error:
        error.hint = error.hint and _same(error.hint, given, faults=faults)
        raise


def _serve(run: Run, given: "Mapping[str, str | None]", *, faults: bool) -> None:
    from stub_services.supervisor import GATEWAYS, LogStream, Plan, parse_replicas, parse_services
    from stub_services.supervisor import serve as supervise

    gateway = given["--gateway"] or ""
    if gateway not in GATEWAYS:
        raise Usage(f"--gateway is {' or '.join(GATEWAYS)}, not {gateway!r}")
    plan = Plan(
        data=_directory(given["--data"]),
        port=_port(given["--port"] or ""),
        services=parse_services(given["--services"]),
        replicas=parse_replicas(given["--replicas"]),
        gateway=gateway,
        faults=faults,
        environment=_database(),
    )
    terminal = is_terminal(sys.stderr)
    log = LogStream(
        sys.stderr,
        human=terminal,
        color=terminal and run.options.color,
        # What a person has to know stays on the screen: how to use the shop, and what goes wrong.
        requests=run.options.verbose or not terminal,
    )
    supervise(plan, log, lambda served: _announce(run, served))


def _same(hint: str, given: "Mapping[str, str | None]", *, faults: bool) -> str:
    """Return the `shop serve` of a hint with all that the person had said, apart from what it changes."""
    words = hint.split()
    if words[:2] != ["shop", "serve"] or "--help" in words:
        return hint
    said = [
        f"{name} {quote(value)}"
        for name, value in given.items()
        if value is not None and value != _DEFAULTS.get(name) and name not in words
    ]
    return " ".join([hint, *said, *(["--faults"] if faults and "--faults" not in words else [])])


def _announce(run: Run, served: "Served") -> None:
    serving = Serving(
        served.gateway,
        served.control,
        served.data,
        served.owner,
        served.services,
        os.getpid(),
        _next(served.gateway, served.owner),
    )
    if run.options.output_chosen or run.options.fields:
        run.out.show(SERVING, serving)
    else:
        quietly = is_terminal(sys.stderr) and not run.options.verbose
        for line in _head(serving, "what goes wrong stands below; every request too with -v" if quietly else "stderr"):
            print(clean(line))
    sys.stdout.flush()


def _next(gateway: str, owner: str) -> tuple[str, ...]:
    """Return how the shop is used: by the profile that it has already, or by one that is made first."""
    profiles, name = Profiles(), "served"
    try:
        if known := profiles.known_as(gateway, Path(owner)):
            return (f"shop --profile {known} products list",)
        name = profiles.free(name)
    except StorageError:  # a shop can be served all the same
        pass
    create = f"shop profile create {name} {gateway} --owner {quote(owner)}"
    return (create, f"shop --profile {name} products list")


def _directory(text: str | None) -> Path:
    if text == "":
        raise Usage("--data is a directory, not an empty text")
    return private_directory(data_directory()) / "served" if text is None else Path(text).absolute()


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= len(str(_MAX_PORT)) and int(text) <= _MAX_PORT:
        return int(text)
    raise Usage(f"--port is a number up to {_MAX_PORT}, not {text!r}")


def _database() -> dict[str, str]:
    """Return the setting that sends the services to PostgreSQL. Raises Unsupported for another database."""
    url = os.environ.get("SHOP_DATABASE_URL")
    if not url:
        return {}
    if not url.startswith(("postgresql://", "postgres://")):
        raise Unsupported("SHOP_DATABASE_URL is postgresql://USER@HOST/NAME", hint="unset SHOP_DATABASE_URL")
    return {"SHOP_DATABASE_URL": url}
