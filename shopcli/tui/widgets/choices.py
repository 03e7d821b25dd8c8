"""What can be chosen in each step of a checkout, as rows of one list."""

from dataclasses import dataclass
from enum import Enum

from rich.cells import cell_len

from backends.models import Address, Card, PaymentMethod, ShippingOption
from backends.text import clean
from shopcli.core.paying import named
from shopcli.tui.state import Checkout, Step
from shopcli.tui.widgets.bill import address_line
from shopcli.tui.words import money


class Other(Enum):
    """What is not among the things that the shop tells."""

    ADDRESS = 1
    CARD = 2
    LATER = 3


Value = Address | ShippingOption | PaymentMethod | Card | Other


@dataclass(frozen=True, slots=True)
class Choice:
    """One row."""

    value: Value
    text: str
    price: str = ""


def choices(checkout: Checkout) -> tuple[Choice, ...]:
    """Return what can be chosen in this step."""
    if checkout.step is Step.ADDRESS and checkout.cart is not None:
        width = max((cell_len(clean(each.label)) for each in checkout.addresses), default=0)
        known = tuple(Choice(each, _address(each, width)) for each in checkout.addresses)
        return (*known, Choice(Other.ADDRESS, "another address, kept in the address book"))
    if checkout.step is Step.DELIVERY:
        return tuple(Choice(each, each.title, money(each.price)) for each in checkout.options)
    if checkout.step is Step.PAYMENT and not checkout.busy:
        return _payments(checkout)
    return ()


def _address(address: Address, width: int) -> str:
    """Return an address with its label in a column of its own."""
    label = clean(address.label)
    return f"{label}{' ' * (width - cell_len(label))}  {address_line(address)}"


def _payments(checkout: Checkout) -> tuple[Choice, ...]:
    known = tuple(Choice(each, each.label) for each in checkout.methods)
    typed = (Choice(checkout.means, named(checkout.means)),) if isinstance(checkout.means, Card) else ()
    # Without PaymentService no card can be turned into a token.
    card = (Choice(Other.CARD, "another card"),) if known or checkout.error is None else ()
    later = (Choice(Other.LATER, "later; the order is placed and waits"),) if checkout.order is None else ()
    return (*known, *typed, *card, *later)


def chosen(checkout: Checkout, rows: tuple[Choice, ...]) -> int:
    """Return the place of what was chosen before: in this checkout, or in the cart."""
    cart = checkout.cart
    before = {
        Step.ADDRESS: cart and cart.address,
        Step.DELIVERY: cart and cart.shipping,
        Step.PAYMENT: checkout.means,
    }.get(checkout.step)
    return next((place for place, row in enumerate(rows) if before is not None and row.value == before), 0)
