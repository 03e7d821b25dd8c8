"""The line at the bottom: the keys that do something here."""

from collections.abc import Iterable, Mapping

from textual.content import Content

from shopcli.tui.commands import Command, Scope, shown_key
from shopcli.tui.widgets.line import Line

_KEY = "bold $text-accent"


class Hints(Line):
    """As many commands as fit, the most special ones first."""

    def show(self, commands: Iterable[Command], keymap: Mapping[str, str], *, writing: bool = False) -> None:
        """Show these commands with the keys that the person chose for them.

        While somebody is `writing` these are the keys that no text is made of; all others come after leaving the field.
        """
        parts = [_hint("esc", "Leave")] if writing else []
        room = self.size.width - sum(part.cell_length for part in parts)
        for command in (command for command in commands if command.hinted):
            keys = keymap.get(command.id, command.keys)
            key = shown_key(_unwritten(keys) if writing else keys)
            if not key or (writing and command.scope is Scope.LIST):
                continue
            room -= len(key) + len(command.label) + 3
            if room >= 0:
                parts.append(_hint(key, command.label).stylize(f"@click=app.give('{command.id}')"))
        self.say(Content.assemble(*parts))

    def rest(self) -> None:
        """Show what does something while a question lies above the screen: its commands do nothing then."""
        self.say(Content.assemble(_hint("enter", "Go on"), _hint("esc", "Leave")))


def _hint(key: str, label: str) -> Content:
    return Content.assemble((key, _KEY), f" {label}  ")


def _unwritten(keys: str) -> str:
    """Return the first of some keys that writes nothing, or nothing. What writes is called by one character."""
    return next((key for key in keys.split(",") if len(shown_key(key)) > 1), "")
