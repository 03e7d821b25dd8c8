"""What every command shows, in each format. `SHOP_RENEW_GOLDENS=1` writes it anew: read what changed.

Tables are drawn for terminals of 60, 80 and 200 columns, JSON is that of a terminal. The shop is one in memory, whose
clock and ids are the same in each run.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from shopcli.cli import doctor
from shopcli.cli.session import run_command
from shopcli.core.doctor import Finding, State
from shopcli.demo.stage import Stage
from tests.cli.conftest import PASSWORD, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDENS = Path(__file__).parent / "goldens"
FORMATS = ("60", "80", "200", "tsv", "json")

_RENEW = bool(os.environ.get("SHOP_RENEW_GOLDENS"))  # now, as a test of commands has no such variables

_STEPS = (
    ("signup --name Ada --email ada@example.com --password-stdin", f"{PASSWORD}\n"),
    ("addresses add home --name Ada --line1 'Hauptstr. 1' --city Berlin --postcode 10115 --country DE", ""),
    (
        (
            "addresses add work --name 'Ada Lovelace' --line1 'Analytical-Engine-Allee 128' --line2 '3rd floor'"
            " --city 'Halle (Saale)' --postcode 06108 --region Sachsen-Anhalt --country DE --phone '0345 2023'"
        ),
        "",
    ),
    ("cart add sigma-35-f2/sony-e sony-fe-50mm-f1-4:2", ""),
    ("checkout --yes --card-stdin", "4242424242424242 12/40 123"),
    ("cart add canon-ef-50mm-f1-8-stm", ""),
    ("checkout --yes --pay tok_declined", ""),
    ("cart add nikon-z-100-400mm-s leica-m11", ""),
    ("checkout --yes --pay later", ""),
    ("orders cancel 1003 --yes", ""),
    ("cart add sigma-35-f2/sony-e sony-alpha-7-iv:2 hasselblad-h3d", ""),
    ("services fault payments latency --seconds 2 --rate 0.5 --action refund", ""),
    ("services fault orders crash --action place --times 1 --step 2 --after", ""),
)
"""What happened at the shop before."""

_SETTINGS = (
    "profile create corner sqlite:/srv/corner-shop",
    "profile create a-profile-with-a-rather-long-name memory:",
    "config set timeout 30",
    "config set output json --for corner",
)

SHOWN = {
    "start": "",
    "whoami": "whoami",
    "account-show": "account show",
    "addresses-list": "addresses list",
    "products-list": "products list --limit 12",
    "products-search": "products search sigma 35mm",
    "products-show": "products show sigma-35-f2",
    "products-categories": "products categories",
    "cart-show": "cart show",
    "checkout-dry-run": "checkout --dry-run --address work",
    "orders-list": "orders list",
    "orders-resume": "orders resume",
    "orders-show-paid": "orders show 1001",
    "orders-show-unpaid": "orders show 1002",
    "orders-show-cancelled": "orders show 1003",
    "payments-list": "payments list 1001",
    "payments-list-declined": "payments list 1002",
    "payments-show": "payments show PAYMENT",
    "payments-methods": "payments methods",
    "services-status": "services status",
    "services-fault-list": "services fault list",
    "backends-list": "backends list",
    "backends-show": "backends show memory",
    "error-out-of-stock": "cart add leica-m11:900",
    "error-several-variants": "cart add sigma-35-f2",
    "error-not-found": "products show sigma-35-f9",
    "error-no-such-command": "cart ad leica-m11",
    "error-missing": "checkout --address work",
    "error-state": "orders pay 1001 --yes",
    "error-forbidden": "orders show 1999",
    "doctor": "doctor",
}
"""Commands of Ada, who has shopped before."""

ALONE = {
    "start-first": "",
    "error-login": "orders list",
    "cart-show-empty": "cart show",
    "products-search-nothing": "products search zeppelin",
    "profile-list": "profile list",
    "config-list": "config list --origin",
    "config-get": "config get timeout",
    "config-path": "config path",
    "error-setting": "config set timeout soon",
    "catalog-import": "catalog import goods.csv --dry-run",
    "error-catalog-import": "catalog import bad.csv",
    "error-profile": "profile use corn",
    "demo-list": "demo list",
    "services-reconcile": "services reconcile",
}
"""Commands of somebody who has profiles and settings, and never shopped."""

FINDINGS = (
    Finding(State.OK, "python", "Python 3.13.1"),
    Finding(State.OK, "data directory", "/home/ada/.local/share/shop, 0700, 41.2 GB free"),
    Finding(State.WARNING, "terminal", "LANG=C: names of products are cut to ASCII", "export LC_ALL=C.UTF-8"),
    Finding(State.WARNING, "checkouts", "1 is unfinished", "shop orders resume"),
    Finding(State.WRONG, "service payments", "down, payments is stopped", "shop services start payments"),
)
_BASE = "/tmp"  # noqa: S108 - mkdtemp makes one of our own there, with a name that is always as long
_PLACE = "/home/ada/my-shop"
"""As long as a directory of a test, so that tables are as wide."""


@pytest.fixture(autouse=True)
def _a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """stdout and stderr are one where a format is for people; its colours are tested elsewhere."""
    for module in ("talk", "writing"):
        monkeypatch.setattr(f"shopcli.cli.output.{module}.is_terminal", lambda stream: True)
    monkeypatch.setattr(doctor, "examine", lambda surroundings: iter(FINDINGS))


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Make a directory whose name is always as long."""
    path = Path(tempfile.mkdtemp(prefix="ada-", dir=_BASE))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def shop(place: Path) -> Iterator[Stage]:
    stage = Stage("memory:", place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        for line, stdin in _STEPS:
            stage.tick()
            ran = run_command([*shlex.split(line), "-q"], stage.shopper("you"), stage.runner, stdin=stdin)
            assert ran.exit in (0, 7, 8), ran.err
    yield stage
    stage.close()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", SHOWN)
def test_a_command_shows_what_it_did(name: str, kind: str, shop: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = shop.shopper("you")
    line = SHOWN[name].replace("PAYMENT", run_command(["payments", "list", "1001", "-o", "id"], ada, shop.runner).out)
    ran = run_command([*line.split(), *_how(kind, monkeypatch)], ada, shop.runner)

    _compare(name, kind, f"{ran.screen}\n[{ran.exit}]\n")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", ALONE)
def test_a_command_without_a_shop_shows_what_it_did(
    name: str, kind: str, place: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DATA_DIR", str(place / "data"))
    monkeypatch.setenv("SHOP_CONFIG_DIR", str(place / "config"))
    monkeypatch.chdir(place)
    if not (place / "goods.csv").exists():
        _settle_in(place, run)
    result = run(*ALONE[name].split(), *_how(kind, monkeypatch))

    _compare(name, kind, f"{result.out}{result.err}\n[{result.code}]\n")


def _settle_in(place: Path, run: Run) -> None:
    head = "slug,title,brand,category,price,stock\n"
    (place / "goods.csv").write_text(f"{head}tea,Green tea,Corner,Tea,4.50,12\n")
    (place / "bad.csv").write_text(f"{head}tea,Green tea,Corner,Tea,four,12\ncake,,Corner,Cakes,3.20,-1\n")
    for line in _SETTINGS:
        done = run(*line.split())
        assert done.code == 0, done.err


def _how(kind: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", kind if kind.isdigit() else "80")
    return ["--no-color", "-o", "table" if kind.isdigit() else kind]


def _compare(name: str, kind: str, written: str) -> None:
    written = re.sub(rf"{_BASE}/ada(?:-\w*)?", lambda found: _PLACE[: len(found[0])], written)
    written = re.sub(r"card_[0-9a-f]{24}", f"card_{'0123456789ab' * 2}", written)
    golden = GOLDENS / f"{name}.{kind}{'.txt' if kind.isdigit() else ''}"
    if _RENEW:
        GOLDENS.mkdir(exist_ok=True)
        golden.write_text(written, encoding="utf-8")
    assert written == golden.read_text("utf-8")


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind.isdigit()])
def test_no_line_is_wider_than_its_terminal(kind: str) -> None:
    lines = {line for path in GOLDENS.glob(f"*.{kind}.txt") for line in path.read_text("utf-8").splitlines()}

    assert [line for line in lines if cell_len(line) > int(kind) and not line.startswith("→ ")] == []


def test_no_golden_is_left_over() -> None:
    names = {f"{name}.{kind}{'.txt' if kind.isdigit() else ''}" for name in (*SHOWN, *ALONE) for kind in FORMATS}

    assert {path.name for path in GOLDENS.iterdir()} == names
