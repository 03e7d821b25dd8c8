"""The tree in the docstring of `backends.errors` is the tree."""

import inspect
import re

import pytest

from backends import errors
from backends.errors import Outcome, ShopError

EVERY = {name: value for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, ShopError)}
TREE = re.findall(r"^ {4}((?:[│├└─ ]|\u00a0)*)(\w+)(?: +(\d+))?", errors.__doc__ or "", flags=re.MULTILINE)


def documented() -> dict[str, tuple[int, str]]:
    """Exit code and parent of each class in the drawing."""
    found: dict[str, tuple[int, str]] = {}
    above: list[str] = []
    for branch, name, code in TREE:
        if name not in EVERY:
            continue
        depth = len(branch) // 4
        above[depth:] = [name]
        parent = above[depth - 1] if depth else ""
        exit_code = int(code) if code else found[parent][0] if depth > 1 else 1
        found[name] = (exit_code, parent)
    return found


def test_every_error_is_in_the_drawing() -> None:
    assert set(documented()) == set(EVERY)


@pytest.mark.parametrize("name", sorted(EVERY))
def test_parents_and_exit_codes_are_as_drawn(name: str) -> None:
    exit_code, parent = documented()[name]
    assert EVERY[name].exit_code == exit_code
    assert [base.__name__ for base in EVERY[name].__bases__] == [parent or "Exception"]


@pytest.mark.parametrize("name", sorted(EVERY))
def test_every_error_carries_its_message(name: str) -> None:
    error = EVERY[name]("it failed", hint="shop help", service="orders", request_id="r1")
    assert (error.message, str(error), error.hint) == ("it failed", "it failed", "shop help")
    assert (error.service, error.request_id) == ("orders", "r1")
    assert error.code
    assert error.category
    assert EVERY[name]("it failed").hint == EVERY[name].default_hint


def test_codes_are_unique() -> None:
    assert len({error.code for error in EVERY.values()}) == len(EVERY)


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("PaymentDeclined", "applied"), ("Pending", "applied"), ("OutcomeUnknown", "unknown"), ("Locked", "not_applied")],
)
def test_default_outcomes(name: str, outcome: str) -> None:
    assert EVERY[name]("x").outcome == outcome
    assert EVERY[name]("x", outcome=Outcome.UNKNOWN).outcome is Outcome.UNKNOWN


def test_only_what_may_pass_by_itself_is_retryable() -> None:
    passing = {"Unavailable", "Locked", "RateLimited", "InFlight", "OutcomeUnknown"}
    assert {name for name, error in EVERY.items() if error.retryable} == passing
