"""Rows of a catalog's file, in CSV (RFC 4180) or JSON lines, each with the line that it begins on."""

import csv
import json
from collections import Counter
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
_GZIP = b"\x1f\x8b"
# UTF-32 comes first: its mark in one byte order begins with that of UTF-16.
_ENCODINGS = {b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_TWICE = object()
"""The value of a name that stands twice in a JSON object."""


class Foreign(InvalidValue):
    """A file whose rows another tool takes out of it: `tool FILE` writes them in the format `kind`."""

    def __init__(self, message: str, tool: str, kind: str) -> None:
        """Say what the file is."""
        super().__init__(message)
        self.tool = tool
        self.kind = kind


class Mistake(NamedTuple):
    """What is wrong in a row; without a column it is the row as a whole."""

    line: int
    column: str | None
    reason: str


class Row(NamedTuple):
    """One row; one with a mistake could not be read, and of its cells at most the slug is known."""

    line: int
    cells: Mapping[str, str]
    mistake: Mistake | None = None


def lines_of(file: BinaryIO, kind: str, name: str, seen: Callable[[int], None]) -> Iterator[str]:
    """Read lines with their ends; bytes that are no UTF-8 become surrogates. `seen` is told how many bytes came.

    Raises InvalidValue for a line that is too long, and Foreign.
    """
    number = size = 0
    begun = False
    while line := file.readline(MAX_LINE + 1):
        number, size = number + 1, size + len(line)
        if not begun and (begun := bool(line.strip())):
            refuse_foreign(line, kind, name)
        if len(line) > MAX_LINE:
            raise InvalidValue(f"{name}:{number}: the line is longer than {MAX_LINE >> 20} MiB: this is no catalog")
        if size > _TOLD:
            seen(size)
            size = 0
        yield (line.removeprefix(_BOM) if number == 1 else line).decode("utf-8", "surrogateescape")


def refuse_foreign(line: bytes, kind: str, name: str) -> None:
    """Look at the first line of a file. Raises Foreign for what begins no CSV and no JSON lines."""
    if line.startswith(_GZIP):
        raise Foreign(f"{name} is compressed", "gunzip -c", kind)
    for mark, called in _ENCODINGS.items():
        if line.startswith(mark):
            raise Foreign(f"{name} is {called}: save it as UTF-8", f"iconv -f {called} -t UTF-8", kind)
    if b"\r" in line.rstrip(b"\r\n"):
        raise Foreign(f"the lines of {name} end with CR alone: save it with LF, or CR LF", "tr '\\r' '\\n' <", kind)
    if kind == "jsonl" and line.removeprefix(_BOM).lstrip().startswith(b"["):
        raise Foreign(f"{name} is a JSON array: write one object a line, without the brackets", "jq -c '.[]'", kind)


def looks_like(line: bytes) -> str:
    """Return the format that the first line of a file may be of."""
    return "jsonl" if line.removeprefix(_BOM).lstrip().startswith((b"{", b"[")) else "csv"


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
                raise InvalidValue(f"{name}:{line}: the header is no CSV: {_why(error)}") from None
            yield Row(line, {}, Mistake(line, None, f"this is no CSV: {_why(error)}"))
            continue
        if not any(cells):  # an empty line, or what a spreadsheet writes for an empty row
            continue
        if header is None:
            header = _checked_header(cells, f"{name}:{line}")
        elif len(cells) != len(header):
            # A first cell is in front of whatever went wrong; several lines may be rows that a quote has swallowed.
            known = cells[:1] if reader.line_num == line else []
            mistake = Mistake(line, None, f"{len(cells)} cells, but the header has {len(header)}")
            yield Row(line, dict(zip(header, known, strict=False)), mistake)
        else:
            yield Row(line, dict(zip(header, cells, strict=True)))
    if header is None:
        raise InvalidValue(f"{name} is empty: its first line names the columns, such as {','.join(COLUMNS)}")


def _why(error: csv.Error) -> str:
    """Return what is wrong, without advice for whoever calls the module."""
    said = str(error)
    return "a CR stands outside of quotes" if said.startswith("new-line character") else said


def _checked_header(header: Sequence[str], place: str) -> Sequence[str]:
    if header[0].startswith("sep="):
        mark = quoted(",".join(header))
        raise InvalidValue(f"{place}: {mark} is a line for Excel: delete it, and separate the columns by commas")
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
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_members)
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _json_row(number, line, decoder)


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        count = Counter(name for name, _ in pairs)
        found |= {name: _TWICE for name in found if count[name] > 1}
    return found


def _json_row(number: int, line: str, decoder: json.JSONDecoder) -> Row:
    try:
        found = decoder.decode(line.strip())
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
        return Row(number, {}, Mistake(number, None, f"this is no JSON: {reason}"))
    if not isinstance(found, dict):
        return Row(number, {}, Mistake(number, None, "this is no JSON object"))
    mistake = _wrong_member(number, found)
    if mistake is None:
        return Row(number, {column: value or "" for column, value in found.items()})
    slug = found.get("slug")
    return Row(number, {"slug": slug} if isinstance(slug, str) else {}, mistake)


def _wrong_member(number: int, found: Mapping[str, object]) -> Mistake | None:
    for column, value in found.items():
        if column not in COLUMNS:
            return Mistake(number, None, unknown_column(column))
        if value is _TWICE:
            return Mistake(number, column, "is there twice")
        if value is not None and not isinstance(value, str):
            return Mistake(number, column, "is neither a text nor a number")
    return None
