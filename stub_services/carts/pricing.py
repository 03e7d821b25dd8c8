"""From a stored cart and today's offers to what the person sees: totals, requirements, notices."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from backends.models import Cart, Line, Notice, Requirement, ShippingOption, Totals
from backends.money import Money
from stub_services.carts.store import CartLine, StoredCart
from stub_services.currency import CURRENCY
from stub_services.peers import Offer

SHIPPING = (
    ShippingOption("standard", "Standard, 2 to 4 days", Money.of_minor(490, CURRENCY)),
    ShippingOption("express", "Express, next day", Money.of_minor(1290, CURRENCY)),
)
"""Cheapest first."""


def shipping_option(option_id: str | None) -> ShippingOption | None:
    """Return the option with this id."""
    return next((option for option in SHIPPING if option.id == option_id), None)


def priced(cart: StoredCart, offers: Mapping[str, Offer] | None) -> Cart:
    """Return the cart at today's prices, or at the remembered ones where `offers` is None."""
    lines = tuple(_line(line, _offer(line, offers)) for line in cart.lines)
    shipping = shipping_option(cart.shipping)
    items = sum(line.total.minor for line in lines)
    return Cart(
        cart.id,
        cart.version,
        lines,
        cart.address,
        cart.email,
        shipping,
        Totals(
            Money.of_minor(items, CURRENCY),
            shipping.price if shipping else None,
            Money.of_minor(items + (shipping.price.minor if shipping else 0), CURRENCY),
        ),
        tuple(_requirements(cart, shipping)),
        tuple(_notices(cart, offers)),
    )


def empty() -> Cart:
    """Return what somebody has who never put anything into a cart."""
    return replace(priced(StoredCart("", None, 0, None, None, None, None, ()), {}), id=None, version=None)


def called(offer: Offer) -> str:
    """Return what people call it: with the variant where the ref has one, as others of that product may be sold on."""
    return f"{offer.title} ({offer.variant})" if "/" in offer.ref else offer.title


def _offer(line: CartLine, offers: Mapping[str, Offer] | None) -> Offer:
    return line.offer if offers is None else offers.get(line.variant_id, line.offer)


def _line(line: CartLine, offer: Offer) -> Line:
    return Line(
        line.id,
        line.variant_id,
        offer.ref,
        offer.title,
        offer.variant,
        offer.sku,
        line.quantity,
        Money.of_minor(offer.unit_price, offer.currency),
        Money.of_minor(offer.unit_price * line.quantity, offer.currency),
    )


def _requirements(cart: StoredCart, shipping: ShippingOption | None) -> Iterator[Requirement]:
    if not cart.lines:
        yield Requirement.LINES
    if cart.address is None:
        yield Requirement.ADDRESS
    if shipping is None:
        yield Requirement.SHIPPING


def _notices(cart: StoredCart, offers: Mapping[str, Offer] | None) -> Iterator[Notice]:
    if offers is None:
        if cart.lines:
            yield Notice("prices_unconfirmed", "The products service is silent: these are the last known prices.")
        return
    for line in cart.lines:
        yield from _line_notices(line, offers.get(line.variant_id))


def _line_notices(line: CartLine, now: Offer | None) -> Iterator[Notice]:
    if now is None:
        yield Notice("not_sold", f"{called(line.offer)} is not sold any more.", line.id)
        return
    if now.unit_price != line.offer.unit_price:
        before = Money.of_minor(line.offer.unit_price, line.offer.currency)
        after = Money.of_minor(now.unit_price, now.currency)
        yield Notice("price_changed", f"{called(now)}: the price changed from {before} to {after}.", line.id)
    if now.available < line.quantity:
        yield Notice("short_stock", f"{called(now)}: {line.quantity} in the cart, {now.available} left.", line.id)
