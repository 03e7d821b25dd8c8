"""Real processes on a shared socket: started, stopped, replaced."""

import asyncio
import os
import signal
import socket

import pytest

from backends.errors import ConfigurationError, Unavailable
from stub_services.supervisor import group as module
from stub_services.supervisor.group import Group, Shape
from stub_services.supervisor.ports import Port
from stub_services.supervisor.process import Command, Process
from tests.stub_services.supervisor.conftest import Recorder, get, grouped, pid_of


async def test_it_is_ready_when_it_was_started_and_refuses_when_it_was_stopped(recorder: Recorder) -> None:
    async with grouped(recorder) as group:
        port = group.port.number
        assert (group.state, len(group.pids)) == ("running", 1)
        assert "200 OK" in await get(port, "/readyz")

        await group.stop()
        await group.stop()
        assert (group.state, group.pids) == ("stopped", [])
        with pytest.raises(ConnectionRefusedError):
            await get(port, "/readyz")

        await group.start()
        await group.start()
        assert len(group.pids) == 1
        assert group.port.number == port
        assert "200 OK" in await get(port, "/readyz")


async def test_the_port_of_a_stopped_service_is_given_to_nobody_else(recorder: Recorder) -> None:
    async with grouped(recorder) as group:
        await group.stop()

        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", group.port.number))


async def test_replicas_share_the_work(recorder: Recorder) -> None:
    async with grouped(recorder, 2) as group:
        await recorder.seen("users ready", 2)
        os.kill(group.pids[0], signal.SIGSTOP)  # whoever is busy accepts nothing: the other one answers
        try:
            answers = [await get(group.port.number, "/x") for _ in range(3)]
        finally:
            os.kill(group.pids[0], signal.SIGCONT)

        assert {pid_of(answer) for answer in answers} == {group.pids[1]}


@pytest.mark.parametrize("exclusive", [False, True], ids=["new first", "old first"])
async def test_a_restart_replaces_the_processes_and_turns_nobody_away(recorder: Recorder, exclusive: bool) -> None:
    async with grouped(recorder, exclusive=exclusive) as group:
        before = group.pids
        over = asyncio.Event()

        async def knock() -> list[int]:
            found = []
            while not over.is_set():
                found.append(pid_of(await get(group.port.number, "/x")))
            return found

        knocking = [asyncio.create_task(knock()) for _ in range(3)]
        await group.restart()
        over.set()
        answered = {pid for found in await asyncio.gather(*knocking) for pid in found}

        assert answered <= {*before, *group.pids}
        assert set(before).isdisjoint(group.pids)
        assert pid_of(await get(group.port.number, "/x")) in group.pids


async def test_processes_that_must_be_alone_never_overlap(recorder: Recorder) -> None:
    async with grouped(recorder, exclusive=True) as group:
        old = group.pids[0]
        restarting = asyncio.create_task(group.restart())
        await recorder.seen("users ready", 2)

        with pytest.raises(ProcessLookupError):
            os.kill(old, 0)
        await restarting


async def test_what_is_under_way_is_finished_during_a_restart(recorder: Recorder) -> None:
    async with grouped(recorder) as group:
        old = group.pids[0]
        connection = await asyncio.open_connection("127.0.0.1", group.port.number)
        held = asyncio.create_task(get(group.port.number, "/held", connection))
        await recorder.seen("users held")
        second = await asyncio.open_connection("127.0.0.1", group.port.number)
        await get(group.port.number, "/x", second)  # belongs to the old process and stays open
        restarting = asyncio.create_task(group.restart())
        await recorder.seen("users ready", 2)

        # An idle connection to the old process still works, and then asks to be closed.
        released = await get(group.port.number, "/go", second)
        assert pid_of(released) == old
        assert pid_of(await held) == old
        for _, writer in (connection, second):
            writer.close()
        await restarting
        assert old not in group.pids


async def test_a_process_that_crashes_is_started_again_at_once(recorder: Recorder) -> None:
    async with grouped(recorder) as group:
        old = group.pids[0]
        with pytest.raises(asyncio.IncompleteReadError):
            await get(group.port.number, "/crash")

        # The socket stayed open: whoever asks now waits for the new process.
        assert pid_of(await get(group.port.number, "/x")) != old
        assert group.restarts == 1
        assert group.last_error == "exit code 3: it fell over"
        assert group.state == "running"


async def test_one_that_keeps_crashing_waits_and_refuses_meanwhile(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSES", (3600.0,))
    async with grouped(recorder) as group:
        os.kill(group.pids[0], signal.SIGKILL)
        await recorder.seen("crashed")

        with pytest.raises(ConnectionRefusedError):
            await get(group.port.number, "/x")
        assert (group.state, group.last_error.partition(":")[0]) == ("restarting", "killed by SIGKILL")
        await group.restart()
        assert pid_of(await get(group.port.number, "/x")) in group.pids


async def test_one_that_cannot_be_started_again_is_tried_again(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSES", (0.0,))
    async with grouped(recorder) as group:
        launch, failures = group._launch, [OSError(11, "no more processes"), ConfigurationError("the port is gone")]  # noqa: SLF001

        async def failing() -> Process:
            if failures:
                raise failures.pop(0)
            return await launch()

        group._launch = failing  # noqa: SLF001
        os.kill(group.pids[0], signal.SIGKILL)
        await recorder.seen("crashed", 3)
        await recorder.seen("users ready", 2)

        assert group.last_error == "the port is gone"
        assert pid_of(await get(group.port.number, "/x")) in group.pids


async def test_a_restart_that_fails_half_way_is_tried_again(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSES", (0.0,))
    async with grouped(recorder, exclusive=True) as group:
        launch, failures = group._launch, [OSError(11, "no more processes")]  # noqa: SLF001

        async def failing() -> Process:
            if failures:
                raise failures.pop(0)
            return await launch()

        group._launch = failing  # noqa: SLF001
        with pytest.raises(Unavailable, match="users did not start"):
            await group.restart()
        await recorder.seen("users ready", 2)


async def test_a_process_that_dies_and_leaves_its_child_behind_is_replaced(recorder: Recorder) -> None:
    async with grouped(recorder) as group:
        old = group.pids[0]
        child = pid_of(await get(group.port.number, "/child"))  # it holds the output open
        os.kill(old, signal.SIGKILL)
        await recorder.seen("crashed")

        assert old not in group.pids
        assert pid_of(await get(group.port.number, "/x")) not in (old, child)


async def test_one_that_does_not_start_says_why(recorder: Recorder) -> None:
    port = Port(0)
    command = Command("users", ("no_such_module",), dict(os.environ))
    leash, ours = os.pipe()

    async def launch() -> Process:
        return await Process.start(command, port.open(), leash, recorder)

    group = Group(Shape("users"), port, launch, recorder)
    with pytest.raises(Unavailable, match=r"users did not start: exit code 1: .*no_such_module") as raised:
        await group.start()
    assert raised.value.service == "users"
    assert (group.state, group.pids) == ("stopped", [])
    port.release()
    os.close(leash)
    os.close(ours)


async def test_one_that_does_not_end_is_killed(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stub_services.supervisor.process.GRACE_SECONDS", 0.05)
    async with grouped(recorder) as group:
        os.kill(group.pids[0], signal.SIGSTOP)
        await group.stop()

        assert "killed" in recorder.events
        assert group.pids == []
