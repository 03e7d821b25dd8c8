"""A shop of five services that is served for one scenario, and gone after it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from backends.errors import Unavailable

START_SECONDS = 60.0
END_SECONDS = 20.0
_LEASHED = (sys.executable, "-m", "shopcli.demo.leashed")


@dataclass(frozen=True, slots=True)
class Served:
    """Where it is, and the file with its owner's keys."""

    url: str
    owner: str


@contextmanager
def served(directory: Path) -> Iterator[Served]:
    """Serve a shop of its own whose files are in `directory`. Raises Unavailable.

    It ends with the pipe that it reads, which is closed here in the end, and by the system if this process is killed.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SHOP_")}
    environment["SHOP_DATA_DIR"] = str(directory / "home")
    log = directory / "serve.log"
    with log.open("wb") as written:
        process = subprocess.Popen(  # noqa: S603  ourselves
            [*_LEASHED, "serve", "--json", "--port", "0", "--faults", "--data", str(directory / "shop")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=written,
            env=environment,
            start_new_session=True,  # Ctrl-C is ours; it has to be told
        )
    try:
        yield _announced(process, log)
    finally:
        _end(process)


def _announced(process: "subprocess.Popen[bytes]", log: Path) -> Served:
    timer = Timer(START_SECONDS, process.kill)
    timer.daemon = True
    timer.start()
    try:
        line = process.stdout.readline() if process.stdout else b""
    finally:
        timer.cancel()
    if not line:
        said = log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
        raise Unavailable(f"the shop to play in did not start: {said}", hint="shop serve --faults")
    told = json.loads(line)
    return Served(told["gateway"], told["owner"])


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Close its pipe and wait; one that hangs is killed, and its services end with it."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    finally:
        if process.stdout:
            process.stdout.close()
