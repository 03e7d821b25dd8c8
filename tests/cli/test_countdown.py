"""How long an order can be paid, while somebody watches."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime, timedelta

import pytest

from shopcli.cli.countdown import left, pause

_NOW = datetime(2026, 1, 31, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1687, "28:07 left"), (59, "0:59 left"), (3600, "1:00:00 left"), (90_061, "25:01:01 left"), (0, ""), (-5, "")],
)
def test_what_is_left(seconds: int, said: str) -> None:
    assert left(_NOW + timedelta(seconds=seconds), _NOW) == said


def test_what_has_no_end_has_nothing_left() -> None:
    assert left(None) == ""


def test_the_line_leaves_nothing_however_the_wait_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr("shopcli.cli.countdown.time.sleep", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))

    with pytest.raises(KeyboardInterrupt):
        pause(1, "0:59 left", shown=True)
    assert screen.getvalue() == "\r0:59 left\r\x1b[K"


def test_a_pipe_gets_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)

    pause(0, "0:59 left", shown=False)
    assert screen.getvalue() == ""
