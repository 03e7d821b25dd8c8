"""Who is calling: an account, a guest, the merchant, another service."""

import re
from hmac import compare_digest

from starlette.datastructures import Headers

from backends.errors import Forbidden, InvalidValue, LoginRequired
from stub_services.caller import Caller
from stub_services.wire.endpoint import Needs
from stub_services.wire.tokens import Verifier

MERCHANT = "shopm_"
SERVICE = "shops_"
FAULTS = "shopf_"
"""Beginnings of tokens, so that a leaked one is recognised and a misplaced one refused."""

_CART = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Trust:
    """Turns a request's credentials into a `Caller`, or refuses it."""

    def __init__(
        self, verifier: Verifier, *, service_token: str, merchant_token: str, faults_token: str | None
    ) -> None:
        """Know the merchant and the services by their secrets, accounts by what UserService signed."""
        self._faults_token = faults_token
        self._verifier = verifier
        self._service_token = service_token
        self._merchant_token = merchant_token

    async def caller(self, needs: Needs, headers: Headers) -> Caller:
        """Who calls. Raises LoginRequired, SessionExpired, Forbidden, InvalidValue, Unavailable.

        Whatever is presented must hold, also where nothing is needed.
        """
        token = _bearer(headers.getlist("authorization"))
        if needs is Needs.SERVICE:
            return self._service(token)
        if needs is Needs.FAULTS:
            return self._saboteur(token)
        if token is None:
            return self._guest(needs, headers.getlist("shop-cart"))
        if token.startswith(SERVICE) and needs is Needs.ANYBODY:
            return self._service(token)
        if token.startswith(MERCHANT):
            return self._merchant(needs, token)
        caller = await self._verifier.verify(token)
        if needs is Needs.MERCHANT:
            raise Forbidden("only the merchant may do this")
        return caller

    def _service(self, token: str | None) -> Caller:
        if token is None or not compare_digest(token, self._service_token):
            raise LoginRequired("only the shop's own services may ask this")
        return Caller()

    def _saboteur(self, token: str | None) -> Caller:
        if token is None or self._faults_token is None or not compare_digest(token, self._faults_token):
            raise LoginRequired("only whoever has the token for faults may do this")
        return Caller()

    def _merchant(self, needs: Needs, token: str) -> Caller:
        if not compare_digest(token, self._merchant_token):
            raise LoginRequired("this is not the merchant's token")
        if needs not in (Needs.MERCHANT, Needs.ANYBODY):
            raise Forbidden("the merchant has no cart and no orders here; log in to shop")
        return Caller(merchant=True)

    def _guest(self, needs: Needs, carts: list[str]) -> Caller:
        if needs in (Needs.ACCOUNT, Needs.MERCHANT) or (needs is Needs.SHOPPER and not carts):
            raise LoginRequired("nobody is logged in (new here? shop signup)")
        if len(carts) > 1 or not all(map(_CART.fullmatch, carts)):
            raise InvalidValue("Shop-Cart is a UUID of version 4")
        return Caller(cart_id=carts[0] if carts else None)


def _bearer(authorization: list[str]) -> str | None:
    """Return the token (RFC 6750), ASCII only: `compare_digest` takes no other text."""
    if not authorization:
        return None
    scheme, _, token = authorization[0].partition(" ")
    if len(authorization) > 1 or scheme.lower() != "bearer" or not token or not token.isascii():
        raise LoginRequired("credentials are sent as `Authorization: Bearer TOKEN`")
    return token
