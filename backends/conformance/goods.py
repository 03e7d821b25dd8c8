"""The catalog that the contract tests sell. A backend under test is filled with it, whichever way it is filled."""

from dataclasses import replace
from decimal import Decimal

from backends import Address, Money, Product, Variant

PLENTY = 50


def variant(slug: str, name: str, price: str, stock: int) -> Variant:
    """One variant at `price` EUR."""
    ref = slug if name == "standard" else f"{slug}/{name}"
    return Variant(f"{slug}/{name}", ref, name, f"SKU-{slug}-{name}", Money(Decimal(price), "EUR"), stock > 0, stock)


def product(slug: str, title: str, category: str, *variants: Variant, brand: str = "Acme") -> Product:
    """One product."""
    return Product(slug, slug, title, brand, category, f"{title}, for taking pictures.", variants)


def simple(slug: str, title: str, category: str, price: str, *, stock: int = PLENTY, brand: str = "Acme") -> Product:  # noqa: PLR0913
    """One product without a choice of variants."""
    return product(slug, title, category, variant(slug, "standard", price, stock), brand=brand)


def priced(item: Product, price: str) -> Product:
    """Return the product at another price."""
    money = Money(Decimal(price), "EUR")
    return replace(item, variants=tuple(replace(each, price=money) for each in item.variants))


def stocked(item: Product, stock: int) -> Product:
    """Return the product with another stock."""
    return replace(item, variants=tuple(replace(each, stock=stock, in_stock=stock > 0) for each in item.variants))


CAMERA = simple("camera", "Alpine camera", "Cameras", "999.00", brand="Zeta")
TRIPOD = simple("tripod", "Carbon tripod", "Tripods", "149.90")
TWIN = simple("twin", "Twin tripod", "Tripods", "149.90")
LAST = simple("last", "Last of its kind", "Cameras", "350.00", stock=1)
GONE = simple("gone", "Sold out flash", "Lighting", "89.00", stock=0)
LENS = product(
    "lens",
    "Prime lens",
    "Prime lenses",
    variant("lens", "sony-e", "799.00", 7),
    variant("lens", "nikon-z", "829.00", 5),
)
STRAPS = tuple(simple(f"strap-{n:02}", f"Leather strap {n % 3}", "Straps", f"{20 + n % 4}.50") for n in range(12))

GOODS = (CAMERA, TRIPOD, TWIN, LAST, GONE, LENS, *STRAPS)
SLUGS = {item.slug for item in GOODS}

BAGS = tuple(replace(TRIPOD, slug=f"bag-{n}") for n in range(101))
"""More products than a cart has lines."""
IMPORTED = (*GOODS, replace(CAMERA, slug="evil"), *BAGS)
"""All that tests import, with its best face."""


_SLUGS_IN_SKUS = (*SLUGS, "evil")


def sold_by_us(item: Product) -> bool:
    """Whether a product with such a slug is one of the suite's, as a test may have left it."""
    return all(each.sku.startswith(tuple(f"SKU-{slug}-" for slug in _SLUGS_IN_SKUS)) for each in item.variants)


ADDRESS = Address("home", "Ada Lovelace", "12 Rue de la Paix", "Paris", "75002", "FR", line2="Apt 4", phone="+33 1 23")
