"""What every flow has: the app whose state it changes."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shopcli.tui.app import ShopApp


class Flow:
    """Asks the shop in the background and puts what it says into the app's state."""

    def __init__(self, app: "ShopApp") -> None:
        """Work for this app."""
        self.app = app
