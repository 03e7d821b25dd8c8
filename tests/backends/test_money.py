from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends import Money
from backends.money import exponent


@given(st.integers(-(10**18), 10**18), st.sampled_from(("EUR", "JPY", "KWD", "XXX")))
def test_minor_units_survive(units: int, currency: str) -> None:
    assert Money.of_minor(units, currency).minor == units


@pytest.mark.parametrize(
    ("units", "currency", "text"),
    [(149900, "EUR", "1499.00 EUR"), (1499, "JPY", "1499 JPY"), (1499, "KWD", "1.499 KWD"), (0, "EUR", "0.00 EUR")],
)
def test_text(units: int, currency: str, text: str) -> None:
    assert str(Money.of_minor(units, currency)) == text


def test_amounts_are_as_exact_as_the_server_said() -> None:
    odd = Money(Decimal("45.1724"), "EUR")
    assert str(odd) == "45.1724 EUR"
    with pytest.raises(ValueError, match="whole number"):
        _ = odd.minor


def test_large_numbers_have_no_exponent() -> None:
    assert str(Money(Decimal("1E+3"), "EUR")) == "1000 EUR"


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("???", 2)])
def test_exponents(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


def test_money_has_no_arithmetic_and_does_not_change() -> None:
    one = Money.of_minor(100, "EUR")
    with pytest.raises(TypeError):
        _ = one + one  # type: ignore[operator]
    with pytest.raises(FrozenInstanceError):
        one.currency = "USD"  # type: ignore[misc]
    assert one == Money(Decimal(1), "EUR")
    assert hash(one) == hash(Money(Decimal("1.00"), "EUR"))
