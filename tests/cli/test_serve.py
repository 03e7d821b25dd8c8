"""`shop serve` as a process, and `shop services` in front of a shop that notes what it is told."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import shopcli.cli.run
from backends.errors import NotFound
from backends.models import Fault, FaultKind, ServiceHealth
from stub_services.supervisor import LogStream, Plan, Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Finish, Result, Run, Terminal

ROOT = Path(__file__).parents[2]
SERVICES = ["users", "products", "carts", "orders", "payments"]


# --- serve ---------------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Serve one service, in JSON."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "shopcli",
            "serve",
            "--port",
            "0",
            "--data",
            "shop data",
            "--services",
            "users",
            "--json",
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def test_serving_says_what_to_do_next_and_ends_with_ctrl_c(served: subprocess.Popen[str], tmp_path: Path) -> None:
    assert served.stdout is not None
    serving = json.loads(served.stdout.readline())
    owner = tmp_path / "shop data" / "owner.json"

    assert serving["data"] == str(owner.parent)
    assert serving["services"] == ["users"]
    assert serving["pid"] == served.pid
    assert serving["next"] == [
        f"shop profile create served {serving['gateway']} --owner '{owner}'",
        "shop --profile served products list",
    ]
    assert json.loads(owner.read_text("utf-8"))["gateway"] == serving["gateway"]
    served.send_signal(signal.SIGINT)
    out, err = served.communicate()
    assert (served.returncode, out) == (0, "")
    assert "shopm_" not in err
    assert [json.loads(line)["event"] for line in err.splitlines()][-1] == "stopped"


def test_a_port_that_is_taken_is_an_error_with_a_way_out(run: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--port", str(port), "--json")

    assert result.code == 12
    assert f"port {port} of 127.0.0.1 is in use" in result.error["message"]
    assert result.error["hint"].startswith("shop serve --port ")


def test_the_way_out_keeps_what_was_asked_for(run: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        data = str(tmp_path / "my shop")
        hint = run("serve", "--port", str(port), "--data", data, "--services", "users", "--faults", "--json").error[
            "hint"
        ]

    assert hint.startswith("shop serve --port ")
    assert str(port) not in hint
    assert hint.endswith(f" --data '{data}' --services users --faults")
    assert run("serve", "--replicas", "x=2", "--faults", "--json").error["hint"] == "shop serve --help"


def announced(run: Run, monkeypatch: pytest.MonkeyPatch, served: Served, *words: str) -> tuple[Result, bool]:
    """What is said about a shop that is up at once, answers one request and ends; and whether that was logged."""

    def supervise(plan: Plan, log: LogStream, ready: Callable[[Served], None]) -> None:
        ready(served)
        log.passed_on("users", b'{"event": "request", "level": "info"}')
        log.drain()

    monkeypatch.setattr("stub_services.supervisor.serve", supervise)
    result = run("serve", *words)
    return result, "request" in result.err.replace("every request", "")


def test_a_shop_that_has_a_profile_is_used_by_it(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gateway, owner = "http://127.0.0.1:8080", tmp_path / "owner.json"
    owner.write_text(json.dumps({"gateway": gateway}))
    owner.chmod(0o600)
    served = Served(gateway, "http://127.0.0.1:9000", str(tmp_path), str(owner), ("users",), 1.0)
    assert run("profile", "create", "served", "sqlite:corner").code == 0

    first, _ = announced(run, monkeypatch, served, "--json")
    assert first.json["next"] == [
        f"shop profile create served-2 {gateway} --owner {owner}",
        "shop --profile served-2 products list",
    ]
    assert run(*first.json["next"][0].split()[1:]).code == 0
    again, _ = announced(run, monkeypatch, served, "--json")
    assert again.json["next"] == ["shop --profile served-2 products list"]


def test_once_the_shop_has_ended_its_owner_is_told_how_to_serve_it_again(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "my shop"
    data.mkdir()
    owner = data / "owner.json"
    owner.write_text(json.dumps({"gateway": "http://127.0.0.1:8391"}))
    owner.chmod(0o600)
    run("profile", "create", "mine", "http://127.0.0.1:8391", "--owner", str(owner), "--use")

    result = run("services", "stop", "carts", "--json")
    assert (result.code, result.error["hint"]) == (10, f"shop serve --port 8391 --data '{data}'")
    assert "has ended" in result.error["message"]

    owner.chmod(0o644)
    result = run("services", "stop", "carts", "--json")
    assert (result.code, result.error["hint"]) == (12, f"chmod 600 '{owner}'")
    assert result.error["message"] == f"others can read the keys in {owner}"


def test_on_a_terminal_the_requests_do_not_push_away_what_was_said(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    served = Served("http://127.0.0.1:8080", "", str(tmp_path), str(tmp_path / "owner.json"), ("users",), 1.0)
    monkeypatch.setattr("shopcli.cli.serve.is_terminal", lambda _: True)

    for words, shows in (((), False), (("-v",), True)):
        result, shown = announced(run, monkeypatch, served, *words)
        assert shown is shows
        assert ("with -v" in result.out) is not shows


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        (["--port", "65536"], 2, "--port is a number"),
        (["--port", "-1"], 2, "--port is a number"),
        (["--gateway", "apache"], 2, "--gateway is python or nginx"),
        (["--services", "nobody"], 2, "there is no service 'nobody'"),
        (["--replicas", "orders=many"], 2, "orders can have 1 to 16 replicas"),
        (["--replicas", "orders=2"], 12, "replicas need PostgreSQL"),
    ],
)
def test_what_cannot_be_served_is_said_before_anything_starts(
    run: Run, tmp_path: Path, line: list[str], code: int, message: str
) -> None:
    result = run("serve", *line)

    assert (result.code, result.out) == (code, "")
    assert message in result.err
    assert not (tmp_path / "data" / "served").exists()


def test_another_database_is_refused_without_naming_its_password(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", "mysql://ada:secret@localhost/shop")
    result = run("serve")

    assert (result.code, "secret" in result.err) == (12, False)


# --- services ------------------------------------------------------------------------------------


class NotingAdmin:
    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []

    async def stop(self, service: str) -> None:
        if service == "nobody":
            raise NotFound("there is no service 'nobody'")
        self.told.append(("stop", service))

    async def start(self, service: str) -> None:
        self.told.append(("start", service))

    async def restart(self, service: str) -> None:
        self.told.append(("restart", service))

    async def faults(self) -> tuple[Fault, ...]:
        return (Fault("orders", FaultKind.LATENCY, "place", 0.5, 2.0),)

    async def inject(self, fault: Fault) -> None:
        self.told.append(("inject", fault))

    async def clear_faults(self, service: str | None = None) -> None:
        self.told.append(("clear", service))


class Operated:
    name = "memory:"
    suspends = False

    def __init__(self, admin: NotingAdmin | None) -> None:
        self.admin = admin

    def account_id(self) -> None:
        return None

    async def health(self) -> tuple[ServiceHealth, ...]:
        return (ServiceHealth("users", "up", "", "0.1.0", 1.25), ServiceHealth("orders", "down", "refused", "", 0.5))

    async def aclose(self) -> None:
        pass


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> NotingAdmin:
    noting = NotingAdmin()
    monkeypatch.setattr(shopcli.cli.run.Run, "backend", Operated(noting))
    return noting


def test_the_embedded_shop_has_five_services_too(run: Run) -> None:
    result = run("services", "status")

    assert (result.code, [row[:2] for row in result.rows]) == (0, [[name, "up"] for name in SERVICES])


def test_a_service_that_is_down_is_an_answer(run: Run, admin: NotingAdmin) -> None:
    assert run("services", "status").rows == [
        ["users", "up", "0.1.0", "1.2", ""],
        ["orders", "down", "", "0.5", "refused"],
    ]
    result = run("services", "status", "--json")
    assert result.code == 0
    assert result.json["items"][0] == {
        "service": "users",
        "status": "up",
        "detail": "",
        "version": "0.1.0",
        "milliseconds": 1.25,
        "hint": None,
        "clock_ahead": None,
    }


def test_watching_writes_a_block_a_round_into_a_pipe(
    run: Run, admin: NotingAdmin, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", wait)
    result = run("services", "status", "--watch", "--interval", "0.5", "-o", "id")

    assert (result.code, result.out) == (0, "users\norders\n" * 3)
    assert waited == [0.5, 0.5, 0.5]


def test_watching_repaints_a_terminal_until_ctrl_c(terminal: Terminal, finish: Finish) -> None:
    screen = terminal("services", "status", "--watch", "--interval", "0.01")
    screen.expect("STATE")
    screen.expect("\x1b\\[6F.*STATE")  # up over a head and five rows
    screen.sendintr()

    code, _ = finish(screen)
    assert code == 0


@pytest.mark.parametrize("name", [*SERVICES, "gateway"])
def test_stopping_says_what_still_works(run: Run, admin: NotingAdmin, name: str) -> None:
    result = run("services", "stop", name)

    assert (result.code, admin.told) == (0, [("stop", name)])
    first, *_, last = result.err.splitlines()
    assert first.startswith(f"{name} is stopped: ")
    assert last == f"→ shop services start {name}"


def test_starting_and_restarting_show_the_new_state(run: Run, admin: NotingAdmin) -> None:
    assert run("services", "start", "users").rows[0][:2] == ["users", "up"]
    assert run("services", "restart", "orders").rows[0][:2] == ["orders", "down"]
    assert admin.told == [("start", "users"), ("restart", "orders")]


def test_a_fault_is_injected_as_it_was_said(run: Run, admin: NotingAdmin) -> None:
    line = "services fault orders answer-lost --action place --rate 0.25 --seconds 2 --times 3 --step 4 --after"
    result = run(*line.split())

    fault = Fault("orders", FaultKind.ANSWER_LOST, "place", 0.25, 2.0, 3, 4, after=True)
    assert (result.code, admin.told) == (0, [("inject", fault)])
    assert result.rows == [["orders", "answer_lost", "place", "0.25", "2", "3", "4", "yes"]]
    assert result.err == "→ shop services fault clear orders\n"


def test_faults_are_listed_and_cleared(run: Run, admin: NotingAdmin) -> None:
    assert run("services", "fault", "list", "--json").json["items"][0]["kind"] == "latency"
    assert run("services", "fault", "clear", "orders").err.startswith("the faults of orders are over")
    assert run("services", "fault", "clear").err.startswith("the faults of all services are over")
    assert admin.told == [("clear", "orders"), ("clear", None)]


@pytest.mark.parametrize(
    "line",
    [
        *(["orders"], ["orders", "odd"], ["list", "orders"], ["orders", "error", "--rate", "1.1"]),
        *(["orders", "error", "--rate", "x"], ["orders", "latency", "--seconds", "0"]),
        *(["orders", "error", "--times", "0"], ["orders", "crash", "--step", "x"]),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(run: Run, admin: NotingAdmin, line: list[str]) -> None:
    assert (run("services", "fault", *line).code, admin.told) == (2, [])


@pytest.mark.parametrize("text", ["nan", "-1", "inf", "0", "3601"])
def test_seconds_are_no_amount_of_money(run: Run, admin: NotingAdmin, text: str) -> None:
    result = run("services", "fault", "payments", "latency", "--seconds", text)
    assert (result.code, admin.told) == (2, [])
    assert f"--seconds is a number of seconds above 0 and up to 3600, not '{text}'" in result.err
    rate = run("services", "fault", "payments", "latency", "--rate", "nan")
    assert "--rate is a number from 0 to 1, not 'nan'" in rate.err


def test_an_unknown_service_is_not_found(run: Run, admin: NotingAdmin) -> None:
    assert run("services", "stop", "nobody").code == 3


@pytest.mark.parametrize("line", [["stop", "users"], ["restart", "users"], ["fault", "list"]])
def test_whoever_is_not_the_owner_is_told_how_to_be(run: Run, monkeypatch: pytest.MonkeyPatch, line: list[str]) -> None:
    monkeypatch.setattr(shopcli.cli.run.Run, "backend", Operated(None))
    result: Any = run("--backend", "http://127.0.0.1:1", "services", *line, "--json")

    assert (result.code, result.error["code"]) == (12, "unsupported")
    assert "--owner" in result.error["hint"]


def test_an_empty_directory_is_a_mistake_and_not_the_one_where_somebody_stands(run: Run) -> None:
    result = run("serve", "--data", "")
    assert result.code == 2
    assert "--data is a directory" in result.err
