"""From answers to the contract's models, member by member."""

from dataclasses import dataclass, field
from datetime import datetime

from backends.http.decoding import (
    Garbage,
    Members,
    Read,
    T,
    count,
    flag,
    identifier,
    integer,
    listed,
    long_text,
    moment,
    money,
    nullable,
    number,
    one_of,
    secret,
    text,
)
from backends.models import (
    Address,
    BookEntry,
    Cart,
    Category,
    Fault,
    FaultKind,
    Imported,
    Line,
    Notice,
    Order,
    OrderStatus,
    Page,
    Payment,
    PaymentMethod,
    PaymentStatus,
    Product,
    Registered,
    Requirement,
    ShippingOption,
    Totals,
    User,
    Variant,
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a log-in or a refresh answers."""

    user: User
    access: str = field(repr=False)
    access_expires_at: datetime
    refresh: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a service says about itself."""

    status: str
    version: str
    detail: str


def items(read: Read[T]) -> Read[tuple[T, ...]]:
    """Return the reader of `{"items": [...]}`."""
    return lambda value: Members(value)("items", listed(read))


def page(read: Read[T]) -> Read[Page[T]]:
    """Return the reader of a part of a list."""

    def of(value: object) -> Page[T]:
        at = Members(value)
        return Page(at("items", listed(read)), at("next_cursor", nullable(_cursor)), at("total", nullable(count)))

    return of


def about(key: str, read: Read[T]) -> Read[T]:
    """Return a reader that takes nothing for an answer but what has this id."""

    def of(value: object) -> T:
        if Members(value)("id", identifier) != key:
            raise Garbage("it is about something else")
        return read(value)

    return of


def _cursor(value: object) -> str:
    cursor = text(value)
    if not cursor or cursor != value:
        raise Garbage("it is no cursor")
    return cursor


# --- users -----------------------------------------------------------------------------------------------------------


def registered(value: object) -> Registered:
    """A sign-up."""
    at = Members(value)
    return Registered(at("email", text), at("verification_required", flag))


def grant(value: object) -> Grant:
    """A session with its tokens."""
    at = Members(value)
    return Grant(
        at("user", user),
        at("access_token", secret),
        at("access_expires_at", moment),
        at("refresh_token", secret),
        at("expires_at", moment),
    )


def user(value: object) -> User:
    """An account."""
    at = Members(value)
    return User(at("id", identifier), at("name", text), at("email", text))


def address(value: object) -> Address:
    """A postal address."""
    at = Members(value)
    return Address(
        label=at("label", text),
        name=at("name", text),
        line1=at("line1", text),
        city=at("city", text),
        postcode=at("postcode", text),
        country=at("country", text),
        line2=at("line2", text),
        region=at("region", text),
        phone=at("phone", text),
    )


# --- products --------------------------------------------------------------------------------------------------------


def product(value: object) -> Product:
    """A product with its variants."""
    at = Members(value)
    return Product(
        at("id", identifier),
        at("slug", identifier),
        at("title", text),
        at("brand", text),
        at("category", text),
        at("description", long_text),
        at("variants", listed(_variant)),
    )


def _variant(value: object) -> Variant:
    at = Members(value)
    return Variant(
        at("id", identifier),
        at("ref", identifier),
        at("name", text),
        at("sku", text),
        at("price", money),
        at("in_stock", flag),
        at("stock", nullable(integer)),
    )


def category(value: object) -> Category:
    """A category."""
    at = Members(value)
    return Category(at("slug", identifier), at("title", text), at("products", nullable(count)))


def book_entry(value: object) -> BookEntry:
    """One service's word on one order."""
    at = Members(value)
    return BookEntry(
        at("service", text),
        at("order_id", nullable(identifier)),
        at("id", identifier),
        at("state", text),
        at("pieces", nullable(count)),
        at("amount", nullable(count)),
        at("kept", nullable(integer)),
        at("currency", text),
        at("waits", flag),
        at("counted", nullable(count)),
    )


def imported(value: object) -> Imported:
    """What an import did."""
    at = Members(value)
    return Imported(at("added", count), at("updated", count), at("unchanged", count))


# --- carts -----------------------------------------------------------------------------------------------------------


def cart(value: object) -> Cart:
    """A whole cart."""
    at = Members(value)
    return Cart(
        at("id", nullable(identifier)),
        at("version", nullable(integer)),
        at("lines", listed(_line)),
        at("address", nullable(address)),
        at("email", nullable(text)),
        at("shipping", nullable(shipping_option)),
        at("totals", nullable(_totals)),
        at("requirements", listed(one_of(Requirement))),
        at("notices", listed(_notice)),
    )


def shipping_option(value: object) -> ShippingOption:
    """A way of delivery."""
    at = Members(value)
    return ShippingOption(at("id", identifier), at("title", text), at("price", money))


def _line(value: object) -> Line:
    at = Members(value)
    return Line(
        at("id", identifier),
        at("variant_id", identifier),
        at("ref", identifier),
        at("title", text),
        at("variant", text),
        at("sku", text),
        at("quantity", count),
        at("unit_price", money),
        at("total", money),
    )


def _totals(value: object) -> Totals:
    at = Members(value)
    return Totals(at("items", money), at("shipping", nullable(money)), at("total", money))


def _notice(value: object) -> Notice:
    at = Members(value)
    return Notice(at("code", text), at("message", text), at("line_id", nullable(identifier)))


# --- orders and payments ---------------------------------------------------------------------------------------------


def order(value: object) -> Order:
    """An order."""
    at = Members(value)
    return Order(
        at("id", identifier),
        at("number", nullable(identifier)),
        at("status", one_of(OrderStatus)),
        at("reason", nullable(text)),
        at("lines", listed(_line)),
        at("totals", _totals),
        at("address", nullable(address)),
        at("shipping", nullable(text)),
        at("created_at", moment),
        at("message", nullable(text)),
        at("expires_at", nullable(moment)),
    )


def payment(value: object) -> Payment:
    """A payment."""
    at = Members(value)
    return Payment(
        at("id", identifier),
        at("order_id", identifier),
        at("status", one_of(PaymentStatus)),
        at("reason", nullable(text)),
        at("amount", nullable(money)),
        at("method", text),
        at("created_at", moment),
        at("action_url", nullable(text)),
        at("message", nullable(text)),
    )


def payment_method(value: object) -> PaymentMethod:
    """A saved card, or a test token."""
    at = Members(value)
    return PaymentMethod(at("token", identifier), at("label", text), at("test", flag))


# --- operation -------------------------------------------------------------------------------------------------------


def readiness(value: object) -> Readiness:
    """What /readyz answers; a gateway has nothing to tell but that it is there."""
    at = Members(value)
    return Readiness(
        at("status", nullable(text)) or "", at("version", nullable(text)) or "", at("detail", nullable(text)) or ""
    )


def fault_of(service: str) -> Read[Fault]:
    """Return the reader of one of a service's faults."""

    def of(value: object) -> Fault:
        at = Members(value)
        return Fault(
            service,
            at("kind", one_of(FaultKind)),
            at("action", text),
            at("rate", number),
            at("seconds", number),
            at("times", nullable(count)),
            at("step", count),
            after=at("after", flag),
        )

    return of
