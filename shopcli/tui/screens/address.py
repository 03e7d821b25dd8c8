"""An address to write: what is wrong with it is said beside the field, before the shop is asked."""

import re
from dataclasses import fields
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from backends.models import Address
from backends.text import clean, is_clean
from shopcli.tui.widgets.form import Field, complain, follow, keep_in_sight

NEW = Address("", "", "", "", "", "")
MOST = 200
"""Characters of a field; every shop that we know takes fewer."""
_COUNTRY = re.compile("[A-Z]{2}")
_ASKED = {
    "label": ("Label", "such as home"),
    "name": ("Name", "who lives there"),
    "line1": ("Street", "and number"),
    "line2": ("More", "flat, floor (optional)"),
    "postcode": ("Postcode", ""),
    "city": ("City", ""),
    "region": ("Region", "state (optional)"),
    "country": ("Country", "two letters: DE"),
    "phone": ("Phone", "optional"),
}
_OPTIONAL = ("line2", "region", "phone")


class AddressScreen(ModalScreen[Address | None]):
    """Asks for an address; answers None if the person changed their mind."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Cancel")]

    def __init__(self, address: Address = NEW, *, title: str = "Address", trouble: str = "") -> None:
        """Start from `address`; `trouble` says why the shop did not take it before."""
        super().__init__()
        self._address = address
        self._title = title
        self._trouble = clean(trouble)

    def compose(self) -> ComposeResult:
        """Nine fields and two buttons."""
        with Vertical(classes="form"):
            yield Static(self._title, classes="title", markup=False)
            yield Static(Content(f"✗ {self._trouble}" if self._trouble else ""), id="trouble", classes="wrong")
            with VerticalScroll(can_focus=False):
                for name, (label, example) in _ASKED.items():
                    yield Field(name, label, value=getattr(self._address, name), placeholder=example)
            with Horizontal(classes="buttons"):
                yield Button("Save", variant="primary", id="save", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        """Begin at the top."""
        self.query_one("#trouble").display = bool(self._trouble)
        self.query_one("#label", Field).begin()

    def on_resize(self) -> None:
        """Let the person see where they write."""
        keep_in_sight(self)

    @on(Input.Submitted)
    def go_on(self) -> None:
        """Go to the next field; save at the last one."""
        if not follow(self.query(Field)):
            self.save()

    @on(Button.Pressed, "#save")
    def save(self) -> None:
        """Answer the address, or say what is wrong with it."""
        written = {field.id or "": field.value.strip() for field in self.query(Field)}
        if written["country"].isascii():  # other scripts are refused: `ß` would become SS
            written["country"] = written["country"].upper()
        address = Address(**written)
        wrong = mistakes(address)
        complain(self, wrong)
        if not wrong:
            self.dismiss(address)

    @on(Button.Pressed, "#cancel")
    def cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)


def mistakes(address: Address) -> dict[str, str]:
    """Return what is wrong with an address, by field; a shop may find more."""
    found = {field.name: _mistake(field.name, getattr(address, field.name)) for field in fields(address)}
    if not found["country"] and not _COUNTRY.fullmatch(address.country):
        found["country"] = "two letters, such as DE"
    return {name: words for name, words in found.items() if words}


def _mistake(name: str, value: str) -> str:
    if not value:
        return "" if name in _OPTIONAL else "is missing"
    if len(value) > MOST:
        return f"has over {MOST} characters"
    return "" if is_clean(value) else "has invisible characters"
