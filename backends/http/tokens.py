"""The account's access token, renewed in time.

While it lives nobody needs UserService, so a renewal that fails early on is no failure. Renewing is done once at a
time in this process; another process may be faster, and what it stored counts.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from backends.deadline import remaining
from backends.errors import LoginRequired, OutcomeUnknown, SessionExpired, ShopError, Unavailable
from backends.http.models import Grant
from backends.http.sessions import BoundSessions, expiry, sendable
from backends.interface import Clock

MARGIN = timedelta(seconds=30)
"""How long before its end a token is renewed."""
EARLY_SECONDS = 2.0
"""How long an early renewal may take: the old token is still good."""

Refresh = Callable[[str], Awaitable[Grant]]
"""Trades a refresh token for new tokens at UserService."""


class AccountTokens:
    """`Credentials` of whoever is logged in."""

    def __init__(self, sessions: BoundSessions, refresh: Refresh, *, clock: Clock) -> None:
        """Keep tokens in `sessions`, and renew them with `refresh`."""
        self._sessions = sessions
        self._refresh = refresh
        self._clock = clock
        self._flight: asyncio.Task[str] | None = None
        self._failed_early: str | None = None

    async def token(self) -> str:
        """Return an access token. Raises LoginRequired, SessionExpired, Unavailable if UserService is down."""
        stored = self._sessions.read()
        access = sendable(stored.get("access"))
        if access is None:
            return await self.renewed("") if sendable(stored.get("refresh")) else _nobody()
        ends = expiry(stored)
        left = timedelta(0) if ends is None else ends - self._clock()
        if left > MARGIN:
            return access
        if left <= timedelta(0):
            return await self.renewed(access)
        return await self._renewed_early(access)

    async def _renewed_early(self, access: str) -> str:
        if self._failed_early == access:
            return access
        try:
            async with asyncio.timeout(min(EARLY_SECONDS, remaining())):
                return await self.renewed(access)
        except (ShopError, TimeoutError):
            self._failed_early = access  # once is enough: from now on its end is waited for
            return access

    async def renewed(self, stale: str) -> str:
        """Return another access token than `stale`. Raises SessionExpired, Unavailable, ..."""
        loop = asyncio.get_running_loop()
        if self._flight is None or self._flight.done() or self._flight.get_loop() is not loop:
            self._flight = loop.create_task(self._renew(stale))
            self._flight.add_done_callback(_look_at)
        try:
            async with asyncio.timeout(remaining()):
                return await asyncio.shield(self._flight)  # whoever gives up waiting stops it for nobody else
        except TimeoutError:
            raise Unavailable("the session could not be renewed in time", service="users") from None

    async def _renew(self, stale: str) -> str:
        stored = self._sessions.read()
        if (access := self._other(stored, stale)) is not None:
            return access
        refresh = sendable(stored.get("refresh"))
        if refresh is None:
            return _nobody()
        try:
            grant = await self._traded(refresh)
        except ShopError as error:
            return await self._renewed_elsewhere(stale, refresh, error)
        self._sessions.replace(refresh, grant)
        return grant.access

    async def _renewed_elsewhere(self, stale: str, refresh: str, error: ShopError) -> str:
        """Use what another process stored meanwhile; otherwise it is what it was."""
        stored = self._sessions.read()
        if (access := self._other(stored, stale)) is not None:
            return access
        newer = sendable(stored.get("refresh"))
        if newer is None:
            return _nobody()
        if newer == refresh or not isinstance(error, SessionExpired):
            raise error
        grant = await self._traded(newer)
        self._sessions.replace(newer, grant)
        return grant.access

    async def _traded(self, refresh: str) -> Grant:
        try:
            return await self._refresh(refresh)
        except OutcomeUnknown as error:
            # Unknown is what became of the session. What the person wanted has surely not been sent.
            raise Unavailable(
                f"the session could not be renewed: {error.message}",
                hint="shop services status",
                service="users",
                request_id=error.request_id,
            ) from error

    def _other(self, stored: dict[str, str], stale: str) -> str | None:
        """Return an access token that somebody else stored and that is still good."""
        access, ends = sendable(stored.get("access")), expiry(stored)
        good = ends is not None and ends > self._clock()
        return access if good and access not in (None, stale) else None


def _nobody() -> str:
    raise LoginRequired("nobody is logged in (new here? shop signup)", service="users")


def _look_at(flight: asyncio.Task[str]) -> None:
    """Look at an error that perhaps nobody waits for any more, or asyncio would complain."""
    if not flight.cancelled():
        flight.exception()
