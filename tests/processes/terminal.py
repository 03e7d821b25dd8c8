"""Somebody's terminal: real `shop` processes with a data directory of their own."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSWORD = "correct horse battery"
VARIANT = "canon-ef-50mm-f1-8-stm/standard"
"""The example catalogue has 38 of it."""
GOODS = {VARIANT: 2, "sigma-35-f2/sony-e": 1}
EMAIL = "ada@example.org"

_MORTAL = Path(__file__).with_name("mortal.py")
_HOME = ("--name", "Ada", "--line1", "12 Rue de la Paix", "--city", "Paris", "--postcode", "75002", "--country", "FR")
_PATIENCE = 50.0
"""Seconds; only a process that hangs takes that long."""


@dataclass(frozen=True)
class Result:
    """What a process left: negative codes are signals."""

    code: int
    out: str
    err: str

    def ok(self) -> "Result":
        assert self.code == 0, self
        return self

    def json(self) -> Any:  # noqa: ANN401  whatever was printed
        return json.loads(self.ok().out)


class Running:
    """A `shop` that runs."""

    def __init__(self, arguments: tuple[str, ...], environment: dict[str, str], stdin: str) -> None:
        self._stdin = stdin
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def result(self) -> Result:
        out, err = self._process.communicate(self._stdin, timeout=_PATIENCE)
        return Result(self._process.returncode, out, err)


@dataclass(frozen=True)
class Terminal:
    """One data directory; `shared` is a shop that several people use, else everybody has one."""

    data: Path
    shared: Path | None = None

    @property
    def shop(self) -> Path:
        """Where the shop keeps its databases."""
        return self.shared or self.data / "local"

    @property
    def journal(self) -> Path:
        (found,) = self.data.glob("profiles/*/journal.db")
        return found

    def start(self, *arguments: str, stdin: str = "") -> Running:
        return Running(("-m", "shopcli", *arguments), self._environment(), stdin)

    def run(self, *arguments: str, stdin: str = "") -> Result:
        return self.start(*arguments, stdin=stdin).result()

    def kill(self, moment: int, *arguments: str) -> tuple[Result, list[str]]:
        """Run until that moment; returns the moments that were reached, too. Moment 0 never comes."""
        report = self.data.with_suffix(".moments")
        result = Running((str(_MORTAL), str(report), str(moment), *arguments), self._environment(), "").result()
        return result, report.read_text("utf-8").splitlines()

    def copy(self, data: Path) -> "Terminal":
        shutil.copytree(self.data, data)
        return Terminal(data, self.shared)

    def sign_up(self, email: str = EMAIL) -> Result:
        return self.run("signup", "--name", "Ada", "--email", email, "--password-stdin", stdin=PASSWORD)

    def fill(self, goods: dict[str, int]) -> None:
        """Get ready for checking out."""
        self.run("addresses", "add", "home", *_HOME).ok()
        self.run("cart", "add", *(f"{ref(variant)}:{quantity}" for variant, quantity in goods.items())).ok()

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHOP_")}
        chosen = {"SHOP_BACKEND": f"sqlite:{self.shared}"} if self.shared else {}
        return {**kept, **chosen, "SHOP_DATA_DIR": str(self.data)}


def ref(variant: str) -> str:
    """Return what `shop cart add` takes."""
    return variant.removesuffix("/standard")
