"""A whole shop of stand-ins: the control API, tokens, the leash."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from backends.errors import ConfigurationError, Locked, ShopError, StorageError, Unavailable
from stub_services.supervisor import Plan, Served
from stub_services.supervisor.control import Control
from stub_services.supervisor.ports import Port
from stub_services.supervisor.shop import supervise
from tests.stub_services.supervisor.conftest import ROOT, Recorder, get, stand_in


@asynccontextmanager
async def served(recorder: Recorder, plan: Plan) -> AsyncIterator[Served]:
    """Serve until the block ends; raises what serving raises."""
    up: asyncio.Future[Served] = asyncio.get_running_loop().create_future()
    stopped = asyncio.Event()
    serving = asyncio.create_task(supervise(plan, recorder, up.set_result, stopped))
    await asyncio.wait((serving, up), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        await serving
    try:
        yield up.result()
    finally:
        stopped.set()
        await serving


def plan(data: Path, **more: Any) -> Plan:  # noqa: ANN401 - a plan's fields
    return Plan(**{"data": data, "port": 0, "services": ("users",), "command": stand_in, **more})


async def operate(served: Served, method: str, path: str, body: str = "", token: str | None = None) -> tuple[int, Any]:
    """Use the control API as curl would."""
    token = json.loads(Path(served.owner).read_text("utf-8"))["merchant"] if token is None else token
    asked = await asyncio.create_subprocess_exec(
        *("curl", "-s", "-w", "\n%{http_code}", "-X", method, "-d", body, "-H", f"authorization: Bearer {token}"),
        f"{served.control}{path}",
        stdout=subprocess.PIPE,
    )
    out, _ = await asked.communicate()
    text, _, status = out.decode().rpartition("\n")
    return int(status), json.loads(text) if text else None


def port_of(served: Served) -> int:
    return int(served.gateway.rpartition(":")[2])


async def test_a_shop_is_ready_with_its_gateway_and_gone_afterwards(tmp_path: Path, recorder: Recorder) -> None:
    async with served(recorder, plan(tmp_path / "a" / "b")) as shop:
        assert '"path": "/v1/users/x"' in await get(port_of(shop), "/v1/users/x")
        # Nobody serves the others here: refused, not lost.
        assert "503" in await get(port_of(shop), "/v1/orders")

    assert recorder.events[-1] == "stopped"
    with pytest.raises(ConnectionRefusedError):
        await get(port_of(shop), "/livez")


async def test_secrets_go_only_where_they_are_needed(tmp_path: Path, recorder: Recorder) -> None:
    async with served(
        recorder, plan(tmp_path, faults=True, environment={"SHOP_DATABASE_URL": "postgresql://h/x"})
    ) as shop:
        owner = json.loads(Path(shop.owner).read_text("utf-8"))
        answer = await get(port_of(shop), "/v1/users/x")
        seen = json.loads(answer[answer.index("\r\n\r\n") :])["environment"]
        gateway = await asyncio.create_subprocess_exec("pgrep", "-f", "leash [0-9]+ stub_services.gateway", stdout=-1)
        pids = (await gateway.communicate())[0].split()

    assert stat.S_IMODE(Path(shop.owner).stat().st_mode) == 0o600
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert owner == {**owner, "gateway": shop.gateway, "control": shop.control}
    assert (owner["merchant"][:6], owner["faults"][:6]) == ("shopm_", "shopf_")
    assert seen["SHOP_MERCHANT_TOKEN"] == owner["merchant"]
    assert seen["SHOP_FAULTS_TOKEN"] == owner["faults"]
    assert seen["SHOP_FAULTS_FILE"] == str(tmp_path / "faults.json")
    assert seen["SHOP_SERVICE_TOKEN"].startswith("shops_")
    assert seen["SHOP_DATABASE_URL"] == "postgresql://h/x"
    assert pids
    recorder.drain()
    assert "stopped" in recorder.stream.getvalue()
    assert "shopm_" not in recorder.stream.getvalue()


async def test_tokens_live_as_long_as_the_shop(tmp_path: Path, recorder: Recorder) -> None:
    (tmp_path / "owner.json").write_text('{"merchant": "shopm_mallory"}')
    tokens = {"shopm_mallory"}
    for _ in range(2):
        async with served(recorder, plan(tmp_path, services=())) as shop:
            tokens.add(json.loads(Path(shop.owner).read_text("utf-8"))["merchant"])
        assert json.loads(Path(shop.owner).read_text("utf-8")) == {"gateway": shop.gateway}

    assert len(tokens) == 3


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
async def test_a_directory_that_others_may_enter_is_refused(tmp_path: Path, recorder: Recorder, mode: int) -> None:
    tmp_path.chmod(mode)

    with pytest.raises(StorageError, match="others") as raised:
        async with served(recorder, plan(tmp_path)):
            pass
    assert raised.value.hint == f"chmod 700 {tmp_path}"


async def test_another_users_directory_is_refused(
    tmp_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: tmp_path.stat().st_uid + 1)

    with pytest.raises(StorageError, match="another user"):
        async with served(recorder, plan(tmp_path)):
            pass


async def test_ctrl_c_while_it_starts_is_no_failure(tmp_path: Path, recorder: Recorder) -> None:
    stopped = asyncio.Event()
    never = plan(tmp_path, command=lambda _: ("tests.stub_services.supervisor.never_ready",))
    serving = asyncio.create_task(supervise(never, recorder, lambda _: None, stopped))
    await recorder.seen("users waiting")
    stopped.set()
    await serving

    assert recorder.events[-1] == "stopped"


async def test_the_owner_operates_services(tmp_path: Path, recorder: Recorder) -> None:
    async with served(recorder, plan(tmp_path)) as shop:
        _, listed = await operate(shop, "GET", "/v1/services")
        users = listed["items"][0]
        assert [item["service"] for item in listed["items"]] == ["users", "gateway"]
        assert {**users, "pids": 1, "port": 1} == {
            "service": "users",
            "state": "running",
            "pids": 1,
            "port": 1,
            "restarts": 0,
            "last_error": "",
        }

        assert (await operate(shop, "PUT", "/v1/services/users/state", '{"state": "stopped"}'))[0] == 204
        assert "503" in await get(port_of(shop), "/v1/users")
        assert (await operate(shop, "GET", "/v1/services"))[1]["items"][0]["state"] == "stopped"
        assert (await operate(shop, "PUT", "/v1/services/users/state", '{"state": "running"}'))[0] == 204
        assert "200 OK" in await get(port_of(shop), "/v1/users")
        assert (await operate(shop, "POST", "/v1/services/gateway/restart"))[0] == 204
        after = (await operate(shop, "GET", "/v1/services"))[1]["items"]
        assert after[0]["pids"] != users["pids"]
        assert after[1]["pids"] != listed["items"][1]["pids"]
        assert "200 OK" in await get(port_of(shop), "/v1/users")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/v1/services/users", "", 404, "not_found"),
        ("PUT", "/v1/services/nobody/state", '{"state": "running"}', 404, "not_found"),
        ("POST", "/v1/services/users/state", '{"state": "running"}', 404, "not_found"),
        ("PUT", "/v1/services/gateway/state", '{"state": "odd"}', 400, "invalid_value"),
        ("PUT", "/v1/services/gateway/state", "{", 400, "invalid_value"),
        ("PUT", "/v1/services/gateway/state", "x" * 5000, 400, "invalid_value"),
    ],
)
async def test_what_cannot_be_done_is_a_problem(
    control: Served, method: str, path: str, body: str, status: int, code: str
) -> None:
    answered, problem = await operate(control, method, path, body)
    assert (answered, problem["code"]) == (status, code)


@pytest.mark.parametrize("token", ["", "shopm_other", "shops_x"])
async def test_only_the_owner_may(control: Served, token: str) -> None:
    answered, problem = await operate(control, "GET", "/v1/services", token=token)
    assert (answered, problem["code"]) == (401, "login_required")


async def test_nobody_else_makes_the_control_api_wait_for_a_body(recorder: Recorder) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    control = Control({}, "shopm_x", recorder)
    scope = {"type": "http", "method": "PUT", "raw_path": b"/v1/services/users/state", "headers": []}
    await asyncio.wait_for(control(scope, never, send), 20)

    assert sent[0]["status"] == 401
    assert (b"www-authenticate", b"Bearer") in sent[0]["headers"]


async def test_a_body_that_does_not_come_is_not_waited_for(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stub_services.supervisor.control._BODY_SECONDS", 0)
    sent: list[dict[str, Any]] = []

    async def never() -> None:
        await asyncio.Event().wait()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"authorization", b"Bearer shopm_x")]
    scope = {"type": "http", "method": "PUT", "raw_path": b"/v1/services/users/state", "headers": headers}
    await asyncio.wait_for(Control({}, "shopm_x", recorder)(scope, never, send), 20)

    assert sent[0]["status"] == 408


@pytest.fixture
def control(tmp_path: Path, recorder: Recorder, runner: asyncio.Runner) -> Any:  # noqa: ANN401 - a generator
    """A shop of nothing but its gateway."""
    serving = served(recorder, plan(tmp_path, services=()))
    yield runner.run(serving.__aenter__())
    runner.run(serving.__aexit__(None, None, None))


async def test_one_directory_is_served_once(tmp_path: Path, recorder: Recorder) -> None:
    async with served(recorder, plan(tmp_path, services=())):
        with pytest.raises(Locked, match=rf"process {os.getpid()}\) is at work in {tmp_path}"):
            async with served(recorder, plan(tmp_path)):
                pass


async def test_a_port_that_is_taken_is_named_with_one_that_is_free(tmp_path: Path, recorder: Recorder) -> None:
    taken = Port(0)
    taken.open()
    with pytest.raises(ConfigurationError, match=f"port {taken.number} .* in use") as raised:
        async with served(recorder, plan(tmp_path, port=taken.number)):
            pass
    taken.release()
    free = int(str(raised.value.hint).removeprefix("shop serve --port "))
    Port(free).release()


async def test_a_service_that_does_not_start_ends_the_others(tmp_path: Path, recorder: Recorder) -> None:
    failing = plan(
        tmp_path, services=("users", "orders"), command=lambda name: stand_in(name) if name == "users" else ("none",)
    )

    with pytest.raises(Unavailable, match="orders did not start"):
        async with served(recorder, failing):
            pass
    with pytest.raises(ShopError, match="orders"):  # the lock is free again, too
        async with served(recorder, failing):
            pass


async def test_what_runs_elsewhere_is_found_there(
    tmp_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(recorder, plan(tmp_path / "one", services=("orders",))) as elsewhere:
        monkeypatch.setenv("SHOP_ORDERS_URL", elsewhere.gateway)
        async with served(recorder, plan(tmp_path / "two", services=())) as shop:
            assert '"service": "orders"' in await get(port_of(shop), "/v1/orders/1")


_SCRIPT = """
import sys
from pathlib import Path
from stub_services.supervisor import LogStream, Plan, serve
command = lambda name: ("tests.stub_services.stand_in", name)
plan = Plan(Path(sys.argv[1]), 0, services=("users",), command=command, gateway=sys.argv[2])
serve(plan, LogStream(sys.stderr, human=False, color=False), lambda served: print(served.gateway, flush=True))
"""


@pytest.mark.parametrize("gateway", ["python", "nginx"])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_process_outlives_its_supervisor(tmp_path: Path, end: int, gateway: str) -> None:
    supervisor = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, str(tmp_path), gateway],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert supervisor.stdout is not None
    assert supervisor.stderr is not None
    assert supervisor.stdout.readline().startswith(b"http://127.0.0.1:")
    supervisor.send_signal(end)

    # Every child holds the pipe: its end comes when the last of them is gone.
    supervisor.stderr.read()
    supervisor.stdout.close()
    supervisor.stderr.close()
    assert supervisor.wait() == (-end if end == signal.SIGKILL else 0)


@pytest.mark.parametrize(
    ("code", "told", "url", "hint"),
    [
        ("storage", "mv users.db elsewhere", "", "mv users.db elsewhere"),
        ("storage", "", "", "shop serve -v"),
        ("unavailable", "", "postgresql://ada:secret@h:5433/x", "pg_isready -h h -p 5433"),
    ],
)
async def test_a_database_that_cannot_be_used_ends_the_start_with_the_reason(
    tmp_path: Path, recorder: Recorder, code: str, told: str, url: str, hint: str
) -> None:
    def broken(_: str) -> tuple[str, ...]:
        return ("tests.stub_services.supervisor.no_database", code, told)

    with pytest.raises(Unavailable, match="users did not start: the database is damaged") as caught:
        async with (
            asyncio.timeout(15),
            served(recorder, plan(tmp_path, command=broken, environment={"SHOP_DATABASE_URL": url})),
        ):
            pass
    assert caught.value.hint == hint
    assert "secret" not in recorder.stream.getvalue()


@pytest.mark.parametrize(("url", "spared"), [("", True), ("postgresql://h/x", False)])
async def test_the_list_of_authorities_is_read_only_where_something_may_be_encrypted(
    tmp_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, url: str, spared: bool
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    async with served(recorder, plan(tmp_path, environment={"SHOP_DATABASE_URL": url})) as shop:
        answer = await get(port_of(shop), "/v1/users/x")
    seen = json.loads(answer[answer.index("\r\n\r\n") :])["environment"]
    assert (seen.get("SSL_CERT_FILE") == os.devnull) is spared
