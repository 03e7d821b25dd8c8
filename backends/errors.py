"""Every way a shop can fail.

    ShopError                     exit   outcome by default
    ├── InvalidValue                 2   not applied
    ├── NotFound                     3   not applied
    ├── LoginRequired                4   not applied
    │   ├── SessionExpired
    │   └── WrongCredentials
    ├── Forbidden                    5   not applied
    ├── Conflict                     6   not applied
    │   ├── EmailTaken
    │   ├── OutOfStock
    │   ├── PriceChanged
    │   ├── CartChanged
    │   ├── InvalidState
    │   ├── InFlight                     unknown
    │   └── KeyReused
    ├── PaymentDeclined              7   applied (the order stands, no money moved)
    ├── Pending                      8   applied (the order stands, not paid yet)
    ├── Unavailable                 10   not applied, try again later
    │   ├── Locked
    │   └── RateLimited
    ├── OutcomeUnknown              11   unknown
    └── ConfigurationError          12   not applied
        ├── Unsupported
        └── StorageError

An error says what happened and why (`message`), the exact command that helps (`hint`), which service
said so, whether repeating the same call may help (`retryable`), and what became of the call (`outcome`).
"""

from enum import StrEnum
from typing import ClassVar


class Outcome(StrEnum):
    """What the failed call did to the shop."""

    NOT_APPLIED = "not_applied"
    APPLIED = "applied"
    UNKNOWN = "unknown"


class ShopError(Exception):
    """Base of all errors that a backend or a use case raises on purpose."""

    code: ClassVar[str] = "error"
    category: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    default_hint: ClassVar[str | None] = None
    retryable: bool = False
    outcome: Outcome = Outcome.NOT_APPLIED

    def __init__(  # noqa: PLR0913  all but the message have defaults
        self,
        message: str,
        *,
        hint: str | None = None,
        service: str | None = None,
        outcome: Outcome | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Say what happened; `hint` is a command without the leading arrow, `service` one of the five.

        `retry_after` is how many seconds the shop asked to wait before the same call is repeated.
        """
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint
        self.service = service
        self.request_id = request_id
        self.retry_after = retry_after
        if outcome is not None:
            self.outcome = outcome


class InvalidValue(ShopError):
    """A value is malformed or out of its documented range."""

    code = "invalid_value"
    category = "usage"
    exit_code = 2


class NotFound(ShopError):
    """No such thing, or it belongs to somebody else: a shop does not tell which."""

    code = "not_found"
    category = "not_found"
    exit_code = 3


class LoginRequired(ShopError):
    """The action needs an account that is logged in."""

    code = "login_required"
    category = "authentication"
    exit_code = 4
    default_hint = "shop login"


class SessionExpired(LoginRequired):
    """The session ended; the account and its cart are as they were."""

    code = "session_expired"


class WrongCredentials(LoginRequired):
    """E-mail or password do not match; a shop does not tell which."""

    code = "wrong_credentials"


class Forbidden(ShopError):
    """The caller is known and may not do this."""

    code = "forbidden"
    category = "authorization"
    exit_code = 5


class Conflict(ShopError):
    """The shop's state does not allow it now."""

    code = "conflict"
    category = "conflict"
    exit_code = 6


class EmailTaken(Conflict):
    """An account with this e-mail address exists."""

    code = "email_taken"
    default_hint = "shop login"


class OutOfStock(Conflict):
    """Less is left than was asked for."""

    code = "out_of_stock"
    default_hint = "shop cart show"


class PriceChanged(Conflict):
    """The total is not the one that was confirmed."""

    code = "price_changed"
    default_hint = "shop cart show"


class CartChanged(Conflict):
    """The cart is not the one that was confirmed."""

    code = "cart_changed"
    default_hint = "shop cart show"


class InvalidState(Conflict):
    """An order or payment is in a state that does not allow this."""

    code = "invalid_state"
    default_hint = "shop orders list"


class InFlight(Conflict):
    """The same request, under the same key, is being worked on; its answer is there soon."""

    code = "in_flight"
    retryable = True
    outcome = Outcome.UNKNOWN


class KeyReused(Conflict):
    """An idempotency key came back with other content (the same id may only repeat the same request)."""

    code = "key_reused"


class PaymentDeclined(ShopError):
    """The processor said no. Nothing was charged and the order waits for another payment."""

    code = "payment_declined"
    category = "payment"
    exit_code = 7
    outcome = Outcome.APPLIED


class Pending(ShopError):
    """The order is placed and not paid yet."""

    code = "pending"
    category = "pending"
    exit_code = 8
    outcome = Outcome.APPLIED


class Unavailable(ShopError):
    """A service cannot be reached; nothing was applied and trying again later may help."""

    code = "unavailable"
    category = "unavailable"
    exit_code = 10
    retryable = True


class Locked(Unavailable):
    """Another process holds a lock for longer than the deadline allows to wait."""

    code = "locked"


class RateLimited(Unavailable):
    """Too many requests (a log-in is guessed, say); `retry_after` tells when the next one is listened to."""

    code = "rate_limited"


class OutcomeUnknown(ShopError):
    """The answer never came: it may have happened or not. Repeating under the same id is safe."""

    code = "outcome_unknown"
    category = "unknown"
    exit_code = 11
    default_hint = "shop orders resume"
    retryable = True
    outcome = Outcome.UNKNOWN


class ConfigurationError(ShopError):
    """A setting, a URL or a directory is wrong."""

    code = "configuration"
    category = "configuration"
    exit_code = 12


class Unsupported(ConfigurationError):
    """This backend lacks the capability."""

    code = "unsupported"


class StorageError(ConfigurationError):
    """A database file cannot be read or written: corrupted, read-only, or the disk is full."""

    code = "storage"


BY_CODE = {kind.code: kind for kind in list(vars().values()) if isinstance(kind, type) and issubclass(kind, ShopError)}
"""The tree by its codes, which are what crosses a wire."""
