"""Commands of `shop` inside this process, one after the other, at one shop that stays open."""

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass

from shopcli.cli.failures import Usage, as_object
from shopcli.cli.jsonable import jsonable
from shopcli.cli.main import guarded
from shopcli.cli.options import Options
from shopcli.cli.run import Run
from shopcli.core.shop import Shop
from shopcli.core.stepping import Runner


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    exit: int
    out: str
    err: str
    shown: object
    """What it wrote, in the shape of its JSON; None for nothing."""
    error: dict[str, object] | None
    """What `--json` says on stderr, without the `error` around it."""


class _Visit(Run):
    """A run at a shop that somebody else opened and closes."""

    closes_shop = False

    def __init__(self, options: Options, shop: Shop, runner: Runner) -> None:
        if options.backend or options.profile:
            raise Usage("the shop is open already: no --backend and no --profile here")
        super().__init__(options)
        self._runner = runner
        self.__dict__["shop"] = shop

    def close(self) -> None:
        """Leave the shop open."""


def run_command(words: Sequence[str], shop: Shop, runner: Runner, *, stdin: str = "") -> Ran:
    """Run `shop WORDS...` with the text of a pipe as its input; nothing is asked and nothing reaches this terminal."""
    visits: list[_Visit] = []

    def begin(options: Options) -> Run:
        visits.append(_Visit(options, shop, runner))
        return visits[0]

    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err, _piped(stdin):
        code = guarded(list(words), begin)
    visit = visits[0] if visits else None
    failure = visit.failure if visit else None
    shown = jsonable(visit.out.shown) if visit else None
    return Ran(code, out.getvalue(), err.getvalue(), shown, as_object(failure) if failure else None)


@contextmanager
def _piped(text: str) -> Iterator[None]:
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin = before
