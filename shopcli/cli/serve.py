"""`shop serve`: the five services behind a gateway, each a process of its own, until Ctrl-C."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from backends.errors import Unsupported
from backends.text import clean
from shopcli.cli.columns import Card, Column, View
from shopcli.cli.failures import Usage
from shopcli.cli.options import is_terminal
from shopcli.cli.run import Run
from shopcli.core.paths import data_directory, private_directory

if TYPE_CHECKING:
    from stub_services.supervisor import Served

_MAX_PORT = 65535


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
    head = [
        f"the shop is served at {serving.gateway} ({', '.join(serving.services)})",
        "",
        f"  use it   {serving.next[0]}",
        *(f"           {command}" for command in serving.next[1:]),
        f"  data     {serving.data}",
        f"  owner    {serving.owner} holds the merchant's token: keep it to yourself",
        "  logs     stderr",
        f"  stop     Ctrl-C, or kill {serving.pid}",
        "",
    ]
    return Card(head, (), ())


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
    SHOP_DATABASE_URL says so. One that crashes is started again.

    Examples:
      shop serve
      shop serve --port 8081 --data ./shop-data --gateway nginx
      SHOP_DATABASE_URL=postgresql://localhost/shop shop serve --replicas products=2,orders=2

    Exit codes:
      0   stopped by Ctrl-C or SIGTERM
      10  a service did not start, or another shop serve is at work in --data
      12  the port is taken, or --data cannot be used
    """
    run: Run = context.obj
    run.path = context.command_path
    run.out.check(SERVING)
    from stub_services.supervisor import GATEWAYS, LogStream, Plan, parse_replicas, parse_services
    from stub_services.supervisor import serve as supervise

    if gateway not in GATEWAYS:
        raise Usage(f"--gateway is {' or '.join(GATEWAYS)}, not {gateway!r}")
    plan = Plan(
        data=_directory(data),
        port=_port(port),
        services=parse_services(services),
        replicas=parse_replicas(replicas),
        gateway=gateway,
        faults=faults,
        environment=_database(),
    )
    terminal = is_terminal(sys.stderr)
    log = LogStream(sys.stderr, human=terminal, color=terminal and run.options.color)
    supervise(plan, log, lambda served: _announce(run, served))


def _announce(run: Run, served: "Served") -> None:
    owner, gateway = quote(served.owner), served.gateway
    serving = Serving(
        gateway,
        served.control,
        served.data,
        served.owner,
        served.services,
        os.getpid(),
        (f"shop profile create served {gateway} --owner {owner}", "shop --profile served products list"),
    )
    if run.options.output_chosen or run.options.fields:
        run.out.show(SERVING, serving)
    else:
        for line in _card(serving).head:
            print(clean(line))
    sys.stdout.flush()


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
