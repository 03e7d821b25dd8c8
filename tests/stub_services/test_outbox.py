from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from backends.errors import Unavailable
from stub_services.outbox import Message, Outbox, deliver
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
