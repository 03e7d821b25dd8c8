"""Check the demo catalog against the lensfun database.

Every product must be listed there (brand and model, after normalising the spelling),
with every mount it is offered for. Needs ``lensfunpy``, which carries the database:

    pip install lensfunpy
    python benchmarks/check_catalog.py
"""

import csv
import re
import sys
import unicodedata
import xml.etree.ElementTree as ET
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import NamedTuple

CATALOG = Path(__file__).parents[1] / "stub_services" / "products" / "catalog.csv"
SHARED = ("title", "brand", "category", "description")  # equal in all rows of a product

# Mounts of one bayonet are one variant; other names are only turned into slugs.
VARIANTS = {
    "Canon EF-S": "canon-ef",
    "Leica L": "l-mount",
    "Micro 4/3": "micro-four-thirds",
    "Nikon F": "nikon-f",
    "Pentax K": "pentax-k",
    "Sony Alpha": "sony-a",
}
# In lensfun's own repository, but newer than the database in lensfunpy 1.18.0.
UPSTREAM = {"sony-fe-50mm-f1-4": "https://github.com/lensfun/lensfun/pull/2791"}


class Entry(NamedTuple):
    """One camera or lens of the lensfun database, with its names in all languages."""

    kind: str
    makers: list[str]
    models: list[str]
    variants: set[str]


def plain(text: str) -> str:
    """Lower case without accents."""
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in split if not unicodedata.combining(char))


def normalise(model: str, brand: str) -> str:
    """Reduce a model name to what tells it apart, whoever spelled it."""
    name = plain(model).replace(plain(brand), " ").strip()
    for letter, series in {"a": "art", "c": "contemporary", "s": "sports"}.items():
        name = re.sub(rf"\| ?{letter}\b|\[{letter}\]", series, name)  # Sigma's series ...
    name = re.sub(r"\s\d{3}$", "", name)  # ... and its year
    name = re.sub(r"\blumix\b|\bdm?c-|\bmark\b|mark(?=i)", "", name)
    name = re.sub(r"(?<=\d)m([23])$", lambda match: "i" * int(match[1]), name)  # DC-S5M2
    name = re.sub(r"(?<=\d)\.0\b|(?<=\d) ?mm", "", name)
    return re.sub(r"[^a-z0-9.]|\.(?!\d)", "", name)


def variant_of(mount: str) -> str:
    """Return the catalog's variant for a mount as lensfun names it."""
    known = (slug for start, slug in VARIANTS.items() if mount.startswith(start))
    return next(known, mount.lower().replace(" ", "-"))


def read_lensfun() -> list[Entry]:
    """Read the files themselves, as lensfunpy gives no names in other languages."""
    tags, entries = ("maker", "model", "mount"), []
    for file in resources.files("lensfunpy").joinpath("db_files").iterdir():
        for node in ET.fromstring(file.read_bytes()):  # noqa: S314 - the package's own files
            makers, models, mounts = ([e.text or "" for e in node.iter(t)] for t in tags)
            entries.append(Entry(node.tag, makers, models, {variant_of(name) for name in mounts}))
    return entries


def check_product(rows: list[dict[str, str]], database: list[Entry]) -> list[str]:
    """Return what is wrong with one product, given all of its rows."""
    problems = [f"{name} varies" for name in SHARED if len({row[name] for row in rows}) > 1]
    kind = "camera" if rows[0]["category"].endswith("cameras") else "lens"
    title, brand, listed = rows[0]["title"], rows[0]["brand"], None
    for entry in (entry for entry in database if entry.kind == kind):
        branded = any(plain(n).startswith(plain(brand)) for n in entry.makers + entry.models)
        if branded and normalise(title, brand) in {normalise(m, brand) for m in entry.models}:
            listed = (listed or set()) | entry.variants
    if listed is None:
        return [*problems, f"{title!r} is not in lensfun"]
    variants = {row["variant"] for row in rows}
    if variants != {"standard"}:
        return problems + [f"mount {name} is not listed" for name in sorted(variants - listed)]
    unclear = [f"'standard' is unclear, as lensfun lists {sorted(listed)}"]
    return problems + (unclear if kind == "lens" and len(listed) > 1 else [])


def main() -> int:
    """Print each exception and a summary; return 1 if anything is not as listed."""
    with CATALOG.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    skus = Counter(row["sku"] for row in rows)
    problems = [f"{sku}: used {count} times" for sku, count in skus.items() if count > 1]
    products: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        products.setdefault(row["slug"], []).append(row)
    database = read_lensfun()
    for slug, variants in products.items():
        found = check_product(variants, database)
        if slug in UPSTREAM and found and "not in lensfun" in found[-1]:
            print(f"note: {found.pop()} of this package, only upstream: {UPSTREAM[slug]}")
        problems += [f"{slug}: {text}" for text in found]
    for text in problems:
        print(f"error: {text}")
    print(f"{len(products)} products, {len(rows)} variants, {len(problems)} errors")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
