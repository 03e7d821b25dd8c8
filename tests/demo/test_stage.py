"""The stage: whose turn it is, and whose clock."""

from asyncio import run
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from backends.deadline import deadline, remaining
from shopcli.demo.scenario import parse
from shopcli.demo.stage import BEGINS, Stage, VirtualClock
from tests.plays import MEMORY, play, told

SIGNUP = """---
title: Anybody
secrets: {password: correct horse 9 battery}
---
```shop
$ signup --name Ada --email ada-{run}@example.org --password-stdin << password -> email = .email
? .email == {email}
? {run} matches "^[0-9a-f]+$"
```
"""


@pytest.fixture
def stage(tmp_path: Path) -> Callable[[str], Stage]:
    return lambda url: Stage(url, tmp_path)


@pytest.mark.parametrize(("asked", "slept"), [(0.01, 0.5), (0.5, 0.5), (0.51, 1.0), (3, 3.0)])
def test_a_nap_takes_no_time_and_costs_the_deadline_all_of_it(asked: float, slept: float) -> None:
    clock = VirtualClock()

    async def sleep() -> float:
        await clock.sleep(asked)
        return remaining()

    with deadline(100):
        left = run(sleep())

    assert clock.now - BEGINS == timedelta(seconds=slept)
    assert left == pytest.approx(100 - slept, abs=0.4)


def test_only_a_new_shop_in_memory_has_a_virtual_clock(stage: Callable[[str], Stage], tmp_path: Path) -> None:
    shops = [stage(url) for url in (MEMORY, f"sqlite:{tmp_path / 'shop'}", "http://127.0.0.1:9")]

    assert [shop.clock is not None for shop in shops] == [True, False, False]
    assert shops[0].run == "1"
    assert shops[1].run != shops[2].run


def test_a_shop_that_remembers_is_played_in_twice(tmp_path: Path) -> None:
    for turn in ("one", "other"):
        played = play(parse(SIGNUP, "signup.md"), f"sqlite:{tmp_path / 'shop'}", tmp_path / turn)

        assert played.verdict == "passed", told(played)
