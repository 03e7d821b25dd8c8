"""One process at a time: a lock on a file, which the system takes back from a process that dies.

flock directly, because filelock imports asyncio (5.9 times a bare Python start).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backends import private
from backends.deadline import until_deadline
from shopcli.core.paths import unusable

# Looking every 20 ms is not noticed by people or machines.
_LOOK_AGAIN_SECONDS = 0.02


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock on `path` inside; yields False where another process holds it.

    Waits for that process until the action's deadline, or not at all. Raises StorageError.
    """
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, private.FILE)
    except OSError as error:
        raise unusable(path, error) from None
    try:
        yield _acquired(lock, path, wait=wait)
    finally:
        os.close(lock)


def _acquired(lock: int, path: Path, *, wait: bool) -> bool:
    try:
        if wait:
            until_deadline(lambda: _take(lock), lambda error: isinstance(error, BlockingIOError), _LOOK_AGAIN_SECONDS)
        else:
            _take(lock)
    except BlockingIOError:
        return False
    except OSError as error:
        raise unusable(path, error) from None
    return True


def _take(lock: int) -> None:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
