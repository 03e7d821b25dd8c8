"""What a command does not need it does not import: that is what makes `shop` quick to start."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shopcli.cli.completing import recent
from shopcli.cli.completing.words import Candidate
from shopcli.core.shop import open_shop

_REPORT = """
import sys
before = set(sys.modules)
try:
    {body}
except SystemExit as left:
    assert not left.code, left.code
finally:
    with open({report!r}, "w", encoding="utf-8") as report:
        print(*sorted(set(sys.modules) - before), sep="\\n", file=report)
"""
_ALL_OF = """import importlib, pkgutil
    waiting = list({packages!r})
    for name in waiting:
        module = importlib.import_module(name)
        for found in pkgutil.iter_modules(getattr(module, "__path__", ()), name + "."):
            found.name.endswith({beyond!r}) or found.name.startswith({beyond!r}) or waiting.append(found.name)"""
_SHOP = """from shopcli.cli.main import main
    main({line!r})"""

LISTING = 195
"""Modules that `shop products list` may import beyond a bare start: 175 with Python 3.11, 191 with 3.13; typer's."""
HELP = 20
"""The same for `shop --help`, which needs 14."""

SCREENS = {"rich", "textual", "typer"}
# Each costs a good part of a bare Python start, or several.
DEAR = {"argon2", "asyncio", "email", "hashlib", "http", "importlib.metadata", "logging", "platformdirs", "random"}

# What may know a wire and an event loop, or pytest (the contract suite is tests); everything else runs in process.
WIRE = (
    "backends.conformance",
    *("__main__", "backends.http", "stub_services.wire", "stub_services.gateway", "stub_services.supervisor"),
    *("stub_services.hosting", "stub_services.process", "stub_services.postgres", "stub_services.sqlite_serving"),
    *(".routes", "users.hashing"),
)

Imported = Callable[..., set[str]]


@pytest.fixture
def imported(tmp_path: Path) -> Imported:
    """Return what a process imports, beyond what Python imports by itself."""

    def run(body: str, **environment: str) -> set[str]:
        report = tmp_path / "modules"
        # Coverage would import half of the standard library before anything is counted.
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("COV_", "COVERAGE_", "SHOP_"))
        }
        subprocess.run(
            [sys.executable, "-c", _REPORT.format(body=body, report=str(report))],
            env={
                **kept,
                **environment,
                "SHOP_DATA_DIR": str(tmp_path / "data"),
                "SHOP_CONFIG_DIR": str(tmp_path / "config"),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=50,
        )
        return set(report.read_text("utf-8").split())

    return run


def shop(*line: str) -> str:
    return _SHOP.format(line=list(line))


@pytest.mark.parametrize(
    "packages",
    [("backends",), ("shopcli.core",), ("backends", "shopcli.core"), ("stub_services",)],
    ids=" ".join,
)
def test_no_use_case_and_no_contract_knows_a_screen_a_wire_or_an_event_loop(
    imported: Imported, packages: tuple[str, ...]
) -> None:
    modules = imported(_ALL_OF.format(packages=packages, beyond=WIRE))

    assert {f"{packages[0]}.errors", f"{packages[0]}.shop", f"{packages[0]}.sqlite"} & modules
    assert modules & {*SCREENS, "httpx", "asyncio"} == set()


def test_the_client_imports_no_service(imported: Imported) -> None:
    modules = imported(_ALL_OF.format(packages=("shopcli",), beyond=("__main__",)))

    assert [name for name in modules if name.partition(".")[0] == "stub_services"] == []


@pytest.mark.parametrize("line", [("--help",), ("-h",), ("--version",)])
def test_help_and_version_are_only_text(imported: Imported, line: tuple[str, ...]) -> None:
    modules = imported(shop(*line))

    assert modules & {*SCREENS, *DEAR, "backends", "dataclasses", "json", "re", "sqlite3", "typing"} == set()
    assert len(modules) <= HELP


@pytest.mark.parametrize("line", [(), ("--json",), ("-o", "id"), ("-o", "jsonl"), ("--limit", "5")])
def test_listing_products_into_a_pipe_imports_only_what_it_needs(imported: Imported, line: tuple[str, ...]) -> None:
    imported(shop("products", "list"))  # the first command ever fills the shop

    modules = imported(shop("products", "list", *line))

    assert "typer" in modules
    assert modules & {*DEAR, "rich", "textual", "httpx"} == set()
    others = {f"stub_services.{name}.service" for name in ("users", "carts", "orders", "payments")}
    assert modules & others == set()
    assert len(modules) <= LISTING


TAB = 20
"""Modules that TAB may import for a command or an option beyond a bare start: 15 with Python 3.11."""
TAB_OF_THINGS = 150
"""The same for products, the cart and orders: 115, 127 and 139."""


def tab(*words: str) -> str:
    return shop("__complete", "fish", *words)


@pytest.mark.parametrize("words", [("ca",), ("cart", ""), ("cart", "add", "--"), ("-o", "j"), ("completion", "")])
def test_tab_for_a_command_or_an_option_reads_one_table(imported: Imported, words: tuple[str, ...]) -> None:
    modules = imported(tab(*words))

    assert "shopcli.cli.signatures" in modules
    assert modules & {*SCREENS, *DEAR, "httpx", "prompt_toolkit", "sqlite3", "dataclasses"} == set()
    assert len(modules) <= TAB


@pytest.mark.parametrize(
    "words", [("products", "show", "s"), ("cart", "add", "s"), ("cart", "set", ""), ("orders", "show", "")]
)
def test_tab_for_a_thing_asks_the_shop_and_no_command(imported: Imported, words: tuple[str, ...]) -> None:
    imported(shop("products", "list"))  # the first command ever fills the shop

    modules = imported(tab(*words))

    assert {"shopcli.cli.completing.naming", "stub_services.inprocess"} <= modules
    dear = DEAR - {"hashlib", "random"}  # a session's token is looked up by its hash
    assert modules & {*SCREENS, *dear, "httpx", "prompt_toolkit", "keyring", "tomllib", "shopcli.cli.commands"} == set()
    assert len(modules) <= TAB_OF_THINGS


def test_tab_for_what_a_shop_beyond_a_network_just_said_opens_no_connection(
    imported: Imported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DATA_DIR", str(tmp_path / "data"))
    far = open_shop("http://127.0.0.1:9")
    far.directory.mkdir(parents=True)
    recent.keep(far, "PRODUCT", "sigma-35", [Candidate("sigma-35-f2", "Sigma 35mm F2")])

    modules = imported(tab("products", "show", "sigma-35"), SHOP_BACKEND=far.url)

    assert "shopcli.cli.completing.recent" in modules
    dear = DEAR - {"hashlib"}  # the directory of a shop without a profile is named by it
    assert modules & {*SCREENS, *dear, "httpx", "sqlite3", "shopcli.core.stepping", "backends.http"} == set()


def test_only_a_table_imports_rich(imported: Imported) -> None:
    modules = imported(shop("products", "list"), SHOP_FORCE_TTY="1")

    assert "rich" in modules
    assert modules & (DEAR - {"random"}) == set()  # rich has its own uses for that


@pytest.mark.parametrize("line", [("cart", "show"), ("cart", "add", "sony-zv-e10")])
def test_a_guests_cart_needs_no_account_and_no_order(imported: Imported, line: tuple[str, ...]) -> None:
    imported(shop("products", "list"))

    modules = imported(shop(*line))

    assert modules & {"argon2", "asyncio", "email", "http", "logging", "rich", "textual", "httpx"} == set()
    assert "shopcli.core.checkout" not in modules


@pytest.mark.parametrize(
    "line",
    [
        ("cart", "add", "sony-zv-e10"),
        ("cart", "add", "--help"),
        ("products", "show", "sony-zv-e10"),
        ("profile", "list"),
        ("services", "status"),
    ],
    ids=" ".join,
)
def test_only_a_question_imports_what_asks_it(imported: Imported, line: tuple[str, ...]) -> None:
    imported(shop("products", "list"))

    modules = imported(shop(*line), SHOP_FORCE_TTY="1")

    assert (
        modules & {"asyncio", "prompt_toolkit", "wcwidth", "shopcli.cli.asking.picking", "shopcli.cli.asking.numbered"}
        == set()
    )


def test_listing_demos_imports_no_screen_no_loop_and_no_shop(imported: Imported) -> None:
    modules = imported(shop("demo", "list"))

    assert "shopcli.demo.scenario" in modules
    assert modules & {"argon2", "asyncio", "httpx", "rich", "sqlite3", "textual"} == set()
    assert modules & {"shopcli.demo.narration", "shopcli.demo.playing", "shopcli.demo.stage"} == set()


def test_playing_a_demo_in_memory_imports_no_wire_and_no_loop(imported: Imported) -> None:
    modules = imported(shop("demo", "run", "first-visit"))

    assert "stub_services.inprocess" in modules
    assert modules & {"asyncio", "httpx", "textual", "xml.etree"} == set()


def test_settings_cost_nothing_where_there_are_none(imported: Imported, tmp_path: Path) -> None:
    imported(shop("products", "list"))
    without = imported(shop("products", "list"))

    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("timeout = 30\n", "utf-8")
    with_some = imported(shop("products", "list"))

    assert without & {"tomllib", "tomlkit", "keyring", "shopcli.core.config", "shopcli.core.keyring_entry"} == set()
    more = {name for name in with_some - without if not name.startswith(("tomllib", "shopcli.core.", "string", "_str"))}
    assert more == set()
    assert "tomllib" in with_some


def test_help_does_not_read_the_settings(imported: Imported, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("timeout = ", "utf-8")

    for line in ("--help", "--version"):
        assert {name for name in imported(shop(line)) if name.startswith("shopcli.core")} == set()


@pytest.mark.parametrize("line", [("config", "list", "--origin"), ("config", "get", "timeout"), ("config", "path")])
def test_only_a_change_of_the_settings_imports_tomlkit(imported: Imported, line: tuple[str, ...]) -> None:
    assert "tomlkit" in imported(shop("config", "set", "timeout", "30"))

    assert imported(shop(*line)) & {"tomlkit", "keyring", "hashlib", "asyncio", "rich"} == set()


@pytest.mark.parametrize("line", [("cart", "show"), ("shell",), ("shell", "--help"), ("signup", "--help")])
def test_only_a_shell_at_a_terminal_imports_what_edits_lines(imported: Imported, line: tuple[str, ...]) -> None:
    modules = imported(shop(*line), SHOP_FORCE_TTY="1")

    assert modules & {"prompt_toolkit", "asyncio", "shopcli.cli.shell.prompting"} == set()
