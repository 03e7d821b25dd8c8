"""Run shop, its tests and its checks from a checkout, with nothing set up beforehand.

    python3 dev.py shop [ARGS...]         the client itself
    python3 dev.py test [PYTEST ARGS...]  the tests, on all cores
    python3 dev.py fuzz [CASES [SEED]]    requests that the services' documents allow, or forbid (2,000)
    python3 dev.py check [--no-tests]     all that CI checks: style, types, imports, tests with coverage, campaign, fuzz

The first run makes .venv beside this file; later runs start at once. Only the standard library is used, and
only the syntax of Python 3.6, so that an older python gets as far as saying that it is too old.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit("dev.py: shop needs Python 3.11 or newer, and this is {}.{}".format(*sys.version_info))

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "stamp.json"  # what .venv was made from; written last: without it .venv is not whole
FUZZ = ("python", "-m", "tests.fuzz")
TEST = ("pytest", "-n", str(2 * (os.cpu_count() or 1)))  # many tests wait for other processes
CHECKS = {
    "ruff check": ("ruff", "check"),
    "ruff format": ("ruff", "format", "--check"),
    "mypy": ("mypy",),
    "lint-imports": ("lint-imports",),
    "tests": (*TEST, "--cov"),
    "campaign": (*TEST, "-m", "campaign"),
    "fuzz": FUZZ,
}


def main(command: str = "--help", *arguments: str) -> int:
    """Do what the command says; `shop`, `test` and `fuzz` become the program that they start."""
    if command == "shop":
        set_up()
        os.execv(program("shop"), ["shop", *arguments])
    if command == "test":
        set_up("test")
        os.chdir(ROOT)
        os.execv(program("pytest"), [*TEST, *arguments])
    if command == "fuzz":
        set_up("fuzz", "test")
        os.chdir(ROOT)
        os.execv(program("python"), [program("python"), *FUZZ[1:], *arguments])  # python finds its venv by this name
    if command == "check" and arguments in {(), ("--no-tests",)}:
        set_up("check", "fuzz", "test")
        slow = {TEST[0], FUZZ[0]} if arguments else set()
        return check(*(name for name, command in CHECKS.items() if command[0] not in slow))
    print((__doc__ or "").strip())
    return 0 if command in {"-h", "--help"} else 2


def check(*names: str) -> int:
    """Run these checks, also after one that fails; return 1 if any did."""
    summary = []
    for name in names:
        print(f"\n== {name}", flush=True)
        tool, *arguments = CHECKS[name]
        start = time.monotonic()
        status = subprocess.call([program(tool), *arguments], cwd=ROOT)
        summary.append(f"{'FAILED' if status else 'ok':8}{name:14}{time.monotonic() - start:6.1f} s")
    print("", *summary, sep="\n")
    return int(any(line.startswith("FAILED") for line in summary))


def set_up(*extras: str) -> None:
    """Make or renew .venv with these extras; return at once if it is as it should be."""
    if is_ready(*extras):
        return
    with (ROOT / ".venv.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another run to finish setting up .venv ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_ready(*extras):
            install(sorted({*extras, *read_stamp().get("extras", "").split()}), lock.fileno())


def is_ready(*extras: str) -> bool:
    """Tell whether .venv is whole, has these extras, and is what the project's files ask for."""
    stamp = read_stamp()
    return stamp.get("project") == project() and {*extras} <= {*stamp["extras"].split()}


def install(extras: list[str], lock: int) -> None:
    """Install the project with these extras: into .venv if that is whole, else into a new one."""
    if read_stamp():
        say("bringing .venv up to date ...")
        STAMP.unlink()
    else:
        say("setting up .venv (once, about 20 s) ...")
        if importlib.util.find_spec("ensurepip") is None:
            sys.exit("dev.py: this python has no ensurepip; on Debian and Ubuntu: apt install python3-venv")
        run(lock, sys.executable, "-m", "venv", "--clear", str(VENV))
    asked = project()
    pip = (program("python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    shop = f".[{','.join(extras)}]" if extras else "."
    run(lock, *pip, "--constraint", "constraints.txt", "--editable", shop)
    stamp = {"python": python(), "project": asked, "extras": " ".join(extras)}
    STAMP.write_text(json.dumps(stamp), encoding="utf-8")


def run(lock: int, *command: str) -> None:
    """Run one command of the set-up, in silence unless it fails.

    The command holds the lock too: if this process is killed, the next waits for what still writes to .venv.
    """
    done = subprocess.run(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
        pass_fds=[lock],
    )
    if done.returncode:
        say(f"setting up .venv failed:\n\n{done.stdout}")
        sys.exit("dev.py: the usual causes are the network and a full disk; the next run tries again")


def read_stamp() -> dict[str, str]:
    """Read what .venv was made from: nothing if it is not whole, has moved, or is of another python."""
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if stamp["python"] == python() and Path(program("python")).exists() else {}


def python() -> str:
    """Name this python and this place; a virtual environment outlives the change of neither."""
    return f"{sys.version} {ROOT}"


def project() -> str:
    """Digest the files that say what has to be installed."""
    files = (ROOT / "pyproject.toml", ROOT / "constraints.txt")
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def program(name: str) -> str:
    """Return the path of a program in .venv."""
    return str(VENV / "bin" / name)


def say(text: str) -> None:
    """Tell the person at the terminal, leaving standard output to the programs."""
    print("dev.py:", text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
