"""What a person can do in the full-screen shop: one table.

Bindings, hints, palette, help, the keys in a person's settings and docs/keys.md are made from it. Each command that
does more than move on the screen names the `shop` command that does the same (a test holds it), so whatever can be done
here can be done by scripts and with a screen reader too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding


class Scope(StrEnum):
    """Where a command can be given."""

    EVERYWHERE = "everywhere"
    LIST = "lists"
    BROWSE = "browse"
    PRODUCT = "product"
    CART = "cart"
    CHECKOUT = "checkout"
    ORDERS = "orders"
    ORDER = "order"
    ACCOUNT = "account"
    HEALTH = "health"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to do. `id` is what settings call it and, with a dot as underscore, the action's name."""

    id: str
    label: str
    """For the hints at the bottom, one or two words."""
    keys: str
    """Textual's names of keys, comma-separated."""
    help: str
    scope: Scope
    subcommand: str | None = None
    """The `shop` command that does the same; None for what only moves on the screen."""
    hinted: bool = True
    """Whether the hints at the bottom show it."""

    @property
    def action(self) -> str:
        """The method `action_...` that does it: on the page of its scope, or on the app."""
        return self.id.replace(".", "_")


_RESUME = "shop orders resume"
E, L = Scope.EVERYWHERE, Scope.LIST
COMMANDS = (
    Command("tab.browse", "Browse", "1", "Browse the catalog", E, "shop products list", hinted=False),
    Command("tab.cart", "Cart", "2,c", "Show the cart", E, "shop cart show", hinted=False),
    Command("tab.orders", "Orders", "3,o", "Show your orders", E, "shop orders list", hinted=False),
    Command("tab.account", "Account", "4", "Sign in, sign up, look after addresses", E, "shop whoami", hinted=False),
    Command("tab.health", "Health", "5", "Show the services' state", E, "shop services status", hinted=False),
    Command("checkout", "Checkout", "C", "Order what is in the cart", E, "shop checkout", hinted=False),
    Command("undo", "Undo", "u", "Undo the last edit of the cart", E, "shop cart set", hinted=False),
    Command("retry", "Retry", "f5", "Ask the shop again", E, hinted=False),
    Command("back", "Back", "escape,backspace", "Go back", E, hinted=False),
    Command("help", "Help", "question_mark,f1", "Show all keys", E),
    Command("palette", "Palette", "ctrl+p", "Find a command by its name", E),
    Command("theme", "Theme", "ctrl+t", "Switch between dark and light", E, hinted=False),
    Command("quit", "Quit", "q,ctrl+q", "Leave; cart and checkout are kept", E),
    Command("list.down", "Down", "down,j", "One row down", L, hinted=False),
    Command("list.up", "Up", "up,k", "One row up", L, hinted=False),
    Command("list.page_down", "Page down", "pagedown,space", "One page down", L, hinted=False),
    Command("list.page_up", "Page up", "pageup", "One page up", L, hinted=False),
    Command("list.top", "First", "home,g", "To the first row", L, hinted=False),
    Command("list.end", "Last", "end,G", "To the last loaded row", L, hinted=False),
    Command("list.open", "Open", "enter", "Open the selected row", L),
    Command("search", "Search", "slash", "Search as you type", Scope.BROWSE, "shop products search"),
    Command("filter", "Filter", "f", "Filter by category, price and stock", Scope.BROWSE, "shop products list"),
    Command("sort", "Sort", "s", "Sort by title, price or relevance", Scope.BROWSE, "shop products list"),
    Command("browse.add", "Add", "a,plus", "Put one into the cart", Scope.BROWSE, "shop cart add"),
    Command("browse.less", "Less", "minus", "Take one out of the cart", Scope.BROWSE, "shop cart set"),
    Command("browse.variant", "Variant", "v,right", "The next variant", Scope.BROWSE, hinted=False),
    Command("browse.variant_back", "Variant", "V,left", "The variant before", Scope.BROWSE, hinted=False),
    Command("product.add", "Add", "a,plus", "Put one into the cart", Scope.PRODUCT, "shop cart add"),
    Command("product.less", "Less", "minus", "Take one out of the cart", Scope.PRODUCT, "shop cart set"),
    Command("product.variant", "Variant", "v,right", "The next variant", Scope.PRODUCT, hinted=False),
    Command("product.variant_back", "Variant", "V,left", "The variant before", Scope.PRODUCT, hinted=False),
    Command("cart.more", "More", "plus,a", "One more of the line", Scope.CART, "shop cart set"),
    Command("cart.less", "Less", "minus", "One less of the line", Scope.CART, "shop cart set"),
    Command("cart.remove", "Remove", "delete,x", "Take the line out", Scope.CART, "shop cart remove"),
    Command("cart.clear", "Empty", "X", "Take everything out", Scope.CART, "shop cart clear", hinted=False),
    Command("checkout.pay", "Pay", "p", "Pay for the order that is placed", Scope.CHECKOUT, "shop orders pay"),
    Command("checkout.back", "Back", "escape,backspace", "One step back; nothing is lost", Scope.CHECKOUT),
    Command("orders.resume", "Resume", "r", "Find out what became of unfinished checkouts", Scope.ORDERS, _RESUME),
    Command("order.pay", "Pay", "p", "Pay for the order", Scope.ORDER, "shop orders pay"),
    Command("order.cancel", "Cancel", "x", "Cancel the order", Scope.ORDER, "shop orders cancel"),
    Command("order.follow", "Follow", "w", "Look again until the order is decided", Scope.ORDER, "shop orders watch"),
    Command("order.resume", "Resume", "r", "Find out what became of unfinished checkouts", Scope.ORDER, _RESUME),
    Command("account.sign_in", "Sign in", "f2", "Sign in to an account that there is", Scope.ACCOUNT, "shop login"),
    Command("account.sign_up", "Sign up", "f3", "Make a new account", Scope.ACCOUNT, "shop signup"),
    Command("account.new", "New address", "n", "Write an address into your book", Scope.ACCOUNT, "shop addresses add"),
    Command("account.default", "Default", "d", "Send orders to the address", Scope.ACCOUNT, "shop addresses add"),
    Command("account.remove", "Remove", "delete,x", "Remove the address", Scope.ACCOUNT, "shop addresses remove"),
    Command("account.sign_out", "Log out", "L", "Log out; the account keeps the cart", Scope.ACCOUNT, "shop logout"),
    Command("health.stop", "Stop", "x", "Stop the service; it ends what it does", Scope.HEALTH, "shop services stop"),
    Command("health.start", "Start", "s", "Start the service", Scope.HEALTH, "shop services start"),
    Command("health.restart", "Restart", "r", "Restart the service", Scope.HEALTH, "shop services restart"),
)


def bindings(scope: Scope) -> list[Binding]:
    """Return a scope's commands as Textual's bindings, which the keymap finds by their ids."""
    return [
        Binding(command.keys, command.action, command.label, show=command.hinted, tooltip=command.help, id=command.id)
        for command in COMMANDS
        if command.scope is scope
    ]


def of(*scopes: Scope) -> tuple[Command, ...]:
    """Return the commands of some scopes, in the order of the table."""
    return tuple(command for command in COMMANDS if command.scope in scopes)


def for_subcommand(line: str, commands: Iterable[Command] = COMMANDS) -> Command | None:
    """Return the command that does what an error's hint (`shop orders pay 1001`) suggests, if there is one here."""
    return next((command for command in commands if command.subcommand and line.startswith(command.subcommand)), None)


def shown_keys(keys: str) -> str:
    """Return all of some keys as people call them."""
    return " ".join(map(shown_key, keys.split(",")))


def shown_key(keys: str) -> str:
    """Return the first of some keys as people call it."""
    first = keys.partition(",")[0]
    return SHOWN.get(first, first.replace("ctrl+", "^"))


BY_ID: Mapping[str, Command] = {command.id: command for command in COMMANDS}
SHOWN = {
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "question_mark": "?",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "delete": "del",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
    **{f"f{number}": f"F{number}" for number in range(1, 13)},
}
