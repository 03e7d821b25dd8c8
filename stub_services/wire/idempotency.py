"""The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header).

The key takes effect in the same commit as the request (`stub_services.idempotency`); here the answer is kept, to
be given again byte by byte, and a repetition that comes while the first is under way is asked to wait.
"""

import hashlib
import json
import re
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, Protocol

from starlette.requests import Request

from backends.errors import InFlight, ShopError
from stub_services.caller import Caller
from stub_services.database import Store
from stub_services.idempotency import ANYBODY, Once, Requests, scope_of
from stub_services.wire.endpoint import Endpoint
from stub_services.wire.problems import Malformed

KEY = "[A-Za-z0-9._~-]{1,64}"
_RETRY_SECONDS = 1.0
_SECRETS = frozenset(("password", "old", "new"))
"""What no fingerprint is made of: a digest of a password could be guessed."""


def once_of(endpoint: Endpoint, caller: Caller, request: Request, body: bytes) -> Once | None:
    """Return the request's key where one is required. Raises Malformed without one."""
    if not endpoint.keyed:
        return None
    keys = request.headers.getlist("idempotency-key")
    if len(keys) != 1 or not re.fullmatch(KEY, keys[0]):
        raise Malformed("this needs an Idempotency-Key of 1 to 64 letters, digits and ._~-")
    return Once(scope_of(caller), keys[0], _fingerprint(endpoint, body))


def _fingerprint(endpoint: Endpoint, body: bytes) -> str:
    asked = {name: value for name, value in json.loads(body).items() if name not in _SECRETS}
    text = json.dumps([endpoint.method, endpoint.path, asked], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Work(Protocol):
    """What a request asks for."""

    async def __call__(self, *, repeated: bool = False) -> bytes:
        """Do it, or say what became of it if it is known to have taken effect."""


class Keys:
    """Answers that were given under a key."""

    def __init__(self, store: Store[Requests]) -> None:
        """Keep answers in the service's own database."""
        self._store = store
        self._in_flight: set[tuple[str, str]] = set()

    async def answer(self, once: Once, headers: dict[str, str], work: Work) -> bytes:
        """Return the answer of `work`, or the one that was given before. Raises InFlight, KeyReused.

        `work` adds to `headers`; what it added comes back with its answer.
        """
        place = (once.scope, once.key)
        if place in self._in_flight:
            msg = "the same request is still being worked on"
            raise InFlight(msg, retry_after=_RETRY_SECONDS)
        self._in_flight.add(place)
        try:
            done, kept = await self._known(once)
            if kept is None:
                return await self._kept(once, headers, work(repeated=done))
            headers |= kept["headers"]
            return str(kept["body"]).encode()
        finally:
            self._in_flight.discard(place)

    async def _known(self, once: Once) -> tuple[bool, dict[str, Any] | None]:
        """Return whether the request took effect, and what was answered then."""
        async with self._store.read() as requests:
            if not await requests.took_effect(once):
                return False, None
            answer = await requests.answer(once)
        return True, None if answer is None else json.loads(answer)

    async def _kept(self, once: Once, headers: dict[str, str], work: Awaitable[bytes]) -> bytes:
        answer = await work
        if once.scope == ANYBODY:
            return answer  # it holds an address, and nobody could delete it with the account; it can be made again
        with suppress(ShopError):  # it took effect, which is noted; a repetition then gets the answer of that day
            async with self._store.write() as requests:
                await requests.keep(once, json.dumps({"headers": headers, "body": answer.decode()}))
        return answer
