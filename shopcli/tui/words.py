"""What the screen says: money, times and errors as text that is clean and never markup."""

from datetime import datetime

from textual.content import Content

from backends.errors import LoginRequired, OutcomeUnknown, Pending, ShopError
from backends.money import Money
from backends.text import clean
from shopcli.core.isolation import NAMES, still_works
from shopcli.tui.commands import for_subcommand, shown_key


def money(amount: Money | None) -> str:
    """Return an amount as the server said it."""
    return "" if amount is None else str(amount)


def clock(moment: datetime | None) -> str:
    """Return a moment of today, in local time."""
    return "" if moment is None else moment.astimezone().strftime("%H:%M:%S")


def day(moment: datetime | None) -> str:
    """Return a moment of any day, in local time."""
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")


def problem(error: ShopError, *, retry: str = "F5") -> Content:
    """Say what happened, what still works, and which key helps."""
    mark, tone = ("!", "$text-warning") if isinstance(error, Pending | OutcomeUnknown) else ("✗", "$text-error")
    who = NAMES.get(error.service or "")
    message = clean(error.message)
    named = f"{who}: {message}" if who and who not in message else message
    parts: list[str | Content | tuple[str, str]] = [(f"{mark} ", tone), named]
    if works := still_works(error):
        parts.append(f"; {works}")
    if key := remedy(error, retry):
        parts += ["  ", (key, "bold")]
    return Content.assemble(*parts)


def remedy(error: ShopError, retry: str) -> str:
    """Return the key that helps, or the command where no key does."""
    if isinstance(error, LoginRequired):
        return "4 signs in"
    if error.retryable:
        return f"{retry} tries again"
    if error.hint is None:
        return ""
    command = for_subcommand(error.hint)
    return f"{shown_key(command.keys)} {command.label.lower()}" if command else f"→ {clean(error.hint)}"


def as_of(moment: datetime | None, error: ShopError | None) -> str:
    """Say how old something is that could not be renewed."""
    return f"as of {clock(moment)}" if error is not None and moment is not None else ""
