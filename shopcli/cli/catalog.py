"""`shop catalog`: import."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from errno import EINVAL
from pathlib import Path
from shlex import quote
from typing import Annotated, BinaryIO

import typer

from backends.catalog import MAX_PRODUCTS
from backends.errors import ConfigurationError, InvalidValue, NotFound, Outcome, ShopError
from backends.interface import Admin
from backends.models import Imported, Product, ProductQuery
from backends.private import open_plain
from shopcli.cli.failures import Cancelled, Usage
from shopcli.cli.next_commands import repeated
from shopcli.cli.options import is_terminal
from shopcli.cli.run import Run, begin
from shopcli.cli.services import admin_of
from shopcli.cli.views.catalog import IMPORT, CatalogImport
from shopcli.core.catalog import KEPT_MISTAKES, Catalog, read_catalog
from shopcli.core.catalog_rows import (
    FORMATS,
    MAX_LINE,
    Foreign,
    Mistake,
    lines_of,
    looks_like,
    refuse_foreign,
    rows_of,
)
from shopcli.core.settings import not_one_of

SECONDS = 600.0
"""How long an import may take unless `--timeout` says so: 92,331 products took 13 s, on a busy machine more."""
SHOWN = 20
"""Mistakes that people are told; JSON has `KEPT_MISTAKES`."""
LARGE = 2 << 20
"""Bytes of a file whose reading takes long enough to show how far it is."""
MANY = 5_000
"""Products whose import takes about a second."""
_DOING = "import a catalog"
_BY_NAME = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was typed, to be named once more with what it lacked."""

    file: str
    format: str | None
    skip_bad: bool
    dry_run: bool

    @property
    def name(self) -> str:
        """What people are told that the file is called."""
        return "stdin" if self.file == "-" else self.file

    @property
    def kind(self) -> str | None:
        """The format, where it was given or the name says it; that of what is inside for one that is compressed."""
        return self.format or _BY_NAME.get(Path(self.file.lower().removesuffix(".gz")).suffix)

    def command(self) -> str:
        """The command line that asks for this."""
        flags = (
            (f"--format {self.format}", self.format),
            ("--skip-bad", self.skip_bad),
            ("--dry-run", self.dry_run),
        )
        return " ".join(("shop catalog import", quote(self.file), *(flag for flag, given in flags if given)))


class BadRows(InvalidValue):
    """A file has rows that no shop takes."""

    code = "bad_rows"

    def __init__(self, asked: _Asked, catalog: Catalog) -> None:
        """Tell of the mistakes in the file."""
        # What cannot be skipped has to be mended, and then looked at again.
        skippable = catalog.products and catalog.stray is None
        hint = replace(asked, skip_bad=True) if skippable else replace(asked, dry_run=True)
        super().__init__("\n".join((_why(asked, catalog), *told(asked.name, catalog))), hint=hint.command())
        self.details: Mapping[str, object] = {
            "bad_rows": catalog.bad,
            "mistakes": [{"file": asked.name, **mistake._asdict()} for mistake in catalog.mistakes],
        }
        """What JSON shows beside the message: the first `KEPT_MISTAKES` mistakes."""


def _why(asked: _Asked, catalog: Catalog) -> str:
    if asked.skip_bad:  # and yet it is refused
        head = f"the row in line {catalog.stray} of {asked.name} may belong to any product, so that --skip-bad"
        return f"{head} does not know which one to leave out: nothing was imported, mend that line"
    rows = "row" if catalog.rows == 1 else "rows"
    head = f"{catalog.bad:,} of {catalog.rows:,} {rows} of {asked.name} {'is' if catalog.bad == 1 else 'are'} bad"
    return f"{head}, so nothing was imported"


def import_catalog(
    context: typer.Context,
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", show_default=False, help="CSV or JSON lines; - is stdin.")
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out products with bad rows.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look at the file only; import nothing.")] = False,
    format_: Annotated[
        str | None, typer.Option("--format", metavar="FORMAT", help="csv or jsonl, where the name does not say so.")
    ] = None,
) -> None:
    """Add and update products from a file, all of it or nothing. Only the owner of a shop may.

    Rows with one slug are the variants of one product. The columns slug, title, price and stock are needed;
    brand, category, description, sku, variant and currency may be missing. What a product is afterwards is
    what the file says; products that are not in it stay as they are. A terminal asks for the file, where none
    is named.

    Examples:
      shop catalog import goods.csv --dry-run
      shop catalog import goods.csv
      gunzip -c goods.jsonl.gz | shop catalog import - --format jsonl
      shop catalog import goods.csv --json | jq .added

    Exit codes:
      2   a row is bad, or the file is no catalog: nothing was imported
      3   no such file
      12  this shop cannot be filled from here
    """
    run = begin(context, IMPORT)
    if file is None:
        run.ask.require("FILE")
        admin_of(run, _DOING)
        file = run.ask.text("File", "FILE", check=_there)
    asked = _Asked(file, format_, skip_bad, dry_run)
    admin = admin_of(run, _DOING)
    if not run.options.timeout_given:
        run.options.timeout = max(run.options.timeout, SECONDS)
    catalog = _read(run, asked)
    if catalog.bad and (not skip_bad or catalog.stray is not None):
        raise BadRows(asked, catalog)
    for line in told(asked.name, catalog):
        run.out.say(line)
    _refuse_number(asked, len(catalog.products))
    if dry_run:
        run.out.show(IMPORT, _outcome(catalog))
        _mention_skipped(run, catalog)
        run.out.say("nothing was imported: this was a dry run")
        return
    with _moving(run, f"importing {len(catalog.products):,} products", len(catalog.products) >= MANY):
        done = _imported(run, admin, catalog.products, asked)
    run.out.show(IMPORT, _outcome(catalog, done.added, done.updated, done.unchanged))
    _mention_skipped(run, catalog)
    if done.added is None:
        run.out.say("it was sent twice, as the first answer got lost: how many products it changed is not known")
    run.out.next("shop products list")


def told(name: str, catalog: Catalog) -> Iterator[str]:
    """Say the first mistakes as compilers do, and how many more there are."""
    for mistake in catalog.mistakes[:SHOWN]:
        yield _line(name, mistake)
    more = len(catalog.mistakes) - SHOWN
    if more > 0:
        yield f"... and {'at least ' if len(catalog.mistakes) == KEPT_MISTAKES else ''}{more:,} more"


def _line(name: str, mistake: Mistake) -> str:
    return ": ".join(part for part in (f"{name}:{mistake.line}", mistake.column, mistake.reason) if part)


def _outcome(
    catalog: Catalog, added: int | None = None, updated: int | None = None, unchanged: int | None = None
) -> CatalogImport:
    variants = sum(len(product.variants) for product in catalog.products)
    return CatalogImport(len(catalog.products), variants, added, updated, unchanged, catalog.skipped)


def _mention_skipped(run: Run, catalog: Catalog) -> None:
    if catalog.skipped:
        others = catalog.skipped - catalog.bad
        beside = f", and {others:,} of products that have one" if others else ""
        run.out.say(f"{catalog.skipped:,} of {catalog.rows:,} rows were skipped: {catalog.bad:,} bad{beside}")


def _refuse_number(asked: _Asked, products: int) -> None:
    if not products:
        raise InvalidValue(f"{asked.name} has no product to import")
    if products > MAX_PRODUCTS:
        head = f"{asked.name} has {products:,} products, and a shop takes {MAX_PRODUCTS:,} at once"
        raise InvalidValue(f"{head}, so nothing was imported: split it, with all rows of a product in one file")


def _imported(run: Run, admin: Admin, products: tuple[Product, ...], asked: _Asked) -> Imported:
    """Send them. Where nobody knows what became of it, nothing shows that as well as the same import once more."""
    again = asked.command()
    harmless = f"importing the same {'rows' if asked.file == '-' else 'file'} once more does no harm"
    try:
        return run.change(admin.import_catalog(products), look=again)
    except KeyboardInterrupt:
        message = f"interrupted before the answer came; {harmless}"
        raise Cancelled(message, hint=again, outcome=Outcome.UNKNOWN) from None
    except ShopError as error:
        if error.outcome is Outcome.UNKNOWN:
            error.message, error.hint = f"{error.message}; {harmless}", again
        raise


# --- the file --------------------------------------------------------------------------------------------------------


def _there(file: str) -> None:
    if not Path(file).is_file():
        raise InvalidValue(f"there is no file {file}")


def _read(run: Run, asked: _Asked) -> Catalog:
    try:
        kind = _kind(asked)
        sold_in = run.do(_currency(run))
        with _opened(asked) as (stream, size), _moving(run, "reading", size >= LARGE, size) as seen:
            return read_catalog(rows_of(lines_of(stream, kind, asked.name, seen), kind, asked.name), sold_in)
    except Foreign as error:
        again = replace(asked, file="-", format=error.kind).command()
        file = "FILE" if asked.file == "-" else quote(asked.file)
        error.hint = f"{error.tool} {file} | {repeated(again, run.options.again)}"
        raise


def _kind(asked: _Asked) -> str:
    """Return the format. Raises Usage where nothing says it, with the one that it looks like."""
    if asked.format is not None and asked.format not in FORMATS:
        raise Usage(f"--format {not_one_of(FORMATS, asked.format)}")
    if asked.kind is not None:
        return asked.kind
    likely, name = "csv", "-"
    if asked.file != "-":
        with _opened(asked) as (stream, _):
            line = stream.readline(MAX_LINE)
        likely, name = looks_like(line), "the name of the file"
        refuse_foreign(line, likely, asked.name)
    hint = replace(asked, format=likely).command()
    raise Usage(f"{name} does not say what it is: --format csv or --format jsonl", hint=hint)


@contextmanager
def _opened(asked: _Asked) -> Iterator[tuple[BinaryIO, int]]:
    if asked.file == "-":
        if sys.stdin is None or is_terminal(sys.stdin):
            raise Usage("FILE - reads a pipe, and there is none", hint="shop catalog import --help")
        yield sys.stdin.buffer, 0
        return
    try:
        with open(asked.file, "rb", opener=open_plain) as stream:
            yield stream, os.fstat(stream.fileno()).st_size
    except OSError as error:
        raise _unreadable(asked, error) from None


def _unreadable(asked: _Asked, error: OSError) -> ShopError:
    file = asked.file
    if isinstance(error, FileNotFoundError):
        return NotFound(f"there is no file {file}")
    if Path(file).is_dir():
        return InvalidValue(f"{file} is a directory, and a catalog is a file")
    if error.errno == EINVAL:  # as `open_plain` says
        piped = replace(asked, file="-", format=asked.kind or "csv").command()
        message = f"{file} is a pipe or a device, which is read as - only"
        return InvalidValue(message, hint=f"{piped} < {quote(file)}")
    return ConfigurationError(f"{file} cannot be read: {error.strerror}")


async def _currency(run: Run) -> str | None:
    """What the shop sells in, as one of its products says."""
    page = await run.backend.products.list(ProductQuery(), 1)
    return page.items[0].variants[0].price.currency if page.items and page.items[0].variants else None


# --- how far it is ---------------------------------------------------------------------------------------------------


@contextmanager
def _moving(run: Run, word: str, long: bool, size: int = 0) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal for what takes long; yields what is told how much more is done, if that is known."""
    if not (long and run.out.talks and is_terminal(sys.stderr)):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, no_color=not run.options.color)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(word, total=size or None)
        yield lambda more: progress.advance(task, more)
