"""What a target may do to every request that is sent to it, by whoever."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from types import TracebackType

import httpx

from tests.wire.world import World

SLOW_SECONDS = 1.5
TOO_MANY = 2
"""So many requests of a method are told to come back later."""
_PROBLEM = b'{"type": "about:blank", "title": "Internal Server Error", "status": 500}'
_PAGE = b"<!doctype html><title>Welcome</title><h1>It works!</h1>"

Next = Callable[[httpx.Request], Awaitable[httpx.Response]]
Failure = Callable[[int, httpx.Request, Next], Awaitable[httpx.Response]]
"""Answers the n-th request of its method, which `Next` would hand over to the target."""


async def stopped(n: int, request: httpx.Request, hand_over: Next) -> httpx.Response:
    raise httpx.ConnectError("the connection was refused")


async def hung(n: int, request: httpx.Request, hand_over: Next) -> httpx.Response:
    return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]  # nobody ever answers


async def slow(n: int, request: httpx.Request, hand_over: Next) -> httpx.Response:
    await asyncio.sleep(SLOW_SECONDS)
    return await hand_over(request)


async def failing(n: int, request: httpx.Request, hand_over: Next) -> httpx.Response:
    if n % 2:
        return httpx.Response(500, headers={"content-type": "text/html"}, content=_PAGE)
    return httpx.Response(500, headers={"content-type": "application/problem+json"}, content=_PROBLEM)


async def crowded(n: int, request: httpx.Request, hand_over: Next) -> httpx.Response:
    if n < TOO_MANY:
        return httpx.Response(429, headers={"retry-after": "1"}, content=b"Too many requests")
    return await hand_over(request)


async def garbage(n: int, request: httpx.Request, hand_over: Next) -> httpx.Response:
    """Half of the answer to what was really done, or a page of somebody else."""
    if n % 2:
        return httpx.Response(200, headers={"content-type": "text/html"}, content=_PAGE)
    whole = (await hand_over(request)).content or b"{}"
    return httpx.Response(200, headers={"content-type": "application/json"}, content=whole[: len(whole) // 2])


async def request_lost(n: int, request: httpx.Request, hand_over: Next) -> httpx.Response:
    if n == 0:
        raise httpx.WriteError("the connection was reset")
    return await hand_over(request)


async def answer_lost(n: int, request: httpx.Request, hand_over: Next) -> httpx.Response:
    answer = await hand_over(request)
    if n == 0:
        raise httpx.RemoteProtocolError("the server disconnected without an answer")
    return answer


FAILURES: dict[str, Failure] = {
    "stopped": stopped,
    "hung": hung,
    "slow": slow,
    "500": failing,
    "429": crowded,
    "garbage": garbage,
    "request lost": request_lost,
    "answer lost": answer_lost,
}


class Failing:
    """A world in which one target fails inside the block."""

    def __init__(self, world: World, target: str, failure: Failure) -> None:
        self._world = world
        self._target = target
        self._failure = failure
        self._numbers: defaultdict[str, Iterator[int]] = defaultdict(count)

    def __enter__(self) -> None:
        self._world.carry = self._carry

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._world.carry = self._world.transmit

    async def _carry(self, caller: str, target: str, request: httpx.Request) -> httpx.Response:
        if target != self._target:
            return await self._world.transmit(caller, target, request)
        return await self._failure(
            next(self._numbers[request.method]),
            request,
            lambda given: self._world.transmit(caller, target, given),
        )
