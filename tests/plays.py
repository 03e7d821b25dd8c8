"""Scenarios played by tests, and what they left behind in a form that can be compared."""

import re
from collections.abc import Mapping
from pathlib import Path

from shopcli.cli.output.jsonable import jsonable
from shopcli.cli.session import run_command
from shopcli.demo.played import Played
from shopcli.demo.playing import Play
from shopcli.demo.scenario import Scenario, built_in, read
from shopcli.demo.stage import Stage
from stub_services.products.catalog import read_catalog

MEMORY = "memory:"

_DIFFERS = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"), "TIME"),
)
_TOOK = re.compile(r"\d+(\.\d+)? ms *")  # with what pads it: 10 ms is as wide as 9 ms and a space


def scenario(name: str) -> Scenario:
    """One of those that come with shop."""
    return read(built_in()[name])


def play(
    scenario: Scenario, url: str, directory: Path, *, owner: Mapping[str, str] | None = None, is_empty: bool = False
) -> Played:
    """Play it on a stage of its own; a shop that is empty gets its catalog first."""
    stage = Stage(url, directory, owner=owner)
    try:
        if is_empty:
            stage.shopper("you")
            assert stage.backend.admin is not None
            stage.runner.run(stage.backend, stage.backend.admin.import_catalog(tuple(read_catalog())))
        return Play(scenario, stage, run_command=run_command, jsonable=jsonable).play()
    finally:
        stage.close()


def told(played: Played) -> str:
    """Where it failed and why, for a test that says so."""
    line = played.failure
    where = f"{line.statement.line}: {line.statement.source}: {line.reason}" if line else played.reason
    return f"{played.scenario.path}:{where}"


def transcript(played: Played) -> list[tuple[object, ...]]:
    """What every command printed and how it ended, without what differs between shops: ids and times."""
    return [
        (line.statement.line, line.ran.exit, line.ran.error and line.ran.error["code"], _plain(line.ran.out))
        for line in played.lines
        if line.ran is not None
    ]


def recording(played: Played) -> list[tuple[object, ...]]:
    """All that was printed, but for how long it took."""
    return [
        (line.statement.line, line.verdict, line.ran and (line.ran.exit, line.ran.out, _TOOK.sub("? ms", line.ran.err)))
        for line in played.lines
    ]


def _plain(text: str) -> str:
    for pattern, name in _DIFFERS:
        text = pattern.sub(name, text)
    return text
