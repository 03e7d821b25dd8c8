import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.deadline import deadline
from backends.errors import ConfigurationError, Locked, StorageError
from shopcli.core.config import BrokenConfig, Chosen, change_credentials, edited_by_hand, profile_in_use, read
from shopcli.core.config_editing import put, take_out
from shopcli.core.locks import locked
from shopcli.core.profiles import Profiles
from shopcli.core.settings import IN_FILE, SETTINGS

FULL = """\
# mine
timeout = 30      # slow line
color = "always"

[keys]
search = "ctrl+f"
"cart.remove" = "d,delete"

[profiles.staging]
# theirs
output = "json"
timeout = 2.5

[profiles.gone]
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHOP_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("SHOP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("SHOP_CREDENTIALS", raising=False)
    (tmp_path / "config").mkdir()
    return tmp_path / "config" / "config.toml"


def test_without_a_file_there_is_no_config_and_reading_makes_none(file: Path) -> None:
    assert read() is None
    assert not file.exists()


def test_a_file_is_read_with_its_profiles_and_keys(file: Path) -> None:
    file.write_text(FULL, "utf-8")
    config = read()

    assert config is not None
    assert config.settings == {"timeout": "30", "color": "always"}
    assert config.profiles == {"staging": {"output": "json", "timeout": "2.5"}, "gone": {}}
    assert config.keys == {"keys.search": "ctrl+f", "keys.cart.remove": "d,delete"}


def test_a_profiles_setting_is_stronger_and_each_says_its_line(file: Path) -> None:
    file.write_text(FULL, "utf-8")
    config = read()

    assert config is not None
    assert config.chosen("staging") == {
        "timeout": Chosen("2.5", "profile", f"{file}:12"),
        "color": Chosen("always", "file", f"{file}:3"),
        "output": Chosen("json", "profile", f"{file}:11"),
    }
    assert config.chosen("other")["timeout"] == config.chosen(None)["timeout"] == Chosen("30", "file", f"{file}:2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timeout = \n", "line 1, column 11"),
        ("a = 1\nfoo = [", "line 2, column 8"),
        ("a = 1\r\nb = = 2\r\n", "line 2, column 5"),
        ("timeout = 1\ntimeout = 2\n", "line 2"),
        (f"a = {'[' * 5000}", "config.toml"),
        ("\ufeffa = 1", "line 1, column 1"),
    ],
)
def test_what_is_no_toml_says_where(file: Path, text: str, said: str) -> None:
    file.write_bytes(text.encode())

    with pytest.raises(BrokenConfig, match=said) as caught:
        read()
    assert str(file) in caught.value.message
    assert caught.value.hint == f'"${{EDITOR:-vi}}" {file}'
    assert caught.value.exit_code == 12


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_would_be_waited_for_is_refused(file: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("/dev/zero")

    with pytest.raises(BrokenConfig, match="it is no plain file"):
        read()


@pytest.mark.parametrize("content", [b"a = '\xff'", b"\x00"])
def test_bytes_that_are_no_text_are_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)

    with pytest.raises(BrokenConfig):
        read()


def test_a_directory_in_its_place_is_refused(file: Path) -> None:
    file.mkdir()

    with pytest.raises(BrokenConfig, match="cannot be read"):
        read()


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ('timeout = "soon"', ":1: timeout is a number of seconds from 0.001 to 3600, not 'soon'", "timeout"),
        ("timeout = true", "not true", "timeout"),
        ("timeout = 1e-05", "not 1e-05", "timeout"),
        ("timeout = -1", "not -1", "timeout"),
        ("timeout = nan", "not nan", "timeout"),
        ("timeout = 2000-01-01", "timeout is a number", "timeout"),
        ("\n\noutput = 3", ":3: output is one of table", "output"),
        ("output = ['json']", "output is one of", "output"),
        ("outptu = 'json'", "did you mean output", "outptu"),
        ("[keyz]\na = 'b'", "did you mean keys", "keyz"),
        ("profile = 'x'", "shop profile use", "profile"),
        ("[profiles.x]\ntheme = 'dark'", ":2: theme is the same for all profiles", "theme --for x"),
        ("[profiles.x]\n[profiles.y]\ncolor = 'red'", ":3: color is one of", "color --for y"),
        ("# a\u2028b\n\noutput = 3", ":3: output is one of", "output"),
        ("'a b' = 1", "no setting 'a b'", "'a b'"),
        ("'--for' = 2", "no setting '--for'", "-- --for"),
        ('[profiles."it\'s"]\ntimeout = -1', "not -1", "timeout --for 'it'\"'\"'s'"),
        ("[profiles.x]\n'-y' = 2", "no setting '-y'", "--for x -- -y"),
    ],
)
def test_what_is_no_setting_says_where_and_how_to_take_it_out(file: Path, text: str, said: str, hint: str) -> None:
    file.write_text(text, "utf-8")

    with pytest.raises(BrokenConfig) as caught:
        read()
    assert said in caught.value.message
    assert caught.value.hint == f"shop config unset {hint}"


@pytest.mark.parametrize(
    "text", ['"a\\nb" = 2', '[profiles."x\\u001b"]\ntimeout = -1', '[profiles."-x"]\ntimeout = -1']
)
def test_what_no_command_can_name_is_taken_out_by_hand(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")

    with pytest.raises(BrokenConfig) as caught:
        read()
    assert caught.value.hint == edited_by_hand(file)


@pytest.mark.parametrize("text", ["profiles = 1", "[profiles]\nx = 1"])
def test_profiles_are_tables(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")

    with pytest.raises(BrokenConfig, match=r"\[profiles.NAME\]"):
        read()


# --- changing it -----------------------------------------------------------------------------------


def test_setting_and_taking_out_leave_every_other_character_as_it_was(file: Path) -> None:
    file.write_text(FULL, "utf-8")

    put("credentials", "keyring")
    put("prompts", "plain", "staging")
    put("timeout", "7")
    assert take_out("credentials")
    assert take_out("prompts", "staging")
    put("timeout", "30")

    assert file.read_text("utf-8") == FULL


@pytest.mark.parametrize(
    "text",
    [
        "",
        FULL,
        FULL.replace("\n", "\r\n"),
        "profiles = {staging = {output = 'json'}}\n",
        "profiles.staging.output = 'json'\n[keys]\nsearch = 'f'\n",
        "[profiles]\n[profiles.staging]\n",
        "[keys]\nsearch = 'f'\n# the end",
    ],
)
@pytest.mark.parametrize("profile", [None, "staging", "new-one"])
def test_what_is_set_is_read_again_however_the_file_is_written(file: Path, text: str, profile: str | None) -> None:
    file.write_bytes(text.encode())
    before = tomllib.loads(text)

    put("timeout", "2.5", profile)

    config = read()
    assert config is not None
    assert config.chosen(profile)["timeout"].value == "2.5"
    after = tomllib.loads(file.read_text("utf-8"))
    assert after.get("keys") == before.get("keys")
    assert take_out("timeout", profile)
    assert not take_out("timeout", profile)


_VALUES = {name: st.sampled_from(SETTINGS[name].choices or ("1", "30", "0.5", "3600")) for name in IN_FILE}


@given(st.lists(st.sampled_from(IN_FILE).flatmap(lambda name: st.tuples(st.just(name), _VALUES[name])), max_size=8))
def test_any_changes_in_a_row_are_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("config") / "config.toml"
    path.write_text(FULL, "utf-8")

    for name, value in changes:
        put(name, value, path=path)

    config = read(path)
    assert config is not None
    assert config.settings == {"timeout": "30", "color": "always", **dict(changes)}
    assert "# slow line" in path.read_text("utf-8")
    assert config.profiles["staging"] == {"output": "json", "timeout": "2.5"}


def test_the_first_setting_makes_a_file_for_its_owner_only(file: Path) -> None:
    file.parent.rmdir()

    put("output", "json")

    assert file.read_text("utf-8") == 'output = "json"\n'
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_cannot_be_read_is_not_written_over(file: Path) -> None:
    file.write_text("timeout = [", "utf-8")

    with pytest.raises(BrokenConfig):
        put("timeout", "3")
    with pytest.raises(BrokenConfig):
        take_out("timeout")
    assert file.read_text("utf-8") == "timeout = ["


def test_an_entry_that_is_none_can_be_taken_out(file: Path) -> None:
    file.write_text("outptu = 1\ntimeout = 'x'\n", "utf-8")

    assert take_out("outptu")
    put("timeout", "3")
    assert file.read_text("utf-8") == "timeout = 3\n"


@pytest.mark.parametrize(
    "text",
    [
        'profiles.a.output = "tsv"\ncolor = "never"\n',  # tomlkit puts a new table in front of `color`
        "profiles = 3\n",
        "profiles = [3]\n",
        "[profiles]\nnew = 3\n",
    ],
)
def test_what_would_change_another_entry_is_not_written(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")
    with pytest.raises(BrokenConfig, match="no command can change this one alone") as refused:
        put("output", "json", "new")

    assert file.read_text("utf-8") == text
    assert refused.value.hint == f'"${{EDITOR:-vi}}" {file}'


@pytest.mark.parametrize("text", ["profiles = 3\n", "profiles = [3]\n", "[profiles]\nnew = 3\n"])
def test_what_is_no_table_has_no_entry_to_take_out(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")

    assert not take_out("output", "new")
    assert file.read_text("utf-8") == text


def test_a_number_with_too_many_digits_is_refused(file: Path) -> None:
    file.write_text(f"timeout = {'9' * 5000}\n", "utf-8")

    with pytest.raises(BrokenConfig, match="digits"):
        read()


def test_a_link_to_itself_is_refused(file: Path) -> None:
    file.symlink_to(file)

    with pytest.raises(StorageError, match="symbolic links"):
        put("timeout", "3")


def test_ends_of_lines_and_permissions_stay(file: Path) -> None:
    file.write_bytes(FULL.replace("\n", "\r\n").encode())
    file.chmod(0o644)

    put("timeout", "31")

    assert file.read_bytes() == FULL.replace("timeout = 30", "timeout = 31").replace("\n", "\r\n").encode()
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_dotted_setting_of_a_profile_is_taken_out(file: Path) -> None:
    file.write_text("profiles.x.output = 'json'\n", "utf-8")

    assert take_out("output", "x")
    config = read()
    assert config is not None
    assert config.profiles.get("x", {}) == {}


def test_a_second_command_waits_for_the_first_and_then_says_so(file: Path) -> None:
    with locked(file.with_name(f".{file.name}.lock")), deadline(0), pytest.raises(Locked, match="another shop command"):
        put("timeout", "3")


def test_a_linked_file_stays_linked(file: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "dotfiles.toml"
    elsewhere.write_text("# shared\n", "utf-8")
    file.symlink_to(elsewhere)

    put("theme", "light")

    assert file.is_symlink()
    assert elsewhere.read_text("utf-8") == '# shared\ntheme = "light"\n'


def test_a_directory_that_cannot_be_is_a_storage_error(file: Path) -> None:
    file.parent.rmdir()
    file.parent.write_text("", "utf-8")

    with pytest.raises(StorageError) as refused:
        put("theme", "light")
    assert refused.value.hint == "SHOP_CONFIG_DIR=DIRECTORY shop config path"


# --- whose settings --------------------------------------------------------------------------------


def test_the_profile_in_use_is_the_named_one_else_the_chosen_one(file: Path) -> None:
    Profiles().create("corner", "sqlite:/tmp/corner")

    assert profile_in_use(None, None) == "default"
    Profiles().use("corner")
    assert profile_in_use(None, None) == "corner"
    assert profile_in_use(None, "mine") == "mine"
    assert profile_in_use("memory:", None) is None
    assert profile_in_use(Profiles().backend("default"), None) == "default"
    assert profile_in_use("nonsense", None) is None


def test_credentials_are_changed_where_they_are_decided(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert change_credentials("corner", "file") == "shop config set credentials file"
    put("credentials", "keyring", "corner")
    assert change_credentials("corner", "file") == "shop config set credentials file --for corner"
    monkeypatch.setenv("SHOP_CREDENTIALS", "keyring")
    assert change_credentials("corner", "file") == "export SHOP_CREDENTIALS=file"


def test_errors_of_settings_are_errors_of_configuration() -> None:
    assert issubclass(BrokenConfig, ConfigurationError)
