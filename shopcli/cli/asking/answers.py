"""Answers to questions: what is checked while the person still looks at the question, and what the shop refuses.

A shop has rules of its own, which it only says when everything is there. Then the one answer that it names is asked
for again, and the others stay.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from backends.errors import InvalidValue
from backends.text import clean

T = TypeVar("T")
Answers = dict[str, str]

MAX_TEXT = 200
_CODE = 2
_AT = "@"
_CARD_NUMBER = re.compile("[0-9]{12,19}")
_EXPIRY = re.compile("(0?[1-9]|1[0-2])/([0-9]{2}){1,2}")
_CVV = re.compile("[0-9]{3,4}")


def line(text: str) -> None:
    """Accept what fits into a field of a form. Raises InvalidValue."""
    if len(text) > MAX_TEXT:
        raise InvalidValue(f"that is longer than {MAX_TEXT} characters")


def email(text: str) -> None:
    """Accept what may be an e-mail address. Raises InvalidValue."""
    line(text)
    name, _, domain = text.rpartition(_AT)
    if not name or "." not in domain.strip(".") or _AT in name or len(text.split()) > 1:
        raise InvalidValue("an e-mail address looks like ada@example.org")


def country(text: str) -> None:
    """Accept the form of a country's code, in small letters too. Raises InvalidValue."""
    if len(text) != _CODE or not (text.isascii() and text.isalpha()):
        raise InvalidValue("the country is its two-letter code (ISO 3166), such as DE")


def card_number(text: str) -> None:
    """Accept what may be a card's number, with spaces or dashes. Raises InvalidValue, which repeats no digit."""
    if _CARD_NUMBER.fullmatch("".join(text.replace("-", "").split())) is None:
        raise InvalidValue("a card number has 12 to 19 digits")


def expiry(text: str) -> None:
    """Accept a month and a year. Raises InvalidValue, which repeats no digit."""
    if _EXPIRY.fullmatch("".join(text.split())) is None:
        raise InvalidValue("a card expires in a month of a year, such as 12/30")


def cvv(text: str) -> None:
    """Accept the digits on a card's back. Raises InvalidValue, which repeats no digit."""
    if _CVV.fullmatch(text.strip()) is None:
        raise InvalidValue("a CVV has 3 or 4 digits")


def until_accepted(send: Callable[[Answers], T], answers: Answers, again: Mapping[str, Callable[[], str]]) -> T:
    """Send answers until the shop takes them; one that it names is asked for once more by what `again` has for it.

    Raises InvalidValue for values that nobody was asked for.
    """
    while True:
        try:
            return send(answers)
        except InvalidValue as error:
            name = _named(error.message, answers)
            if name not in again:
                raise
            print(f"{clean(error.message)}; once more", file=sys.stderr)
            answers[name] = again[name]()


def _named(message: str, names: Iterable[str]) -> str:
    """Return the first of the names in a message, as a whole word: a username is no name."""
    known = "|".join(map(re.escape, names))
    found = re.search(rf"(?<![\w-])({known})(?![\w-])", message, re.IGNORECASE)
    return found[1].lower() if found else ""
