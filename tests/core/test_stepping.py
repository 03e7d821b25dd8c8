import asyncio
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from backends.deadline import deadline, remaining
from backends.errors import NotFound
from backends.tracing import Hop, note, recording
from shopcli.core.stepping import Runner, run


@dataclass(frozen=True)
class FakeBackend:
    suspends: bool
    name: str = "fake:"


LOCAL = FakeBackend(suspends=False)
REMOTE = FakeBackend(suspends=True)


@pytest.fixture
def steps() -> Iterator[Runner]:
    made = Runner()
    yield made
    made.close()


def test_nobody_waits_for_a_name_that_no_server_resolves(steps: Runner) -> None:
    async def resolve() -> None:
        await asyncio.get_running_loop().run_in_executor(None, time.sleep, 5)

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        steps.run(REMOTE, asyncio.wait_for(resolve(), 0.05))
    steps.close()

    assert time.monotonic() - began < 2


async def _answer() -> int:
    return 42


async def _suspend() -> int:
    await asyncio.sleep(0)
    return 42


async def _fail() -> int:
    raise NotFound("gone")


@pytest.mark.parametrize("backend", [LOCAL, REMOTE])
def test_the_result_comes_back(backend: FakeBackend) -> None:
    assert run(backend, _answer()) == 42


@pytest.mark.parametrize("backend", [LOCAL, REMOTE])
def test_errors_come_through(backend: FakeBackend) -> None:
    with pytest.raises(NotFound):
        run(backend, _fail())


def test_a_backend_that_suspends_gets_an_event_loop() -> None:
    assert run(REMOTE, _suspend()) == 42


def test_a_backend_that_suspends_against_its_word_is_told_so() -> None:
    with pytest.raises(RuntimeError, match="fake:"):
        run(LOCAL, _suspend())


def test_what_one_action_starts_goes_on_in_the_next(steps: Runner) -> None:
    started: list[asyncio.Task[int]] = []

    async def begin() -> asyncio.AbstractEventLoop:
        started.append(asyncio.create_task(_suspend()))
        return asyncio.get_running_loop()

    async def finish() -> tuple[asyncio.AbstractEventLoop, int]:
        return asyncio.get_running_loop(), await started[0]

    loop = steps.run(REMOTE, begin())
    assert steps.run(REMOTE, finish()) == (loop, 42)


def test_closing_cancels_what_still_runs_and_can_be_repeated(steps: Runner) -> None:
    async def begin() -> asyncio.Task[bool]:
        return asyncio.create_task(asyncio.Event().wait())

    task = steps.run(REMOTE, begin())
    steps.close()
    steps.close()

    assert task.cancelled()


@pytest.mark.parametrize("backend", [LOCAL, REMOTE])
def test_each_action_has_the_deadline_that_was_opened_around_it(
    steps: Runner, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def left() -> float:
        return remaining()

    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    for seconds in (1.0, 7.0):
        with deadline(seconds):
            assert steps.run(backend, left()) == seconds


@pytest.mark.parametrize("backend", [LOCAL, REMOTE])
def test_each_action_is_recorded_where_it_was_asked_for(steps: Runner, backend: FakeBackend) -> None:
    async def ask(action: str) -> None:
        note(Hop("shop", "carts", action, "ok", 0.0, 1.0))

    steps.run(backend, ask("before"))
    with recording() as first:
        steps.run(backend, ask("first"))
    with recording() as second:
        steps.run(backend, ask("second"))

    assert [[hop.action for hop in hops] for hops in (first, second)] == [["first"], ["second"]]


def test_ctrl_c_ends_the_action_and_the_next_one_can_still_close(steps: Runner) -> None:
    ended: list[str] = []

    async def interrupted() -> None:
        signal.raise_signal(signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    with pytest.raises(KeyboardInterrupt):
        steps.run(REMOTE, interrupted())

    assert ended == ["cancelled"]
    assert steps.run(REMOTE, _suspend()) == 42
