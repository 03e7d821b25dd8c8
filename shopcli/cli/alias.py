"""`shop alias`: list, set and delete."""

from dataclasses import dataclass
from typing import Annotated

import typer

from backends.deadline import deadline
from backends.errors import NotFound
from shopcli.cli.aliases import checked, checked_name
from shopcli.cli.output.columns import Column, View
from shopcli.cli.run import prepare
from shopcli.core.config import read

_Name = Annotated[str, typer.Argument(metavar="ALIAS", help="Its name, one word.")]


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for a command."""

    name: str
    command: str


ALIAS = View(
    Alias,
    (Column("name", lambda alias: alias.name), Column("command", lambda alias: alias.command, shrinks=True)),
    identity=lambda alias: alias.name,
)


def list_aliases(context: typer.Context) -> None:
    """List your own names for commands.

    Examples:
      shop alias list

    Exit codes:
      12  config.toml cannot be read
    """
    run = prepare(context, ALIAS)
    found = [Alias(*each) for each in sorted(_aliases().items())]
    run.out.list(ALIAS, found, total=len(found), empty="no aliases yet → shop alias set --help")


def set_alias(
    context: typer.Context,
    name: _Name,
    command: Annotated[str, typer.Argument(metavar="COMMAND", help="What it stands for, in quotes.")],
) -> None:
    """Give a command a name of your own; one that there is gets the new command.

    What is written behind an alias goes behind its command. It is kept in the table [aliases] of config.toml, works in
    shop shell too, and hides no command of shop.

    Examples:
      shop alias set cheap "products list --sort price --in-stock"
      shop alias set mine "orders list --profile mine"

    Exit codes:
      2   it is a command already, or stands for none
      12  config.toml cannot be read or written
    """
    from shopcli.core.config_editing import put_alias

    run = prepare(context, ALIAS)
    checked(command, checked_name(name))
    with deadline(run.options.timeout):
        put_alias(name, command)
    run.out.show(ALIAS, Alias(name, command))
    run.out.next(f"shop {name}")


def delete(context: typer.Context, name: _Name) -> None:
    """Forget an alias.

    Examples:
      shop alias delete cheap

    Exit codes:
      3   there is none of that name
      12  config.toml cannot be read or written
    """
    from shopcli.core.config_editing import take_out_alias

    run = prepare(context, ALIAS)
    with deadline(run.options.timeout):
        if not take_out_alias(name):
            raise NotFound(f"no alias {name!r}", hint="shop alias list")
    run.out.say(f"alias {name} is deleted")


def _aliases() -> dict[str, str]:
    config = read()
    return dict(config.aliases) if config else {}
