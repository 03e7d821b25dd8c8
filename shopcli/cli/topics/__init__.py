"""`shop help`: topics, which are the text files beside this module, and commands."""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from shopcli.cli.failures import Usage

__all__ = ["TOPICS", "show_help", "text"]

TOPICS = ("exit-codes", "environment", "output", "backends", "credentials")
"""What can be explained beside the commands."""


def show_help(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="TOPIC", show_default=False, help="A topic, or a command.")
    ] = None,
) -> None:
    """Explain a topic or a command. Topics: exit-codes, environment, output, backends, credentials.

    Examples:
      shop help
      shop help exit-codes
      shop help cart add

    Exit codes:
      2  no such topic or command
    """
    asked = words or []
    if len(asked) == 1 and asked[0] in TOPICS:
        print(text(asked[0]), end="")
        return
    _explain(context, asked)


def text(topic: str) -> str:
    """Return what a topic says."""
    return Path(__file__).with_name(f"{topic}.txt").read_text("utf-8")


def _explain(context: typer.Context, words: list[str]) -> None:
    """Print the help of a command, as `shop COMMAND --help` does. Raises Usage."""
    from shopcli.cli.commands import TABLE, root

    if words and words[0] in TOPICS:
        raise Usage(f"{words[0]} is a topic, and takes no words behind it", hint=f"shop help {words[0]}")
    if words and words[0] not in TABLE:
        close = get_close_matches(words[0], [*TOPICS, *TABLE], n=1)
        meant = f", did you mean {close[0]}?" if close else ""
        raise Usage(
            f"no topic and no command {words[0]}{meant}", hint=f"shop help {close[0]}" if close else "shop help"
        )
    with root().make_context("shop", [*words, "--help"], obj=context.obj) as inner:
        root().invoke(inner)
