"""The catalog that comes with the shop (catalog.csv; where it is from stands in CATALOG.md)."""

import csv
from decimal import Decimal
from itertools import groupby
from pathlib import Path

from backends.models import Product, Variant
from backends.money import Money

_FILE = Path(__file__).with_name("catalog.csv")


def read_catalog() -> tuple[Product, ...]:
    """Read the file: rows with one slug are the variants of one product."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(_product(list(group)) for _, group in groupby(rows, key=lambda row: row["slug"]))


def _product(rows: list[dict[str, str]]) -> Product:
    first = rows[0]
    return Product(
        first["slug"],
        first["slug"],
        first["title"],
        first["brand"],
        first["category"],
        first["description"],
        tuple(map(_variant, rows)),
    )


def _variant(row: dict[str, str]) -> Variant:
    stock = int(row["stock"])
    ref = f"{row['slug']}/{row['variant']}"
    return Variant(
        ref, ref, row["variant"], row["sku"], Money(Decimal(row["price"]), row["currency"]), stock > 0, stock
    )
