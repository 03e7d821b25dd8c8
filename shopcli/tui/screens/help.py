"""Help: every command, its keys, and the `shop` command that does the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from shopcli.tui.commands import Command, Scope, bindings, of, shown_keys
from shopcli.tui.keys import TITLES
from shopcli.tui.screens.screen import ShopScreen
from shopcli.tui.state import ShopState
from shopcli.tui.widgets.line import Line
from shopcli.tui.widgets.rows import Column, RowList

_KEYS = 14


@dataclass(frozen=True, slots=True)
class Row:
    """A command with the keys that the person chose for it, or the title of what follows."""

    keys: str
    text: str
    subcommand: str = ""
    is_title: bool = False


class HelpScreen(ShopScreen):
    """The table of commands; those of the page below come first."""

    SCOPE = Scope.HELP
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SCOPE)]

    def __init__(self, here: Scope) -> None:
        """Begin with the commands of `here`."""
        super().__init__()
        self._here = here

    def compose_body(self) -> ComposeResult:
        """The list, and more about the selected row."""
        yield RowList[Row](
            Column(lambda row: row.keys, _KEYS),
            Column(lambda row: row.text, tone=lambda row: "title" if row.is_title else ""),
            Column(lambda row: row.subcommand, 24, least=92),
            id="commands",
        )
        yield Line(id="same")

    def on_mount(self) -> None:
        """Begin in the list."""
        super().on_mount()
        self._list.focus()

    def show(self, state: ShopState) -> None:  # noqa: ARG002  help is the same in every state
        """Show the table."""
        if self._list.selected is None:
            self._list.show(rows(self._here, self.shop.keymap))

    @on(RowList.Moved)
    def _tell(self) -> None:
        """Say which `shop` command does what the selected row does."""
        row = self._list.selected
        same = row.subcommand if row else ""
        words = (
            Content.assemble("the same by ", (same, "bold"))
            if same
            else Content("what a shop command does too says so here")
        )
        self.query_one("#same", Line).say(words)

    @property
    def _list(self) -> RowList[Row]:
        return self.query_one("#commands", RowList)


def rows(here: Scope, keymap: Mapping[str, str]) -> tuple[Row, ...]:
    """Return titles and commands: here, then lists and everywhere, then the other places."""
    scopes = dict.fromkeys((here, Scope.EVERYWHERE, Scope.LIST, *Scope))
    return tuple(row for scope in scopes for row in _section(scope, keymap))


def _section(scope: Scope, keymap: Mapping[str, str]) -> list[Row]:
    commands = [_row(command, keymap) for command in of(scope)]
    return [Row("", f"— {TITLES[scope]} —", is_title=True), *commands] if commands else []


def _row(command: Command, keymap: Mapping[str, str]) -> Row:
    return Row(shown_keys(keymap.get(command.id, command.keys)), command.help, command.subcommand or "")
