"""`shop tui`: the full-screen shop."""

import os
import sys
from typing import Annotated

import typer

from shopcli.cli.failures import Usage
from shopcli.cli.options import is_terminal
from shopcli.cli.run import prepare
from shopcli.core.terminals import moves_cursor

PAGES = ("browse", "cart", "orders", "account", "health")


def tui(
    context: typer.Context,
    page: Annotated[
        str, typer.Option("--open", metavar="PAGE", help="browse, cart, orders, account or health.")
    ] = "browse",
) -> None:
    """Shop on the whole screen.

    Everything in it is a command of `shop` too; ? shows the keys.

    Examples:
      shop tui
      shop tui --open orders
      shop --profile served tui --open health

    Exit codes:
      0   left by q
      1   a bug; the cart and unfinished checkouts are kept
      12  a setting cannot be used
    """
    run = prepare(context)
    if page not in PAGES:
        raise Usage(f"--open is one of {', '.join(PAGES)}, not {page!r}")
    if not all(map(is_terminal, (sys.stdin, sys.stdout, sys.stderr))):  # it draws on stderr, so that stdout is free
        raise Usage("the full-screen shop needs a terminal", hint="shop --help")
    if not moves_cursor():
        kind = os.environ.get("TERM") or "unset"
        msg = f"this terminal can only write line after line (TERM is {kind}), and the full-screen shop needs all of it"
        raise Usage(msg, hint="shop shell")
    from shopcli.tui import full_screen

    full_screen(run.shop, page=page, timeout=run.options.timeout, color=run.options.color)
