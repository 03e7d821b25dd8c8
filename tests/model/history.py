"""One history: two people shop in a storm, then everything is settled and checked."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from backends import CheckoutAttempt, Order, Payment
from backends.conformance.goods import ADDRESS, LAST, TRIPOD, TWIN, priced, stocked
from backends.errors import InvalidState, NotFound, ShopError
from stub_services.caller import Caller
from tests.model.checker import DECIDED, PLACED, Checker, Journal, Violation
from tests.model.world import Crash, Rates, World, step

T = TypeVar("T")

TOKENS = ("tok_visa", "tok_visa", "tok_lost_answer", "tok_declined")
ENDED = {"declined", "refused", "settled", "refunding", "refunded"}
OWNER = Caller(merchant=True)
TRIPOD_ID, TWIN_ID, LAST_ID = TRIPOD.variants[0].id, TWIN.variants[0].id, LAST.variants[0].id


@dataclass
class Shopper:
    """One person and what is journalled for them."""

    caller: Caller
    order_id: str | None = None
    payments: list[tuple[str, str, str]] = field(default_factory=list)
    """Order, id and token of each payment that is not decided yet: one a terminal."""
    attempts: int = 0
    orders: list[str] = field(default_factory=list)


class History:
    """Everything that happens under one seed."""

    def __init__(self, seed: int, rates: Rates | None = None) -> None:
        self.world = World(seed, rates)
        self.random = self.world.random
        self._weights = [weight * self.random.choice((0.3, 1, 3)) for weight in (24, 3, 3, 2, 2, 1)]
        self._tokens = self.random.choices(TOKENS, k=3)
        self.journal = Journal()
        self.shoppers = [Shopper(Caller(user_id=name)) for name in ("ada", "ben")]
        self._stock(5, 1)
        self.checker = Checker(self.world, self.journal)
        for shopper in self.shoppers:
            self._put(shopper, TRIPOD_ID, 2)
            self._put(shopper, LAST_ID, 1)
        self.world.meanwhile = self.something

    def play(self, steps: int = 14) -> None:
        """Let things happen, then settle and check. Raises Violation."""
        self.world.storm()
        for _ in range(steps):
            self.something()
            self.checker.always()
        self.world.calm_down()
        self.settle()

    def something(self) -> None:
        """One thing that somebody does."""
        self.random.choices(
            (self._shop, self.world.run_due, self._deliver, self._let_time_pass, self._reprice, self._refund),
            weights=self._weights,
        )[0]()

    def settle(self) -> None:
        """Everybody finds out what became of their things, late messages arrive, and all is quiet."""
        if self.random.random() < 0.5:
            self.world.deliver_late()
        for _ in range(3):
            self._resume()
        if self.random.random() < 0.2:
            self.world.advance(timedelta(minutes=31))
        self.world.deliver_late()
        for _ in range(3):
            self._resume()
        self.checker.quiet()

    def _resume(self) -> None:
        for _ in range(3):
            self.world.run_due()
        for shopper in self.shoppers:
            for order_id in shopper.orders:
                if self.journal.told_orders.get(order_id) not in {*DECIDED, "too_old"}:
                    self.place(shopper, order_id)
            for payment in tuple(shopper.payments):
                self.ask_for(shopper, *payment)
        self.world.run_due()

    # --- what people do ----------------------------------------------------------------------

    def _shop(self) -> None:
        shopper = self.random.choice(self.shoppers)
        told = self.journal.told_orders.get(shopper.order_id or "")
        dice = self.random.random()
        if shopper.order_id is None or (told in {"rejected", "cancelled", "expired", "refunded"} and dice < 0.5):
            self._confirm(shopper)
        elif dice < 0.1:
            self.cancel(shopper)
        elif dice < 0.15:
            self._put(shopper, TRIPOD_ID, 1)
        elif dice < 0.2:
            self._swap(shopper)
        elif dice < 0.25:
            self.place(shopper, self.random.choice(shopper.orders))
        elif told in PLACED or dice < 0.4:
            self.pay(shopper)
        else:
            self.place(shopper, shopper.order_id)

    def _confirm(self, shopper: Shopper) -> None:
        """Look at the cart and journal the intent; not always is it sent at once."""
        with suppress(ShopError, Crash):
            self.world.run(lambda: self.world.shop.carts.set_address(shopper.caller, ADDRESS, "a@example.org"))
            cart = self.world.run(lambda: self.world.shop.carts.set_shipping(shopper.caller, "standard"))
            if cart.requirements or cart.notices or cart.totals is None or shopper.attempts == 3:
                return
            key = self.world.ids()
            self.journal.attempts[key] = CheckoutAttempt(
                key, cart.id or "", cart.version, cart.totals.total, ADDRESS, "standard", self.world.clock()
            )
            self.journal.confirmed[key] = tuple(
                (line.variant_id, line.quantity, line.unit_price.minor) for line in cart.lines
            )
            self.journal.users[key] = shopper.caller.account()
            shopper.order_id = key
            shopper.attempts += 1
            shopper.orders.append(key)

    def place(self, shopper: Shopper, order_id: str) -> None:
        """Place, or ask again under the same key."""
        attempt = self.journal.attempts[order_id]
        try:
            self._hear(self._ask("orders", lambda: self.world.shop.orders.place(shopper.caller, attempt)))
        except InvalidState:  # a definite no, which nobody has to keep: it will never be young again
            self.journal.told_orders[order_id] = "too_old"

    def cancel(self, shopper: Shopper) -> None:
        """Cancel, also what may never have arrived."""
        order_id = shopper.order_id or ""
        try:
            self._hear(self._ask("orders", lambda: self.world.shop.orders.cancel(shopper.caller, order_id)))
        except NotFound:
            self.journal.told_orders[order_id] = "cancelled"  # a client would take it for that

    def pay(self, shopper: Shopper) -> None:
        """Pay, or ask again under the same id; now and then from another terminal, which knows no better."""
        order_id = shopper.order_id or ""
        known = [payment for payment in shopper.payments if payment[0] == order_id]
        if not known or self.random.random() < 0.1:
            known = [(order_id, self.world.ids(), self.random.choice(self._tokens))]
            shopper.payments += known
        self.ask_for(shopper, *known[0])

    def ask_for(self, shopper: Shopper, order_id: str, key: str, token: str) -> None:
        """Send one payment, again and again until it is decided."""
        payment = self._ask("payments", lambda: self.world.shop.payments.pay(shopper.caller, order_id, token, key))
        self._hear_of(payment)
        if payment is not None and payment.status in ENDED and (order_id, key, token) in shopper.payments:
            shopper.payments.remove((order_id, key, token))

    def _hear(self, order: Order | None) -> None:
        if order is not None and self.journal.told_orders.get(order.id) not in {"rejected", "expired", "refunded"}:
            self.journal.told_orders[order.id] = order.status

    def _hear_of(self, payment: Payment | None) -> None:
        if payment is not None:
            self.journal.told_payments[payment.id] = payment.status

    def _ask(self, to: str, call: Callable[[], Awaitable[T]]) -> T | None:
        """Ask over a bad line, after what is due; None if no answer came."""
        if self.random.random() < 0.5:
            self.world.run_due()
        try:
            return self.world.run(lambda: self.world.send(to, call))
        except (NotFound, InvalidState):
            raise
        except (ShopError, Crash):
            return None

    # --- what others do ----------------------------------------------------------------------

    def _put(self, shopper: Shopper, variant_id: str, quantity: int) -> None:
        before = self._quantity(shopper, variant_id)
        with suppress(ShopError, Crash):
            self.world.run(lambda: self.world.shop.carts.add(shopper.caller, variant_id, quantity))
        self.journal.put[shopper.caller.account(), variant_id] += self._quantity(shopper, variant_id) - before

    def _swap(self, shopper: Shopper) -> None:
        """Exchange tripods for others of the same price."""
        owner, pieces = shopper.caller.account(), self._quantity(shopper, TRIPOD_ID)
        with suppress(ShopError, Crash):
            cart = self.world.run(lambda: self.world.shop.carts.view(shopper.caller))
            for line in cart.lines:
                if line.variant_id == TRIPOD_ID:
                    self.world.run(lambda: self.world.shop.carts.remove(shopper.caller, line.id))  # noqa: B023  runs now
        gone = pieces - self._quantity(shopper, TRIPOD_ID)
        self.journal.put[owner, TRIPOD_ID] -= gone
        if gone:
            self._put(shopper, TWIN_ID, gone)

    def _quantity(self, shopper: Shopper, variant_id: str) -> int:
        sql = "SELECT quantity FROM lines JOIN carts ON carts.id = cart_id WHERE user_id = ? AND variant_id = ?"
        return sum(row["quantity"] for row in self.world.rows("carts", sql, shopper.caller.user_id, variant_id))

    def _deliver(self) -> None:
        self.world.deliver_late(2)

    def _let_time_pass(self) -> None:
        self.world.advance(timedelta(minutes=self.random.choice((5, 20, 31, 13 * 60, 25 * 60))))

    def _reprice(self) -> None:
        price = self.random.choice(("149.90", "159.90"))
        stock = self.world.rows("products", "SELECT available FROM variants WHERE id = ?", TRIPOD_ID)[0]["available"]
        with suppress(ShopError, Crash):
            goods = (priced(stocked(TRIPOD, stock), price),)
            self.world.run(lambda: self.world.shop.products.import_catalog(OWNER, goods))

    def _stock(self, tripods: int, last: int) -> None:
        goods = (stocked(TRIPOD, tripods), stocked(TWIN, tripods), stocked(LAST, last))
        step(self.world.shop.products.import_catalog(OWNER, goods))

    def _refund(self) -> None:
        settled = self.world.rows("payments", "SELECT id FROM payments WHERE state = 'settled'")
        if settled:
            payment_id = self.random.choice(settled)["id"]
            with suppress(InvalidState):
                self._hear_of(self._ask("payments", lambda: self.world.shop.payments.refund(OWNER, payment_id)))


def violation(seed: int, rates: Rates | None = None) -> str | None:
    """Play one history; return which invariant broke, or None."""
    try:
        History(seed, rates).play()
    except Violation as broken:
        return str(broken)
    return None
