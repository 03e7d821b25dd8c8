"""A line to write in."""

from textual.widgets import Input

from backends.text import clean


class Entry(Input):
    """Shows nothing that acts, whoever wrote it: the shop whose address is edited, or the page that is pasted from."""

    def __init__(
        self,
        value: str = "",
        placeholder: str = "",
        *,
        secret: bool = False,
        id: str | None = None,  # noqa: A002  Textual's name
    ) -> None:
        """Start from `value`; what is typed into a `secret` one is not shown."""
        super().__init__(
            value if secret else clean(value), placeholder, password=secret, compact=True, select_on_focus=False, id=id
        )
        self.cursor_blink = False  # a screen on which nothing happens sends nothing

    def validate_value(self, value: str) -> str:
        """Replace what acts. What is not shown stays as it is: it is a password perhaps."""
        return value if self.password else clean(value)
