import asyncio
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.backends.http.fake import FakeShop, VirtualLoop


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    made = VirtualLoop()
    yield made
    assert made.is_closed()


@pytest.fixture
def runner(loop: VirtualLoop, monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.Runner]:
    """Run tests on a clock that jumps, and let deadlines go by it too."""
    monkeypatch.setattr("backends.deadline.time", SimpleNamespace(monotonic=loop.time))
    with asyncio.Runner(loop_factory=lambda: loop) as running:
        yield running


@pytest.fixture
def shop(runner: asyncio.Runner) -> FakeShop:
    return FakeShop()
