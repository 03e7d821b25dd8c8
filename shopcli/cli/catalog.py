"""`shop catalog`: import."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import Annotated, BinaryIO

import typer

from backends.errors import ConfigurationError, InvalidValue, NotFound
from backends.models import ProductQuery
from shopcli.cli.failures import Usage
from shopcli.cli.options import is_terminal
from shopcli.cli.run import Run, begin
from shopcli.cli.services import admin_of
from shopcli.cli.views.catalog import IMPORT, CatalogImport
from shopcli.core.catalog import KEPT_MISTAKES, Catalog, read_catalog
from shopcli.core.catalog_rows import FORMATS, Mistake, lines_of, rows_of
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


class BadRows(InvalidValue):
    """A file has rows that no shop takes."""

    code = "bad_rows"

    def __init__(self, name: str, catalog: Catalog, *, hint: str) -> None:
        """Tell of the mistakes in the file `name`."""
        rows = "row" if catalog.rows == 1 else "rows"
        head = f"{catalog.bad:,} of {catalog.rows:,} {rows} of {name} {'is' if catalog.bad == 1 else 'are'} bad"
        super().__init__("\n".join((f"{head}, so nothing was imported", *told(name, catalog))), hint=hint)
        self.details: Mapping[str, object] = {
            "bad_rows": catalog.bad,
            "mistakes": [{"file": name, **mistake._asdict()} for mistake in catalog.mistakes],
        }
        """What JSON shows beside the message: the first `KEPT_MISTAKES` mistakes."""


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
    kind = _format(file, format_)
    admin = admin_of(run, _DOING)
    if not run.options.timeout_given:
        run.options.timeout = max(run.options.timeout, SECONDS)
    catalog = _read(run, file, kind)
    if catalog.bad and not skip_bad:
        raise BadRows(_name(file), catalog, hint=_again(file, format_))
    for line in told(_name(file), catalog):
        run.out.say(line)
    if not catalog.products:
        raise InvalidValue(f"{_name(file)} has no product to import", hint="shop catalog import --help")
    if dry_run:
        run.out.show(IMPORT, _outcome(catalog))
        _conclude(run, catalog, "nothing was imported: this was a dry run")
        return
    with _moving(run, f"importing {len(catalog.products):,} products", len(catalog.products) >= MANY):
        done = run.change(admin.import_catalog(catalog.products), look="shop products list")
    run.out.show(IMPORT, _outcome(catalog, done.added, done.updated, done.unchanged))
    _conclude(run, catalog, None)


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


def _conclude(run: Run, catalog: Catalog, word: str | None) -> None:
    if catalog.skipped:
        others = catalog.skipped - catalog.bad
        beside = f", and {others:,} of products that have one" if others else ""
        run.out.say(f"{catalog.skipped:,} of {catalog.rows:,} rows were skipped: {catalog.bad:,} bad{beside}")
    if word is not None:
        run.out.say(word)
    else:
        run.out.next("shop products list")


# --- the file --------------------------------------------------------------------------------------------------------


def _there(file: str) -> None:
    if not Path(file).is_file():
        raise InvalidValue(f"there is no file {file}")


def _format(file: str, given: str | None) -> str:
    if given is not None and given not in FORMATS:
        raise Usage(f"--format {not_one_of(FORMATS, given)}")
    kind = given or Path(file).suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        name = "the name of the file" if file != "-" else "-"
        raise Usage(f"{name} does not say what it is: --format csv or --format jsonl", hint=_again(file, "csv", ""))
    return kind


def _again(file: str, kind: str | None, flag: str = " --skip-bad") -> str:
    return f"shop catalog import {quote(file)}{f' --format {kind}' if kind else ''}{flag}"


def _name(file: str) -> str:
    return "stdin" if file == "-" else file


def _read(run: Run, file: str, kind: str) -> Catalog:
    sold_in = run.do(_currency(run))
    with _opened(file) as (stream, size), _moving(run, "reading", size >= LARGE, size) as seen:
        return read_catalog(rows_of(lines_of(stream, _name(file), seen), kind, _name(file)), sold_in)


@contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, int]]:
    if file == "-":
        if sys.stdin is None or is_terminal(sys.stdin):
            raise Usage("FILE - reads a pipe, and there is none", hint="shop catalog import --help")
        yield sys.stdin.buffer, 0
        return
    path = Path(file)
    try:
        with path.open("rb") as stream:
            yield stream, path.stat().st_size
    except FileNotFoundError:
        raise NotFound(f"there is no file {file}") from None
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from None


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
