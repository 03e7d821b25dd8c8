"""What a terminal can do."""

import os
from collections.abc import Mapping

_ONLY_WRITE = ("", "dumb", "unknown")


def moves_cursor(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal says that it can do more than write one line after another."""
    return environment.get("TERM", "") not in _ONLY_WRITE
