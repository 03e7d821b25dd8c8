"""Asking until there is an answer: repetitions, the retry budget, circuit breakers, expired tokens, tracing.

A request is repeated with the very same bytes, id and keys, at most three times with full jitter, within the
action's deadline and never before a `Retry-After`. What may have arrived and got no definite answer is unknown.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from backends.deadline import deadline, remaining
from backends.errors import InFlight, NotFound, Outcome, SessionExpired, ShopError, Unavailable
from backends.http.breaker import Breaker
from backends.http.budget import RetryBudget
from backends.http.decoding import Decode, Garbage, WebPage
from backends.http.problems import ADDRESS, STATUS, error_of, is_definite, unanswered, unknown_after, unsent
from backends.http.requests import GATEWAY, Repeat, Request
from backends.http.transport import Answer, NoAnswer, NotSent, Transport, Wire
from backends.interface import Clock, Ids
from backends.tracing import Hop, elapsed, is_recording, load, note

T = TypeVar("T")

ATTEMPTS = 3
UNSENT_ATTEMPTS = 2
"""Where nothing listens one quick repetition is enough to bridge a restart; the third would only wait."""
FIRST_DELAY = 0.1
"""Seconds; the delay before a repetition is random below a bound that doubles from here (full jitter)."""
IN_FLIGHT_SECONDS = 0.2
"""How long to wait for another request under the same key where the shop does not say."""

_SERVER_ERROR = 500
_DONE = Answer(204, {}, b"")


@dataclass(frozen=True, slots=True)
class Outside:
    """Time, chance, ids and the network: what a test or a simulation puts its own in the place of."""

    clock: Clock
    ids: Ids
    wire: Callable[[], Wire] | None = None
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random


class Calls:
    """Sends requests to one origin."""

    def __init__(
        self, origin: str, outside: Outside, *, peer: str = GATEWAY, revival: Callable[[], str] = lambda: STATUS
    ) -> None:
        """Send to `peer` at `origin`, which the command `revival` brings back where nothing listens.

        Connections, breakers and budget belong to these calls alone.
        """
        self.transport = Transport(origin, outside.wire)
        self.outside = outside
        self.peer = peer
        self.revival = revival
        self.budget = RetryBudget()
        self._breakers: dict[str, Breaker] = {}
        self.failures: dict[str, tuple[str, str]] = {}
        """Who failed when a service was asked last (itself, or whoever is between) and how, for people."""

    async def send(self, request: Request, decode: Decode[T]) -> T:
        """Return the decoded answer. Raises the ShopError that the answer, or its absence, means."""
        with deadline(remaining()):  # where nobody opened one, all attempts together get the default
            self.budget.earn()
            return await _Call(self, request, decode).result()

    def breaker(self, service: str) -> Breaker:
        """Return the breaker of a service."""
        if service not in self._breakers:
            self._breakers[service] = Breaker(self.outside.monotonic)
        return self._breakers[service]


class _Call(Generic[T]):
    """One request on its way, however often it is sent."""

    def __init__(self, calls: Calls, request: Request, decode: Decode[T]) -> None:
        self._calls = calls
        self._request = request
        self._decode = decode
        self._id = calls.outside.ids()
        self._attempts = 0
        self._free = 0
        self._allowed = ATTEMPTS
        self._token: str | None = None
        self._renewed = False
        self._may_have_arrived = False

    async def result(self) -> T:
        while True:
            try:
                return await self._attempt()
            except ShopError as error:
                if self._request.gone_is_done and self._may_have_arrived and isinstance(error, NotFound):
                    return self._decode(_DONE)
                self._may_have_arrived = self._may_have_arrived or error.outcome is Outcome.UNKNOWN
                if not await self._goes_on(error):
                    raise self._final(error) from None

    def _final(self, error: ShopError) -> ShopError:
        undecided = self._may_have_arrived and error.outcome is not Outcome.UNKNOWN and not is_definite(error)
        if undecided or isinstance(error, InFlight):
            error = unknown_after(self._request, error)
        error.request_id = error.request_id or self._id
        return error

    # --- going on ----------------------------------------------------------------------------

    async def _goes_on(self, error: ShopError) -> bool:
        """Prepare another attempt, if there may be one."""
        if isinstance(error, InFlight):
            self._free += 1
            return await self._pause(error.retry_after or IN_FLIGHT_SECONDS)
        if isinstance(error, SessionExpired):
            self._free += 1
            return await self._renew()
        applied = error.outcome is not Outcome.NOT_APPLIED
        if not error.retryable or (applied and self._request.repeat is Repeat.UNSENT):
            return False
        if self._attempts - self._free >= self._allowed or not self._calls.budget.spend():
            return False
        jitter = self._calls.outside.random() * FIRST_DELAY * 2 ** (self._attempts - 1)
        return await self._pause(jitter if error.retry_after is None else error.retry_after)

    async def _pause(self, seconds: float) -> bool:
        if seconds >= remaining():
            return False
        await self._calls.outside.sleep(seconds)
        return True

    async def _renew(self) -> bool:
        credentials = self._request.credentials
        if credentials is None or self._token is None or self._renewed:
            return False
        self._renewed = True
        try:
            self._token = await credentials.renewed(self._token)
        except ShopError as error:
            raise self._final(error) from None
        return True

    # --- one attempt -------------------------------------------------------------------------

    async def _attempt(self) -> T:
        request = self._request
        await self._identify()
        self._attempts += 1
        try:
            answer = await self._guarded()
            if not 200 <= answer.status < 300:  # noqa: PLR2004  what HTTP calls successful
                raise self._told(answer)
            return self._decode(replace(answer, repeated=True) if self._may_have_arrived else answer)
        except NotSent as failure:
            self._allowed = UNSENT_ATTEMPTS
            peer = self._calls.peer
            why = f"the shop's {peer} at {self._calls.transport.origin} cannot be reached: {failure}"
            self._calls.failures[request.service] = (peer, why)
            raise unsent(request, peer, why, self._calls.revival()) from None
        except NoAnswer as failure:
            self._calls.failures[request.service] = (
                request.service,
                f"the {request.service} service gave no answer: {failure}",
            )
            raise unanswered(request, str(failure)) from None
        except Garbage as failure:
            raise unanswered(request, str(failure), ADDRESS if isinstance(failure, WebPage) else STATUS) from None

    def _told(self, answer: Answer) -> ShopError:
        error = error_of(answer, self._request, self._calls.outside.clock())
        service = self._request.service
        if answer.status >= _SERVER_ERROR:
            plain = isinstance(error, Unavailable)  # what another error says is about that one request
            why = error.message if plain else f"the {service} service failed: it answered {answer.status}"
            self._calls.failures[service] = (service, why)
        return error

    async def _identify(self) -> None:
        """Get a token once; whoever gives tokens has tried hard enough if there is none."""
        if self._request.credentials is None or self._token is not None:
            return
        try:
            self._token = await self._request.credentials.token()
        except ShopError:
            self._allowed = 0
            raise

    async def _guarded(self) -> Answer:
        """Send it, unless the time is over or the service's circuit is open."""
        service = self._request.service
        if not (seconds := remaining()):
            raise self._hopeless(f"there was no time left to ask the {service} service")
        breaker = self._calls.breaker(service)
        if (turn := breaker.admit()) is None:
            raise self._left_alone()
        worked = None
        try:
            answer = await self._traced(seconds)
            worked = answer.status < _SERVER_ERROR
        except (NotSent, NoAnswer):
            worked = False
            raise
        finally:
            breaker.report(turn, worked=worked)
        return answer

    def _left_alone(self) -> Unavailable:
        service = self._request.service
        culprit, why = self._calls.failures.get(service, (service, f"the {service} service failed"))
        hint = self._calls.revival() if culprit == self._calls.peer else STATUS
        return self._hopeless(f"{why}; it is left alone for a moment", culprit, hint)

    def _hopeless(self, message: str, culprit: str | None = None, hint: str = STATUS) -> Unavailable:
        self._allowed = 0
        return Unavailable(message, hint=hint, service=culprit or self._request.service)

    async def _traced(self, seconds: float) -> Answer:
        """Send it once, and note the hop to the gateway, whatever becomes of it."""
        began = elapsed()
        status, hops = "cancelled", ""
        try:
            answer = await self._sent(seconds)
            status, hops = str(answer.status), answer.headers.get("shop-trace", "")
        except (NotSent, NoAnswer) as failure:
            status = str(failure)
            raise
        finally:
            if is_recording():
                action, took = self._request.action, elapsed() - began
                note(Hop("shop", self._calls.peer, action, status, began, took, self._attempts, load(hops)))
        return answer

    async def _sent(self, seconds: float) -> Answer:
        request = self._request
        headers = {**request.headers, "x-request-id": self._id, "shop-timeout": f"{seconds:.3f}"}
        if request.body is not None:
            headers["content-type"] = "application/json"
        if self._token is not None:
            headers["authorization"] = f"Bearer {self._token}"
        if is_recording():
            headers["shop-trace"] = "1"
        return await self._calls.transport.send(
            request.method, request.path, headers=headers, body=request.body, seconds=seconds
        )
