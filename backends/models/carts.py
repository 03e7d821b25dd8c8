"""Carts."""

from dataclasses import dataclass
from enum import StrEnum

from backends.models.users import Address
from backends.money import Money


class Requirement(StrEnum):
    """What a cart still lacks before it can be ordered."""

    LINES = "lines"
    ADDRESS = "address"
    SHIPPING = "shipping"


@dataclass(frozen=True, slots=True)
class Totals:
    """What the server says it costs. `shipping` is None until one is chosen."""

    items: Money
    shipping: Money | None
    total: Money


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cart or an order, keyed by `id`: some shops give one variant two lines."""

    id: str
    variant_id: str
    ref: str
    title: str
    variant: str
    sku: str
    quantity: int
    unit_price: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the person should know: a price that changed, stock that ran short."""

    code: str
    message: str
    line_id: str | None = None


@dataclass(frozen=True, slots=True)
class ShippingOption:
    """A way of delivery for the cart as it is."""

    id: str
    title: str
    price: Money


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart. `id` is None before the first line, `version` where the shop has none."""

    id: str | None
    version: int | None
    lines: tuple[Line, ...]
    address: Address | None
    email: str | None
    shipping: ShippingOption | None
    totals: Totals | None
    requirements: tuple[Requirement, ...]
    notices: tuple[Notice, ...] = ()
