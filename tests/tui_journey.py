"""One person's way from an empty shop to a paid order, by keys: the same on every backend and in a real terminal."""

from typing import NamedTuple

NAME, EMAIL, PASSWORD = "Ada", "ada@example.org", "correct horse battery"
_LETTERS = {" ": "space", ".": "full_stop", "@": "at", "-": "minus"}


class Step(NamedTuple):
    """Keys by Textual's names, and what the screen shows some time later."""

    keys: tuple[str, ...]
    sees: tuple[str, ...]


def typed(*texts: str) -> tuple[str, ...]:
    """Return the keys that type texts into fields, with enter behind each."""
    return tuple(key for text in texts for key in (*letters(text), "enter"))


def letters(text: str) -> tuple[str, ...]:
    """Return the keys that type a text."""
    return tuple(_LETTERS.get(letter, letter) for letter in text)


JOURNEY = (
    Step((), ("100 of 156", "▸ ")),
    Step(("4",), ("nobody is signed in", "F3 sign up")),
    Step(("f3",), ("Sign up", "Again")),
    Step(typed(NAME, EMAIL, PASSWORD, PASSWORD), ("signed in", f"{NAME}  {EMAIL}", "your address book is empty")),
    Step(("1", "slash", *letters("sigma 35")), ("sigma 35", "▸ Sigma 35mm F2", "2 · by relevance")),
    Step(("enter", "a"), ("Cart(1)", "1 in the cart")),
    Step(("2",), ("▸ Sigma 35mm F2", "1 ×", "C orders it")),
    Step(("plus",), ("2 ×", "Cart(2)", "C orders it")),
    Step(("C",), ("Where should it go?", "Label", "Save")),
    Step(
        typed("home", NAME, "Road 1", "", "10115", "Berlin", "", "de", ""),
        ("address › DELIVERY", "▸ Standard"),  # noqa: RUF001  as people draw a path
    ),
    Step(("enter",), ("delivery › PAYMENT", "▸ Test Visa")),  # noqa: RUF001
    Step(("enter",), ("REVIEW", "Sigma 35mm", "2 ×", "Test Visa", "Order and pay")),
    Step(("tab", "enter"), ("RECEIPT", "Order 1001", "✓ paid", "Thank you")),
    Step(("3",), ("▸ 1001", "✓ paid", "1 line")),
    Step(("enter",), ("Order 1001", "✓ paid", "✓ settled", "Test Visa", "Road 1")),
)
