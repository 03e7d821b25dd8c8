"""`shop services reconcile`: whether the services' books agree."""

from dataclasses import dataclass

import typer

from backends.errors import ShopError, Unsupported
from backends.money import Money
from shopcli.cli.output.columns import Card, Column, View
from shopcli.cli.run import begin
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


_DIFFERENCE = (
    Column("order", lambda difference: difference.order),
    Column("service", lambda difference: difference.service),
    Column("expected", lambda difference: difference.expected, shrinks=True),
    Column("found", lambda difference: difference.found, shrinks=True),
)


def _card(books: Books) -> Card:
    settled = ", ".join(map(str, books.settled)) or "nothing"
    head = [f"{books.orders} orders, {books.under_way} of them under way; {settled} paid"]
    verdict = [] if books.differences else ["the books agree"]
    return Card(head, _DIFFERENCE, books.differences, verdict)


_BOOKS = View(
    Books,
    _DIFFERENCE,
    identity=lambda difference: difference.order,
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
    admin = run.backend.admin
    if admin is None:
        raise Unsupported("only the owner of a shop can look into its books", hint="shop help backends")
    books = _books(run.do(reconcile(admin)))
    run.out.show(_BOOKS, books)
    if books.differences:
        count = len(books.differences)
        raise BooksDiffer(f"the books differ in {count} place{'s' if count > 1 else ''}", hint="shop services status")


def _books(found: Reconciled) -> Books:
    settled = tuple(Money.of_minor(amount, currency) for currency, amount in sorted(found.settled.items()))
    return Books(found.orders, found.under_way, settled, tuple(found.differences))
