"""A question before something that is not easily undone."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from backends.text import clean


class ConfirmScreen(ModalScreen[bool]):
    """Asks; answers whether the person agrees. The button that changes nothing has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,backspace,n", "dismiss(False)", "No"),
        ("y", "dismiss(True)", "Yes"),
        ("left", "app.focus_previous", "Before"),
        ("right", "app.focus_next", "Next"),
    ]

    def __init__(self, question: str, *, yes: str, no: str = "Keep it") -> None:
        """Ask this; `yes` and `no` are the buttons' words."""
        super().__init__()
        self._question = question
        self._yes, self._no = yes, no

    def compose(self) -> ComposeResult:
        """The question and two buttons."""
        with Vertical(classes="question"):
            yield Static(Content(clean(self._question, keep="\n")))
            with Horizontal(classes="buttons"):
                yield Button(Content(f"{self._no} (n)"), id="no", compact=True)
                yield Button(Content(f"{self._yes} (y)"), variant="error", id="yes", compact=True)

    def on_mount(self) -> None:
        """A stray enter changes nothing."""
        self.query_one("#no", Button).focus()

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Answer what was pressed."""
        self.dismiss(event.button.id == "yes")
