"""`shop config`, and what decides when several things say how a command behaves."""

import json
import os
import stat
from collections.abc import Iterator, Mapping
from errno import EACCES
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

from shopcli.cli.options import DEFAULT_TIMEOUT, OUTPUTS, Options, hoist
from shopcli.core import settings
from shopcli.core.settings import IN_FILE, SETTINGS
from tests.cli.conftest import Run
from tests.keyrings import Locked, Shared


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config" / "config.toml"
    path.parent.mkdir()
    return path


# --- what decides ----------------------------------------------------------------------------------


class Source(NamedTuple):
    """One place that may say what a setting is."""

    origin: str
    where: str
    value: str
    flag: tuple[str, ...] = ()
    variable: tuple[str, str] | None = None


# For each setting: what may say it, the strongest first. Each says something else, where it can.
SOURCES: Mapping[str, tuple[Source, ...]] = {
    "output": (
        Source("flag", "--output", "jsonl", ("-o", "jsonl")),
        Source("environment", "SHOP_OUTPUT", "id", variable=("SHOP_OUTPUT", "id")),
        Source("profile", "", "table"),
        Source("file", "", "json"),
    ),
    "timeout": (
        Source("flag", "--timeout", "1", ("--timeout", "1")),
        Source("environment", "SHOP_TIMEOUT", "2", variable=("SHOP_TIMEOUT", "2")),
        Source("profile", "", "3"),
        Source("file", "", "4.5"),
    ),
    "color": (
        Source("flag", "--no-color", "never", ("--no-color",)),
        Source("environment", "NO_COLOR", "never", variable=("NO_COLOR", "1")),
        Source("environment", "TERM", "never", variable=("TERM", "dumb")),
        Source("profile", "", "always"),
        Source("file", "", "auto"),
    ),
    "prompts": (
        Source("flag", "--no-input", "never", ("--no-input",)),
        Source("environment", "SHOP_PROMPTS", "plain", variable=("SHOP_PROMPTS", "plain")),
        Source("profile", "", "never"),
        Source("file", "", "plain"),
    ),
    "credentials": (
        Source("environment", "SHOP_CREDENTIALS", "keyring", variable=("SHOP_CREDENTIALS", "keyring")),
        Source("profile", "", "file"),
        Source("file", "", "keyring"),
    ),
    "pager": (
        Source("flag", "--no-pager", "never", ("--no-pager",)),
        Source("environment", "SHOP_PAGER", "auto", variable=("SHOP_PAGER", "less")),
        Source("profile", "", "never"),
        Source("file", "", "auto"),
    ),
    "theme": (Source("file", "", "light"),),
}


def _subsets(sources: tuple[Source, ...]) -> Iterator[tuple[Source, ...]]:
    for chosen in product((True, False), repeat=len(sources)):
        yield tuple(source for source, there in zip(sources, chosen, strict=True) if there)


def _prepared(name: str, sources: tuple[Source, ...], file: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """Let all these say what a setting is; returns the flags."""
    entries = {source.origin: _toml(name, source.value) for source in sources}
    file.write_text(f"{entries.get('file', '')}\n[profiles.default]\n{entries.get('profile', '')}\n", "utf-8")
    for source in sources:
        if source.variable:
            patch.setenv(*source.variable)
    return [word for source in sources for word in source.flag]


def _toml(name: str, value: str) -> str:
    return f"{name} = {value}" if name == "timeout" else f"{name} = '{value}'"


@pytest.mark.parametrize("name", SOURCES)
def test_the_strongest_of_all_that_say_something_decides(name: str, file: Path, run: Run) -> None:
    for sources in _subsets(SOURCES[name]):
        with pytest.MonkeyPatch.context() as patch:
            flags = _prepared(name, sources, file, patch)
            options, _ = hoist(flags, os.environ)
            options.read_config()
            listed = run("config", "list", "--json", *(flags if name != "output" else []))

        strongest = sources[0] if sources else None
        assert options.chosen.get(name, ("", "", ""))[:2] == (
            (strongest.value, strongest.origin) if strongest else ("", "")
        ), sources
        _takes_effect(options, name, strongest)
        if name == "output":
            continue  # the flag that makes it JSON is the strongest
        each = next(each for each in listed.json["items"] if each["key"] == name)
        assert each["value"] == (strongest.value if strongest else SETTINGS[name].default)
        assert each["origin"] == (strongest.origin if strongest else "default")
        assert strongest is None or strongest.where in each["where"]


def _takes_effect(options: Options, name: str, strongest: Source | None) -> None:
    value = strongest.value if strongest else SETTINGS[name].default
    seen: dict[str, object] = {
        "output": options.output if strongest else "",
        "timeout": f"{options.timeout:g}",
        "color": "never" if not options.color else "always" if options.color_always else "auto",
        "prompts": options.prompts,
        "credentials": options.credentials,
        "pager": "auto" if options.pages else "never",
        "theme": value,
    }
    assert seen[name] == value
    assert options.input_allowed == (options.prompts != "never")


def test_the_table_of_this_test_has_all_settings() -> None:
    assert set(SOURCES) == set(IN_FILE)
    assert settings.OUTPUTS == OUTPUTS
    assert float(SETTINGS["timeout"].default) == DEFAULT_TIMEOUT
    variables = {source.variable[0] for sources in SOURCES.values() for source in sources if source.variable}
    assert {each.variable for each in SETTINGS.values() if each.variable} == {
        *(variables - {"NO_COLOR", "TERM"}),
        "SHOP_PROFILE",
    }


@pytest.mark.parametrize("variable", ["SHOP_OUTPUT", "SHOP_TIMEOUT", "SHOP_PROMPTS", "SHOP_CREDENTIALS"])
def test_a_variable_with_an_odd_value_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "never-heard")

    result = run("config", "list")
    assert result.code == 2
    assert f"{variable} is " in result.err


def test_settings_of_a_profile_hold_for_its_commands_only(run: Run, file: Path, tmp_path: Path) -> None:
    run("profile", "create", "corner", f"sqlite:{tmp_path / 'corner'}")
    file.write_text("[profiles.corner]\noutput = 'json'\n", "utf-8")

    assert run("--profile", "corner", "profile", "list").out.startswith("{")
    assert not run("profile", "list").out.startswith("{")
    assert not run("--backend", "memory:", "cart", "show").out.startswith("{")
    run("profile", "use", "corner")
    assert run("profile", "list").out.startswith("{")


def test_settings_take_effect(run: Run, file: Path) -> None:
    file.write_text("output = 'table'\ncolor = 'always'\ntimeout = 5\n", "utf-8")

    assert "\x1b[" in run("products", "list").out
    assert "\x1b[" not in run("products", "list", "--no-color").out
    assert run("products", "list", "--json").out.startswith("{")


def test_fields_are_refused_where_the_settings_say_ids(run: Run, file: Path) -> None:
    file.write_text("output = 'id'\n", "utf-8")

    assert run("profile", "list", "--fields", "name").code == 2
    assert run("profile", "list", "--fields", "name", "-o", "tsv").code == 0


# --- the commands ----------------------------------------------------------------------------------


def test_settings_are_listed_with_what_chose_them(run: Run, file: Path) -> None:
    file.write_text("timeout = 30\n[keys]\nsearch = 'ctrl+f'\n", "utf-8")

    assert run("config", "list").rows == [
        ["output", "tsv"],
        ["timeout", "30"],
        ["color", "auto"],
        ["prompts", "picker"],
        ["theme", "dark"],
        ["credentials", "file"],
        ["pager", "auto"],
        ["profile", "default"],
        ["keys.search", "ctrl+f"],
    ]
    assert run("config", "list", "--origin", "--no-input").rows[1:4] == [
        ["timeout", "30", f"{file}:1"],
        ["color", "auto", "default"],
        ["prompts", "never", "--no-input"],
    ]
    assert run("config", "list", "-o", "id").out.split()[:2] == ["output", "timeout"]
    assert "ORIGIN" in run("config", "list", "--origin", "-o", "table").out


def test_the_value_of_one_is_printed_alone(run: Run, file: Path) -> None:
    file.write_text("timeout = 30\n", "utf-8")

    assert run("config", "get", "timeout").out == "30\n"
    assert run("config", "get", "timeout", "-o", "table").out == "30\n"
    assert run("config", "get", "timeout", "-o", "id").out == "30\n"
    assert run("config", "get", "timeout", "--json").json["origin"] == "file"
    assert run("config", "get", "profile").out == "default\n"


def test_an_unknown_setting_names_the_one_that_was_meant(run: Run) -> None:
    for words in (["get", "timeot"], ["set", "timeot", "3"], ["unset", "timeot"]):
        result = run("config", *words, "--json")
        assert result.code == 2
        assert "did you mean timeout?" in result.error["message"]


def test_setting_says_the_new_state_and_keeps_the_rest(run: Run, file: Path) -> None:
    file.write_text("# mine\n[keys]\nsearch = 'ctrl+f' # too\n", "utf-8")
    file.chmod(0o640)

    assert run("config", "set", "timeout", "30").out == "timeout\t30\n"
    assert run("config", "set", "prompts", "plain", "--for", "default").out == "prompts\tplain\n"
    text = file.read_text("utf-8")
    assert "# mine\ntimeout = 30\n" in text
    assert "search = 'ctrl+f' # too" in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert run("config", "unset", "timeout").out == "timeout\t10\n"
    assert run("config", "unset", "prompts", "--for", "default").out == "prompts\tpicker\n"
    assert "was not set" in run("config", "unset", "timeout").err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["set", "timeout", "soon"], 2, "timeout is a number of seconds"),
        (["set", "timeout", "0.00001"], 2, "from 0.001 to 3600"),
        (["set", "output", "xml"], 2, "one of table, tsv"),
        (["set", "color", "red"], 2, "one of auto"),
        (["set", "theme", "light", "--for", "default"], 2, "same for all profiles"),
        (["set", "profile", "x", "--for", "default"], 2, "same for all profiles"),
        (["set", "profile", "nowhere"], 12, "no profile 'nowhere'"),
        (["set", "timeout", "3", "--for", "nowhere"], 12, "no profile 'nowhere'"),
        (["set", "keys.search", "f"], 12, "table [keys]"),
        (["unset", "keys.search"], 12, "table [keys]"),
    ],
)
def test_what_cannot_be_set_is_refused(run: Run, tmp_path: Path, words: list[str], code: int, said: str) -> None:
    result = run("config", *words)

    assert result.code == code
    assert said in result.err
    assert not (tmp_path / "config" / "config.toml").exists()


def test_the_profile_is_set_as_profile_use_does(run: Run, tmp_path: Path) -> None:
    run("profile", "create", "corner", f"sqlite:{tmp_path / 'corner'}")

    assert run("config", "set", "profile", "corner").out == "profile\tcorner\n"
    assert run("config", "list", "--origin").rows[7] == ["profile", "corner", "shop profile use"]
    assert run("--profile", "default", "config", "list", "--origin").rows[7] == ["profile", "default", "--profile"]
    assert run("config", "unset", "profile").out == "profile\tdefault\n"
    assert run("config", "get", "profile").out == "default\n"
    assert not (tmp_path / "config" / "config.toml").exists()


def test_what_is_stronger_than_a_new_setting_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("config", "set", "timeout", "20", "--for", "default")
    result = run("config", "set", "timeout", "30")
    assert "is stronger" in result.err
    assert "profile, " in result.err

    monkeypatch.setenv("SHOP_TIMEOUT", "5")
    assert "! SHOP_TIMEOUT says 5, and is stronger" in run("config", "set", "timeout", "30").err


def test_the_settings_of_all_profiles_are_not_one_entry(run: Run, file: Path) -> None:
    text = '[profiles.staging]\noutput = "json"\n'
    file.write_text(text, "utf-8")
    refused = run("config", "unset", "profiles")

    assert refused.code == 2
    assert refused.err.splitlines()[1] == "→ shop config unset KEY --for NAME"
    assert file.read_text("utf-8") == text


def test_the_path_is_printed_alone(run: Run, file: Path) -> None:
    assert run("config", "path").out == f"{file}\n"
    assert run("config", "path", "-o", "table").out == f"{file}\n"
    assert run("config", "path", "--json").json == {"path": str(file), "exists": False}


# --- a file that cannot be used --------------------------------------------------------------------

BROKEN = "timeout = 30\noutput = \n"


@pytest.mark.parametrize(
    "words",
    [
        ["config", "path"],
        ["--help"],
        ["--version"],
        ["cart", "add", "--help"],
        ["config", "set", "-h"],
        ["config", "-h"],
    ],
)
def test_what_mends_a_broken_file_works_while_it_is_broken(run: Run, file: Path, words: list[str]) -> None:
    file.write_text(BROKEN, "utf-8")

    assert run(*words).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["cart", "show"],
        ["profile", "list"],
        ["config", "list"],
        ["config", "get", "timeout"],
        ["config", "set", "timeout", "3"],
        ["config", "unset", "timeout"],
        [],
    ],
)
def test_other_commands_say_where_it_is_broken(run: Run, file: Path, words: list[str]) -> None:
    file.write_text(BROKEN, "utf-8")

    result = run(*words, "--json")
    assert result.code == 12
    assert f"{file} cannot be read: line 2, column 10" in result.error["message"]
    assert result.error["hint"] == f'"${{EDITOR:-vi}}" {file}'
    assert file.read_text("utf-8") == BROKEN


def test_each_hint_of_a_refused_entry_takes_it_out(run: Run, file: Path) -> None:
    file.write_text("outptu = 'x'\ntimeout = 'soon'\n[profiles.default]\ntheme = 'dark'\n", "utf-8")

    said = []
    while (result := run("cart", "show", "--json")).code == 12:
        said.append(result.error["hint"])
        assert run(*result.error["hint"].split()[1:]).code == 0
    assert said == [
        "shop config unset outptu",
        "shop config unset timeout",
        "shop config unset theme --for default",
    ]


def test_hostile_text_in_the_file_is_cleaned(run: Run, file: Path) -> None:
    file.write_text('"\\u001b[2J" = 1\n[keys]\n', "utf-8")

    result = run("cart", "show")
    assert result.code == 12
    assert "\x1b" not in result.err


# --- where the token is ----------------------------------------------------------------------------


def test_whoami_says_where_the_token_is_and_keeps_its_columns(ada: Run, tmp_path: Path) -> None:
    file = tmp_path / "data" / "profiles" / "default" / "session.json"

    assert ada("whoami").out == "Ada\tada@example.com\n"
    told = json.loads(ada("whoami", "--json").out)
    assert set(told) == {"id", "name", "email", "credentials"}
    assert told["credentials"] == {"kind": "file", "where": str(file), "permissions": "0600"}
    folded = ada("whoami", "-o", "table").out  # at words, where the path is long
    assert f"token kept in {file} (0600)" in " ".join(folded.split())
    assert ada("whoami", "--fields", "email,credentials").out == f"ada@example.com\t{file} (0600)\n"


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shared:
    """The system's keyring."""
    monkeypatch.setenv("TEST_KEYRING", str(tmp_path / "entries.json"))
    shared = Shared()
    monkeypatch.setattr("keyring.core._keyring_backend", shared)
    return shared


def test_a_session_moves_into_the_keyring_and_back(ada: Run, keyring: Shared, tmp_path: Path) -> None:
    file = tmp_path / "data" / "profiles" / "default" / "session.json"
    token = json.loads(file.read_text("utf-8"))["token"]

    assert "moved the session of default" in ada("config", "set", "credentials", "keyring").err
    assert token not in file.read_text("utf-8")
    assert [token in text for text in keyring.entries().values()] == [True]
    assert "token kept in the system's keyring" in ada("whoami", "-o", "table").out
    assert ada("profile", "list").rows[0][3] == "ada@example.com"

    assert "moved the session of default" in ada("config", "unset", "credentials").err
    assert json.loads(file.read_text("utf-8"))["token"] == token
    assert keyring.entries() == {}
    assert ada("whoami").code == 0


def test_only_the_session_of_the_named_profile_moves(ada: Run, keyring: Shared, tmp_path: Path) -> None:
    ada("profile", "create", "corner", f"sqlite:{tmp_path / 'corner'}")

    assert "moved" not in ada("config", "set", "credentials", "keyring", "--for", "corner").err
    assert keyring.entries() == {}
    assert "moved" in ada("config", "set", "credentials", "keyring", "--for", "default").err
    assert len(keyring.entries()) == 1


def test_a_variable_that_says_otherwise_takes_no_token_out(
    ada: Run, keyring: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada("config", "set", "credentials", "keyring")
    monkeypatch.setenv("SHOP_CREDENTIALS", "file")

    result = ada("whoami", "--json")
    assert result.code == 12
    assert result.error["hint"] == "export SHOP_CREDENTIALS=keyring"
    assert len(keyring.entries()) == 1


def test_without_the_keyring_there_is_a_way_back(
    ada: Run, keyring: Shared, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ada("config", "set", "credentials", "keyring")
    monkeypatch.setattr("keyring.core._keyring_backend", Locked())

    refused = ada("whoami", "--json")
    assert refused.code == 12
    assert refused.error["hint"] == "shop config set credentials file"
    assert ada("products", "list").code == 0
    result = ada("config", "set", "credentials", "file")
    assert result.code == 0
    assert "the session of default stays in the keyring, which did not give it back: log in again" in result.err
    assert ada("whoami").code == 4


def test_a_keyring_that_cannot_be_used_changes_no_setting(
    ada: Run, keyring: Shared, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("keyring.core._keyring_backend", Locked())

    assert ada("config", "set", "credentials", "keyring").code == 12
    assert not (tmp_path / "config" / "config.toml").exists()
    assert ada("whoami").code == 0


def test_without_a_home_there_are_no_settings_and_the_path_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(_: object = None) -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", homeless)
    for name in ("HOME", "SHOP_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)

    assert run("profile", "list").code == 0
    result = run("config", "path", "--json")
    assert result.code == 12
    assert result.error["hint"] == "SHOP_CONFIG_DIR=DIRECTORY shop config path"


@pytest.mark.parametrize("words", [["unset", "timeout"], ["path", "--json"]])
def test_a_file_that_may_not_be_looked_at_is_no_bug(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(EACCES, "Permission denied", str(file))

    # The tests may run as root, who may do anything.
    monkeypatch.setattr(Path, "stat", refuse)
    monkeypatch.setattr("shopcli.core.config.open_plain", refuse)
    result = run("config", *words)

    assert result.code == 12
    assert "Permission denied" in result.err
    assert "SHOP_DATA_DIR" not in result.err


def test_a_directory_that_may_not_be_looked_into_is_not_taken_for_empty(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    monkeypatch.setenv("SHOP_CONFIG_DIR", str(tmp_path / "loop"))

    result = run("profile", "list")
    assert result.code == 12
    assert "cannot be read" in result.err
