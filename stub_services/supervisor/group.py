"""A service's processes: one or several on one listening socket."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backends.errors import ShopError, Unavailable
from stub_services.supervisor.readiness import until_it_answers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any

    from stub_services.supervisor.logs import LogStream
    from stub_services.supervisor.ports import Port
    from stub_services.supervisor.process import Process

STATUS = "shop services status"
START_SECONDS = 20.0
"""How long processes may take until they are ready."""
WORD_SECONDS = 3.0
"""How long a new process may take to say that it is ready while old ones still answer on the same socket."""
PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds before a process that crashed is started again: the first time at once."""
CALM_SECONDS = 60.0
"""A process that lived this long starts a new row of pauses."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A service and its processes."""

    service: str
    count: int = 1
    exclusive: bool = False
    """They must be alone on their database (SQLite), so the old ones go before the new ones come."""


class Group:
    """The processes of one service, replaced when they crash.

    Stopping closes the socket, so that connections are refused. A restart keeps it open: whoever connects meanwhile
    is served by the old processes or waits for the new ones.
    """

    def __init__(self, shape: Shape, port: Port, launch: Callable[[], Awaitable[Process]], log: LogStream) -> None:
        """Prepare; `launch` starts one process on the port's socket."""
        self.service = shape.service
        self.port = port
        self.restarts = 0
        """How many crashed processes were replaced."""
        self.last_error = ""
        self._shape = shape
        self._launch = launch
        self._log = log
        self._processes: list[Process] = []
        self._watchers: set[asyncio.Task[None]] = set()
        self._state = "stopped"
        self._crashes = 0
        self._turn = asyncio.Lock()

    @property
    def pids(self) -> list[int]:
        """The processes that run now."""
        return [process.pid for process in self._processes if process.is_alive]

    @property
    def state(self) -> str:
        """`running`, `stopped` or `restarting`; the last one also while a crashed service waits for its next try."""
        return "restarting" if self._state == "running" and not self.pids else self._state

    async def start(self) -> None:
        """Start, and wait until it is ready; idempotent. Raises Unavailable, and is stopped then."""
        async with self._turn:
            if self._state == "stopped":
                await self._begun()

    async def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop, and refuse connections; idempotent."""
        async with self._turn:
            await self._end(number)

    async def restart(self) -> None:
        """Replace all processes; ready when it returns. Raises Unavailable."""
        async with self._turn:
            if self._state == "stopped":
                await self._begun()
                return
            self._state = "restarting"
            try:
                await (self._old_first() if self._shape.exclusive else self._new_first())
            finally:
                self._state = "running"

    async def _begun(self) -> None:
        self._state, self._crashes = "running", 0
        self.port.open()
        try:
            fresh = await self._launched()
            await self._until_ready(fresh, alone=True)
        except BaseException:
            await self._end(signal.SIGTERM)
            raise

    async def _end(self, number: int) -> None:
        self._state = "stopped"
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        self._watchers.clear()
        old, self._processes = self._processes, []
        await asyncio.gather(*(process.stop(number) for process in old))
        self.port.close()

    async def _old_first(self) -> None:
        old, self._processes = self._processes, []
        await asyncio.gather(*(process.stop() for process in old))
        try:
            fresh = await self._launched()
        except ShopError as error:
            self._spawn(self._refilled(self._crashed(error.message)))
            raise
        await self._until_ready(fresh, alone=True)

    async def _new_first(self) -> None:
        old = self._processes
        fresh = await self._launched()
        try:
            await self._until_ready(fresh, alone=False)
        except Unavailable:
            self._processes = old  # the new ones do not work: the old ones go on
            await asyncio.gather(*(process.stop() for process in fresh))
            raise
        await asyncio.gather(*(process.stop() for process in old))
        await self._until_ready(fresh, alone=True)

    async def _launched(self) -> list[Process]:
        fresh: list[Process] = []
        try:
            for _ in range(self._shape.count):
                fresh.append(await self._one())  # noqa: PERF401 - those that did start are stopped below
        except BaseException:
            await asyncio.gather(*(process.stop() for process in fresh))
            raise
        self._processes = [*fresh]
        for process in fresh:
            self._spawn(self._replaced(process))
        return fresh

    async def _until_ready(self, fresh: list[Process], *, alone: bool) -> None:
        """Wait for the processes' own word; where nobody else answers on the socket, for its answer as well.

        Raises Unavailable if one of them ends before, or cannot use its database, or if it takes too long.
        """
        ends = [asyncio.create_task(process.failed()) for process in fresh]
        ready = asyncio.create_task(self._ready(fresh, alone=alone))
        try:
            async with asyncio.timeout(START_SECONDS):
                done, _ = await asyncio.wait((ready, *ends), return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            why = next((f": {process.reason}" for process in fresh if process.reason), "")
            raise self._failed(f"was not ready after {START_SECONDS:.0f} s{why}") from None
        finally:
            for task in (ready, *ends):
                task.cancel()
        if ready not in done:
            why = next(task.result() for task in ends if task in done)
            raise self._failed(f"did not start: {why}", next((each.hint for each in fresh if each.hint), None))

    async def _ready(self, fresh: list[Process], *, alone: bool) -> None:
        if alone:
            await until_it_answers(self.port.number)
            return
        try:
            async with asyncio.timeout(WORD_SECONDS):
                await asyncio.gather(*(process.ready.wait() for process in fresh))
        except TimeoutError:  # the socket stays open, so connections would wait and not be refused: go on
            self._log.say(
                "unsure", "warning", of=self.service, text="the new processes did not say that they are ready"
            )

    def _failed(self, what: str, hint: str | None = None) -> Unavailable:
        self.last_error = what
        return Unavailable(f"{self.service} {what}", hint=hint or STATUS, service=self.service)

    def _spawn(self, watching: Coroutine[Any, Any, None]) -> None:
        watcher = asyncio.create_task(watching)
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)

    async def _replaced(self, process: Process) -> None:
        """Wait for the end of a process; if nobody asked for it, start another one."""
        began = time.monotonic()
        ending = await process.ended()
        async with self._turn:  # a start or restart that is under way finds out by itself
            if process.is_stopping or process not in self._processes:
                return
            self._processes.remove(process)
            self._crashes = 0 if time.monotonic() - began > CALM_SECONDS else self._crashes
            self.restarts += 1
            pause = self._crashed(ending, process.pid)
        await self._refilled(pause)

    async def _refilled(self, pause: float) -> None:
        """Start a process after so many seconds where one is missing; as often as it takes."""
        while True:
            await asyncio.sleep(pause)
            async with self._turn:
                if len(self._processes) >= self._shape.count:
                    return
                try:
                    await self._one_more()
                except ShopError as error:
                    pause = self._crashed(error.message)
                else:
                    return

    def _crashed(self, ending: str, pid: int | None = None) -> float:
        """Note a crash, and return how many seconds to wait before the next try."""
        pause = PAUSES[min(self._crashes, len(PAUSES) - 1)]
        self._crashes += 1
        self.last_error = ending
        self._log.say("crashed", "error", of=self.service, pid=pid, error=ending, again_in=pause)
        if pause and not self.pids:
            self.port.close()  # nobody will answer for a while: better refused than waiting
        return pause

    async def _one_more(self) -> None:
        self.port.open()
        fresh = await self._one()
        self._processes.append(fresh)
        self._spawn(self._replaced(fresh))

    async def _one(self) -> Process:
        try:
            return await self._launch()
        except OSError as error:  # no more processes, memory or descriptors
            raise self._failed(f"did not start: {error.strerror or error}") from error
