"""What goes and what stays when an account is deleted."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from backends.deadline import deadline
from backends.errors import Conflict, Unsupported
from backends.models import Order, OrderStatus, Page

if TYPE_CHECKING:
    from backends.models import User
    from shopcli.cli.run import Run
    from shopcli.core.shop import Shop

T = TypeVar("T")

# Orders wait for their payment for a while only, so those that do are among the latest.
_LOOKED_AT = 100
_OPEN = (OrderStatus.PLACING, OrderStatus.AWAITING_PAYMENT)


def refuse_unfinished(run: "Run") -> None:
    """Raise Conflict while checkouts of this account are unfinished."""
    with deadline(run.options.timeout):
        count = run.shop.unfinished()
    if count:
        what = "1 checkout is" if count == 1 else f"{count} checkouts are"
        msg = f"{what} unfinished, and only this account can find out what became of that (or --force)"
        raise Conflict(msg, hint="shop orders resume")


async def consequences(shop: "Shop", user: "User") -> list[str]:
    """Say what becomes of all that the account has. A service that is silent is an error: nobody deletes unawares."""
    none: Page[Order] = Page(())
    orders = await _or(shop.backend.orders.list(_LOOKED_AT), none)
    said = [f"deleted with the account {user.email}: {', '.join(await _belongings(shop))}"]
    if orders.items:
        said.append(f"stays with the shop: {_orders(orders)}, which nobody can look at or cancel any more")
    if waiting := [order for order in orders.items if order.status in _OPEN]:
        said.append(f"not paid yet: {_counted(len(waiting), 'order')}, which will expire unless you pay first")
    if count := shop.unfinished():
        said.append(f"unfinished: {_counted(count, 'checkout')}; an order may come of that without you knowing")
    return said


async def _belongings(shop: "Shop") -> list[str]:
    addresses = await _or(shop.backend.users.addresses(), ())
    cards = [method for method in await _or(shop.backend.payments.methods(), ()) if not method.test]
    pieces = sum(line.quantity for line in (await shop.backend.carts.view()).lines)
    return [
        "its log-in and all its sessions",
        _counted(len(addresses), "address", "addresses"),
        _counted(len(cards), "saved card"),
        f"the cart ({_counted(pieces, 'piece')})" if pieces else "an empty cart",
    ]


def _orders(page: Page[Order]) -> str:
    if page.next_cursor is None:
        return _counted(len(page.items), "order")
    return "all orders" if page.total is None else _counted(page.total, "order")


def _counted(number: int, thing: str, things: str | None = None) -> str:
    return f"{number} {thing if number == 1 else things or f'{thing}s'}"


async def _or(action: Coroutine[Any, Any, T], otherwise: T) -> T:
    """Return what a shop says, `otherwise` where it knows no such thing."""
    try:
        return await action
    except Unsupported:
        return otherwise
