"""Histories over a wire on which everything goes wrong; SHOP_HISTORIES=20000 plays more of them."""

import os
import time

import pytest

from tests.wire.history import violation
from tests.wire.storm import CALM
from tests.wire.template import Template

HISTORIES = int(os.environ.get("SHOP_HISTORIES", "200"))
BATCH = 25


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, HISTORIES, BATCH))
def test_no_fault_breaks_an_invariant(template: Template, first: int) -> None:
    began = time.process_time()
    broken = {seed: what for seed in range(first, first + BATCH) if (what := violation(template, seed)) is not None}
    print(f"{(time.process_time() - began) * 1000 / BATCH:.0f} ms a history")  # noqa: T201  shown with -rP
    assert broken == {}


def test_without_faults_nothing_breaks_either(template: Template) -> None:
    broken = {seed: what for seed in range(BATCH) if (what := violation(template, seed, CALM)) is not None}
    assert broken == {}


def test_one_seed_replays_one_history(template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.wire.world import World

    seen: list[list[str]] = []
    transmit = World.transmit

    async def noted(self: World, caller: str, target: str, request: object) -> object:
        answer = await transmit(self, caller, target, request)  # type: ignore[arg-type]
        seen[-1].append(f"{caller} {target} {request.method} {request.url.path} {answer.status_code}")  # type: ignore[attr-defined]
        return answer

    monkeypatch.setattr(World, "transmit", noted)
    for _ in range(2):
        seen.append([])
        assert violation(template, 7) is None
    assert seen[0] == seen[1]
    assert len(seen[0]) > 50
