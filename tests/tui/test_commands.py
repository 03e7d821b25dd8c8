"""The table of commands: no two on one key, each of them something that exists."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from shopcli.cli.commands import TABLE, Branch
from shopcli.tui import screens
from shopcli.tui.app import ShopApp
from shopcli.tui.commands import COMMANDS, Command, Scope
from shopcli.tui.keymap import chosen, conflicts
from shopcli.tui.keys import TITLES, page
from shopcli.tui.pages import PAGES
from shopcli.tui.screens.screen import ShopScreen
from shopcli.tui.widgets.rows import RowList

ROOT = Path(__file__).parent.parent.parent

# What moves on the screen, and what is about the screen itself.
ONLY_HERE = {"retry", "back", "help", "palette", "theme", "quit"}
MOVES = ("list.", "browse.variant", "product.variant", "checkout.back")

every_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)


for module in iter_modules(screens.__path__):
    import_module(f"{screens.__name__}.{module.name}")


def subclasses(kind: type[ShopScreen]) -> Iterator[type[ShopScreen]]:
    for one in kind.__subclasses__():
        yield one
        yield from subclasses(one)


def holders(scope: Scope) -> list[type]:
    if scope is Scope.EVERYWHERE:
        return [ShopApp]
    if scope is Scope.LIST:
        return [RowList]
    above = [screen for screen in subclasses(ShopScreen) if vars(screen).get("SCOPE") is scope]
    return [*(page for page in PAGES.values() if page.SCOPE is scope), *above]


def test_ids_are_unique() -> None:
    assert len({command.id for command in COMMANDS}) == len(COMMANDS)


def test_no_key_means_two_things_in_one_place() -> None:
    assert [f"{one.id} {other.id} {key}" for one, other, key in conflicts({})] == []


@every_command
def test_its_keys_could_be_chosen_by_a_person(command: Command) -> None:
    assert chosen({command.id: command.keys}) == {command.id: command.keys}


@every_command
def test_its_action_exists(command: Command) -> None:
    found = holders(command.scope)

    assert found, f"nothing has the scope {command.scope}"
    for holder in found:
        assert callable(getattr(holder, f"action_{command.action}", None)), f"{holder.__name__}: {command.action}"


@every_command
def test_what_does_something_is_a_shop_command_too(command: Command) -> None:
    if command.subcommand is None:
        assert command.id in ONLY_HERE or command.id.startswith(MOVES)
        return
    shop, noun, *verb = command.subcommand.split()
    entry = TABLE[noun]

    assert shop == "shop"
    assert verb[0] in entry.verbs if isinstance(entry, Branch) else not verb


def test_every_scope_has_a_title() -> None:
    assert set(TITLES) == set(Scope)


def test_the_page_about_keys_is_made_from_the_table() -> None:
    assert (ROOT / "docs" / "keys.md").read_text("utf-8") == page(), "python3 -m shopcli.tui.keys > docs/keys.md"
