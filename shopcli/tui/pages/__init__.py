"""The five tabs."""

from shopcli.tui.pages.account import AccountPage
from shopcli.tui.pages.browse import BrowsePage
from shopcli.tui.pages.cart import CartPage
from shopcli.tui.pages.health import HealthPage
from shopcli.tui.pages.orders import OrdersPage
from shopcli.tui.pages.page import Page

PAGES: dict[str, type[Page]] = {
    "browse": BrowsePage,
    "cart": CartPage,
    "orders": OrdersPage,
    "account": AccountPage,
    "health": HealthPage,
}
"""The tabs by their names, in their order."""

__all__ = ["PAGES", "Page"]
