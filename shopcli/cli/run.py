"""One run of `shop`: its options, its output, its questions and the shop it talks to."""

import sys
from collections.abc import Coroutine
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from backends.deadline import deadline
from backends.errors import ShopError, Unavailable
from shopcli.cli.asking.questions import TERMINAL, Asking
from shopcli.cli.options import Options
from shopcli.cli.output.columns import View
from shopcli.cli.output.writing import Output
from shopcli.cli.waiting import patience
from shopcli.core.shop import Shop, open_shop
from shopcli.core.stepping import Runner

if TYPE_CHECKING:
    from typer import Context

    from backends.interface import Backend
    from shopcli.cli.tracing import Trace

T = TypeVar("T")

SETTLE_SECONDS = 3.0
LOGIN_SECONDS = 3.0


class Run:
    """What every command works with."""

    closes_shop = True
    """Whether the shop is closed when the command ends."""

    def __init__(self, options: Options) -> None:
        """Prepare; no file is touched before a command asks for the shop."""
        self.options = options
        self.out = Output(options)
        self.ask = Asking(options, loop=self._on_loop)
        self.path = "shop"
        """The command as it was called: `shop cart add`."""
        self.look: str | None = None
        """The command that shows what became of the change that was sent last."""
        self.failure: ShopError | None = None
        """What ended the command, once it has been reported."""
        self._runner = Runner()
        self._trace = _begun_trace(options) if options.trace else None

    @cached_property
    def shop(self) -> Shop:
        """The shop that the options say, else the one in use."""
        backend, profile, credentials = self.options.backend, self.options.profile, self.options.credentials
        if not self.options.verbose:
            return open_shop(backend, profile=profile, credentials=credentials)
        from shopcli.cli.watching import watched

        return open_shop(backend, profile=profile, observe=watched, credentials=credentials)

    @property
    def backend(self) -> "Backend":
        """The shop's five services."""
        return self.shop.backend

    @property
    def shop_ends(self) -> bool:
        """Whether all that the command does is forgotten when it ends."""
        return self.closes_shop and self.shop.url.startswith("memory:")

    def do(self, action: Coroutine[Any, Any, T], *, within: float = inf) -> T:
        """Run one action within `--timeout`, or `within` seconds if that is less."""
        try:
            backend = self.backend
        except BaseException:
            action.close()  # it was never begun, and Python would complain about that
            raise
        with deadline(min(within, self.options.timeout)), patience(self.options), self._recorded():
            return self._runner.run(backend, action)

    async def found(self, action: Coroutine[Any, Any, T]) -> T:
        """Run an action for a question that is on the screen, within `--timeout`."""
        with deadline(self.options.timeout), self._recorded():
            return await action

    def change(self, action: Coroutine[Any, Any, T], *, look: str) -> T:
        """Run an action that changes something; `look` shows what became of it if it is interrupted."""
        self.look = look
        return self.do(action)

    def settle(self) -> None:
        """Find out what became of unfinished checkouts, and say so.

        That is not what the person asked for, so it may not use up the time of what they did.
        """
        for settled in self.do(self.shop.settle(), within=SETTLE_SECONDS):
            self.out.say(settled.message)
            if settled.hint:
                self.out.next(settled.hint)

    def require_login(self) -> None:
        """Raise LoginRequired or SessionExpired unless somebody is logged in; UserService may be down."""
        try:
            self.do(self.backend.users.me(), within=LOGIN_SECONDS)
        except Unavailable:
            if self.backend.account_id() is None:
                raise

    def mention_unfinished(self) -> None:
        """Say that checkouts are unfinished; asks no service, and a damaged journal stops no browsing."""
        try:
            with deadline(self.options.timeout):
                count = self.shop.unfinished()
        except ShopError as error:
            self.out.say(f"! {error.message}")
            return
        if count:
            self.out.advise(f"{count} checkout{' is' if count == 1 else 's are'} unfinished → shop orders resume")

    def close(self) -> None:
        """Close what the run opened."""
        try:
            if "shop" in self.__dict__:
                self._close_shop()
        finally:
            self._runner.close()

    def show_trace(self) -> None:
        """Draw what `--trace` recorded, if it was given."""
        if self._trace is not None:
            self._trace.show()

    def _recorded(self) -> AbstractContextManager[None]:
        return self._trace.action() if self._trace else nullcontext()

    def _on_loop(self, action: Coroutine[Any, Any, T]) -> T:
        """Run a question on the loop of the shop's connections: it may search there."""
        return self._runner.run(TERMINAL, action)

    def _close_shop(self) -> None:
        if self.shop.is_open:
            self._runner.run(self.backend, self.shop.aclose())
        else:
            self.shop.close_journal()


def _begun_trace(options: Options) -> "Trace":
    from shopcli.cli.tracing import Trace

    return Trace(options)


def prepare(context: "Context", view: View | None = None) -> Run:
    """Start a command that may do without a shop: bad `--fields` end it here, before anything is done."""
    run: Run = context.obj
    run.path = context.command_path
    if view is not None:
        run.out.check(view)
    return run


def begin(context: "Context", view: View, *, login: bool = False, settles: bool = False) -> Run:
    """Start a command that prints what a shop says, as `view` does.

    With `login` it ends here for whoever is not logged in. Commands about checkouts settle what is
    unfinished first, the others mention it.
    """
    run = prepare(context, view)
    if run.shop_ends:
        run.out.say("memory: forgets everything when this command ends")
    if login:
        run.require_login()
    if settles:
        run.settle()
    else:
        run.mention_unfinished()
    return run


def log(text: str) -> None:
    """Write a line that `-v` asked for."""
    print(f"· {text}", file=sys.stderr)
