"""The isolation promise: 6 targets, 8 actions, 8 failures. Each cell says what it must, in time, and it is true."""

import asyncio
from itertools import product
from pathlib import Path

import pytest

from backends.errors import Outcome
from backends.http.accounts import MERGE_SECONDS
from stub_services.wire.tokens import LIFE
from tests.wire.actions import ACTIONS, Add, LogIn
from tests.wire.cell import Told, is_in_time, play
from tests.wire.failures import FAILURES
from tests.wire.table import TARGETS, expected
from tests.wire.template import Template

AT_ONCE = 1.0
"""Seconds."""
ASKED = {"confirm": ("carts",), "place": ("orders",), "pay": ("payments",)}
"""Who is asked, where that is not the target; a client cannot tell a silent gateway from who is behind it."""

CELLS = [
    pytest.param(
        failure,
        action,
        target,
        id=f"{target}-{failure}-{action}".replace(" ", "_"),
        # Every fifth in the daily run, which meets each target, action and failure; all of them in the campaign.
        marks=[pytest.mark.campaign] if number % 5 else [],
    )
    for number, (failure, action, target) in enumerate(product(FAILURES, ACTIONS, TARGETS))
]


def test_there_are_384_cells() -> None:
    assert len(CELLS) == 384


@pytest.mark.parametrize(("failure", "action", "target"), CELLS)
def test_a_cell(template: Template, place: Path, failure: str, action: str, target: str) -> None:
    for way, variant in ACTIONS[action].items():
        told = play(template, place / way, variant, target, FAILURES[failure])
        assert _words(told) == expected(failure, way, target), (way, told)
        assert is_in_time(told), (way, told)
        if told.error is not None:
            _check_error(told, failure, way, target)


def test_without_a_living_token_users_are_needed(template: Template, place: Path) -> None:
    """A session that cannot be renewed says so, names users, and changes nothing."""

    class MuchLater(Add):
        async def before(self) -> None:
            await asyncio.sleep(LIFE.total_seconds())

    told = play(template, place, MuchLater, "users", FAILURES["stopped"])
    assert told.outcome == "F"
    assert told.seconds < AT_ONCE
    _check_error(told, "stopped", "add", "users")


def test_logging_in_does_not_wait_for_the_cart(template: Template, place: Path) -> None:
    told = play(template, place, LogIn, "carts", FAILURES["hung"])
    assert told.outcome == "ok"
    assert told.seconds <= MERGE_SECONDS


def _words(told: Told) -> str:
    notices = [notice.code for notice in getattr(told.result, "notices", ())]
    return f"{told.outcome}~" if notices == ["prices_unconfirmed"] else told.outcome


def _check_error(told: Told, failure: str, way: str, target: str) -> None:
    error = told.error
    assert error is not None
    assert error.message
    assert error.hint, error.message
    assert error.hint.startswith("shop "), error.hint
    at_once = failure == "stopped" and error.outcome is not Outcome.UNKNOWN
    if at_once:
        assert told.seconds < AT_ONCE
        assert error.service == target, error.message
    elif told.outcome == "F" and target != "gateway":
        assert error.service == target, error.message
    elif target != "gateway" and error.service is None:
        assert target in error.message  # the shop's own word on what it waits for
    elif target != "gateway":
        assert error.service in (target, *ASKED.get(way, ())), error.message
    assert error.exit_code == {"F": 10, "P": 8 if error.code == "pending" else 11}[told.outcome]
    assert (error.outcome is Outcome.NOT_APPLIED) == (told.outcome == "F")
