"""What `shop` talks to: one contract, and who fulfils it. Names are loaded at their first use."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends.capabilities import Capability
    from backends.interface import Admin, Backend, Carts, Clock, Ids, Orders, Payments, Products, SessionStore, Users
    from backends.models import (
        Address,
        Card,
        Cart,
        Category,
        CheckoutAttempt,
        Line,
        Notice,
        Order,
        OrderStatus,
        Page,
        Payment,
        PaymentMethod,
        PaymentStatus,
        Product,
        ProductQuery,
        Registered,
        Requirement,
        ServiceHealth,
        Session,
        ShippingOption,
        Sort,
        Totals,
        User,
        Variant,
    )
    from backends.money import Money
    from backends.registry import MemorySessions, open_backend

_MODULES = {
    "capabilities": ("Capability",),
    "interface": (
        "Admin",
        "Backend",
        "Carts",
        "Clock",
        "Ids",
        "Orders",
        "Payments",
        "Products",
        "SessionStore",
        "Users",
    ),
    "models": (
        "Address",
        "Card",
        "Cart",
        "Category",
        "CheckoutAttempt",
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
    ),
    "money": ("Money",),
    "registry": (
        "MemorySessions",
        "open_backend",
    ),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Address",
    "Admin",
    "Backend",
    "Capability",
    "Card",
    "Cart",
    "Carts",
    "Category",
    "CheckoutAttempt",
    "Clock",
    "Ids",
    "Line",
    "MemorySessions",
    "Money",
    "Notice",
    "Order",
    "OrderStatus",
    "Orders",
    "Page",
    "Payment",
    "PaymentMethod",
    "PaymentStatus",
    "Payments",
    "Product",
    "ProductQuery",
    "Products",
    "Registered",
    "Requirement",
    "ServiceHealth",
    "Session",
    "SessionStore",
    "ShippingOption",
    "Sort",
    "Totals",
    "User",
    "Users",
    "Variant",
    "open_backend",
]


def __getattr__(name: str) -> object:
    """Load a public name from its module (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
