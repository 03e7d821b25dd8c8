import fcntl
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backends.deadline import deadline
from backends.errors import ConfigurationError, Conflict, InvalidValue, Locked, StorageError
from shopcli.core.intents import Cancelling
from shopcli.core.journal import Journal
from shopcli.core.profiles import Profiles, UnknownProfile
from shopcli.core.sessions import FileSessions
from shopcli.core.shop import default_url, open_shop

URL = "sqlite:/srv/corner"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHOP_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def profiles(data: Path) -> Profiles:
    return Profiles(data)


def log_in(profiles: Profiles, name: str) -> None:
    session = FileSessions(profiles.directory(name) / "session.json")
    session.update(lambda kept: kept.update(token="secret", account="42"))


def begin_a_checkout(profiles: Profiles, name: str) -> None:
    journal = Journal(profiles.directory(name) / "journal.db")
    journal.record(Cancelling("key", "order", "42", datetime(2026, 3, 2, tzinfo=UTC)))
    journal.close()


def files(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


def test_at_first_there_is_the_default_profile_and_looking_makes_no_file(profiles: Profiles, data: Path) -> None:
    assert profiles.names() == ("default",)
    assert profiles.current() is None
    assert profiles.backend("default") == default_url() == f"sqlite:{data / 'local'}"
    assert open_shop().profile == "default"
    assert not data.exists()


def test_a_profile_is_its_shop_wherever_it_is_asked_for(profiles: Profiles, data: Path) -> None:
    profiles.create("corner", URL)

    assert profiles.names() == ("default", "corner")
    assert json.loads((data / "profiles" / "corner" / "profile.json").read_text()) == {"backend": URL}
    shop = open_shop(profile="corner")
    assert (shop.url, shop.profile, shop.directory) == (URL, "corner", data / "profiles" / "corner")
    assert open_shop().profile == "default"
    assert open_shop(URL).profile is None
    assert open_shop(URL).directory != shop.directory


def test_all_that_is_written_is_private(profiles: Profiles, data: Path) -> None:
    profiles.create("corner", URL)
    profiles.use("corner")

    written = [data / "config.json", *data.rglob("*.json")]
    assert len(written) == 3
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in data.rglob("*") if path.is_dir()} == {0o700}


def test_a_url_is_kept_in_its_one_form(profiles: Profiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    profiles.create("near", "sqlite:a/../b")

    assert profiles.backend("near") == f"sqlite:{tmp_path / 'b'}"


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("gopher:x", "shop backends list"),
        ("nonsense", "shop profile create corner sqlite:DIRECTORY"),
        ("sqlite:", "shop profile create corner sqlite:shop"),
        ("", "shop profile create corner sqlite:DIRECTORY"),
    ],
)
def test_a_url_that_nobody_serves_makes_no_profile(profiles: Profiles, data: Path, url: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        profiles.create("corner", url)
    assert caught.value.hint == hint
    assert not data.exists()


@pytest.mark.parametrize(
    "name", ["", "A", "-a", "a_b", "a/b", "..", ".", "a.b", "ä", "a b", "a" * 41, "url-1", "default", "a\n", "²"]
)
def test_a_name_that_no_profile_can_have_never_becomes_a_path(profiles: Profiles, data: Path, name: str) -> None:
    with pytest.raises(InvalidValue):
        profiles.create(name, URL)
    if name != "default":
        for ask in (profiles.backend, profiles.use, profiles.delete):
            with pytest.raises(UnknownProfile):
                ask(name)
    assert not data.exists()


@pytest.mark.parametrize("name", ["a", "0", "a-1", "a" * 40, "urls"])
def test_names_that_are_allowed(profiles: Profiles, name: str) -> None:
    profiles.create(name, URL)
    assert profiles.backend(name) == URL


def test_an_unknown_profile_names_the_nearest_one_and_the_way_to_make_it(profiles: Profiles) -> None:
    profiles.create("staging", URL)

    with pytest.raises(UnknownProfile, match="no profile 'stagng', did you mean staging") as caught:
        open_shop(profile="stagng")
    assert caught.value.hint == "shop profile create stagng sqlite:DIRECTORY"
    with pytest.raises(UnknownProfile, match="there is default, staging"):
        profiles.backend("xyz")


def test_the_profile_in_use_is_the_one_of_every_command(profiles: Profiles) -> None:
    profiles.create("corner", URL)
    profiles.use("corner")
    assert (profiles.current(), open_shop().profile) == ("corner", "corner")
    assert open_shop(default_url()).profile == "default"

    profiles.use("default")
    assert open_shop().profile == "default"


def test_damaged_settings_are_replaced_by_using_a_profile(profiles: Profiles, data: Path) -> None:
    profiles.use("default")
    (data / "config.json").write_text("[")

    with pytest.raises(StorageError) as caught:
        open_shop()
    assert caught.value.hint == "shop profile use default"
    profiles.use("default")
    assert open_shop().profile == "default"


def test_a_profile_in_use_that_is_gone_says_how_to_go_on(profiles: Profiles, data: Path) -> None:
    profiles.create("corner", URL)
    profiles.use("corner")
    (data / "profiles" / "corner" / "profile.json").unlink()

    with pytest.raises(UnknownProfile, match="it is the one in use") as caught:
        open_shop()
    assert caught.value.hint == "shop profile use default"


@pytest.mark.parametrize("damage", ["{", "[]", '{"url": "x"}', '{"backend": 1}', ""])
def test_a_damaged_profile_names_its_file_and_can_be_deleted(profiles: Profiles, data: Path, damage: str) -> None:
    profiles.create("corner", URL)
    (data / "profiles" / "corner" / "profile.json").write_text(damage)

    with pytest.raises(StorageError, match=r"profile\.json") as caught:
        open_shop(profile="corner")
    assert caught.value.hint == "shop profile delete corner"
    assert profiles.show("corner", chosen_by=None).backend is None
    assert not profiles.delete("corner")
    assert profiles.names() == ("default",)


def test_a_profile_shows_who_is_logged_in_without_asking_the_shop(profiles: Profiles) -> None:
    profiles.create("corner", URL)
    assert profiles.show("corner", chosen_by="--profile").account is None
    log_in(profiles, "corner")
    assert profiles.show("corner", chosen_by=None).account == "42"
    shop = open_shop(profile="corner")
    shop.remember("ada@example.com")
    assert profiles.show("corner", chosen_by=None).account == "ada@example.com"
    shop.sessions.update(lambda kept: kept.pop("account"))
    assert profiles.show("corner", chosen_by=None).account is None
    shop.remember(None)
    assert "email" not in shop.sessions.read()
    shop.sessions.path.write_text("{")
    assert profiles.show("corner", chosen_by=None).account is None


def test_what_cannot_be_remembered_stops_nobody(profiles: Profiles) -> None:
    profiles.create("corner", URL)
    shop = open_shop(profile="corner")
    shop.sessions.path.write_text("{")

    shop.remember("ada@example.com")

    assert shop.sessions.path.read_text() == "{"


def test_the_same_name_for_another_shop_starts_without_a_session(profiles: Profiles) -> None:
    profiles.create("corner", URL)
    log_in(profiles, "corner")

    with pytest.raises(Conflict) as caught:
        profiles.create("corner", "sqlite:/srv/other")
    assert caught.value.hint == "shop profile create corner-2 sqlite:/srv/other"
    with pytest.raises(Conflict, match="is that shop already") as caught:
        profiles.create("corner", URL)
    assert caught.value.hint == "shop profile use corner"
    assert profiles.backend("corner") == URL
    profiles.delete("corner")
    profiles.create("corner", "sqlite:/srv/other")
    assert open_shop(profile="corner").sessions.read() == {}


def test_the_same_shop_with_other_keys_needs_another_name(profiles: Profiles, tmp_path: Path) -> None:
    gateway = "http://127.0.0.1:8080"
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    for keys in (first, second):
        keys.write_text(json.dumps({"gateway": gateway}))
        keys.chmod(0o600)
    profiles.create("served", gateway, owner=first)
    profiles.create("served-2", "sqlite:/srv/other")

    with pytest.raises(Conflict, match="without these keys") as caught:
        profiles.create("served", gateway, owner=second)
    assert caught.value.hint == f"shop profile create served-3 {gateway} --owner {second}"
    assert profiles.known_as(gateway, first) == "served"
    assert profiles.known_as(gateway, second) is None
    assert (profiles.free("served"), profiles.free("other")) == ("served-3", "other")


def test_what_is_left_of_a_profile_is_in_the_way_until_it_is_deleted(profiles: Profiles, data: Path) -> None:
    log_in(profiles, "corner")  # by a command that was still under way when the profile was deleted

    assert profiles.names() == ("default",)
    with pytest.raises(Conflict, match="what is left of one"):
        profiles.create("corner", URL)
    profiles.delete("corner")
    profiles.create("corner", URL)
    assert open_shop(profile="corner").sessions.read() == {}


def test_what_a_killed_process_left_is_in_nobodys_way(profiles: Profiles, data: Path) -> None:
    for name in (".new", ".deleted"):
        FileSessions(data / "profiles" / name / "session.json").update(lambda kept: kept.update(token="old"))

    profiles.create("corner", URL)
    assert open_shop(profile="corner").sessions.read() == {}
    profiles.delete("corner")

    assert files(data / "profiles") == [".lock"]


def test_deleting_the_profile_in_use_leads_back_to_the_default(profiles: Profiles) -> None:
    profiles.create("corner", URL)
    profiles.create("other", URL)
    profiles.use("corner")

    assert not profiles.delete("other")
    assert profiles.delete("corner")
    assert open_shop().profile == "default"


def test_the_default_profile_stays(profiles: Profiles) -> None:
    with pytest.raises(InvalidValue):
        profiles.delete("default")


def test_a_profile_with_unfinished_checkouts_stays_unless_forced(profiles: Profiles) -> None:
    profiles.create("corner", URL)
    begin_a_checkout(profiles, "corner")

    assert profiles.unfinished("corner") == 1
    with pytest.raises(Conflict, match="1 checkout is unfinished") as caught:
        profiles.delete("corner")
    assert caught.value.hint == "shop --profile corner orders resume"
    assert profiles.unfinished("corner") == 1
    profiles.delete("corner", force=True)
    assert profiles.names() == ("default",)
    assert profiles.unfinished("corner") == 0


def test_a_profile_is_not_deleted_in_the_middle_of_a_checkout(profiles: Profiles) -> None:
    profiles.create("corner", URL)
    begin_a_checkout(profiles, "corner")
    journal = Journal(profiles.directory("corner") / "journal.db")

    with journal.exclusive(), pytest.raises(Locked):
        profiles.delete("corner", force=True)

    assert "corner" in profiles.names()


def test_changes_of_profiles_take_turns(profiles: Profiles, data: Path) -> None:
    profiles.create("corner", URL)
    lock = os.open(data / "profiles" / ".lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)

    with deadline(0.05), pytest.raises(Locked):
        profiles.create("other", URL)
    os.close(lock)


def test_a_directory_that_cannot_be_read_is_a_storage_error(profiles: Profiles, data: Path) -> None:
    data.mkdir()
    (data / "profiles").write_text("")

    with pytest.raises(StorageError):
        profiles.names()
