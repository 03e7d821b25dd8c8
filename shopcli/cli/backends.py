"""`shop backends`: list and show."""

from typing import Annotated

import typer

from shopcli.cli.run import prepare
from shopcli.cli.views.backends import ABILITIES, KIND
from shopcli.core.kinds import BROKEN, abilities, example, kinds
from shopcli.core.shop import open_shop


def list_backends(context: typer.Context) -> None:
    """List the kinds of shops that shop can talk to: those built in, and plug-ins, each of which is tried.

    A plug-in is a Python package that offers a URL scheme; docs/backends.md shows how one is made.

    Examples:
      shop backends list
      shop backends list --json | jq -r '.items[] | select(.state == "broken").distribution'
    """
    run = prepare(context, KIND)
    found = kinds()
    run.out.list(KIND, found, total=len(found), empty="")
    for kind in found:
        if kind.state == BROKEN:
            run.out.say(f"! {kind.scheme}: is broken ({kind.distribution} {kind.version}): {kind.reason}")


def show(
    context: typer.Context,
    url: Annotated[
        str | None, typer.Argument(metavar="URL", help="A shop, or only its scheme; else the shop in use.")
    ] = None,
) -> None:
    """Show what a shop can do. It is not asked: that is known as soon as it is opened.

    Examples:
      shop backends show
      shop backends show memory
      shop backends show http://127.0.0.1:8080 --json

    Exit codes:
      12  nobody serves the URL, or its plug-in is broken
    """
    run = prepare(context, ABILITIES)
    if url is None:
        backend = run.backend
    elif ":" in url:
        backend = open_shop(url).backend
    else:
        backend = example(url)
    run.out.show(ABILITIES, abilities(backend))
