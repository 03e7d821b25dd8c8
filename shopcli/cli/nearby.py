"""What to look for where a search finds nothing: without the options, with fewer words, or as it may be spelled."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from shlex import join

from backends.errors import ShopError
from backends.models import ProductQuery
from shopcli.cli.paging import collect
from shopcli.cli.run import Run

_USUAL = "nothing matches → shop products list"
_LOOKED_AT = 300
"""Products whose words a mistyped one is compared with: what two or three requests give."""
_ALIKE = 0.7
_SECONDS = 2.0


def instead(run: Run, query: ProductQuery) -> str:
    """Return what to say about a search that found nothing, with one that finds something. Never raises ShopError."""
    try:
        return next(_found(run, query), _USUAL)
    except ShopError:  # what was asked for is answered already
        return _USUAL


def _found(run: Run, query: ProductQuery) -> Iterator[str]:
    wide = ProductQuery(query.text, sort=query.sort)
    if wide != query and (count := _count(run, wide)):
        yield f"nothing matches with these options, {count} without them → {_command(wide)}"
    words = query.text.split()
    known = [word for word in words if _count(run, ProductQuery(word))]
    if len(words) > len(known):
        vocabulary = _vocabulary(run)
        meant = [word if word in known else _close(word, vocabulary) for word in words]
        corrected = replace(query, text=" ".join(word for word in meant if word))
        if any(meant) and corrected.text not in (query.text, " ".join(known)) and _count(run, corrected):
            yield f"nothing matches; did you mean {corrected.text}? → {_command(corrected)}"
    for some in [known] if len(known) < len(words) else [known[:place] for place in range(len(known) - 1, 0, -1)]:
        fewer = replace(query, text=" ".join(some))
        if some and (count := _count(run, fewer)):
            yield f"nothing matches all of it, {count} {fewer.text} → {_command(fewer)}"


def _count(run: Run, query: ProductQuery) -> str:
    """Return how many products match, in words; nothing if none does."""
    page = run.do(run.backend.products.list(query, 1), within=_SECONDS)
    if not page.items:
        return ""
    return "some match" if page.total is None else f"{page.total} {'match' if page.total > 1 else 'matches'}"


def _vocabulary(run: Run) -> Sequence[str]:
    """Return words that products are known by."""
    products = run.backend.products
    page = run.do(
        collect(lambda size, after: products.list(ProductQuery(), size, after), _LOOKED_AT, None), within=_SECONDS
    )
    text = " ".join(f"{product.brand} {product.title} {product.category}" for product in page.items)
    return sorted({word for word in text.casefold().split() if word.isalnum()})


def _close(word: str, vocabulary: Sequence[str]) -> str:
    return next(iter(get_close_matches(word.casefold(), vocabulary, 1, _ALIKE)), "")


def _command(query: ProductQuery) -> str:
    """Return the command that asks this."""
    options = [
        *(("--category", query.category) if query.category else ()),
        *(("--min-price", str(query.price_min)) if query.price_min is not None else ()),
        *(("--max-price", str(query.price_max)) if query.price_max is not None else ()),
        *(("--in-stock",) if query.in_stock else ()),
    ]
    words = query.text.split()
    return join(["shop", "products", "search", *words, *options]) if words else join(["shop", "products", "list"])
