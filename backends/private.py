"""Files for their owner only: tokens, journals and the keys of a shop are nobody else's.

Every command imports it: the standard library, and little of it. What goes wrong is an OSError, for the caller to word.
"""

import json
import os
import stat
from errno import EINVAL
from pathlib import Path

DIRECTORY = 0o700
FILE = 0o600
OTHERS = 0o077
"""Permissions that would make something everybody's."""
_MOST_BYTES = 64 * 1024


class NotPrivate(PermissionError):
    """Others can read or change a file that should be its owner's."""


def make_directory(path: Path) -> None:
    """Make `path` and what is missing above it, for the owner only. Raises OSError, which names the level.

    Each missing level is made by itself: `mkdir(parents=True)` gives its mode to the last one alone.
    """
    for level in (*reversed(path.parents), path):
        if not level.is_dir():
            level.mkdir(DIRECTORY, exist_ok=True)


def read_json(path: Path) -> object:
    """Read a small file. Raises NotPrivate, another OSError, and ValueError for what is no JSON."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & OTHERS:
            raise NotPrivate(0, "others can read or change it", str(path))
        try:
            return json.loads(file.read(_MOST_BYTES))
        except RecursionError:
            raise ValueError("it nests too deeply") from None


def open_plain(path: str | Path, flags: int) -> int:
    """Open a plain file, as `opener` of `open`: a pipe would be waited for. Raises OSError."""
    file = os.open(path, flags | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(EINVAL, "it is no plain file", str(path))
    return file


def write_json(path: Path, content: object) -> None:
    """Replace a file by JSON, as `write_text` does. Raises OSError."""
    write_text(path, json.dumps(content))


def write_text(path: Path, content: str, mode: int = FILE) -> None:
    """Replace a file by another one, which lasts; a reader sees either of them. Writers take turns. Raises OSError."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)  # what a killed process left
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE)
    with os.fdopen(file, "w", encoding="utf-8", newline="") as text:
        if mode != FILE:
            os.fchmod(file, mode)
        text.write(content)
        text.flush()
        os.fsync(file)
    draft.replace(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)  # the new name is an entry of the directory, not of the file
    finally:
        os.close(directory)
