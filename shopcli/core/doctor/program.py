"""The program itself: Python, how shop is installed, plug-ins."""

import json
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING

import shopcli
from shopcli.core.doctor.finding import Finding, State, Surroundings
from shopcli.core.kinds import BROKEN, Kind, kinds

if TYPE_CHECKING:
    from importlib.metadata import Distribution

_DISTRIBUTION = "shopcli"
_OLDEST = (3, 11)


def python(_: Surroundings) -> Iterator[Finding]:
    """Which Python this is."""
    found = f"{platform.python_implementation()} {platform.python_version()}, {sys.executable}"
    if sys.version_info < _OLDEST:
        needed = ".".join(map(str, _OLDEST))
        yield Finding(State.WRONG, "Python", f"{found}; shop needs {needed}", f"python{needed} -m pip install shopcli")
    else:
        yield Finding(State.OK, "Python", found)


def installation(_: Surroundings) -> Iterator[Finding]:
    """Shop's version, and how it came here."""
    from importlib.metadata import PackageNotFoundError, distribution

    running, home = shopcli.__version__, Path(shopcli.__file__).parents[1]
    try:
        installed = distribution(_DISTRIBUTION)
    except PackageNotFoundError:
        yield Finding(State.OK, "shop", f"{running}, run in {home} without being installed")
        return
    source, again = _origin(installed)
    if installed.version != running:
        found = f"{running} runs from {home}, but {installed.version} is installed"
        yield Finding(State.WARNING, "shop", found, _pip("install", *again))
    else:
        yield Finding(State.OK, "shop", f"{running}, {source}")


def plug_ins(_: Surroundings) -> Iterator[Finding]:
    """Each plug-in; one that is broken breaks nothing else."""
    foreign = [kind for kind in kinds() if kind.distribution is not None]
    if not foreign:
        yield Finding(State.OK, "plug-ins", "none is installed")
    yield from map(_plug_in, foreign)


def _plug_in(kind: Kind) -> Finding:
    subject, source = f"plug-in {kind.scheme}", f"{kind.distribution} {kind.version}"
    if kind.state != BROKEN:
        return Finding(State.OK, subject, source)
    return Finding(State.WRONG, subject, f"{source}: {kind.reason}", _pip("uninstall", kind.distribution or ""))


def _origin(installed: "Distribution") -> tuple[str, list[str]]:
    """Return how it was installed (PEP 610), in words and as what pip needs to do it again."""
    origin = json.loads(installed.read_text("direct_url.json") or "{}")
    path = str(origin.get("url", "")).removeprefix("file://")
    if origin.get("dir_info", {}).get("editable"):
        return f"installed in place from {path}", ["--editable", path]
    if path.startswith("/"):
        return f"installed from {path}", [path]
    where = "installed from an address" if path else "installed as a package"  # an address may hold a password
    return where, ["--force-reinstall", _DISTRIBUTION]


def _pip(*arguments: str) -> str:
    return join([sys.executable, "-m", "pip", *arguments])
