"""The whole interface against a few dictionaries: two people, one shop, any order of events.

HYPOTHESIS_PROFILE=slow plays many more examples.
"""

import os
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from backends import CheckoutAttempt, MemorySessions, Order, Payment
from backends.conformance.goods import ADDRESS, LAST, TRIPOD, TWIN, priced, stocked
from backends.errors import InvalidState, NotFound, OutOfStock
from stub_services.database import Store
from stub_services.inprocess import InProcessBackend, Shop
from stub_services.users.service import UserService
from stub_services.users.store import UserRows
from tests.conftest import VirtualClock, countable_ids
from tests.model.model import LIVE, ModelOrder, ModelPayment, ModelShop
from tests.model.world import step

GOODS = {item.variants[0].id: item for item in (TRIPOD, TWIN, LAST)}
SLOW = os.environ.get("HYPOTHESIS_PROFILE") == "slow"
pytestmark = pytest.mark.timeout(3600 if SLOW else 120)
PEOPLE = st.sampled_from(("ada", "ben"))
VARIANTS = st.sampled_from(sorted(GOODS))
QUANTITIES = st.integers(1, 3)
TOKENS = st.sampled_from(("tok_visa", "tok_visa", "tok_declined", "tok_insufficient_funds", "tok_lost_answer"))
ANY = st.integers(0, 2**16)


class PlainPasswords:
    """Hashing that costs nothing."""

    async def hash(self, password: str) -> str:
        return password

    async def matches(self, password: str, stored: str | None) -> bool:
        return stored == password


@dataclass(frozen=True)
class Confirmed:
    """What somebody confirmed, and which of the model's versions that was."""

    user: str
    attempt: CheckoutAttempt
    version: int


class ShopMachine(RuleBasedStateMachine):
    """The shop and its model, doing the same."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.ids = VirtualClock(), countable_ids()
        self.shop = Shop(None, clock=self.clock, ids=self.ids)
        store = Store(self.shop.databases["users"], UserRows)
        self.shop.users = UserService(store, PlainPasswords(), tuple, clock=self.clock, ids=self.ids)
        self.backends = {name: InProcessBackend(name, self.shop, MemorySessions()) for name in ("ada", "ben")}
        self.model = ModelShop(carts={"ada": {}, "ben": {}})
        self.confirmed: list[Confirmed] = []
        self.paying: list[tuple[str, str, str, str]] = []
        for variant, item in GOODS.items():
            self.stock_up(variant, item.variants[0].price.minor, 1 if item is LAST else 5)
        for name, backend in self.backends.items():
            step(backend.users.signup(name, f"{name}@example.org", "long enough"))
            step(backend.users.login(f"{name}@example.org", "long enough"))
            step(backend.carts.set_address(ADDRESS, f"{name}@example.org"))
        self.initial = self._pieces()

    def teardown(self) -> None:
        step(self.shop.close())

    # --- carts -------------------------------------------------------------------------------

    @rule(user=PEOPLE, variant=VARIANTS, quantity=QUANTITIES)
    def add(self, user: str, variant: str, quantity: int) -> None:
        if self.model.add(user, variant, quantity):
            step(self.backends[user].carts.add(variant, quantity))
        else:
            with pytest.raises(OutOfStock):
                step(self.backends[user].carts.add(variant, quantity))

    @rule(user=PEOPLE, variant=VARIANTS, quantity=QUANTITIES)
    def set_quantity(self, user: str, variant: str, quantity: int) -> None:
        if variant not in self.model.carts[user]:
            with pytest.raises(NotFound):
                step(self.backends[user].carts.set_quantity("nothing", quantity))
            self.model.run_due()
        elif self.model.set(user, variant, quantity):
            step(self.backends[user].carts.set_quantity(self._line(user, variant), quantity))
        else:
            with pytest.raises(OutOfStock):
                step(self.backends[user].carts.set_quantity(self._line(user, variant), quantity))

    @rule(user=PEOPLE, variant=VARIANTS)
    def remove(self, user: str, variant: str) -> None:
        step(self.backends[user].carts.remove(self._line(user, variant)))
        self.model.remove(user, variant)

    @rule(user=PEOPLE)
    def clear(self, user: str) -> None:
        step(self.backends[user].carts.clear())
        self.model.run_due()
        for variant in tuple(self.model.carts[user]):
            self.model.remove(user, variant)

    def _line(self, user: str, variant: str) -> str:
        lines = step(self.backends[user].carts.view()).lines
        return next((line.id for line in lines if line.variant_id == variant), "nothing")

    # --- orders ------------------------------------------------------------------------------

    @rule(user=PEOPLE, more=st.sampled_from((0, 0, 0, 1, -1)), send=st.booleans())
    def confirm(self, user: str, more: int, send: bool) -> None:
        """Confirm the cart as it is, perhaps at a wrong total, and perhaps place the order later."""
        cart = step(self.backends[user].carts.set_shipping("standard"))
        self.model.run_due()
        assert cart.totals is not None
        total = cart.totals.total
        wrong = total.of_minor(max(0, total.minor + more), total.currency)
        attempt = CheckoutAttempt(self.ids(), cart.id or "", cart.version, wrong, ADDRESS, "standard", self.clock())
        self.confirmed.append(Confirmed(user, attempt, self.model.versions[user]))
        if send:
            self._place(self.confirmed[-1])

    @precondition(lambda self: self.confirmed)
    @rule(which=ANY)
    def place_or_repeat(self, which: int) -> None:
        self._place(self.confirmed[which % len(self.confirmed)])

    def _place(self, what: Confirmed) -> None:
        order = step(self.backends[what.user].orders.place(what.attempt))
        key, total = what.attempt.key, what.attempt.total.minor
        expected = self.model.place(what.user, key, what.version, total)
        self._same_order(order, expected)

    @precondition(lambda self: self.confirmed)
    @rule(which=ANY, user=PEOPLE)
    def cancel(self, which: int, user: str) -> None:
        key = self.confirmed[which % len(self.confirmed)].attempt.key
        known = self.model.orders.get(key)
        if known is not None and known.user != user:
            with pytest.raises(NotFound):
                step(self.backends[user].orders.cancel(key, self.ids()))
            self.model.run_due()
            return
        if known is None and user != self._owner(key):
            return  # a tombstone of a stranger: backends/conformance/test_cancelling.py
        self._same_order(step(self.backends[user].orders.cancel(key, self.ids())), self.model.cancel(user, key))

    def _owner(self, key: str) -> str:
        return next(what.user for what in self.confirmed if what.attempt.key == key)

    # --- payments ----------------------------------------------------------------------------

    @precondition(lambda self: self.confirmed)
    @rule(which=ANY, user=PEOPLE, token=TOKENS)
    def pay(self, which: int, user: str, token: str) -> None:
        order_id = self.confirmed[which % len(self.confirmed)].attempt.key
        self._pay(user, order_id, token, self.ids())

    @precondition(lambda self: any(order.status == "awaiting_payment" for order in self.model.orders.values()))
    @rule(which=ANY, token=TOKENS)
    def pay_what_waits(self, which: int, token: str) -> None:
        waiting = [key for key, order in self.model.orders.items() if order.status == "awaiting_payment"]
        order_id = waiting[which % len(waiting)]
        self._pay(self.model.orders[order_id].user, order_id, token, self.ids())

    @precondition(lambda self: self.paying)
    @rule(which=ANY)
    def repeat_a_payment(self, which: int) -> None:
        self._pay(*self.paying[which % len(self.paying)])

    def _pay(self, user: str, order_id: str, token: str, key: str) -> None:
        if (user, order_id, token, key) not in self.paying:
            self.paying.append((user, order_id, token, key))
        payment = step(self.backends[user].payments.pay(order_id, token, key))
        self._same_payment(payment, self.model.pay(user, order_id, token, key))

    @precondition(lambda self: self.paying)
    @rule(which=ANY)
    def refund(self, which: int) -> None:
        key = self.paying[which % len(self.paying)][3]
        expected = self.model.refund(key)
        if expected is None:
            with pytest.raises(InvalidState):
                step(self.backends["ada"].payments.refund(key, self.ids()))
        else:
            self._same_payment(step(self.backends["ada"].payments.refund(key, self.ids())), expected)

    # --- others ------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from((1, 29, 31, 12 * 60 + 1, 25 * 60)))
    def let_time_pass(self, minutes: int) -> None:
        self.clock.advance(timedelta(minutes=minutes))
        self.model.now += minutes * 60

    @rule()
    def run_due(self) -> None:
        step(self.shop.run_due())
        self.model.run_due()

    @rule(variant=VARIANTS, price=st.sampled_from((14990, 15990, 35000)), stock=st.integers(0, 6))
    def restock(self, variant: str, price: int, stock: int) -> None:
        self.stock_up(variant, price, stock)
        self.initial = self._pieces()

    def stock_up(self, variant: str, price: int, stock: int) -> None:
        """Set what can be bought now, and for how much."""
        goods = stocked(priced(GOODS[variant], f"{price / 100:.2f}"), stock)
        step(self.backends["ada"].admin.import_catalog((goods,)))
        self.model.price[variant], self.model.shelf[variant] = price, stock

    # --- what holds --------------------------------------------------------------------------

    def _same_order(self, order: Order, expected: ModelOrder) -> None:
        assert (order.status, order.reason) == (self._status(order.id, expected), expected.reason)
        if expected.total:
            found = tuple((line.variant_id, line.quantity, line.unit_price.minor) for line in order.lines)
            assert found == expected.lines
            assert order.totals.total.minor == expected.total

    def _status(self, key: str, expected: ModelOrder) -> str:
        charging = any(each.order == key and each.status == "charging" for each in self.model.payments.values())
        late = expected.status == "awaiting_payment" and expected.expires <= self.model.now and not charging
        return "expired" if late else expected.status

    @staticmethod
    def _same_payment(payment: Payment, expected: ModelPayment) -> None:
        assert (payment.status, payment.reason) == (expected.status, expected.reason)
        assert payment.order_id == expected.order
        if expected.captured:
            assert payment.amount is not None
            assert payment.amount.minor == expected.captured

    def _rows(self, database: str, sql: str) -> list[dict[str, int | str]]:
        async def read() -> list[dict[str, int | str]]:
            async with self.shop.databases[database].read() as statements:
                return [dict(row) for row in await statements.all(sql)]

        return step(read())

    def _pieces(self) -> dict[int | str, int | str]:
        rows = self._rows("products", "SELECT id, available + reserved + sold AS n FROM variants")
        return {row["id"]: row["n"] for row in rows}

    @invariant()
    def stock_is_where_it_should_be(self) -> None:
        assert self._pieces() == self.initial
        for row in self._rows("products", "SELECT * FROM variants"):
            variant = str(row["id"])
            expected = (self.model.shelf[variant], self.model.held[variant], self.model.sold[variant])
            assert (row["available"], row["reserved"], row["sold"]) == expected
            assert min(expected) >= 0

    @invariant()
    def carts_hold_what_was_put_there(self) -> None:
        for user, backend in self.backends.items():
            cart = step(backend.carts.view())
            found = tuple((line.variant_id, line.quantity, line.unit_price.minor) for line in cart.lines)
            assert found == self.model.lines(user)

    @invariant()
    def orders_are_what_they_should_be(self) -> None:
        for key, expected in self.model.orders.items():
            self._same_order(step(self.backends[expected.user].orders.get(key)), expected)

    @invariant()
    def money_is_kept_for_paid_orders_only(self) -> None:
        books = self._rows("processor", "SELECT * FROM charges WHERE state = 'captured'")
        kept = {str(row["reference"]): (row["amount"], row["refunded"]) for row in books}
        assert len(kept) == len(books)
        captured = {key: each for key, each in self.model.payments.items() if each.captured}
        assert kept == {key: (each.captured, each.refunded) for key, each in captured.items()}
        for order_id, order in self.model.orders.items():
            live = [each for each in captured.values() if each.order == order_id and each.status in LIVE]
            assert len(live) <= 1
            if not any(each.status == "charging" for each in live):
                assert (order.status == "paid") == bool(live)
            assert all(each.captured == order.total for each in live)


TestShop = ShopMachine.TestCase
TestShop.settings = settings(
    max_examples=2000 if SLOW else 60,
    stateful_step_count=60 if SLOW else 40,
    database=None,
    derandomize=not SLOW,
    suppress_health_check=list(HealthCheck),
)
