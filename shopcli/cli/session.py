"""Commands of `shop` inside this process, one after the other, at one shop that stays open."""

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from time import perf_counter

from shopcli.cli.failures import Cancelled, Usage, as_object
from shopcli.cli.main import guarded
from shopcli.cli.options import Options
from shopcli.cli.output.jsonable import jsonable
from shopcli.cli.run import Run
from shopcli.core.shop import Shop
from shopcli.core.stepping import Runner


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    exit: int
    out: str
    err: str
    screen: str
    """Both, in the order in which a terminal shows them."""
    shown: object
    """What it wrote, in the shape of its JSON; None for nothing."""
    error: dict[str, object] | None
    """What `--json` says on stderr, without the `error` around it."""


class Visit(Run):
    """A run at a shop that somebody else opened and closes."""

    closes_shop = False

    def __init__(self, options: Options, shop: Shop, runner: Runner, clock: Callable[[], float] = perf_counter) -> None:
        """Come to `shop`, whose coroutines `runner` runs; `clock` counts the seconds of a trace."""
        if options.again:  # SHOP_BACKEND and SHOP_PROFILE are for other commands than these
            raise Usage("the shop is open already: no --backend and no --profile here")
        super().__init__(options)
        self._runner = runner
        if options.trace:
            from shopcli.cli.tracing import Trace

            self._trace = Trace(options, clock)
        self.__dict__["shop"] = shop

    def close(self) -> None:
        """Leave the shop open."""


def run_command(
    words: Sequence[str], shop: Shop, runner: Runner, *, stdin: str = "", clock: Callable[[], float] = perf_counter
) -> Ran:
    """Run `shop WORDS...` with the text of a pipe as its input; nothing is asked and nothing reaches this terminal.

    `clock` counts the seconds of a trace. Raises KeyboardInterrupt where Ctrl-C ended it.
    """
    visits: list[Visit] = []

    def begin(options: Options) -> Run:
        visits.append(Visit(options, shop, runner, clock))
        return visits[0]

    screen: list[str] = []
    with redirect_stdout(_Shown(screen)) as out, redirect_stderr(_Shown(screen)) as err, _piped(stdin):
        code = guarded(list(words), begin)
    visit = visits[0] if visits else None
    failure = visit.failure if visit else None
    shown = jsonable(visit.out.shown) if visit else None
    if isinstance(failure, Cancelled):  # nothing is asked here, so nobody said no
        raise KeyboardInterrupt
    error = as_object(failure) if failure else None
    return Ran(code, out.getvalue(), err.getvalue(), "".join(screen), shown, error)


class _Shown(io.StringIO):
    """A stream that also writes to the screen that it shares with another one."""

    encoding = "utf-8"

    def __init__(self, screen: list[str]) -> None:
        super().__init__()
        self._screen = screen

    def write(self, text: str) -> int:
        self._screen.append(text)
        return super().write(text)


@contextmanager
def _piped(text: str) -> Iterator[None]:
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin = before
