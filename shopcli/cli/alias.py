"""`shop alias`: list, set and delete."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import typer

from backends.deadline import deadline
from backends.errors import InvalidValue, NotFound
from shopcli.cli.aliases import checked, checked_name
from shopcli.cli.asking.choices import Choice
from shopcli.cli.asking.choosing import some
from shopcli.cli.asking.questions import Check
from shopcli.cli.failures import Usage
from shopcli.cli.output.columns import Column, View
from shopcli.cli.run import Run, prepare
from shopcli.core.config import read

_Name = Annotated[str | None, typer.Argument(metavar="ALIAS", help="Its name, one word.")]
_LIST = "shop alias list"


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
    name: _Name = None,
    command: Annotated[str | None, typer.Argument(metavar="COMMAND", help="What it stands for, in quotes.")] = None,
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
    if name is None or command is None:
        run.ask.require(*(["ALIAS"] if name is None else []), "COMMAND", hint="shop alias set --help")
    if name is None:
        name = run.ask.text("Alias", "ALIAS", check=_refusing(checked_name))
    known = checked_name(name)
    if command is None:
        command = run.ask.text(f"Command that {known} stands for", "COMMAND", check=_refusing(checked, known))
    checked(command, known)
    with deadline(run.options.timeout):
        put_alias(name, command)
    run.out.show(ALIAS, Alias(name, command))
    run.out.next(f"shop {name}")


def delete(context: typer.Context, name: _Name = None) -> None:
    """Forget an alias.

    Examples:
      shop alias delete cheap

    Exit codes:
      3   there is none of that name
      12  config.toml cannot be read or written
    """
    from shopcli.core.config_editing import take_out_alias

    run = prepare(context, ALIAS)
    name = _picked(run) if name is None else name
    with deadline(run.options.timeout):
        if not take_out_alias(name):
            raise NotFound(f"no alias {name!r}", hint=_LIST)
    run.out.say(f"alias {name} is deleted")


def _picked(run: Run) -> str:
    run.ask.require("ALIAS", hint=_LIST)
    choices = [Choice(name, name, command, name) for name, command in sorted(_aliases().items())]
    return run.ask.pick("Alias", "ALIAS", some(choices, "there are no aliases yet", "shop alias set"))


def _refusing(check: Callable[..., object], *more: str) -> Check:
    """Return a check of an answer; what is a mistake on a line is one in an answer, too."""

    def checked(answer: str) -> None:
        try:
            check(answer, *more)
        except Usage as mistake:
            raise InvalidValue(mistake.message) from None

    return checked


def _aliases() -> dict[str, str]:
    config = read()
    return dict(config.aliases) if config else {}
