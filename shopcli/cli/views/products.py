"""The catalog."""

from backends.models import Category, Product, Variant
from shopcli.cli.output.columns import Card, Column, View

_STOCK = {"no": "red", "yes": "green"}


def _stock(variant: Variant) -> object:
    return variant.in_stock if variant.stock is None else variant.stock


PRODUCTS = View(
    Product,
    (
        Column("slug", lambda product: product.slug),
        Column("title", lambda product: product.title, shrinks=True),
        Column("brand", lambda product: product.brand, rank=3),
        Column("category", lambda product: product.category, rank=2),
        Column("variants", lambda product: len(product.variants), right=True, rank=4),
        Column("price", lambda product: product.prices[0], right=True),
        Column(
            "in_stock",
            lambda product: any(variant.in_stock for variant in product.variants),
            "stock",
            rank=1,
            styles=_STOCK,
        ),
        Column("id", lambda product: product.id, hidden=True),
        Column("description", lambda product: product.description, hidden=True),
    ),
    identity=lambda product: product.slug,
)

_VARIANTS = (
    Column("ref", lambda variant: variant.ref, shrinks=True),
    Column("name", lambda variant: variant.name, rank=1),
    Column("sku", lambda variant: variant.sku, rank=2),
    Column("price", lambda variant: variant.price, right=True),
    Column("stock", _stock, right=True, styles={**_STOCK, "0": "red"}),
    Column("id", lambda variant: variant.id, hidden=True),
)


def _product_card(product: Product) -> Card:
    from shutil import get_terminal_size
    from textwrap import wrap

    kind = " · ".join(filter(None, (product.brand, product.category)))
    about = wrap(product.description, min(100, get_terminal_size().columns))
    paragraphs = ([product.title, kind] if kind else [product.title], about)
    head = [line for lines in paragraphs if lines for line in (*lines, "")]
    return Card(head, _VARIANTS, product.variants)


PRODUCT = View(
    Product,
    _VARIANTS,
    identity=lambda variant: variant.ref,
    rows=lambda product: product.variants,
    card=_product_card,
)

CATEGORY = View(
    Category,
    (
        Column("slug", lambda category: category.slug),
        Column("title", lambda category: category.title, shrinks=True),
        Column("products", lambda category: category.products, right=True),
    ),
    identity=lambda category: category.slug,
)
