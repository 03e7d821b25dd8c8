"""What every hop reads of a request: the id that it goes by in all logs, and how long its caller waits."""

import re

from backends.deadline import DEFAULT_SECONDS
from stub_services.wire.problems import Malformed

MAX_SECONDS = 60.0

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECONDS = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)


def is_request_id(told: str) -> bool:
    """Whether what a caller sent as `X-Request-Id` is a sane one."""
    return _ID.fullmatch(told) is not None


def seconds_of(told: str | None, most: float = MAX_SECONDS) -> float:
    """Return how long the caller waits for the answer: its `Shop-Timeout`, at most `most`. Raises Malformed."""
    if told is None:
        return DEFAULT_SECONDS
    if not _SECONDS.fullmatch(told):
        raise Malformed("Shop-Timeout is a number of seconds, such as 2.5")
    return min(float(told), most)
