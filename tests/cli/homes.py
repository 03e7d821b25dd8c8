"""A home in which the examples of the help texts can be run: Ada's, with a cart, orders, profiles and files."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shopcli.demo.scenario import built_in
from tests.cli.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.served import Served

_ROOT = Path(__file__).parents[2]
_SHOP = f'#!/bin/sh\nexec "{sys.executable}" -m shopcli "$@"\n'
_NOWHERE = "http://127.0.0.1:8080"
"""Stands for a served shop in the examples."""
_STEPS = (
    "cart add canon-ef-50mm-f1-8-stm",
    "checkout --pay later --yes || test $? = 8",  # order 1001 waits for its payment
    "cart add canon-ef-50mm-f1-8-stm",
    "checkout --card-stdin --yes < card.txt",  # order 1002 is paid
    "cart add sigma-35-f2/sony-e sony-fe-50mm-f1-4",
    "profile create staging sqlite:$HOME/staging",
    "config set timeout 30",
    "config set output tsv --for staging",
)
_GOODS = (
    ("slug", "title", "brand", "category", "price", "stock"),
    ("tea", "Green tea", "Corner", "Tea", "4.50", "12"),
    ("cake", "Marble cake", "Corner", "Cakes", "3.20", "6"),
)


@dataclass(frozen=True)
class Home:
    """A directory to be at home in; `shop` is on the PATH."""

    path: Path
    url: str
    """Where a shop is served."""

    @property
    def environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SHOP_", "XDG_"))}
        return {
            **kept,
            "HOME": str(self.path),
            "PATH": f"{self.path / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(_ROOT),
            "SHOP_DATA_DIR": str(self.path / "data"),
            "SHOP_CONFIG_DIR": str(self.path / "config"),
            "EDITOR": "cat",
            "PYTHON_KEYRING_BACKEND": "tests.keyrings.Shared",
            "TEST_KEYRING": str(self.path / "keyring.json"),
            "TERM": "xterm",
            "TZ": "UTC",
        }

    def script(self, line: str) -> list[str]:
        """Return how a line is run; what stands for a served shop and a payment is put in."""
        if "PAYMENT" in line:
            line = line.replace("PAYMENT", self.run("shop payments list 1002 -o id").stdout.strip())
        return ["bash", "-euo", "pipefail", "-c", line.replace(_NOWHERE, self.url)]

    def run(self, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a line without a terminal."""
        return subprocess.run(
            self.script(line),
            env={**self.environment, **environment},
            cwd=self.path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def copied(self, path: Path) -> Home:
        """Return a home like this, for whoever changes something."""
        shutil.copytree(self.path, path)
        return Home(path, self.url)


def furnish(path: Path, furnished: Path, served: Served) -> Home:
    """Make a home of the data directory of Ada, and of a shop that is served."""
    home = Home(path, served.url)
    shutil.copytree(furnished, path / "data")
    for directory in ("bin", "docs", "tests", ".zfunc", ".config/fish/completions", "shop-data"):
        (path / directory).mkdir(parents=True)
    (path / "shop-data").chmod(0o700)
    shutil.copy(served.data / "owner.json", path / "shop-data")
    (path / "bin" / "shop").write_text(_SHOP)
    (path / "bin" / "shop").chmod(0o755)
    _write_files(path)
    profiles = (f"profile create {name} {home.url} --owner shop-data/owner.json" for name in ("mine", "served"))
    script = "\n".join(f"shop -q {line}" for line in (*_STEPS, *profiles))
    done = home.run(script)
    assert done.returncode == 0, done.stderr
    return home


def _write_files(path: Path) -> None:
    mine = built_in()["buy-now"]
    rows = [dict(zip(_GOODS[0], row, strict=True)) for row in _GOODS[1:]]
    texts = {
        "password.txt": PASSWORD,
        "passwords.txt": f"{PASSWORD}\na better horse battery\n",
        "card.txt": "4242424242424242 12/40 123\n",
        "commands.txt": "cart add sigma-35-f2/sony-e\ncart show\n",
        "goods.csv": "".join(",".join(row) + "\n" for row in _GOODS),
        "docs/mine.md": Path(mine).read_text("utf-8"),
        "tests/mine.md": Path(mine).read_text("utf-8"),
    }
    for name, text in texts.items():
        (path / name).write_text(text, "utf-8")
    (path / "goods.jsonl.gz").write_bytes(gzip.compress("".join(f"{json.dumps(row)}\n" for row in rows).encode()))
