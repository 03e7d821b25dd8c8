"""Access tokens: who is logged in, for ten minutes, without asking UserService.

JSON web tokens in the manner of RFC 9068 (without `aud`, `client_id` and `jti`: there is one audience, one client, and
nobody revokes a single token), EdDSA by RFC 8037. UserService signs them and publishes its keys (RFC 7517); the others
verify, and go on while it is down.
"""

import asyncio
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from backends.errors import LoginRequired, SessionExpired, Unavailable
from backends.interface import Clock
from stub_services.caller import Caller

LIFE = timedelta(minutes=10)
LEEWAY = timedelta(seconds=30)
"""How far two clocks may differ."""
ISSUER = "shop"
TYPE = "at+jwt"
ALGORITHM = "EdDSA"
MAX_TOKEN = 2048
"""Characters; ours have about 400."""
MAX_PROVEN = 4096
"""Tokens whose signature need not be checked again."""
LOOK_FIRST_SECONDS = 0.5
LOOK_AGAIN_SECONDS = 5.0
"""How often an unknown key may send somebody to UserService: the key's id comes from whoever sends the token."""

_CLAIMS = ["iss", "sub", "sid", "iat", "exp"]
_COMPACT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
"""The only way to write a token (RFC 7515, 7.1): Python's base64 skips what is not of its alphabet."""


def make_key() -> tuple[str, str]:
    """Return a new key's id and its PEM."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secrets.token_hex(8), pem.decode()


class Signer:
    """Signs access tokens with the newest of UserService's keys."""

    def __init__(self, keys: dict[str, str], *, clock: Clock) -> None:
        """Use `keys` (PEM by id), the newest first."""
        self._keys = {key_id: _private(pem) for key_id, pem in keys.items()}
        self._newest = next(iter(self._keys))
        self._clock = clock

    def sign(self, user_id: str, session_id: str) -> tuple[str, datetime]:
        """Return an access token and when it ends."""
        now = self._clock()
        claims = {"iss": ISSUER, "sub": user_id, "sid": session_id, "iat": int(now.timestamp())}
        ends = now + LIFE
        token = jwt.encode(
            {**claims, "exp": int(ends.timestamp())},
            self._keys[self._newest],
            ALGORITHM,
            headers={"typ": TYPE, "kid": self._newest},
        )
        return token, ends

    def published(self) -> list[dict[str, Any]]:
        """Return the public keys (RFC 7517)."""
        return [
            {**json.loads(OKPAlgorithm.to_jwk(key.public_key())), "kid": key_id, "use": "sig", "alg": ALGORITHM}
            for key_id, key in self._keys.items()
        ]


class Verifier:
    """Verifies access tokens with keys that it fetches from UserService when it meets an unknown one."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[list[dict[str, Any]]]],
        *,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`fetch` returns the published keys, or raises ShopError."""
        self._fetch = fetch
        self._clock = clock
        self._monotonic = monotonic
        self._keys: dict[str, jwt.PyJWK] = {}
        self._looked_at: float | None = None
        self._looking = asyncio.Lock()
        self._proven: dict[str, dict[str, Any]] = {}

    async def verify(self, token: str) -> Caller:
        """Who sent it. Raises SessionExpired for one that has ended, LoginRequired for one that is none."""
        claims = self._proven.get(token)
        if claims is None:
            claims = _claims(token, await self._key(_key_id(token)))
        self._check_times(claims)
        self._remember(token, claims)
        return Caller(user_id=claims["sub"], session_id=claims["sid"])

    async def prepare(self) -> None:
        """Fetch the keys before they are needed: UserService may be down then. Raises Unavailable."""
        if not self._keys:
            await self._look()

    def _remember(self, token: str, claims: dict[str, Any]) -> None:
        """Keep what was proven: proving takes 119 us, looking it up 2, and a checkout brings one token five times."""
        if len(self._proven) >= MAX_PROVEN:
            self._proven.clear()
        self._proven[token] = claims

    def _check_times(self, claims: dict[str, Any]) -> None:
        issued, ends = claims["iat"], claims["exp"]
        if not (type(issued) is int and type(ends) is int and 0 < ends - issued <= LIFE.total_seconds()):
            raise _no_token()
        now, leeway = self._clock().timestamp(), LEEWAY.total_seconds()
        if issued > now + leeway:
            raise _no_token()
        if ends <= now - leeway:
            msg = "the access token has ended"
            raise SessionExpired(msg)

    async def _key(self, key_id: str) -> jwt.PyJWK:
        if key_id not in self._keys:
            await self._look()
        if key_id not in self._keys:
            raise _no_token()
        return self._keys[key_id]

    async def _look(self) -> None:
        async with self._looking:  # whoever comes meanwhile waits for the same answer
            pause = LOOK_AGAIN_SECONDS if self._keys else LOOK_FIRST_SECONDS
            if self._looked_at is None or self._monotonic() - self._looked_at >= pause:
                with suppress(Unavailable):
                    self._keys = _public(await self._fetch())
                    self._proven.clear()
                self._looked_at = self._monotonic()
        if not self._keys:
            msg = "UserService, which knows whose session it is, cannot be reached"
            raise Unavailable(msg, service="users")


def _public(published: list[dict[str, Any]]) -> dict[str, jwt.PyJWK]:
    try:
        return {str(key["kid"]): jwt.PyJWK(key, ALGORITHM) for key in published}
    except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
        msg = "UserService answered with keys that are none"
        raise Unavailable(msg, service="users") from error


def _claims(token: str, key: jwt.PyJWK) -> dict[str, Any]:
    """Return what a token says, if its signature holds and nothing is missing; times are not judged here."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            # Time is judged by the clock that was given; PyJWT only knows the machine's.
            options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.InvalidTokenError:
        raise _no_token() from None
    if not (isinstance(claims["sub"], str) and isinstance(claims["sid"], str) and claims["sub"] and claims["sid"]):
        raise _no_token()
    return claims


def _private(pem: str) -> Ed25519PrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("a signing key is no Ed25519 key")
    return key


def _key_id(token: str) -> str:
    """Return the key that the token names, if it is one of ours by its header."""
    try:
        header = jwt.get_unverified_header(token) if len(token) <= MAX_TOKEN and _COMPACT.fullmatch(token) else {}
    except jwt.InvalidTokenError:
        header = {}
    key_id = header.get("kid")
    if header.get("typ") != TYPE or header.get("alg") != ALGORITHM or not isinstance(key_id, str):
        raise _no_token()
    return key_id


def _no_token() -> LoginRequired:
    return LoginRequired("this is no access token of this shop")
