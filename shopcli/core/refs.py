"""How people write down what they want to buy: ``PRODUCT[/VARIANT][:QUANTITY]``."""

from contextlib import suppress
from shlex import join, quote
from typing import NamedTuple

from backends.errors import InvalidValue, NotFound, ShopError
from backends.interface import Products
from backends.models import Product, ProductQuery, Variant

MAX_QUANTITY = 999
# What is looked at to guess which product was meant: three searches of one word each.
_SUGGESTIONS = 3
_SEARCHED_WORDS = 3
_SEARCHED_PRODUCTS = 100
_PAGES = 3


class AmbiguousVariant(InvalidValue):
    """A product comes in several variants and none was named."""

    code = "ambiguous_variant"


class Ref(NamedTuple):
    """A parsed ``PRODUCT[/VARIANT][:QUANTITY]``."""

    product: str
    variant: str | None = None
    quantity: int = 1

    def __str__(self) -> str:
        """Text without the quantity: ``sigma-35-f2/sony-e``."""
        return self.product if self.variant is None else f"{self.product}/{self.variant}"


def parse(text: str) -> Ref:
    """Parse ``sigma-35-f2``, ``sigma-35-f2/sony-e`` or ``sigma-35-f2/sony-e:2``. Raises InvalidValue."""
    name, colon, count = text.strip().rpartition(":")
    if not colon:
        name, count = count, "1"
    product, slash, variant = name.partition("/")
    if not product or (slash and not variant):
        raise InvalidValue(f"{text!r} is not PRODUCT[/VARIANT][:QTY]", hint="shop products list")
    return Ref(product, variant or None, parse_quantity(count))


def parse_quantity(text: str) -> int:
    """Read a quantity of 1 to 999 in plain decimal digits. Raises InvalidValue.

    Python's `int` would also take ``1_000`` and digits of other scripts, which nobody types on purpose.
    """
    digits = text.lstrip("0")
    if text.isascii() and digits.isdigit() and len(digits) <= len(str(MAX_QUANTITY)):
        return int(digits)
    raise InvalidValue(f"a quantity is a whole number from 1 to {MAX_QUANTITY}, not {text!r}")


async def resolve(products: Products, ref: Ref) -> tuple[Product, Variant]:
    """Find what `ref` means. Raises NotFound with the closest slugs, AmbiguousVariant with the variants."""
    product = await find_product(products, ref.product)
    if ref.variant is None:
        if len(product.variants) == 1:
            return product, product.variants[0]
        raise AmbiguousVariant(
            f"{product.slug} comes in {len(product.variants)} variants: {_refs(product)}",
            hint=to_buy(product),
        )
    wanted = f"{product.slug}/{ref.variant}"
    for variant in product.variants:
        if ref.variant in (variant.id, variant.sku) or variant.ref.casefold() == wanted.casefold():
            return product, variant
    raise NotFound(
        f"{product.slug} has no variant {ref.variant!r}; there is {_refs(product)}",
        hint=f"shop products show {quote(product.slug)}",
    )


def to_buy(product: Product) -> str:
    """Return the command that puts it into the cart: a variant that is in stock; what is, if none of them is."""
    for variant in product.variants:
        if variant.in_stock:
            return f"shop cart add {quote(variant.ref)}"
    return "shop products list --in-stock"


def _refs(product: Product) -> str:
    return ", ".join(variant.ref for variant in product.variants)


async def find_product(products: Products, slug: str) -> Product:
    """One product by slug, in capitals too, or id. Raises NotFound with the closest slugs."""
    try:
        return await products.get(slug)
    except NotFound as error:
        unknown = error
    if slug != slug.casefold():
        with suppress(NotFound):
            return await products.get(slug.casefold())
    raise await _unknown(products, slug, unknown) from None


async def _unknown(products: Products, slug: str, error: NotFound) -> NotFound:
    words = slug.replace("-", " ").split()
    message = f"no product {slug!r}"
    if close := await _close_slugs(products, slug, words):
        message += f"; close to it: {', '.join(close)}"
    hint = f"shop products search {join(words)}" if words else "shop products list"
    return NotFound(message, hint=hint, service=error.service, request_id=error.request_id)


async def _close_slugs(products: Products, slug: str, words: list[str]) -> list[str]:
    """Slugs like `slug` among the products that share a word with it, else among the first ones of the shop.

    None if the shop does not answer.
    """
    from difflib import get_close_matches

    slugs: set[str] = set()
    try:
        for word in words[:_SEARCHED_WORDS]:
            page = await products.list(ProductQuery(text=word), _SEARCHED_PRODUCTS)
            slugs.update(product.slug for product in page.items)
        cursor: str | None = None
        for _ in range(0 if slugs else _PAGES):
            page = await products.list(ProductQuery(), _SEARCHED_PRODUCTS, cursor)
            slugs.update(product.slug for product in page.items)
            if (cursor := page.next_cursor) is None:
                break
    except ShopError:
        return []
    return get_close_matches(slug.casefold(), sorted(slugs), n=_SUGGESTIONS)
