"""`shop doctor`: each thing that can be wrong is planted, found and named with the command that mends it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from errno import EACCES
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from backends.models import ServiceHealth
from shopcli.core.doctor import State, Surroundings
from shopcli.core.doctor.databases import local_databases
from shopcli.core.doctor.terminal import characters, kind_of_terminal
from tests.cli.conftest import PASSWORD
from tests.plugins import plant

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Result, Run

_LENS = "canon-ef-50mm-f1-8-stm"


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_CONFIG_DIR", str(tmp_path / "config"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def used(run: Run, data: Path) -> Path:
    """Let somebody have browsed, and return the data directory."""
    run("products", "list")
    assert run("services", "status").code == 0
    return data


def found(result: Result) -> dict[str, dict[str, Any]]:
    return {item["subject"]: item for item in result.json["items"]}


def troubles(result: Result) -> list[tuple[str, str, str | None]]:
    """Return what is not as it should be: the state, what was looked at, and the command."""
    items = result.json["items"]
    return [(item["state"], item["subject"], item["fix"]) for item in items if item["state"] != "ok"]


def test_a_new_shop_is_well_and_looking_makes_nothing(run: Run, data: Path) -> None:
    result = run("doctor", "--json")

    assert (result.code, troubles(result), result.err) == (0, [], "")
    assert not data.exists()
    assert [set(item) for item in result.json["items"]] == [{"state", "subject", "found", "fix"}] * 14
    assert found(result)["data directory"]["found"] == f"{data} is made at the first use"


def test_it_says_so_where_all_is_well(run: Run) -> None:
    assert run("doctor").err == "14 looked at, nothing is wrong\n"


def test_a_used_shop_is_well_and_stays_as_it_is(ada: Run, data: Path) -> None:
    assert ada("services", "status").code == 0
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}

    result = ada("doctor", "--json")

    assert (result.code, troubles(result)) == (0, [])
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.suffix not in ("", ".db-shm")} == {
        path: time for path, time in before.items() if path.suffix not in ("", ".db-shm")
    }
    looked = found(result)
    assert {f"service {name}" for name in ("users", "products", "carts", "orders", "payments")} <= set(looked)
    assert looked["database users.db"]["found"].endswith("bytes, whole")
    assert looked["session"]["found"].startswith("ada@example.com; tokens are kept")
    assert looked["shop in use"]["found"] == f"sqlite:{data / 'local'} (profile default, chosen by default)"


def test_people_see_a_table_and_then_each_command_whole(used: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    used.chmod(0o755)
    (used / "local" / "users.db").write_bytes(b"no database" * 1000)
    monkeypatch.setenv("SHOP_FORCE_TTY", "1")
    monkeypatch.setenv("NO_COLOR", "1")

    result = run("doctor")

    assert result.code == 12
    assert result.out.splitlines()[0].split()[:4] == ["STATE", "LOOKED", "AT", "FOUND"]
    assert f"→ chmod 700 {used}\n" in result.err
    assert f"→ mv {used}/local/users.db {used}/local/users.db.damaged\n" in result.err
    assert run("doctor", "-o", "id").out.startswith("Python\nshop\n")
    assert run("doctor", "--fields", "nope").code == 2


# --- the data directory ----------------------------------------------------------------------------------------------


def test_a_directory_and_files_that_others_can_read(used: Path, run: Run) -> None:
    used.chmod(0o755)
    (used / "local" / "users.db").chmod(0o644)

    result = run("doctor", "--json")

    assert result.code == 0
    assert troubles(result) == [
        ("warning", "data directory", f"chmod 700 {used}"),
        ("warning", "private files", f"chmod 600 {used}/local/users.db"),
    ]
    assert "0755" in found(result)["data directory"]["found"]
    for _, _, fix in troubles(result):
        subprocess.run(["sh", "-c", str(fix)], check=True)
    assert troubles(run("doctor", "--json")) == []


def test_a_data_directory_that_is_a_file(run: Run, data: Path) -> None:
    data.write_text("")

    result = run("doctor", "--json")

    assert result.code == 12
    assert ("wrong", "data directory", f"ls -ld {data}") in troubles(result)
    assert found(result)["Python"]["state"] == "ok"


def test_a_data_directory_that_cannot_be_written(used: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != str(used) and allowed(path, mode))

    assert ("wrong", "data directory", f"chmod u+rwx {used}") in troubles(run("doctor", "--json"))


def test_no_home_directory(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_DATA_DIR")
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr("pathlib.Path.home", _no_home)

    result = run("doctor", "--json")

    assert result.code == 12
    assert ("wrong", "data directory", "SHOP_DATA_DIR=DIRECTORY shop") in troubles(result)


def _no_home() -> Path:
    raise RuntimeError


@pytest.mark.parametrize(("free", "state", "code"), [(50 << 20, "warning", 0), (1 << 20, "wrong", 12)])
def test_a_disk_that_is_nearly_full(
    used: Path, run: Run, monkeypatch: pytest.MonkeyPatch, free: int, state: str, code: int
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))

    result = run("doctor", "--json")

    assert (result.code, troubles(result)) == (code, [(state, "free space", f"df -h {used}")])


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_settings_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    file = tmp_path / "config" / "config.toml"
    file.write_text("timeout = \n")

    result = run("doctor", "--json")

    assert (result.code, troubles(result)) == (12, [("wrong", "settings", f'"${{EDITOR:-vi}}" {file}')])
    assert "line 1" in found(result)["settings"]["found"]
    file.write_text("timeout = 20\n[profiles.default]\ntimeout = 30\n")
    assert found(run("doctor", "--json"))["settings"]["found"] == f"{file}: 2 set"


def test_profiles_that_are_damaged(run: Run, data: Path, tmp_path: Path) -> None:
    run("profile", "create", "corner", f"sqlite:{tmp_path / 'corner'}")
    (data / "profiles" / "corner" / "profile.json").write_text("{")

    result = run("doctor", "--json")
    assert (result.code, troubles(result)) == (12, [("wrong", "profile corner", "shop profile delete corner")])

    (data / "config.json").write_text("{")
    assert ("wrong", "profiles", "shop profile use default") in troubles(run("doctor", "--json"))


def test_a_session_that_is_damaged(ada: Run, data: Path) -> None:
    (data / "profiles" / "default" / "session.json").write_text("{")

    assert ("wrong", "session", "shop logout") in troubles(ada("doctor", "--json"))


def test_a_journal_that_is_damaged(ada: Run, data: Path) -> None:
    journal = data / "profiles" / "default" / "journal.db"
    journal.write_bytes(b"no database" * 100)
    journal.chmod(0o600)

    result = ada("doctor", "--json")

    assert (result.code, troubles(result)) == (12, [("wrong", "journal of default", f"mv {journal} {journal}.damaged")])


def test_an_unfinished_checkout_is_resumed_where_it_began(ada: Run, tmp_path: Path) -> None:
    ada("cart", "add", _LENS)
    assert ada("checkout", "--yes", "--pay", "later").code == 8

    result = ada("doctor", "--json")
    assert (result.code, troubles(result)) == (0, [("warning", "journal of default", "shop orders resume")])
    assert found(result)["journal of default"]["found"] == "1 checkout is unfinished"

    ada("profile", "create", "corner", f"sqlite:{tmp_path / 'corner'}", "--use")
    elsewhere = ("warning", "journal of default", "shop --profile default orders resume")
    assert elsewhere in troubles(ada("doctor", "--json"))
    ada("profile", "use", "default")
    ada("logout")
    assert ("warning", "journal of default", "shop login") in troubles(ada("doctor", "--json"))


def test_a_shop_without_a_name_has_a_journal_too(ada: Run, tmp_path: Path) -> None:
    corner = ("--backend", f"sqlite:{tmp_path / 'corner'}")
    signup = "signup --name Bea --email bea@example.com --password-stdin"
    address = "addresses add home --name B --line1 W --city B --postcode 1 --country DE"
    ada(*corner, *signup.split(), stdin=PASSWORD)
    ada(*corner, *address.split())
    ada(*corner, "cart", "add", _LENS)
    assert ada(*corner, "checkout", "--yes", "--pay", "later").code == 8

    subject = "journal of a shop without a name"
    assert troubles(ada("doctor", "--json")) == [("warning", subject, "shop --backend URL orders resume")]
    fix = f"shop --backend {corner[1]} orders resume"
    assert troubles(ada("doctor", "--json", *corner)) == [("warning", subject, fix)]


def test_the_keys_of_an_owner_that_are_not_used(run: Run, tmp_path: Path) -> None:
    keys = tmp_path / "owner.json"
    keys.write_text(json.dumps({"gateway": "http://127.0.0.1:1", "merchant": "shopm_secret"}))
    keys.chmod(0o600)
    run("profile", "create", "mine", "http://127.0.0.1:1", "--owner", str(keys), "--use")

    assert found(run("doctor", "--json"))["owner's keys"]["state"] == "ok"
    keys.chmod(0o644)
    result = run("doctor", "--json")
    assert ("warning", "owner's keys", f"chmod 600 {keys}") in troubles(result)
    assert "shopm_secret" not in result.out
    keys.unlink()
    assert ("warning", "owner's keys", f"shop serve --data {tmp_path}") in troubles(run("doctor", "--json"))


# --- databases -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [b"no database", b"\xff"])
def test_a_database_that_is_damaged(used: Path, run: Run, damage: bytes) -> None:
    file = used / "local" / "products.db"
    _close(file)
    whole = file.read_bytes()
    file.write_bytes(damage * 5000 if damage != b"\xff" else whole[:8192] + damage * 8192 + whole[16384:])

    result = run("doctor", "--json")

    assert result.code == 12
    assert ("wrong", "database products.db", f"mv {file} {file}.damaged") in troubles(result)
    assert found(result)["database users.db"]["state"] == "ok"
    assert found(result)["service users"]["state"] == "ok"


def test_a_database_that_is_in_use_is_looked_at_all_the_same(used: Path, run: Run) -> None:
    connection = sqlite3.connect(used / "local" / "products.db")
    try:
        connection.execute("BEGIN IMMEDIATE")
        assert troubles(run("doctor", "--json")) == []
    finally:
        connection.close()


@pytest.mark.parametrize("said", ["row 3 is missing from an index", sqlite3.DatabaseError("malformed")])
def test_a_database_that_was_written_meanwhile_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | sqlite3.DatabaseError
) -> None:
    def checked(file: Path, how: str) -> str | None:
        if how == "mode=ro":
            return None
        file.with_name("users.db-wal").touch()  # somebody begins to write
        if isinstance(said, Exception):
            raise said
        return said

    monkeypatch.setattr("shopcli.core.doctor.databases._checked", checked)
    (tmp_path / "users.db").touch()

    shop = SimpleNamespace(url=f"sqlite:{tmp_path}")
    (finding,) = local_databases(replace(_HERE, shop=lambda: shop))  # type: ignore[arg-type,return-value]

    assert (finding.state, finding.found) == (State.OK, "0 bytes, whole")


def test_a_database_too_large_to_be_looked_through(used: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopcli.core.doctor.databases._SECONDS", -1.0)
    monkeypatch.setattr("shopcli.core.doctor.databases._STEPS", 1)

    result = run("doctor", "--json")

    assert result.code == 0
    assert ("warning", "database products.db", None) in troubles(result)


def _close(file: Path) -> None:
    """Bring everything into the one file, as the last one to leave does."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


# --- the shop in use -------------------------------------------------------------------------------------------------


def test_a_profile_that_is_not_there(run: Run, data: Path) -> None:
    result = run("doctor", "--json", "--profile", "corner")

    assert (result.code, troubles(result)) == (
        12,
        [("wrong", "shop in use", "shop profile create corner sqlite:DIRECTORY")],
    )


def test_an_address_that_nobody_serves(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_BACKEND", "gopher:x")

    result = run("doctor", "--json")

    assert (result.code, troubles(result)) == (12, [("wrong", "shop in use", "shop backends list")])


def test_a_shop_that_does_not_answer(run: Run) -> None:
    result = run("doctor", "--json", "--backend", "http://127.0.0.1:1")

    names = ("users", "products", "carts", "orders", "payments")
    assert result.code == 12
    assert troubles(result) == [
        *(("warning", f"service {name}", None) for name in names),
        ("wrong", "service gateway", "shop serve --port 1"),
    ]
    assert run("doctor", "--backend", "http://127.0.0.1:1").err.count("service") == 1


def test_a_service_that_was_stopped(used: Path, run: Run) -> None:
    run("services", "stop", "payments")

    result = run("doctor", "--json")
    assert (result.code, troubles(result)) == (12, [("wrong", "service payments", "shop services start payments")])
    run("services", "start", "payments")
    assert troubles(run("doctor", "--json")) == []


@pytest.mark.parametrize(
    ("ahead", "state", "says"),
    [
        (0.0, "ok", "same time"),
        (-29.0, "ok", "same time"),
        (45.0, "warning", "45 seconds ahead"),
        (-301.0, "wrong", "301 seconds behind"),  # worse than the 20 seconds ahead of another one
    ],
)
def test_a_clock_that_is_wrong(
    used: Path, run: Run, monkeypatch: pytest.MonkeyPatch, ahead: float, state: str, says: str
) -> None:
    async def health(_: object) -> tuple[ServiceHealth, ...]:
        return (
            ServiceHealth("users", "up", "", "1", 2.0, clock_ahead=20.0),
            ServiceHealth("gateway", "up", clock_ahead=ahead),
            ServiceHealth("carts", "up", clock_ahead=-20.0),
        )

    monkeypatch.setattr("stub_services.inprocess.InProcessBackend.health", health)

    clock = found(run("doctor", "--json"))["clock"]

    assert (clock["state"], says in clock["found"]) == (state, True)
    assert clock["fix"] == (None if state == "ok" else _SET_CLOCK)


_SET_CLOCK = "sudo sntp -sS time.apple.com" if sys.platform == "darwin" else "sudo timedatectl set-ntp true"


# --- program and terminal --------------------------------------------------------------------------------------------


def test_a_plug_in_that_is_broken(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "corner-shop", "corner = corner_shop_broken:open_it", corner_shop_broken="1 / 0")
    monkeypatch.syspath_prepend(tmp_path)

    result = run("doctor", "--json")

    fix = f"{sys.executable} -m pip uninstall corner-shop"
    assert (result.code, troubles(result)) == (12, [("wrong", "plug-in corner", fix)])
    assert "ZeroDivisionError" in found(result)["plug-in corner"]["found"]
    in_use = found(run("doctor", "--json", "--backend", "corner:x"))["shop in use"]
    assert (in_use["state"], "corner-shop 1.2" in in_use["found"]) == ("wrong", True)


def test_files_of_another_version_than_is_installed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopcli.__version__", "9.9")

    ((state, subject, fix),) = troubles(run("doctor", "--json"))

    assert (state, subject) == ("warning", "shop")
    assert str(fix).startswith(f"{sys.executable} -m pip install ")


def test_a_python_that_is_too_old(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert ("wrong", "Python", "python3.11 -m pip install shopcli") in troubles(run("doctor", "--json"))


_HERE = Surroundings(
    shop=NotImplemented,
    ask=NotImplemented,
    chosen_by=None,
    environment={"TERM": "xterm"},
    encoding="UTF8",
    terminal=True,
    color=True,
)


def test_a_shop_in_an_empty_directory_is_not_begun_by_looking(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    result = run("doctor", "--backend", f"sqlite:{tmp_path / 'empty'}", "--json")

    (found,) = [item["found"] for item in result.json["items"] if item["subject"] == "shop in use"]
    assert "not begun yet" in found
    assert list((tmp_path / "empty").iterdir()) == []


def test_where_a_plug_in_opens_nothing_doctor_does_not_suggest_itself(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, "odd-shop", "odd = odd_shop_empty:open_it", odd_shop_empty="def open_it(url, **_): return None")
    monkeypatch.syspath_prepend(tmp_path)

    (shop,) = [each for each in troubles(run("doctor", "--json", "--backend", "odd:x")) if each[1] == "shop in use"]
    assert shop == ("wrong", "shop in use", None)


def test_aliases_are_settings(run: Run) -> None:
    run("alias", "set", "mine", "orders list")

    (found,) = [item["found"] for item in run("doctor", "--json").json["items"] if item["subject"] == "settings"]
    assert found.endswith(": 1 set")


@pytest.mark.parametrize("name", ["profiles", "profiles/default", "local"])
def test_a_directory_that_cannot_be_used_is_named(
    ada: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    closed, access = tmp_path / "data" / name, os.access
    # The tests may run as root, who may do anything.
    monkeypatch.setattr(os, "access", lambda path, mode: path != closed and access(path, mode))

    result = ada("doctor", "--json")

    assert result.code == 12
    assert ("wrong", f"directory {name}", f"chmod u+rwx {closed}") in troubles(result)


def test_journals_that_nobody_may_look_for_are_not_said_to_be_none(
    ada: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> list[str]:
        raise PermissionError(EACCES, "Permission denied")

    monkeypatch.setattr("shopcli.core.doctor.kept.os.listdir", refuse)

    assert ("wrong", "journal", None) in troubles(ada("doctor", "--json"))


@pytest.mark.parametrize(
    ("encoding", "state", "fix"),
    [
        ("UTF8", State.OK, None),
        ("latin-1", State.WARNING, "export LC_ALL=C.UTF-8"),
        ("x", State.WARNING, "export LC_ALL=C.UTF-8"),
    ],
)
def test_text_that_cannot_be_written(encoding: str, state: State, fix: str | None) -> None:
    (finding,) = characters(replace(_HERE, encoding=encoding))
    assert (finding.state, finding.fix) == (state, fix)


@pytest.mark.parametrize(
    ("kind", "columns", "is_terminal", "state", "fix"),
    [
        ("xterm", "100", True, State.OK, None),
        ("xterm", "60", True, State.WARNING, None),
        ("dumb", "100", True, State.WARNING, "export TERM=xterm-256color"),
        ("", "100", True, State.WARNING, "export TERM=xterm-256color"),
        ("dumb", "100", False, State.OK, None),
    ],
)
def test_terminals(
    monkeypatch: pytest.MonkeyPatch, kind: str, columns: str, is_terminal: bool, state: State, fix: str | None
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    (finding,) = kind_of_terminal(replace(_HERE, environment={"TERM": kind}, terminal=is_terminal))
    assert (finding.state, finding.fix) == (state, fix)


# --- whatever happens ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [RuntimeError("broken\nthing"), SystemExit(3), OSError(5, "Input/output error")])
def test_what_cannot_be_looked_at_is_a_finding_and_the_rest_goes_on(
    used: Path, run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("shutil.disk_usage", refuse)
    monkeypatch.setattr("stub_services.inprocess.InProcessBackend.health", refuse)

    result = run("doctor", "--json")

    assert result.code == 12
    assert [(state, subject) for state, subject, _ in troubles(result)] == [
        ("wrong", "free space"),
        ("wrong", "services"),
    ]
    assert found(result)["free space"]["found"].startswith("it cannot be looked at: ")
    assert "\n" not in found(result)["free space"]["found"]


def test_no_secret_is_shown(ada: Run, data: Path) -> None:
    token = ada_token(data)

    shown = "".join(f"{result.out}{result.err}" for result in (ada("doctor"), ada("doctor", "--json")))

    assert token not in shown
    assert "ada@example.com" in shown


def ada_token(data: Path) -> str:
    token: str = json.loads((data / "profiles" / "default" / "session.json").read_text())["token"]
    assert len(token) > 20
    return token
