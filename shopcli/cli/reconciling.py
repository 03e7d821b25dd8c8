"""`shop services reconcile`: whether the services' books agree."""

import re
from dataclasses import dataclass, replace
from itertools import count

import typer

from backends.errors import ShopError
from backends.money import Money
from shopcli.cli.output.columns import Card, Column, View
from shopcli.cli.run import begin
from shopcli.cli.services import admin_of
from shopcli.core.reconciling import Difference, Reconciled, reconcile


class BooksDiffer(ShopError):
    """The services' books do not agree."""

    code = "books_differ"
    category = "books_differ"


@dataclass(frozen=True, slots=True)
class Books:
    """What a comparison found, for people."""

    orders: int
    under_way: int
    settled: tuple[Money, ...]
    """What paid orders cost, by currency."""
    differences: tuple[Difference, ...]


_AGREE = "the books agree"
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LEAST = 8
"""So many characters of an id tell a table's rows apart, if no two ids begin alike."""

_DIFFERENCE = (
    Column("order", lambda difference: difference.order),
    Column("service", lambda difference: difference.service),
    Column("expected", lambda difference: difference.expected, shrinks=True),
    Column("found", lambda difference: difference.found, shrinks=True),
    Column("state", lambda difference: difference.state, rank=1),
    Column("about", lambda difference: difference.about),
)


def _card(books: Books) -> Card:
    settled = ", ".join(map(str, books.settled)) or "nothing"
    head = [f"{books.orders} orders, {books.under_way} of them under way; {settled} paid"]
    verdict = [] if books.differences else [_AGREE]
    order, service, expected, found, state, about = _DIFFERENCE
    return Card(head, (order, state, service, about, expected, found), _brief(books.differences), verdict)


def _brief(differences: tuple[Difference, ...]) -> list[Difference]:
    """Shorten the ids that nobody reads to as much as tells them apart."""
    named = (name for difference in differences for name in (difference.order, difference.about))
    ids = {name for name in named if name and _UUID.fullmatch(name)}
    length = next(least for least in count(_LEAST) if len({name[:least] for name in ids}) == len(ids))
    short = {name: f"{name[:length]}…" for name in ids}
    return [
        replace(each, order=short.get(each.order or "", each.order), about=short.get(each.about or "", each.about))
        for each in differences
    ]


_BOOKS = View(
    Books,
    _DIFFERENCE,
    identity=lambda difference: difference.order or difference.about,
    rows=lambda books: books.differences,
    card=_card,
)


def reconcile_books(context: typer.Context) -> None:
    """Compare what the services' books say about each order: taken lines, stock, payments, and the processor's money.

    Orders that are being worked on are counted and left out. Nothing is changed.

    Examples:
      shop services reconcile
      shop services reconcile --json | jq .differences

    Exit codes:
      1   the books differ
      10  a service cannot be reached
      12  this shop's owner is somebody else
    """
    run = begin(context, _BOOKS)
    books = _books(run.do(reconcile(admin_of(run, "look into its books"))))
    run.out.show(_BOOKS, books)
    if places := len(books.differences):
        in_full = "shop services reconcile --json" if run.out.mode == "table" else None
        raise BooksDiffer(f"the books differ in {places} place{'s' if places > 1 else ''}", hint=in_full)
    if run.out.mode != "table":
        run.out.say(_AGREE)


def _books(found: Reconciled) -> Books:
    settled = tuple(Money.of_minor(amount, currency) for currency, amount in sorted(found.settled.items()))
    return Books(found.orders, found.under_way, settled, tuple(found.differences))
