"""Somebody who waits at a terminal is told so, and nobody else."""

import io
import sys
from threading import Event

import pytest

from shopcli.cli import waiting
from shopcli.cli.options import Options


class Screen(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal
        self.written = Event()

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str) -> int:
        self.written.set()
        return super().write(text)


def test_a_long_action_says_once_that_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(terminal=True)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 0.0)
    with waiting.patience(Options({"--timeout": "7"}, {})):
        assert screen.written.wait(20)
    assert screen.getvalue().startswith("waiting for the shop, 7 s at the most")


@pytest.mark.parametrize(("terminal", "given"), [(False, {}), (True, {"--quiet": ""})])
def test_a_pipe_and_a_quiet_person_hear_nothing(
    terminal: bool, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    timers: list[object] = []
    monkeypatch.setattr(sys, "stderr", Screen(terminal=terminal))
    monkeypatch.setattr(waiting, "Timer", lambda *arguments: timers.append(arguments))
    with waiting.patience(Options(given, {})):
        pass
    assert timers == []
