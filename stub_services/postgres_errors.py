"""What PostgreSQL's and asyncpg's errors mean: for people, and for what became of a change.

No message repeats the URL of a database, which holds a password, or a row, which holds what is a customer's.
"""

import asyncpg  # type: ignore[import-untyped]

from backends.errors import InvalidValue, Locked, ShopError, StorageError, Unavailable

LOST = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresConnectionError)
"""The connection is gone or was never made, or an answer did not come in time (asyncpg has many names for that)."""

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_BUSY = {"55P03", "57014", "40P01", "40001"}  # lock timeout, statement timeout, deadlock, serialization
_PASSING = {"53300", "0A000"}  # too many connections; a newer replica changed the tables under a prepared statement
_UNFIT = {"22", "54"}  # classes: data that cannot be (NUL, numbers too large), limits of the program


def is_lost(error: Exception) -> bool:
    """Whether the server may not have read what was sent last, or we not its answer."""
    code = _code(error)
    ended = code.startswith("57P") or code == "25P03"  # shut down, starting up, terminated, or stood idle for too long
    return ended or isinstance(error, LOST)


def is_passing(error: BaseException | None) -> bool:
    """Whether a server answered that it lets nobody in just now: it is starting, or has no connection left."""
    return isinstance(error, asyncpg.CannotConnectNowError | asyncpg.TooManyConnectionsError)


def explain(error: Exception, database: str, service: str) -> ShopError:
    """Return the error for people that an error of a statement, or of connecting, means: nothing was changed."""
    if is_lost(error) or _code(error) in _PASSING:
        return unreachable(_said(error), database, service)
    if _code(error) in _BUSY:
        return busy(database, service)
    if _code(error)[:2] in _UNFIT:
        return InvalidValue(f"a value cannot be stored: {_said(error)}", service=service)
    return StorageError(f"the database {database} refused: {_said(error)}", service=service)


def unreachable(why: str, database: str, service: str) -> Unavailable:
    """Return the error for a server that does not answer."""
    return Unavailable(f"the database {database} cannot be reached: {why}", service=service)


def busy(database: str, service: str) -> Locked:
    """Return the error for a turn that did not come in time."""
    return Locked(f"others are busy with the database {database}; nothing was changed", service=service)


def _code(error: Exception) -> str:
    return str(getattr(error, "sqlstate", None) or "")


def _said(error: Exception) -> str:
    """Return the first line: PostgreSQL's DETAIL, which quotes rows, comes behind it."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error).partition("\n")[0] or type(error).__name__
