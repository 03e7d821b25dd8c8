"""What a shop takes for a product: rules that a front end checks row by row, and a shop once more.

Each returns what is wrong, in words that follow the name of the column (`price: ...`), or None.
"""

import re

from backends.models import Variant
from backends.money import Money, exponent
from backends.text import shorten

MAX_PRODUCTS = 100_000
"""What an import may have: all of it is one commit."""
MAX_PRICE = 10**12
MAX_STOCK = 10**9

_QUOTED = 40
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")


def quoted(text: str) -> str:
    """Return a value to quote in a reason; a long one is cut."""
    return f'"{shorten(text, _QUOTED)}"'


def wrong_name(name: str) -> str | None:
    """Look at a slug, or at a variant's name."""
    if _NAME.fullmatch(name):
        return None
    return f"{quoted(name)} is none: it has 1 to 100 lower-case letters, digits and -, such as tripod-4"


def wrong_title(title: str) -> str | None:
    """Look at a product's title."""
    return None if title.strip() else "is empty; a product needs one"


def wrong_category(category: str) -> str | None:
    """Look at a category's title, whose letters and digits become its slug."""
    return None if re.search(r"\w", category) else f"{quoted(category)} has no letter and no digit"


def wrong_currency(currency: str, sold_in: str) -> str | None:
    """Look at a price's currency in a shop that sells in another one."""
    return None if currency == sold_in else f"{quoted(currency)}, but this shop sells in {sold_in}"


def wrong_price(price: Money) -> str | None:
    """Look at an amount: not negative, and a whole number of minor units."""
    amount, digits = price.amount, exponent(price.currency)
    if not amount.is_finite() or not 0 <= amount < MAX_PRICE:
        return f"{quoted(str(amount))} is no amount from 0 to {MAX_PRICE - 1}"
    if amount.as_tuple().exponent not in range(-digits, 1):
        return f"{quoted(str(amount))} is no amount of {price.currency}, which has {digits} digits behind the point"
    return None


def wrong_stock(stock: int | None) -> str | None:
    """Look at how many pieces there are."""
    if stock is None or not 0 <= stock <= MAX_STOCK:
        return f"{quoted(str(stock))} is no whole number from 0 to {MAX_STOCK}"
    return None


def wrong_variants(variants: tuple[Variant, ...]) -> str | None:
    """Look at a product's variants together."""
    if not variants or len({each.name for each in variants}) < len(variants):
        return "a product needs at least one, each with its own name"
    return None
