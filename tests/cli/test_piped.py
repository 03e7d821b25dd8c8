"""Lines of a script that are for a command, and are no commands."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest

from shopcli.cli.shell.piped import owed
from shopcli.cli.signatures import COMMANDS
from tests.cli.conftest import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

_SLUG = "canon-ef-50mm-f1-8-stm"
_LOGIN = f"login --email ada@example.com --password-stdin\n{PASSWORD}\n"
_CARD = "4242424242424242 12/30 123"
_UNREAD = [
    (f"checkout --yes --card-stdin\n{_CARD}", 4),  # nobody is logged in
    (f"login --emial a@b.c --password-stdin\n{PASSWORD}", 2),
    (f"lgoin --email a@b.c --password-stdin\n{PASSWORD}", 2),
    (f"login --email a@b.c --pasword-stdin\n{PASSWORD}", 2),
    (f"login --email a@b.c --password\n{PASSWORD}", 2),
    (f"login --email a@b.c --password-stdin=whatever-follows-behind-this\n{PASSWORD}", 2),
    (f"login --email 'a@b.c --password-stdin\n{PASSWORD}", 2),
    (f"login --email a@b.c --password-stdin|cat\n{PASSWORD}", 2),
    (f"login --email a@b.c --password-stdin \\\n{PASSWORD}", 2),
    (f"login --email a@b.c --password-stdin \x1b\n{PASSWORD}", 2),
    (f"login --email a@b.c --password-stdin\n{PASSWORD * 300}", 2),  # too long to be one
    (f"account password --password-stdin\n{PASSWORD}\n{PASSWORD}", 4),
    (f"login --help --password-stdin\n{PASSWORD}", 2),  # what it was for did not fail, and did not read it
    (f"in\n{PASSWORD}", 2),
    (f"broken\n{PASSWORD}", 2),
    ("catalog import -\nslug,title\nhunter2,x", 2),
    ("catalog improt - --format csv\nslug,title\nhunter2,x", 2),
]


@pytest.mark.parametrize(("unread", "code"), _UNREAD)
def test_what_was_for_a_command_that_did_not_read_it_is_neither_run_nor_shown(
    run: Run, tmp_path: Path, unread: str, code: int
) -> None:
    (tmp_path / "config").mkdir()
    aliases = '[aliases]\nin = "login --emial a@b.c --password-stdin"\nbroken = "login --password-stdin | cat"\n'
    (tmp_path / "config" / "config.toml").write_text(aliases, "utf-8")
    for mode in ("tsv", "json"):
        result = run("-o", mode, "--backend", "memory:", "shell", stdin=f"cart show\n{unread}\nproducts list\n")

        assert result.code == code
        assert result.err.count("stopped at line 2: what follows was for it") == 1
        for secret in ("4242", "correct", "battery", "hunter2"):
            assert secret not in result.out + result.err
        assert _SLUG not in result.out


def test_a_second_secret_that_was_not_read_is_not_run_either(ada: Run) -> None:
    result = ada("shell", stdin=f"account password --password-stdin\n\n{PASSWORD}\nproducts list\n")

    assert (result.code, result.out) == (2, "")
    assert "stopped at line 1" in result.err
    assert "correct" not in result.err


def test_what_was_read_stops_no_script(ada: Run) -> None:
    read = f"login --email ada@example.com --password-stdin\nwrong password\nwhoami -o id\n{_LOGIN}whoami -o id\n"
    result = ada("shell", stdin=f"{read}products search -\nproducts show -x\nwhoami -o id")

    assert result.code == 0
    assert "stopped" not in result.err
    unfinished = ada("--json", "shell", stdin=f"whoami\n{_LOGIN.strip()}")
    assert (unfinished.code, unfinished.err) == (0, "")


def test_the_line_where_a_script_stopped_counts_what_commands_read(ada: Run) -> None:
    assert "stopped at line 3\n" in ada("shell", "-e", stdin=f"{_LOGIN}products show no\n").err


def test_every_command_that_reads_stdin_is_known_as_one() -> None:
    for path, (_, _, options) in COMMANDS.items():
        for (*_, name), _, _, _, about in options:
            assert owed(f"shop {path} {name}", failed=True) == (
                2 if "two lines from a pipe" in about else "from a pipe" in about
            )
    takes_files = [path for path, (_, arguments, _) in COMMANDS.items() if "- is stdin" in str(arguments)]
    assert [owed(f"{path} -", failed=True) for path in takes_files] == [inf]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("login ada@example.com hunter2", "shop login was given 2 words too many"),
        ("signup hunter2", "shop signup was given 1 word too many"),
        ("account password hunter2 other", "2 words too many"),
        ("checkout 4242424242424242 hunter2", "2 words too many"),
        ("orders pay 1001 4242424242424242", "1 word too many"),
    ],
)
def test_words_too_many_are_not_repeated_where_they_may_be_secret(run: Run, line: str, said: str) -> None:
    for result in (run(*line.split()), run(*line.split(), "--json")):
        assert result.code == 2
        assert said in result.err
        assert "hunter2" not in result.err
        assert "4242" not in result.err
