"""What the screen says: money, times and errors as text that is clean and never markup."""

from collections.abc import Callable
from datetime import datetime

from textual.content import Content

from backends.errors import LoginRequired, OutcomeUnknown, Pending, SessionExpired, ShopError
from backends.money import Money
from backends.text import clean, shorten
from shopcli.core.isolation import NAMES, still_works
from shopcli.tui.commands import BY_ID, for_subcommand, shown_key

_TAKEN_BACK = "shop cart set"
"""The advice on an edit that the shop refused: it is taken back already, and nothing is left to undo."""

MOST_OF_A_MESSAGE = 300
"""Characters; what still works and which key helps is below it, on the few lines that there are."""


def money(amount: Money | None) -> str:
    """Return an amount as the server said it."""
    return "" if amount is None else str(amount)


def clock(moment: datetime | None) -> str:
    """Return a moment of today, in local time."""
    return "" if moment is None else moment.astimezone().strftime("%H:%M:%S")


def day(moment: datetime | None) -> str:
    """Return a moment of any day, in local time."""
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")


Keys = Callable[[str], str]
"""Returns the key of a command, by its id, as the person chose it."""


def usual_key(command_id: str) -> str:
    """Return the key of a command that nobody chose another one for."""
    return shown_key(BY_ID[command_id].keys)


def problem(error: ShopError, key: Keys, *, retry: str = "retry") -> Content:
    """Say what happened, what still works, and which key helps."""
    mark, tone = ("!", "$text-warning") if isinstance(error, Pending | OutcomeUnknown) else ("✗", "$text-error")
    who = NAMES.get(error.service or "")
    message = shorten(error.message, MOST_OF_A_MESSAGE)
    named = f"{who}: {message}" if who and who not in message else message
    parts: list[str | Content | tuple[str, str]] = [(f"{mark} ", tone), named]
    if works := still_works(error):
        parts.append(f"; {works}")
    if helps := remedy(error, key(retry), key):
        parts += ["  ", (helps, "bold")]
    return Content.assemble(*parts)


def is_signed_out(error: ShopError | None) -> bool:
    """Whether nobody is logged in, which is no trouble: whoever shows that says which key helps."""
    return isinstance(error, LoginRequired) and not isinstance(error, SessionExpired)


def remedy(error: ShopError, retry: str, key: Keys = usual_key) -> str:
    """Return the key that helps, or the command where no key does."""
    if isinstance(error, LoginRequired):
        return f"{key('tab.account')} signs in"
    if error.retryable:
        return f"{retry} tries again"
    if error.hint is None or error.hint.startswith(_TAKEN_BACK):
        return ""
    command = for_subcommand(error.hint)
    return f"{key(command.id)} {command.label.lower()}" if command else f"→ {clean(error.hint)}"


def as_of(moment: datetime | None, error: ShopError | None) -> str:
    """Say how old something is that could not be renewed."""
    return f"as of {clock(moment)}" if error is not None and moment is not None else ""
