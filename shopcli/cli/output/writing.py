"""What a command prints: data on stdout, talk on stderr."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, fields
from shutil import get_terminal_size
from typing import Any, TextIO

from backends.text import clean
from shopcli.cli.failures import Usage
from shopcli.cli.next_commands import repeated
from shopcli.cli.options import Options, is_terminal
from shopcli.cli.output.columns import Column, View, plain, shown
from shopcli.cli.output.jsonable import colored, dumps, jsonable, paths_of, selected
from shopcli.cli.output.talk import folded, wrapped


@dataclass(frozen=True, slots=True)
class Listed:
    """A list, in the shape of its JSON."""

    items: Sequence[Any]
    next_cursor: str | None
    total: int | None


class Output:
    """Writes things the way `-o` says, and talks to the person unless nobody listens.

    With JSON output stderr carries nothing but one error object, so there is no talk then.
    """

    def __init__(self, options: Options) -> None:
        """Follow `options`; nothing is written yet."""
        self._options = options
        self.mode = options.output
        self._fields = options.fields
        self._again = options.again
        self._colors = options.colors
        self._talks = not options.quiet and self.mode not in ("json", "jsonl")
        self.shown: object | None = None
        """What was written last, before it became text."""
        self.unwritten: OSError | None = None
        """Why some of it could not be written. The command goes on: what it did is done, and has its own last word."""

    @property
    def talks(self) -> bool:
        """Whether the person is told anything."""
        return self._talks

    def check(self, view: View) -> None:
        """Refuse unknown `--fields` before anything is done. Raises Usage."""
        if self.mode in ("json", "jsonl"):
            known = [field.name for field in fields(view.model)]
            if any("." in name for name in self._fields):
                known += self._parts(view)
        else:
            known = [column.name for column in view.columns]
        if unknown := [name for name in self._fields if name not in known]:
            raise Usage(f"no field {', '.join(unknown)}; there is {', '.join(known)}")

    def _parts(self, view: View) -> Iterator[str]:
        """Find the parts of the fields that were asked for: `totals.total`."""
        asked = {name.partition(".")[0] for name in self._fields}
        return (path for path in paths_of(view.model) if "." in path and path.partition(".")[0] in asked)

    def show(self, view: View, thing: object) -> None:
        """Write one thing."""
        self.shown = thing
        with self._writing():
            self._write_one(view, thing)

    def list(
        self,
        view: View,
        things: Sequence[Any],
        *,
        next_cursor: str | None = None,
        total: int | None = None,
        empty: str,
    ) -> None:
        """Write a list; an empty one says on a terminal what to do about it."""
        self.shown = Listed(things, next_cursor, total)
        with self._writing():
            self._write_list(view, self.shown)
        if self.mode in ("json", "jsonl"):
            return
        if not things:
            self.advise(empty)
        if next_cursor is not None:
            shown_of = f"{len(things)} of {total}, " if total is not None else ""
            where = "--all" if self.mode == "table" else f"--cursor {next_cursor}, or --all"
            self.say(f"{shown_of}there is more: {where}")

    def flush(self) -> None:
        """Write what still waits to be written."""
        with self._writing():
            sys.stdout.flush()

    def screen(self) -> AbstractContextManager[TextIO]:
        """Give the stream for what people read on stdout: through a pager, if it is longer than the screen."""
        if not is_terminal(sys.stdout):
            return nullcontext(sys.stdout)
        from shopcli.cli.output.pager import paged

        return paged(self._options)

    def draw_card(self, view: View, thing: object, stream: TextIO) -> None:
        """Write one thing for people."""
        if view.card is None:
            return
        card = view.card(thing)
        width = get_terminal_size().columns
        for line in card.head:
            print(folded(clean(line), width), file=stream)
        if card.rows:
            self._draw([column for column in card.columns if not column.hidden], card.rows, stream)
        for line in card.foot:
            print(folded(clean(line), width), file=stream)

    def preview(self, view: View, thing: object) -> None:
        """Show people what they are about to confirm, on stderr."""
        if self._talks:
            self.draw_card(view, thing, sys.stderr)

    def say(self, text: str) -> None:
        """Tell the person something."""
        if self._talks:
            print(wrapped(clean(text)), file=sys.stderr)

    def advise(self, text: str) -> None:
        """Say a sentence that ends in an arrow and a command."""
        words, arrow, command = text.partition(" → ")
        if not arrow:
            self.say(words)
        elif self._talks:
            print(wrapped(clean(words), command=self._arrow(command)), file=sys.stderr)

    def next(self, command: str) -> None:
        """Name the command that makes sense now."""
        if self._talks:
            print(self._arrow(command), file=sys.stderr)

    def _arrow(self, command: str) -> str:
        return f"→ {clean(repeated(command, self._again))}"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.unwritten = error

    def _write_one(self, view: View, thing: object) -> None:
        if self.mode in ("json", "jsonl"):
            self._write_json(self._selected(thing), indented=self.mode == "json")
        elif self.mode == "table" and view.card is not None and not self._fields:
            with self.screen() as stream:
                self.draw_card(view, thing, stream)
        else:
            self._write_rows(view, view.rows(thing))

    def _write_list(self, view: View, listed: Listed) -> None:
        if self.mode == "json":
            items = [self._selected(thing) for thing in listed.items]
            rest = {"next_cursor": jsonable(listed.next_cursor), "total": listed.total}
            self._write_json({"items": items, **rest}, indented=True)
        elif self.mode == "jsonl":
            for thing in listed.items:
                self._write_json(self._selected(thing), indented=False)
        elif listed.items:
            self._write_rows(view, [row for thing in listed.items for row in view.rows(thing)])

    def _write_rows(self, view: View, rows: Sequence[Any]) -> None:
        if self.mode == "id":
            for row in rows:
                print(plain(view.identity(row)))
            return
        columns = self._columns(view)
        if self.mode == "table":
            with self.screen() as stream:
                self._draw(columns, rows, stream)
            return
        for row in rows:
            print("\t".join(plain(column.value(row)) for column in columns))

    def _columns(self, view: View) -> Sequence[Column]:
        if self._fields:
            by_name = {column.name: column for column in view.columns}
            return [by_name[name] for name in self._fields]
        return [column for column in view.columns if not column.hidden]

    def _draw(self, columns: Sequence[Column], rows: Sequence[Any], stream: TextIO) -> None:
        from shopcli.cli.output.tables import draw

        cells = [[shown(column.value(row)) for column in columns] for row in rows]
        draw(columns, cells, stream=stream, color=self._colors(stream))

    def _selected(self, thing: object) -> object:
        value = jsonable(thing)
        return selected(value, self._fields) if self._fields else value

    def _write_json(self, value: object, *, indented: bool) -> None:
        if not is_terminal(sys.stdout):
            print(dumps(value))
            return
        text = dumps(value, indented=indented, letters="utf" in sys.stdout.encoding.lower())
        print(colored(text) if self._colors(sys.stdout) else text)
