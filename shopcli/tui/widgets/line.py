"""Lines of text that change often: of fixed height, so that a change costs no layout."""

from textual.content import Content
from textual.widget import Widget


class Line(Widget):
    """Shows a text, never markup of somebody else's."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's name
        """Show nothing yet."""
        super().__init__(id=id)
        self._content = Content()

    def say(self, content: Content) -> None:
        """Show this."""
        if not content.is_same(self._content):
            self._content = content
            self.refresh()

    def render(self) -> Content:
        """Return what is shown."""
        return self._content
