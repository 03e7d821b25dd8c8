"""What shops talk about, as frozen data. Times are aware datetimes in UTC; text is clean (`backends.text`).

One module a service. A name is loaded from its module at its first use: making the 25 classes costs as much
as a bare Python start, and listing products needs five of them.
"""

from typing import TYPE_CHECKING

from backends.lazy import exporter

if TYPE_CHECKING:
    from backends.models.books import BookEntry
    from backends.models.carts import Cart, Line, Notice, Requirement, ShippingOption, Totals
    from backends.models.faults import Fault, FaultKind
    from backends.models.health import ServiceHealth
    from backends.models.orders import CheckoutAttempt, Order, OrderStatus
    from backends.models.payments import Card, Payment, PaymentMethod, PaymentStatus
    from backends.models.products import Category, Imported, Page, Product, ProductQuery, Sort, Variant
    from backends.models.users import Address, Registered, Session, User

_MODULES = {
    "books": ("BookEntry",),
    "carts": (
        "Cart",
        "Line",
        "Notice",
        "Requirement",
        "ShippingOption",
        "Totals",
    ),
    "faults": (
        "Fault",
        "FaultKind",
    ),
    "health": ("ServiceHealth",),
    "orders": (
        "CheckoutAttempt",
        "Order",
        "OrderStatus",
    ),
    "payments": (
        "Card",
        "Payment",
        "PaymentMethod",
        "PaymentStatus",
    ),
    "products": (
        "Category",
        "Imported",
        "Page",
        "Product",
        "ProductQuery",
        "Sort",
        "Variant",
    ),
    "users": (
        "Address",
        "Registered",
        "Session",
        "User",
    ),
}
__getattr__ = exporter(__name__, _MODULES)

__all__ = [
    "Address",
    "BookEntry",
    "Card",
    "Cart",
    "Category",
    "CheckoutAttempt",
    "Fault",
    "FaultKind",
    "Imported",
    "Line",
    "Notice",
    "Order",
    "OrderStatus",
    "Page",
    "Payment",
    "PaymentMethod",
    "PaymentStatus",
    "Product",
    "ProductQuery",
    "Registered",
    "Requirement",
    "ServiceHealth",
    "Session",
    "ShippingOption",
    "Sort",
    "Totals",
    "User",
    "Variant",
]
