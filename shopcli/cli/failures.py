"""Telling people, and programs, what went wrong."""

import json
import sys
from typing import TYPE_CHECKING

from backends.errors import InvalidValue, Outcome, OutcomeUnknown, Pending, ShopError, StorageError
from backends.text import clean
from shopcli.cli.output.talk import wrapped

if TYPE_CHECKING:
    from types import TracebackType

_RED = "\x1b[31m"
_YELLOW = "\x1b[33m"
_PLAIN = "\x1b[0m"


class Usage(InvalidValue):
    """The command line is not one that shop understands, or lacks something."""

    code = "usage"


class Cancelled(ShopError):
    """The person stopped it."""

    code = "cancelled"
    category = "cancelled"
    exit_code = 130


class Internal(ShopError):
    """A bug in shop, or in the plug-in that it used."""

    code = "internal"
    category = "internal"
    outcome = Outcome.UNKNOWN


class Unwritten(ShopError):
    """A command did what it should, and that could not be written."""

    code = "unwritten"
    category = "unknown"
    exit_code = 11
    outcome = Outcome.APPLIED


def as_object(error: ShopError) -> dict[str, object]:
    """Return the error as what JSON output shows under `error`."""
    return {
        "code": error.code,
        "category": error.category,
        "message": clean(error.message, keep="\n"),
        "hint": None if error.hint is None else clean(error.hint),
        "retryable": error.retryable,
        "outcome": error.outcome.value,
        "service": error.service,
        "request_id": error.request_id,
        **getattr(error, "details", {}),
    }


def report(error: ShopError, *, as_json: bool, color: bool) -> None:
    """Write the error to stderr: what happened, why, and the command that helps; or one JSON object."""
    if as_json:
        print(json.dumps({"error": as_object(error)}), file=sys.stderr)
        return
    mark, tint = ("!", _YELLOW) if isinstance(error, (Pending, Unwritten)) else ("✗", _RED)
    mark = f"{tint}{mark}{_PLAIN}" if color else mark
    message = clean(error.message, keep="\n")
    print(f"{mark} {wrapped(message, indent='  ')}", file=sys.stderr)
    if error.hint:
        print(f"→ {clean(error.hint)}", file=sys.stderr)


def understood(error: BaseException, *, look: str | None = None, did: object = None) -> ShopError:
    """Turn whatever ended a command into the error to report.

    `look` is the command that shows what became of a change that was under way; `did` what came of it, where only
    writing that failed.
    """
    if isinstance(error, ShopError):
        return error
    if isinstance(error, KeyboardInterrupt):
        if look is None:
            return Cancelled("cancelled, nothing was changed")
        return Cancelled(f"interrupted before the answer came: {_stands(look)}", hint=look, outcome=Outcome.UNKNOWN)
    if isinstance(error, OSError) and error.filename is None:  # a stream; errors about files arrive as StorageError
        return unwritable(error, look, did)
    if "typer" in sys.modules:
        from shopcli.cli.mistakes import from_click

        if (mistake := from_click(error)) is not None:
            return mistake
    return Internal(
        f"this is a bug in shop: {type(error).__name__} {_place(error.__traceback__)}",
        hint="run it again with -v and report what it prints",
    )


def _stands(look: str) -> str:
    """Say what an unknown outcome means for money, where it is about some."""
    return f"it may have happened, or not{'; nothing is charged twice' if look.endswith('orders resume') else ''}"


def blamed(failure: Internal, error: BaseException, url: str) -> Internal:
    """Say whose bug it is, as far as that can be told, where the shop at `url` is a plug-in's."""
    from backends.registry import plugin_of

    if (plugin := plugin_of(url)) is None:
        return failure
    from shlex import quote

    whose = f"the plug-in for {plugin.scheme}: is broken ({plugin.distribution} {plugin.version})"
    package = plugin.target.partition(":")[0].partition(".")[0]
    if package not in _packages(error.__traceback__):  # it answered, and what it answered is no use
        whose += ", or shop is"
    found = f"{whose}: {type(error).__name__} {_place(error.__traceback__)}"
    return Internal(found, hint=f"run it again with -v, or try all of it: shop backends check {quote(url)}")


def _packages(trace: "TracebackType | None") -> set[str]:
    """Return the packages that an error came through."""
    found: set[str] = set()
    while trace is not None:
        found.add(str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0])
        trace = trace.tb_next
    return found


def unwritable(error: OSError, look: str | None, did: object) -> ShopError:
    """Return the error for output that could not be written: a full disk behind `>`.

    A change that was under way is said, with `look`, the command that shows it.
    """
    if look is None:
        return StorageError(f"cannot write the output: {error.strerror}")
    if did is None:
        return OutcomeUnknown(f"cannot write the output: {error.strerror}", hint=look)
    what, look = money(did) or ("it is done", look)
    return Unwritten(f"{what}, and that could not be written: {error.strerror}", hint=look)


def money(did: object) -> tuple[str, str] | None:
    """Say what became of money and name the command that shows it; None if `did` is neither order nor payment."""
    from backends.models import Order, Payment

    if isinstance(did, Order):
        return f"order {did.name} is {did.status} ({did.totals.total})", f"shop orders show {did.name}"
    if isinstance(did, Payment):
        return f"payment {did.id} is {did.status} ({did.amount})", f"shop payments show {did.id}"
    return None


def print_traceback(error: BaseException) -> None:
    """Write where a bug happened to stderr, without the values of any variable."""
    import traceback

    text = "".join(traceback.format_exception(error))
    print(clean(text, keep="\n"), file=sys.stderr, end="")


def _place(trace: "TracebackType | None") -> str:
    """Return the file and line where it happened; never a value, which may be a secret."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    path = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
    return f"at {path}:{trace.tb_lineno}"
