"""How money moves: which method, and that the person said yes."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from backends.errors import InvalidValue, StorageError, Unavailable
from backends.models import Card, PaymentMethod
from backends.text import clean
from shopcli.cli.asking import answers
from shopcli.cli.asking.choices import Choice
from shopcli.cli.asking.questions import piped_secret
from shopcli.cli.failures import Usage
from shopcli.cli.run import Run
from shopcli.core.paying import LATER, parse_card

_CARD = "card"
_MONTHS = 12

Pay = Annotated[
    str | None, typer.Option("--pay", metavar="METHOD", help="A saved method, a test token (tok_visa), or later.")
]
CardPiped = Annotated[bool, typer.Option("--card-stdin", help='Read "NUMBER MM/YY CVV" from a pipe.')]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; needed without a terminal.")]


def choose_method(run: Run, pay: str | None, *, card_piped: bool, later: bool = True) -> PaymentMethod | Card | None:
    """Return what to pay with, None for later. Asked on a terminal; the only saved card elsewhere.

    A card is still a card: it is saved (`saved`) once the person has confirmed, and not before.

    Raises Usage that names the methods where the choice is open, InvalidValue for an unknown method.
    """
    if card_piped:
        if pay is not None:
            raise Usage("--pay and --card-stdin contradict each other")
        return parse_card(piped_secret("--card-stdin"))
    if pay == LATER:
        return None
    if pay is not None:
        return _known(run, pay)
    methods = run.do(run.backend.payments.methods())
    if run.ask.possible:
        return _asked(run, methods, later=later)
    cards = [method for method in methods if not method.test]
    if len(cards) == 1:
        run.out.say(f"paying with {cards[0].label}")
        return cards[0]
    raise Usage(f"--pay is missing; there is {_tokens(methods)}, {LATER}, or --card-stdin", hint="shop checkout --help")


def saved(run: Run, means: PaymentMethod | Card | None) -> PaymentMethod | None:
    """Turn a card into a saved token; everything else stays what it is. Raises InvalidValue, Unavailable."""
    if not isinstance(means, Card):
        return means
    try:
        return run.do(run.backend.payments.tokenize(means))
    except (Unavailable, StorageError) as error:
        hint = f"shop checkout --pay {LATER}"
        raise type(error)(error.message, hint=hint, service=error.service, request_id=error.request_id) from None


def agreed(
    run: Run, means: PaymentMethod | Card | None, confirm: Callable[[PaymentMethod | Card | None], None]
) -> PaymentMethod | None:
    """Return what the person confirms and the shop takes; a card that it refuses is asked for again alone.

    Raises InvalidValue for such a card where nobody can be asked, Unavailable.
    """
    while True:
        confirm(means)
        try:
            return saved(run, means)
        except InvalidValue as error:
            if not run.ask.possible:
                raise
            print(f"{clean(error.message)}; once more", file=sys.stderr)
            means = _asked_card(run)


def _known(run: Run, pay: str) -> PaymentMethod:
    try:
        methods = run.do(run.backend.payments.methods())
    except (Unavailable, StorageError):
        return PaymentMethod(pay, pay)  # the order is placed and waits until payments are back
    for method in methods:
        if pay in (method.token, method.label):
            return method
    # What was typed is not repeated: it may be a card number.
    raise InvalidValue(f"there is no such payment method; there is {_tokens(methods)}, or {LATER}")


def _tokens(methods: tuple[PaymentMethod, ...]) -> str:
    return ", ".join(method.token for method in methods)


def _asked(run: Run, methods: tuple[PaymentMethod, ...], *, later: bool) -> PaymentMethod | Card | None:
    choices: list[Choice[PaymentMethod | str]] = [Choice(each, each.label, each.token) for each in methods]
    choices.append(Choice(_CARD, "another card", "typed unseen", _CARD))
    if later:
        choices.append(Choice(LATER, "later", "the order waits for its payment", LATER))
    chosen = run.ask.pick("Pay with", "--pay", choices)
    if isinstance(chosen, str):
        return _asked_card(run) if chosen == _CARD else None
    return chosen


def _asked_card(run: Run) -> Card:
    flag = "--card-stdin"
    number = run.ask.secret("Card number", flag, check=_check_number)
    expires = run.ask.secret("Expires (MM/YY)", flag, check=partial(_check_expiry, run))
    cvv = run.ask.secret("CVV", flag, check=answers.cvv)
    return _card(number, expires, cvv)


def _card(number: str, expires: str, cvv: str) -> Card:
    return parse_card(f"{number} {''.join(expires.split())} {cvv.strip()}")


def _check_number(text: str) -> None:
    """Accept what has the last digit of a card's number (ISO/IEC 7812-1, annex B). Raises InvalidValue."""
    answers.card_number(text)
    digits = [int(digit) for digit in reversed(text) if digit.isdigit()]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    if (sum(digits[::2]) + doubled) % 10:
        raise InvalidValue("that is not a card number: a digit is missing or wrong")


def _check_expiry(run: Run, text: str) -> None:
    """Accept a month that has not passed. Raises InvalidValue."""
    answers.expiry(text)
    card, now = _card("0", text, "0"), run.shop.checkout.clock()
    if card.expiry_year * _MONTHS + card.expiry_month < now.year * _MONTHS + now.month:
        raise InvalidValue("the card has expired")
