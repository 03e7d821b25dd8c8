"""The data directory: whether it can be used, and by nobody else."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from shlex import join
from stat import S_IMODE

from backends.private import OTHERS
from shopcli.core.doctor.finding import Finding, State, Surroundings
from shopcli.core.paths import data_directory

# What shop itself makes there: the directory may be somebody's home.
_PRIVATE = ("config.json", "*history*", "profiles/*/*", "local/*")
_NAMED = 3
_MIB = 1 << 20
_LITTLE = 100 * _MIB
_NOTHING = 5 * _MIB
"""Less than a first `shop products list` and a checkout need."""


def data_directory_itself(_: Surroundings) -> Iterator[Finding]:
    """Whether the data directory is one, can be written, and is its owner's alone."""
    path = data_directory()
    subject, nearest = "data directory", _existing(path)
    if not nearest.is_dir():
        yield Finding(State.WRONG, subject, f"{path}: {nearest} is no directory", _rights(nearest))
    elif not _is_usable(nearest):
        yield _not_writable(subject, nearest)
    elif nearest != path:
        yield Finding(State.OK, subject, f"{path} is made at the first use")
    elif mode := S_IMODE(path.stat().st_mode) & OTHERS:
        found = f"{path}: others can look into it ({mode | 0o700:04o}, not 0700)"
        yield Finding(State.WARNING, subject, found, join(["chmod", "700", str(path)]))
    else:
        yield Finding(State.OK, subject, str(path))


def directories_within(_: Surroundings) -> Iterator[Finding]:
    """Whether what is in the data directory can be used, too; said where it cannot."""
    data = data_directory()
    for path in (data / "profiles", *sorted(data.glob("profiles/*")), data / "local"):
        if path.is_dir() and not _is_usable(path):
            yield _not_writable(f"directory {path.relative_to(data)}", path)


def private_files(_: Surroundings) -> Iterator[Finding]:
    """Whether sessions, journals and databases are for their owner only."""
    data = data_directory()
    files = sorted({file for pattern in _PRIVATE for file in data.glob(pattern) if file.is_file()})
    loose = [file for file in files if file.stat().st_mode & OTHERS]
    if not loose:
        yield Finding(State.OK, "private files", f"{len(files)}, all for their owner only")
        return
    named = ", ".join(str(file.relative_to(data)) for file in loose[:_NAMED])
    more = f" and {len(loose) - _NAMED} more" if len(loose) > _NAMED else ""
    found = f"others may read or change {named}{more}"
    yield Finding(State.WARNING, "private files", found, join(["chmod", "600", *map(str, loose)]))


def free_space(_: Surroundings) -> Iterator[Finding]:
    """Whether there is room for orders."""
    where = _existing(data_directory())
    free = shutil.disk_usage(where).free
    state = State.WRONG if free < _NOTHING else State.WARNING if free < _LITTLE else State.OK
    found = f"{free // _MIB:,} MiB at {where}"
    yield Finding(state, "free space", found, None if state is State.OK else join(["df", "-h", str(where)]))


def _is_usable(directory: Path) -> bool:
    return os.access(directory, os.R_OK | os.W_OK | os.X_OK)


def _not_writable(subject: str, directory: Path) -> Finding:
    """Say that a directory cannot be written, and what helps its owner."""
    is_mine = directory.stat().st_uid == os.getuid()
    fix = join(["chmod", "u+rwx", str(directory)]) if is_mine else _rights(directory)
    return Finding(State.WRONG, subject, f"{directory} cannot be written", fix)


def _rights(path: Path) -> str:
    return join(["ls", "-ld", str(path)])


def _existing(path: Path) -> Path:
    return next(level for level in (path, *path.parents) if level.exists() or level.is_symlink())
