"""`shop demo`: scenarios that are documentation, live demo and test at once: list, check and run them."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from shlex import join, quote
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from backends.errors import InvalidValue, NotFound, ShopError, StorageError
from backends.registry import canonical, open_backend
from shopcli.cli.columns import Column, View
from shopcli.cli.failures import Cancelled, Usage
from shopcli.cli.failures import as_object as error_as_object
from shopcli.cli.jsonable import dumps, jsonable
from shopcli.cli.options import is_terminal
from shopcli.cli.run import Run
from shopcli.core.shop import open_shop
from shopcli.demo.mistakes import SyntaxMistake
from shopcli.demo.scenario import Scenario, built_in, read

if TYPE_CHECKING:
    from shopcli.demo.narration import Narration
    from shopcli.demo.playing import Audience, Played, RunCommand
    from shopcli.demo.stage import Stage
    from shopcli.demo.tap import Tap

T = TypeVar("T")

MEMORY = "memory:"
_FACES = ("cli", "tui")
COLUMNS = 80
_SPEEDS = (0.1, 1000.0)
_OWNERS_KEYS = ("owner", "origin")


class DemoFailed(ShopError):
    """What a scenario expects did not hold."""

    code = "demo_failed"
    category = "demo_failed"


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
        Column("needs", lambda told: ",".join(told.needs), shrinks=True),
        Column("statements", lambda told: told.statements, right=True, hidden=True),
    ),
    identity=lambda told: told.name,
)

_Scenarios = Annotated[list[str], typer.Argument(metavar="NAME|FILE", help="shop demo list has the names.")]


def list_scenarios(context: typer.Context) -> None:
    """List the scenarios that come with shop, and what each needs of a shop.

    Examples:
      shop demo list
      shop demo list --json | jq -r '.items[].title'
    """
    run = _begin(context)
    told = [_told(name, read(path)) for name, path in built_in().items()]
    run.out.list(_TOLD, told, total=len(told), empty="")


def check(context: typer.Context, scenarios: _Scenarios) -> None:
    """Say whether scenarios are written in their language; nothing is run.

    Examples:
      shop demo check buy-now
      shop demo check docs/mine.md tests/*.md

    Exit codes:
      2   a mistake: file, line and column, what was expected and what was found
      3   no such file
    """
    run = _begin(context)
    run.out.list(_TOLD, [_told(name, one) for name, one in _read(scenarios).items()], empty="")


def run_scenarios(
    context: typer.Context,
    scenarios: _Scenarios,
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
        raise Usage(f"--via is {' or '.join(_FACES)}, not {via!r}")
    from shopcli.demo import recording, reports

    played = _Demo(run, step=step, speed=_speed(speed), records=bool(record), via=via)
    recorded = _files("--record", record, recording.FORMATS)
    reported = _files("--report", report, reports.FORMATS)
    place = _place(run, serve=serve)
    found = _read(scenarios)
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
    run: Run = context.obj
    run.path = context.command_path
    if not run.closes_shop:
        raise Usage("a scenario plays no other one")
    run.out.check(_TOLD)
    return run


def _told(name: str, scenario: Scenario) -> Told:
    return Told(name, scenario.title, scenario.needs, len(scenario.statements))


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


@dataclass(frozen=True, slots=True)
class _Place:
    """The shop that is played in: a URL and the keys of its owner, or one that is served for each scenario."""

    url: str | None
    owner: Mapping[str, str]
    says: str

    @contextmanager
    def stage(self, directory: Path) -> Iterator["Stage"]:
        from shopcli.demo.stage import Stage

        with ExitStack() as stack:
            url, owner = self.url, self.owner
            if url is None:
                from shopcli.demo.serving import served

                shop = stack.enter_context(served(directory))
                url, owner = shop.url, {"owner": shop.owner, "origin": shop.url}
            stage = Stage(url, directory / "shoppers", owner=owner)
            stack.callback(stage.close)
            yield stage


def _place(run: Run, *, serve: bool) -> _Place:
    """Return where to play. Raises Usage, ConfigurationError."""
    options = run.options
    if serve and options.again:
        raise Usage(f"--serve and {options.again[0]} both say which shop")
    if serve:
        return _Place(None, {}, "five services, served for each scenario")
    if options.profile is not None:
        shop = open_shop(profile=options.profile)
        kept = {name: value for name, value in shop.sessions.read().items() if name in _OWNERS_KEYS}
        return _Place(shop.url, kept, f"{shop.url}, the profile {options.profile}")
    if options.backend is None or options.backend == MEMORY:
        return _Place(MEMORY, {}, f"{MEMORY}, a new one for each scenario")
    open_backend(options.backend)
    return _Place(canonical(options.backend), {}, canonical(options.backend))


# --- playing -------------------------------------------------------------------------------------


class _Demo:
    """Scenarios, and those who watch them."""

    def __init__(self, run: Run, *, step: bool, speed: float, records: bool, via: str) -> None:
        from shopcli.demo.recording import Tape
        from shopcli.demo.reports import Collected

        self._run = run
        self._speed = speed
        self._records = records
        self._via = via
        self._collected = Collected()
        self.tape = Tape(speed)
        self._keys = sys.stdin if step else None
        self._tap: Tap | None = None
        self._names: Sequence[str] = ()
        self._served = False

    @property
    def plays(self) -> "Sequence[Played]":
        """What was played, as far as it came."""
        return self._collected.plays

    def play(self, scenarios: Mapping[str, Scenario], place: _Place) -> None:
        """Play them one after the other."""
        from shopcli.demo.playing import Play

        self._names, self._served = tuple(scenarios), place.url is None
        audience = self._audience(len(scenarios))
        titles = [scenario.title for scenario in scenarios.values()]
        self.tape.title = titles[0] if len(titles) == 1 else f"shop demo: {len(titles)} scenarios"
        for scenario in scenarios.values():
            with TemporaryDirectory(prefix="shop-demo-", ignore_cleanup_errors=True) as name:
                directory = Path(name)
                with (
                    place.stage(directory) as stage,
                    _as_for_a_person(self._environment(directory, place)),
                    self._commands(stage, scenario) as run_command,
                ):
                    play = Play(
                        scenario,
                        stage,
                        run_command=run_command,
                        jsonable=jsonable,
                        audience=audience,
                        timeout=self._run.options.timeout,
                    )
                    play.play()

    @contextmanager
    def _commands(self, stage: "Stage", scenario: Scenario) -> "Iterator[RunCommand]":
        """Open what runs the commands: the command line, or the full-screen shop for what it offers."""
        from shopcli.cli.session import run_command

        by_command = partial(run_command, clock=_stand_still) if stage.clock else run_command
        if self._via == "cli":
            yield by_command
            return
        from shopcli.tui.scripted import ByKeys

        keys = ByKeys(by_command, jsonable=jsonable, describe=error_as_object)
        try:
            yield keys
        finally:
            keys.close(stage.shopper(scenario.shoppers[0]), stage.runner)

    def stopped(self) -> str:
        """Say what ran before somebody stopped it."""
        ran = [f"{name} {'stopped' if played.reason else played.verdict}" for name, played in self._named()]
        if self._tap:
            self._tap.stopped("stopped by Ctrl-C")
        return f"stopped by Ctrl-C; what ran: {', '.join(ran) or 'nothing'}"

    def end(self) -> None:
        """Sum up. Raises DemoFailed where something was not as expected."""
        from shopcli.demo.reports import as_object, counts
        from shopcli.demo.wording import count_of

        numbers = counts(self.plays)
        if self._run.out.mode in ("json", "jsonl"):
            print(dumps(as_object(self.plays), indented=is_terminal(sys.stdout) and self._run.out.mode == "json"))
        word = "scenario" if len(self.plays) == 1 else "scenarios"
        said = f"{len(self.plays)} {word}: {count_of(numbers)}"
        if self._tap:
            self._tap.comment(said)
        for name, played in self._named():
            if played.verdict == "skipped":
                self._run.out.say(f"skipped {name}: {played.reason}")
        if numbers["failed"]:
            failed = [name for name, played in self._named() if played.verdict == "failed"]
            raise DemoFailed(f"{said}; not as expected: {', '.join(failed)}", hint=self._again(failed[0]))
        self._run.out.say(said)

    def _again(self, name: str) -> str:
        """Return the command that shows one scenario step by step, at the same shop."""
        serve = ["--serve"] if self._served else []
        return join(["shop", "demo", "run", name, *serve, "--step"])

    def _named(self) -> "Iterator[tuple[str, Played]]":
        """Yield what was played, as it was called."""
        return zip(self._names, self.plays, strict=False)

    def _audience(self, count: int) -> "list[Audience]":
        audience: list[Audience] = [self._collected]
        mode = self._run.out.mode
        if mode == "table":
            audience.append(self._narration())
        elif mode == "tsv":
            from shopcli.demo.tap import Tap

            self._tap = Tap(_printed, count)
            audience.append(self._tap)
        if self._records:
            from shopcli.demo.narration import Narration

            audience.append(Narration(self.tape))
        return audience

    def _narration(self) -> "Narration":
        from shopcli.demo.narration import Narration, Terminal

        sleep = time.sleep if is_terminal(sys.stdout) else _no_sleep
        screen = Terminal(sys.stdout, sleep=sleep, speed=self._speed, keys=self._keys)
        return Narration(screen, width=self._width, color=self._colored)

    @property
    def _colored(self) -> bool:
        return self._run.options.color and (self._run.options.forced_terminal or is_terminal(sys.stdout))

    @property
    def _width(self) -> int:
        from shutil import get_terminal_size

        return min(COLUMNS, get_terminal_size((COLUMNS, 24)).columns)

    def _environment(self, directory: Path, place: _Place) -> dict[str, str | None]:
        """Return what is different for the commands of a scenario; None is not there."""
        narrates = self._run.out.mode == "table"
        colored = self._records or (narrates and self._colored)
        changes: dict[str, str | None] = dict.fromkeys(name for name in os.environ if name.startswith("SHOP_"))
        changes |= {
            "SHOP_FORCE_TTY": "1",
            "SHOP_DATA_DIR": str(directory / "data"),  # nothing in a scenario reaches the person's own
            "SHOP_CONFIG_DIR": str(directory / "config"),
            "COLUMNS": str(COLUMNS if self._records or not narrates else self._width),
            "TERM": "xterm-256color",
            "NO_COLOR": None if colored else "1",
        }
        if place.url == MEMORY:
            changes["TZ"] = "UTC"
        return changes


@contextmanager
def _as_for_a_person(changes: Mapping[str, str | None]) -> Iterator[None]:
    """Change the environment, and put it back."""
    before = {name: os.environ.get(name) for name in changes}
    try:
        _put(changes)
        yield
    finally:
        _put(before)


def _put(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    time.tzset()


def _stand_still() -> float:
    """Return the time of a trace where the shop's clock is virtual: nothing takes any."""
    return 0.0


def _printed(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _no_sleep(seconds: float) -> None:
    """Nobody reads along."""


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
