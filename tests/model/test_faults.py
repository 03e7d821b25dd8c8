"""Hundreds of histories in which messages and processes fail; SHOP_HISTORIES=20000 plays more."""

import os

import pytest

from tests.model.history import violation
from tests.model.world import Rates

HISTORIES = int(os.environ.get("SHOP_HISTORIES", "400"))
BATCH = 50


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, HISTORIES, BATCH))
def test_no_fault_breaks_an_invariant(first: int) -> None:
    broken = {seed: what for seed in range(first, first + BATCH) if (what := violation(seed)) is not None}
    assert broken == {}


@pytest.mark.parametrize("first", range(0, 100, BATCH))
def test_without_faults_nothing_breaks_either(first: int) -> None:
    calm = Rates(0, 0, 0, 0, 0, 0, 0)
    broken = {seed: what for seed in range(first, first + BATCH) if (what := violation(seed, calm)) is not None}
    assert broken == {}
