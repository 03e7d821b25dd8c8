"""What a command is by keys: which pages are opened, what is typed, what the screen then shows."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from textual.widgets import Input

from backends.errors import Pending
from backends.models import OrderStatus, Page, Product, Variant
from shopcli.core.paying import LATER
from shopcli.core.refs import Ref, parse, resolve
from shopcli.tui.scripted.hands import Hands
from shopcli.tui.state import Checkout, Step
from shopcli.tui.widgets.detail import Detail

_FLAGS = frozenset(("--yes", "--password-stdin"))


class NotOffered(Exception):
    """The screen does not offer this now: signing up while somebody is signed in, a payment while none is known."""


class Words(NamedTuple):
    """A command line: its verbs and what they are about, and its options."""

    plain: tuple[str, ...]
    options: Mapping[str, str]


class Deed(NamedTuple):
    """How a command is done by keys, and with which options."""

    do: Callable[[Hands, Words, str], Awaitable[object]]
    options: frozenset[str]


def deed_of(line: Words) -> Deed | None:
    """Return how the screen does this, None for what it does not offer."""
    deed = DEEDS.get(line.plain[:2]) or DEEDS.get(line.plain[:1])
    if deed is None or not set(line.options) <= deed.options or _is_several(line):
        return None
    return deed


def read(words: Sequence[str]) -> Words:
    """Read a command line."""
    plain: list[str] = []
    options: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word in _FLAGS:
            options[word] = ""
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            options[name] = value if equals else next(rest, "")
        else:
            plain.append(word)
    return Words(tuple(plain), options)


async def _sign_up(hands: Hands, line: Words, secret: str) -> object:
    await _signing(hands, line, "--name", "--email")
    await hands.press("f3")
    await hands.type(line.options["--name"], line.options["--email"], secret, secret)
    return await _signed(hands)


async def _sign_in(hands: Hands, line: Words, secret: str) -> object:
    await _signing(hands, line, "--email")
    await hands.press("f2")
    await hands.type(line.options["--email"], secret)
    return await _signed(hands)


async def _signing(hands: Hands, line: Words, *needed: str) -> None:
    if hands.state.account.user is not None or not set(needed) <= set(line.options):
        raise NotOffered
    await hands.give("tab.account")


async def _signed(hands: Hands) -> object:
    await hands.until(lambda: not hands.state.account.doing and not hands.app.is_working("account"))
    hands.error = hands.state.account.refusal
    return hands.state.account.user


async def _search(hands: Hands, line: Words, _: str) -> object:
    await _looked(hands, " ".join(line.plain[2:]))
    shelf = hands.state.shelf
    hands.error = shelf.error
    return Page(shelf.products, shelf.next_cursor, shelf.total)


async def _looked(hands: Hands, text: str) -> None:
    await hands.give("tab.browse")
    await hands.press("slash")
    hands.app.screen.query_one("#search", Input).value = text
    await hands.until(lambda: hands.state.shelf.query.text == text and not hands.state.shelf.loading)
    await hands.press("enter")


async def _add(hands: Hands, line: Words, _: str) -> object:
    for ref in map(parse, line.plain[2:]):
        product, variant = await _found(hands, ref)
        await _looked(hands, product.title)
        slugs = [found.slug for found in hands.state.shelf.products]
        await hands.select(hands.rows("products"), _place(slugs, product.slug))
        detail = hands.app.screen.query_one(Detail)
        while detail.variant is not None and detail.variant.id != variant.id:
            await hands.press("v")
        await hands.press(*["a"] * ref.quantity)
        await _settled(hands)
    return hands.state.basket.cart


async def _found(hands: Hands, ref: Ref) -> tuple[Product, Variant]:
    return await hands.app.background.do(lambda shop: resolve(shop.backend.products, ref))


async def _show_cart(hands: Hands, _: Words, __: str) -> object:
    await hands.give("tab.cart")
    hands.error = hands.state.basket.error
    return hands.state.basket.cart


async def _remove(hands: Hands, line: Words, _: str) -> object:
    await hands.give("tab.cart")
    for ref in line.plain[2:]:
        refs = [row.ref for row, _ in hands.state.basket.lines]
        await hands.select(hands.rows("lines"), _place(refs, ref))
        await hands.press("x")
        await _settled(hands)
    return hands.state.basket.cart


async def _settled(hands: Hands) -> None:
    await hands.until(lambda: hands.state.basket.is_settled and not hands.app.is_working("cart-edits"))
    if hands.state.basket.error is not None:
        raise hands.state.basket.error


async def _check_out(hands: Hands, line: Words, _: str) -> object:
    await hands.give("checkout")
    await _step(hands, Step.ADDRESS)
    await _choose(hands, [each.label for each in hands.state.checkout.addresses], line.options.get("--address"))
    await _step(hands, Step.DELIVERY)
    await _choose(hands, [each.id for each in hands.state.checkout.options], line.options.get("--shipping"))
    await _step(hands, Step.PAYMENT)
    methods = [each.token for each in hands.state.checkout.methods]
    await _choose(hands, [*methods, "card", LATER] if methods else [LATER], line.options.get("--pay", ""))
    await _step(hands, Step.REVIEW)
    _expect(hands.state.checkout, line.options.get("--expect-total"))
    await hands.press("tab", "enter")
    await hands.until(lambda: _is_decided(hands.state.checkout))
    order = hands.state.checkout.order
    hands.error = hands.state.checkout.error
    if hands.error is None and order is not None and order.status is OrderStatus.AWAITING_PAYMENT:
        hands.error = Pending(f"order {order.number} is placed and not paid yet", service="payments")
    return order


def _expect(now: Checkout, total: str | None) -> None:
    """Leave it to the command line to refuse a total that is not the expected one."""
    shown = now.cart.totals.total if now.cart and now.cart.totals else None
    if total is not None and (shown is None or total not in (f"{shown.amount:f}", str(shown))):
        raise NotOffered


def _is_decided(now: Checkout) -> bool:
    return not now.sending and not now.busy and (now.step is Step.RECEIPT or now.error is not None)


async def _step(hands: Hands, step: Step) -> None:
    def there() -> bool:
        now = hands.state.checkout
        return now.error is not None or (now.step is step and not now.busy and now.cart is not None)

    await hands.until(there)
    if hands.state.checkout.error is not None and hands.state.checkout.step is not step:
        raise hands.state.checkout.error


async def _choose(hands: Hands, names: list[str], name: str | None) -> None:
    if name is not None:
        await hands.select(hands.rows("choices"), _place(names, name))
    await hands.press("enter")


def _is_several(line: Words) -> bool:
    """Whether several pieces are to be added, all or none: a key adds one."""
    return line.plain[:2] == ("cart", "add") and any(parse(ref).quantity > 1 for ref in line.plain[2:])


def _place(names: Sequence[str], name: str) -> int:
    if name not in names:
        raise NotOffered(name)
    return names.index(name)


def _deed(do: Callable[[Hands, Words, str], Awaitable[object]], *options: str) -> Deed:
    return Deed(do, frozenset(("--timeout", *options)))


DEEDS: Mapping[tuple[str, ...], Deed] = {
    ("signup",): _deed(_sign_up, "--name", "--email", "--password-stdin"),
    ("login",): _deed(_sign_in, "--email", "--password-stdin"),
    ("products", "search"): _deed(_search),
    ("cart", "add"): _deed(_add),
    ("cart", "show"): _deed(_show_cart),
    ("cart", "remove"): _deed(_remove),
    ("checkout",): _deed(_check_out, "--address", "--shipping", "--pay", "--expect-total", "--yes"),
}
