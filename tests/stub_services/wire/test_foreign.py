"""What belongs to somebody else is not there: every endpoint, asked by Ben about what is Ada's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from backends.interface import KEEPERS
from stub_services.wire.endpoint import Needs
from tests.stub_services.wire.conftest import ADDRESS, GUEST, TABLES, Person, Wire, code, done

MISSING = (404, "not_found")


@dataclass(frozen=True)
class Case:
    """One request of Ben's about something of Ada's, and what he may hear."""

    endpoint: str
    ask: Callable[["World"], Any]
    hears: Callable[["World", httpx.Response], bool]
    why: str = ""
    """Why it is something else than 404."""


class World:
    """What Ada has when Ben comes: a cart, an address, a placed and paid order, a card, and what he has himself."""

    def __init__(self, ada: Person, ben: Person) -> None:
        self.ada = ada
        self.ben = ben
        self.cart: dict[str, Any] = {}
        self.order: dict[str, Any] = {}

    async def prepare(self) -> None:
        self.order = await self.ada.order("ada-order")
        await self.ada.pay("ada-order", "ada-payment")
        await self.ada.order("ada-unpaid")
        done(await self.ada.ask("POST", "/v1/payment-methods", CARD))
        done(await self.ada.ask("PUT", "/v1/me/addresses/work", _UNLABELLED | {"city": "Ada's"}))
        self.cart = await self.ada.fill("ada-again")
        await self.ben.fill("ben")

    @property
    def line(self) -> str:
        return str(self.cart["lines"][0]["id"])

    async def of_ada(self) -> list[Any]:
        """All that Ada sees."""
        paths = ("/v1/me", "/v1/me/addresses", "/v1/cart", "/v1/orders", "/v1/payment-methods")
        paid = ("/v1/payments?order_id=ada-order", "/v1/payments?order_id=ada-unpaid", "/v1/payments/ada-payment")
        return [done(await self.ada.ask("GET", path)) for path in (*paths, *paid)]


CARD = {"number": "5555 5555 5555 4444", "expiry_month": 12, "expiry_year": 2030, "cvv": "123"}
_UNLABELLED = {name: value for name, value in ADDRESS.items() if name != "label"}


def missing(_: World, response: httpx.Response) -> bool:
    return code(response) == MISSING


def _attempt(world: World, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return world.ada.attempt(world.cart) | changes


async def _methods_of_ada(world: World) -> str:
    return str(done(await world.ada.ask("GET", "/v1/payment-methods"))["items"][0]["token"])


async def _pay_with_adas_card(world: World) -> httpx.Response:
    token = await _methods_of_ada(world)
    done(await world.ben.ask("PUT", "/v1/orders/ben-order", world.ben.attempt(await world.ben.fill("again"))))
    return await world.ben.ask("PUT", "/v1/payments/ben-payment", {"order_id": "ben-order", "method": token})


def _books(service: str) -> Case:
    return Case(
        "show_books",
        lambda w: w.ben.ask("GET", f"/v1/books/{service}"),
        lambda _, answer: code(answer) == (403, "forbidden"),
        "only the merchant sees the books",
    )


CASES = (
    # carts
    Case("set_quantity", lambda w: w.ben.ask("PUT", f"/v1/cart/lines/{w.line}", {"quantity": 9}), missing),
    Case(
        "remove",
        lambda w: w.ben.ask("DELETE", f"/v1/cart/lines/{w.line}"),
        lambda w, answer: done(answer)["id"] not in (None, w.cart["id"]) and len(done(answer)["lines"]) == 1,
        "removing is idempotent: what is not in the own cart is removed from it",
    ),
    Case(
        "merge",
        lambda w: w.ben.ask("PUT", f"/v1/cart/merged/{w.cart['id']}"),
        lambda _, answer: answer.status_code == 204,
        "merging is idempotent: an account's cart is nobody's guest cart, like one that never was",
    ),
    Case(
        "view",
        lambda w: w.ben.wire.ask("GET", "/v1/cart", headers={"shop-cart": w.cart["id"]}),
        lambda _, answer: done(answer)["lines"] == [] and done(answer)["id"] is None,
        "a guest who names an account's cart has an empty one, like with any other id",
    ),
    Case(
        "add",
        lambda w: w.ben.wire.ask(
            "POST",
            "/v1/cart/lines",
            {"variant_id": "tripod/standard", "quantity": 1},
            {"shop-cart": w.cart["id"], "idempotency-key": "g"},
        ),
        lambda _, answer: code(answer) == (409, "cart_changed"),
        "a guest who names an account's cart is told to take another id",
    ),
    # orders
    Case("get_order", lambda w: w.ben.ask("GET", "/v1/orders/ada-order"), missing),
    Case("get_order", lambda w: w.ben.ask("GET", f"/v1/orders/{w.order['number']}"), missing),
    Case("place", lambda w: w.ben.ask("PUT", "/v1/orders/ada-order", _attempt(w)), missing),
    Case(
        "place",
        lambda w: w.ben.ask("PUT", "/v1/orders/ben-tries", _attempt(w)),
        lambda _, answer: done(answer)["status"] == "rejected" and done(answer)["lines"] == [],
        "an attempt on a cart that is not one's own is refused like one on a changed cart, for good (R14)",
    ),
    Case("cancel", lambda w: w.ben.ask("PUT", "/v1/orders/ada-order/cancellation"), missing),
    Case("cancel", lambda w: w.ben.ask("PUT", "/v1/orders/ada-unpaid/cancellation"), missing),
    # payments
    Case(
        "pay",
        lambda w: w.ben.ask("PUT", "/v1/payments/ada-payment", {"order_id": "ada-order", "method": "tok_visa"}),
        missing,
    ),
    Case(
        "pay",
        lambda w: w.ben.ask("PUT", "/v1/payments/ben-tries", {"order_id": "ada-unpaid", "method": "tok_visa"}),
        lambda _, answer: (
            (done(answer)["status"], done(answer)["reason"], done(answer)["amount"]) == ("refused", "not_found", None)
        ),
        "a definite refusal is recorded under the payer's id (R14): the order is not found",
    ),
    Case(
        "pay",
        _pay_with_adas_card,
        lambda _, answer: (done(answer)["status"], done(answer)["reason"]) == ("refused", "unknown_method"),
        "somebody else's card is no method of one's own; that too is recorded (R14)",
    ),
    Case("get_payment", lambda w: w.ben.ask("GET", "/v1/payments/ada-payment"), missing),
    Case("list_payments", lambda w: w.ben.ask("GET", "/v1/payments?order_id=ada-order"), missing),
    Case("list_payments", lambda w: w.ben.ask("GET", f"/v1/payments?order_id={w.order['number']}"), missing),
    Case(
        "refund",
        lambda w: w.ben.ask("PUT", "/v1/payments/ada-payment/refund"),
        lambda _, answer: code(answer) == (403, "forbidden"),
        "no customer refunds anything, whosever it is",
    ),
    *map(_books, KEEPERS),
    # users
    Case("remove_address", lambda w: w.ben.ask("DELETE", "/v1/me/addresses/work"), missing),
    Case(
        "save_address",
        lambda w: w.ben.ask("PUT", "/v1/me/addresses/work", _UNLABELLED),
        lambda _, answer: done(answer)["city"] == "Bern",
        "a label names an address in the own book",
    ),
)

TAKE_NOTHING_OF_OTHERS = {
    "me": "whose token it is",
    "rename": "the own name",
    "change_email": "the own e-mail address; one that another account has is refused as at signing up",
    "change_password": "the own password",
    "delete_account": "the own account",
    "addresses": "the own book",
    "clear": "the own cart",
    "set_address": "the own cart",
    "set_shipping": "the own cart; ways of delivery are everybody's",
    "list_orders": "the own orders",
    "methods": "the own cards",
    "tokenize": "a new card",
    "import_catalog": "the merchant's",
}
"""Endpoints that name nothing which could be somebody else's."""


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{n}-{case.endpoint}" for n, case in enumerate(CASES)])
async def test_what_is_adas_is_not_there_for_ben(ada: Person, ben: Person, number: int) -> None:
    case = CASES[number]
    world = World(ada, ben)
    await world.prepare()
    before = await world.of_ada()
    answer = await case.ask(world)
    assert case.hears(world, answer), answer.text
    for secret in ("Ada", "ada@", world.cart["id"], world.line):
        assert secret not in answer.text.replace('"Ada"', ""), answer.text  # Ben's own address names an Ada, too
    assert await world.of_ada() == before


def test_every_endpoint_has_a_case() -> None:
    for_people = {
        endpoint.handler.__name__
        for endpoints in TABLES.values()
        for endpoint in endpoints
        if endpoint.needs is not Needs.ANYBODY
    }
    assert {case.endpoint for case in CASES} | set(TAKE_NOTHING_OF_OTHERS) == for_people
    assert not {case.endpoint for case in CASES} & set(TAKE_NOTHING_OF_OTHERS)
    assert all(case.why for case in CASES if case.hears is not missing)


async def test_what_is_missing_looks_the_same_as_what_is_somebody_elses(ada: Person, ben: Person) -> None:
    world = World(ada, ben)
    await world.prepare()
    for theirs, nobodys in (
        ("/v1/orders/ada-order", "/v1/orders/adb-order"),
        ("/v1/payments/ada-payment", "/v1/payments/adb-payment"),
        ("/v1/payments?order_id=ada-order", "/v1/payments?order_id=adb-order"),
    ):
        found = (await ben.ask("GET", theirs)).json()
        other = (await ben.ask("GET", nobodys)).json()
        assert {k: v for k, v in found.items() if k not in ("request_id", "detail")} == {
            k: v for k, v in other.items() if k not in ("request_id", "detail")
        }
        assert found["detail"] == other["detail"].replace("adb-", "ada-")


async def test_lists_hold_what_is_ones_own(ada: Person, ben: Person) -> None:
    world = World(ada, ben)
    await world.prepare()
    assert done(await ben.ask("GET", "/v1/orders"))["items"] == []
    assert done(await ben.ask("GET", "/v1/me/addresses"))["items"] == []
    assert all(method["test"] for method in done(await ben.ask("GET", "/v1/payment-methods"))["items"])
    own = done(await ben.ask("GET", "/v1/cart"))
    assert own["id"] != world.cart["id"]
    assert [line["id"] for line in own["lines"]] != [world.line]


async def test_a_cancelled_unknown_order_is_its_cancellers(ada: Person, ben: Person) -> None:
    done(await ben.ask("PUT", "/v1/orders/not-yet/cancellation"))
    assert code(await ada.ask("GET", "/v1/orders/not-yet")) == MISSING
    assert code(await ada.ask("PUT", "/v1/orders/not-yet", ada.attempt(await ada.fill()))) == MISSING


async def test_a_guests_cart_goes_to_one_account_only(wire: Wire, ada: Person, ben: Person) -> None:
    guest = {"shop-cart": GUEST, "idempotency-key": "g"}
    done(await wire.ask("POST", "/v1/cart/lines", {"variant_id": "tripod/standard", "quantity": 2}, guest))
    for person in (ada, ben, ada):
        assert (await person.ask("PUT", f"/v1/cart/merged/{GUEST}")).status_code == 204
    assert [line["quantity"] for line in done(await ada.ask("GET", "/v1/cart"))["lines"]] == [2]
    assert done(await ben.ask("GET", "/v1/cart"))["lines"] == []
    assert done(await wire.ask("GET", "/v1/cart", headers=guest))["lines"] == []
