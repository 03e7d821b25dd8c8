"""What several services send and are sent: money, addresses, lines.

Field names are those of `backends.models`. An answer is made from a model by its attributes, in C.
"""

from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from backends import models
from backends.money import Money as ExactMoney
from stub_services.wire.endpoint import Struct

Text = Annotated[str, Meta(max_length=200)]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Count = Annotated[int, Meta(ge=1, le=100)]
Moment = Annotated[datetime, Meta(tz=True)]

S = TypeVar("S")


def shaped(model: object, shape: type[S]) -> S:
    """Return a model as it is sent."""
    return msgspec.convert(model, shape, from_attributes=True)


class Money(Struct):
    """Integer minor units of a currency: 149900 EUR are 1,499.00."""

    minor: Annotated[int, Meta(ge=0, le=10**15)] = msgspec.field(name="amount")
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", max_length=3)]  # Python's $ also stands before a last line feed

    def exact(self) -> ExactMoney:
        """Return it as the rules know it."""
        return ExactMoney.of_minor(self.minor, self.currency)


class Address(Struct):
    """A postal address; `label` is its name in the address book."""

    label: Text
    name: Text
    line1: Text
    city: Text
    postcode: Text
    country: Text
    line2: Text = ""
    region: Text = ""
    phone: Text = ""

    def model(self) -> models.Address:
        """Return it as the rules know it."""
        return models.Address(**msgspec.structs.asdict(self))


class Line(Struct):
    """A line of a cart or an order."""

    id: str
    variant_id: str
    ref: str
    title: str
    variant: str
    sku: str
    quantity: int
    unit_price: Money
    total: Money


class Totals(Struct):
    """What it costs."""

    items: Money
    shipping: Money | None
    total: Money


class ShippingOption(Struct):
    """A way of delivery."""

    id: str
    title: str
    price: Money


class PageQuery(Struct):
    """Which part of a list."""

    limit: Count = 20
    cursor: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET


def given(value: Any) -> Any:  # noqa: ANN401
    """Return what was sent, or None where nothing was."""
    return None if value is UNSET else value
