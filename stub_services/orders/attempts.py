"""What makes a checkout attempt acceptable at all, and what makes two of them the same."""

import hashlib
import json
from dataclasses import asdict, replace

from backends.errors import InvalidValue
from backends.models import CheckoutAttempt
from backends.money import Money

MAX_TOTAL = 10**15
MAX_KEY = 64


def check_key(key: str) -> None:
    """Raise InvalidValue for what cannot be an order's id."""
    if not 1 <= len(key) <= MAX_KEY:
        msg = f"an order's id has 1 to {MAX_KEY} characters"
        raise InvalidValue(msg, service="orders")


def check_total(total: Money) -> None:
    """Raise InvalidValue for a total that this shop could not ask for."""
    try:
        whole = 0 <= total.minor < MAX_TOTAL
    except (ValueError, ArithmeticError):
        whole = False
    if not whole:
        msg = f"{total} is not a total that this shop could ask for"
        raise InvalidValue(msg, service="orders")


def fingerprint_of(attempt: CheckoutAttempt) -> str:
    """Return a digest of what was confirmed; the payment's token is no part of it."""
    document = asdict(replace(attempt, payment=None))
    return hashlib.sha256(json.dumps(document, default=str, sort_keys=True).encode()).hexdigest()
