"""Whether expectations hold, over everything that they can be about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.errors import NotFound, Unavailable
from shopcli.core.stepping import run
from shopcli.demo.comparing import as_word
from shopcli.demo.expressions import Failed, Held, Missing, evaluate, find
from shopcli.demo.grammar import parse_statement
from shopcli.demo.statements import Expectation, Field, Index, Path
from shopcli.demo.tokens import Line
from shopcli.demo.values import Scope

SCOPE = Scope(captured=frozenset(("number", "total", "flag", "gone")), acted=("you",))


def money(amount: str, currency: str = "EUR") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


CART = {
    "id": "c1",
    "lines": [{"ref": "nikon-z-fc", "quantity": 2}, {"ref": "sigma-35-f2/sony-e", "quantity": 1}],
    "totals": {"items": money("12.00"), "shipping": None, "total": money("12.50")},
    "requirements": ["address", "shipping"],
    "ready": False,
    "ms": 0.1,
    "created_at": "2026-01-31T14:05:00.000Z",
}


@dataclass
class FakeEnvironment:
    result: object = field(default_factory=lambda: CART)
    exit: int = 0
    error: Mapping[str, object] | None = None
    captured: Mapping[str, object] = field(
        default_factory=lambda: {"number": "1001", "total": money("12.5"), "flag": True}
    )
    suspends = False
    name = "fake:"

    async def order(self, which: str) -> object:
        if which not in ("last", "1001"):
            raise NotFound(f"there is no order {which}")
        return {"number": "1001", "status": "paid", "total": money("12.50")}

    async def cart(self) -> object:
        raise Unavailable("carts is stopped")

    async def payments(self, which: str) -> Sequence[object]:
        assert which in ("last", "1001")
        return [{"status": "declined"}, {"status": "declined"}, {"status": "settled", "id": "p3"}]

    async def health(self, service: str) -> object:
        return {"service": service, "status": "up"}

    async def products(self, words: str) -> Sequence[object]:
        return [{"slug": words}] if words == "sigma" else []


def look(text: str, environment: FakeEnvironment | None = None) -> Held | Failed:
    environment = environment or FakeEnvironment()
    expectation = cast("Expectation", parse_statement(Line("demo.md", 1, f"? {text}"), SCOPE))
    return run(environment, evaluate(expectation.expression, environment))


@pytest.mark.parametrize(
    "text",
    [
        "exit == 0",
        "exit < 1",
        "exit != 8",
        "error == null",
        '.id == "c1"',
        ".lines.length == 2",
        ".lines[0].quantity == 2.0",
        ".lines[-1].quantity == 1",
        '.totals.total == "12.50 EUR"',
        '.totals.total == "12.5 EUR"',
        '.totals.total != "12.51 EUR"',
        '.totals.total != "12.50 USD"',
        '.totals.total > "9.00 EUR"',
        '.totals.total <= "12.50 EUR"',
        ".totals.total == {total}",
        ".totals.total == order(last).total",
        '.totals.total matches "^12[.]50 EUR$"',
        '.totals.total.currency == "EUR"',
        ".totals.shipping == null",
        ".totals.shipping != 0",
        ".ready == false",
        ".ready != 0",
        ".ms == 0.1",
        ".ms < 0.10000000000000001",
        '.created_at > "2026-01-30T00:00:00.000Z"',
        '.created_at matches "^\\d{4}-"',
        '.id contains "1"',
        '.requirements contains "address"',
        '.lines contains "nikon-z-fc"',
        ".lines contains .lines[1]",
        '.lines != "nikon-z-fc"',
        ".lines == .lines",
        ".lines != .requirements",
        'exit matches "^0$"',
        'order(last).status == "paid"',
        "order({number}).number == {number}",
        'order("1001").number == "1001"',
        "payments(last).length == 3",
        "payments(last).settled == 1",
        "payments({number}).declined == 2",
        "payments(last).refunded == 0",
        'payments(last)[-1].id == "p3"',
        'health(payments).status == "up"',
        'products("sigma").length > 0',
        'products("nothing").length == 0',
        '{number} == "1001"',
        "{flag} == true",
    ],
)
def test_it_holds(text: str) -> None:
    assert isinstance(look(text), Held)


@pytest.mark.parametrize(
    ("text", "expected", "actual"),
    [
        ("exit == 8", "== 8", "0"),
        ('.id == "c2"', '== "c2"', '"c1"'),
        ('.totals.total == "12.51 EUR"', '== "12.51 EUR"', '"12.50 EUR"'),
        (".totals.total == 12.5", "== 12.5", '"12.50 EUR", which is money, written "12.5 EUR"'),
        (
            ".totals.total > 12",
            "> 12",
            '"12.50 EUR": money has an order with money of its currency, written "12.00 EUR"',
        ),
        ('.totals.total > "1.00 USD"', '> "1.00 USD"', '"12.50 EUR": money has an order with money of its currency'),
        ("{number} == 1001", "== 1001", '"1001", which is a text'),
        ("{number} > 1000", "> 1000", '"1001": a text has no order with a number'),
        (".ready < true", "< true", "false: false has no order with true"),
        (".ready == 0", "== 0", "false"),
        (".ms >= 0.11", ">= 0.11", "0.1"),
        (".id == {number}", '== {number}, which is "1001"', '"c1"'),
        ('.requirements contains "lines"', 'contains "lines"', '["address", "shipping"]'),
        (".lines contains 3", "contains 3", '[{"ref": "nikon-z-fc"'),
        ('.totals contains "items"', 'contains "items"', "only a list contains something, and a text other texts"),
        (".id contains 1", "contains 1", "only a list contains something"),
        ('.id matches "^\\d"', 'matches "^', '"c1"'),
        ('.lines matches "x"', 'matches "x"', "a list of 2 matches nothing"),
        ('.ready matches "false"', "matches", "false matches nothing"),
        (".total == 1", "== 1", "there is no .total; there is id, lines, totals, requirements, ready, ms, created_at"),
        (".total != 1", "!= 1", "there is no .total; there is id"),
        (".totals.sum == 1", "== 1", "there is no .totals.sum; there is items, shipping, total"),
        (".totals.shipping.amount == 1", "== 1", "there is no .totals.shipping.amount; .totals.shipping is null"),
        (".lines[2].ref == 1", "== 1", "there is no .lines[2]; .lines has 2 items"),
        (".lines[-3].ref == 1", "== 1", "there is no .lines[-3]; .lines has 2 items"),
        (".lines.ref == 1", "== 1", "there is no .lines.ref; .lines is a list of 2"),
        (".id.length == 2", "== 2", "there is no .id.length; .id is a text"),
        (".totals[0] == 2", "== 2", "there is no .totals[0]; .totals is an object"),
        (".id == .nothing", "== .nothing", "there is no .nothing; there is id"),
        ("{gone} == 1", "== 1", "nothing was captured as gone"),
        ("order({flag}).x == 1", "== 1", "{flag} is true, which nothing is called"),
        ('error.code == "pending"', '== "pending"', "there is no error; the command ended with 0"),
        ('order("1002").status == "paid"', '== "paid"', "not_found: there is no order 1002"),
        ("cart().lines.length == 0", "== 0", "unavailable: carts is stopped"),
        ("order(last).lines == 0", "== 0", "there is no .lines; there is number, status, total"),
        ("payments(last).settled == 2", "== 2", "1"),
        ("payments(last)[3].id == 2", "== 2", "there is no [3]; it has 3 items"),
    ],
)
def test_it_does_not_hold_and_says_what_is_there(text: str, expected: str, actual: str) -> None:
    outcome = look(text)

    assert isinstance(outcome, Failed)
    assert outcome.expected.startswith(expected)
    assert actual in outcome.actual
    assert str(outcome) == f"expected {outcome.expected}, got {outcome.actual}"


def test_a_failure_has_the_whole_object() -> None:
    assert look(".id == 1") == Failed("== 1", '"c1", which is a text', CART)
    assert cast("Failed", look(".nothing == 1")).whole == CART
    assert cast("Failed", look('order(last).status == ""')).whole == run(
        FakeEnvironment(), FakeEnvironment().order("last")
    )


def test_what_failed_has_an_error_and_may_have_no_result() -> None:
    failed = FakeEnvironment(result=None, exit=6, error={"code": "out_of_stock", "hint": None})

    assert look('error.code == "out_of_stock"', failed) == Held("out_of_stock")
    assert look("error.hint == null", failed) == Held(None)
    assert look("exit == 6", failed) == Held(6)
    assert look("error != null", failed) == Held(failed.error)
    assert look(".id == 1", failed) == Failed(
        "== 1", "the last command printed no result and ended with 6", failed.error
    )
    assert "there is no .reason; there is code, hint" in str(look("error.reason == 1", failed))


def test_only_the_first_fields_are_listed() -> None:
    with pytest.raises(Missing, match=r"f0, f1, .*, f11, …$"):
        find({f"f{number}": 0 for number in range(13)}, (Field("x"),))


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("a b", "a b"),
        (3, "3"),
        (2.5, "2.5"),
        (money("12.00"), "12.00 EUR"),
        (True, None),
        (None, None),
        ([], None),
        ({}, None),
        (float("nan"), None),
        ({"amount": "x", "currency": "EUR"}, None),
        ({"amount": None, "currency": []}, None),
    ],
)
def test_a_captured_value_becomes_an_argument(value: object, word: str | None) -> None:
    assert as_word(value) == word


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just(money("1.50")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
STEPS: st.SearchStrategy[Field | Index] = st.sampled_from("abc").map(Field) | st.integers(-3, 3).map(Index)
PATHS: st.SearchStrategy[Path] = st.lists(STEPS | st.just(Field("length")), max_size=3).map(tuple)
ENDS = ('== "a"', "!= 1", "< 2", ">= null", '<= "1.50 EUR"', "contains true", 'matches ""', "== .", "contains .")


@given(JSON, PATHS, st.sampled_from(ENDS))
def test_whatever_is_there_gives_an_answer(value: object, path: Path, end: str) -> None:
    here = ".it" + "".join(map(str, path))
    outcome = look(f"{here} {end}it" if end.endswith(".") else f"{here} {end}", FakeEnvironment(result={"it": value}))

    assert isinstance(outcome, Held | Failed)


@given(st.decimals(0, 10**6, places=2), st.decimals(0, 10**6, places=2))
def test_money_has_the_order_of_its_amounts(one: object, other: object) -> None:
    environment = FakeEnvironment(result={"it": money(f"{one}")})

    for operator, holds in (("<", one < other), ("==", one == other), (">=", one >= other)):  # type: ignore[operator]
        assert isinstance(look(f'.it {operator} "{other} EUR"', environment), Held) is holds
