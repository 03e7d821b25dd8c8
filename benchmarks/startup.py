"""What it costs to start `shop`: CPU of the whole process, as a multiple of `python -c pass`.

    python3 benchmarks/startup.py [ROUNDS]     at most 26: each round puts one of 26 pieces into the cart

Installs the checkout (a wheel, as a user has it) into a temporary environment, warms a shop up, then runs each command
in turn with a bare Python, ROUNDS times (default 21), and prints the median of the paired ratios. What is said to be
over HTTP asks a shop that is served on this computer's loopback; what serves it is not counted. TAB is what the script
of `shop completion bash` calls; what bash does itself is not counted.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMANDS = {
    "shop --help": (["--help"], False),
    "shop (start screen)": ([], False),
    "shop products list, piped": (["products", "list"], False),
    "shop products list, as a table": (["products", "list"], True),
    "shop products search sony, piped": (["products", "search", "sony"], False),
    "shop cart show, piped": (["cart", "show"], False),
    "shop cart add, piped": (["cart", "add", "sigma-35-f2/sony-e"], False),
}
TABS = {
    "TAB for a command": "shop prod",
    "TAB for an option": "shop cart add --out",
    "TAB for a product": "shop cart add sig",
    "TAB for an order": "shop orders show 10",
}
"""Lines that bash has completed; the last one for somebody with an order."""


def main(rounds: int = 21) -> None:
    """Install, measure, print."""
    with tempfile.TemporaryDirectory() as place:
        environment = _environment(Path(place))
        programs = _install(Path(place))
        _run([str(programs / "shop"), "products", "list"], environment)
        for name, (arguments, table) in COMMANDS.items():
            one = {**environment, **({"SHOP_FORCE_TTY": "1"} if table else {})}
            _measure(name, programs, arguments, one, rounds)
        _buy(programs, environment)
        for name, line in TABS.items():
            _measure(name, programs, _tab(line), environment, rounds)
        with _served(programs, Path(place), environment) as url:
            arguments = ["--backend", url, "products", "list"]
            _run([str(programs / "shop"), *arguments], environment)
            _measure("shop products list over HTTP, piped", programs, arguments, environment, rounds)
            remote = {**environment, "SHOP_BACKEND": url}
            tab = _tab(TABS["TAB for a product"])
            _measure("TAB for a product over HTTP", programs, tab, remote, rounds)  # no directory, so nothing is kept
            _run([str(programs / "shop"), "cart", "add", "leica-m11"], remote)
            _run([str(programs / "shop"), *tab], remote)
            _measure("TAB again within a minute", programs, tab, remote, min(rounds, 21))


def _tab(line: str) -> list[str]:
    """Return what the script of `shop completion bash` calls."""
    return ["__complete", "bash", " \t\n\"'@><=;|&(:", line]


def _buy(programs: Path, environment: dict[str, str]) -> None:
    """Let Ada have an order."""
    for line, text in (
        ("signup --name Ada --email ada@example.com --password-stdin", "correct horse battery"),
        ("addresses add home --name Ada --line1 Road --city Berlin --postcode 10115 --country DE", ""),
        ("cart clear", ""),
        ("cart add leica-m11", ""),
        ("checkout --pay tok_visa --yes", ""),
    ):
        command = [str(programs / "shop"), *line.split()]
        nowhere = subprocess.DEVNULL
        subprocess.run(command, env=environment, input=text.encode(), stdout=nowhere, stderr=nowhere, check=True)


def _measure(name: str, programs: Path, arguments: list[str], environment: dict[str, str], rounds: int) -> None:
    """Run a command and a bare Python in turn, and print the median of the ratios."""
    pairs = [
        (
            _cpu([str(programs / "python"), "-c", "pass"], environment),
            _cpu([str(programs / "shop"), *arguments], environment),
        )
        for _ in range(rounds)
    ]
    ratio = statistics.median(shop / bare for bare, shop in pairs)
    seconds = statistics.median(shop for _, shop in pairs)
    print(f"{name:36}{ratio:6.1f} x  {seconds * 1000:5.0f} ms")


@contextmanager
def _served(programs: Path, place: Path, environment: dict[str, str]) -> Iterator[str]:
    """Serve a shop; what it costs is not that of a child that has ended, so it is not counted."""
    command = [str(programs / "shop"), "serve", "--json", "--port", "0", "--data", str(place / "served")]
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdin=nowhere, stdout=subprocess.PIPE, stderr=nowhere) as served:
        assert served.stdout is not None
        try:
            yield json.loads(served.stdout.readline())["gateway"]
        finally:
            served.terminate()


def _environment(place: Path) -> dict[str, str]:
    # Without byte code Python compiles everything again at each start, which no user's installation does.
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}}
    return {**kept, "SHOP_DATA_DIR": str(place / "data"), "COLUMNS": "100"}


def _install(place: Path) -> Path:
    venv.create(place / "venv", with_pip=True)
    programs = place / "venv" / "bin"
    pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--constraint", str(ROOT / "constraints.txt"), str(ROOT)], _environment(place))
    return programs


def _cpu(command: list[str], environment: dict[str, str]) -> float:
    """Seconds of user and system time of a whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run(command, environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _run(command: list[str], environment: dict[str, str]) -> None:
    nowhere = subprocess.DEVNULL
    subprocess.run(command, env=environment, stdin=nowhere, stdout=nowhere, stderr=nowhere, check=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
