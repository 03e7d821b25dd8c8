"""`shop services`: status, stop, start, restart and fault."""

import sys
import time
from math import nan
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from backends.errors import InvalidValue, Unavailable
from backends.interface import Admin
from backends.models import Fault, FaultKind, ServiceHealth
from shopcli.cli.asking import choosing
from shopcli.cli.failures import Usage
from shopcli.cli.options import is_terminal
from shopcli.cli.output.pager import Sheet
from shopcli.cli.run import Run, begin
from shopcli.cli.values import amount, whole
from shopcli.cli.views.health import FAULT, HEALTH
from shopcli.core.owners import see_that_it_is_private, unknown_owner

_LOOK = "shop services status"
_MAX_SECONDS = 3600
_MAX_COUNT = 999_999

# What people can still do while a service is down (docs/services.md says more).
_WITHOUT = {
    "users": "nobody can sign up or log in; whoever is logged in goes on until the session has to be renewed",
    "products": "nobody can browse or add to a cart, and new orders wait for it; carts, paying and orders still work",
    "carts": "nobody can see or change a cart, so nothing can be ordered; browsing, paying and orders still work",
    "orders": "no order is placed, shown, paid or cancelled; browsing and carts still work",
    "payments": "orders are placed and wait for their payment; everything else still works",
    "gateway": "nothing can be reached until it is back; the services themselves go on",
}

_Name = Annotated[
    str | None, typer.Argument(metavar="SERVICE", show_default=False, help="A service, or gateway; a terminal asks.")
]


def status(
    context: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")] = False,
    interval: Annotated[
        str | None, typer.Option("--interval", metavar="SECONDS", help="How long --watch waits (default 1).")
    ] = None,
) -> None:
    """Show the state of each service. That one is down is an answer and no error.

    Examples:
      shop services status
      shop services status --watch --interval 0.5
      shop services status --json | jq -r '.items[] | select(.status != "up").service'
    """
    run = begin(context, HEALTH)
    pause = 1.0 if interval is None else _seconds(interval, "--interval")
    if watch:
        _watch(run, pause)
    else:
        _print(run, run.do(run.backend.health()))


def stop(context: typer.Context, name: _Name = None) -> None:
    """Stop a service: what is under way is finished, and then connections are refused.

    Examples:
      shop services stop payments

    Exit codes:
      3   no such service
      12  this shop cannot be operated from here
    """
    run = begin(context, HEALTH)
    admin = _admin(run)
    name = choosing.service(run) if name is None else name
    run.change(admin.stop(name), look=_LOOK)
    run.out.say(f"{name} is stopped: {_WITHOUT.get(name, 'the others go on')}")
    _print_one(run, name)
    if not run.shop_ends:
        run.out.next(f"shop services start {name}")


def start(context: typer.Context, name: _Name = None) -> None:
    """Start a service that was stopped, and wait until it is ready.

    Examples:
      shop services start payments

    Exit codes:
      3   no such service
      12  this shop cannot be operated from here
    """
    run = begin(context, HEALTH)
    admin = _admin(run)
    name = choosing.service(run) if name is None else name
    run.change(admin.start(name), look=_LOOK)
    _print_one(run, name)


def restart(context: typer.Context, name: _Name = None) -> None:
    """Replace a service's processes by new ones, as a deployment does; nobody is turned away meanwhile.

    Examples:
      shop services restart orders

    Exit codes:
      3   no such service
      12  this shop cannot be operated from here
    """
    run = begin(context, HEALTH)
    admin = _admin(run)
    name = choosing.service(run) if name is None else name
    run.change(admin.restart(name), look=_LOOK)
    _print_one(run, name)


def fault(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="SERVICE|list|clear", show_default=False, help="A service, or what to do with all faults."
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Argument(metavar="KIND", help="What goes wrong; behind clear, whose faults end.")
    ] = None,
    action: Annotated[str, typer.Option("--action", metavar="TEXT", help="Only actions that start with it.")] = "",
    rate: Annotated[str, typer.Option("--rate", metavar="RATE", help="How often, 0 to 1 (default 1).")] = "1",
    seconds: Annotated[
        str, typer.Option("--seconds", metavar="N", help="For latency and rate_limited: how long (default 1).")
    ] = "1",
    times: Annotated[str | None, typer.Option("--times", metavar="N", help="At most so often.")] = None,
    step: Annotated[str, typer.Option("--step", metavar="N", help="For crash: at which commit (default 1).")] = "1",
    after: Annotated[bool, typer.Option("--after", help="For crash: after the commit, not before it.")] = False,
) -> None:
    """Let a service fail on purpose, to see what the others and the client do.

    KIND is stopped, error, rate_limited, latency, hang, request_lost, answer_lost, truncate or crash.
    A terminal asks for both where nothing is said.
    The shop must allow it: shop serve --faults.

    Examples:
      shop services fault payments latency --seconds 3
      shop services fault orders answer_lost --action place --times 1
      shop services fault list
      shop services fault clear payments

    Exit codes:
      2   no such kind, or a value that makes no sense
      3   no such service
      12  this shop injects no faults
    """
    run = begin(context, FAULT)
    admin = _admin(run)
    if name is None:
        name, kind = choosing.service(run), choosing.fault(run)
    if name == "list":
        _refuse_more(kind)
    elif name == "clear":
        run.change(admin.clear_faults(kind), look="shop services fault list")
        run.out.say(f"the faults of {kind or 'all services'} are over")
    else:
        given = Fault(
            name,
            _kind(kind),
            action=action,
            rate=_rate(rate),
            seconds=_seconds(seconds, "--seconds"),
            times=None if times is None else whole(times, "--times", most=_MAX_COUNT),
            step=whole(step, "--step", most=_MAX_COUNT),
            after=after,
        )
        run.change(admin.inject(given), look="shop services fault list")
        run.out.show(FAULT, given)
        if not run.shop_ends:
            run.out.next(f"shop services fault clear {name}")
        return
    run.out.list(FAULT, run.do(admin.faults()), empty="no faults → shop services fault --help")


def admin_of(run: Run, doing: str) -> Admin:
    """Return the owner's port. Raises Unsupported for whoever is not the owner, Unavailable where the keys are gone."""
    admin = run.backend.admin
    if admin is None:
        _refuse_ended(run)
        raise unknown_owner(run.shop.url, doing)
    return admin


def _admin(run: Run) -> Admin:
    return admin_of(run, "operate it")


def _refuse_ended(run: Run) -> None:
    """Say so where the profile does know the owner, whose keys are gone, or are not only the owner's any more."""
    keys = run.shop.sessions.read().get("owner")
    if keys is not None:
        see_that_it_is_private(Path(keys))
        port = f" --port {number}" if (number := run.shop.url.rpartition(":")[2]).isdigit() else ""
        msg = f"the owner's keys are not in {keys}: `shop serve` has ended, or serves another address there"
        raise Unavailable(msg, hint=f"shop serve{port} --data {quote(str(Path(keys).parent))}", service="gateway")


def _print(run: Run, health: tuple[ServiceHealth, ...]) -> None:
    run.out.list(HEALTH, health, empty="this shop has no services to look at → shop products list")


def _print_one(run: Run, name: str) -> None:
    for health in run.do(run.backend.health()):
        if health.service == name:
            run.out.show(HEALTH, health)


# --- watching ---


def _watch(run: Run, pause: float) -> None:
    """Look until Ctrl-C, which is how this ends and no error."""
    repaints = run.out.mode == "table" and is_terminal(sys.stdout)
    lines = 0
    try:
        while True:
            health = run.do(run.backend.health())
            if repaints:
                lines = _repaint(run, health, lines)
            else:
                _print(run, health)
                sys.stdout.flush()
            time.sleep(pause)
    except KeyboardInterrupt:
        return


def _repaint(run: Run, health: tuple[ServiceHealth, ...], lines: int) -> int:
    """Write the table over the last one, all in one go so that nothing flickers; return how many lines it has."""
    frame, screen = Sheet(), sys.stdout
    sys.stdout = frame
    try:
        _print(run, health)
    finally:
        sys.stdout = screen
    text = frame.getvalue()
    up = f"\x1b[{lines}F" if lines else ""
    # Each line clears what the last one left behind it, and the end what stands below.
    sys.stdout.write(up + text.replace("\n", "\x1b[K\n") + "\x1b[J")
    sys.stdout.flush()
    return text.count("\n")


# --- values ---


def _kind(text: str | None) -> FaultKind:
    try:
        return FaultKind((text or "").replace("-", "_"))
    except ValueError:
        known = ", ".join(FaultKind)
        msg = "KIND is missing" if text is None else f"there is no fault {text!r}"
        raise Usage(f"{msg}; there is {known}", hint="shop services fault --help") from None


def _refuse_more(word: str | None) -> None:
    if word is not None:
        raise Usage("`list` takes nothing more", hint="shop services fault list")


def _seconds(text: str, flag: str) -> float:
    seconds = _number(text)
    if not 0 < seconds <= _MAX_SECONDS:
        raise InvalidValue(f"{flag} is a number of seconds above 0 and up to {_MAX_SECONDS}, not {text!r}")
    return seconds


def _rate(text: str) -> float:
    rate = _number(text)
    if not 0 <= rate <= 1:
        raise InvalidValue(f"--rate is a number from 0 to 1, not {text!r}")
    return rate


def _number(text: str) -> float:
    """Read a number in plain digits; what is none is nan, which is within no range."""
    try:
        return float(amount(text, ""))
    except InvalidValue:
        return nan
