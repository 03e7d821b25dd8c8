"""Where shop keeps its files.

Our own few lines instead of platformdirs, whose import costs 2.8 times a bare Python start.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from backends.errors import StorageError
from backends.private import make_directory

JOURNAL = "journal.db"
"""What was confirmed, in a profile's directory."""
_ELSEWHERE = "SHOP_DATA_DIR=DIRECTORY shop"
SETTINGS_ELSEWHERE = "SHOP_CONFIG_DIR=DIRECTORY shop config path"


def data_directory(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Return the directory of everything shop keeps; it need not exist yet.

    `SHOP_DATA_DIR`, else the platform's place: `~/Library/Application Support/shop` on macOS, elsewhere
    `$XDG_DATA_HOME/shop` or `~/.local/share/shop` (XDG Base Directory 0.8, which says to ignore relative
    paths). Raises StorageError where there is no home directory.
    """
    if chosen := environment.get("SHOP_DATA_DIR"):
        return Path(chosen).absolute()
    if platform == "darwin":
        return _home(environment) / "Library" / "Application Support" / "shop"
    xdg = environment.get("XDG_DATA_HOME", "")
    base = Path(xdg) if xdg.startswith("/") else _home(environment) / ".local" / "share"
    return base / "shop"


def config_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the directory of what people write for shop, `config.toml`; it need not exist.

    `SHOP_CONFIG_DIR`, else `$XDG_CONFIG_HOME/shop` or `~/.config/shop`, on macOS too: a file to be edited by hand is
    looked for where other programs of a terminal have theirs. Raises StorageError where there is no home directory.
    """
    if chosen := environment.get("SHOP_CONFIG_DIR"):
        return Path(chosen).absolute()
    xdg = environment.get("XDG_CONFIG_HOME", "")
    base = Path(xdg) if xdg.startswith("/") else _home(environment, SETTINGS_ELSEWHERE) / ".config"
    return base / "shop"


def config_file() -> Path:
    """Where the settings are; there need not be a file. Raises StorageError where there is no home directory."""
    return config_directory() / "config.toml"


def _home(environment: Mapping[str, str], elsewhere: str = _ELSEWHERE) -> Path:
    if home := environment.get("HOME"):
        return Path(home)
    try:
        return Path.home()
    except RuntimeError:
        raise StorageError("there is no home directory to keep the shop's files in", hint=elsewhere) from None


def private_directory(path: Path) -> Path:
    """Make `path` and what is missing above it, for the owner only, and return it. Raises StorageError."""
    try:
        make_directory(path)
    except FileExistsError as error:
        level = Path(error.filename)
        what = "is a link to nowhere" if level.is_symlink() else "is a file, not a directory"
        raise StorageError(f"cannot use {path}: {level} {what}", hint=_ELSEWHERE) from error
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise unusable(path, PermissionError(0, "Permission denied"))
    return path


def unusable(path: Path, error: OSError | ValueError) -> StorageError:
    """Say that a file or directory cannot be used, and why, as the error to raise."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return StorageError(f"cannot use {path}: {reason}", hint=_ELSEWHERE)
