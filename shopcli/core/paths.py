"""Where shop keeps its files.

Our own few lines instead of platformdirs, whose import costs 2.8 times a bare Python start.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from backends.errors import StorageError

PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600
_ELSEWHERE = "SHOP_DATA_DIR=DIRECTORY shop"


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


def _home(environment: Mapping[str, str]) -> Path:
    if home := environment.get("HOME"):
        return Path(home)
    try:
        return Path.home()
    except RuntimeError:
        raise StorageError("there is no home directory to keep the shop's files in", hint=_ELSEWHERE) from None


def private_directory(path: Path) -> Path:
    """Make `path` and what is missing above it, for the owner only, and return it. Raises StorageError.

    Each missing level is made by itself: `mkdir(parents=True)` gives its mode to the last one alone.
    """
    try:
        for level in (*reversed(path.parents), path):
            if not level.is_dir():
                level.mkdir(PRIVATE_DIRECTORY, exist_ok=True)
    except FileExistsError as error:
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
