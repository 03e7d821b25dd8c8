"""A search that finds nothing says what does, to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backends.errors import Unavailable

if TYPE_CHECKING:
    from tests.cli.conftest import Run

_USUAL = "nothing matches → shop products list\n"


@pytest.fixture(autouse=True)
def _watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopcli.cli.products.is_terminal", lambda _: True)


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("sgima 35mm", "nothing matches; did you mean sigma 35mm? → shop products search sigma 35mm"),
        ("Snoy", "nothing matches; did you mean sony? → shop products search sony"),
        ("xqzzy", "nothing matches → shop products list"),
        (
            "sigma --max-price 1",
            "with these options, 13 match without them → shop products search sigma",
        ),
        ("sigma 35mm blorgh", "nothing matches all of it, 2 match sigma 35mm → shop products search sigma 35mm"),
        ("sigma sony macro zoom", "all of it, 1 matches sigma sony macro → shop products search sigma sony macro"),
        ("snoy --max-price 900", "did you mean sony? → shop products search sony --max-price 900"),
    ],
)
def test_the_command_finds_something(run: Run, search: str, said: str) -> None:
    result = run("products", "search", *search.split())

    assert result.code == 0
    assert said in result.err
    assert run(*result.err.strip().partition("→ shop ")[2].split()).out


def test_a_list_without_its_options(run: Run) -> None:
    assert "156 match without them → shop products list" in run("products", "list", "--max-price", "1").err


def test_who_does_not_read_it_does_not_wait_for_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopcli.cli.nearby.instead", lambda *_: pytest.fail("asked"))

    assert run("products", "search", "snoy", "-q").err == ""
    assert run("products", "search", "snoy", "--json").err == ""
    monkeypatch.setattr("shopcli.cli.products.is_terminal", lambda _: False)
    assert run("products", "search", "snoy").err == _USUAL


def test_a_shop_that_goes_away_meanwhile_is_no_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise Unavailable("gone")

    monkeypatch.setattr("shopcli.cli.nearby._count", gone)

    result = run("products", "search", "snoy")
    assert (result.code, result.err) == (0, _USUAL)
