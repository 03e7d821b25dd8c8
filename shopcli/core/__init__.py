"""The use cases that every front end shares. Nothing in here knows a screen or a wire."""

from typing import TYPE_CHECKING

from backends.lazy import exporter

if TYPE_CHECKING:
    from shopcli.core.checkout import Checkout
    from shopcli.core.journal import Journal
    from shopcli.core.settling import Settled, settle
    from shopcli.core.shop import Shop, open_shop

_MODULES = {
    "checkout": ("Checkout",),
    "journal": ("Journal",),
    "settling": ("Settled", "settle"),
    "shop": ("Shop", "open_shop"),
}

__getattr__ = exporter(__name__, _MODULES)

__all__ = [
    "Checkout",
    "Journal",
    "Settled",
    "Shop",
    "open_shop",
    "settle",
]
