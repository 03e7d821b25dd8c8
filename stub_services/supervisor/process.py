"""One process of a service: started on a shared socket, watched, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stub_services.supervisor.leash import GRACE_SECONDS

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from stub_services.supervisor.logs import LogStream

_LINE_BYTES = 1 << 20
_PATIENCE_SECONDS = 2.0
_PASSING = ("unavailable", "locked")
_LEASH = "stub_services.supervisor.leash"


@dataclass(frozen=True, slots=True)
class Command:
    """What a service's process runs, and what it gets."""

    service: str
    module: tuple[str, ...]
    environment: Mapping[str, str]


class Process:
    """A running process; `start` makes one."""

    def __init__(
        self, service: str, process: asyncio.subprocess.Process, output: asyncio.StreamReader, log: LogStream
    ) -> None:
        """Watch `process` and what it writes to `output`."""
        self.service = service
        self.pid = process.pid
        self.ready = asyncio.Event()
        """Set when the process said so itself, by the event `ready` in its log."""
        self.reason = ""
        """Why it cannot use its database, as it said itself before it was ready ..."""
        self.hint: str | None = None
        """... and what helps."""
        self.is_stopping = False
        self._trouble = asyncio.Event()
        self._process = process
        self._log = log
        self._last_line = ""
        self._ended = asyncio.create_task(self._watch(output))

    @classmethod
    async def start(cls, command: Command, listener: socket.socket, leash: int, log: LogStream) -> Process:
        """Start it on a listening socket; `leash` is the pipe whose end tells it that we are gone."""
        descriptor = listener.fileno()
        output, theirs = await _pipe()
        try:
            started = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                _LEASH,
                str(descriptor),
                *command.module,
                env=dict(command.environment),
                pass_fds=(descriptor,),
                stdin=leash,
                stdout=theirs,
                stderr=theirs,
                # Ctrl-C goes to a terminal's whole group: here only the supervisor hears it, and stops all in order.
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        return cls(command.service, started, output, log)

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return not self._ended.done()

    async def ended(self) -> str:
        """Wait for its end, and return how it ended, for people."""
        return await asyncio.shield(self._ended)

    async def failed(self) -> str:
        """Wait until it has ended or cannot use its database, and return why, for people."""
        trouble = asyncio.create_task(self._trouble.wait())
        try:
            await asyncio.wait((self._ended, trouble), return_when=asyncio.FIRST_COMPLETED)
        finally:
            trouble.cancel()
        return self.reason or self._ended.result()

    async def stop(self, number: int = signal.SIGTERM) -> None:
        """Let it finish what is under way and end; it is killed after `GRACE_SECONDS`."""
        self.is_stopping = True
        # Until it is ready it may not have a handler for anything else, and would die with a traceback.
        self._send(number if self.ready.is_set() else signal.SIGTERM)
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                await self.ended()
        except TimeoutError:
            self._log.say("killed", "warning", of=self.service, pid=self.pid)
            self.kill()
            await self.ended()

    def kill(self) -> None:
        """Kill it and all that it started."""
        self.is_stopping = True
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def _watch(self, output: asyncio.StreamReader) -> str:
        reading = asyncio.create_task(self._read(output))
        code = await self._process.wait()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # what it started and left behind (nginx), which holds `output` open
        await asyncio.wait((reading,), timeout=GRACE_SECONDS)
        reading.cancel()  # something outside of its group holds it still
        return f"{_ending(code)}: {self._last_line}" if self._last_line and code else _ending(code)

    async def _read(self, output: asyncio.StreamReader) -> None:
        while line := await self._line(output):
            self._note(self._log.passed_on(self.service, line))
            self._last_line = line.decode("utf-8", "replace").strip() or self._last_line

    def _note(self, said: Mapping[str, Any]) -> None:
        match said.get("event"):
            case "ready":
                self.ready.set()
            case "database" if not self.ready.is_set() and not self.reason:
                self._in_trouble(said)

    def _in_trouble(self, said: Mapping[str, Any]) -> None:
        """Note why it cannot use its database; one that others are busy with, or that just starts, may pass."""
        self.reason, self.hint = str(said.get("error", "")), said.get("hint")
        patience = _PATIENCE_SECONDS if said.get("code") in _PASSING else 0.0
        asyncio.get_running_loop().call_later(patience, self._trouble.set)

    @staticmethod
    async def _line(stream: asyncio.StreamReader) -> bytes:
        try:
            return await stream.readline()
        except ValueError:  # longer than _LINE_BYTES: a part of it is gone, the next one comes
            return b"(a line that is too long)\n"


async def _pipe() -> tuple[asyncio.StreamReader, int]:
    """Return the end to read and the descriptor to write to.

    Not asyncio's own (`stdout=PIPE`): with it, `wait` waits for the end of the output as well.
    """
    ours, theirs = os.pipe()
    reader = asyncio.StreamReader(limit=_LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb", buffering=0)
    )
    return reader, theirs


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
