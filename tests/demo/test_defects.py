"""A scenario that passes in a broken shop is no test: here shops are broken on purpose, one rule at a time.

Each defect is planted in the shop, and the scenario that is about it has to fail, at the line that says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from backends.errors import EmailTaken, OutcomeUnknown, OutOfStock, PaymentDeclined, Pending, ShopError
from backends.models import Cart, Order, OrderStatus, Payment, PaymentStatus, ServiceHealth
from backends.money import Money
from shopcli.core.journal import Journal
from shopcli.demo.played import Verdict
from shopcli.demo.scenario import built_in
from shopcli.demo.statements import Expectation, Lookup, Reference
from stub_services import peers
from stub_services.carts import service as carts
from stub_services.carts.store import CartRows
from stub_services.inprocess import backend as front
from stub_services.inprocess.faults import Troubles
from stub_services.inprocess.shop import Shop
from stub_services.orders import service as orders
from stub_services.orders.store import OrderRows
from stub_services.payments.service import PaymentService
from stub_services.payments.store import PaymentRows
from stub_services.products import stock
from stub_services.products.stock_store import StockRows
from stub_services.users.passwords import Argon2Passwords
from stub_services.users.service import UserService
from tests.conftest import plain_passwords
from tests.plays import MEMORY, play, scenario, told

Plant = Callable[[pytest.MonkeyPatch], None]
Anything = Any  # what rules return, of whatever kind


async def nothing(*_: object, **__: object) -> None:
    """Do not do what was asked, and do not say so."""


async def claimed(*_: object, **__: object) -> bool:
    """Say that it is done."""
    return True


def instead(owner: object, name: str, value: object) -> Plant:
    return lambda patch: patch.setattr(owner, name, value)


def changed(owner: object, function: str, change: Callable[[Anything], Anything]) -> Plant:
    """Let what a plain function returns be something else."""
    right = getattr(owner, function)
    return instead(owner, function, lambda *arguments: change(right(*arguments)))


def answered(owner: object, method: str, change: Callable[[Anything], Anything]) -> Plant:
    """Let what a method answers be something else."""
    right = getattr(owner, method)

    async def wrong(*arguments: object, **options: object) -> object:
        return change(await right(*arguments, **options))

    return instead(owner, method, wrong)


# --- defects that take more than a line ---


def a_cent_more(cart: Cart) -> Cart:
    assert cart.totals is not None
    total = Money.of_minor(cart.totals.total.minor + bool(cart.lines), "EUR")
    return replace(cart, totals=replace(cart.totals, total=total))


def a_cent_less(payment: Payment) -> Payment:
    return replace(payment, amount=payment.amount and Money.of_minor(payment.amount.minor - 1, "EUR"))


def without_shipping(cart: Cart) -> Cart:
    assert cart.totals is not None
    return replace(cart, totals=replace(cart.totals, shipping=None))


def again_open(order: Order) -> Order:
    return replace(order, status=OrderStatus.AWAITING_PAYMENT) if order.status is OrderStatus.PAID else order


def sells_what_is_gone(patch: pytest.MonkeyPatch) -> None:
    """The stock is counted, and nobody looks at it."""
    decide, hold = stock._decide, StockRows.hold  # noqa: SLF001

    async def held_if_there(self: StockRows, item: Anything) -> None:
        if (await self.offers((item.variant_id,)))[item.variant_id].available:
            await hold(self, item)

    def always(items: Anything, offers: Anything) -> Anything:
        return decide(items, {name: replace(offer, available=99) for name, offer in offers.items()})

    patch.setattr(stock, "_decide", always)
    patch.setattr(StockRows, "hold", held_if_there)
    patch.setattr(carts, "_check_stock", lambda *_: None)


def signs_up_twice(patch: pytest.MonkeyPatch) -> None:
    right = UserService.signup

    async def wrong(self: UserService, name: str, email: str, *rest: Anything) -> Anything:
        try:
            return await right(self, name, email, *rest)
        except EmailTaken:
            return await right(self, name, f"x{email}", *rest)

    patch.setattr(UserService, "signup", wrong)


def charges_each_request(patch: pytest.MonkeyPatch) -> None:
    """Whoever repeats a payment under its id pays again."""
    right = PaymentService.pay

    async def wrong(self: PaymentService, caller: Anything, order_id: str, method: str, payment_id: str) -> Anything:
        return await right(self, caller, order_id, method, str(uuid4()))

    patch.setattr(PaymentService, "pay", wrong)
    patch.setattr(PaymentRows, "has_live", nothing)
    patch.setattr(orders, "_not_payable", lambda *_: None)
    patch.setattr(OrderRows, "set_paid", overwritten(OrderRows.set_paid))
    answered(orders.OrderService, "captured", lambda _: peers.Verdict.ACCEPTED)(patch)


def overwritten(right: Callable[..., Anything]) -> Callable[..., Anything]:
    async def wrong(*arguments: object) -> bool:
        await right(*arguments)
        return True

    return wrong


def loses_at_restart(table: str, service: str) -> Plant:
    """A service that kept its state in its process."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        opened: list[Shop] = []
        make, right = Shop.__init__, front._Admin.restart  # noqa: SLF001

        def noted(self: Shop, *arguments: Anything, **options: Anything) -> None:
            opened.append(self)
            make(self, *arguments, **options)

        async def wrong(self: Anything, name: str) -> None:
            await right(self, name)
            if name == service:
                async with opened[0].databases[service].write() as sql:
                    await sql.run(f"DELETE FROM {table}")  # noqa: S608  one of those above

        patch.setattr(Shop, "__init__", noted)
        patch.setattr(front._Admin, "restart", wrong)  # noqa: SLF001

    return plant


def stays_away(patch: pytest.MonkeyPatch) -> None:
    """A service that was stopped does not start again."""
    patch.setattr(Troubles, "start", lambda *_: None)


def is_always_well(patch: pytest.MonkeyPatch) -> None:
    async def wrong(self: Shop, name: str) -> ServiceHealth:
        return ServiceHealth(name, "up")

    patch.setattr(Shop, "_health", wrong)


def gives_up_in_silence(patch: pytest.MonkeyPatch) -> None:
    """A peer that does not answer is taken for one that says no."""
    right = orders.OrderService._taken_and_reserved  # noqa: SLF001

    async def wrong(self: orders.OrderService, order: Anything) -> Anything:
        try:
            return await right(self, order)
        except ShopError:
            return peers.Refusal("out_of_stock", "nobody knows")

    patch.setattr(orders.OrderService, "_taken_and_reserved", wrong)


@dataclass(frozen=True, slots=True)
class Defect:
    """What is broken, which scenario notices, in which step, and by which line."""

    name: str
    plant: Plant
    scenario: str
    step: str
    line: str


DEFECTS = (
    Defect(
        "the total is off by a cent",
        changed(carts, "priced", a_cent_more),
        "buy-now",
        "Fill the cart",
        '? .totals.total == "639.00 EUR"',
    ),
    Defect(
        "the guest's cart is lost at sign-up",
        instead(carts.CartService, "merge", nothing),
        "buy-now",
        "Open an account",
        '? cart().lines[0].ref == "sigma-35-f2/sony-e"',
    ),
    Defect(
        "delivery is not shown",
        changed(carts, "priced", without_shipping),
        "buy-now",
        "See what it will cost",
        '? cart().totals.shipping == "4.90 EUR"',
    ),
    Defect(
        "a paid order is said to be open",
        changed(orders, "shown", again_open),
        "buy-now",
        "Order and pay",
        '? .status == "paid"',
    ),
    Defect(
        "the cart is not emptied by an order",
        instead(CartRows, "clear", nothing),
        "buy-now",
        "What is left",
        "? cart().lines.length == 0",
    ),
    Defect(
        "an order cannot be found by its number",
        answered(OrderRows, "by_number", lambda order: None),
        "buy-now",
        "What is left",
        '? order({number}).status == "paid"',
    ),
    Defect(
        "a payment is in the books twice",
        answered(PaymentService, "list", lambda payments: payments * 2),
        "buy-now",
        "What is left",
        "? payments({number}).length == 1",
    ),
    Defect(
        "stock is not reduced",
        instead(StockRows, "hold", nothing),
        "buy-now",
        "What is left",
        "? .variants[0].stock == 25",
    ),
    Defect(
        "a declined card is another exit code",
        instead(PaymentDeclined, "exit_code", 6),
        "declined-card",
        "The bank says no",
        "? exit == 7",
    ),
    Defect(
        "a declined card is another error",
        instead(PaymentDeclined, "code", "conflict"),
        "declined-card",
        "The bank says no",
        '? error.code == "payment_declined"',
    ),
    Defect(
        "a declined card is said to have done nothing",
        instead(PaymentDeclined, "outcome", OutOfStock.outcome),
        "declined-card",
        "The bank says no",
        '? error.outcome == "applied"',
    ),
    Defect(
        "a payment that is declined is not kept",
        answered(PaymentService, "list", lambda payments: ()),
        "declined-card",
        "The bank says no",
        "? payments(last).declined == 1",
    ),
    Defect(
        "the bank's reason is lost",
        answered(
            PaymentService, "list", lambda payments: tuple(replace(payment, reason="declined") for payment in payments)
        ),
        "declined-card",
        "The bank says no",
        '? payments(last)[0].reason == "card_declined"',
    ),
    Defect(
        "an order does not say how long it waits",
        changed(orders, "shown", lambda order: replace(order, expires_at=None)),
        "declined-card",
        "The cart is gone, the pieces are kept",
        "? order(last).expires_at != null",
    ),
    Defect(
        "nothing is reserved for an order that waits",
        instead(StockRows, "hold", nothing),
        "declined-card",
        "The cart is gone, the pieces are kept",
        "? .variants[0].stock == 6",
    ),
    Defect(
        "more is put into the cart than there is",
        instead(carts, "_check_stock", lambda *_: None),
        "first-visit",
        "More than there is",
        "? exit == 6",
    ),
    Defect(
        "a conflict blames another service",
        changed(carts, "_short", lambda error: OutOfStock(error.message, service="carts")),
        "first-visit",
        "More than there is",
        '? error.service == "products"',
    ),
    Defect(
        "an address can have two accounts",
        signs_up_twice,
        "first-visit",
        "Guests look, accounts order",
        "? exit == 6",
    ),
    Defect(
        "who logs out stays logged in",
        instead(front, "_forget_login", lambda kept: None),
        "first-visit",
        "Come back",
        "? cart().lines.length == 0",
    ),
    Defect(
        "any password will do",
        instead(Argon2Passwords, "matches", claimed),
        "first-visit",
        "Come back",
        "? exit == 4",
    ),
    Defect(
        "the last piece is sold, and still there",
        instead(StockRows, "hold", nothing),
        "last-one-in-stock",
        "Ada is first",
        '? products("fujifilm-x-pro3")[0].variants[0].stock == 0',
    ),
    Defect(
        "the second shopper gets the last piece, too",
        sells_what_is_gone,
        "last-one-in-stock",
        "Ben is told the truth",
        "? exit == 6",
    ),
    Defect(
        "who comes too late loses the cart",
        instead(carts.CartService, "give_back", nothing),
        "last-one-in-stock",
        "Ben is told the truth",
        '? cart().lines[0].ref == "fujifilm-x-pro3"',
    ),
    Defect(
        "who repeats a payment pays again",
        charges_each_request,
        "lost-answer",
        "The bank's answer is lost",
        "? exit == 0",
    ),
    Defect(
        "what is not known is another exit code",
        instead(OutcomeUnknown, "exit_code", 10),
        "lost-answer",
        "No answer at all",
        "? exit == 11",
    ),
    Defect(
        "what is settled is asked for again and again",
        instead(Journal, "erase", lambda *_: None),
        "lost-answer",
        "Find out",
        "? .items.length == 0",
    ),
    Defect(
        "an order never becomes paid",
        instead(OrderRows, "set_paid", claimed),
        "payment-is-down",
        "Back again",
        '? .status == "paid"',
    ),
    Defect(
        "a stopped service says that it is well",
        is_always_well,
        "payment-is-down",
        "Payment goes down",
        '? within 5s: health(payments).status == "down"',
    ),
    Defect(
        "who waits for payment is not told so",
        instead(Pending, "exit_code", 0),
        "payment-is-down",
        "Order anyway",
        "? exit == 8",
    ),
    Defect(
        "a service does not come back",
        stays_away,
        "payment-is-down",
        "Back again",
        '? within 10s: health(payments).status == "up"',
    ),
    Defect(
        "stopping does nothing",
        instead(Troubles, "stop", lambda *_: None),
        "each-service-down",
        "Users",
        '? within 5s: health(users).status == "down"',
    ),
    Defect(
        "silence is taken for a no",
        gives_up_in_silence,
        "each-service-down",
        "Products",
        "? exit == 8",
    ),
    Defect(
        "an order that was interrupted never goes on",
        instead(OrderRows, "set_placed", claimed),
        "each-service-down",
        "A full cart and an order",
        "$ checkout --address home --pay tok_declined --yes -> first = .number",
    ),
    Defect(
        "a restart loses the carts",
        loses_at_restart("lines", "carts"),
        "upgrade-one-service",
        "Carts, in the middle of a checkout",
        '? cart().totals.total == "3602.90 EUR"',
    ),
    Defect(
        "a restart logs everybody out",
        loses_at_restart("sessions", "users"),
        "upgrade-one-service",
        "Users",
        "$ whoami",
    ),
    Defect(
        "a restart loses payments",
        loses_at_restart("payments", "payments"),
        "upgrade-one-service",
        "Payments",
        "? within 10s: payments({first}).settled == 1",
    ),
    Defect(
        "a payment is said to be of another amount",
        answered(PaymentService, "list", lambda payments: tuple(map(a_cent_less, payments))),
        "monolith-or-five",
        "The whole machine",
        '? payments({number})[0].amount == "1802.90 EUR"',
    ),
    Defect(
        "the money of a cancelled order stays",
        instead(PaymentService, "refund_order", nothing),
        "monolith-or-five",
        "And back again",
        '? within 10s: order({number}).status == "refunded"',
    ),
    Defect(
        "a payment that went back is said to be settled",
        answered(
            PaymentService,
            "list",
            lambda payments: tuple(
                replace(each, status=PaymentStatus.SETTLED) if each.status is PaymentStatus.REFUNDED else each
                for each in payments
            ),
        ),
        "monolith-or-five",
        "And back again",
        "? within 10s: payments({number}).refunded == 1",
    ),
    Defect(
        "the pieces of a cancelled order are gone",
        instead(StockRows, "put_back", nothing),
        "monolith-or-five",
        "And back again",
        '? within 10s: products("nikon-z-fc")[0].variants[0].stock == 12',
    ),
)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"{defect.scenario}: {defect.name}")
def test_a_broken_shop_fails_at_the_line_about_it(
    defect: Defect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_passwords(monkeypatch)
    defect.plant(monkeypatch)

    played = play(scenario(defect.scenario), MEMORY, tmp_path)

    line = played.failure
    assert played.verdict is Verdict.FAILED
    assert line is not None, told(played)
    step = next(step for step in played.scenario.steps if any(part.line == line.statement.line for part in step.parts))
    assert (step.title, line.statement.source.strip()) == (defect.step, defect.line), told(played)
    assert line.reason


def test_every_scenario_notices_a_defect() -> None:
    assert {defect.scenario for defect in DEFECTS} == set(built_in())


def test_every_kind_of_expectation_notices_a_defect() -> None:
    noticing = {defect.line for defect in DEFECTS}
    found = [
        one
        for name in built_in()
        for one in scenario(name).statements
        if isinstance(one, Expectation) and one.source.strip() in noticing
    ]
    roots = [root for one in found for root in one.expression.roots]
    lookups = [root for root in roots if isinstance(root, Lookup)]

    assert {"exit", "error", "result"} <= {root for root in roots if isinstance(root, str)}
    assert {root.name for root in lookups} == {"order", "cart", "payments", "health", "products"}
    assert any(isinstance(root.argument, Reference) for root in lookups), "a captured value"
    assert any(one.within for one in found)
