"""`shop shell`: commands one after the other at one shop that stays open, typed or from a pipe."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from shlex import join
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from backends.errors import ShopError
from backends.interface import Backend
from backends.text import shorten
from shopcli.cli.aliases import expanded
from shopcli.cli.failures import Cancelled, Usage, report
from shopcli.cli.main import guarded
from shopcli.cli.next_commands import repeated
from shopcli.cli.options import HELP, Options, hoist, is_terminal
from shopcli.cli.run import Run, prepare
from shopcli.cli.session import Visit
from shopcli.cli.shell.lines import next_line, without_shop, words_of
from shopcli.cli.shell.piped import counted, owed
from shopcli.cli.watching import watched
from shopcli.core.sessions import file_in
from shopcli.core.shop import Shop, open_shop
from shopcli.core.stepping import Runner
from shopcli.core.terminals import moves_cursor

_LEAVE = ("exit", "quit")
_MEMORY = "memory:"
_HISTORY = "history"
_SHORT = 32
_WELCOME = "the shell of shop: help lists commands, TAB completes, exit or Ctrl-D leaves"
_NOT_HERE = {
    "shell": "this is a shell already",
    "tui": "the full-screen shop opens the shop by itself, so not in a shell",
    "serve": "a shop is served until Ctrl-C, and this shell would wait for that",
    "demo": "a scenario is played in a shop of its own, not in a shell",
}

Read = Callable[[], str | None]
"""Gives the next line, None where there is no more."""


def shell(
    context: typer.Context,
    stops: Annotated[
        bool, typer.Option("-e", "--exit-on-error", help="Leave at the first command that fails, with its exit code.")
    ] = False,
) -> None:
    """Run commands one after the other at one open shop, typed or from a pipe. memory: lives as long as the shell.

    A line is a command, with or without shop in front of it, quoted as for the system's shell; what begins with #
    is a comment. Pipes, > and ; are the system's shell's. Lines are kept for the next time, up to 1,000, but not
    those that begin with a space. Ctrl-C cancels the line or the command; exit, quit or Ctrl-D leaves.

    From a pipe, each line is run as a script's: nothing is asked, and what fails stops nothing without -e. What
    reads stdin, as --password-stdin does, gets the lines behind its own; where it did not read them, the script
    stops, so that no password is run as a command.

    Examples:
      shop shell
      shop --profile mine shell
      shop --backend memory: shell -e < commands.txt

    Exit codes:
      0    left; from a pipe it is the exit code of the last command
      130  Ctrl-C stopped the commands of a pipe
    """
    run = prepare(context)
    if not run.closes_shop:
        raise Usage("the shop is open already: no shell here")
    if run.options.fields:
        raise Usage("--fields differs from command to command, so say it in the shell")
    typed = is_terminal(sys.stdin) and is_terminal(sys.stderr)
    with _opened(run.options) as opened:
        code = _converse(opened, run, stops=stops) if typed else _obey_pipe(opened, run, stops=stops)
    raise typer.Exit(code)


class Shell:
    """Runs lines at one open shop."""

    def __init__(self, options: Options) -> None:
        """Prepare to open the shop that `options` say; they hold for each line that says nothing else."""
        self.shop = open_shop(
            options.backend, profile=options.profile, observe=self._observe, credentials=options.credentials
        )
        self.history = self.shop.directory / _HISTORY
        self.code = 0
        """The exit code of the last command."""
        self._options = options
        self._runner = Runner()
        self._visit: Visit | None = None

    @property
    def place(self) -> str:
        """Where one is, and who: `default ada@example.com`."""
        try:
            email = file_in(self.shop.directory).read().get("email", "")  # no keyring is asked
        except ShopError:
            email = ""
        where = self.shop.profile or self.shop.backend.name
        return " ".join(shorten(part, _SHORT) for part in (where, email) if part)

    def obey(self, line: str) -> bool:
        """Run a line and keep its exit code. Returns whether the session goes on."""
        try:
            words = words_of(line, self._options.again)
            if words:
                return self._obey_words(without_shop(words))
        except Usage as mistake:
            self._tell(mistake)
        except KeyboardInterrupt:  # once more, while the first one was being reported
            self.code = Cancelled.exit_code
        return True

    def refuse_rest(self, number: int) -> None:
        """Say that the lines behind this one are not run; the exit code is the command's, if it failed."""
        code = self.code
        self._tell(Usage(f"stopped at line {number}: what follows was for it", hint="shop shell --help"))
        self.code = code or self.code

    def keep_in(self, directory: Path) -> None:
        """Keep session and journal in `directory`; before the shop is used."""
        self.shop = Shop(self.shop.url, directory, observe=self._observe)

    def close(self) -> None:
        """Close the shop."""
        try:
            self._runner.run(self.shop.backend, self.shop.aclose())
        finally:
            self._runner.close()

    def _obey_words(self, words: list[str]) -> bool:
        if words[:1] and words[0] in _LEAVE:
            if words[1:]:
                raise Usage(f"{words[0]} takes nothing", hint=words[0])
            return False
        try:
            self.code = guarded(words, partial(self._begin, words))
        finally:
            self._visit = None
        return True

    def _begin(self, words: list[str], options: Options) -> Run:
        if options.again:
            flag, value = options.again
            msg = f"this shell's shop is open already: no {flag} here, but in the system's shell"
            raise Usage(msg, hint=join(["shop", flag, value, "shell"]))
        self._inherit(options)
        self._refuse(hoist(expanded(words, options.aliases))[1])
        self._visit = Visit(options, self.shop, self._runner)
        return self._visit

    def _inherit(self, options: Options) -> None:
        """Let what was said of the shell hold for a line, and its shop."""
        said = self._options
        options.backend, options.profile, options.chosen_by = said.backend, said.profile, said.chosen_by
        if options.backend is None and options.profile is None:
            options.profile, options.chosen_by = self.shop.profile, "shop shell"
        options.read_config()
        options.inherit(said)

    def _refuse(self, rest: list[str]) -> None:
        """Raise Usage for what makes no sense while the shop is open here."""
        if not rest or not set(rest).isdisjoint(HELP):
            return
        command = repeated(join(["shop", *rest]), self._options.again)
        if rest[0] in _NOT_HERE:
            raise Usage(f"{_NOT_HERE[rest[0]]}; run it in another terminal", hint=command)
        if rest[:2] == ["profile", "delete"] and self.shop.profile in rest[2:]:
            raise Usage(f"this shell is at the profile {self.shop.profile}; leave it first", hint=command)
        if rest[0] == "config" and rest[1:2] in (["set"], ["unset"]) and "credentials" in rest[2:]:
            raise Usage("this shell has the token of its session where it is; leave it first", hint=command)

    def _tell(self, mistake: Usage) -> None:
        self.code = mistake.exit_code
        options = self._options
        report(mistake, as_json=options.output in ("json", "jsonl"), color=options.colors(sys.stderr))

    def _observe(self, backend: Backend) -> Backend:
        return watched(backend, wanted=lambda: self._visit is not None and self._visit.options.verbose)


@contextmanager
def _opened(options: Options) -> Iterator[Shell]:
    """Open the shop, and close it behind all commands."""
    opened = Shell(options)
    with ExitStack() as stack:
        if opened.shop.url.startswith(_MEMORY):  # a shop that ends with this process shares no session with another one
            opened.keep_in(Path(stack.enter_context(TemporaryDirectory(prefix="shop-shell-"))))
        _ = opened.shop.backend  # what nobody serves is said here, and not at each line
        stack.callback(opened.close)
        yield opened


def _converse(opened: Shell, run: Run, *, stops: bool) -> int:
    """Run what a person types, until he or she leaves."""
    run.out.say(_WELCOME)
    if opened.shop.url.startswith(_MEMORY):
        run.out.say("memory: forgets everything when this shell ends")
    read = _prompt(opened, run.options)
    while True:
        try:
            if (code := _obey_typed(opened, run, read(), stops=stops)) is not None:
                return code
        except KeyboardInterrupt:  # cancels a line, also where it comes just before or after one
            continue


def _obey_typed(opened: Shell, run: Run, typed: str | None, *, stops: bool) -> int | None:
    """Run what was typed, several lines where they were pasted. Returns the exit code of the shell where it ends.

    Ctrl-C in one line stops those behind it, too: they were meant to follow it.
    """
    if typed is None:
        return 0
    lines = typed.split("\n")
    for number, line in enumerate(lines, 1):
        if not opened.obey(line):
            return 0
        if stops and opened.code:
            return opened.code
        if opened.code == Cancelled.exit_code and any(map(str.strip, lines[number:])):
            run.out.say(f"stopped at line {number} of {len(lines)}: those behind it were not run")
            return None
    return None


def _prompt(opened: Shell, options: Options) -> Read:
    """Return what asks for a line: with all that a terminal can do, or without where it can do nothing."""
    if not moves_cursor():
        return partial(_plainly_typed, opened)
    from shopcli.cli.shell.history import History
    from shopcli.cli.shell.prompting import Prompt

    return Prompt(opened, History(opened.history), color=options.colors(sys.stderr)).read


def _plainly_typed(opened: Shell) -> str | None:
    code = f"[{opened.code}] " if opened.code else ""
    try:
        print(f"{code}shop {opened.place}> ", end="", file=sys.stderr, flush=True)
        return next_line(sys.stdin.buffer)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return ""


def _obey_pipe(opened: Shell, run: Run, *, stops: bool) -> int:
    """Run the lines of a pipe, as a script."""
    if sys.stdin is None:  # closed
        return 0
    with counted() as pipe:
        while (line := _piped_line()) is not None:
            number = pipe.lines
            if not opened.obey(line):
                break
            if not pipe.ended and owed(line, failed=bool(opened.code)) > pipe.lines - number:
                opened.refuse_rest(number)
                break
            if opened.code == Cancelled.exit_code or (stops and opened.code):
                run.out.say(f"stopped at line {number}")
                break
    return opened.code


def _piped_line() -> str | None:
    try:
        return next_line(sys.stdin.buffer)
    except KeyboardInterrupt:
        raise Cancelled("stopped between two lines; what the lines before it did stands") from None
