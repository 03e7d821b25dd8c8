"""SIGTERM and SIGHUP end a command as Ctrl-C does."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shopcli.cli.stopping import Stop
from shopcli.core.stepping import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Run

_ROOT = Path(__file__).parents[2]
_INTERRUPTED = """\
✗ interrupted before the answer came: it may have happened, or not; nothing is charged twice
→ shop orders resume
"""
_CHECKOUT = "checkout --yes --pay tok_visa -q"
_STOPPED = """
import os, signal
from shopcli.cli import failures
from shopcli.cli.main import main
from shopcli.core.checkout import Checkout
place, report = Checkout.place, failures.report
async def stopped(self, attempt):
    os.kill(os.getpid(), {number})
    return await place(self, attempt)
def told(*error, **how):  # `timeout` sends it twice, to the process and to its group
    {number} == signal.SIGINT or os.kill(os.getpid(), {number})
    report(*error, **how)
Checkout.place, failures.report = stopped, told
{before}
main()
"""


@pytest.fixture
def _filled(ada: Run) -> None:
    assert ada("cart", "add", "sigma-35-f2/sony-e").code == 0


def _stopped(line: str, number: int, before: str = "", stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _STOPPED.format(number=int(number), before=before), *line.split()],
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.usefixtures("_filled")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_checkout_says_how_to_find_out(number: signal.Signals) -> None:
    before = "signal.signal(signal.SIGINT, signal.SIG_IGN)" if number == signal.SIGTERM else ""  # `shop ... &`
    done = _stopped(_CHECKOUT, number, before)

    assert (done.returncode, done.stdout) == (128 + number, "")
    assert done.stderr == _INTERRUPTED


@pytest.mark.usefixtures("_filled")
def test_what_nohup_starts_goes_on() -> None:
    done = _stopped(_CHECKOUT, signal.SIGHUP, "signal.signal(signal.SIGHUP, signal.SIG_IGN)")

    assert (done.returncode, "\tpaid\t" in done.stdout) == (0, True)


@pytest.mark.usefixtures("_filled")
def test_a_session_ends_with_its_line() -> None:
    done = _stopped("shell", signal.SIGTERM, stdin=f"{_CHECKOUT}\nwhoami\n")

    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "")
    assert done.stderr == _INTERRUPTED


@pytest.fixture
def _as_in_a_process() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


class _Remote:
    name = "remote"
    suspends = True


@pytest.mark.usefixtures("_as_in_a_process")
def test_what_waits_on_an_event_loop_is_cancelled() -> None:
    cancelled: list[bool] = []

    async def waiting() -> None:
        signal.raise_signal(signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    runner = Runner()
    with pytest.raises(KeyboardInterrupt), Stop(listens=True) as stop:
        runner.run(_Remote(), waiting())
    runner.close()

    assert (cancelled, stop.code(130)) == ([True], 143)


@pytest.mark.usefixtures("_as_in_a_process")
def test_a_command_that_is_not_stopped_leaves_signals_as_they_were() -> None:
    with Stop(listens=True):
        around = signal.getsignal(signal.SIGTERM)
        with Stop(listens=True) as stop:
            assert signal.getsignal(signal.SIGTERM) == around

    assert around is not signal.SIG_DFL
    assert (stop.code(3), signal.getsignal(signal.SIGTERM)) == (3, signal.SIG_DFL)


_BEFORE_ALL = """
import runpy, sys
class Finder:
    def find_spec(self, name, *_):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder())
{start}
"""
_MODULE = "runpy.run_module('shopcli', run_name='__main__')"
_SCRIPT = "from shopcli.cli.main import main; main()"


@pytest.mark.parametrize(("module", "start"), [("shopcli.cli.main", _MODULE), ("shopcli.cli.options", _SCRIPT)])
def test_ctrl_c_before_anything_is_begun_ends_it_quietly(module: str, start: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BEFORE_ALL.format(module=module, start=start)],
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@pytest.mark.parametrize("place", ["_open_streams", "guarded"])
def test_ctrl_c_beside_a_command_ends_it_quietly(run: Run, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"shopcli.cli.main.{place}", interrupt)

    assert vars(run("whoami")) == {"code": 130, "out": "", "err": ""}
