"""pytest collects scenarios: one file, one test.

A Markdown file with a front matter and a ```shop block is collected where it is named on the command line or by the
ini option `shop_demo`. Every pytest with shop beside it loads this module, so it imports nothing until a file is read.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr, TracebackStyle

    from shopcli.demo.played import Played
    from shopcli.demo.scenario import Scenario

MEMORY = "memory:"
_SHOPS = ("--shop-backend", "--shop-owner")
MOST_LINES = 40
"""Of what an expectation looked into, a failure shows so many."""

_BLOCK = re.compile(r"^[ \t>]*(`{3,}|~{3,})[ \t]*shop[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say what can be chosen."""
    group = parser.getgroup("shop-demo", "scenarios for shops")
    group.addoption(
        "--shop-backend", metavar="URL", default=MEMORY, help="the shop that scenarios are played in [memory:]"
    )
    group.addoption("--shop-owner", metavar="FILE", help="the owner.json of that shop, for scenarios that operate it")
    group.addoption(
        "--shop-timeout", metavar="SECONDS", type=float, default=10.0, help="what a command of a scenario may take [10]"
    )
    parser.addini("shop_demo", "scenario files: patterns such as docs/*.md, below the root directory", "args", [])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ScenarioFile | None":
    """Collect a scenario that was asked for."""
    if file_path.suffix != ".md" or not _is_wanted(file_path, parent) or not _is_scenario(file_path):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


@pytest.hookimpl(tryfirst=True)  # before anything is deselected
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let a test fail where a shop is named on the command line and there is no scenario: nothing would be tested.

    `--shop-owner FILE` without `=` can do that: pytest looks for its configuration beside FILE, before it knows us. It
    is a test that fails and no usage error, as that would be lost in a worker of pytest-xdist.
    """
    named = any(str(word).startswith(_SHOPS) for word in config.invocation_params.args)
    if named and not any(isinstance(item, ScenarioItem) for item in items):
        items.append(NoScenario.from_parent(session, name="shop-demo"))


class NoScenario(pytest.Item):
    """A test that fails because there is no scenario to be played."""

    def runtest(self) -> None:
        """Fail."""
        where = self.config.inipath or "there is none"
        pytest.fail(
            "a shop is named, and no scenario was collected: name files, or set shop_demo in pytest's configuration"
            f" (here: {where}; write --shop-owner=FILE, or it is looked for beside FILE)",
            pytrace=False,
        )

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Say what it is."""
        return self.path, None, self.name


class ScenarioFile(pytest.File):
    """A file with a scenario."""

    def collect(self) -> "Iterator[ScenarioItem]":
        """Read it. Raises CollectError, with the place of what is wrong."""
        from backends.errors import ShopError
        from shopcli.demo.scenario import parse

        try:
            scenario = parse(self.path.read_bytes().decode("utf-8-sig"), _named(self.path, self.config))
        except (ShopError, OSError, UnicodeDecodeError) as error:
            raise self.CollectError(getattr(error, "message", None) or f"{self.path}: {error}") from None
        yield ScenarioItem.from_parent(self, name=scenario.title, scenario=scenario)


class ScenarioItem(pytest.Item):
    """A scenario, played in a shop."""

    def __init__(self, *, scenario: "Scenario", name: str, parent: pytest.Collector) -> None:
        """Play `scenario` when it is run."""
        super().__init__(name, parent)
        self._scenario = scenario

    def runtest(self) -> None:
        """Play it from the beginning. Raises ScenarioFailed; skips what this shop cannot be asked for."""
        from shopcli.demo.played import Verdict

        played = self._played()
        if played.verdict is Verdict.SKIPPED:
            raise pytest.skip.Exception(played.reason, _use_item_location=True)
        if played.verdict is Verdict.FAILED:
            raise ScenarioFailed(played)

    def _played(self) -> "Played":
        from tempfile import TemporaryDirectory

        from backends.registry import canonical
        from shopcli.cli.output.jsonable import jsonable
        from shopcli.cli.session import run_command
        from shopcli.demo.playing import Play
        from shopcli.demo.stage import Stage

        address, owner, timeout = (self.config.getoption(f"shop_{name}") for name in ("backend", "owner", "timeout"))
        url = canonical(address)
        with TemporaryDirectory(prefix="shop-demo-", ignore_cleanup_errors=True) as directory:
            stage = Stage(url, Path(directory), owner=_keys(owner, url))
            try:
                return Play(self._scenario, stage, run_command=run_command, jsonable=jsonable, timeout=timeout).play()
            finally:
                stage.close()

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: "TracebackStyle | None" = None
    ) -> "str | TerminalRepr":
        """Show the line, what was expected and what came."""
        from backends.errors import ShopError

        if isinstance(excinfo.value, ScenarioFailed):
            return str(excinfo.value)
        if isinstance(excinfo.value, ShopError):  # the shop cannot be opened: that is no bug of ours
            return "\n".join(filter(None, (excinfo.value.message, excinfo.value.hint)))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Say where it is."""
        return self.path, 0, f"scenario: {self.name}"


class ScenarioFailed(Exception):
    """A statement failed; the message shows which one, and why."""

    def __init__(self, played: "Played") -> None:
        """Tell what became of `played`."""
        super().__init__("\n".join(_told(played)))


def _told(played: "Played") -> Iterator[str]:
    line = played.failure
    if line is None:
        yield f"{played.scenario.path}: at {played.backend}: {played.reason}"
        return
    yield f"{played.scenario.path}:{line.statement.line}: {line.reason}"
    yield from _indented(line.statement.source, ">   ")
    yield f"at {played.backend}"
    before = next((each for each in reversed(played.lines) if each.ran is not None), None)
    if before is not None and before.ran is not None:
        if before is not line:
            yield f"the command before it, in line {before.statement.line}:"
            yield from _indented(before.statement.source, "    ")
        yield f"ended with exit {before.ran.exit} and wrote:"
        yield from _indented(_cut(f"{before.ran.out}{before.ran.err}".rstrip() or "nothing"), "    ")
    if line.whole is not None:
        from json import dumps

        yield "looked into:"
        yield from _indented(_cut(dumps(line.whole, indent=2, ensure_ascii=False, default=str)), "    ")


def _indented(text: str, margin: str) -> Iterator[str]:
    return (f"{margin}{line}".rstrip() for line in text.split("\n"))


def _cut(text: str) -> str:
    lines = text.split("\n")
    more = len(lines) - MOST_LINES
    return text if more <= 0 else "\n".join((*lines[:MOST_LINES], f"… {more} more lines"))


def _is_wanted(path: Path, parent: pytest.Collector) -> bool:
    patterns = parent.config.getini("shop_demo")
    if parent.session.isinitpath(path):
        return True
    name = path.relative_to(parent.config.rootpath).as_posix() if path.is_relative_to(parent.config.rootpath) else ""
    return any(fnmatch(name, pattern) for pattern in patterns)


def _is_scenario(path: Path) -> bool:
    """Whether a file says that it is one: what is wrong in it is then a failure, and any other Markdown is nothing."""
    from codecs import BOM_UTF8

    try:
        content = path.read_bytes().removeprefix(BOM_UTF8)
    except OSError:
        return False
    return content.split(b"\n", 1)[0].rstrip() == b"---" and _BLOCK.search(content.decode(errors="replace")) is not None


def _named(path: Path, config: pytest.Config) -> str:
    """Return the path as an editor finds it from where pytest was started."""
    from os.path import relpath

    return relpath(path, config.invocation_params.dir)


def _keys(owner: str | None, url: str) -> dict[str, str]:
    if owner is None:
        return {}
    from shopcli.core.owners import owner_of

    return owner_of(Path(owner), url)
