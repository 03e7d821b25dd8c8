"""`--trace`: what a command draws besides its output."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backends.errors import Unavailable
from backends.tracing import Hop
from shopcli.cli.options import Options
from shopcli.cli.tracing import Trace

if TYPE_CHECKING:
    from tests.cli.conftest import Finish, Run, Terminal

_ROOT = Path(__file__).parents[2]
_LENS = "canon-ef-50mm-f1-8-stm"


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog that does not answer."""

    async def silent(*_: object, **__: object) -> None:
        raise Unavailable("nobody answers", service="products")

    monkeypatch.setattr("stub_services.products.service.ProductService.list", silent)


def test_nothing_is_recorded_unless_it_is_asked_for(run: Run) -> None:
    assert run("products", "list", "-q").err == ""


def _imported_by(*words: str) -> set[str]:
    code = f"""
import sys
from shopcli.cli.main import main
try:
    main({list(words)})
except SystemExit:
    print(*sys.modules)
"""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "PYTHONPATH": str(_ROOT)},
        text=True,
        check=True,
        capture_output=True,
    )
    return set(done.stdout.split())


def test_it_costs_nothing_when_it_is_not_asked_for() -> None:
    drawing = {"shopcli.cli.tracing", "shopcli.core.diagram"}

    assert not {*drawing, "shopcli.core.profile"} & _imported_by("products", "list", "-q")
    traced = _imported_by("products", "list", "-q", "--trace")
    assert drawing < traced
    assert not {"asyncio", "rich"} & traced


def test_a_drawing_follows_on_stderr_and_leaves_stdout_alone(run: Run) -> None:
    plain = run("products", "list", "-q")
    traced = run("products", "list", "-q", "--trace")

    assert traced.out == plain.out
    head, asked, *_, answered, summed = traced.err.splitlines()
    assert head.split() == ["shop", "products"]
    assert asked.startswith("├─")
    assert " ok " in answered
    assert summed.startswith("1 hop, 0 retries, ")


def test_json_gets_one_object_of_hops(run: Run) -> None:
    traced = run("products", "list", "--json", "--trace")

    assert traced.json["total"] > 100
    (hop,) = json.loads(traced.err)["trace"]
    assert set(hop) == {"from", "to", "action", "status", "start", "ms", "attempt", "hops"}
    assert (hop["from"], hop["to"], hop["status"], hop["attempt"]) == ("shop", "products", "ok", 1)


def test_a_failure_is_drawn_before_it_is_told(run: Run, failing: None) -> None:
    traced = run("products", "list", "--trace")

    assert traced.code == 10
    assert "failed: unavailable" in traced.err
    assert traced.err.splitlines()[-1] == "✗ nobody answers"
    error, trace = sorted(run("products", "list", "--trace", "--json").err.splitlines())
    assert json.loads(error)["error"]["code"] == "unavailable"
    assert json.loads(trace)["trace"][0]["status"] == "unavailable"


def test_a_whole_checkout_is_one_drawing(ada: Run) -> None:
    ada("cart", "add", _LENS)
    traced = ada("checkout", "--yes", "--pay", "tok_visa", "--trace", "-q")

    assert traced.code == 0
    names, *rows, summed = traced.err.splitlines()
    assert names.split()[0] == "shop"
    assert {"users", "carts", "orders", "payments"} <= set(names.split())
    assert max(map(len, rows)) <= 80
    assert int(summed.split()[0]) > 5
    assert "failed" not in traced.err


def test_the_start_screen_can_be_traced(run: Run) -> None:
    assert "hop" in run("--trace").err


def test_a_command_that_asks_nobody_says_so(run: Run) -> None:
    assert run("profile", "list", "--trace").err == "no service was asked\n"
    assert json.loads(run("profile", "list", "--trace", "--json").err) == {"trace": []}


def _recorded(monkeypatch: pytest.MonkeyPatch, encoding: str, **environment: str) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stderr", stream)
    trace = Trace(Options({}, {"SHOP_FORCE_TTY": "1", **environment}))
    for status in ("503", "200"):
        with trace.action():
            from backends.tracing import note

            note(Hop("shop", "gateway", "GET /v1/cart", status, 0.0, 5.0))
    trace.show()
    stream.seek(0)
    return stream.read()


def test_failures_are_red_and_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "┤ \x1b[31mfailed: 503\x1b[0m  5.0 ms\n" in _recorded(monkeypatch, "utf-8")
    quiet = _recorded(monkeypatch, "utf-8", NO_COLOR="1")
    assert "┤ failed: 503  5.0 ms\n" in quiet
    assert "\x1b" not in quiet


def test_a_stream_that_takes_only_ascii_gets_only_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "|<............| 200  5.0 ms\n" in _recorded(monkeypatch, "ascii")
    assert "│◄············┤ 200  5.0 ms\n" in _recorded(monkeypatch, "utf-8")


def test_it_is_as_wide_as_the_screen(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    assert run("products", "list", "--trace", "-q").err.startswith("shop → ")


def test_it_is_as_wide_as_stderr_where_stdout_is_a_pipe(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def columns(file: int) -> os.terminal_size:
        if file != sys.stderr.fileno():
            raise OSError
        return os.terminal_size((24, 80))

    monkeypatch.setattr(sys, "__stdout__", None)
    monkeypatch.setattr("shopcli.cli.output.talk.os.get_terminal_size", columns)
    monkeypatch.setattr("sys.stderr.fileno", lambda: 99)
    assert run("products", "list", "--trace", "-q").err.startswith("shop → ")


def test_on_a_terminal_it_follows_the_table(terminal: Terminal, finish: Finish) -> None:
    code, screen = finish(terminal("products", "list", "--trace", "-q", "--limit", "1"))

    assert code == 0
    assert screen.index("EUR") < screen.index("├──") < screen.index("1 hop, 0 retries")


def test_a_trace_that_cannot_be_written_changes_nothing() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no full device here")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "shopcli", "whoami", "--trace"],
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
        )
    assert (done.returncode, done.stdout) == (4, b"")
