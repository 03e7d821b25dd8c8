"""A picker on the terminal: a question, a field to search in, and the rows that match below it.

Imported only where a question is really asked. It draws on stderr, so that stdout stays data, and takes itself away
when it ends. Cursor position requests stay off: their answers may come late, and then the shell reads them as keys.
"""

import asyncio
import io
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import redirect_stderr
from typing import Generic, TypeVar

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import BufferControl, FormattedTextControl, HSplit, Layout, VerticalAlign, Window
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth

from backends.errors import ShopError
from backends.text import clean
from shopcli.cli.asking.choices import Choice, Found, Menu, cut, fitted, matching, safe_ones, whole

T = TypeVar("T")
Search = Callable[[str], Awaitable[Found[T]]]

ROWS = 10
DEBOUNCE = 0.15
"""Seconds without a key before a shop is searched."""
_FRAME = 3  # question, status, and a line of what stood before
_MARK = "> "
_KEYS = ("  type to search, enter takes it, esc cancels", "  enter takes it, esc cancels", "  esc cancels")
"""The longest that fits is shown."""
_MAX_TYPED = 200
_ESCAPE_SECONDS = 0.1  # so long a lone escape may still become an arrow key
_COLORS = Style.from_dict({"question": "bold", "marked": "ansicyan bold", "detail": "dim", "error": "ansired"})
_PLAIN = Style.from_dict({})
_STEPS = {"up": -1, "c-p": -1, "down": 1, "c-n": 1}
_PAGES = {"pageup": -1, "pagedown": 1}


async def picked(question: str, first: Found[T], *, at: int, search: Search[T] | None, color: bool) -> Choice[T]:
    """Let the person choose. Raises EOFError where they would rather not.

    What is written to stderr meanwhile follows when the picker is gone.
    """
    held = io.StringIO()
    picker = Picker(question, first, at=at, search=search, color=color)
    try:
        with redirect_stderr(held):
            return await picker.application.run_async()
    finally:
        sys.stderr.write(held.getvalue())


class Picker(Generic[T]):
    """The application of one question."""

    def __init__(self, question: str, first: Found[T], *, at: int, search: Search[T] | None, color: bool) -> None:
        """Prepare; nothing is drawn yet."""
        self._first = first
        self._offered = first
        self._menu = Menu(first.choices, at=at)
        self._search = search
        self._searching = False
        self._taken = False
        self._error: ShopError | None = None
        self._field = Buffer(multiline=False, on_text_changed=self._typed)
        self.application: Application[Choice[T]] = Application(
            layout=self._layout(question),
            key_bindings=self._keys(),
            style=_COLORS if color else _PLAIN,
            color_depth=ColorDepth.DEPTH_4_BIT if color else ColorDepth.DEPTH_1_BIT,
            include_default_pygments_style=False,
            erase_when_done=True,
            input=create_input(sys.stdin),
            output=_output(),
        )
        self.application.ttimeoutlen = self.application.timeoutlen = _ESCAPE_SECONDS

    # --- what is seen ---

    def _layout(self, question: str) -> Layout:
        field = BufferControl(self._field, input_processors=[BeforeInput(f"{question}: ", style="class:question")])
        rows = FormattedTextControl(self._rows)
        status = FormattedTextControl(self._status)
        return Layout(
            HSplit(
                [
                    Window(field, height=1),
                    Window(rows, height=self._height, always_hide_cursor=True),
                    Window(status, height=1, always_hide_cursor=True),
                ],
                align=VerticalAlign.TOP,
            )
        )

    def _height(self) -> int:
        room = self.application.output.get_size().rows - _FRAME
        return max(1, min(ROWS, room, len(self._menu.shown)))

    def _width(self) -> int:
        """Return how wide lines may be: a character in the last column makes terminals wrap."""
        return max(1, self.application.output.get_size().columns - 1)

    def _rows(self) -> StyleAndTextTuples:
        shown, at = self._menu.window(self._height())
        text: StyleAndTextTuples = []
        for place, row in enumerate(fitted(shown, self._width() - len(_MARK), get_cwidth)):
            style, mark = ("class:marked", _MARK) if place == at else ("", " " * len(_MARK))
            text += [(style, mark + row.label), ("class:detail", row.detail), ("", "\n")]
        return text[:-1]

    def _status(self) -> StyleAndTextTuples:
        if self._error is not None:
            return [("class:error", cut(clean(self._error.message), self._width(), get_cwidth))]
        return [("class:detail", cut(self._state(), self._width(), get_cwidth))]

    def _state(self) -> str:
        if self._searching:
            return "searching ..."
        if not self._menu.shown:
            return "nothing matches"
        place = self._offered.place(self._menu.at)
        return next((text for keys in _KEYS if get_cwidth(text := place + keys) <= self._width()), place)

    # --- what is typed ---

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        for name, by in (_STEPS | _PAGES).items():
            keys.add(name)(self._mover(by, paging=name in _PAGES))
        for name in ("escape", "c-c", "c-g", "c-d", Keys.SIGINT):
            keys.add(name)(_cancel)
        keys.add("enter")(self._take)
        keys.add("c-z")(_suspend)
        keys.add(Keys.BracketedPaste)(self._paste)
        return keys

    def _mover(self, by: int, *, paging: bool) -> Callable[[KeyPressEvent], None]:
        def move(_: KeyPressEvent) -> None:
            self._taken = False
            if paging:
                self._menu.turn(by * self._height())
            else:
                self._menu.step(by)

        return move

    def _paste(self, event: KeyPressEvent) -> None:
        self._field.insert_text(clean(" ".join(event.data[:_MAX_TYPED].split())))

    def _take(self, _: KeyPressEvent) -> None:
        """Take the marked row; while a search is under way, the first one that it finds."""
        if self._searching:
            self._taken = True
        elif (choice := self._menu.marked) is not None:
            self.application.exit(result=choice)

    def _typed(self, _: Buffer) -> None:
        self._taken, self._error = False, None
        if self._search is None:
            self._offer(whole(matching(self._first.choices, self._field.text)))
        elif not self._searching:
            self._searching = True
            self.application.create_background_task(self._searched(self._search))

    # --- searching at the shop ---

    async def _searched(self, search: Search[T]) -> None:
        """Search until what was found is for what stands in the field."""
        try:
            while not await self._found(search, self._field.text):
                pass
        except Exception as error:  # noqa: BLE001 - a bug, which the command reports
            self.application.exit(exception=error)
            return
        self._searching = False
        if self._taken and self._menu.marked is not None:
            self.application.exit(result=self._menu.marked)
        self.application.invalidate()

    async def _found(self, search: Search[T], text: str) -> bool:
        await asyncio.sleep(DEBOUNCE)
        if text != self._field.text:
            return False
        try:
            found = safe_ones(await search(text)) if text.strip() else self._first
        except ShopError as error:
            found, self._error = whole([]), error
        self._offer(found)
        return text == self._field.text

    def _offer(self, found: Found[T]) -> None:
        self._offered = found
        self._menu.offer(found.choices)


def _suspend(event: KeyPressEvent) -> None:
    event.app.suspend_to_background()


def _cancel(event: KeyPressEvent) -> None:
    event.app.exit(exception=EOFError())


def _output() -> Vt100_Output:
    output = Vt100_Output.from_pty(sys.stderr, term=os.environ.get("TERM"))
    output.enable_cpr = False
    return output
