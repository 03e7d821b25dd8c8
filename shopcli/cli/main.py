"""The entry of `shop`: exit codes, Ctrl-C, closed pipes, and what needs no command at all."""

import io
import os
import sys

try:
    from shopcli.cli.options import HELP, Options, hoist, hostile, is_terminal, wants_json
except KeyboardInterrupt:  # before there is anything to cancel
    sys.exit(130)

TYPE_CHECKING = False  # as typing's, whose import costs 0.9 of a bare Python start
if TYPE_CHECKING:
    from collections.abc import Callable

    from shopcli.cli.run import Run
    from shopcli.cli.stopping import Stop

_UNWRITTEN = 12
_SHELL = ["shell"]
"""It listens to no signal while it waits for a line, as it would wait on; each of its lines does."""
_TAB = ["__complete"]
"""The command of the scripts of `shop completion`: not for people, and before anything else is imported."""


def main(line: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    try:
        _open_streams()
        ours = sys.__stderr__  # which keeps open what is below it
        if line is None and ours is not None and sys.stderr is ours:
            sys.stderr = _Talk(ours.buffer, ours.encoding, "backslashreplace", line_buffering=True)
        code = _answer(sys.argv[1:] if line is None else line)
    except KeyboardInterrupt:  # before anything was begun, or once more while the first one was being reported
        code = 130
    if line is None and sys.argv[1:2] == _TAB:
        os._exit(code)  # what Python tidies up at its end is a sixth of what TAB costs
    sys.exit(code)


class _Talk(io.TextIOWrapper):
    """A stderr that ends no command because nobody reads it, or because its disk is full."""

    def write(self, text: str) -> int:
        """Write the text if that is possible."""
        try:
            return super().write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        """Write what waits, if that is possible."""
        try:
            super().flush()
        except OSError:
            return


def _open_streams() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed (`2>&-`), and print would write errors to stdout then
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - lives as long as we
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):  # not every stand-in for a stream has it
            stream.reconfigure(errors="backslashreplace")
    if hasattr(sys.stdin, "reconfigure"):  # bytes that are no text are seen as such, in every locale
        sys.stdin.reconfigure(errors="surrogateescape")


def _answer(line: list[str]) -> int:
    code = 0
    try:
        code = _completed(line[1:]) if line[:1] == _TAB else guarded(line)
        sys.stdout.flush()
    except BrokenPipeError:
        _leave_quietly()
    except OSError:
        _leave_quietly()
        return code or _UNWRITTEN
    return code


def _completed(arguments: list[str]) -> int:
    from shopcli.cli.completing.tab import answer

    answer(arguments)
    return 0


def guarded(line: list[str], begin: "Callable[[Options], Run] | None" = None) -> int:
    """Run the line; whatever ends it early is reported and becomes an exit code.

    `begin` makes the run that the line's options mean; by default a new one.
    """
    options: Options | None = None
    run: Run | None = None
    stop: Stop | None = None
    try:
        _refuse_hostile(line)
        options, rest = hoist(line)
        if options.version or rest == ["help"] or (rest and rest[0] in HELP):
            from shopcli.cli import help as static

            _show_help(static.version() if options.version else static.ROOT, options)
            return 0
        run = (begin or _begun)(options)
        if rest and rest[0] in options.aliases:
            from shopcli.cli.aliases import expanded

            whole = expanded(line, options.aliases)
            if whole != line:
                return guarded(whole, begin)
        with _stop(rest) as stop:
            code = _dispatch(run, rest)
    except BrokenPipeError as error:
        if run is not None and _moved_money(run):
            _failed(error, options, line, run)
        raise
    except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 - the last line of defence
        code = _failed(error, options, line, run)
    if stop is None:
        return code
    if begin is not None:
        stop.end_process()  # the session's next command is not to run
    return stop.code(code)


def _show_help(text: str, options: Options) -> None:
    if not is_terminal(sys.stdout):
        print(text)
        return
    from shopcli.cli.output.pager import paged

    options.lenient = True
    options.read_config()
    with paged(options) as screen:
        print(text, file=screen)


def _begun(options: Options) -> "Run":
    from shopcli.cli.run import Run

    options.read_config()
    return Run(options)


def _stop(rest: list[str]) -> "Stop":
    from shopcli.cli.stopping import Stop

    return Stop(listens=rest[:1] != _SHELL)


def _dispatch(run: "Run", rest: list[str]) -> int:
    try:
        code = _invoke(run, rest) if rest else _start(run)
    finally:
        try:
            run.close()
            run.out.flush()  # here, where an error still knows what the command changed
        finally:
            run.show_trace()
    if run.out.unwritten is not None and not code:
        raise run.out.unwritten
    return code


def _start(run: "Run") -> int:
    from shopcli.cli.start import show_start

    show_start(run)
    return 0


def _invoke(run: "Run", rest: list[str]) -> int:
    from contextlib import nullcontext, redirect_stdout

    from typer import Exit

    from shopcli.cli.commands import root

    # Not root.main(): it turns Ctrl-C and closed pipes into exit codes of its own.
    with run.out.screen() if _explains(rest) else nullcontext(sys.stdout) as screen, redirect_stdout(screen):
        try:
            with root().make_context("shop", rest, obj=run) as context:
                root().invoke(context)
        except Exit as done:
            return done.exit_code
    return 0


def _explains(rest: list[str]) -> bool:
    """Whether the command prints help and nothing else."""
    return rest[0] == "help" or not set(rest).isdisjoint(HELP)


def _failed(error: BaseException, options: Options | None, line: list[str], run: "Run | None") -> int:
    from backends.errors import InvalidValue
    from shopcli.cli.failures import Internal, blamed, print_traceback, report, understood

    did = run.out.shown if run and error is run.out.unwritten else None
    failure = understood(error, look=run.look if run else None, did=did)
    if isinstance(failure, Internal) and run is not None and "shop" in vars(run):  # it was opened
        failure = blamed(failure, error, run.shop.url)
    if failure.hint is None and isinstance(failure, InvalidValue) and run:
        failure.hint = f"{run.path} --help"
    if failure.hint and options is not None:
        from shopcli.cli.next_commands import lasting, repeated

        failure.hint = repeated(lasting(failure.hint, options), options.again)
    if run is not None:
        run.failure = failure
    as_json = wants_json(line) if options is None else options.output in ("json", "jsonl")
    color = is_terminal(sys.stderr) if options is None else options.colors(sys.stderr)
    if options is not None and options.verbose and isinstance(failure, Internal):
        print_traceback(error)
    report(failure, as_json=as_json, color=color)
    return failure.exit_code


def _moved_money(run: "Run") -> bool:
    """Whether the command did what has to be said even where nobody reads its output."""
    from shopcli.cli.failures import money

    return run.look is not None and money(run.out.shown) is not None


def _refuse_hostile(line: list[str]) -> None:
    place = hostile(line)
    if place is not None:
        from shopcli.cli.failures import Usage

        raise Usage(f"argument {place} contains control characters or is no valid text: {line[place - 1]}")


def _leave_quietly() -> None:
    """Let nothing more be written: the reader went away, and Python would complain once more at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            os.dup2(nowhere, stream.fileno())
        except (AttributeError, OSError, ValueError):  # closed, or no real file
            continue
