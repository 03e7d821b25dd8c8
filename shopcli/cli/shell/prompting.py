"""The line of `shop shell` at a terminal: editing, history, suggestions and completion."""

import sys
from collections.abc import Iterable, Iterator
from typing import Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import History as Strings
from prompt_toolkit.output import ColorDepth, Output, create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.styles import Style

from backends.deadline import deadline
from backends.errors import ShopError
from backends.text import clean
from shopcli.cli.shell.history import History, keeps
from shopcli.cli.shell.lines import completed, is_command, written
from shopcli.core.shop import Shop

_STYLE = Style.from_dict({"code": "ansibrightblack"})
_HISTORY_SECONDS = 1.0


class Prompting(Protocol):
    """What a prompt tells."""

    shop: Shop
    code: int

    @property
    def place(self) -> str:
        """Where one is, and who."""


class Prompt:
    """Asks for a line. Ctrl-C clears it, Ctrl-D on an empty one is the end."""

    def __init__(self, session: Prompting, history: History, *, color: bool) -> None:
        """Ask on stderr, so that stdout is for data; without `color` nothing is suggested, as it would look typed."""
        self._session = session
        self._history = _Kept(history)
        self._lines: PromptSession[str] = PromptSession(
            self._message,
            output=_stderr(),
            style=_STYLE,
            color_depth=None if color else ColorDepth.DEPTH_1_BIT,
            history=self._history,
            enable_history_search=True,
            auto_suggest=AutoSuggestFromHistory() if color else None,
            completer=Completing(session.shop),
            complete_while_typing=False,
            complete_in_thread=session.shop.backend.suspends,
            enable_suspend=True,
        )

    def read(self) -> str | None:
        """Return the line, None at the end."""
        try:
            return self._lines.prompt()
        except KeyboardInterrupt:
            return ""
        except EOFError:
            return None
        finally:
            self._history.complain()

    def _message(self) -> FormattedText:
        code = [("class:code", f"[{self._session.code}] ")] if self._session.code else []
        return FormattedText([*code, ("", f"shop {self._session.place}> ")])


class _Kept(Strings):
    """The history as the line's keys want it. A file that cannot be used costs the history, and no command."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history
        self._trouble = ""
        self._complained = False

    def load_history_strings(self) -> Iterable[str]:
        try:
            return reversed(self._history.read())
        except OSError as error:
            self._trouble = str(error)
            return ()

    def append_string(self, string: str) -> None:
        for line in filter(keeps, string.split("\n")):
            super().append_string(line)

    def store_string(self, string: str) -> None:
        if not is_command(string):  # a password, for instance, that was pasted behind its command
            return
        try:
            with deadline(_HISTORY_SECONDS):
                self._history.add(string)
        except (OSError, ShopError) as error:
            self._trouble = str(error)

    def complain(self) -> None:
        """Say once that lines are not kept; between two lines, where it disturbs none."""
        if self._trouble and not self._complained:
            print(clean(f"! lines are not kept: {self._trouble}"), file=sys.stderr)
            self._complained = True


class Completing(Completer):
    """Commands, options, products and orders for the word at the cursor."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002 - prompt_toolkit's
        """Yield what the word at the cursor can become."""
        found = completed(document.text_before_cursor)
        if found is None:
            return
        words, word = found
        from shopcli.cli.completing.words import MORE, candidates

        offered = sorted(candidates(words, word, self._shop), key=lambda each: each.text.endswith(MORE))
        for candidate in offered:
            if (text := written(candidate.text.removesuffix(MORE), word)) is not None:
                space = " " if candidate.is_whole else ""
                about = clean(candidate.description)
                yield Completion(text + space, -len(word), display=clean(candidate.text), display_meta=about)


def _stderr() -> Output:
    output = create_output(sys.stderr)
    if isinstance(output, Vt100_Output):
        output.enable_cpr = False  # an answer that comes late would be typed into the next command's question
    return output
