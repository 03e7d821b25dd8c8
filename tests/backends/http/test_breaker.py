import pytest

from backends.http.breaker import FAILURES, PAUSE_SECONDS, Breaker, Turn
from backends.http.budget import RESERVE, RetryBudget


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def fail(breaker: Breaker, times: int = FAILURES) -> None:
    for _ in range(times):
        turn = breaker.admit()
        assert turn is not None
        breaker.report(turn, worked=False)


def test_failures_in_a_row_open_it(breaker: Breaker) -> None:
    fail(breaker, FAILURES - 1)
    breaker.report(Turn.NORMAL, worked=True)
    fail(breaker, FAILURES - 1)
    assert breaker.admit() is Turn.NORMAL
    breaker.report(Turn.NORMAL, worked=False)
    assert breaker.admit() is None


def test_after_a_pause_one_probe_goes_through(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.now += PAUSE_SECONDS - 0.01
    assert breaker.admit() is None
    clock.now += 0.01
    assert [breaker.admit() for _ in range(20)] == [Turn.PROBE, *[None] * 19]
    clock.now += 100
    assert breaker.admit() is None, "the probe is still under way"


def test_a_probe_that_worked_closes_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.now += PAUSE_SECONDS
    assert breaker.admit() is Turn.PROBE
    breaker.report(Turn.PROBE, worked=True)
    fail(breaker, FAILURES - 1)
    assert breaker.admit() is Turn.NORMAL


def test_a_probe_that_failed_begins_another_pause(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.now += PAUSE_SECONDS
    assert breaker.admit() is Turn.PROBE
    clock.now += 5
    breaker.report(Turn.PROBE, worked=False)
    assert breaker.admit() is None
    clock.now += PAUSE_SECONDS
    assert breaker.admit() is Turn.PROBE


def test_a_probe_that_was_given_up_lets_the_next_one_through(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.now += PAUSE_SECONDS
    assert breaker.admit() is Turn.PROBE
    breaker.report(Turn.PROBE, worked=None)
    assert breaker.admit() is Turn.PROBE


@pytest.mark.parametrize("worked", [True, False, None])
def test_latecomers_change_nothing_once_it_is_open(breaker: Breaker, clock: Clock, worked: bool | None) -> None:
    late = breaker.admit()
    assert late is not None
    fail(breaker)
    clock.now += PAUSE_SECONDS
    assert breaker.admit() is Turn.PROBE
    breaker.report(late, worked=worked)
    assert breaker.admit() is None


def test_what_was_given_up_is_no_failure(breaker: Breaker) -> None:
    fail(breaker, FAILURES - 1)
    breaker.report(Turn.NORMAL, worked=None)
    assert breaker.admit() is Turn.NORMAL


def test_a_budget_starts_with_a_reserve_and_earns_a_tenth() -> None:
    budget = RetryBudget()
    assert [budget.spend() for _ in range(int(RESERVE) + 1)] == [True] * int(RESERVE) + [False]
    for _ in range(9):
        budget.earn()
    assert not budget.spend()
    for _ in range(2):
        budget.earn()
    assert budget.spend()
    assert not budget.spend()


def test_a_budget_saves_no_more_than_the_reserve() -> None:
    budget = RetryBudget()
    for _ in range(1000):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) == int(RESERVE)
