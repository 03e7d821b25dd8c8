"""The client's half of a checkout that loses nothing.

Everything that may have been sent stands in the journal first, with an id that was made here. Silence
decides nothing: the same request is repeated under the same id, at most three times with full jitter, then
the shop is asked until the deadline. What is still unknown then is said to be unknown, and `shop orders
resume` goes on.
"""

import re
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TypeVar

from backends.capabilities import Capability
from backends.deadline import deadline, remaining
from backends.errors import (
    ConfigurationError,
    Conflict,
    InvalidState,
    InvalidValue,
    Locked,
    NotFound,
    Outcome,
    PaymentDeclined,
    ShopError,
    StorageError,
    Unavailable,
)
from backends.interface import Backend, Clock, Ids
from backends.models import (
    Address,
    Cart,
    CheckoutAttempt,
    Order,
    OrderStatus,
    Payment,
    Requirement,
    ShippingOption,
)
from backends.registry import random_ids, system_clock
from shopcli.core.conclusions import (
    no_such_method,
    order_is_decided,
    overtaken,
    paid,
    payment_is_decided,
    refusal,
    unknown,
    waits,
)
from shopcli.core.intents import PLACED, Cancelling, Entry, Paying, Placing
from shopcli.core.journal import Journal

Sleep = Callable[[float], Awaitable[None]]
T = TypeVar("T")

ATTEMPTS = 3
FIRST_DELAY = 0.1
"""Seconds; the delay before a repetition is random below a bound that doubles from here (full jitter)."""
POLL_SECONDS = 0.5

_TOKEN = re.compile(r"[A-Za-z]\w{2,63}", re.ASCII)
_NO_ADDRESS = "shop addresses add home"


class Checkout:
    """Placing, paying and cancelling orders, journalled."""

    def __init__(
        self,
        backend: Backend,
        journal: Journal,
        *,
        clock: Clock = system_clock,
        ids: Ids = random_ids,
        sleep: Sleep | None = None,
    ) -> None:
        """Check out at `backend` with the profile's `journal`; `sleep` waits between two attempts."""
        self.backend = backend
        self.journal = journal
        self.clock = clock
        self._ids = ids
        self._sleep = sleep or (_wait if backend.suspends else _block)

    # --- before anything is ordered ----------------------------------------------------------

    async def prepare(self, address: str | None = None, shipping: str | None = None) -> Cart:
        """Put address and delivery on the cart, and return it as the server prices it.

        Without a label the default address is taken, without an id the cheapest delivery.
        Raises Conflict for an empty cart, CartChanged for one that was emptied meanwhile, InvalidValue, NotFound.
        """
        cart = await self.backend.carts.view()
        if Requirement.LINES in cart.requirements:
            msg = "the cart is empty"
            raise Conflict(msg, hint="shop products list", service="carts")
        try:
            with deadline(remaining() / 3):  # if UserService hangs, enough is left to go on without it
                chosen = await self._address(address)
                email = (await self.backend.users.me()).email
        except Unavailable:
            if cart.address is None or cart.email is None or address not in (None, cart.address.label):
                raise
            chosen, email = cart.address, cart.email  # UserService is down; the cart knows where it goes
        await self.backend.carts.set_address(chosen, email)
        options = await self.backend.carts.shipping_options()
        return _not_emptied(await self.backend.carts.set_shipping(_delivery(options, shipping).id))

    def attempt(self, cart: Cart, payment: str | None = None) -> CheckoutAttempt:
        """Freeze what the person confirms, under a new id.

        Raises CartChanged if the cart was emptied since it was prepared, Conflict if it lacks something else.
        """
        if _not_emptied(cart).requirements or not (cart.id and cart.totals and cart.address and cart.shipping):
            msg = f"the cart still lacks: {', '.join(cart.requirements)}"
            raise Conflict(msg, hint="shop checkout", service="carts")
        return CheckoutAttempt(
            self._ids(),
            cart.id,
            cart.version,
            cart.totals.total,
            cart.address,
            cart.shipping.id,
            self.clock(),
            payment,
        )

    async def _address(self, label: str | None) -> Address:
        book = await self.backend.users.addresses()
        if not book:
            msg = "there is no address to deliver to"
            raise InvalidValue(msg, hint=_NO_ADDRESS, service="users")
        found = book[0] if label is None else next((entry for entry in book if entry.label == label), None)
        if found is None:
            msg = f"there is no address {label!r}; there is {', '.join(entry.label for entry in book)}"
            raise NotFound(msg, hint="shop addresses list", service="users")
        return found

    # --- ordering ----------------------------------------------------------------------------

    async def place(self, attempt: CheckoutAttempt) -> Order:
        """Place what was confirmed; the caller pays next.

        Raises Conflict (refused, the cart is back), OutcomeUnknown, or a ShopError that says nothing was sent.
        """
        with deadline(), self.journal.exclusive():
            entry = Placing(attempt, self.account)
            self.journal.record(entry)
            order = await self.go_on_placing(entry, sent=False)
            if order.status is not OrderStatus.AWAITING_PAYMENT:
                self.close(entry)
            return order

    async def pay(self, order: Order, method: str) -> Payment:
        """Pay a placed order under a new id, unless an earlier payment of it is still undecided: that goes on first.

        Raises PaymentDeclined, Pending (not sent, or the order waits for something else), Conflict, OutcomeUnknown,
        InvalidValue.
        """
        if not _TOKEN.fullmatch(method):  # a card number typed in its place must not reach the disk
            raise no_such_method(order.name)
        with deadline(), ExitStack() as held:
            with _unsent(order):
                held.enter_context(self.journal.exclusive())
                unfinished = self.journal.unfinished(self.account)
            for earlier in unfinished:
                if isinstance(earlier, Paying) and earlier.order_id == order.id:
                    with suppress(PaymentDeclined, InvalidState, InvalidValue):
                        return await self.go_on_paying(earlier, order.number, sent=True)
            entry = Paying(self._ids(), order.id, self.account, method, self.clock())
            with _unsent(order):
                self.journal.record(entry)
            return await self.go_on_paying(entry, order.number, sent=False)

    async def cancel(self, ref: str) -> Order:
        """Cancel an order by number or id. Raises NotFound, OutcomeUnknown, InvalidState."""
        order = await self.backend.orders.get(ref)
        with deadline(), self.journal.exclusive():
            entry = Cancelling(self._ids(), order.id, self.account, self.clock())
            self.journal.record(entry)
            return await self.go_on_cancelling(entry, sent=False)

    # --- until it is decided, also again after a crash (`sent`: it may have arrived before) ----

    async def go_on_placing(self, entry: Placing, *, sent: bool) -> Order:
        """Repeat placing until it is decided, and journal what became of it."""
        looks = 0 if Capability.REPLAYS_PLACE in self.backend.capabilities else ATTEMPTS

        async def ask(*, may_have_arrived: bool) -> Order | None:
            nonlocal looks
            if may_have_arrived and looks:
                # A shop that does not know repetitions is searched first, and asked again only if nothing turns up.
                looks -= 1
                return await self.backend.orders.find(entry.attempt)
            return await self.backend.orders.place(entry.attempt)

        order = await self._decided(entry, ask, lambda order: order is not None and order_is_decided(order), sent=sent)
        if order is None or order.status is OrderStatus.REJECTED:
            self.close(entry)
            raise refusal(order)
        with suppress(ShopError):  # the answer stands; settling would ask for it again
            self.journal.record(replace(entry, state=PLACED))
        return order

    async def go_on_paying(self, entry: Paying, number: str | None, *, sent: bool) -> Payment:
        """Repeat paying until it is decided, and journal what became of it."""

        async def ask(*, may_have_arrived: bool) -> Payment:  # noqa: ARG001  pay may always be repeated
            return await self.backend.payments.pay(entry.order_id, entry.method, entry.key)

        try:
            payment = await self._decided(entry, ask, payment_is_decided, sent=sent)
        except (Unavailable, ConfigurationError) as error:
            raise waits(number or entry.order_id, error) from error
        self.close(entry)
        return paid(payment, number or entry.order_id)

    async def go_on_cancelling(self, entry: Cancelling, *, sent: bool) -> Order:
        """Repeat cancelling until it is decided, and journal what became of it."""

        async def ask(*, may_have_arrived: bool) -> Order:  # noqa: ARG001  cancel may always be repeated
            return await self.backend.orders.cancel(entry.order_id, entry.key)

        order = await self._decided(entry, ask, order_is_decided, sent=sent)
        self.close(entry)
        return order

    @property
    def account(self) -> str | None:
        """Whose intents these are."""
        return self.backend.account_id()

    def close(self, entry: Entry) -> None:
        """Erase a settled entry. If that fails the answer still stands, and settling finds it again."""
        with suppress(ShopError):
            self.journal.erase(entry)

    async def _decided(
        self,
        entry: Entry,
        ask: Callable[..., Awaitable[T]],
        decided: Callable[[T], bool],
        *,
        sent: bool,
    ) -> T:
        """Ask until the answer decides; an error closes the entry only if surely nothing was ever applied."""
        failure: ShopError | None = None
        answer: T | None = None
        turn = 0
        # What surely never arrived is tried three times; what may have is asked for until the deadline.
        while turn == 0 or (remaining() and (sent or turn < ATTEMPTS)):
            await self._pause(turn)
            if turn and not remaining():
                break  # asked now, it would only hear that the time is over, and hide what it waits for
            turn += 1
            try:
                answer = await ask(may_have_arrived=sent)
            except ShopError as error:
                failure = error
                sent = sent or error.outcome is not Outcome.NOT_APPLIED
                if not error.retryable:
                    break
                continue
            failure, sent = None, True
            if decided(answer):
                return answer
        if failure is not None and not sent:
            self.close(entry)
            raise failure
        raise unknown(entry, failure, getattr(answer, "message", None))

    async def _pause(self, turn: int) -> None:
        """Wait before asking again: a random part of a growing delay (full jitter), then half a second."""
        if turn == 0:
            return
        from random import random  # only what is not decided at once pays for the import

        seconds = random() * FIRST_DELAY * 2 ** (turn - 1) if turn < ATTEMPTS else POLL_SECONDS  # noqa: S311  no secret
        await self._sleep(min(remaining(), seconds))


def _not_emptied(cart: Cart) -> Cart:
    """Return the cart of a checkout, which began with lines in it. Raises CartChanged if they are gone."""
    if Requirement.LINES in cart.requirements:
        raise overtaken("the cart is empty now, and was not when the checkout began")
    return cart


def _delivery(options: tuple[ShippingOption, ...], wanted: str | None) -> ShippingOption:
    if wanted is None and options:
        return min(options, key=lambda option: option.price.amount)
    for option in options:
        if option.id == wanted:
            return option
    known = ", ".join(f"{option.id} ({option.price})" for option in options)
    msg = (
        f"there is no delivery {wanted!r}; there is {known}" if options else "the shop offers no delivery for this cart"
    )
    raise NotFound(msg, hint=f"shop checkout --shipping {options[0].id}" if options else None, service="carts")


@contextmanager
def _unsent(order: Order) -> Iterator[None]:
    """What fails before the payment is journalled leaves the placed order waiting."""
    try:
        yield
    except (Locked, StorageError) as error:
        raise waits(order.name, error) from error


async def _wait(seconds: float) -> None:
    import asyncio  # a backend that suspends has imported it

    await asyncio.sleep(seconds)


async def _block(seconds: float) -> None:
    time.sleep(seconds)  # noqa: ASYNC251  there may be no event loop, and nothing else runs
