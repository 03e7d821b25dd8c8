"""What is left of a wait, on one line of the terminal that is written over and leaves nothing."""

import sys
import time
from datetime import UTC, datetime

_HOUR, _MINUTE = 3600, 60


def pause(seconds: float, text: str, *, shown: bool) -> None:
    """Wait, with a text on stderr meanwhile if it is to be shown."""
    if shown and text:
        print(f"\r{text}", end="", file=sys.stderr, flush=True)
    try:
        time.sleep(seconds)
    finally:
        if shown and text:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def left(until: datetime | None, now: datetime | None = None) -> str:
    """Return how long it is until then, `28:07 left`; nothing where that is over or has no end."""
    if until is None:
        return ""
    seconds = int((until - (now or datetime.now(UTC))).total_seconds())
    if seconds <= 0:
        return ""
    hours, rest = divmod(seconds, _HOUR)
    minutes, seconds = divmod(rest, _MINUTE)
    return f"{hours}:{minutes:02}:{seconds:02} left" if hours else f"{minutes}:{seconds:02} left"
