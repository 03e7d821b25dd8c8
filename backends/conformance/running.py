"""Running the suite at a place, outside of anybody's test run: what holds, what is broken, what was not looked at.

pytest runs in this process, because the owner's session and the objects of the report are here, and Ctrl-C ends with
the teardown of the test that it hit. Nothing of the surroundings takes part: no configuration file, no conftest, no
plug-in that happens to be installed, no PYTEST_ variable, and what a backend prints goes nowhere.
"""

import asyncio
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from enum import StrEnum
from io import StringIO
from pathlib import Path

import pytest

from backends.conformance import fixtures
from backends.conformance.harness import LACKS, Harness
from backends.conformance.places import Place
from backends.errors import Unsupported
from backends.text import shorten

_FOLDER = Path(__file__).parent
_ALONE = (
    *("--disable-plugin-autoload", "--noconftest", "-p", "no:cacheprovider", "-p", "no:faulthandler"),
    *("-c", os.devnull, "--rootdir", str(_FOLDER), "--import-mode=importlib", "--capture=sys"),
)
_MOST_OF_A_CASE = 100

Progress = Callable[[int, int, str], None]
"""Is told after each test: how many are done, of how many, and in which area."""


class Verdict(StrEnum):
    """What became of a property."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNSUPPORTED = "unsupported"
    """The shop says that it lacks what this is about."""
    NOT_CHECKED = "not_checked"
    """From here it cannot be told."""


@dataclass(frozen=True, slots=True)
class Property:
    """Something that holds at every shop, or does not at this one."""

    area: str
    name: str
    """The property in words."""
    verdict: Verdict
    cases: int
    """With how many different values it was tried."""
    reason: str | None = None
    """Why it does not hold, or was not looked at, in one line."""
    details: str | None = None
    """The test that failed, and where; of several cases that of the first one."""


def areas() -> tuple[str, ...]:
    """Return what the suite is about: the names of its modules."""
    return tuple(sorted(path.stem.removeprefix("test_") for path in _FOLDER.glob("test_*.py")))


def run(place: Place, chosen: Sequence[str], progress: Progress) -> tuple[Property, ...]:
    """Run the chosen areas at a place. Raises KeyboardInterrupt, and RuntimeError where pytest itself failed."""
    with asyncio.Runner() as runner:
        runner.run(place.open())
    watching = _Watching(place, progress)
    files = [str(_FOLDER / f"test_{area}.py") for area in chosen]
    try:
        with _alone(), redirect_stdout(StringIO()) as said:
            code = pytest.main([*_ALONE, *files], plugins=[fixtures, watching])
    finally:
        with asyncio.Runner() as runner:
            runner.run(place.leave())
    if watching.stopped:
        raise KeyboardInterrupt
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(said.getvalue())
    return watching.properties()


@contextmanager
def _alone() -> Iterator[None]:
    """Hide the variables that pytest reads."""
    hidden = {name: value for name, value in os.environ.items() if name.startswith("PYTEST_")}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)


@dataclass
class _Tried:
    """The cases of one property, as they ended."""

    cases: int = 0
    held: int = 0
    reasons: list[str] = field(default_factory=list)
    """Of those that were skipped."""
    broken: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By case: the assertion in one line, and everything."""


class _Watching:
    """The plug-in that supplies the shop and notes what becomes of each test."""

    def __init__(self, place: Place, progress: Progress) -> None:
        self._place = place
        self._progress = progress
        self.stopped = False
        """Whether somebody pressed Ctrl-C."""
        self._total = 0
        self._done = 0
        self._tried: dict[tuple[str, str], _Tried] = {}

    @pytest.fixture
    def supplied(self) -> Iterator[Harness]:
        """The shop under test."""
        with self._place.supply() as harness:
            yield harness

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note Ctrl-C; pytest calls other early ends an interrupt too."""
        self.stopped = excinfo.type is KeyboardInterrupt

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Count the tests."""
        self._total = len(items)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Take `Unsupported` for an answer where the test asked for no capability that the shop says it has."""
        report = yield
        if call.excinfo is not None and call.excinfo.errisinstance(Unsupported) and not _asks(item):
            report.outcome = "skipped"
            report.longrepr = ("", 0, f"{LACKS} it: {call.excinfo.value}")
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a part of a test ended."""
        path, _, name = report.nodeid.partition("::")
        function, _, case = name.partition("[")
        area = Path(path).stem.removeprefix("test_")
        tried = self._tried.setdefault((area, function), _Tried())
        if report.failed:
            tried.broken.setdefault(case.removesuffix("]"), (_in_one_line(report), report.longreprtext))
        elif report.skipped:
            tried.reasons.append(_reason(report))
        elif report.when == "call":
            tried.held += 1
        if report.when == "teardown":
            tried.cases += 1
            self._done += 1
            self._progress(self._done, self._total, area)

    def properties(self) -> tuple[Property, ...]:
        """Return what became of each property."""
        return tuple(_judged(area, function, tried) for (area, function), tried in self._tried.items())


def _asks(item: pytest.Item) -> bool:
    return item.get_closest_marker("needs") is not None


def _reason(report: pytest.TestReport) -> str:
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    return said.removeprefix("Skipped: ")


def _in_one_line(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    message = str(crash.message) if crash is not None else report.longreprtext
    return message.strip().partition("\n")[0]


def _judged(area: str, function: str, tried: _Tried) -> Property:
    name = function.removeprefix("test_").replace("_", " ")
    if tried.broken:
        case, (line, details) = next(iter(tried.broken.items()))
        if tried.cases > 1:
            line += f" ({shorten(case, _MOST_OF_A_CASE)}; {len(tried.broken)} of {tried.cases} cases)"
        return Property(area, name, Verdict.BROKEN, tried.cases, line, details)
    if tried.held:
        return Property(area, name, Verdict.HOLDS, tried.cases)
    reason = tried.reasons[0] if tried.reasons else None
    lacks = any(each.startswith(LACKS) for each in tried.reasons)
    return Property(area, name, Verdict.UNSUPPORTED if lacks else Verdict.NOT_CHECKED, tried.cases, reason)
