"""How money moves: which method, and that the person said yes."""

import sys
from typing import Annotated

import typer

from backends.errors import InvalidValue, StorageError, Unavailable
from backends.models import Card, PaymentMethod
from backends.text import clean
from shopcli.cli.asking import piped_secret
from shopcli.cli.failures import Usage
from shopcli.cli.run import Run
from shopcli.core.paying import LATER, parse_card

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
    choices = [(str(place), method.label) for place, method in enumerate(methods, 1)]
    more = [("c", "another card"), *([("l", "later")] if later else [])]
    for key, label in (*choices, *more):
        print(f"  {key}  {clean(label)}", file=sys.stderr)
    while True:
        answer = run.ask.text("Pay with", "--pay").lower()
        if answer in ("c", "card"):
            return _asked_card(run)
        if later and answer in ("l", LATER):
            return None
        for (key, _), method in zip(choices, methods, strict=True):
            if answer in (key, method.token.lower()):
                return method
        print(f"one of {', '.join(key for key, _ in (*choices, *more))}, please; Ctrl-C stops", file=sys.stderr)


def _asked_card(run: Run) -> Card:
    flag = "--card-stdin"
    parts = [run.ask.secret(question, flag) for question in ("Card number", "Expires (MM/YY)", "CVV")]
    return parse_card(" ".join(parts))
