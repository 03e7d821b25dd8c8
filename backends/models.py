"""What shops talk about, as frozen data. Times are aware datetimes in UTC; text is clean (`backends.text`)."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from backends.money import Money

T = TypeVar("T")

# --- users ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class User:
    """An account."""

    id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A sign-up's result; some shops want the e-mail address verified before the first log-in."""

    email: str
    verification_required: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in's result. Its tokens stay in the adapter's `SessionStore`."""

    user: User
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; `label` is its name in the address book ("home")."""

    label: str
    name: str
    line1: str
    city: str
    postcode: str
    country: str
    """ISO 3166-1 alpha-2, upper case."""
    line2: str = ""
    region: str = ""
    phone: str = ""


# --- products ------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Category:
    """A category; `products` is how many it holds, if the shop says."""

    slug: str
    title: str
    products: int | None = None


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


# --- carts ---------------------------------------------------------------------------------------


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


# --- orders --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckoutAttempt:
    """Exactly what the person confirmed. The client makes `key`, journals the attempt, then sends it.

    Repeating an attempt means repeating these same values: adapters serialise them deterministically.
    `handle` is what a backend can find the attempt by where it does not take keys (Vendure: the order
    code; Medusa: the cart id).
    """

    key: str
    cart_id: str
    cart_version: int | None
    total: Money
    address: Address
    shipping: str
    created_at: datetime
    payment: str | None = None
    handle: str | None = None


class OrderStatus(StrEnum):
    """`placing` and `rejecting` mean: nothing is decided yet, ask again under the same key."""

    PLACING = "placing"
    REJECTING = "rejecting"
    REJECTED = "rejected"
    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Order:
    """An order. `number` is the short one for people.

    `reason` is a code that says why it was rejected or cancelled, `message` a sentence about that.
    """

    id: str
    number: str | None
    status: OrderStatus
    reason: str | None
    lines: tuple[Line, ...]
    totals: Totals
    address: Address | None
    shipping: str | None
    created_at: datetime
    message: str | None = None
    expires_at: datetime | None = None
    """When it expires unless it is paid; None once that cannot happen."""


# --- payments ------------------------------------------------------------------------------------


class PaymentStatus(StrEnum):
    """Only `settled` means paid: `captured` can still be sent back."""

    CREATED = "created"
    CHARGING = "charging"
    DECLINED = "declined"
    REFUSED = "refused"
    CAPTURED = "captured"
    SETTLED = "settled"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Card:
    """A card on its way to becoming a token. Never stored, logged or shown: its repr is empty."""

    number: str = field(repr=False)
    expiry_month: int = field(repr=False)
    expiry_year: int = field(repr=False)
    cvv: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A saved card or a test token; `token` is what `payments.pay` takes."""

    token: str
    label: str


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to pay an order. `amount` is None until the order said what is due."""

    id: str
    order_id: str
    status: PaymentStatus
    reason: str | None
    amount: Money | None
    method: str
    created_at: datetime
    action_url: str | None = None
    """Where to finish paying in a browser, for shops without PAY_IN_TERMINAL."""


# --- health --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """One service's state, `up`, `down` or `degraded`, and why."""

    service: str
    status: str
    detail: str = ""
