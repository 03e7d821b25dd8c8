"""Values of options, read strictly: what looks odd is refused and never guessed."""

from decimal import Decimal

from backends.errors import InvalidValue

_MAX_WHOLE_DIGITS = 12
_MAX_FRACTION_DIGITS = 4


def amount(text: str, flag: str) -> Decimal:
    """Read an amount of money in plain digits: ``1499`` or ``1499.00``. Raises InvalidValue."""
    whole, point, fraction = text.partition(".")
    if (
        text.isascii()
        and whole.isdigit()
        and len(whole) <= _MAX_WHOLE_DIGITS
        and (fraction.isdigit() if point else True)
        and len(fraction) <= _MAX_FRACTION_DIGITS
    ):
        return Decimal(text)
    raise InvalidValue(f"{flag} is an amount such as 1499.00, not {text!r}")


def whole(text: str, flag: str, *, most: int) -> int:
    """Read a whole number from 1 to `most` in plain digits. Raises InvalidValue."""
    if text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most:
        return int(text)
    raise InvalidValue(f"{flag} is a whole number from 1 to {most}, not {text!r}")
