import asyncio
from dataclasses import dataclass

import pytest

from backends.errors import NotFound
from shopcli.core.stepping import run


@dataclass(frozen=True)
class FakeBackend:
    suspends: bool
    name: str = "fake:"


async def _answer() -> int:
    return 42


async def _suspend() -> int:
    await asyncio.sleep(0)
    return 42


async def _fail() -> int:
    raise NotFound("gone")


@pytest.mark.parametrize("suspends", [False, True])
def test_the_result_comes_back(suspends: bool) -> None:
    assert run(FakeBackend(suspends), _answer()) == 42


@pytest.mark.parametrize("suspends", [False, True])
def test_errors_come_through(suspends: bool) -> None:
    with pytest.raises(NotFound):
        run(FakeBackend(suspends), _fail())


def test_a_backend_that_suspends_gets_an_event_loop() -> None:
    assert run(FakeBackend(suspends=True), _suspend()) == 42


def test_a_backend_that_suspends_against_its_word_is_told_so() -> None:
    with pytest.raises(RuntimeError, match="fake:"):
        run(FakeBackend(suspends=False), _suspend())
