"""Fields of a form: what is asked, what the person writes, and what is wrong with that, on one line each."""

from collections.abc import Iterable

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from shopcli.tui.widgets.entry import Entry


class Field(Horizontal):
    """One line of a form. Its `id` is the field's name."""

    def __init__(self, name: str, label: str, *, value: str = "", placeholder: str = "", secret: bool = False) -> None:
        """Ask for `name` in the words of `label`; what is typed into a `secret` field is not shown."""
        super().__init__(id=name)
        self._label = label
        self._line = Entry(value, placeholder, secret=secret)

    def compose(self) -> ComposeResult:
        """The question, the answer, what is wrong with it."""
        yield Static(self._label, classes="label", markup=False)
        yield self._line
        yield Static(classes="wrong")

    @property
    def value(self) -> str:
        """What the person wrote."""
        return self._line.value

    @value.setter
    def value(self, value: str) -> None:
        self._line.value = value

    @property
    def is_focused(self) -> bool:
        """Whether the person writes here."""
        return self._line.has_focus

    def begin(self) -> None:
        """Let the person write here."""
        self._line.focus()

    @on(Input.Changed)
    def _forget(self) -> None:
        """What was wrong is about to be put right."""
        self.complain("")

    def complain(self, words: str) -> None:
        """Say beside the answer what is wrong with it; nothing is, with no words."""
        self.query_one(".wrong", Static).update(Content(f"✗ {words}" if words else ""))


def complain(form: Widget, wrong: dict[str, str]) -> None:
    """Say beside each field of a form what is wrong with it, and go to the first one that is."""
    fields = list(form.query(Field))
    for field in fields:
        field.complain(wrong.get(field.id or "", ""))
    for field in fields:
        if field.id in wrong:
            field.begin()
            return


def keep_in_sight(form: Widget) -> None:
    """Show the field that is written in, after the window has become smaller perhaps."""
    for field in form.query(Field):
        if field.is_focused:
            form.call_after_refresh(field.scroll_visible, animate=False)


def follow(fields: Iterable[Field]) -> bool:
    """Go to the field behind the one that is written in. False if that is the last one."""
    each = list(fields)
    place = next((place for place, field in enumerate(each) if field.is_focused), len(each))
    if place + 1 >= len(each):
        return False
    each[place + 1].begin()
    return True
