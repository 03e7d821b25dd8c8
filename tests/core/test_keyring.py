"""Tokens in the system's keyring. What a keyring of a real system does is played by `tests.keyrings`."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from threading import Thread

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.core import load_keyring

from backends.deadline import deadline
from backends.errors import ConfigurationError, Locked
from backends.http.sessions import BoundSessions
from shopcli.core import keyring_entry
from shopcli.core.config import read
from shopcli.core.config_editing import put
from shopcli.core.keyring_entry import Entry, KeyringUnusable
from shopcli.core.keyring_sessions import KeyringSessions, user_of
from shopcli.core.locks import locked
from shopcli.core.moving import Moved, move_sessions, prove_keyring
from shopcli.core.profiles import Profiles
from shopcli.core.sessions import FileSessions, Kept, SessionCorrupted, TokenFile, sessions_in
from tests import keyrings

ROOT = Path(__file__).parents[2]
_NONE = load_keyring("keyring.backends.fail.Keyring")
SECRET = "tok-3141592653"
LOGIN = {"token": SECRET, "account": "a1", "email": "ada@example.com"}

Use = Callable[[KeyringBackend], None]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Let this be the system's keyring."""
    return lambda backend: monkeypatch.setattr("keyring.core._keyring_backend", backend)


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, use: Use) -> keyrings.Shared:
    monkeypatch.setenv("TEST_KEYRING", str(tmp_path / "entries.json"))
    monkeypatch.setenv("SHOP_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("SHOP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("SHOP_CREDENTIALS", raising=False)
    backend = keyrings.Shared()
    use(backend)
    return backend


@pytest.fixture
def sessions(tmp_path: Path, shared: keyrings.Shared) -> KeyringSessions:
    return KeyringSessions(tmp_path / "data" / "profiles" / "default" / "session.json")


def test_a_token_that_moved_meanwhile_is_not_moved_back(sessions: KeyringSessions) -> None:
    opened = TokenFile(sessions.path)
    _login(opened)
    put("credentials", "keyring")
    move_sessions(read())

    with pytest.raises(ConfigurationError, match="moved into the system's keyring while this was open") as refused:
        opened.read()
    assert "config set" not in (refused.value.hint or "")


def test_an_entry_that_somebody_else_removes_first_is_gone(use: Use) -> None:
    class Quicker(keyrings.Shared):
        gone = False

        def get_password(self, service: str, username: str) -> str | None:
            return None if self.gone else "probe"

        def delete_password(self, service: str, username: str) -> None:
            self.gone = True
            raise KeyError(username)

    use(Quicker())

    Entry("probe", "probe").delete()


def _login(sessions: FileSessions, **more: str) -> None:
    sessions.update(lambda kept: kept.update(LOGIN, **more))


# --- a store like any other ------------------------------------------------------------------------


def test_secrets_are_in_the_keyring_and_only_there(sessions: KeyringSessions, shared: keyrings.Shared) -> None:
    _login(sessions)

    assert sessions.read() == LOGIN
    assert SECRET not in sessions.path.read_text("utf-8")
    assert SECRET in shared.entries()[f"shop/{user_of(sessions.path.parent)}"]
    assert sessions.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["token", "access", "refresh", "cart", "of-another-adapter"])
def test_whatever_is_not_known_to_be_public_is_a_secret(sessions: KeyringSessions, name: str) -> None:
    sessions.update(lambda kept: kept.update({name: SECRET}))

    assert SECRET not in sessions.path.read_text("utf-8")
    assert KeyringSessions(sessions.path).read() == {name: SECRET}


def test_who_is_logged_in_is_known_without_the_keyring(sessions: KeyringSessions, use: Use) -> None:
    _login(sessions)
    use(keyrings.Failing())

    assert FileSessions(sessions.path).read()["email"] == "ada@example.com"
    assert Profiles().show("default", chosen_by=None).account == "ada@example.com"


def test_without_secrets_the_keyring_is_not_asked(sessions: KeyringSessions, use: Use) -> None:
    use(keyrings.Failing())

    assert sessions.read() == {}
    sessions.update(lambda kept: kept.update(owner="/owner.json"))
    assert sessions.read() == {"owner": "/owner.json"}


def test_a_log_out_removes_the_entry(sessions: KeyringSessions, shared: keyrings.Shared) -> None:
    _login(sessions)

    sessions.update(lambda kept: kept.clear())

    assert shared.entries() == {}
    assert json.loads(sessions.path.read_text("utf-8")) == {}


def test_what_another_process_changed_is_read(sessions: KeyringSessions) -> None:
    _login(sessions)
    assert sessions.read()["token"] == SECRET

    KeyringSessions(sessions.path).update(lambda kept: kept.update(token="newer"))

    assert sessions.read()["token"] == "newer"


def test_what_did_not_change_is_read_once(
    sessions: KeyringSessions, shared: keyrings.Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    _login(sessions)
    asked: list[str] = []
    monkeypatch.setattr(shared, "get_password", lambda service, user: asked.append(user))

    for _ in range(3):
        assert sessions.read() == LOGIN
    assert asked == []


def test_an_entry_that_somebody_deleted_is_a_session_that_ended(
    sessions: KeyringSessions, shared: keyrings.Shared
) -> None:
    _login(sessions, origin="http://shop")
    shared.delete_password("shop", user_of(sessions.path.parent))

    assert KeyringSessions(sessions.path).read() == {"origin": "http://shop"}


@pytest.mark.parametrize("damage", ["{", "[]", '{"token": 1}', "[" * 100_000])
def test_a_damaged_entry_names_the_way_out(sessions: KeyringSessions, shared: keyrings.Shared, damage: str) -> None:
    _login(sessions)
    shared.set_password("shop", user_of(sessions.path.parent), damage)
    again = KeyringSessions(sessions.path)

    with pytest.raises(SessionCorrupted) as caught:
        again.read()
    assert caught.value.hint == "shop logout"
    again.reset()
    assert (again.read(), shared.entries()) == ({}, {})


def test_a_token_is_bound_to_its_origin_in_the_keyring_too(sessions: KeyringSessions) -> None:
    BoundSessions(sessions, "http://one").update(lambda kept: kept.update(access=SECRET))

    assert "access" in BoundSessions(KeyringSessions(sessions.path), "http://one").read()
    assert "access" not in BoundSessions(sessions, "http://other").read()


def test_two_data_directories_have_two_entries(tmp_path: Path, shared: keyrings.Shared) -> None:
    for name in ("one", "two"):
        _login(KeyringSessions(tmp_path / name / "profiles" / "default" / "session.json"))

    assert len(shared.entries()) == 2


def test_the_lock_of_the_file_holds_for_the_keyring(sessions: KeyringSessions) -> None:
    _login(sessions)

    with locked(sessions.path.with_name("session.json.lock")), deadline(0.05), pytest.raises(Locked):
        _login(sessions)


def _count(path: Path, entries: str, times: int) -> None:
    os.environ["TEST_KEYRING"] = entries
    keyring.set_keyring(keyrings.Shared())
    for _ in range(times):
        KeyringSessions(path).update(lambda kept: kept.update(token=str(int(kept.get("token", "0")) + 1)))


def test_no_update_is_lost_among_processes(sessions: KeyringSessions, tmp_path: Path) -> None:
    spawn = get_context("spawn")
    arguments = (sessions.path, str(tmp_path / "entries.json"), 10)
    workers = [spawn.Process(target=_count, args=arguments) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sessions.read() == {"token": "30"}


# --- keyrings that cannot be used ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        (_NONE, "there is none"),
        (load_keyring("keyring.backends.null.Keyring"), "there is none"),
        (keyrings.PlaintextKeyring(), "PlaintextKeyring leaves passwords readable"),
        (keyrings.Locked(), "it is locked"),
        (keyrings.Failing(), "it failed with RuntimeError"),
    ],
)
def test_an_unusable_keyring_says_why_and_both_ways_out(
    sessions: KeyringSessions, use: Use, backend: KeyringBackend, said: str
) -> None:
    use(backend)

    with pytest.raises(KeyringUnusable) as caught:
        _login(sessions)

    assert said in caught.value.message
    assert "secret" not in caught.value.message
    assert SECRET not in caught.value.message
    assert caught.value.hint == "shop config set credentials file"
    assert caught.value.exit_code == 12
    assert not sessions.path.exists()


def test_what_keyrings_alt_offers_is_refused(sessions: KeyringSessions, use: Use) -> None:
    use(type("EncryptedKeyring", (keyrings.Shared,), {"__module__": "keyrings.alt.file"})())

    with pytest.raises(KeyringUnusable, match=r"keyrings\.alt\.file\.EncryptedKeyring"):
        _login(sessions)


def test_of_a_chain_the_first_that_keeps_secrets_is_asked(sessions: KeyringSessions, use: Use) -> None:
    chain = keyrings.PlaintextKeyring()
    chain.backends = [_NONE, keyrings.PlaintextKeyring(), keyrings.Shared()]  # type: ignore[attr-defined]
    use(chain)

    _login(sessions)
    assert sessions.kept_where() == Kept("keyring", keyrings.Shared().name, None)


def test_nobody_waits_longer_than_the_deadline_and_nobody_twice(
    sessions: KeyringSessions, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float | None] = []

    class Waited(Thread):
        def join(self, timeout: float | None = None) -> None:
            waited.append(timeout)

    monkeypatch.setattr(keyring_entry, "Thread", Waited)
    use(keyrings.Hanging())

    with deadline(0.2), pytest.raises(KeyringUnusable, match="no answer within"):
        _login(sessions)
    with pytest.raises(KeyringUnusable, match="has not answered yet"):
        _login(sessions)
    (seconds,) = waited
    assert seconds is not None
    assert 0 < seconds <= 0.2


def test_without_a_deadline_there_is_one(sessions: KeyringSessions, use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    use(keyrings.Hanging())
    monkeypatch.setattr(keyring_entry, "PATIENCE_SECONDS", 0.1)

    with pytest.raises(KeyringUnusable, match="no answer"):
        _login(sessions)


def test_without_the_extra_the_error_says_how_to_install_it(
    sessions: KeyringSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)

    with pytest.raises(KeyringUnusable, match=r"pip install 'shopcli\[keyring\]'"):
        _login(sessions)


# --- from one place to the other -------------------------------------------------------------------


def test_a_token_file_does_not_take_up_what_is_in_the_keyring(sessions: KeyringSessions) -> None:
    _login(sessions)

    with pytest.raises(ConfigurationError) as caught:
        TokenFile(sessions.path).read()
    assert caught.value.hint == "shop config set credentials file"


def test_what_an_earlier_session_left_in_the_file_is_moved(sessions: KeyringSessions) -> None:
    _login(FileSessions(sessions.path))

    assert sessions.read() == LOGIN
    assert SECRET not in sessions.path.read_text("utf-8")


def test_reading_what_cannot_be_moved_leaves_it_where_it_is(sessions: KeyringSessions, use: Use) -> None:
    _login(FileSessions(sessions.path))
    use(keyrings.Locked())

    with pytest.raises(KeyringUnusable):
        sessions.read()
    assert FileSessions(sessions.path).read() == LOGIN


def test_the_session_of_each_profile_goes_where_its_settings_say(tmp_path: Path, shared: keyrings.Shared) -> None:
    Profiles().create("corner", "sqlite:/tmp/corner")
    Profiles().create("other", "sqlite:/tmp/other")
    files = {name: Profiles().directory(name) / "session.json" for name in ("default", "corner", "other")}
    for path in files.values():
        _login(FileSessions(path))

    put("credentials", "keyring")
    put("credentials", "file", "other")
    assert move_sessions(read()) == Moved(("corner", "default"), (), ())
    assert {name: SECRET in path.read_text("utf-8") for name, path in files.items()} == {
        "default": False,
        "corner": False,
        "other": True,
    }

    put("credentials", "file")
    assert move_sessions(read()) == Moved(("corner", "default"), (), ())
    assert [FileSessions(path).read() for path in files.values()] == [LOGIN] * 3
    assert shared.entries() == {}


@pytest.mark.parametrize("backend", [keyrings.Locked(), _NONE])
def test_what_the_keyring_does_not_give_back_is_lost_and_said(
    sessions: KeyringSessions, use: Use, backend: KeyringBackend
) -> None:
    _login(sessions, origin="http://shop")
    use(backend)

    assert move_sessions(None) == Moved((), ("default",), ())
    assert TokenFile(sessions.path).read() == {"origin": "http://shop"}


def test_a_damaged_file_stops_no_other_from_being_moved(sessions: KeyringSessions, shared: keyrings.Shared) -> None:
    Profiles().create("corner", "sqlite:/tmp/corner")
    (Profiles().directory("corner") / "session.json").write_text("{", "utf-8")
    _login(sessions)

    assert move_sessions(None) == Moved(("default",), (), ("corner",))
    put("credentials", "keyring")
    assert move_sessions(read()) == Moved(("default",), (), ("corner",))


def test_the_keyring_is_proved_without_a_trace(shared: keyrings.Shared, use: Use) -> None:
    prove_keyring()
    assert shared.entries() == {}

    use(keyrings.Locked())
    with pytest.raises(KeyringUnusable):
        prove_keyring()


def test_deleting_a_profile_removes_its_entry(shared: keyrings.Shared, use: Use) -> None:
    Profiles().create("corner", "sqlite:/tmp/corner")
    _login(sessions_in(Profiles().directory("corner"), "keyring"))

    use(keyrings.Locked())
    with pytest.raises(KeyringUnusable):
        Profiles().delete("corner")
    assert "corner" in Profiles().names()

    use(shared)
    Profiles().delete("corner")
    assert shared.entries() == {}


def test_a_profile_whose_keyring_is_gone_can_be_deleted_by_force(shared: keyrings.Shared, use: Use) -> None:
    Profiles().create("corner", "sqlite:/tmp/corner")
    _login(sessions_in(Profiles().directory("corner"), "keyring"))
    use(_NONE)

    Profiles().delete("corner", force=True)
    assert Profiles().names() == ("default",)


# --- where it is -----------------------------------------------------------------------------------


def test_each_store_says_where_the_token_is(tmp_path: Path, sessions: KeyringSessions) -> None:
    file = sessions_in(tmp_path / "state")
    path = str(tmp_path / "state" / "session.json")

    assert file.kept_where() == Kept("file", path, None)
    _login(file)
    assert file.kept_where() == Kept("file", path, "0600")
    assert sessions.kept_where() == Kept("keyring", "keyrings Shared", None)


def test_an_entry_that_is_not_there_can_be_deleted(shared: keyrings.Shared) -> None:
    Entry("nobody", "nobody").delete()
    assert Entry("nobody", "nobody").read() is None


# --- real processes --------------------------------------------------------------------------------


def _shop(tmp_path: Path, *words: str, keyring: str = "tests.keyrings.Shared", stdin: str = "") -> tuple[int, str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHOP_")}
    environment = {
        **kept,
        "PYTHONPATH": str(ROOT),
        "PYTHON_KEYRING_BACKEND": keyring,
        "TEST_KEYRING": str(tmp_path / "entries.json"),
        "SHOP_CONFIG_DIR": str(tmp_path / "config"),
        "SHOP_DATA_DIR": str(tmp_path / "data"),
    }
    ran = subprocess.run(
        [sys.executable, "-m", "shopcli", *words],
        env=environment,
        cwd=tmp_path,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    return ran.returncode, ran.stdout, ran.stderr


def test_a_person_keeps_tokens_in_the_keyring(tmp_path: Path) -> None:
    signup = ["signup", "--name", "Ada", "--email", "ada@example.com", "--password-stdin"]
    code, _, said = _shop(tmp_path, "config", "set", "credentials", "keyring", keyring="keyring.backends.null.Keyring")
    assert (code, "there is none" in said) == (12, True)
    assert _shop(tmp_path, *signup, stdin="correct horse battery\n")[0] == 0
    file = tmp_path / "data" / "profiles" / "default" / "session.json"
    token = json.loads(file.read_text("utf-8"))["token"]

    code, out, said = _shop(tmp_path, "config", "set", "credentials", "keyring")
    assert (code, out, "moved the session of default" in said) == (0, "credentials\tkeyring\n", True)
    assert token not in file.read_text("utf-8")
    assert token in (tmp_path / "entries.json").read_text("utf-8")

    code, out, _ = _shop(tmp_path, "whoami", "--json")
    assert code == 0
    assert json.loads(out)["credentials"] == {
        "kind": "keyring",
        "where": "keyrings Shared",
        "permissions": None,
    }
    for other in ("Hanging", "Locked", "PlaintextKeyring"):
        code, _, said = _shop(tmp_path, "whoami", "--timeout", "1", keyring=f"tests.keyrings.{other}")
        assert (code, "keyring cannot be used" in said) == (12, True)

    assert _shop(tmp_path, "logout")[0] == 0
    assert json.loads((tmp_path / "entries.json").read_text("utf-8")) == {}
