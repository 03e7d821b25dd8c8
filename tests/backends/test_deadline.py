"""Deadlines on a clock that leaps."""

import pytest

from backends.deadline import deadline, leap, remaining


def test_a_leap_brings_every_open_deadline_nearer() -> None:
    with deadline(100):
        with deadline(50):
            leap(30)
            assert remaining() == pytest.approx(20, abs=1)
        assert remaining() == pytest.approx(70, abs=1)
        leap(100)
        assert remaining() == 0


def test_a_deadline_after_a_leap_is_whole() -> None:
    leap(1000)
    with deadline(10):
        assert remaining() == pytest.approx(10, abs=1)
