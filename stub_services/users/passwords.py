"""Password hashing: argon2id with the parameters OWASP recommends first (19 MiB, 2 passes, 1 lane)."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # 2 x a bare Python start: only signing up and logging in pay for it
    from argon2.low_level import Type

    return PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1, type=Type.ID)


@cache
def _dummy_hash() -> str:
    return _hasher().hash("no account has this password")


def make_hash(password: str) -> str:
    """Return a salted hash in the PHC string format."""
    return _hasher().hash(password)


def check(password: str, stored: str | None) -> bool:
    """Check a password. Without a stored hash the same work is done, so that time tells nothing."""
    from argon2.exceptions import VerificationError

    try:
        _hasher().verify(stored or _dummy_hash(), password)
    except (VerificationError, UnicodeEncodeError):  # a password that cannot be encoded is nobody's
        return False
    return stored is not None


class Argon2Passwords:
    """Hashes and checks passwords at once."""

    async def hash(self, password: str) -> str:
        """Return a salted hash."""
        return make_hash(password)

    async def matches(self, password: str, stored: str | None) -> bool:
        """Check a password, in the same time with and without a stored hash."""
        return check(password, stored)
