"""Texts of some lines."""

from textual.content import Content
from textual.widgets import Static


class Paragraph(Static):
    """Is laid out anew only if it says something else; a Static would be whenever it is told to show the same."""

    _said = Content()

    def say(self, content: Content) -> None:
        """Show this."""
        if not content.is_same(self._said):
            self._said = content
            self.update(content)
