from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from backends.deadline import deadline, remaining
from backends.errors import OutcomeUnknown, Unavailable
from stub_services.outbox import ATTEMPT_SECONDS, Message, Outbox, deliver
from tests.stub_services.conftest import Desk


class Sender:
    """A service with nothing but an outbox."""

    def __init__(self, desk: Desk) -> None:
        self._database = desk.shop.databases["orders"]
        self.heard: list[Message] = []
        self.deaf: set[str] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Sender"]:
        async with self._database.write() as sql:
            self.outbox = Outbox(sql)
            yield self

    async def hear(self, message: Message) -> None:
        if message.order_id in self.deaf:
            raise Unavailable("nobody there")
        self.heard.append(message)
        async with self.open() as rows:
            await rows.outbox.remove(message)


@pytest.fixture
def sender(desk: Desk) -> Sender:
    return Sender(desk)


async def test_a_message_is_delivered_until_it_is_acknowledged(sender: Sender) -> None:
    async with sender.open() as rows:
        await rows.outbox.put(Message("hear", "one"), Message("hear", "two", "p"))
    sender.deaf = {"one"}
    for _ in range(2):
        await deliver(sender.open, {"hear": sender.hear})
    assert sender.heard == [Message("hear", "two", "p")]
    sender.deaf = set()
    for _ in range(2):
        await deliver(sender.open, {"hear": sender.hear})
    assert sender.heard == [Message("hear", "two", "p"), Message("hear", "one")]


async def test_whoever_hangs_takes_nobody_elses_time(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("backends.deadline.time", SimpleNamespace(monotonic=lambda: now))

    async def hang(_: Message) -> None:
        nonlocal now
        now += remaining()
        raise OutcomeUnknown("silence")

    async with sender.open() as rows:
        await rows.outbox.put(*(Message("hang", f"0{number}") for number in range(9)), Message("hear", "zz"))
    with deadline(10):
        await deliver(sender.open, {"hang": hang, "hear": sender.hear})
    assert sender.heard == [Message("hear", "zz")]
    assert now == ATTEMPT_SECONDS


async def test_the_same_message_waits_once(sender: Sender) -> None:
    async with sender.open() as rows:
        for _ in range(3):
            await rows.outbox.put(Message("hear", "one"))
        assert await rows.outbox.pending() == (Message("hear", "one"),)
        await rows.outbox.remove(Message("hear", "other"))
        assert len(await rows.outbox.pending()) == 1


async def test_a_message_is_part_of_the_commit_that_caused_it(sender: Sender) -> None:
    async def put_and_fail() -> None:
        async with sender.open() as rows:
            await rows.outbox.put(Message("hear", "one"))
            raise KeyError

    with pytest.raises(KeyError):
        await put_and_fail()
    async with sender.open() as rows:
        assert await rows.outbox.pending() == ()


async def test_a_mistake_of_ours_is_not_silence(sender: Sender) -> None:
    async with sender.open() as rows:
        await rows.outbox.put(Message("unknown kind", "one"))
    with pytest.raises(KeyError):
        await deliver(sender.open, {"hear": sender.hear})
