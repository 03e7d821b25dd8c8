"""The forms of whoever is not signed in: an account that there is, or a new one."""

from dataclasses import dataclass, field
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.message import Message
from textual.widgets import Button, Input, Static

from shopcli.tui.widgets.form import Field, complain, follow, keep_in_sight
from shopcli.tui.widgets.paragraph import Paragraph

_MISSING = "is missing"


class Signing(VerticalScroll, can_focus=False):
    """Fields and a button. What is written into secret fields is sent once and then gone."""

    TITLE: ClassVar[str]
    SECRETS: ClassVar[tuple[str, ...]]

    @dataclass
    class Sent(Message):
        """The person wrote all that is needed."""

        form: "Signing"
        written: dict[str, str] = field(repr=False)

        @property
        def control(self) -> "Signing":
            """The form, for `@on`."""
            return self.form

    def fields(self) -> tuple[Field, ...]:
        """Return the fields to ask for."""
        raise NotImplementedError

    def mistakes(self, written: dict[str, str]) -> dict[str, str]:
        """Return what is wrong with what was written, by field."""
        return {name: _MISSING for name, value in written.items() if not value}

    def compose(self) -> ComposeResult:
        """The fields, then what the shop says about them."""
        yield Static(self.TITLE, classes="title", markup=False)
        yield from self.fields()
        with Horizontal(classes="buttons"):
            yield Button(self.TITLE, variant="primary", compact=True)
        yield Paragraph(classes="said")

    def begin(self) -> None:
        """Let the person write into the first field that is empty."""
        fields = list(self.query(Field))
        next((one for one in fields if not one.value), fields[0]).begin()

    def on_resize(self) -> None:
        """Let the person see where they write."""
        keep_in_sight(self)

    def say(self, words: Content) -> None:
        """Show what the shop says."""
        self.query_one(".said", Paragraph).say(words)

    def fill(self, name: str, value: str) -> None:
        """Write something into an empty field."""
        one = self.query_one(f"#{name}", Field)
        one.value = one.value or value

    def clear(self) -> None:
        """Forget what was written."""
        for one in self.query(Field):
            one.value = ""
        complain(self, {})

    def on_key(self, event: Key) -> None:
        """Leave the fields, so that keys are commands again."""
        if event.key == "escape" and isinstance(self.screen.focused, Input):
            event.stop()
            self.query_one(Button).focus()

    @on(Input.Submitted)
    def go_on(self, event: Input.Submitted) -> None:
        """Go to the next field; send at the last one."""
        event.stop()
        if not follow(self.query(Field)):
            self.send()

    @on(Button.Pressed)
    def send(self) -> None:
        """Send what was written, or say what is wrong with it."""
        written = {one.id or "": one.value for one in self.query(Field)}
        wrong = self.mistakes(written)
        complain(self, wrong)
        if not wrong:
            for name in self.SECRETS:
                self.query_one(f"#{name}", Field).value = ""
            self.post_message(self.Sent(self, written))


class SignIn(Signing):
    """An account that there is."""

    TITLE = "Sign in"
    SECRETS = ("password",)

    def fields(self) -> tuple[Field, ...]:
        """E-mail address and password."""
        return Field("email", "E-mail"), Field("password", "Password", secret=True)


class SignUp(Signing):
    """A new account."""

    TITLE = "Sign up"
    SECRETS = ("password", "again")

    def fields(self) -> tuple[Field, ...]:
        """Name, e-mail address and password, this one twice: nobody sees it."""
        return (
            Field("name", "Name"),
            Field("email", "E-mail", placeholder="ada@example.org"),
            Field("password", "Password", secret=True),
            Field("again", "Again", secret=True),
        )

    def mistakes(self, written: dict[str, str]) -> dict[str, str]:
        """What is missing, and two passwords that differ."""
        wrong = super().mistakes(written)
        if not wrong and written["password"] != written["again"]:
            wrong["again"] = "is not the same"
        return wrong
