"""From a key to a use case, and from its answer into the state."""

from shopcli.tui.flows.account import AccountFlow
from shopcli.tui.flows.cart import CartFlow
from shopcli.tui.flows.catalog import CatalogFlow
from shopcli.tui.flows.checkout import CheckoutFlow
from shopcli.tui.flows.health import HealthFlow
from shopcli.tui.flows.orders import OrdersFlow
from shopcli.tui.flows.paying import PayingFlow

__all__ = ["AccountFlow", "CartFlow", "CatalogFlow", "CheckoutFlow", "HealthFlow", "OrdersFlow", "PayingFlow"]
