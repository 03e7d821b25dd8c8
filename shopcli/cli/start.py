"""`shop` alone: what this is, where you are, and what makes sense now."""

from dataclasses import dataclass
from datetime import datetime

from backends.errors import LoginRequired, ShopError
from backends.models import Order, OrderStatus, User
from backends.text import clean
from shopcli.cli.next_commands import repeated
from shopcli.cli.output.columns import Card, Column, View, shown
from shopcli.cli.run import Run
from shopcli.core.profiles import DEFAULT

_SIGNED_OUT = ("shop products list", "shop signup", "shop login")
_EMPTY_CART = ("shop products list", "shop products search WORDS", "shop orders list")
_FULL_CART = ("shop cart show", "shop checkout", "shop products list")
_GUEST_CART = ("shop cart show", "shop signup", "shop login")
_UNFINISHED = "shop orders resume"
_STEPS = 3


@dataclass(frozen=True, slots=True)
class Start:
    """Where the person stands."""

    backend: str
    profile: str | None
    """None for a shop that has no name."""
    user: User | None
    user_unknown: bool
    cart_lines: int | None
    """None where the shop does not answer."""
    unfinished: int
    trouble: str | None
    unpaid: str | None
    """The number of an order that waits for its payment."""
    unpaid_until: datetime | None
    next: tuple[str, ...]


def _card(start: Start) -> Card:
    nobody = "unknown" if start.user_unknown else "nobody is logged in"
    user = f"{start.user.name} <{start.user.email}>" if start.user else nobody
    cart = {None: "unknown", 0: "empty", 1: "1 line"}.get(start.cart_lines, f"{start.cart_lines} lines")
    head = ["shop: browse, fill a cart, check out and look after your orders", ""]
    head.append(f"  shop     {start.backend}")
    if start.profile not in (None, DEFAULT):
        head.append(f"  profile  {start.profile}")
    head += [f"  account  {user}", f"  cart     {cart}"]
    if start.trouble:
        head.append(f"  trouble  {start.trouble}")
    if start.unfinished:
        head.append(f"  waiting  {start.unfinished} unfinished")
    if start.unpaid:
        until = f" until {shown(start.unpaid_until)}" if start.unpaid_until else ""
        head.append(f"  unpaid   order {start.unpaid} waits for its payment{until}")
    return Card([*head, ""], (), (), [*(f"→ {command}" for command in start.next), "", "All commands: shop --help"])


_START = View(
    Start,
    (
        Column("backend", lambda start: start.backend),
        Column("user", lambda start: start.user.email if start.user else None),
        Column("cart_lines", lambda start: start.cart_lines),
        Column("unfinished", lambda start: start.unfinished),
        Column("unpaid", lambda start: start.unpaid),
        Column("next", lambda start: "; ".join(start.next)),
        Column("profile", lambda start: start.profile),
    ),
    identity=lambda start: start.next[0],
    card=_card,
)


def show_start(run: Run) -> None:
    """Write the start screen. A shop that does not answer is part of the picture, not an error."""
    run.out.check(_START)
    start = _look_around(run)
    if run.options.output_chosen or run.options.fields:
        run.out.show(_START, start)
        return
    card = _card(start)
    for line in (*card.head, *card.foot):
        print(clean(line))


def _look_around(run: Run) -> Start:
    user: User | None = None
    lines: int | None = None
    trouble: ShopError | None = None
    unknown = False
    try:
        user = run.do(run.backend.users.me())
    except LoginRequired:
        pass
    except ShopError as error:
        trouble, unknown = error, True
    try:
        lines = len(run.do(run.backend.carts.view()).lines)
    except ShopError as error:
        trouble = error
    unfinished, unpaid = 0, None
    try:
        unfinished = run.shop.unfinished()
        unpaid = run.do(_unpaid(run)) if user else None
    except ShopError as error:
        trouble = error
    first = trouble.hint if trouble else None
    first = first or (_UNFINISHED if unfinished else None) or (f"shop orders pay {unpaid.name}" if unpaid else None)
    return Start(
        run.backend.name,
        run.shop.profile,
        user,
        unknown,
        lines,
        unfinished,
        trouble.message if trouble else None,
        unpaid.name if unpaid else None,
        unpaid.expires_at if unpaid else None,
        tuple(repeated(step, run.options.again) for step in _steps(user, lines, first)),
    )


async def _unpaid(run: Run) -> Order | None:
    """Return the latest order, if it waits for its payment."""
    page = await run.backend.orders.list(1)
    return next((order for order in page.items if order.status is OrderStatus.AWAITING_PAYMENT), None)


def _steps(user: User | None, lines: int | None, first: str | None) -> tuple[str, ...]:
    full, empty = (_GUEST_CART, _SIGNED_OUT) if user is None else (_FULL_CART, _EMPTY_CART)
    steps = full if lines else empty
    return (first, *steps)[:_STEPS] if first else steps
