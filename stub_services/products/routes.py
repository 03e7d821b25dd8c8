"""ProductService on the wire."""

from decimal import Decimal
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from backends import models
from backends.catalog import MAX_PRODUCTS
from backends.errors import NotFound
from backends.models import ProductQuery, Sort
from stub_services.products.service import ProductService
from stub_services.wire.books import endpoint_of as books_of
from stub_services.wire.endpoint import Call, Endpoint, Needs, Struct
from stub_services.wire.shapes import Money, PageQuery, given, shaped

Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$")]
"""Major units: `1499.00`."""
Name = Annotated[str, Meta(max_length=100)]
MAX_CATALOG = 32 * 1024 * 1024
"""Bytes of an import as it is sent."""
MAX_UNPACKED = 128 * 1024 * 1024
"""Bytes of one that is compressed: 92,331 real products are 37 MB, and 5.8 MB as they are sent."""
MAX_SECONDS = 600.0
"""How long whoever imports may wait."""


class Variant(Struct):
    """What is bought: one product in one mount, size or colour."""

    id: str
    ref: str
    name: str
    sku: str
    price: Money
    in_stock: bool
    stock: int | None


class Product(Struct):
    """A product with at least one variant."""

    id: str
    slug: str
    title: str
    brand: str
    category: str
    description: str
    variants: tuple[Variant, ...]


class Products(Struct):
    """Part of the catalog; `next_cursor` asks for the next part, `total` counts all where that is cheap."""

    items: tuple[Product, ...]
    next_cursor: str | None
    total: int | None


class Category(Struct):
    """A category and how many products it holds."""

    slug: str
    title: str
    products: int | None


class Categories(Struct):
    """All categories by title."""

    items: tuple[Category, ...]


class Search(PageQuery):
    """Which products; prices in major units, both ends included."""

    text: Annotated[str, Meta(max_length=200)] = ""
    category: Name | UnsetType = UNSET
    price_min: Amount | UnsetType = UNSET
    price_max: Amount | UnsetType = UNSET
    in_stock: bool = False
    sort: Sort = Sort.RELEVANCE


class Catalog(Struct):
    """Products to add, or to update by their slugs."""

    products: Annotated[tuple[Product, ...], Meta(max_length=MAX_PRODUCTS)]


class Imported(Struct):
    """How many products were added, were updated, or were as the import says already."""

    added: int
    updated: int
    unchanged: int


async def list_products(service: ProductService, call: Call, query: Search) -> Products:  # noqa: ARG001
    """List or search products."""
    asked = ProductQuery(
        query.text,
        given(query.category),
        _amount(query.price_min),
        _amount(query.price_max),
        query.in_stock,
        query.sort,
    )
    return shaped(await service.list(asked, query.limit, given(query.cursor)), Products)


async def get_product(service: ProductService, call: Call, ref: str) -> Product:  # noqa: ARG001
    """One product by slug or id."""
    return shaped(await service.get(ref), Product)


async def list_categories(service: ProductService, call: Call) -> Categories:  # noqa: ARG001
    """All categories."""
    return Categories(tuple(shaped(category, Category) for category in await service.categories()))


async def import_catalog(service: ProductService, call: Call, body: Catalog) -> Imported:
    """Add or update products, all or none."""
    return shaped(await service.import_catalog(call.caller, map(_model, body.products)), Imported)


def _amount(value: str | UnsetType) -> Decimal | None:
    return None if value is UNSET else Decimal(str(value))


def _model(product: Product) -> models.Product:
    variants = tuple(
        models.Variant(
            variant.id,
            variant.ref,
            variant.name,
            variant.sku,
            variant.price.exact(),
            variant.in_stock,
            variant.stock,
        )
        for variant in product.variants
    )
    return models.Product(
        product.id, product.slug, product.title, product.brand, product.category, product.description, variants
    )


ENDPOINTS = (
    Endpoint("GET", "/v1/products", list_products, alias="list"),
    Endpoint("GET", "/v1/products/{ref}", get_product, raises=(NotFound,), alias="get"),
    Endpoint("GET", "/v1/categories", list_categories, alias="categories"),
    Endpoint(
        "PATCH",
        "/v1/catalog",
        import_catalog,
        Needs.MERCHANT,
        max_body=MAX_CATALOG,
        max_unpacked=MAX_UNPACKED,
        max_seconds=MAX_SECONDS,
    ),
)

STOCK = (books_of("products"),)
"""What is asked of the stock, not of the catalog."""
