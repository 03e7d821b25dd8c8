"""Tables on a terminal. Imported only where one is drawn: rich.console costs 4.9 times a bare Python start."""

import errno
import os
from collections.abc import Sequence
from shutil import get_terminal_size
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shopcli.cli.output.columns import Column

_GAP = 2
# What a shrunk title still has to show to be told from its neighbours.
_MIN_TITLE = 16
_MIN_CELL = 4


class _Console(Console):
    """A console that leaves a closed pipe to the command: by itself it would end the process."""

    def on_broken_pipe(self) -> None:
        """Raise the error that print() raises."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def fit(columns: Sequence[Column], natural: Sequence[int], room: int) -> dict[int, int]:
    """Return the width of each column that fits into `room`, by its index.

    Titles shrink first, then the least important columns leave, and what they free goes back to the titles.
    """
    widths = dict(enumerate(natural))
    titles = [index for index, column in enumerate(columns) if column.shrinks]

    def excess() -> int:
        return sum(widths.values()) + _GAP * (len(widths) - 1) - room

    def shrink(index: int, least: int) -> None:
        widths[index] = max(min(widths[index], least), widths[index] - max(0, excess()))

    for index in titles:
        shrink(index, _MIN_TITLE)
    for index in sorted(widths, key=lambda index: -columns[index].rank):
        if excess() > 0 and columns[index].rank:
            del widths[index]
    for index in titles:
        if index in widths and excess() < 0:
            widths[index] = min(natural[index], widths[index] - excess())
    for index in sorted(widths, key=lambda index: -widths[index]):
        shrink(index, _MIN_CELL)
    return widths


def _with_words(
    columns: Sequence[Column], headers: list[str], natural: list[int], rows: Sequence[Sequence[str]]
) -> tuple[Sequence[Column], list[str], list[int], Sequence[Sequence[str]]]:
    """Leave out the columns that may leave and say nothing: they do so before any title shrinks."""
    kept = [index for index, column in enumerate(columns) if not column.rank or any(row[index] for row in rows)]
    return (
        [columns[index] for index in kept],
        [headers[index] for index in kept],
        [natural[index] for index in kept],
        [[row[index] for index in kept] for row in rows],
    )


def draw(columns: Sequence[Column], rows: Sequence[Sequence[str]], *, stream: TextIO, color: bool) -> None:
    """Draw a table as wide as the terminal allows. Cells are plain text and never markup."""
    width = get_terminal_size().columns
    headers = [(column.header if column.header is not None else column.name).upper() for column in columns]
    natural = [
        max(cell_len(text) for text in (headers[index], *(row[index] for row in rows))) for index in range(len(columns))
    ]
    if sum(natural) + _GAP * (len(natural) - 1) > width:
        columns, headers, natural, rows = _with_words(columns, headers, natural, rows)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_edge=False)
    widths = fit(columns, natural, width)
    for index in sorted(widths):
        table.add_column(
            Text(headers[index], style="bold"),
            width=widths[index],
            no_wrap=True,
            overflow="ellipsis",
            justify="right" if columns[index].right else "left",
        )
    for row in rows:
        table.add_row(*(Text(row[index], columns[index].styles.get(row[index], "")) for index in sorted(widths)))
    console = _Console(
        file=stream,
        width=width,
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        markup=False,
        highlight=False,
        emoji=False,
    )
    console.print(table)
