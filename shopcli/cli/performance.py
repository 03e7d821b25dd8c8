"""A performance of scenarios: where they are played, who watches, and what becomes of it."""

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shlex import join
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from backends.errors import ShopError
from backends.registry import canonical, open_backend
from shopcli.cli.failures import Usage
from shopcli.cli.failures import as_object as error_as_object
from shopcli.cli.options import is_terminal
from shopcli.cli.output.jsonable import dumps, jsonable
from shopcli.cli.run import Run
from shopcli.core.shop import open_shop
from shopcli.demo.scenario import Scenario

if TYPE_CHECKING:
    from shopcli.demo.narration import Narration
    from shopcli.demo.played import Audience, Played, RunCommand
    from shopcli.demo.stage import Stage
    from shopcli.demo.tap import Tap

MEMORY = "memory:"
COLUMNS = 80
_OWNERS_KEYS = ("owner", "origin")


class DemoFailed(ShopError):
    """What a scenario expects did not hold."""

    code = "demo_failed"
    category = "demo_failed"


@dataclass(frozen=True, slots=True)
class Place:
    """The shop that is played in: a URL and the keys of its owner, or one that is served for each scenario."""

    url: str | None
    owner: Mapping[str, str]
    says: str

    @contextmanager
    def stage(self, directory: Path) -> Iterator["Stage"]:
        """Set up the stage of one scenario, with its shoppers' files in `directory`."""
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


def place_of(run: Run, *, serve: bool) -> Place:
    """Return where to play. Raises Usage, ConfigurationError."""
    options = run.options
    if serve and options.again:
        raise Usage(f"--serve and {options.again[0]} both say which shop")
    if serve:
        return Place(None, {}, "five services, served for each scenario")
    if options.profile is not None:
        shop = open_shop(profile=options.profile, credentials=options.credentials)
        kept = {name: value for name, value in shop.sessions.read().items() if name in _OWNERS_KEYS}
        return Place(shop.url, kept, f"{shop.url}, the profile {options.profile}")
    if options.backend is None or options.backend == MEMORY:
        return Place(MEMORY, {}, f"{MEMORY}, a new one for each scenario")
    open_backend(options.backend)
    return Place(canonical(options.backend), {}, canonical(options.backend))


class Performance:
    """Scenarios, and those who watch them."""

    def __init__(self, run: Run, *, step: bool, speed: float, records: bool, via: str) -> None:
        """Prepare to play at `speed`, on a `step` at a time, `via` "cli" or "tui"; `records` keeps it on a tape."""
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
        self._by_keys = 0
        self._by_command = 0

    @property
    def plays(self) -> "Sequence[Played]":
        """What was played, as far as it came."""
        return self._collected.plays

    def play(self, scenarios: Mapping[str, Scenario], place: Place) -> None:
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
            self._by_keys += keys.by_keys
            self._by_command += keys.by_command
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
        said = f"{len(self.plays)} {word}: {count_of(numbers)}{self._how()}"
        if self._tap:
            self._tap.comment(said)
        for name, played in self._named():
            if played.verdict == "skipped":
                self._run.out.say(f"skipped {name}: {played.reason}")
        if numbers["failed"]:
            failed = [name for name, played in self._named() if played.verdict == "failed"]
            raise DemoFailed(f"{said}; not as expected: {', '.join(failed)}", hint=self._again(failed[0]))
        self._run.out.say(said)

    def _how(self) -> str:
        """Say how many commands the screen did, and how many it does not offer."""
        if self._via == "cli":
            return ""
        return f" ({self._by_keys} commands by keys, {self._by_command} by command line)"

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

    def _environment(self, directory: Path, place: Place) -> dict[str, str | None]:
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
