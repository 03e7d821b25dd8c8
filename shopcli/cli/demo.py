"""`shop demo`: scenarios that are documentation, live demo and test at once: list, check and run them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from shlex import quote
from typing import Annotated, TypeVar

import typer

from backends.errors import InvalidValue, NotFound, StorageError
from shopcli.cli.asking.choices import Choice
from shopcli.cli.failures import Cancelled, Usage
from shopcli.cli.output.columns import Column, View
from shopcli.cli.performance import Performance, place_of
from shopcli.cli.run import Run, prepare
from shopcli.core.settings import not_one_of
from shopcli.demo.mistakes import SyntaxMistake
from shopcli.demo.scenario import Scenario, built_in, read

T = TypeVar("T")

_FACES = ("cli", "tui")
_SPEEDS = (0.1, 1000.0)


@dataclass(frozen=True, slots=True)
class Told:
    """A scenario by its name or file."""

    name: str
    title: str
    needs: tuple[str, ...]
    statements: int


_TOLD = View(
    Told,
    (
        Column("name", lambda told: told.name),
        Column("title", lambda told: told.title),
        Column("needs", lambda told: ",".join(told.needs), rank=1, shrinks=True),
        Column("statements", lambda told: told.statements, right=True, hidden=True),
    ),
    identity=lambda told: told.name,
)

_Scenarios = Annotated[list[str] | None, typer.Argument(metavar="NAME|FILE", help="shop demo list has the names.")]


def list_scenarios(context: typer.Context) -> None:
    """List the scenarios that come with shop, and what each needs of a shop.

    Examples:
      shop demo list
      shop demo list --json | jq -r '.items[].title'
    """
    run = _begin(context)
    told = [_told(name, read(path)) for name, path in built_in().items()]
    run.out.list(_TOLD, told, total=len(told), empty="")


def check(context: typer.Context, scenarios: _Scenarios = None) -> None:
    """Say whether scenarios are written in their language; nothing is run.

    Examples:
      shop demo check buy-now
      shop demo check docs/mine.md tests/*.md

    Exit codes:
      2   a mistake: file, line and column, what was expected and what was found
      3   no such file
    """
    run = _begin(context)
    run.out.list(_TOLD, [_told(name, one) for name, one in _read(scenarios or [_picked(run)]).items()], empty="")


def run_scenarios(
    context: typer.Context,
    scenarios: _Scenarios = None,
    serve: Annotated[bool, typer.Option("--serve", help="Play at five services, served for each scenario.")] = False,
    step: Annotated[bool, typer.Option("--step", help="Enter runs each command.")] = False,
    via: Annotated[
        str, typer.Option("--via", metavar="FACE", help="cli, or tui: by keys in the full-screen shop.")
    ] = "cli",
    speed: Annotated[str, typer.Option("--speed", metavar="X", help="2 types and waits half as long.")] = "1",
    record: Annotated[
        list[Path] | None, typer.Option("--record", metavar="FILE", help="Keep it: .cast, .svg or .txt.")
    ] = None,
    report: Annotated[
        list[Path] | None, typer.Option("--report", metavar="FILE", help="Keep results: .xml (JUnit) or .json.")
    ] = None,
) -> None:
    """Play scenarios: narrated on a terminal, as TAP in a pipe, as one object with --json.

    The shop is memory:, a new one for each scenario, unless --backend, --profile, SHOP_BACKEND or SHOP_PROFILE
    say otherwise. Sessions and journals are those of the scenario's shoppers, never yours.

    Examples:
      shop demo run buy-now
      shop demo run payment-is-down --serve --step
      shop demo run docs/mine.md --report results.xml
      shop demo run buy-now --record buy-now.svg
      shop demo run buy-now --via tui

    Exit codes:
      0   all is as expected; scenarios that need what the shop lacks are skipped
      1   something is not as expected
      2   a mistake in a scenario; nothing was run
      130 stopped by Ctrl-C; what ran is said
    """
    run = _begin(context)
    if run.options.fields or run.out.mode == "id":
        raise Usage("shop demo run prints a narration, TAP or JSON, and no fields and no ids")
    if step and (run.out.mode != "table" or not run.options.input_allowed):
        raise Usage("--step needs somebody at a terminal to press enter")
    if via not in _FACES:
        raise Usage(f"--via {not_one_of(_FACES, via)}")
    from shopcli.demo import recording, reports

    played = Performance(run, step=step, speed=_speed(speed), records=bool(record), via=via)
    recorded = _files("--record", record, recording.FORMATS)
    reported = _files("--report", report, reports.FORMATS)
    place = place_of(run, serve=serve)
    found = _read(scenarios or [_picked(run)])
    run.out.say(f"the shop: {place.says}")
    try:
        played.play(found, place)
    except KeyboardInterrupt:
        raise Cancelled(played.stopped()) from None
    finally:
        for path, write in reported.items():
            _write(path, write(played.plays))
    for path, keep in recorded.items():
        _write(path, keep(played.tape))
    played.end()


# --- what is played ------------------------------------------------------------------------------


def _begin(context: typer.Context) -> Run:
    run = prepare(context)
    if not run.closes_shop:
        raise Usage("a scenario plays no other one")
    run.out.check(_TOLD)
    return run


def _told(name: str, scenario: Scenario) -> Told:
    return Told(name, scenario.title, scenario.needs, len(scenario.statements))


def _picked(run: Run) -> str:
    run.ask.require("NAME|FILE", hint="shop demo list")
    choices = [Choice(name, name, read(path).title, name) for name, path in built_in().items()]
    return run.ask.pick("Scenario", "NAME|FILE", choices)


def _read(names: Sequence[str]) -> dict[str, Scenario]:
    """Read scenarios by name or file. Raises SyntaxMistake, NotFound, and one InvalidValue for several mistakes."""
    found: dict[str, Scenario] = {}
    mistakes: list[SyntaxMistake] = []
    for name in names:
        try:
            found[name] = read(_file(name))
        except SyntaxMistake as mistake:
            mistakes.append(mistake)
    if len(mistakes) == 1:
        raise mistakes[0]
    if mistakes:
        raise InvalidValue("\n".join(mistake.message for mistake in mistakes), hint=mistakes[0].hint)
    return found


def _file(name: str) -> Path:
    known = built_in()
    path = known.get(name, Path(name))
    if name not in known and not path.exists():
        close = get_close_matches(path.stem, known, n=1)
        meant = f", did you mean {close[0]}?" if close else ""
        raise NotFound(f"there is no scenario {name}{meant}", hint="shop demo list")
    return path.relative_to(Path.cwd()) if path.is_absolute() and path.is_relative_to(Path.cwd()) else path


# --- options -------------------------------------------------------------------------------------


def _speed(text: str) -> float:
    least, most = _SPEEDS
    whole, point, fraction = text.partition(".")
    if text.isascii() and whole.isdigit() and (fraction.isdigit() or not point) and least <= float(text) <= most:
        return float(text)
    raise Usage(f"--speed is a number from {least:g} to {most:g}, not {text!r}")


def _files(
    flag: str, paths: Sequence[Path] | None, formats: Mapping[str, Callable[..., T]]
) -> dict[Path, Callable[..., T]]:
    """Return how each file is written. Raises Usage for an ending that means nothing, StorageError for no directory."""
    for path in paths or ():
        if path.suffix not in formats:
            raise Usage(f"{flag} takes a file that ends in {', '.join(formats)}, not {str(path)!r}")
        if not path.parent.is_dir():
            raise StorageError(
                f"cannot write {path}: there is no directory {path.parent}", hint=f"mkdir -p {quote(str(path.parent))}"
            )
    return {path: formats[path.suffix] for path in paths or ()}


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}") from None
