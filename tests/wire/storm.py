"""A network, and processes, in which everything goes wrong that can, by a seeded plan."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from dataclasses import asdict, dataclass, fields
from random import Random
from typing import Any

import httpx

from backends.interface import SERVICES
from tests.wire.people import Killed
from tests.wire.world import World

LATE_SECONDS = (0.3, 15.0)
"""How much later a request arrives; whoever sent it waits for two to ten seconds."""
SLOW_SECONDS = (0.2, 5.0)
DOWN_SECONDS = (0.05, 6.0)
_PAGE = b"<!doctype html><title>Bad gateway</title>"


@dataclass(frozen=True)
class Rates:
    """How often each fault happens: at each request, `crash` at each commit, `killed` at each step of a client."""

    refused: float = 0.01
    request_lost: float = 0.01
    answer_lost: float = 0.02
    late: float = 0.015
    very_late: float = 0.01
    doubled: float = 0.02
    failing: float = 0.01
    garbage: float = 0.01
    slow: float = 0.01
    dies: float = 0.004
    crash: float = 0.015
    killed: float = 0.006


def moody(random: Random) -> Rates:
    """Return rates that differ from seed to seed: each fault is absent, usual or frequent (swarm testing)."""
    return Rates(**{fault: rate * random.choice((0, 1, 1, 4)) for fault, rate in asdict(Rates()).items()})


CALM = Rates(*(0.0 for _ in fields(Rates)))


class Storm:
    """Stands where the network of `world` was."""

    def __init__(self, world: World, rates: Rates | None = None) -> None:
        self._world = world
        self._random = world.random
        self._rates = rates or moody(world.random)
        self._letters: list[tuple[str, str, httpx.Request]] = []
        self._beside: set[asyncio.Task[object]] = set()
        self._loop = asyncio.get_running_loop()
        self.blows = True
        world.carry = self.carry
        world.may_die = self._may_crash

    def chance(self, fault: str) -> bool:
        """Whether the plan wants this fault here."""
        return self.blows and self._random.random() < getattr(self._rates, fault)

    def may_be_killed(self) -> None:
        """End a client here if the plan says so."""
        if self.chance("killed"):
            raise Killed

    async def calm_down(self) -> None:
        """End all faults; whoever is down comes back. What is very late is still to come."""
        self.blows = False
        await asyncio.sleep(DOWN_SECONDS[1])

    async def deliver(self) -> None:
        """Let what is very late arrive, in any order; nobody waits for the answers any more."""
        letters, self._letters = self._letters, []
        self._random.shuffle(letters)
        for letter in letters:
            self._send_later(0, *letter)
            await asyncio.sleep(self._random.choice((0, 0.01, 1.0)))

    async def carry(self, caller: str, target: str, request: httpx.Request) -> httpx.Response:
        """Carry a request, or what becomes of it."""
        for name in ("refused", "request_lost", "late", "very_late", "failing", "garbage", "slow", "dies", "doubled"):
            if self.chance(name):
                return await self._faults[name](self, caller, target, request)  # type: ignore[no-any-return]
        answer = await self._world.transmit(caller, target, request)
        if self.chance("answer_lost"):
            raise httpx.ReadError("the connection was reset")
        return answer

    # --- faults ------------------------------------------------------------------------------

    async def _refused(self, caller: str, target: str, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("the connection was refused")

    async def _request_lost(self, caller: str, target: str, request: httpx.Request) -> httpx.Response:
        raise httpx.WriteError("the connection was reset")

    async def _late(self, caller: str, target: str, request: httpx.Request) -> httpx.Response:
        self._send_later(self._random.uniform(*LATE_SECONDS), caller, target, request)
        return await self._silence()

    async def _very_late(self, caller: str, target: str, request: httpx.Request) -> httpx.Response:
        self._letters.append((caller, target, request))
        return await self._silence()

    async def _failing(self, caller: str, target: str, request: httpx.Request) -> httpx.Response:
        """A proxy says so, before or after somebody has done it."""
        if self._random.random() < 0.5:
            await self._world.transmit(caller, target, request)
        status = self._random.choice((500, 502, 503, 504))
        return httpx.Response(status, headers={"content-type": "text/html"}, content=_PAGE)

    async def _garbage(self, caller: str, target: str, request: httpx.Request) -> httpx.Response:
        if self._random.random() < 0.3:
            return httpx.Response(200, headers={"content-type": "text/html"}, content=_PAGE)
        answer = await self._world.transmit(caller, target, request)
        half = answer.content[: len(answer.content) // 2]
        kind = answer.headers.get("content-type", "text/plain")
        return httpx.Response(answer.status_code, headers={"content-type": kind}, content=half)

    async def _slow(self, caller: str, target: str, request: httpx.Request) -> httpx.Response:
        before = self._random.random() < 0.5
        seconds = self._random.uniform(*SLOW_SECONDS)
        if before:
            self._send_later(seconds, caller, target, request)  # it arrives, whether anybody still waits or not
            await asyncio.sleep(seconds)
            raise httpx.ReadError("the connection was reset")
        answer = await self._world.transmit(caller, target, request)
        await asyncio.sleep(seconds)
        return answer

    async def _dies(self, caller: str, target: str, request: httpx.Request) -> httpx.Response:
        """The process ends while the request is under way."""
        self._loop.call_later(self._random.choice((0, 0, 0.05)), self._crash, target)
        return await self._world.transmit(caller, target, request)

    async def _doubled(self, caller: str, target: str, request: httpx.Request) -> httpx.Response:
        """It arrives twice.

        A person's request only if it worked: of what was answered "nothing happened" no second copy may be on its
        way, or nobody could ever say so (who sends a second one by himself knows of it: it is a repetition).
        """
        seconds = self._random.choice((0, 0, 0.5, 4.0))
        if caller in SERVICES:
            self._send_later(seconds, caller, target, request)
            return await self._world.transmit(caller, target, request)
        answer = await self._world.transmit(caller, target, request)
        if answer.is_success:
            self._send_later(seconds, caller, target, request)
        return answer

    _faults: dict[str, Callable[..., Any]] = {  # noqa: RUF012  a table, never changed
        "refused": _refused,
        "request_lost": _request_lost,
        "late": _late,
        "very_late": _very_late,
        "failing": _failing,
        "garbage": _garbage,
        "slow": _slow,
        "dies": _dies,
        "doubled": _doubled,
    }

    # --- inside ------------------------------------------------------------------------------

    async def _silence(self) -> httpx.Response:
        """What a sender hears whose request goes astray: the connection breaks, or nothing at all."""
        if self._random.random() < 0.5:
            raise httpx.ReadError("the connection was reset")
        return await self._loop.create_future()  # type: ignore[no-any-return]  # until its patience ends

    def _send_later(self, seconds: float, caller: str, target: str, request: httpx.Request) -> None:
        copy = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)

        async def send() -> None:
            await asyncio.sleep(seconds)
            try:
                await self._world.transmit(caller, target, copy)
            except httpx.TransportError:
                return

        task = self._loop.create_task(send(), context=Context())
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    def _may_crash(self, service: str) -> bool:
        """Whether the process ends here, at a commit."""
        if not self.chance("crash"):
            return False
        self._crash(service)
        return True

    def _crash(self, name: str) -> None:
        process = self._world.processes[name]
        if not (process.is_up and self.blows):
            return
        self._world.kill(name)
        self._loop.call_later(self._random.uniform(*DOWN_SECONDS), self._begin, name)

    def _begin(self, name: str) -> None:
        if not self._world.processes[name].is_up:
            self._world.begin(name)

    async def stop(self) -> None:
        """Forget what is still under way."""
        for task in tuple(self._beside):
            task.cancel()
        await asyncio.sleep(0)
