"""The same scenarios through the full-screen shop: keys instead of commands, the same expectations."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from shopcli.cli.failures import as_object
from shopcli.cli.output.jsonable import jsonable
from shopcli.cli.session import run_command
from shopcli.core.shop import Shop
from shopcli.core.stepping import Runner
from shopcli.demo.played import Played, Verdict
from shopcli.demo.playing import Play
from shopcli.demo.scenario import built_in, read
from shopcli.demo.stage import Stage
from shopcli.tui.scripted import ByKeys
from tests.campaign import thinned

_SLOW = {"each-service-down"}  # half a minute of "checking payment"


def played(url: str, path: Path, directory: Path, commands: list[str]) -> Played:
    def by_command_line(words: Sequence[str], shop: Shop, runner: Runner, *, stdin: str = "") -> Any:  # noqa: ANN401
        commands.append(" ".join(words[2:]))  # behind the time-out
        return run_command(words, shop, runner, stdin=stdin)

    keys = ByKeys(by_command_line, jsonable=jsonable, describe=as_object)
    scenario, stage = read(path), Stage(url, directory / "shoppers")
    try:
        return Play(scenario, stage, run_command=keys, jsonable=jsonable).play()
    finally:
        keys.close(stage.shopper(scenario.shoppers[0]), stage.runner)
        stage.close()


@pytest.mark.parametrize("name", thinned(sorted(set(built_in()) - _SLOW), 3))
def test_a_scenario_holds_by_keys(name: str, tmp_path: Path) -> None:
    found = played("memory:", built_in()[name], tmp_path, [])

    assert found.verdict is Verdict.PASSED, found.failure


def test_the_journey_is_done_by_keys_and_not_by_commands(tmp_path: Path) -> None:
    commands: list[str] = []
    found = played(f"sqlite:{tmp_path / 'shop'}", built_in()["buy-now"], tmp_path, commands)

    assert found.verdict is Verdict.PASSED, found.failure
    by_command = {" ".join(command.split()[:2]) for command in commands}
    assert by_command == {"products search", "addresses add", "checkout --address", "products show"}
    assert all("--in-stock" in command or not command.startswith("products search") for command in commands)
    assert all("--dry-run" in command for command in commands if "checkout" in command)


def test_what_is_not_as_expected_fails_by_keys_too(tmp_path: Path) -> None:
    text = built_in()["declined-card"].read_text("utf-8")
    wrong = tmp_path / "wrong.md"
    wrong.write_text(text.replace("exit == 7", "exit == 0"), encoding="utf-8")

    found = played("memory:", wrong, tmp_path, [])

    assert found.failure is not None
    assert "got 7" in found.failure.reason
