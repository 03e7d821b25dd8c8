"""The catalog."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from backends.money import Money

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Variant:
    """What is actually bought: one product in one mount, size or colour."""

    id: str
    ref: str
    """The text that `shop cart add` takes: `sigma-35-f2/sony-e`, or the slug where there is one variant."""
    name: str
    sku: str
    price: Money
    in_stock: bool
    stock: int | None
    """Pieces that can be bought now, or None where the shop only says in or out."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product with at least one variant."""

    id: str
    slug: str
    title: str
    brand: str
    category: str
    """The category's title; `ProductQuery.category` takes its slug."""
    description: str
    variants: tuple[Variant, ...]

    @property
    def prices(self) -> tuple[Money, Money]:
        """The prices of its cheapest and of its dearest variant."""
        prices = sorted((variant.price for variant in self.variants), key=lambda price: price.amount)
        return prices[0], prices[-1]


@dataclass(frozen=True, slots=True)
class Category:
    """A category; `products` is how many it holds, if the shop says."""

    slug: str
    title: str
    products: int | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, in products; what was as the import says already is unchanged.

    All are None where it had to be sent twice: the second time finds what the first one may have done.
    """

    added: int | None
    updated: int | None
    unchanged: int | None


class Sort(StrEnum):
    """Orders of a product list. RELEVANCE is by title where there is no search text."""

    RELEVANCE = "relevance"
    TITLE = "title"
    PRICE = "price"
    PRICE_DESC = "-price"


@dataclass(frozen=True, slots=True)
class ProductQuery:
    """Which products to list. Prices are in the shop's currency, major units, both ends included."""

    text: str = ""
    category: str | None = None
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    in_stock: bool = False
    sort: Sort = Sort.RELEVANCE


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list; `next_cursor` asks for the next part, `total` counts all if that is cheap."""

    items: tuple[T, ...]
    next_cursor: str | None = None
    total: int | None = None
