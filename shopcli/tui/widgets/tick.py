"""A box to tick that reads without colour; Textual's own always shows an X and tints it."""

from typing import ClassVar

from textual.binding import BindingType
from textual.reactive import reactive
from textual.widget import Widget


class Tick(Widget, can_focus=True):
    """`[x] in stock`, or `[ ] in stock`."""

    BINDINGS: ClassVar[list[BindingType]] = [("space,enter", "tick", "Tick")]

    value: reactive[bool] = reactive(default=False)

    def __init__(self, label: str, *, value: bool = False, id: str | None = None) -> None:  # noqa: A002  Textual's name
        """Show the label behind the box."""
        super().__init__(id=id)
        self._label = label
        self.set_reactive(Tick.value, value)

    def render(self) -> str:
        """Return the box and the label; the bracket is escaped, as this is markup."""
        return rf"\[{'x' if self.value else ' '}] {self._label}"

    def on_click(self) -> None:
        """Tick it."""
        self.action_tick()

    def action_tick(self) -> None:
        """Tick it, or take the tick away."""
        self.value = not self.value
