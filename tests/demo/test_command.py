"""`shop demo`: which shop, which face, which exit code, and what is left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pexpect
import pytest

from shopcli.cli.main import guarded as really
from shopcli.cli.main import main
from shopcli.core.profiles import Profiles
from shopcli.demo.scenario import built_in
from shopcli.demo.stage import Stage
from tests.demos import FIRST, RIGHT, WRONG, files, written
from tests.plays import MEMORY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Demo = Callable[..., "Result"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("SHOP_") or name in ("NO_COLOR", "COLUMNS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SHOP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TZ", "UTC+3")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Path("right.md").write_text(written(RIGHT))
    Path("wrong.md").write_text(written(*WRONG))
    Path("needy.md").write_text(written(RIGHT, needs="guest_checkout"))
    Path("odd.md").write_text(written(RIGHT, "? .slug = 1"))


@pytest.fixture
def demo(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run `shop demo` with these words in this process."""

    def run(*words: str) -> Result:
        with pytest.raises(SystemExit) as left:
            main(["demo", *words])
        return Result(int(left.value.code or 0), *capsys.readouterr())

    return run


# --- list and check ------------------------------------------------------------------------------


def test_scenarios_are_listed_with_what_they_need(demo: Demo) -> None:
    rows = [line.split("\t") for line in demo("list").out.splitlines()]

    assert [row[0] for row in rows] == list(built_in())
    assert rows[0] == ["buy-now", "From the catalog to a paid order", "guest_cart,exact_stock"]
    items = json.loads(demo("list", "--json").out)["items"]
    assert items[0]["needs"] == ["guest_cart", "exact_stock"]
    assert demo("list", "-o", "id").out.splitlines() == list(built_in())


def test_a_table_of_scenarios_fits_a_terminal(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_FORCE_TTY", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")

    head, *rows = demo("list").out.splitlines()
    assert head.split() == ["NAME", "TITLE", "NEEDS"]
    assert max(map(len, [head, *rows])) <= 80


def test_checking_runs_nothing(demo: Demo, tmp_path: Path) -> None:
    result = demo("check", "wrong.md", "buy-now")

    assert result.code == 0
    assert [line.split("\t")[0] for line in result.out.splitlines()] == ["wrong.md", "buy-now"]
    assert files(tmp_path / "data") == []


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_mistake_says_where_and_nothing_runs(demo: Demo, command: str) -> None:
    result = demo(command, "right.md", "odd.md")

    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"✗ odd.md:{FIRST + 1}:9: expected ")


def test_every_mistake_is_said_at_once(demo: Demo) -> None:
    Path("other.md").write_text("# nothing\n")
    result = demo("check", "odd.md", "right.md", "other.md", "--json")

    error = json.loads(result.err)["error"]
    assert (result.code, error["category"]) == (2, "usage")
    assert re.findall(r"^(\S+\.md):\d+:\d+: ", error["message"], re.MULTILINE) == ["odd.md", "other.md"]


def test_a_scenario_that_is_not_there_is_guessed(demo: Demo) -> None:
    result = demo("run", "buy-nwo")

    assert (result.code, result.err) == (
        3,
        "✗ there is no scenario buy-nwo, did you mean buy-now?\n→ shop demo list\n",
    )


# --- run -----------------------------------------------------------------------------------------


def test_all_that_is_as_expected_ends_with_0_and_skipped_ones_are_counted(demo: Demo) -> None:
    result = demo("run", "right.md", "needy.md", "right.md")

    assert result.code == 0
    assert result.out.splitlines()[:2] == ["TAP version 14", "1..2"]
    assert result.out.endswith(
        "ok 2 - needy # SKIP this shop has no guest_checkout\n# 2 scenarios: 1 passed, 1 skipped\n"
    )
    assert result.err.splitlines() == [
        "the shop: memory:, a new one for each scenario",
        "skipped needy.md: this shop has no guest_checkout",
        "2 scenarios: 1 passed, 1 skipped",
    ]


def test_what_is_not_as_expected_ends_with_1_in_every_face(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    result = demo("run", "wrong.md", "right.md", "--report", "r.xml", "--report", "r.json", "--record", "r.txt")

    assert result.code == 1
    assert result.err.endswith(
        "✗ 2 scenarios: 1 passed, 1 failed; not as expected: wrong.md\n→ shop demo run wrong.md --step\n"
    )
    assert f"      line: {FIRST + 2}\n" in result.out
    failure = ET.parse("r.xml").find(".//failure")  # noqa: S314  our own
    assert failure is not None
    assert (failure.text or "").startswith(f"wrong.md:{FIRST + 2}: expected == 1, got 26")
    line = json.loads(Path("r.json").read_text())["scenarios"][0]["lines"][-1]
    assert (line["line"], line["verdict"]) == (FIRST + 2, "failed")
    assert f"wrong.md:{FIRST + 2}: expected == 1, got 26" in Path("r.txt").read_text()
    monkeypatch.setenv("SHOP_FORCE_TTY", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert f"  wrong.md:{FIRST + 2}: expected == 1, got 26\n" in demo("run", "wrong.md").out


def test_json_is_one_object_and_one_error(demo: Demo) -> None:
    result = demo("run", "wrong.md", "--json")

    assert json.loads(result.out)["scenarios"][0]["lines"][-1]["line"] == FIRST + 2
    assert json.loads(result.err)["error"]["code"] == "demo_failed"


def test_the_persons_own_shop_and_sessions_stay_untouched(demo: Demo, tmp_path: Path) -> None:
    data = tmp_path / "data"
    Profiles(data).create("corner", f"sqlite:{tmp_path}/corner")
    Profiles(data).use("corner")
    before = {name: Path(name).read_bytes() for name in files(data)}
    Path("mean.md").write_text(written("$ profile create mine memory: --use", "$ profile list", "$ cart show"))

    result = demo("run", "mean.md", "buy-now")

    assert result.code == 0, result.out
    assert {name: Path(name).read_bytes() for name in files(data)} == before
    assert not (tmp_path / "corner").exists()
    assert not list(tmp_path.glob("shop-demo-*"))


def test_the_environment_is_put_back(demo: Demo) -> None:
    before = dict(os.environ)

    assert demo("run", "right.md", "--record", "r.svg").code == 0
    assert dict(os.environ) == before


@pytest.mark.parametrize("by", ["--backend", "SHOP_BACKEND", "--profile", "SHOP_PROFILE"])
def test_another_shop_is_played_in_where_somebody_says_so(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    url = f"sqlite:{tmp_path}/corner"
    Profiles(tmp_path / "data").create("corner", url)
    value = url if by.endswith(("backend", "BACKEND")) else "corner"
    words = [by, value] if by.startswith("--") else []
    if not words:
        monkeypatch.setenv(by, value)

    result = demo("run", "right.md", *words)

    assert result.code == 0, result.out
    assert f"# Planted, at {url}\n" in result.out
    assert f"the shop: {url}" in result.err
    assert (tmp_path / "corner" / "products.db").exists()


def test_a_profile_lends_its_owners_keys(demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lent: list[tuple[str, Mapping[str, str] | None]] = []
    begin = Stage.__init__

    def noted(stage: Stage, url: str, directory: Path, *, owner: Mapping[str, str] | None = None) -> None:
        lent.append((url, owner))
        begin(stage, MEMORY, directory)

    monkeypatch.setattr(Stage, "__init__", noted)
    keys = tmp_path / "owner.json"
    keys.write_text('{"gateway": "http://127.0.0.1:1"}')
    keys.chmod(0o600)
    Profiles(tmp_path / "data").create("mine", "http://127.0.0.1:1", owner=keys)

    assert demo("run", "right.md", "--profile", "mine").code == 0
    assert lent == [("http://127.0.0.1:1", {"owner": str(keys)})]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--backend", "gopher:x"], 12, "gopher"),
        (["--profile", "nobody"], 12, "no profile 'nobody'"),
        (["--serve", "--backend", MEMORY], 2, "--serve and --backend both say which shop"),
        (["--step"], 2, "--step needs somebody at a terminal"),
        (["--step", "--json"], 2, "--step needs somebody at a terminal"),
        (["--speed", "0"], 2, "--speed is a number from 0.1 to 1000, not '0'"),
        (["--speed", "fast"], 2, "--speed is a number"),
        (["--record", "x.gif"], 2, "--record takes a file that ends in .cast, .svg, .txt, not 'x.gif'"),
        (["--report", "nowhere/x.xml"], 12, "there is no directory nowhere"),
        (["--fields", "title"], 2, "no fields"),
        (["-o", "id"], 2, "no ids"),
    ],
)
def test_what_cannot_be_is_said_before_anything_runs(demo: Demo, words: list[str], code: int, message: str) -> None:
    result = demo("run", "right.md", *words)

    assert (result.code, result.out) == (code, "")
    assert message in result.err


@pytest.mark.parametrize("command", ["demo run buy-now", "serve --port 0"])
def test_a_scenario_starts_no_other_one_and_no_server(demo: Demo, command: str) -> None:
    Path("deep.md").write_text(written(f"$ {command}", "? exit == 2"))

    assert demo("run", "deep.md").code == 0


def test_ctrl_c_says_what_ran_and_cleans_up(demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def guarded(line: list[str], begin: Callable[..., object]) -> int:
        ran.append(line[-1])
        if len(ran) == 2:
            raise KeyboardInterrupt
        return really(line, begin)  # type: ignore[arg-type]

    monkeypatch.setattr("shopcli.cli.session.guarded", guarded)
    result = demo("run", "right.md", "buy-now", "needy.md", "--report", "r.json", "--record", "r.txt")

    assert result.code == 130
    assert result.err.endswith("✗ stopped by Ctrl-C; what ran: right.md passed, buy-now stopped\n")
    assert result.out.endswith("Bail out! stopped by Ctrl-C\n")
    assert [one["verdict"] for one in json.loads(Path("r.json").read_text())["scenarios"]] == ["passed", "failed"]
    assert not Path("r.txt").exists()
    assert not list(tmp_path.glob("shop-demo-*"))


# --- at a terminal -------------------------------------------------------------------------------


def test_step_waits_for_enter_on_a_terminal() -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "shopcli", "demo", "run", "right.md", "--step", "--speed", "1000"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        encoding="utf-8",
        dimensions=(24, 80),
        timeout=20,
    )
    child.expect_exact("$ shop products show sigma-35-f2")
    child.send("\r")
    child.expect_exact("Sigma 35mm F2 DG DN Contemporary")
    child.expect_exact("✓ 1 of 1 as expected")
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 0


# --- serving -------------------------------------------------------------------------------------


def descendants(pid: int) -> set[int]:
    """Return the processes that a process has started, and those that they have."""
    listed = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = [tuple(map(int, line.split())) for line in listed.splitlines()]
    found = {pid}
    while more := {child for child, parent in parents if parent in found} - found:
        found |= more
    return found - {pid}


def alive(pids: set[int]) -> set[int]:
    """Return those that still run; a zombie does not."""
    listed = subprocess.run(["ps", "-axo", "pid=,state="], capture_output=True, text=True, check=True).stdout
    return {int(pid) for pid, state in map(str.split, listed.splitlines()) if state[0] != "Z"} & pids


def test_a_served_shop_is_used_with_its_owners_keys_and_gone_afterwards(demo: Demo, tmp_path: Path) -> None:
    operated = ("! stop payments", '? within 5s: health(payments).status == "down"', "! fault carts latency times=1")
    Path("owner.md").write_text(written(RIGHT, *operated, needs="faults"))

    result = demo("run", "owner.md", "--serve")

    assert result.code == 0, result.out + result.err
    assert "the shop: five services, served for each scenario" in result.err
    assert "1 passed" in result.err  # and not skipped for lack of faults
    (port,) = re.findall(r"at http://127\.0\.0\.1:(\d+)", result.out)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)))
    assert not list(tmp_path.glob("shop-demo-*"))


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda way: way.name)
def test_however_a_demo_ends_no_server_is_left_behind(way: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "shopcli", "demo", "run", "right.md", "--serve", "--step"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SHOP_FORCE_TTY": "1"},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:  # then it waits for enter
            if b"A step" in line:
                break
        servers = descendants(process.pid)
        assert len(servers) >= 7  # the supervisor, its gateway and the five
        process.send_signal(way)
        process.stdout.read()
        process.wait()

    while alive(servers):  # pytest-timeout bounds it
        pass
    assert process.returncode == (-way if way is signal.SIGKILL else 128 + way)
