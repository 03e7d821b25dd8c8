from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

import shopcli
from backends.errors import ShopError
from shopcli.cli.commands import TABLE, Branch
from shopcli.cli.help import ROOT

if TYPE_CHECKING:
    from tests.cli.conftest import Run, Terminal

_ROOT = Path(__file__).parents[2]
_VERBS = [f"{noun} {verb}" for noun, entry in TABLE.items() if isinstance(entry, Branch) for verb in entry.verbs]
_NAMES = [*TABLE, *_VERBS]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(_ROOT)}


def _imported_by(*words: str) -> set[str]:
    """Return the modules that are loaded after `shop` ran with these words in a process of its own."""
    code = f"""
import sys
from shopcli.cli.main import main
try:
    main({list(words)})
except SystemExit:
    print(*sys.modules, file=sys.stderr)
"""
    measured_by_nobody = {name: value for name, value in _environment().items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=measured_by_nobody, text=True, check=True, capture_output=True
    )
    return set(done.stderr.split())


def _shop(*words: str, stdout: IO[bytes] | int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "shopcli", *words]
    return subprocess.Popen(command, env=_environment(), stdout=stdout, stderr=subprocess.PIPE)


@pytest.mark.parametrize("line", [("--help",), ("-h",), ("--json", "--help"), ("-h", "products")])
def test_help_is_one_static_text(run: Run, line: tuple[str, ...]) -> None:
    result = run(*line)

    assert (result.code, result.out.rstrip("\n"), result.err) == (0, ROOT, "")
    assert max(map(len, ROOT.splitlines())) <= 80


def test_help_names_every_command() -> None:
    for name, entry in TABLE.items():
        assert name in ROOT
        if isinstance(entry, Branch):
            assert f"{name} {'|'.join(entry.verbs)}" in ROOT


def test_the_version_is_the_packages(run: Run) -> None:
    assert run("--version").out == f"shop {shopcli.__version__}\n"
    assert run("cart", "--version").out == f"shop {shopcli.__version__}\n"
    try:
        installed = version("shopcli")
    except PackageNotFoundError:
        pytest.skip("run from a checkout")
    assert installed == shopcli.__version__


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_explains_itself(run: Run, name: str, flag: str) -> None:
    result = run(*name.split(), flag)

    assert result.code == 0
    assert result.err == ""
    assert f"\n  shop {name} " in result.out
    if " " in name or not isinstance(TABLE[name], Branch):
        assert "Examples:\n  shop" in result.out
    assert max(map(len, result.out.splitlines())) <= 120


def test_help_imports_next_to_nothing() -> None:
    assert not {"typer", "rich", "typing", "dataclasses", "backends", "re", "enum"} & _imported_by("--help")


def test_a_piped_list_imports_only_what_it_needs() -> None:
    imported = _imported_by("products", "list", "-q")

    assert "shopcli.cli.products" in imported
    assert not {"asyncio", "platformdirs", "filelock", "argparse", "logging", "importlib.metadata"} & imported
    assert not {"rich", "httpx", "argon2", "shopcli.cli.cart", "shopcli.cli.checkout"} & imported
    assert not {"shopcli.core.checkout", "shopcli.core.journal"} & imported


@pytest.mark.parametrize("word", ["cart\x1b[2J", "\udcff", "a\nb"])
def test_hostile_arguments_end_it_before_anything_else(run: Run, word: str, tmp_path: Path) -> None:
    result = run("products", "search", word)

    assert result.code == 2
    assert "argument 3" in result.err
    assert "\x1b" not in result.err
    assert not (tmp_path / "data").exists()
    assert run("--json", word).error["code"] == "usage"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["crat", "show"], "did you mean shop cart?\n→ shop cart show\n"),
        (["search", "lens"], "did you mean shop products search?\n→ shop products search lens\n"),
        (["products", "serach", "x y"], "did you mean shop products search?\n→ shop products search 'x y'\n"),
        (["show", "orders", "1001"], "did you mean shop orders show?\n→ shop orders show 1001\n"),
        (["add", "cart"], "did you mean shop cart add?\n→ shop cart add\n"),
        (["frobnicate"], "no such command: shop frobnicate"),
        (["cart"], "shop cart needs one of: show, add"),
        (["cart", "show", "--jsn"], "did you mean --json?"),
        (["products", "list", "--catgory", "x"], "did you mean --category?"),
        (["products", "show"], "PRODUCT is missing"),
        (["products", "list", "--sort", "up"], "--sort is one of relevance, title, price, -price, not 'up'"),
        (["products", "list", "--limit"], "--limit needs a value"),
        (["whoami", "extra"], "takes no argument extra"),
        (["--frobnicate"], "no such option: --frobnicate"),
        (["products", "show", "-5"], "nothing here takes a negative number"),
        (["--timeout", "soon", "whoami"], "--timeout is a number of seconds"),
    ],
)
def test_a_wrong_line_says_what_helps(run: Run, line: list[str], said: str) -> None:
    result = run(*line)

    assert result.code == 2
    assert said in result.err
    assert "\n→ shop" in result.err
    error = run("--json", *line).error
    assert (error["code"], error["category"]) == ("usage", "usage")
    assert error["hint"].startswith("shop")


def test_an_error_is_one_json_object_with_all_its_parts(run: Run) -> None:
    result = run("whoami", "--json")

    assert (result.code, result.out) == (4, "")
    assert result.error == {
        "code": "login_required",
        "category": "authentication",
        "message": "nobody is logged in (new here? shop signup)",
        "hint": "shop login",
        "retryable": False,
        "outcome": "not_applied",
        "service": "users",
        "request_id": None,
    }


def _all_errors(of: type[ShopError]) -> list[type[ShopError]]:
    """All errors that a person can meet; the services' own are told over the wire by their parents' codes."""
    found = [of, *(each for child in of.__subclasses__() for each in _all_errors(child))]
    ours = [kind for kind in found if not kind.__module__.startswith("stub_services.")]
    return [kind for kind in ours if kind.__init__ is ShopError.__init__]  # others are made of more than a message


@pytest.mark.parametrize("kind", _all_errors(ShopError), ids=lambda kind: kind.__name__)
def test_every_error_leaves_with_its_exit_code(
    run: Run, kind: type[ShopError], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise kind("a\x1b[2Jb", hint="shop\x1b[2J whoami")

    monkeypatch.setattr("shopcli.cli.accounts.begin", fail)
    result = run("whoami")

    assert result.code == kind.exit_code
    assert result.err.splitlines() == [result.err[0] + " a\ufffd[2Jb", "→ shop\ufffd[2J whoami"]


def test_a_bug_says_where_and_no_value_of_anything(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        secret = "4242" + "4242"
        raise KeyError(secret)

    monkeypatch.setattr("shopcli.cli.accounts.begin", fail)
    result = run("whoami")

    assert result.code == 1
    assert "KeyError at test_main.py:" in result.err
    assert "42424242" not in result.err
    assert "→ run it again with -v" in result.err
    assert "Traceback" in run("whoami", "-v").err
    assert run("whoami", "--json").error["code"] == "internal"


def test_ctrl_c_says_that_nothing_was_changed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shopcli.cli.accounts.begin", interrupt)
    result = run("whoami")

    assert (result.code, result.err) == (130, "✗ cancelled, nothing was changed\n")
    assert run("whoami", "--json").error["code"] == "cancelled"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
@pytest.mark.parametrize("output", ["table", "tsv", "json"])
def test_a_full_disk_is_told(output: str) -> None:
    with Path("/dev/full").open("wb") as full:
        child = _shop("products", "list", "-o", output, stdout=full)
        _, err = child.communicate(timeout=30)

    assert child.returncode == 12
    assert err.count(b"cannot write the output") == 1


def test_a_closed_stderr_sends_no_error_to_stdout() -> None:
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m shopcli whoami 2>&-"],
        env=_environment(),
        stdout=subprocess.PIPE,
        check=False,
    )

    assert (done.returncode, done.stdout) == (4, b"")


def test_undecodable_bytes_are_refused_and_not_crashed_on() -> None:
    child = _shop(b"\xff\x1b".decode("utf-8", "surrogateescape"))
    _, err = child.communicate(timeout=30)

    assert child.returncode == 2
    assert b"\x1b" not in err


def test_sigint_of_a_real_process_is_quiet(terminal: Terminal) -> None:
    child = terminal("login")
    child.expect("E-mail: ")
    child.kill(signal.SIGINT)
    child.expect("cancelled, nothing was changed")
    child.expect("\r\n")
    child.wait()

    assert child.exitstatus == 130
    assert "Traceback" not in child.before


def test_verbose_logs_calls_and_never_what_they_carry(run: Run) -> None:
    result = run("login", "--email", "ada@example.com", "--password-stdin", "-v", stdin="hunter2hunter2")

    assert result.code == 4
    assert "· users.login " in result.err
    assert "hunter2" not in result.err
    assert "ada@" not in result.err


def test_what_is_no_backend_is_a_configuration_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("whoami", "--backend", "gopher:x").code == 12
    monkeypatch.setenv("SHOP_BACKEND", "gopher:x")
    assert run("whoami").code == 12


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("127.0.0.1:8091", "http://127.0.0.1:8091"),
        ("localhost:8080/", "http://localhost:8080"),
        ("shop.example.org", "https://shop.example.org"),
    ],
)
def test_an_address_without_its_scheme_is_told_with_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, address: str, meant: str
) -> None:
    assert run("whoami", "--backend", address, "--json").error["hint"] == f"shop --backend {meant}"
    assert run("profile", "create", "x", address, "--json").error["hint"] == f"shop profile create x {meant}"
    monkeypatch.setenv("SHOP_BACKEND", address)
    result = run("whoami", "--json")
    assert (result.code, result.error["hint"]) == (12, f"export SHOP_BACKEND={meant}")


@pytest.mark.parametrize("address", ["ada:hunter2@shop.example", "postgres.example:hunter2", "127.0.0.1:8080/hunter2"])
def test_an_address_that_may_hold_a_secret_is_not_repeated(run: Run, address: str) -> None:
    result = run("whoami", "--backend", address)

    assert (result.code, "hunter2" in result.err.partition("→")[0]) == (12, False)


def test_an_unusable_data_directory_names_itself(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    result = run("whoami")

    assert result.code == 12
    assert str(tmp_path / "data") in result.err


def test_a_reader_of_errors_that_leaves_keeps_the_exit_code() -> None:
    with _shop("whoami") as child:
        assert child.stderr is not None
        child.stderr.close()

    assert child.returncode == 4


def test_an_error_about_an_unexpected_file_is_a_bug_and_no_full_disk(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise FileNotFoundError(2, "No such file", "x")

    monkeypatch.setattr("shopcli.cli.accounts.begin", fail)
    assert run("whoami").code == 1
