"""Lists longer than a page, by `--limit`, `--cursor` and `--all`."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from backends.models import Page
from shopcli.cli.failures import Usage
from shopcli.cli.values import whole

T = TypeVar("T")

# What the contract lets one call ask for.
_PAGE = 100
_DEFAULT = 30
_MOST = 1_000_000

Limit = Annotated[str | None, typer.Option("--limit", metavar="N", help="How many at most (default 30).")]
Cursor = Annotated[str | None, typer.Option("--cursor", metavar="CURSOR", help="Go on where a list ended.")]
All = Annotated[bool, typer.Option("--all", help="List all there are.")]


def wanted(limit: str | None, *, everything: bool) -> int:
    """Return how many are asked for. Raises Usage, InvalidValue."""
    if limit is None:
        return _MOST if everything else _DEFAULT
    if everything:
        raise Usage("--limit and --all contradict each other")
    return whole(limit, "--limit", most=_MOST)


async def collect(page_of: Callable[[int, str | None], Awaitable[Page[T]]], count: int, cursor: str | None) -> Page[T]:
    """Ask for pages until there are `count` items or no more."""
    page = await page_of(min(count, _PAGE), cursor)
    items, total = page.items, page.total
    while page.next_cursor is not None and len(items) < count:
        page = await page_of(min(count - len(items), _PAGE), page.next_cursor)
        items += page.items
    return Page(items, page.next_cursor, total)
