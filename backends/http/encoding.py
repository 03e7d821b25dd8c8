"""What is sent: paths, queries and bodies. What cannot be said on the wire is refused here, before anything is sent."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from backends.errors import InvalidValue, ShopError
from backends.models import ProductQuery
from backends.money import Money
from backends.text import clean

MAX_IN_URL = 1000
"""Characters of one id, search text or cursor: servers take 8 KiB for the whole line, and no real one is longer."""
MAX_MINOR = 10**18
# An amount in a search has few digits; Decimal("1E+999999") would be a million.
_DIGITS = range(-9, 16)
# Gateways refuse what two readers of a path could understand differently, in whatever disguise.
_AMBIGUOUS = frozenset("/\\\0")
_DOTS = frozenset(("", ".", ".."))


def path_to(*names: str, last: str, otherwise: ShopError) -> str:
    """Return the path `/v1/NAMES/LAST`. Raises `otherwise` if `last` can be no part of a path, and so names nothing."""
    if last in _DOTS or len(last) > MAX_IN_URL or not _AMBIGUOUS.isdisjoint(last):
        raise otherwise
    try:
        return "/".join(("/v1", *names, quote(last, safe="")))
    except UnicodeEncodeError:  # half a character, from bytes on a command line that were no text
        raise otherwise from None


def with_query(path: str, service: str, **values: str | None) -> str:
    """Return the path with a query of the values that are not None. Raises InvalidValue for one that is no text."""
    given = {name: value for name, value in values.items() if value is not None}
    for name, value in given.items():
        if len(value) > MAX_IN_URL:
            raise InvalidValue(f"{name} has at most {MAX_IN_URL} characters", service=service)
    try:
        return f"{path}?{urlencode(given)}" if given else path
    except UnicodeEncodeError:
        raise InvalidValue("that is not valid text", service=service) from None


def search(query: ProductQuery, limit: int, cursor: str | None) -> str:
    """Return the path that lists products. Raises InvalidValue."""
    return with_query(
        "/v1/products",
        "products",
        text=clean(query.text) if query.text else None,
        category=None if query.category is None else clean(query.category),
        price_min=_price(query.price_min),
        price_max=_price(query.price_max),
        in_stock="true" if query.in_stock else None,
        sort=query.sort.value,
        limit=whole(limit, "products"),
        cursor=cursor,
    )


def whole(number: int, service: str) -> str:
    """Return a number as text. Raises InvalidValue for one that is long beyond reason."""
    if abs(number) >= MAX_MINOR:
        raise InvalidValue("that number is out of range", service=service)
    return str(number)


def _price(amount: Decimal | None) -> str | None:
    if amount is None:
        return None
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < _DIGITS.start or amount.adjusted() not in _DIGITS:
        raise InvalidValue("a price is a positive number such as 99.90", service="products")
    return f"{amount:f}"


def body(document: Mapping[str, object], service: str) -> bytes:
    """Return JSON; the same for the same document. Raises InvalidValue, in the name of `service`."""
    try:
        return json.dumps(document, default=_plain, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise InvalidValue("that is not valid text", service=service) from None
    except (ValueError, ArithmeticError) as error:
        raise InvalidValue(f"that is out of range: {error}", service=service) from None


def members(model: Any, *, without: str | None = None) -> dict[str, object]:  # noqa: ANN401  any of the models
    """Return a model's fields but one, which stands in the path."""
    return {each.name: getattr(model, each.name) for each in fields(model) if each.name != without}


def _plain(value: object) -> object:
    """Return what JSON knows in the place of what it does not."""
    if isinstance(value, Money):
        return {"amount": _minor(value), "currency": value.currency}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return members(value)


def _minor(money: Money) -> int:
    if not money.amount.is_finite() or money.amount.adjusted() not in _DIGITS:
        raise ValueError("an amount of money is a number such as 99.90")
    return money.minor
