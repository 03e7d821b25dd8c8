"""From the cart to what the person confirms: address, delivery, payment, review."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace

from backends.capabilities import Capability
from backends.deadline import deadline, remaining
from backends.errors import Conflict, ShopError, StorageError, Unavailable
from backends.models import (
    Address,
    Card,
    Cart,
    CheckoutAttempt,
    Order,
    PaymentMethod,
    Requirement,
    ShippingOption,
)
from shopcli.core.shop import Shop
from shopcli.tui.flows.flow import Flow
from shopcli.tui.flows.orders import settled_in_short
from shopcli.tui.state import Checkout, Step

Means = PaymentMethod | Card | None


@dataclass(frozen=True, slots=True)
class Ready:
    """What a checkout starts from."""

    said: tuple[str, ...]
    cart: Cart
    email: str
    addresses: tuple[Address, ...]


class CheckoutFlow(Flow):
    """One step after the other; what was chosen is in the cart, so leaving loses nothing."""

    @property
    def now(self) -> Checkout:
        """The checkout as it is shown."""
        return self.app.state.checkout

    def open(self) -> None:
        """Show the checkout that is under way, else begin one."""
        from shopcli.tui.screens.checkout import CheckoutScreen

        now = self.now
        if isinstance(self.app.screen, CheckoutScreen):
            if now.busy or now.open_id or now.step not in (Step.ADDRESS, Step.RECEIPT):
                return
        else:
            self.app.push_screen(CheckoutScreen())
        if not now.sending:
            self.begin()

    def begin(self) -> None:
        """Look at the cart, and at who shops."""
        self.app.put(checkout=Checkout(busy="looking at the cart …"))
        self._go(self._begin)

    def pay(self, order: Order) -> None:
        """Pay for an order that was placed before."""
        from shopcli.tui.screens.checkout import CheckoutScreen

        if self.now.sending:
            return
        if not isinstance(self.app.screen, CheckoutScreen):
            self.app.push_screen(CheckoutScreen())
        self.app.put(checkout=Checkout(step=Step.PAYMENT, order=order, busy="asking how to pay …"))
        self._go(self._load_methods)

    def leave(self) -> None:
        """Forget what was not confirmed, a card first of all; what is on its way goes on."""
        if not self.now.sending:
            self.app.workers.cancel_group(self.app, "checkout")
            self.app.put(checkout=Checkout())

    def back(self) -> bool:
        """Go one step back. False where that is out of the checkout."""
        now = self.now
        if now.sending or now.step in (Step.ADDRESS, Step.RECEIPT):
            return False
        self.app.workers.cancel_group(self.app, "checkout")
        if now.step is Step.PAYMENT and now.order is not None:
            return False
        before = {
            Step.REVIEW: Step.PAYMENT,
            Step.PAYMENT: Step.DELIVERY if now.options else Step.ADDRESS,
            Step.DELIVERY: Step.ADDRESS,
        }
        self.change(step=before[now.step], attempt=None, error=None, busy="")
        return True

    def change(self, **parts: object) -> None:
        """Replace parts of the checkout, and show it."""
        self.app.put(checkout=replace(self.now, **parts))  # type: ignore[arg-type]  # our own parts

    # --- address and delivery ------------------------------------------------------------------

    def write_address(self, before: Address | None = None, trouble: str = "") -> None:
        """Ask for an address; it is kept in the address book."""
        from shopcli.tui.screens.address import NEW, AddressScreen

        user = self.app.state.account.user
        form = AddressScreen(
            before or replace(NEW, name=user.name if user else ""), title="Where should it go?", trouble=trouble
        )
        self.app.push_screen(form, self._written)

    def deliver_to(self, address: Address) -> None:
        """Put the address on the cart, and ask how it can get there."""
        if not self.now.busy:
            self.change(busy="asking for ways of delivery …", error=None)
            self._go(lambda: self._deliver_to(address))

    def deliver_by(self, option: ShippingOption) -> None:
        """Put the delivery on the cart, and ask how to pay."""
        if not self.now.busy:
            self.change(busy="asking how to pay …", error=None)
            self._go(lambda: self._deliver_by(option))

    async def _begin(self) -> None:
        edits = [worker for worker in self.app.workers if worker.group == "cart-edits" and not worker.is_finished]
        if edits:  # what was typed before C is ordered too
            await self.app.workers.wait_for_complete(edits)
        ready = await self.app.background.do(_ready)
        self._tell_cart(ready.cart)
        self.change(cart=ready.cart, email=ready.email, addresses=ready.addresses, said=ready.said, busy="")
        if not ready.addresses:
            self.write_address()

    def _written(self, address: Address | None) -> None:
        if address is not None:
            self.change(busy="saving the address …", error=None)
            self._go(lambda: self._save(address))

    async def _save(self, address: Address) -> None:
        error = await self.app.account.save_address(address)
        if error is not None:
            self.change(busy="", error=error)
            self.write_address(address, error.message)
            return
        others = tuple(each for each in self.now.addresses if each.label != address.label)
        self.change(addresses=(*others, address))
        await self._deliver_to(address)

    async def _deliver_to(self, address: Address) -> None:
        email = self.now.email

        async def delivered(shop: Shop) -> tuple[Cart, tuple[ShippingOption, ...]]:
            cart = await shop.backend.carts.set_address(address, email)
            return cart, await shop.backend.carts.shipping_options()

        cart, options = await self.app.background.do(delivered)
        self.change(cart=cart, options=options)
        if options or Capability.NEEDS_SHIPPING_CHOICE in self.app.shop.backend.capabilities:
            self.change(step=Step.DELIVERY, busy="")
        else:
            await self._load_methods()

    async def _deliver_by(self, option: ShippingOption) -> None:
        self.change(cart=await self.app.background.do(lambda shop: shop.backend.carts.set_shipping(option.id)))
        await self._load_methods()

    # --- payment and review --------------------------------------------------------------------

    def pay_with(self, means: Means) -> None:
        """Pay with this (None: later), and show everything once more."""
        if not self.now.busy:
            self.change(means=means, busy="looking at the cart …", error=None)
            self._go(self._review)

    async def _load_methods(self) -> None:
        try:
            methods = await self.app.background.do(lambda shop: shop.backend.payments.methods())
        except (Unavailable, StorageError) as error:
            # It can be ordered now and paid later.
            self.change(step=Step.PAYMENT, methods=(), busy="", error=error)
        else:
            self.change(step=Step.PAYMENT, methods=methods, busy="", error=None)

    async def _review(self) -> None:
        if self.now.order is not None:
            self.change(step=Step.REVIEW, busy="")
            return
        token = self.now.means.token if isinstance(self.now.means, PaymentMethod) else None

        async def reviewed(shop: Shop) -> tuple[Cart, CheckoutAttempt]:
            cart = await shop.backend.carts.view()
            return cart, shop.checkout.attempt(cart, token)

        self.show_review(*await self.app.background.do(reviewed))

    def show_review(self, cart: Cart, attempt: CheckoutAttempt, error: ShopError | None = None) -> None:
        """Show what would be sent, under the id that it would be sent with."""
        self._tell_cart(cart)
        self.change(step=Step.REVIEW, cart=cart, attempt=attempt, busy="", sending=False, error=error)

    async def renew(self, error: ShopError | None = None) -> None:
        """Show the cart as it is priced now, and say why what was confirmed could not be ordered."""
        now = self.now
        if now.cart is None or now.cart.address is None or now.cart.shipping is None:
            self.change(busy="", sending=False, error=error)
            return
        label, shipping = now.cart.address.label, now.cart.shipping.id
        token = now.means.token if isinstance(now.means, PaymentMethod) else None

        async def renewed(shop: Shop) -> tuple[Cart, CheckoutAttempt]:
            cart = await shop.checkout.prepare(label, shipping)
            return cart, shop.checkout.attempt(cart, token)

        try:
            cart, attempt = await self.app.background.do(renewed)
        except ShopError as failure:
            self.change(step=Step.REVIEW, busy="", sending=False, error=error or failure)
        else:
            self.show_review(cart, attempt, error)

    # --- again ---------------------------------------------------------------------------------

    def reload(self) -> None:
        """Ask the shop again for what this step needs."""
        now = self.now
        if now.sending or now.busy:
            return
        if now.open_id is not None:
            self.app.paying.ask_again()
        elif now.step is Step.RECEIPT and now.order is not None:
            self.app.paying.look()
        elif now.step is Step.PAYMENT:
            self.change(busy="asking how to pay …")
            self._go(self._load_methods)
        elif now.step is Step.REVIEW and now.order is None:
            self.change(busy="looking at the cart …")
            self._go(self.renew)
        elif now.step is Step.DELIVERY and now.cart is not None and now.cart.address is not None:
            self.deliver_to(now.cart.address)
        elif now.order is None:
            self.begin()

    def _tell_cart(self, cart: Cart) -> None:
        self.app.put(basket=self.app.state.basket.told(cart, self.app.clock()))

    def _go(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        self.app.work("checkout", self._tried(work))

    async def _tried(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        try:
            await work()
        except ShopError as error:
            self.change(busy="", error=error)


async def _ready(shop: Shop) -> Ready:
    """Settle what is unfinished, then see what there is. Raises LoginRequired, Conflict for an empty cart."""
    failure: Unavailable | None = None
    email, addresses = "", tuple[Address, ...]()
    try:
        with deadline(remaining() / 3):  # if UserService hangs, enough is left to go on without it
            email = (await shop.backend.users.me()).email
            addresses = await shop.backend.users.addresses()
    except Unavailable as error:
        if shop.backend.account_id() is None:
            raise
        failure = error
    said = await settled_in_short(shop)
    cart = await shop.backend.carts.view()
    if Requirement.LINES in cart.requirements:
        raise Conflict("the cart is empty", hint="shop products list", service="carts")
    if failure is None:
        return Ready(said, cart, email, addresses)
    if cart.address is None or cart.email is None:
        raise failure
    return Ready(said, cart, cart.email, (cart.address,))  # UserService is down; the cart knows where it goes
