"""Who asked whom, for `--trace`: the hops that one action caused.

Whoever sends a request notes a `Hop` when the answer is there; nothing is kept unless somebody records.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from backends.text import shorten

MAX_HEADER = 32 * 1024
MAX_DEPTH = 8
MAX_TEXT = 100


@dataclass(frozen=True, slots=True)
class Hop:
    """One request and its answer, with the requests that it caused in turn.

    `started` and `milliseconds` are milliseconds, the first one since the recording began at its caller.
    """

    caller: str
    callee: str
    action: str
    """`POST /v1/cart/lines` or `carts.take` over a wire, `add` in process."""
    status: str
    """An HTTP status, `ok`, or the code of an error: `200`, `out_of_stock`, `connection refused`."""
    started: float
    milliseconds: float
    attempt: int = 1
    """2 and more: the request was repeated."""
    hops: tuple["Hop", ...] = ()


class Recording(list[Hop]):
    """The hops of one action, in the order of their ends."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        """Begin now, by a clock that counts seconds."""
        super().__init__()
        self.clock = clock
        self.began = clock()


_recording: ContextVar[Recording | None] = ContextVar("recording", default=None)


@contextmanager
def recording(clock: Callable[[], float] | None = None) -> Iterator[Recording]:
    """Collect the hops noted inside; a recording inside another hides them from it, and has the same clock."""
    outer = _recording.get()
    hops = Recording(clock or (perf_counter if outer is None else outer.clock))
    token = _recording.set(hops)
    try:
        yield hops
    finally:
        _recording.reset(token)


def is_recording() -> bool:
    """Whether anybody wants to know."""
    return _recording.get() is not None


def elapsed() -> float:
    """Milliseconds since the recording began: what a `Hop` calls `started`. 0 where nobody records."""
    hops = _recording.get()
    return 0.0 if hops is None else (hops.clock() - hops.began) * 1000


def note(hop: Hop) -> None:
    """Add a hop to the recording, if there is one."""
    hops = _recording.get()
    if hops is not None:
        hops.append(hop)


def dump(hops: Iterable[Hop]) -> str:
    """Return hops as the value of the `Shop-Trace` header: compact ASCII JSON."""
    return json.dumps([_plain(hop) for hop in hops], separators=(",", ":"))


def load(text: str) -> tuple[Hop, ...]:
    """Return the hops that a `Shop-Trace` header tells; what is none of ours tells nothing."""
    try:
        return _hops(json.loads(text[:MAX_HEADER], parse_constant=_nothing), 0)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return ()


def _plain(hop: Hop) -> dict[str, Any]:
    return {
        "from": hop.caller,
        "to": hop.callee,
        "action": hop.action,
        "status": hop.status,
        "start": round(hop.started, 2),
        "ms": round(hop.milliseconds, 2),
        "attempt": hop.attempt,
        "hops": [_plain(inner) for inner in hop.hops],
    }


def _hops(found: list[dict[str, Any]], depth: int) -> tuple[Hop, ...]:
    if depth > MAX_DEPTH:
        return ()
    return tuple(
        Hop(
            _text(hop["from"]),
            _text(hop["to"]),
            _text(hop["action"]),
            _text(hop["status"]),
            float(hop["start"]),
            float(hop["ms"]),
            int(hop["attempt"]),
            _hops(hop["hops"], depth + 1),
        )
        for hop in found
    )


def _nothing(constant: str) -> float:
    """Refuse what Python reads as a number and JSON does not know: NaN and the infinities."""
    raise ValueError(constant)


def _text(value: object) -> str:
    return shorten(str(value), MAX_TEXT)
