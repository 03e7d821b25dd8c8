"""The palette: commands found by their names, else by what they do."""

from textual.command import Hit, Hits
from textual.system_commands import SystemCommandsProvider

_BELOW_NAMES = 0.01
"""The score of a command that is found by what it does: whoever writes a name means that."""


class CommandProvider(SystemCommandsProvider):
    """Textual's own looks at names only, and nobody who wants to sign in calls that `Account`."""

    async def search(self, query: str) -> Hits:
        """Find commands by names as one remembers them, then by words of what is said about them."""
        named: set[str] = set()
        async for hit in super().search(query):
            named.add(str(hit.text))
            yield hit
        words = query.casefold().strip()
        for command in self.app.get_system_commands(self.screen):
            if command.title not in named and words in command.help.casefold():
                yield Hit(_BELOW_NAMES, command.title, command.callback, help=command.help)
