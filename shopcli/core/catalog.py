"""A catalog's file as products: rows with one slug are the variants of one product.

All mistakes are found before anything is sent. The rules are those that a shop checks (`backends.catalog`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from backends.catalog import (
    quoted,
    wrong_category,
    wrong_currency,
    wrong_name,
    wrong_price,
    wrong_stock,
    wrong_title,
)
from backends.models import Product, Variant
from backends.money import Money
from shopcli.core.catalog_rows import COLUMNS, REQUIRED, Mistake, Row

KEPT_MISTAKES = 1_000
"""More are counted only."""
DEFAULTS = {"brand": "", "category": "Other", "description": "", "sku": "", "variant": "standard"}
"""What an empty cell means, and a column that is not there; `currency` is that of the shop."""

_SHARED = ("title", "brand", "category", "description")
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
_MARK = r"[A-Z]{3}|[€$£¥]"
_FOREIGN_AMOUNT = re.compile(
    rf"(?P<before>{_MARK})?\s*"
    r"(?P<whole>[0-9]{1,12}|[0-9]{1,3}(?P<gap>[.,'\s])[0-9]{3}(?:(?P=gap)[0-9]{3}){0,2})?"
    r"(?:(?P<point>[.,])(?P<cents>[0-9]{1,2}))?"
    rf"\s*(?P<after>{_MARK})?"
)
_WHOLE = re.compile(r"[0-9]{1,15}")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a file says. A product with a bad row is left out whole: a shop replaces its variants together."""

    products: tuple[Product, ...]
    rows: int
    """All of them, bad ones included."""
    bad: int
    """Rows with a mistake."""
    skipped: int
    """Rows that are not in `products`: the bad ones, and others of their products."""
    mistakes: tuple[Mistake, ...]
    """The first `KEPT_MISTAKES` of them."""
    stray: int | None
    """The line of the first bad row that may belong to any product: nobody knows which one to leave out."""


@dataclass(slots=True)
class _Draft:
    """A product that is being read."""

    line: int
    texts: tuple[str, ...]
    variants: list[Variant] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    """Where each variant is."""

    def product(self, slug: str) -> Product:
        title, brand, category, description = self.texts
        return Product(slug, slug, title, brand, category, description, tuple(self.variants))


class _Reading:
    """Rows become products, one after the other."""

    def __init__(self, sold_in: str | None) -> None:
        self._sold_in = sold_in
        self._drafts: dict[str, _Draft] = {}
        self._spoiled: set[str] = set()
        self.stray: int | None = None

    def take(self, row: Row) -> list[Mistake]:
        """Put a row into its product, or return what is wrong with it."""
        if row.mistake is not None:
            self._spoil(row)
            return [row.mistake]
        cells = {**DEFAULTS, **{name: cell for name, cell in row.cells.items() if cell}}
        slug, wrong = cells.get("slug", ""), _wrong_texts(cells)
        price, stock = _price(cells, self._sold_in, wrong), _stock(cells, wrong)
        wrong |= {name: "is empty" for name in REQUIRED if not cells.get(name, "").strip()}
        texts = tuple(cells.get(name, "") for name in _SHARED)
        draft = self._drafts.get(slug) or _Draft(row.line, texts)
        wrong = wrong or _wrong_beside(cells["variant"], texts, draft)
        if wrong:
            self._spoil(row)
            return [Mistake(row.line, name, wrong[name]) for name in COLUMNS if name in wrong]
        name = cells["variant"]
        ref = f"{slug}/{name}"
        draft.variants.append(Variant(ref, ref, name, cells["sku"], price, stock > 0, stock))
        draft.lines[name] = row.line
        self._drafts[slug] = draft
        return []

    def _spoil(self, row: Row) -> None:
        """Leave out the product of a bad row. What is no slug may be any product's that somebody mistyped."""
        slug = row.cells.get("slug", "")
        if wrong_name(slug) is None:
            self._spoiled.add(slug)
        elif self.stray is None:
            self.stray = row.line

    def products(self) -> tuple[Product, ...]:
        """All that are whole."""
        return tuple(draft.product(slug) for slug, draft in self._drafts.items() if slug not in self._spoiled)


def read_catalog(rows: Iterable[Row], sold_in: str | None) -> Catalog:
    """Read a whole file for a shop that sells in the currency `sold_in`, None if nobody knows yet."""
    reading = _Reading(sold_in)
    kept: list[Mistake] = []
    count = bad = 0
    for row in rows:
        count += 1
        mistakes = reading.take(row)
        bad += bool(mistakes)
        kept += mistakes[: KEPT_MISTAKES - len(kept)]
    products = reading.products()
    skipped = count - sum(len(each.variants) for each in products)
    return Catalog(products, count, bad, skipped, tuple(kept), reading.stray)


def _wrong_texts(cells: dict[str, str]) -> dict[str, str]:
    checked = {
        "slug": wrong_name(cells.get("slug", "")),
        "title": wrong_title(cells.get("title", "")),
        "category": wrong_category(cells["category"]),
        "variant": wrong_name(cells["variant"]),
    }
    wrong = {name: reason for name, reason in checked.items() if reason is not None}
    if not "".join(cells.values()).isascii():
        wrong |= {name: "is no text in UTF-8" for name, cell in cells.items() if not _is_text(cell)}
    return wrong


def _wrong_beside(variant: str, texts: tuple[str, ...], draft: _Draft) -> dict[str, str]:
    """Compare a row with those of the same product before it."""
    wrong = {
        name: f"{quoted(text)}, but {quoted(first)} in line {draft.line}, for the same product"
        for name, text, first in zip(_SHARED, texts, draft.texts, strict=True)
        if text != first
    }
    if variant in draft.lines:
        wrong["variant"] = f"{quoted(variant)} of the same product is in line {draft.lines[variant]} already"
    return wrong


def _price(cells: dict[str, str], sold_in: str | None, wrong: dict[str, str]) -> Money:
    text, currency = cells.get("price", ""), cells.get("currency") or sold_in
    if currency is None:
        wrong["currency"] = "is empty, and this shop sells nothing yet that would say which one is meant; write EUR"
    elif reason := _wrong_currency(currency, sold_in):
        wrong["currency"] = reason
    if not _AMOUNT.fullmatch(text):
        wrong["price"] = f"{quoted(text)} is no amount; write {_amount_meant(text, currency)}"
        return Money(Decimal(0), "")
    price = Money(Decimal(text), currency or "")
    if "currency" not in wrong and (reason := wrong_price(price)):
        wrong["price"] = reason
    return price


def _wrong_currency(currency: str, sold_in: str | None) -> str | None:
    if not _CURRENCY.fullmatch(currency):
        return f"{quoted(currency)} is no currency; write three letters, such as EUR"
    return None if sold_in is None else wrong_currency(currency, sold_in)


def _amount_meant(text: str, currency: str | None) -> str:
    """Return the amount that somebody wrote in another manner, such as 1.299,00 or EUR 5, if it is surely that one."""
    found = _FOREIGN_AMOUNT.fullmatch(text)
    if found is None or not _is_one_amount(found, currency):
        return "an amount such as 12.50"
    whole = str(int(re.sub("[^0-9]", "", found["whole"] or "0")))
    return f"{whole}.{found['cents']:0<2}" if found["cents"] else whole


def _is_one_amount(found: re.Match[str], currency: str | None) -> bool:
    """Whether it can be read in one way only: 1,299 may be as much or a thousand times less."""
    marks = [mark for mark in (found["before"], found["after"]) if mark is not None]
    if any(_SIGNS.get(mark, mark) != currency for mark in marks):
        return False
    if found["gap"]:
        return bool(found["cents"]) and found["gap"] != found["point"]
    return bool(found["whole"] or found["cents"])


def _stock(cells: dict[str, str], wrong: dict[str, str]) -> int:
    text = cells.get("stock", "")
    if not _WHOLE.fullmatch(text):
        wrong["stock"] = f"{quoted(text)} is no whole number, such as 5"
        return 0
    if reason := wrong_stock(int(text)):
        wrong["stock"] = reason
    return int(text)


def _is_text(cell: str) -> bool:
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True
