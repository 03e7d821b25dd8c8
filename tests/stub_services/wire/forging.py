"""Access tokens as somebody would make them who has no key of ours, or has an old one."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Credentials = list[tuple[bytes, bytes]]


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Mint:
    """Makes tokens with the shop's own key, and breaks one thing of each."""

    def __init__(self, key_id: str, pem: str, user_id: str, now: int) -> None:
        key = serialization.load_pem_private_key(pem.encode(), None)
        assert isinstance(key, Ed25519PrivateKey)
        self.key = key
        self.header: dict[str, Any] = {"typ": "at+jwt", "alg": "EdDSA", "kid": key_id}
        self.claims: dict[str, Any] = {"iss": "shop", "sub": user_id, "sid": "s1", "iat": now, "exp": now + 600}

    def token(
        self,
        claims: Mapping[str, Any] | bytes | None = None,
        header: Mapping[str, Any] | bytes | None = None,
        sign: Callable[[bytes], bytes] | None = None,
    ) -> str:
        first = header if isinstance(header, bytes) else json.dumps(self.header | dict(header or {})).encode()
        second = claims if isinstance(claims, bytes) else json.dumps(self.claims | dict(claims or {})).encode()
        text = f"{encoded(first)}.{encoded(second)}"
        return f"{text}.{encoded((sign or self.key.sign)(text.encode()))}"

    def without(self, claim: str) -> str:
        return self.token(json.dumps({name: value for name, value in self.claims.items() if name != claim}).encode())

    def headless(self, name: str) -> str:
        return self.token(None, json.dumps({key: value for key, value in self.header.items() if key != name}).encode())

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def expired(mint: Mint) -> dict[str, str]:
    """Tokens that were good: the client refreshes once when it hears so."""
    now = mint.claims["iat"]
    return {
        "ended beyond the leeway": mint.token({"iat": now - 631, "exp": now - 31}),
        "ended at the edge of the leeway": mint.token({"iat": now - 630, "exp": now - 30}),
        "ended years ago": mint.token({"iat": 1_000_000_000, "exp": 1_000_000_600}),
    }


def forged(mint: Mint, *, refresh_token: str, others: Mapping[str, str]) -> dict[str, str]:
    """Tokens that never were good, by what is wrong with them."""
    return (
        _by_signature(mint)
        | _by_claims(mint)
        | _by_header(mint)
        | _by_form(mint)
        | {"a refresh token": refresh_token, **others}
    )


def _by_signature(mint: Mint) -> dict[str, str]:
    good = mint.token()
    head, body, signature = good.split(".")
    stranger = Ed25519PrivateKey.generate()
    raw = mint.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    changed = encoded(json.dumps(mint.claims | {"sub": "somebody-else"}).encode())

    def hmac_with(secret: bytes) -> Callable[[bytes], bytes]:
        return lambda text: hmac.new(secret, text, hashlib.sha256).digest()

    curve = generate_private_key(SECP256R1())
    return {
        "alg none without a signature": f"{encoded(json.dumps(mint.header | {'alg': 'none'}).encode())}.{body}.",
        "alg None": mint.token(header={"alg": "None"}, sign=lambda _: b""),
        "alg none with our signature": mint.token(header={"alg": "none"}),
        "HS256 with the public PEM": mint.token(header={"alg": "HS256"}, sign=hmac_with(mint.public)),
        "HS256 with the raw public key": mint.token(header={"alg": "HS256"}, sign=hmac_with(raw)),
        "HS256 that says EdDSA": mint.token(sign=hmac_with(mint.public)),
        "ES256": jwt.encode(mint.claims, curve, "ES256", headers=mint.header | {"alg": "ES256"}),
        "another key with our kid": mint.token(sign=stranger.sign),
        "a payload that was changed": f"{head}.{changed}.{signature}",
        "a header that was changed": f"{encoded(json.dumps(mint.header | {'x': 1}).encode())}.{body}.{signature}",
        "no signature": f"{head}.{body}.",
        "a signature of zeros": mint.token(sign=lambda _: bytes(64)),
        "half a signature": mint.token(sign=lambda text: mint.key.sign(text)[:32]),
        "a signature and more": mint.token(sign=lambda text: mint.key.sign(text) + b"\0"),
    }


def _by_claims(mint: Mint) -> dict[str, str]:
    now = mint.claims["iat"]
    changes: dict[str, dict[str, Any]] = {
        "lives an hour": {"exp": now + 3600},
        "lives 601 s": {"exp": now + 601},
        "issued in the future": {"iat": now + 31, "exp": now + 600},
        "ends before it begins": {"iat": now, "exp": now - 1},
        "ends when it begins": {"iat": now, "exp": now},
        "exp is text": {"exp": str(now + 600)},
        "exp is a float": {"exp": now + 600.5},
        "exp is true": {"exp": True},
        "exp is null": {"exp": None},
        "exp is huge": {"exp": 10**30},
        "iat is text": {"iat": "yesterday"},
        "iat is null": {"iat": None},
        "iat is negative": {"iat": -now},
        "sub is a number": {"sub": 7},
        "sub is empty": {"sub": ""},
        "sub is a list": {"sub": [mint.claims["sub"]]},
        "sub is null": {"sub": None},
        "sid is a number": {"sid": 7},
        "sid is empty": {"sid": ""},
        "sid is null": {"sid": None},
        "another issuer": {"iss": "shop.example"},
        "a list of issuers": {"iss": ["shop"]},
        "for somebody else's audience": {"aud": "another-shop"},
    }
    named = {name: mint.token(change) for name, change in changes.items()}
    missing = {f"no {claim}": mint.without(claim) for claim in mint.claims}
    no_object = {name: mint.token(body) for name, body in (("claims are a list", b"[1]"), ("no JSON", b"\xff{"))}
    return named | missing | no_object


def _by_header(mint: Mint) -> dict[str, str]:
    own = Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded(own.public_key().public_bytes_raw())}
    changes: dict[str, dict[str, Any]] = {
        "typ JWT": {"typ": "JWT"},
        "typ in capitals": {"typ": "AT+JWT"},
        "typ null": {"typ": None},
        "crit": {"crit": ["exp"]},
        "crit of nobody's": {"crit": ["urn:x"], "urn:x": 1},
        "b64 false": {"b64": False, "crit": ["b64"]},
        "kid unknown": {"kid": "0123456789abcdef"},
        "kid a path": {"kid": "../../../../dev/null"},
        "kid SQL": {"kid": "' OR 1=1 --"},
        "kid a number": {"kid": 7},
        "kid a list": {"kid": [mint.header["kid"]]},
        "kid null": {"kid": None},
        "kid a lone surrogate": {"kid": "\ud800"},
        "alg a list": {"alg": ["EdDSA"]},
        "alg in lower case": {"alg": "eddsa"},
    }
    injected: dict[str, dict[str, Any]] = {
        "a key of its own": {"jwk": jwk},
        "a key of its own and no kid of ours": {"jwk": jwk, "kid": "mine"},
        "a key from elsewhere": {"jku": "http://127.0.0.1:1/keys"},
        "a certificate from elsewhere": {"x5u": "http://127.0.0.1:1/x"},
        "a certificate": {"x5c": [encoded(b"certificate")]},
    }
    return (
        {name: mint.token(header=change) for name, change in changes.items()}
        | {name: mint.token(header=change, sign=own.sign) for name, change in injected.items()}
        | {f"no {name}": mint.headless(name) for name in mint.header}
        | {
            "header is a list": mint.token(header=b"[]"),
            "header is no JSON": mint.token(header=b"\xff"),
            "header is deep": mint.token(header=b'{"a":' + b"[" * 1200),
        }
    )


def _by_form(mint: Mint) -> dict[str, str]:
    good = mint.token()
    head, body, signature = good.split(".")
    return {
        "cut short": good[:-1],
        "cut in half": good[: len(good) // 2],
        "one segment": head,
        "two segments": f"{head}.{body}",
        "four segments": f"{good}.{signature}",
        "five segments, as if encrypted": f"{head}.{body}.{signature}.{body}.{head}",
        "an empty segment": f"{head}..{signature}",
        "dots": "..",
        "a blank before it": f" {good}",
        "garbage behind it": f"{good}!",
        "padding": f"{good}==",
        "a second token behind a comma": f"{good},{good}",
        "a blank inside": f"{head}. {body}.{signature}",
        "a token in a token": encoded(good.encode()),
        "a token signed as the claims": mint.token(good.encode()),
        "100 kB": good + "a" * 100_000,
        "100 kB of claims": mint.token({"x": "a" * 100_000}),
        "a word": "password",
        "JSON": json.dumps(mint.claims),
    }


def presented(mint: Mint) -> dict[str, Credentials]:
    """Credentials of which the token is good, and how it is presented is not."""
    good = mint.token().encode()
    name = b"authorization"
    return {
        "no token": [(name, b"Bearer")],
        "an empty token": [(name, b"Bearer ")],
        "an empty header": [(name, b"")],
        "no scheme": [(name, good)],
        "Basic": [(name, b"Basic " + good)],
        "DPoP": [(name, b"DPoP " + good)],
        "Bearer with a colon": [(name, b"Bearer: " + good)],
        "a tab": [(name, b"Bearer\t" + good)],
        "not ASCII": [(name, b"Bearer " + good + "ü".encode())],
        "not UTF-8": [(name, b"Bearer " + good + b"\xff")],
        "NUL": [(name, b"Bearer " + good + b"\0")],
        "two headers": [(name, b"Bearer " + good), (name, b"Bearer " + good)],
        "two headers, one of them none": [(name, b"Bearer " + good), (name, b"Basic eDp4")],
        "two in one": [(name, b"Bearer " + good + b", Bearer " + good)],
    }
