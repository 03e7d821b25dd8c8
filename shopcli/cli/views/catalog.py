"""What an import did."""

from dataclasses import dataclass

from shopcli.cli.output.columns import Column, View


@dataclass(frozen=True, slots=True)
class CatalogImport:
    """How many products a file has, and what became of them; nobody knows that of a dry run, or of one sent twice."""

    products: int
    variants: int
    added: int | None
    updated: int | None
    unchanged: int | None
    skipped: int
    """Rows."""


IMPORT = View(
    CatalogImport,
    (
        Column("products", lambda done: done.products, right=True),
        Column("variants", lambda done: done.variants, right=True),
        Column("added", lambda done: done.added, right=True),
        Column("updated", lambda done: done.updated, right=True),
        Column("unchanged", lambda done: done.unchanged, right=True),
        Column("skipped", lambda done: done.skipped, "skipped rows", right=True),
    ),
    identity=lambda done: str(done.products),
)
