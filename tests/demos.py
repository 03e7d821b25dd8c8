"""Scenarios of a few lines, played in memory before whoever a test wants to watch."""

import os
from collections.abc import Sequence
from pathlib import Path

from shopcli.cli.output.jsonable import jsonable
from shopcli.cli.session import run_command
from shopcli.demo.played import Audience, Played
from shopcli.demo.playing import Play
from shopcli.demo.scenario import Scenario, parse
from shopcli.demo.stage import Stage

FILE = "planted.md"
HEAD = """\
---
title: Planted
needs: [{needs}]
shoppers: [you, ben]
---
# A step
```shop
{statements}
```
"""
FIRST = 8
"""The line of the first statement."""

LENS = "sigma-35-f2"
WRONG = ("$ products show sigma-35-f2", '? .slug == "sigma-35-f2"', "? .variants[0].stock == 1", "$ cart show")
"""Four statements of which the third is wrong."""
RIGHT = "$ products show sigma-35-f2"


def scenario(*statements: str, needs: str = "exact_stock") -> Scenario:
    return parse(written(*statements, needs=needs), FILE)


def written(*statements: str, needs: str = "exact_stock") -> str:
    return HEAD.format(needs=needs, statements="\n".join(statements))


def play(
    scenario: Scenario, directory: Path, *audience: Audience, url: str = "memory:", timeout: float = 10.0
) -> Played:
    """Play it; a command of it is at a terminal of 80 columns."""
    stage = Stage(url, directory)
    try:
        return Play(
            scenario, stage, run_command=run_command, jsonable=jsonable, audience=audience, timeout=timeout
        ).play()
    finally:
        stage.close()


def files(directory: Path) -> Sequence[str]:
    """Return all files below a directory."""
    return sorted(str(Path(base) / name) for base, _, names in os.walk(directory) for name in names)
