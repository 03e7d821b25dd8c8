"""`shop backends check`: hold a shop against the contract, which is the suite in `backends.conformance`."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from shlex import join
from typing import TYPE_CHECKING, Annotated

import typer

from backends.errors import InvalidValue, ShopError
from shopcli.cli.failures import Cancelled, Usage
from shopcli.cli.options import is_terminal
from shopcli.cli.output.columns import Column, View
from shopcli.cli.paying import Yes
from shopcli.cli.run import Run, prepare
from shopcli.core.shop import open_shop

if TYPE_CHECKING:
    from backends.conformance.places import Place
    from backends.conformance.running import Property

_FRESH = ("memory:", "sqlite:")
_NAMED = 3


class BackendBroken(ShopError):
    """A shop does not do what the contract says."""

    code = "backend_broken"
    category = "backend_broken"


@dataclass(frozen=True, slots=True)
class Area:
    """One part of the contract, and how many of its properties hold at a shop."""

    area: str
    holds: int
    broken: int
    unsupported: int
    not_checked: int
    properties: "tuple[Property, ...]"


_AREA = View(
    Area,
    (
        Column("area", lambda area: area.area),
        Column("holds", lambda area: area.holds, right=True),
        Column("broken", lambda area: area.broken, right=True),
        Column("unsupported", lambda area: area.unsupported, right=True, rank=1),
        Column("not_checked", lambda area: area.not_checked, "not checked", right=True, rank=1),
    ),
    identity=lambda area: area.area,
)


def check(
    context: typer.Context,
    url: Annotated[
        str | None,
        typer.Argument(metavar="URL", help="Which shop, memory: and sqlite: for new ones; else the one in use."),
    ] = None,
    area: Annotated[
        list[str] | None, typer.Option("--area", metavar="AREA", help="Only this part; repeatable.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Hold a shop against the contract: say per area what holds, what is broken, and what it lacks.

    memory: and sqlite: are checked in new shops that are removed again. Any other shop keeps what the check does there:
    its accounts and orders, and products if you are its owner. A shop that lacks a capability is not broken; what
    cannot be told from here is not checked.

    Examples:
      shop backends check memory: --area carts
      shop backends check http://127.0.0.1:8080 --area carts -v
      shop --profile mine backends check --area users --yes --json

    Exit codes:
      0   nothing is broken
      1   something is broken
      2   no such area
      6   the shop has products of its own under the names of the check's
      10  the shop cannot be reached
    """
    run = prepare(context, _AREA)
    from backends.conformance import running

    chosen = _chosen(area, running.areas())
    place = _place(run, url)
    if place.keeps and not yes:
        _ask(run, place)
    with _progress(run) as progress:
        try:
            properties = running.run(place, chosen, progress)
        except KeyboardInterrupt:
            raise Cancelled(f"stopped by Ctrl-C{'; what was done there stays' if place.keeps else ''}") from None
    found = [_counted(name, [one for one in properties if one.area == name]) for name in chosen]
    run.out.list(_AREA, found, total=len(found), empty="")
    _tell(run, properties)
    broken = [one for one in properties if one.verdict == "broken"]
    if broken:
        raise _broken(broken, url)


# --- before --------------------------------------------------------------------------------------


def _chosen(wanted: Sequence[str] | None, known: Sequence[str]) -> Sequence[str]:
    if unknown := [name for name in wanted or () if name not in known]:
        raise InvalidValue(f"there is no area {', '.join(unknown)}; there is {', '.join(known)}")
    return tuple(name for name in known if not wanted or name in wanted)


def _place(run: Run, url: str | None) -> "Place":
    """Return where to check: the shop of `url`, or the one in use."""
    from backends.conformance.places import Fresh, Standing

    if url is not None and run.options.again is not None:
        raise Usage(f"{run.options.again[0]} and {url} both say which shop")
    shop = run.shop if url is None else open_shop(f"{url}:" if f"{url}:" in _FRESH else url)
    return Fresh(shop.url) if shop.url in _FRESH else Standing(shop.url, shop.sessions)


def _ask(run: Run, place: "Place") -> None:
    """Say what the check leaves, and go on only after a yes."""
    run.ask.require("--yes")
    run.out.say(f"{place.url} keeps what the check does there:")
    for what in place.keeps:
        run.out.say(f"  {what}")
    run.ask.confirm(f"Check {place.url}?")


@contextmanager
def _progress(run: Run) -> "Iterator[Callable[[int, int, str], None]]":
    """Show on a terminal how far it is."""
    if not (run.out.talks and is_terminal(sys.stderr)):
        yield lambda _done, _total, _area: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(file=sys.stderr, no_color=not run.options.color)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        task = bar.add_task("the contract", total=None)
        yield lambda done, total, area: bar.update(task, completed=done, total=total, description=area)


# --- after ---------------------------------------------------------------------------------------


def _counted(name: str, properties: "Sequence[Property]") -> Area:
    count = Counter(str(one.verdict) for one in properties)
    return Area(name, count["holds"], count["broken"], count["unsupported"], count["not_checked"], tuple(properties))


def _tell(run: Run, properties: "Sequence[Property]") -> None:
    """Say what is broken and where, and why the rest was not looked at."""
    skipped: Counter[str] = Counter()
    for one in properties:
        if one.verdict == "broken":
            run.out.say(f"✗ {one.area}: {one.name}")
            for line in (one.details or "").splitlines() if run.options.verbose else (one.reason or "",):
                run.out.say(f"    {line}")
        elif one.verdict != "holds":
            skipped[f"{one.verdict.replace('_', ' ')}: {one.reason}"] += 1
    for why, count in skipped.most_common():
        run.out.say(f"{count} {why}")


def _broken(broken: "Sequence[Property]", url: str | None) -> BackendBroken:
    names = [f"{one.area}: {one.name}" for one in broken[:_NAMED]]
    more = f" and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
    again = join(["shop", "backends", "check", *([] if url is None else [url]), "--area", broken[0].area, "-v"])
    return BackendBroken(f"{len(broken)} broken: {', '.join(names)}{more}", hint=again)
