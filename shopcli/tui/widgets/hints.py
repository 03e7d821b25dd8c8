"""The line at the bottom: the keys that do something here."""

from collections.abc import Iterable, Mapping

from textual.content import Content

from shopcli.tui.commands import Command, shown_key
from shopcli.tui.widgets.line import Line


class Hints(Line):
    """As many commands as fit, the most special ones first."""

    def show(self, commands: Iterable[Command], keymap: Mapping[str, str]) -> None:
        """Show these commands with the keys that the person chose for them."""
        parts: list[Content] = []
        room = self.size.width
        for command in (command for command in commands if command.hinted):
            key = shown_key(keymap.get(command.id, command.keys))
            room -= len(key) + len(command.label) + 3
            if room >= 0:
                text = Content.assemble((key, "bold $text-accent"), f" {command.label}  ")
                parts.append(text.stylize(f"@click=app.give('{command.id}')"))
        self.say(Content.assemble(*parts))
