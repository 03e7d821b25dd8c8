"""Whatever a catalog says, what becomes a model shows and never acts."""

from dataclasses import fields, is_dataclass, replace
from decimal import Decimal

import pytest

from backends import Backend, Money, Product, ProductQuery
from backends.conformance.goods import CAMERA
from backends.conformance.harness import Harness, Person, refused
from backends.text import is_clean

HOSTILE = (
    "\x1b]52;c;ZXZpbA==\x07 \x9b31m\x7f \N{RIGHT-TO-LEFT OVERRIDE}gpj.exe\u2028[@click=app.quit]x[/b] \ue000"
    + "\u0301" * 40
)


def texts(value: object) -> list[str]:
    """All text anywhere inside a model."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for each in value for text in texts(each)]
    if is_dataclass(value):
        return [text for each in fields(value) for text in texts(getattr(value, each.name))]
    return []


EVIL = replace(
    CAMERA,
    slug="evil",
    title=HOSTILE,
    brand=HOSTILE,
    category=f"Evil {HOSTILE}",
    description=HOSTILE,
    variants=(replace(CAMERA.variants[0], sku=f"SKU-evil-{HOSTILE}"),),
)


async def test_models_made_of_hostile_text_are_clean(harness: Harness, ada: Person) -> None:
    if harness.admin is None:
        pytest.skip("nobody can import here")
    await harness.admin.import_catalog((EVIL,))
    backend = ada.backend
    item = await backend.products.get("evil")
    order = await ada.order((item.variants[0].id, 1))
    payment = await backend.payments.pay(order.id, harness.methods.good, harness.ids())
    seen: list[object] = [item, order, payment, await backend.products.categories()]
    seen += [(await backend.products.list(ProductQuery(), 100)).items, (await backend.orders.list(10)).items]
    await backend.carts.add(item.variants[0].id, 2)
    await harness.admin.import_catalog((replace(EVIL, variants=(replace(EVIL.variants[0], stock=1),)),))
    cart = await backend.carts.view()
    assert cart.notices
    seen += [cart]
    with pytest.raises(Exception, match="in stock") as caught:
        await backend.carts.set_quantity(cart.lines[0].id, 900)
    seen += [str(caught.value)]
    for text in texts(tuple(seen)):
        assert is_clean(text), ascii(text)


def broken(**changes: object) -> Product:
    return replace(CAMERA, **changes)  # type: ignore[arg-type]  # wrong values are the point


def with_price(price: str) -> Product:
    return broken(variants=(replace(CAMERA.variants[0], price=Money(Decimal(price), "EUR")),))


@pytest.mark.parametrize(
    "wrong",
    [
        broken(slug=""),
        broken(slug="With Spaces"),
        broken(slug="x" * 101),
        broken(slug="../../etc/passwd"),
        broken(title=" "),
        broken(title="\ud800"),
        broken(category="!!!"),
        broken(variants=()),
        broken(variants=(CAMERA.variants[0], CAMERA.variants[0])),
        broken(variants=(replace(CAMERA.variants[0], name="A B"),)),
        broken(variants=(replace(CAMERA.variants[0], stock=None),)),
        broken(variants=(replace(CAMERA.variants[0], stock=-1),)),
        broken(variants=(replace(CAMERA.variants[0], stock=10**9 + 1),)),
        broken(variants=(replace(CAMERA.variants[0], price=Money(Decimal(1), "USD")),)),
        with_price("-1"),
        with_price("1.001"),
        with_price("1E12"),
        with_price("NaN"),
        with_price("Infinity"),
    ],
)
async def test_an_import_refuses(harness: Harness, guest: Backend, wrong: Product) -> None:
    if harness.admin is None:
        pytest.skip("nobody can import here")
    with refused("invalid_value", service="products"):
        await harness.admin.import_catalog((wrong,))
    assert (await guest.products.get("camera")).title == CAMERA.title
