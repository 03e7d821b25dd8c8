"""A person's own names for commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopcli.cli.aliases import expanded
from shopcli.cli.completing.words import candidates
from shopcli.cli.failures import Usage
from shopcli.core.paths import config_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

_CHEAP = "products list --sort price --in-stock"
_ALIASES = {"cheap": _CHEAP, "quoted": "products search 'two words'", "pay": "checkout --pay", "cart": "whoami"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    return tmp_path / "config" / "config.toml"


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("cheap", _CHEAP),
        ("cheap --limit 2", f"{_CHEAP} --limit 2"),
        ("--json --profile cheap cheap", f"--json --profile cheap {_CHEAP}"),
        ("-q cheap -v", f"-q {_CHEAP} -v"),
        ("pay tok_visa", "checkout --pay tok_visa"),
        ("cart show", "cart show"),
        ("products list cheap", "products list cheap"),
        ("--nonsense cheap", "--nonsense cheap"),
        ("-- cheap", "-- cheap"),
        ("--json", "--json"),
        ("unknown", "unknown"),
    ],
)
def test_the_command_takes_the_place_of_its_name(line: str, whole: str) -> None:
    assert expanded(line.split(), _ALIASES) == whole.split()


def test_quotes_hold_words_together() -> None:
    assert expanded(["quoted"], _ALIASES) == ["products", "search", "two words"]


@pytest.mark.parametrize("command", ["other", "", "--json", "'open", "rm -rf / | true", "shop"])
def test_what_is_no_command_is_refused(command: str, run: Run) -> None:
    with pytest.raises(Usage, match="alias name"):
        expanded(["name"], {"name": command, "other": "whoami"})
    refused = run("alias", "set", "name", command)
    assert refused.code == 2
    assert "alias delete" not in refused.err  # the one of that name, if any, is none the worse


@pytest.mark.parametrize("name", ["cart", "signup", "help", "-x", "a b", "", "a/b", "x" * 41])
def test_what_is_no_name_is_refused(name: str, run: Run, file: Path) -> None:
    assert run("alias", "set", "--", name, "whoami").code == 2
    assert not file.exists()


def test_an_alias_is_set_used_changed_and_deleted(run: Run, file: Path) -> None:
    file.write_text("# mine\ntimeout = 30\n", "utf-8")

    assert run("alias", "set", "cheap", f"shop {_CHEAP}").err == "→ shop cheap\n"
    assert run("cheap", "--limit", "3", "-q").out == run(*_CHEAP.split(), "--limit", "3", "-q").out
    assert run("alias", "set", "cheap", "products list --limit 1").code == 0
    assert len(run("cheap", "-o", "id").out.splitlines()) == 1
    assert run("alias", "list").rows == [["cheap", "products list --limit 1"]]
    assert file.read_text("utf-8").startswith("# mine\ntimeout = 30\n")
    assert run("alias", "delete", "cheap").code == 0
    assert run("alias", "delete", "cheap").code == 3
    assert run("cheap").code == 2
    assert "# mine\ntimeout = 30\n" in file.read_text("utf-8")


def test_what_is_said_behind_an_alias_is_stronger(run: Run) -> None:
    run("alias", "set", "mine", "products list -o json --limit 1")

    assert run("mine", "-o", "id").out == "canon-ef-100mm-f2-8l-macro\n"
    assert run("mine", "--help").out == run("products", "list", "--help").out


def test_a_command_is_never_hidden(run: Run, file: Path) -> None:
    file.write_text('[aliases]\nproducts = "whoami"\n', "utf-8")

    assert len(run("products", "list").rows) == 30


def test_an_alias_that_became_wrong_says_how_it_goes(run: Run, file: Path) -> None:
    file.write_text('[aliases]\na = "b"\nb = "a"\n', "utf-8")

    result = run("a")
    assert (result.code, result.err.splitlines()) == (
        2,
        ["✗ alias a stands for 'b', which begins no command", "→ shop alias delete a"],
    )


@pytest.mark.parametrize("text", ["aliases = 1\n", "[aliases]\na = 1\n", "[[aliases]]\n"])
def test_what_are_no_aliases_is_a_broken_file(run: Run, file: Path, text: str) -> None:
    file.write_text(text, "utf-8")

    result = run("products", "list")
    assert result.code == 12
    assert "aliases are commands by name" in result.err
    assert run("config", "path").code == 0


def test_a_control_character_in_the_file_reaches_no_command(run: Run, file: Path) -> None:
    file.write_text('[aliases]\na = "products search \\u001b[2J"\n', "utf-8")

    assert run("a").code == 2


def test_the_shell_knows_them_and_what_is_not_for_it(run: Run) -> None:
    run("alias", "set", "cats", "products categories")
    run("alias", "set", "screen", "tui")

    result = run("--backend", "memory:", "shell", stdin="cats -o id\nscreen\n")
    assert "macro-lenses" in result.out
    assert "not in a shell" in result.err


def test_tab_knows_them(run: Run) -> None:
    run("alias", "set", "cheap", _CHEAP)

    assert [each.text for each in candidates([], "che")] == ["checkout", "cheap"]
    assert [each.text for each in candidates(["cheap"], "--lim")] == ["--limit"]
    assert [each.text for each in candidates(["alias", "delete"], "")] == ["cheap"]


def test_tab_is_silent_about_a_broken_file(file: Path) -> None:
    file.write_text("aliases = 1\n", "utf-8")

    assert [each.text for each in candidates([], "che")] == ["checkout"]


@pytest.mark.parametrize(
    "variables",
    [{"SHOP_CONFIG_DIR": "{}/a"}, {"XDG_CONFIG_HOME": "{}/b"}, {"XDG_CONFIG_HOME": "relative"}, {}],
    ids=str,
)
def test_tab_looks_where_everybody_looks(
    variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SHOP_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(tmp_path))
    config_file().parent.mkdir(parents=True)
    config_file().write_text(f'[aliases]\ncheap = "{_CHEAP}"\n', "utf-8")

    assert [each.text for each in candidates([], "che")] == ["checkout", "cheap"]
