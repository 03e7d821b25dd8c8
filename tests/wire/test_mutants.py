"""The checker can fail on this wire: with any one of these mistakes a history is found in which an invariant breaks."""

from collections.abc import Callable

import pytest

from tests.wire.history import violation
from tests.wire.mutants import MUTANTS, ONLY_IN_A_STORM
from tests.wire.storm import CALM
from tests.wire.template import Template

SEEDS = 400
CAUGHT_AT = {
    "a_charge_is_repeated_without_a_key": 3,
    "a_line_is_written_before_its_key": 3,
    "a_peer_is_asked_again_under_another_id": 3,
    "a_rejected_order_keeps_the_cart": 43,
    "an_answer_that_got_lost_means_that_nothing_happened": 1,
    "each_repetition_has_a_key_of_its_own": 2,
    "keys_are_not_looked_up": 1,
    "r4_rejected_is_told_before_the_cart_is_back": 43,
    "r5_the_reserved_total_is_not_compared": 43,
    "the_client_forgets_what_it_does_not_know": 2,
}
"""Where to look first; a search follows if the services or the histories changed since."""


def first_caught(template: Template, likely: int) -> tuple[int, str] | None:
    for seed in (likely, *range(SEEDS)):
        found = violation(template, seed)
        if found is not None:
            return seed, found
    return None


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_mutant_is_caught(
    mutant: Callable[[pytest.MonkeyPatch], None], template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)
    assert mutant not in ONLY_IN_A_STORM or violation(template, 1, CALM) is None
    caught = first_caught(template, CAUGHT_AT.get(mutant.__name__, 0))
    print(mutant.__name__, caught)  # noqa: T201  shown with -rP
    assert caught is not None
