"""Streams that nobody reads or that have no room: what a command did is said where it can be, and told by its code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Run

_ROOT = Path(__file__).parents[2]
_PAID, _DECLINED, _LATER = (f"checkout --yes --pay {means}" for means in ("tok_visa", "tok_declined", "later"))
_needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")


@pytest.fixture(autouse=True)
def _filled(ada: Run) -> None:
    assert ada("cart", "add", "sigma-35-f2/sony-e").code == 0


@contextmanager
def _nobody_reads() -> Iterator[int]:
    theirs, ours = os.pipe()
    os.close(theirs)
    try:
        yield ours
    finally:
        os.close(ours)


@contextmanager
def _full() -> Iterator[int]:
    with Path("/dev/full").open("wb") as full:
        yield full.fileno()


def _shop(line: str, *, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "shopcli", *line.split()],
        env={**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONUNBUFFERED": ""},  # else nothing waits for a flush
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout or "", done.stderr or ""


@pytest.mark.parametrize("output", ["table", "tsv", "json"])
@pytest.mark.parametrize("line", ["products list --all", "cart add canon-eos-250d -q"])
def test_a_reader_that_leaves_is_no_error(line: str, output: str) -> None:
    with _nobody_reads() as pipe:
        assert _shop(f"{line} -o {output}", stdout=pipe) == (0, "", "")


@pytest.mark.parametrize("output", ["table", "tsv", "json"])
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (_PAID, 0, ("order 1001 is paid (", "shop orders show 1001")),
        (_DECLINED, 7, ("declined", "order 1001", "shop orders pay 1001")),
        (_LATER, 8, ("order 1001 is placed and not paid", "shop orders pay 1001")),
    ],
)
def test_what_became_of_money_is_said_though_nobody_reads_the_order(
    line: str, code: int, said: tuple[str, ...], output: str
) -> None:
    with _nobody_reads() as pipe:
        left, _, err = _shop(f"{line} -q -o {output}", stdout=pipe)

    assert left == code
    assert [words for words in said if words not in err] == []
    assert "bug" not in err


def test_a_list_keeps_the_exit_code_of_what_it_says(ada: Run) -> None:
    assert ada(*_LATER.split()).code == 8
    with _nobody_reads() as pipe:
        assert _shop("orders watch 1001 --timeout 0.01 -q", stdout=pipe)[0] == 8


def test_money_that_went_back_is_said_too(ada: Run) -> None:
    assert ada(*_PAID.split()).code == 0
    with _nobody_reads() as pipe:
        code, _, err = _shop("orders cancel 1001 --yes -q", stdout=pipe)

    assert (code, "order 1001 is " in err) == (0, True)
    with _nobody_reads() as pipe:
        assert _shop("orders show 1001 -q", stdout=pipe) == (0, "", "")  # which moves none


@pytest.mark.parametrize(
    ("line", "code"), [("checkout --dry-run", 0), (_PAID, 0), (_DECLINED, 7), (f"{_PAID} -v", 0), ("whoami -v", 0)]
)
def test_nobody_needs_to_read_stderr(ada: Run, line: str, code: int) -> None:
    with _nobody_reads() as pipe:
        assert _shop(line, stdout=pipe, stderr=pipe)[0] == code
    if line.startswith(_PAID):
        assert ada("orders", "show", "1001").rows[0][1] == "paid"


@_needs_full
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (_PAID, 11, ("order 1001 is paid (", "No space left", "shop orders show 1001")),
        (f"{_PAID} --json", 11, ("order 1001 is paid (", '"outcome": "applied"', '"shop orders show 1001"')),
        (_DECLINED, 7, ("declined", "shop orders pay 1001")),
        (_LATER, 8, ("order 1001 is placed and not paid",)),
        ("cart add canon-eos-250d", 11, ("it is done", "No space left", "→ shop cart show")),
        ("cart show", 12, ("cannot write the output: No space left",)),
    ],
)
def test_a_full_disk_says_what_was_done(line: str, code: int, said: tuple[str, ...]) -> None:
    with _full() as full:
        left, _, err = _shop(line, stdout=full)

    assert left == code
    assert [words for words in said if words not in err] == []


@_needs_full
@pytest.mark.parametrize(
    ("line", "code"), [("cart add canon-eos-250d", 0), ("cart remove 1", 0), ("checkout --dry-run", 0), (_LATER, 8)]
)
def test_talk_that_cannot_be_written_fails_nothing(line: str, code: int) -> None:
    with _full() as full:
        left, out, _ = _shop(line, stderr=full)

    assert (left, bool(out)) == (code, line != "cart remove 1")


@_needs_full
def test_a_hint_that_cannot_be_written_fails_nothing(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "data")  # a cart with nothing in it
    with _full() as full:
        assert _shop("cart show", stderr=full) == (0, "", "")
