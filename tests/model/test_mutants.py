"""The checker can fail: without any one of the rules a history is found in which an invariant breaks."""

import sqlite3
from collections.abc import Callable

import pytest

from tests.model import mutants_of_orders, mutants_of_others
from tests.model.history import violation
from tests.model.seeds import CAUGHT_AT

SEEDS = 2000
Mutant = Callable[[pytest.MonkeyPatch], None]
MUTANTS: tuple[Mutant, ...] = (*mutants_of_orders.MUTANTS, *mutants_of_others.MUTANTS)


def first_caught(likely: int) -> tuple[int, str] | None:
    for seed in (likely, *range(SEEDS)):
        try:
            found = violation(seed)
        except sqlite3.IntegrityError as error:  # the schema is a checker too
            return seed, str(error)
        if found is not None:
            return seed, found
    return None


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_mutant_is_caught(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    caught = first_caught(CAUGHT_AT.get(mutant.__name__, 0))
    print(mutant.__name__, caught)  # noqa: T201  shown with -rP
    assert caught is not None
