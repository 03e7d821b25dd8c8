"""Moving the tokens of sessions to where the settings say that they are kept."""

from pathlib import Path
from typing import NamedTuple

from shopcli.core.config import Chosen, Config
from shopcli.core.keyring_entry import Entry, KeyringUnusable
from shopcli.core.keyring_sessions import KeyringSessions
from shopcli.core.paths import data_directory, unusable
from shopcli.core.sessions import FILE_NAME, IN_KEYRING, FileSessions, SessionCorrupted, file_in

_PROBE = "probe"


class Moved(NamedTuple):
    """What became of sessions, by the names of their profiles' directories."""

    moved: tuple[str, ...]
    lost: tuple[str, ...]
    """Those that the keyring did not give back: their people log in again."""
    damaged: tuple[str, ...]
    """Those whose file cannot be read: they are as they were."""


def prove_keyring() -> None:
    """Write an entry into the keyring and remove it. Raises KeyringUnusable."""
    entry = Entry(_PROBE, _PROBE)
    entry.write(_PROBE)
    entry.delete()


def move_sessions(config: Config | None) -> Moved:
    """Let each session be kept where `config` says. Raises KeyringUnusable, StorageError, Locked."""
    moved: list[str] = []
    lost: list[str] = []
    damaged: list[str] = []
    for directory in _directories(data_directory() / "profiles"):
        chosen = (config.chosen(directory.name) if config else {}).get("credentials", Chosen("file"))
        file, sessions = file_in(directory), KeyringSessions(directory / FILE_NAME)
        try:
            was_in_keyring = IN_KEYRING in file.read()
        except SessionCorrupted:
            damaged.append(directory.name)
            continue
        if chosen.value == "keyring":
            sessions.read()
        elif was_in_keyring:
            _bring_back(sessions, directory.name, lost)
        if was_in_keyring != (IN_KEYRING in file.read()) and directory.name not in lost:
            moved.append(directory.name)
    return Moved(tuple(moved), tuple(lost), tuple(damaged))


def _bring_back(sessions: KeyringSessions, name: str, lost: list[str]) -> None:
    try:
        sessions.bring_back()
    except (KeyringUnusable, SessionCorrupted):
        if IN_KEYRING in FileSessions(sessions.path).read():
            sessions.let_go()
            lost.append(name)


def _directories(root: Path) -> list[Path]:
    try:
        return sorted(path.parent for path in root.glob(f"*/{FILE_NAME}"))
    except OSError as error:
        raise unusable(root, error) from None
