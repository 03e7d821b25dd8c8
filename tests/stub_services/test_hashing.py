"""Passwords are looked at beside the event loop, for as long as somebody waits for it."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from backends.deadline import deadline
from backends.errors import Outcome, Unavailable
from stub_services.users import hashing
from stub_services.users.hashing import MAX_WAITING, ThreadedPasswords
from tests.backends.http.fake import VirtualLoop


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.Runner]:
    """An event loop whose clock jumps: deadlines pass at once."""
    loop = VirtualLoop()
    monkeypatch.setattr("backends.deadline.time", SimpleNamespace(monotonic=loop.time))
    with asyncio.Runner(loop_factory=lambda: loop) as running:
        yield running


class Slow:
    """Hashing that does not go on before the gate is opened."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.seen: list[str] = []

    def __call__(self, password: str) -> str:
        self.seen.append(password)
        assert self.gate.wait(30)
        return f"hash of {password}"


async def one_more(passwords: ThreadedPasswords, slow: Slow) -> str:
    later = asyncio.create_task(passwords.hash("later"))
    await asyncio.sleep(0)
    slow.gate.set()
    passwords._thread.shutdown()  # noqa: SLF001  everything that is queued is done before the loop goes on
    return await later


@pytest.fixture
def slow(runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    made = Slow()
    monkeypatch.setattr(hashing, "make_hash", made)
    yield made
    made.gate.set()


async def test_what_waits_too_long_is_dropped(slow: Slow) -> None:
    passwords = ThreadedPasswords()
    with deadline(1):
        answers = await asyncio.gather(*(passwords.hash(f"p{n}") for n in range(3)), return_exceptions=True)
    for answer in answers:
        assert isinstance(answer, Unavailable)
        assert (answer.outcome, answer.retryable, answer.service) == (Outcome.NOT_APPLIED, True, "users")
    assert await one_more(passwords, slow) == "hash of later"
    assert set(slow.seen) <= {"p0", "later"}, "what nobody waits for any more is not begun"


async def test_a_full_queue_says_so_at_once(slow: Slow) -> None:
    passwords = ThreadedPasswords()
    crowd = [asyncio.create_task(passwords.hash(f"p{n}")) for n in range(MAX_WAITING)]
    await asyncio.sleep(0)
    before = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable) as caught:
        await passwords.matches("one more", None)
    assert caught.value.retry_after
    assert asyncio.get_running_loop().time() == before
    for each in crowd:
        each.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)
    assert await one_more(passwords, slow) == "hash of later"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no priority of its own")
async def test_everybody_else_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "make_hash", lambda _: f"at {os.getpriority(os.PRIO_PROCESS, 0)}")  # of the thread
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert await ThreadedPasswords().hash("secret") == "at 19"
    assert os.getpriority(os.PRIO_PROCESS, 0) == before, "the event loop keeps its own"
