"""`shop completion`: the script that lets TAB complete."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from shopcli.cli.completing.words import SHELLS
from shopcli.cli.failures import Usage
from shopcli.cli.options import is_terminal
from shopcli.cli.run import prepare

_SCRIPTS = Path(__file__).parent / "completing" / "shells"


def completion(
    context: typer.Context,
    shell: Annotated[
        str | None, typer.Argument(metavar="SHELL", help="bash, zsh or fish (default: the one in $SHELL).")
    ] = None,
) -> None:
    """Print the script that lets TAB complete. It says how it is installed; no file of yours is changed.

    What completes: commands, options and their values, and what the shop knows: products, orders, payments, addresses.

    Examples:
      shop completion bash >> ~/.bashrc
      shop completion zsh > ~/.zfunc/_shop
      shop completion fish > ~/.config/fish/completions/shop.fish

    Exit codes:
      2  another shell than these
    """
    run = prepare(context)
    script = (_SCRIPTS / f"shop.{_known(shell)}").read_text("utf-8")
    if is_terminal(sys.stdout):
        for line in _how_to(script):
            run.out.say(line)
    print(script, end="")


def _known(shell: str | None) -> str:
    """Return which of the three is meant. Raises Usage."""
    name = shell if shell is not None else os.environ.get("SHELL", "").rpartition("/")[2]
    if name in SHELLS:
        return name
    if shell is None:
        what = f"$SHELL says {name!r}" if name else "SHELL is missing, and $SHELL does not say it"
    else:
        what = f"there is no script for {shell!r}"
    raise Usage(f"{what}; there is {', '.join(SHELLS)}", hint=f"shop completion {SHELLS[0]}")


def _how_to(script: str) -> list[str]:
    """Return the comment at the top of the script."""
    lines = [line for line in script.splitlines() if not line.startswith("#compdef")]
    return [line.removeprefix("#").removeprefix(" ") for line in lines[: lines.index("")]]
