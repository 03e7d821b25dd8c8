"""`shop products`: list, search and show."""

import sys
from dataclasses import replace
from typing import Annotated

import typer

from backends.errors import InvalidValue, NotFound
from backends.models import Product, ProductQuery, Sort
from shopcli.cli.asking import choosing
from shopcli.cli.asking.answers import line
from shopcli.cli.options import is_terminal
from shopcli.cli.paging import All, Cursor, Limit, collect, wanted
from shopcli.cli.run import Run, begin
from shopcli.cli.values import amount
from shopcli.cli.views.products import CATEGORY, PRODUCT, PRODUCTS
from shopcli.core.refs import Ref, find_product, resolve, to_buy

_Category = Annotated[
    str | None, typer.Option("--category", metavar="CATEGORY", help="Only products of this category.")
]
_MinPrice = Annotated[str | None, typer.Option("--min-price", metavar="M", help="Only from this price on.")]
_MaxPrice = Annotated[str | None, typer.Option("--max-price", metavar="M", help="Only up to this price.")]
_InStock = Annotated[bool, typer.Option("--in-stock", help="Only what can be bought now.")]
_Sort = Annotated[
    Sort, typer.Option("--sort", metavar="ORDER", help="relevance, title, price or -price (dearest first).")
]


def list_products(
    context: typer.Context,
    category: _Category = None,
    min_price: _MinPrice = None,
    max_price: _MaxPrice = None,
    in_stock: _InStock = False,
    sort: _Sort = Sort.RELEVANCE,
    limit: Limit = None,
    cursor: Cursor = None,
    everything: All = False,
) -> None:
    """List products.

    Examples:
      shop products list --in-stock --sort price
      shop products list --max-price 500 --json | jq '.items[].slug'
      shop products list --all -o tsv > products.tsv
    """
    run = begin(context, PRODUCTS)
    query = _query("", category, min_price, max_price, in_stock, sort)
    _list(run, query, wanted(limit, everything=everything), cursor)


def search(
    context: typer.Context,
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", show_default=False, help="Words to look for; a terminal asks."),
    ] = None,
    category: _Category = None,
    min_price: _MinPrice = None,
    max_price: _MaxPrice = None,
    in_stock: _InStock = False,
    sort: _Sort = Sort.RELEVANCE,
    limit: Limit = None,
    cursor: Cursor = None,
    everything: All = False,
) -> None:
    """Search products by what they are called and what is said about them.

    Examples:
      shop products search sigma 35mm
      shop products search sony --max-price 900
    """
    run = begin(context, PRODUCTS)
    words = " ".join(text or ()).strip()
    if not words:
        run.ask.require("TEXT", hint="shop products list")
        words = run.ask.text("Words", "TEXT", check=line)
    query = _query(words, category, min_price, max_price, in_stock, sort)
    _list(run, query, wanted(limit, everything=everything), cursor)


def show(
    context: typer.Context,
    product: Annotated[
        str | None,
        typer.Argument(
            metavar="PRODUCT", show_default=False, help="Its slug or id; a variant's REF shows only that one."
        ),
    ] = None,
) -> None:
    """Show a product and its variants. A variant's REF is what `shop cart add` takes.

    Which product is asked for on a terminal, where none is named.

    Examples:
      shop products show
      shop products show sony-alpha-7-iv
      shop products show sony-alpha-7-iv -o id

    Exit codes:
      3  no such product
    """
    run = begin(context, PRODUCT)
    found = choosing.product(run) if product is None else _found(run, product)
    run.out.show(PRODUCT, found)
    run.out.next(to_buy(found))


def categories(context: typer.Context) -> None:
    """List categories, and how many products each has.

    Examples:
      shop products categories
      shop products list --category prime-lenses
    """
    run = begin(context, CATEGORY)
    found = run.do(run.backend.products.categories())
    run.out.list(CATEGORY, found, total=len(found), empty="this shop has no categories → shop products list")


def _found(run: Run, text: str) -> Product:
    """Find a product by its slug or id, or with one variant only by that one's ref. Raises NotFound."""
    slug, _, variant = text.partition("/")
    if not variant:
        return run.do(find_product(run.backend.products, text))
    product, only = run.do(resolve(run.backend.products, Ref(slug, variant)))
    return replace(product, variants=(only,))


def _query(
    text: str, category: str | None, min_price: str | None, max_price: str | None, in_stock: bool, sort: Sort
) -> ProductQuery:
    least = None if min_price is None else amount(min_price, "--min-price")
    most = None if max_price is None else amount(max_price, "--max-price")
    if least is not None and most is not None and least > most:
        raise InvalidValue(f"--min-price {least} is above --max-price {most}")
    return ProductQuery(text, category, least, most, in_stock, sort)


def _list(run: Run, query: ProductQuery, count: int, cursor: str | None) -> None:
    products = run.backend.products
    page = run.do(collect(lambda size, after: products.list(query, size, after), count, cursor))
    if not page.items and query.category is not None:
        _check_category(run, query.category)
    run.out.list(
        PRODUCTS,
        page.items,
        next_cursor=page.next_cursor,
        total=page.total,
        empty=_nothing(run, query) if not page.items else "",
    )


def _nothing(run: Run, query: ProductQuery) -> str:
    """Return what to say where nothing is found: to whoever reads it, what does match."""
    if not run.out.talks or not is_terminal(sys.stderr):
        return "nothing matches → shop products list"
    from shopcli.cli.nearby import instead

    return instead(run, query)


def _check_category(run: Run, category: str) -> None:
    """Tell an empty category from one that does not exist."""
    known = run.do(run.backend.products.categories())
    if category.casefold() not in [name.casefold() for each in known for name in (each.slug, each.title)]:
        raise NotFound(
            f"no category {category!r}; there is {', '.join(each.slug for each in known)}",
            hint="shop products categories",
        )
