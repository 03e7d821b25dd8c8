"""Rows of a catalog's file, in CSV (RFC 4180) or JSON lines, each with the line that it begins on."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import BinaryIO, NamedTuple

from backends.catalog import quoted
from backends.errors import InvalidValue

COLUMNS = ("slug", "title", "brand", "category", "description", "sku", "variant", "price", "currency", "stock")
REQUIRED = ("slug", "title", "price", "stock")
FORMATS = ("csv", "jsonl")
MAX_LINE = 1 << 20
"""Bytes; what has longer lines is no catalog."""

_TOLD = 1 << 16
"""Bytes between two times that somebody is told."""
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Mistake(NamedTuple):
    """What is wrong in a row; without a column it is the row as a whole."""

    line: int
    column: str | None
    reason: str


class Row(NamedTuple):
    """One row; one with a mistake could not be read and has no cells."""

    line: int
    cells: Mapping[str, str]
    mistake: Mistake | None = None


def lines_of(file: BinaryIO, name: str, seen: Callable[[int], None]) -> Iterator[str]:
    """Read lines with their ends; bytes that are no UTF-8 become surrogates. `seen` is told how many bytes came.

    Raises InvalidValue for a line that is too long, and for UTF-16.
    """
    number = size = 0
    while line := file.readline(MAX_LINE + 1):
        number, size = number + 1, size + len(line)
        if len(line) > MAX_LINE:
            raise InvalidValue(f"{name}:{number}: the line is longer than {MAX_LINE >> 20} MiB: this is no catalog")
        if size > _TOLD:
            seen(size)
            size = 0
        if number == 1 and line.startswith(_UTF_16):
            raise InvalidValue(f"{name} is UTF-16: save it as UTF-8")
        yield (line.removeprefix(_BOM) if number == 1 else line).decode("utf-8", "surrogateescape")


def rows_of(lines: Iterable[str], kind: str, name: str) -> Iterator[Row]:
    """Read the rows of a file called `name`. Raises InvalidValue for a header that makes no sense."""
    return _csv_rows(lines, name) if kind == "csv" else _json_rows(lines)


# --- CSV -------------------------------------------------------------------------------------------------------------


def _csv_rows(lines: Iterable[str], name: str) -> Iterator[Row]:
    reader = csv.reader(lines, strict=True)
    header: Sequence[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            if header is None:
                raise InvalidValue(f"{name}:{line}: the header is no CSV: {error}") from None
            yield Row(line, {}, Mistake(line, None, f"this is no CSV: {error}"))
            continue
        if not cells:  # an empty line
            continue
        if header is None:
            header = _checked_header(cells, f"{name}:{line}")
        elif len(cells) != len(header):
            yield Row(line, {}, Mistake(line, None, f"{len(cells)} cells, but the header has {len(header)}"))
        else:
            yield Row(line, dict(zip(header, cells, strict=True)))
    if header is None:
        raise InvalidValue(f"{name} is empty: its first line names the columns, such as {','.join(COLUMNS)}")


def _checked_header(header: Sequence[str], place: str) -> Sequence[str]:
    for mark, called in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and set(header[0].split(mark)) >= set(REQUIRED):
            raise InvalidValue(f"{place}: the columns are separated by {called}; write commas")
    unknown = [unknown_column(column) for column in header if column not in COLUMNS]
    twice = [f"the column {column} is there twice" for column in COLUMNS if header.count(column) > 1]
    missing = [f"the column {column} is missing" for column in REQUIRED if column not in header]
    if wrong := unknown or twice or missing:
        raise InvalidValue(f"{place}: {'; '.join(wrong)}")
    return header


def unknown_column(column: str) -> str:
    """Say that there is no such column, and which one may be meant."""
    close = get_close_matches(column.strip().lower(), COLUMNS, n=1)
    return f"no column {quoted(column)}" + (
        f", did you mean {close[0]}?" if close else f"; there is {', '.join(COLUMNS)}"
    )


# --- JSON lines ------------------------------------------------------------------------------------------------------


def _json_rows(lines: Iterable[str]) -> Iterator[Row]:
    # Numbers stay as they are written: 12.10 is no binary fraction.
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _json_row(number, line, decoder)


def _json_row(number: int, line: str, decoder: json.JSONDecoder) -> Row:
    try:
        found = decoder.decode(line.strip())
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
        return Row(number, {}, Mistake(number, None, f"this is no JSON: {reason}"))
    if not isinstance(found, dict):
        return Row(number, {}, Mistake(number, None, "this is no JSON object"))
    for column, value in found.items():
        if column not in COLUMNS:
            return Row(number, {}, Mistake(number, None, unknown_column(column)))
        if value is not None and not isinstance(value, str):
            return Row(number, {}, Mistake(number, column, "is neither a text nor a number"))
    return Row(number, {column: value or "" for column, value in found.items()})
