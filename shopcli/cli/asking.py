"""Asking the person at the terminal for what is missing, and reading secrets from pipes."""

import sys
from collections.abc import Sequence

from backends.errors import InvalidValue
from backends.text import is_clean
from shopcli.cli.failures import Cancelled, Usage
from shopcli.cli.options import Options, is_terminal

# A line of a secret; a whole file piped in by mistake ends here.
_MAX_SECRET = 4096
_NOTHING_CHANGED = "cancelled, nothing was changed"
_NO_TEXT = "what was typed is not valid text"


class Asking:
    """Questions on stderr and answers from stdin, never without a terminal or with `--no-input`."""

    def __init__(self, options: Options) -> None:
        """Ask only if a person can see the question and answer it."""
        self.possible = options.input_allowed and is_terminal(sys.stdin) and is_terminal(sys.stderr)

    def text(self, question: str, flag: str, *, optional: bool = False) -> str:
        """Ask for a line of text until there is one. Raises Usage naming `flag` where nobody can be asked."""
        self.require(flag)
        while True:
            answer = self._line(f"{question}: ").strip()
            if not is_clean(answer):
                raise InvalidValue(f"{question} contains control characters")
            if answer or optional:
                return answer

    def secret(self, question: str, flag: str) -> str:
        """Ask for something without showing it. Raises Usage naming `flag` where nobody can be asked."""
        self.require(flag)
        from getpass import getpass

        while True:
            try:
                answer = getpass(f"{question}: ", stream=sys.stderr)
            except (EOFError, KeyboardInterrupt):
                raise _cancelled() from None
            except UnicodeDecodeError:
                raise InvalidValue(_NO_TEXT) from None
            if answer:
                return answer

    def new_password(self, flag: str) -> str:
        """Ask for a password twice, until both are the same."""
        while True:
            password = self.secret("Password", flag)
            if self.secret("Password again", flag) == password:
                return password
            print("these two differ, once more", file=sys.stderr)

    def confirm(self, question: str) -> None:
        """Go on only after a yes. Raises Cancelled, and Usage naming `--yes` where nobody can be asked."""
        self.require("--yes")
        if self._line(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
            raise Cancelled("not confirmed, so nothing was changed")

    def require(self, *flags: str) -> None:
        """Raise Usage naming `flags` where nobody can be asked."""
        if not self.possible:
            raise missing(flags)

    def _line(self, prompt: str) -> str:
        print(prompt, end="", file=sys.stderr, flush=True)
        try:
            answer = sys.stdin.readline()
        except KeyboardInterrupt:
            raise _cancelled() from None
        except UnicodeDecodeError:
            raise InvalidValue(_NO_TEXT) from None
        if not answer:
            raise _cancelled()
        return answer


def _cancelled() -> Cancelled:
    print(file=sys.stderr)  # the question is still on the line
    return Cancelled(_NOTHING_CHANGED)


def missing(flags: Sequence[str]) -> Usage:
    """Return the error that names what has to be given where nobody can be asked."""
    verb = "is" if len(flags) == 1 else "are"
    return Usage(f"{', '.join(flags)} {verb} missing, and there is no terminal to ask at")


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
