"""Who is asking a service."""

from dataclasses import dataclass

from backends.errors import Forbidden, LoginRequired


@dataclass(frozen=True, slots=True)
class Caller:
    """An account in one of its sessions, a guest with a cart's id (which is its only key), or the merchant."""

    user_id: str | None = None
    session_id: str | None = None
    cart_id: str | None = None
    merchant: bool = False

    def account(self) -> str:
        """Return the account's id. Raises LoginRequired for a guest."""
        if self.user_id is None:
            msg = "this needs an account that is logged in"
            raise LoginRequired(msg)
        return self.user_id

    def require_merchant(self) -> None:
        """Raise Forbidden unless the owner of the shop asks."""
        if not self.merchant:
            msg = "only the merchant may do this"
            raise Forbidden(msg)
