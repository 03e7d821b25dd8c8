"""The names by which calls of the services go, which is how a fault says what it hits.

Over HTTP a request goes by its method and path, too, and at the gateway by nothing else.
"""

from backends.errors import InvalidValue

ACTIONS = {
    "users": (
        *("addresses", "authenticate", "change_email", "change_password", "delete_account", "keys", "login", "logout"),
        *("me", "refresh", "remove_address", "rename", "save_address", "signup"),
    ),
    "products": (
        *("books", "categories", "get", "import_catalog", "list", "offers", "release", "reserve", "sell"),
        "show_books",
    ),
    "carts": (
        *("add", "books", "clear", "forget", "give_back", "merge", "remove", "set_address", "set_quantity"),
        *("set_shipping", "shipping_options", "show_books", "take", "view"),
    ),
    "orders": (
        *("amount_due", "belongs_to", "books", "cancel", "captured", "find", "get", "give_up", "list", "payment_dead"),
        *("place", "refunded", "run_due", "show_books"),
    ),
    "payments": (
        *("books", "forget", "get", "knows", "list", "methods", "pay", "refund", "refund_order", "run_due"),
        *("show_books", "tokenize"),
    ),
}
"""What customers, the owner and the other services may call, in process or on the wire."""
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def check_action(service: str, action: str) -> None:
    """Raise InvalidValue for what no call of the service begins with: such a fault would never strike."""
    names = ACTIONS.get(service, ())
    requests = (f"{method} /" for method in _METHODS)
    if any(name.startswith(action) for name in names) or any(_agree(action, request) for request in requests):
        return
    there = f"there is {', '.join(names)}" if names else "it knows methods and paths only, such as 'PUT /v1/orders'"
    msg = f"{service} has no action that begins with {action!r}; {there}"
    raise InvalidValue(msg)


def _agree(action: str, request: str) -> bool:
    return action.startswith(request) or request.startswith(action)
