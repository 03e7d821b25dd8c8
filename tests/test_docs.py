"""The examples in README.md and docs/ are run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
RUN = {"README.md", "backends.md"}
"""Pages whose examples are run: here, and in test_backends_tutorial.py."""
SHOP = f'#!/bin/sh\nexec "{sys.executable}" -m shopcli "$@"\n'


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "shop").write_text(SHOP)
    (programs / "shop").chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "SHOP_DATA_DIR": str(tmp_path / "data"),
        "PYTHONPATH": str(ROOT),
    }


def test_the_commands_of_the_readme_work_in_their_order(tmp_path: Path, environment: dict[str, str]) -> None:
    script = "".join(line[2:] + "\n" for block in blocks(ROOT / "README.md", "console") for line in block.splitlines())
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "\tpaid\t" in done.stdout
    assert "declined" in done.stdout


def test_the_library_example_of_the_readme_works(tmp_path: Path, environment: dict[str, str]) -> None:
    (example,) = blocks(ROOT / "README.md", "python")
    done = subprocess.run(
        [sys.executable, "-c", example], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("order 1001: settled, 3002.90 EUR\n", "", 0)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]*)", page.read_text("utf-8")):
        assert not target or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_example_is_left_unrun(page: Path) -> None:
    if page.name not in RUN:
        assert not blocks(page, "console")
        assert not blocks(page, "python")
