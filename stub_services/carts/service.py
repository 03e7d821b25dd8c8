"""The rules of carts: one line a variant, versions, and giving lines to an order exactly once."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from shlex import quote
from typing import TypeGuard

from backends.errors import CartChanged, InvalidValue, LoginRequired, NotFound, OutOfStock, ShopError
from backends.interface import Clock, Ids
from backends.models import Address, BookEntry, Cart, Page, ShippingOption
from stub_services.addresses import text, valid_address
from stub_services.books import entries_in, page_of
from stub_services.caller import Caller
from stub_services.carts.pricing import SHIPPING, called, empty, priced, shipping_option
from stub_services.carts.store import CartLine, CartRows, StoredCart, Take
from stub_services.database import Store
from stub_services.idempotency import Once, scope_of
from stub_services.peers import MEMORY, Item, Offer, Refusal, StockPeer, Taken

MAX_QUANTITY = 999
MAX_LINES = 100
FORGOTTEN = timedelta(hours=1)
"""How long a deleted account is refused a new cart: longer than its access tokens live."""

Check = Callable[[int | None], None]
"""Raises if a cart at this version (None: there is no cart) is not what the caller edits."""

_SHOW = "shop cart show"


def _anything(version: int | None) -> None:
    """Whatever the cart is like, it is edited."""


class CartService:
    """Carts of accounts and guests."""

    def __init__(self, store: Store[CartRows], stock: StockPeer, *, clock: Clock, ids: Ids) -> None:
        """Keep carts in `store`; prices and stock come from `stock`."""
        self._store = store
        self._stock = stock
        self._clock = clock
        self._ids = ids

    # --- editing -----------------------------------------------------------------------------

    async def view(self, caller: Caller) -> Cart:
        """The caller's cart at today's prices; at the remembered ones while ProductService is silent."""
        async with self._store.read() as rows:
            cart = await _find(rows, caller)
        return empty() if cart is None else await self._priced(cart)

    async def add(
        self, caller: Caller, variant_id: str, quantity: int, once: Once | None = None, check: Check = _anything
    ) -> Cart:
        """Add pieces to the variant's line. Raises InvalidValue, NotFound, OutOfStock, KeyReused."""
        if once is not None and await self._took_effect(once):
            return await self.view(caller)
        try:
            cart, offers = await self._add(caller, variant_id, quantity, once, check)
        except (NotFound, OutOfStock) as refusal:
            await self._refuse(once, refusal)
            raise
        return await self._priced(cart, offers)

    async def _add(
        self, caller: Caller, variant_id: str, quantity: int, once: Once | None, check: Check
    ) -> tuple[StoredCart, Mapping[str, Offer]]:
        _valid_quantity(quantity)
        offers = await self._offers(caller, variant_id)
        if variant_id not in offers:
            msg = f"there is no product variant {variant_id!r}"
            raise NotFound(msg, hint="shop products list", service="products")
        async with self._store.write() as rows:
            repeated = await rows.requests.took_effect(once)
            cart = await self._found_or_made(rows, caller, _anything if repeated else check)
            if not repeated:
                cart = await self._added(rows, cart, offers[variant_id], quantity)
                await rows.requests.note(once, self._clock())
        return cart, offers

    async def _refuse(self, once: Once | None, refusal: ShopError) -> None:
        if once is not None:
            async with self._store.write() as rows:
                await rows.requests.refuse(once, refusal, self._clock())

    async def _took_effect(self, once: Once) -> bool:
        async with self._store.read() as rows:
            return await rows.requests.took_effect(once)

    async def _added(self, rows: CartRows, cart: StoredCart, offer: Offer, quantity: int) -> StoredCart:
        line = next((line for line in cart.lines if line.variant_id == offer.variant_id), None)
        if line is None and len(cart.lines) >= MAX_LINES:
            msg = f"a cart has at most {MAX_LINES} lines"
            raise InvalidValue(msg, service="carts")
        before = line.quantity if line else 0
        _check_stock(offer, before, before + quantity)
        line_id = line.id if line else self._ids()
        await rows.put_line(cart.id, CartLine(line_id, offer.variant_id, before + quantity, offer))
        return await _changed(rows, cart)

    async def set_quantity(self, caller: Caller, line_id: str, quantity: int, check: Check = _anything) -> Cart:
        """Set a line's quantity. Raises InvalidValue, NotFound, OutOfStock."""
        _valid_quantity(quantity)
        async with self._store.read() as rows:
            line = _line(await _find(rows, caller), line_id)
        offers = await self._offers(caller, line.variant_id)
        offer = _sold(line, offers)
        if quantity > offer.available:
            raise _short(offer, _set(offer) if offer.available else _remove(offer))
        async with self._store.write() as rows:
            cart = await _found(rows, caller)
            check(cart.version)
            _line(cart, line_id)
            await rows.put_line(cart.id, CartLine(line_id, line.variant_id, quantity, offer))
            changed = await _changed(rows, cart)
        return await self._priced(changed, offers)

    async def remove(self, caller: Caller, line_id: str, check: Check = _anything) -> Cart:
        """Remove a line; idempotent."""
        async with self._store.write() as rows:
            cart = await _found_to_empty(rows, caller, check)
            if cart is None:
                return empty()
            changed = await _changed(rows, cart) if await rows.remove_line(cart.id, line_id) else cart
        return await self._priced(changed)

    async def clear(self, caller: Caller, check: Check = _anything) -> Cart:
        """Remove all lines."""
        async with self._store.write() as rows:
            cart = await _found_to_empty(rows, caller, check)
            if cart is None:
                return empty()
            changed = await _changed(rows, cart) if await rows.clear(cart.id) else cart
        return await self._priced(changed)

    async def set_address(self, caller: Caller, address: Address, email: str, check: Check = _anything) -> Cart:
        """Say where it goes. The version stays if nothing changes."""
        address, email = valid_address(address, service="carts"), text("e-mail address", email, service="carts")
        async with self._store.write() as rows:
            cart = await self._found_or_made(rows, caller, check)
            if (cart.address, cart.email) != (address, email):
                await rows.set_address(cart.id, address, email)
                cart = await _changed(rows, cart)
        return await self._priced(cart)

    async def shipping_options(self) -> tuple[ShippingOption, ...]:
        """Ways of delivery, cheapest first."""
        return SHIPPING

    async def set_shipping(self, caller: Caller, option_id: str, check: Check = _anything) -> Cart:
        """Choose a delivery. Raises NotFound. The version stays if nothing changes."""
        if shipping_option(option_id) is None:
            msg = f"there is no delivery {option_id!r}; there are {', '.join(option.id for option in SHIPPING)}"
            raise NotFound(msg, service="carts")
        async with self._store.write() as rows:
            cart = await self._found_or_made(rows, caller, check)
            if cart.shipping != option_id:
                await rows.set_shipping(cart.id, option_id)
                cart = await _changed(rows, cart)
        return await self._priced(cart)

    async def merge(self, user_id: str, guest_cart_id: str) -> None:
        """Move a guest's lines into the account's cart; idempotent."""
        async with self._store.write() as rows:
            # A cart that is not there yet is made, and closed: what is still on its way to it must not vanish (R2).
            await rows.insert(guest_cart_id, None)
            guest = await rows.by_id(guest_cart_id)
            if not _is_guests(guest):
                return
            cart = await self._found_or_made(rows, Caller(user_id=user_id))
            await self._put_together(rows, cart, guest.lines)
            await rows.clear(guest.id)
            await rows.raise_version(guest.id)
            await rows.set_merged(guest.id, cart.id)
            await rows.requests.forget_answers(scope_of(Caller(cart_id=guest.id)))

    async def forget(self, user_id: str) -> None:
        """Forget the cart of an account that is deleted: its lines, address and e-mail address."""
        now = self._clock()
        async with self._store.write() as rows:
            await rows.delete_of_user(user_id)
            await rows.requests.forget(scope_of(Caller(user_id=user_id)))
            await rows.insert_forgotten(user_id, now, now - FORGOTTEN)

    # --- what peers ask ----------------------------------------------------------------------

    async def books(self, caller: Caller, cursor: str | None) -> Page[BookEntry]:
        """What each order took out of a cart. Raises Forbidden."""
        return await page_of(entries_in(self._store), caller, cursor)

    async def take(
        self, order_id: str, cart_id: str, version: int, user_id: str, intent_at: datetime
    ) -> Taken | Refusal:
        """Give the lines to the order in one commit, if the cart is what the person confirmed."""
        async with self._store.write() as rows:
            known = await rows.take(order_id)
            if known is not None:
                return _taken(known)
            if self._clock() - intent_at > MEMORY:
                return Refusal("too_old", "the checkout is too old to be repeated")
            cart = await rows.by_id(cart_id)
            if cart is None or cart.user_id != user_id or cart.version != version:
                return Refusal("cart_changed", "the cart changed since it was confirmed")
            if not cart.lines or cart.address is None or shipping_option(cart.shipping) is None:
                return Refusal("cart_changed", "the cart lacks lines, an address or a delivery")
            take = Take("taken", cart.id, cart.lines, cart.shipping)
            await rows.insert_take(order_id, take)
            await rows.clear(cart.id)
            await rows.set_shipping(cart.id, None)
            await rows.raise_version(cart.id)
            return _taken(take)

    async def give_back(self, order_id: str) -> None:
        """Merge the lines back, once; without a take leave a tombstone that refuses a later one."""
        async with self._store.write() as rows:
            take = await rows.take(order_id)
            if take is None:
                await rows.insert_take(order_id, Take("returned", None, (), None))
            elif await rows.mark_returned(order_id):
                cart = await _followed(rows, take.cart_id)
                if cart is not None:
                    await self._put_together(rows, cart, take.lines)
                    if cart.shipping is None:
                        await rows.set_shipping(cart.id, take.shipping)

    # --- inside ------------------------------------------------------------------------------

    async def _priced(self, cart: StoredCart, known: Mapping[str, Offer] | None = None) -> Cart:
        """Return the cart at the prices that are `known` already, or ask where one is missing."""
        variants = tuple(line.variant_id for line in cart.lines)
        if known is not None and known.keys() >= set(variants):
            return priced(cart, known)
        try:
            offers = await self._stock.offers(variants)
        except ShopError:
            return priced(cart, None)
        return priced(cart, offers)

    async def _offers(self, caller: Caller, variant_id: str) -> Mapping[str, Offer]:
        """Return the offers of a variant and, in the same question, of what is in the cart."""
        async with self._store.read() as rows:
            cart = await _find(rows, caller)
        others = [line.variant_id for line in cart.lines if line.variant_id != variant_id] if cart else []
        return await self._stock.offers((variant_id, *others))

    async def _found_or_made(self, rows: CartRows, caller: Caller, check: Check = _anything) -> StoredCart:
        cart = await _find(rows, caller)
        check(cart.version if cart else None)
        if cart is None:
            if caller.user_id is not None and await rows.is_forgotten(caller.user_id):
                msg = "this account has been deleted"
                raise LoginRequired(msg, service="carts")
            await rows.insert(
                caller.cart_id if caller.user_id is None and caller.cart_id else self._ids(), caller.user_id
            )
            cart = await _find(rows, caller)
        if cart is None:
            raise _merged()
        return cart

    async def _put_together(self, rows: CartRows, cart: StoredCart, lines: tuple[CartLine, ...]) -> None:
        """Add lines to a cart. Nothing is dropped: MAX_QUANTITY binds what a person asks for, not what they have."""
        there = {line.variant_id: line for line in cart.lines}
        for line in lines:
            known = there.get(line.variant_id)
            quantity = line.quantity + (known.quantity if known else 0)
            line_id = known.id if known else self._ids()
            await rows.put_line(cart.id, CartLine(line_id, line.variant_id, quantity, line.offer))
        if lines:
            await rows.raise_version(cart.id)


async def _find(rows: CartRows, caller: Caller) -> StoredCart | None:
    if caller.user_id is not None:
        return await rows.of_user(caller.user_id)
    cart = await rows.by_id(caller.cart_id) if caller.cart_id else None
    return cart if _is_guests(cart) else None


async def _found(rows: CartRows, caller: Caller) -> StoredCart:
    cart = await _find(rows, caller)
    if cart is None:
        raise _no_line()
    return cart


async def _found_to_empty(rows: CartRows, caller: Caller, check: Check) -> StoredCart | None:
    """Return the cart to take something from; where there is none, none is made. Raises CartChanged."""
    cart = await _find(rows, caller)
    check(cart.version if cart else None)
    if cart is None and caller.user_id is None and caller.cart_id and await rows.by_id(caller.cart_id) is not None:
        raise _merged()
    return cart


def _merged() -> CartChanged:
    msg = "this cart was merged into an account's cart at log-in"
    return CartChanged(msg, hint="run the same command again", service="carts")


async def _changed(rows: CartRows, cart: StoredCart) -> StoredCart:
    """Raise the version and return the cart as this commit leaves it: nothing is read once it is made."""
    await rows.raise_version(cart.id)
    return await rows.by_id(cart.id) or cart


def _is_guests(cart: StoredCart | None) -> TypeGuard[StoredCart]:
    """Whether it is a cart that a guest may still use; an account's cart is not reached by its id."""
    return cart is not None and cart.user_id is None and cart.merged_into is None


async def _followed(rows: CartRows, cart_id: str | None) -> StoredCart | None:
    """Return the cart, or the one that it was merged into (R6)."""
    cart = await rows.by_id(cart_id) if cart_id else None
    while cart is not None and cart.merged_into:
        cart = await rows.by_id(cart.merged_into)
    return cart


def _taken(take: Take) -> Taken | Refusal:
    shipping = shipping_option(take.shipping)
    if take.state != "taken" or shipping is None:
        return Refusal("cancelled", "the order was cancelled")
    return Taken(tuple(Item(line.variant_id, line.quantity) for line in take.lines), shipping)


def _line(cart: StoredCart | None, line_id: str) -> CartLine:
    for line in cart.lines if cart else ():
        if line.id == line_id:
            return line
    raise _no_line()


def _no_line() -> NotFound:
    return NotFound("there is no such line in the cart", hint=_SHOW, service="carts")


def _valid_quantity(quantity: int) -> None:
    if not 1 <= quantity <= MAX_QUANTITY:
        msg = f"a quantity is 1 to {MAX_QUANTITY}"
        raise InvalidValue(msg, service="carts")


def _sold(line: CartLine, offers: Mapping[str, Offer]) -> Offer:
    """Return what the line's variant is sold for now. Raises OutOfStock if it is not sold any more."""
    if line.variant_id not in offers:
        msg = f"{called(line.offer)} is not sold any more"
        raise OutOfStock(msg, hint=_remove(line.offer), service="products")
    return offers[line.variant_id]


def _set(offer: Offer) -> str:
    return f"shop cart set {quote(offer.ref)} {offer.available}"


def _remove(offer: Offer) -> str:
    return f"shop cart remove {quote(offer.ref)}"


def _check_stock(offer: Offer, before: int, wanted: int) -> None:
    """Raise OutOfStock if `wanted` pieces, `before` of them in the cart already, are more than there are."""
    if wanted > MAX_QUANTITY:
        _valid_quantity(wanted)
    if wanted > offer.available:
        left = offer.available - before
        more = f"shop cart add {quote(f'{offer.ref}:{left}')}" if left > 0 else None
        raise _short(offer, more or (_SHOW if before else None), before)


def _short(offer: Offer, hint: str | None, before: int = 0) -> OutOfStock:
    held = f", {before} of them in your cart" if before else ""
    msg = f"{called(offer)}: {offer.available} in stock{held}"
    return OutOfStock(msg, hint=hint or "shop products list --in-stock", service="products")
