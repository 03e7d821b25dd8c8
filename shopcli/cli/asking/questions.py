"""Asking the person at the terminal for what is missing, and reading secrets from pipes."""

import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from backends.errors import InvalidValue
from backends.text import clean, is_clean
from shopcli.cli.failures import Cancelled, Usage
from shopcli.cli.options import Options, is_terminal
from shopcli.core.terminals import moves_cursor

if TYPE_CHECKING:
    from shopcli.cli.asking.choices import Choice, Found
    from shopcli.cli.asking.picking import Search

T = TypeVar("T")
Check = Callable[[str], object]
Loop = Callable[[Coroutine[Any, Any, Any]], Any]

# A line of a secret; a whole file piped in by mistake ends here.
_MAX_SECRET = 4096
# So many choices are named where they cannot be shown.
_NAMED = 10
_NEEDED = "an answer is needed here; Ctrl-C cancels"
_NO_TEXT = "what was typed is not valid text"
_NO_LETTERS = "control characters, such as arrow keys leave, are no text; once more"


class Asking:
    """Questions on stderr and answers from stdin, never without a terminal or with `--no-input`."""

    def __init__(self, options: Options, loop: Loop) -> None:
        """Ask only if a person can see the question and answer it.

        A picker runs on `loop`, which has to be the one of the shop's connections if it searches there.
        """
        self.possible = options.input_allowed and is_terminal(sys.stdin) and is_terminal(sys.stderr)
        self.stands = "nothing was changed"
        """What is true if the person cancels now."""
        self._color = options.colors(sys.stderr)
        self._plain = _is_plain(options)
        self._loop = loop

    def text(self, question: str, flag: str, *, optional: bool = False, check: Check | None = None) -> str:
        """Ask for a line of text until there is one that `check` accepts: it raises InvalidValue for others.

        Raises Usage naming `flag` where nobody can be asked.
        """
        self.require(flag)
        while True:
            answer = self._answer(question)
            if not answer and not optional:
                print(_NEEDED, file=sys.stderr)
            if (answer and _is_accepted(answer, check)) or (optional and not answer):
                return answer

    def pick(
        self,
        question: str,
        flag: str,
        choices: "Sequence[Choice[T]] | Found[T]",
        *,
        default: T | None = None,
        search: "Search[T] | None" = None,
    ) -> T:
        """Let the person choose one of `choices`, or of what `search` finds; `default` is marked at first.

        Raises Cancelled, and Usage naming `flag` and the choices where nobody can be asked.
        """
        from shopcli.cli.asking.choices import Found, safe_ones, whole

        first: Found[T] = safe_ones(choices if isinstance(choices, Found) else whole(choices))
        if not self.possible:
            raise missing([flag], [choice.key or choice.label for choice in first.choices])
        at = next((place for place, choice in enumerate(first.choices) if choice.value == default), None)
        chosen = (self._picked_by_number if self._plain else self._picked)(question, first, at, search)
        self._tell(question, chosen.label)
        return chosen.value

    def secret(self, question: str, flag: str, *, check: Check | None = None) -> str:
        """Ask for something without showing it until `check` accepts it, which repeats nothing of it.

        Raises Usage naming `flag` where nobody can be asked.
        """
        self.require(flag)
        from getpass import getpass

        while True:
            try:
                with _unsuspended():
                    answer = getpass(f"{question}: ", stream=sys.stderr)
            except (EOFError, KeyboardInterrupt):
                raise self._cancelled() from None
            except UnicodeDecodeError:
                raise InvalidValue(_NO_TEXT) from None
            if answer and _is_accepted(answer, check):
                return answer

    def new_password(self, flag: str, question: str = "Password") -> str:
        """Ask for a password twice, until both are the same."""
        while True:
            password = self.secret(question, flag)
            if self.secret(f"{question} again", flag) == password:
                return password
            print("these two differ, once more", file=sys.stderr)

    def confirm(self, question: str) -> None:
        """Go on only after a yes. Raises Cancelled, and Usage naming `--yes` where nobody can be asked."""
        self.require("--yes")
        if self._line(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
            raise Cancelled(f"not confirmed, so {self.stands}")

    def require(self, *flags: str, hint: str | None = None) -> None:
        """Raise Usage naming `flags` where nobody can be asked; `hint` lists what there is."""
        if not self.possible:
            raise missing(flags, hint=hint)

    def _picked(self, question: str, first: "Found[T]", at: int | None, search: "Search[T] | None") -> "Choice[T]":
        from shopcli.cli.asking.picking import picked

        asked = picked(question, first, at=at or 0, search=search, color=self._color)
        try:
            chosen: Choice[T] = self._loop(asked)
        except (EOFError, KeyboardInterrupt):
            raise Cancelled(f"cancelled, {self.stands}") from None
        return chosen

    def _picked_by_number(
        self, question: str, first: "Found[T]", at: int | None, search: "Search[T] | None"
    ) -> "Choice[T]":
        from shopcli.cli.asking.choices import safe_ones
        from shopcli.cli.asking.numbered import picked

        async def found(search: "Search[T]", typed: str) -> "Found[T]":
            return safe_ones(await search(typed))

        at_shop = None if search is None else lambda typed: self._loop(found(search, typed))
        return picked(question, first, at=at, read=self._answer, search=at_shop)

    def _tell(self, question: str, answer: str) -> None:
        """Leave one line of a question that was answered."""
        from shopcli.cli.asking.choices import cut
        from shopcli.cli.output.talk import cells, columns

        answer = cut(answer, columns() - cells(f"{question}: "), cells)
        before, after = ("\x1b[36m", "\x1b[0m") if self._color else ("", "")
        print(f"{question}: {before}{answer}{after}", file=sys.stderr)

    def _answer(self, question: str) -> str:
        while not is_clean(answer := self._line(f"{question}: ").strip()):
            print(_NO_LETTERS, file=sys.stderr)
        return answer

    def _line(self, prompt: str) -> str:
        try:  # from the first letter of the question on: whoever reads it may be quick
            print(prompt, end="", file=sys.stderr, flush=True)
            answer = sys.stdin.readline()
        except KeyboardInterrupt:
            raise self._cancelled() from None
        except UnicodeDecodeError:
            raise InvalidValue(_NO_TEXT) from None
        if not answer:
            raise self._cancelled()
        return answer

    def _cancelled(self) -> Cancelled:
        print(file=sys.stderr)  # the question is still on the line
        return Cancelled(f"cancelled, {self.stands}")


class _Terminal(NamedTuple):
    """What a question waits for: keys."""

    name: str = "a terminal"
    suspends: bool = True


TERMINAL = _Terminal()


@contextmanager
def _unsuspended() -> Iterator[None]:
    """Let Ctrl-Z do nothing: a shell that the person comes back from shows what is typed, and so the secret."""
    before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)


def _is_plain(options: Options) -> bool:
    """Whether a list with numbers is what this terminal, or the person at it, can do with."""
    return options.prompts == "plain" or not moves_cursor()


def _is_accepted(answer: str, check: Check | None) -> bool:
    try:
        if check is not None:
            check(answer)
    except InvalidValue as error:
        print(f"{clean(error.message)}; once more", file=sys.stderr)
        return False
    return True


def missing(flags: Sequence[str], known: Sequence[str] = (), *, hint: str | None = None) -> Usage:
    """Return the error that names what has to be given where nobody can be asked, and what it may be."""
    verb = "is" if len(flags) == 1 else "are"
    more = [f"{len(known) - _NAMED} more"] if len(known) > _NAMED else []
    there = f"; there is {', '.join([*known[:_NAMED], *more])}" if known else ""
    return Usage(f"{', '.join(flags)} {verb} missing, and there is no terminal to ask at{there}", hint=hint)


def piped_secret(flag: str) -> str:
    """Read one line from the pipe on stdin. Raises Usage where stdin is a terminal that would show it."""
    if sys.stdin is None or is_terminal(sys.stdin):
        raise Usage(f"{flag} reads a pipe; leave it out to be asked without showing what you type")
    line = sys.stdin.buffer.readline(_MAX_SECRET + 1)
    try:
        text = line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise InvalidValue(f"{flag} got bytes that are not UTF-8") from None
    if not text or len(line) > _MAX_SECRET:
        raise InvalidValue(f"{flag} expects one line of at most {_MAX_SECRET} bytes on stdin")
    return text
