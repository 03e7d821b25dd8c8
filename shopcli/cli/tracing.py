"""`--trace`: the requests that a command caused, drawn on stderr when it ends, however it ends."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from backends.tracing import Hop, dump, recording
from shopcli.cli.options import Options
from shopcli.cli.output.talk import columns
from shopcli.core.diagram import UNICODE, Line, draw

_RED = "\x1b[31m"
_PLAIN = "\x1b[0m"
_MILLISECONDS = 1000


class Trace:
    """The hops of one command, action by action, on one axis of time that stands still between the actions."""

    def __init__(self, options: Options, clock: Callable[[], float] = time.perf_counter) -> None:
        """Record nothing yet."""
        self._options = options
        self._clock = clock
        self._hops: list[Hop] = []
        self._elapsed = 0.0

    @contextmanager
    def action(self) -> Iterator[None]:
        """Record what happens inside."""
        began = self._clock()
        with recording(self._clock) as hops:
            try:
                yield
            finally:
                self._hops += [replace(hop, started=hop.started + self._elapsed) for hop in hops]
                self._elapsed += (self._clock() - began) * _MILLISECONDS

    def show(self) -> None:
        """Write what was recorded to stderr: a drawing, or one JSON object."""
        if self._options.output in ("json", "jsonl"):
            print(f'{{"trace": {dump(self._hops)}}}', file=sys.stderr)
            return
        color = self._options.colors(sys.stderr)
        for line in draw(self._hops, columns(), unicode=_can_write(UNICODE)) or [Line("no service was asked")]:
            print(_tinted(line) if color else line.text, file=sys.stderr)


def _can_write(signs: tuple[str, ...]) -> bool:
    try:
        "".join(signs).encode(sys.stderr.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _tinted(line: Line) -> str:
    if line.failure is None:
        return line.text
    begin, end = line.failure
    return f"{line.text[:begin]}{_RED}{line.text[begin:end]}{_PLAIN}{line.text[end:]}"
