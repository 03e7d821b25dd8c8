"""Another card: typed here, turned into a token only once the order is confirmed."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from backends.errors import InvalidValue
from backends.models import Card
from shopcli.core.paying import parse_card
from shopcli.tui.widgets.form import Field, complain, follow

_MISSING = "is missing"


class CardScreen(ModalScreen[Card | None]):
    """Asks for a card; answers None if the person changed their mind. Number and CVV are not shown."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Cancel")]

    def compose(self) -> ComposeResult:
        """Three fields and two buttons."""
        with Vertical(classes="form"):
            yield Static("Another card", classes="title")
            yield Field("number", "Number", secret=True)
            yield Field("expiry", "Expires", placeholder="MM/YY")
            yield Field("cvv", "CVV", secret=True)
            yield Static("It is sent once you have confirmed the order, and kept nowhere on this computer.")
            with Horizontal(classes="buttons"):
                yield Button("Go on", variant="primary", id="go", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        """Begin at the top."""
        self.query_one("#number", Field).begin()

    @on(Input.Submitted)
    def go_on(self) -> None:
        """Go to the next field; answer at the last one."""
        if not follow(self.query(Field)):
            self.answer()

    @on(Button.Pressed, "#go")
    def answer(self) -> None:
        """Answer the card, or say what is wrong with it; no digit is repeated."""
        written = {field.id or "": field.value.strip() for field in self.query(Field)}
        wrong = {name: _MISSING for name, value in written.items() if not value}
        if not wrong:
            try:
                self.dismiss(parse_card(f"{written['number']} {written['expiry']} {written['cvv']}"))
            except InvalidValue:
                wrong = _mistakes(written)
        complain(self, wrong)

    @on(Button.Pressed, "#cancel")
    def cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)


def _mistakes(written: dict[str, str]) -> dict[str, str]:
    """Say which of the fields cannot be read."""
    wrong = {name: "digits only" for name in ("number", "cvv") if not _digits(written[name])}
    return wrong or {"expiry": "such as 08/29"}


def _digits(text: str) -> bool:
    joined = "".join(text.split())
    return joined.isascii() and joined.isdigit()
