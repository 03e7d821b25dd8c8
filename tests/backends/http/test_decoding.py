"""Answers are what the contract says, or garbage."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from backends import Category, Fault, FaultKind, Money, Page, Registered, User
from backends.http import models
from backends.http.decoding import MAX_TEXT, Garbage, document, moment, nothing
from backends.http.encoding import body
from backends.http.transport import Answer
from backends.text import is_clean
from tests.backends.http.samples import (
    ADDRESS,
    AT,
    CART,
    EMPTY,
    METHOD,
    ORDER,
    PAYMENT,
    PRODUCT,
    SHIPPING,
    VARIANT,
)

FAULT = Fault("carts", FaultKind.CRASH, "add", 0.5, 2.0, None, 3, after=True)

WHOLE: tuple[tuple[object, Callable[[object], object]], ...] = (
    (Registered("ada@example.org", verification_required=True), models.registered),
    (User("user-1", "Ada", "ada@example.org"), models.user),
    (ADDRESS, models.address),
    (PRODUCT, models.product),
    (Category("lenses", "Lenses", 3), models.category),
    (Category("lenses", "Lenses", None), models.category),
    (CART, models.cart),
    (EMPTY, models.cart),
    (SHIPPING, models.shipping_option),
    (ORDER, models.order),
    (PAYMENT, models.payment),
    (METHOD, models.payment_method),
    (FAULT, models.fault_of("carts")),
    (Page((PRODUCT,), "next", 9), models.page(models.product)),
    (Page((), None, None), models.page(models.order)),
)


def wire(model: object) -> Any:  # noqa: ANN401
    return json.loads(body({"": model}, "test"))[""]


def answer(content: object, status: int = 200) -> Answer:
    return Answer(status, {}, content if isinstance(content, bytes) else json.dumps(content).encode())


whole = pytest.mark.parametrize(
    ("model", "read"), WHOLE, ids=[f"{type(model).__name__}{n}" for n, (model, _) in enumerate(WHOLE)]
)


@whole
def test_what_is_written_is_read_again(model: object, read: Callable[[object], object]) -> None:
    assert document(read)(answer(wire(model))) == model


def paths(value: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for name, each in inner for path in paths(each, (*at, name)))]


def changed(value: Any, path: tuple[str | int, ...], to: object) -> Any:  # noqa: ANN401
    if not path:
        return to
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], to)
    return copy


@pytest.mark.parametrize("wrong", [object, True, 1.5, -(10**30), {"a": 1}, [1], [[]], ""], ids=repr)
@whole
def test_a_value_of_another_kind_is_garbage_or_changes_only_itself(
    model: object, read: Callable[[object], object], wrong: object
) -> None:
    """No place takes anything but its own kind, and none breaks in any way but this one."""
    for path in paths(wire(model)):
        told = changed(wire(model), path, None if wrong is object else wrong)
        try:
            found = document(read)(answer(told))
        except Garbage:
            continue
        before, after = wire(model), wire(found)
        assert type(after) is type(before)
        if wrong not in (object, "", True, 1.5):
            assert after == before, path  # only a member that nobody reads took it


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"id": "x"',
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"text"',
        b"[" * 100_000,
        b'{"id": "a", "id": "b", "name": "x", "email": "y"}',
        b'{"id": NaN, "name": "x", "email": "y"}',
        b'{"id": "a", "name": "x", "email": ' + b"9" * 5000 + b"}",
        b"<!doctype html>",
        b'{"id": "a", "name": "x", "email": "y", "more": NaN}',
        b'{"id": "a", "name": "x", "email": "y", "more": {"a": 1, "a": 2}}',
    ],
    ids=range(14),
)
def test_what_is_no_document_is_garbage(content: bytes) -> None:
    with pytest.raises(Garbage):
        document(models.user)(answer(content))


@pytest.mark.parametrize("status", [202, 203, 204, 206])
def test_only_some_statuses_carry_an_answer(status: int) -> None:
    with pytest.raises(Garbage):
        document(models.user)(answer(wire(User("a", "b", "c")), status))


@pytest.mark.parametrize("status", [200, 201, 202])
def test_nothing_is_said_with_204_only(status: int) -> None:
    nothing(answer(b"", 204))
    with pytest.raises(Garbage):
        nothing(answer(b"<html>welcome to the hotel</html>", status))


def test_garbage_says_where_and_quotes_nothing() -> None:
    told = changed(wire(CART), ("lines", 0, "unit_price", "amount"), "secret")
    with pytest.raises(Garbage, match=r"lines.*unit_price.*amount") as caught:
        models.cart(told)
    assert "secret" not in str(caught.value)


def test_members_of_a_newer_shop_are_left_alone() -> None:
    assert models.product({**wire(PRODUCT), "stars": 5}) == PRODUCT


def test_text_is_cleaned_and_bounded() -> None:
    told = changed(wire(PRODUCT), ("title",), "\x1b[2J" + "x" * 100_000)
    title = models.product(told).title
    assert is_clean(title)
    assert len(title) == MAX_TEXT


@pytest.mark.parametrize("wrong", ["", "\x1b[2J", "a\nb", "\N{RIGHT-TO-LEFT OVERRIDE}", "\ud800", "x" * 201])
def test_an_id_is_sent_back_as_it_came_so_it_must_be_clean(wrong: str) -> None:
    with pytest.raises(Garbage):
        models.product(changed(wire(PRODUCT), ("variants", 0, "id"), wrong))


@pytest.mark.parametrize("wrong", ["", "a b", "a\r\nX-Evil: 1", "é", "x" * 5000, "\x00"])
def test_a_token_that_could_break_out_of_its_header_is_garbage(wrong: str) -> None:
    grant = {
        "user": {"id": "a", "name": "b", "email": "c"},
        "access_token": "a",
        "access_expires_at": "2026-03-02T10:10:00Z",
        "refresh_token": "r",
        "expires_at": "2026-04-02T10:00:00Z",
    }
    assert "access='" not in repr(models.grant(grant))
    for name in ("access_token", "refresh_token"):
        with pytest.raises(Garbage):
            models.grant({**grant, name: wrong})


def test_money_is_in_minor_units() -> None:
    def price(amount: object, currency: str) -> Money:
        told = changed(wire(PRODUCT), ("variants", 0, "price"), {"amount": amount, "currency": currency})
        return models.product(told).variants[0].price

    assert price(149900, "EUR") == Money(Decimal("1499.00"), "EUR")
    assert price(1499, "JPY") == Money(Decimal(1499), "JPY")
    for amount, currency in ((1.0, "EUR"), ("1", "EUR"), (True, "EUR"), (10**18, "EUR"), (1, "eur"), (1, "€UR")):
        with pytest.raises(Garbage):
            price(amount, currency)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02T10:00:00.123456Z", AT),
        ("2026-03-02T10:00:00Z", AT.replace(microsecond=0)),
        ("2026-03-02T11:30:00+01:30", AT.replace(microsecond=0)),
    ],
)
def test_a_time(text: str, expected: datetime) -> None:
    assert moment(text) == expected
    assert moment(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-02",
        "2026-03-02T10:00:00",
        "2026-W10-1T10:00:00Z",
        "20260302T100000Z",
        "2026-13-02T10:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "\u0662\u0660\u0662\u0666-03-02T10:00:00Z",
        1772445600,
        None,
    ],
    ids=ascii,
)
def test_what_is_no_time(text: object) -> None:
    with pytest.raises(Garbage):
        moment(text)


def test_times_go_out_in_utc() -> None:
    there = AT.astimezone(timezone(timedelta(hours=5)))
    assert body({"at": there}, "test") == b'{"at":"2026-03-02T10:00:00.123456Z"}'


def test_an_answer_about_something_else_is_garbage() -> None:
    assert models.about("order-1", models.order)(wire(ORDER)) == ORDER
    with pytest.raises(Garbage):
        models.about("order-2", models.order)(wire(ORDER))


def test_stock_may_be_unknown() -> None:
    told = changed(wire(PRODUCT), ("variants", 0, "stock"), None)
    assert models.product(told).variants[0].stock is None
    assert VARIANT.stock == 7


def test_counts_are_not_negative() -> None:
    with pytest.raises(Garbage, match="negative"):
        models.cart(changed(wire(CART), ("lines", 0, "quantity"), -1))
