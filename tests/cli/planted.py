"""Shops with a defect, for `shop backends check` to find."""

import asyncio
from pathlib import Path
from typing import Any

from backends import Backend, Capability, Cart, Clock, Ids, Page, Product, ProductQuery, SessionStore
from backends.errors import Unavailable, Unsupported
from stub_services.inprocess import InProcessBackend, open_sqlite


class Changed:
    """Something with some of its attributes changed."""

    def __init__(self, inner: object, **changes: object) -> None:
        self._inner = inner
        vars(self).update(changes)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the inner one has
        return getattr(self._inner, name)


def none(shop: InProcessBackend) -> object:
    return shop


def ignores_quantity(shop: InProcessBackend) -> object:
    async def add(variant_id: str, quantity: int) -> Cart:
        return await shop.carts.add(variant_id, min(quantity, 1))

    return Changed(shop, carts=Changed(shop.carts, add=add))


def claims_to_cancel(shop: InProcessBackend) -> object:
    async def cancel(order_id: str, key: str) -> None:
        raise Unsupported("nothing is cancelled here")

    return Changed(shop, orders=Changed(shop.orders, cancel=cancel))


def cancels_nothing(shop: InProcessBackend) -> object:
    return Changed(claims_to_cancel(shop), capabilities=shop.capabilities - {Capability.CANCEL_ORDER})


def somebody_elses(shop: InProcessBackend) -> object:
    return Changed(shop, admin=None)


def down(shop: InProcessBackend) -> object:
    async def listing(*_: object) -> None:
        raise Unavailable("nobody is there", service="products")

    return Changed(shop, products=Changed(shop.products, list=listing))


def interrupted(shop: InProcessBackend) -> object:
    async def view() -> Cart:
        raise KeyboardInterrupt

    return Changed(shop, carts=Changed(shop.carts, view=view))


def lists_garbage(shop: InProcessBackend) -> object:
    async def listing(*_: object) -> str:
        answer: dict[str, str] = {}
        return answer["items"]

    return Changed(somebody_elses(shop), products=Changed(shop.products, list=listing))


def filters_nothing(shop: InProcessBackend) -> object:
    async def listing(query: ProductQuery, limit: int, cursor: str | None = None) -> Page[Product]:
        return await shop.products.list(ProductQuery(query.text, sort=query.sort), limit, cursor)

    return Changed(somebody_elses(shop), products=Changed(shop.products, list=listing))


def never_ends(shop: InProcessBackend) -> object:
    async def listing(query: ProductQuery, limit: int, _: str | None = None) -> Page[Product]:
        return await shop.products.list(query, limit)

    return Changed(somebody_elses(shop), products=Changed(shop.products, list=listing))


def suspends_after_all(shop: InProcessBackend) -> object:
    async def listing(query: ProductQuery, limit: int, cursor: str | None = None) -> Page[Product]:
        await asyncio.sleep(0)
        return await shop.products.list(query, limit, cursor)

    return Changed(somebody_elses(shop), products=Changed(shop.products, list=listing))


class Planted:
    """What `planted:` opens: the shop of a directory with a `defect`, one of the functions above."""

    directory = Path()
    defect = staticmethod(none)


def open_planted(url: str, *, sessions: SessionStore, clock: Clock, ids: Ids) -> Backend:
    shop = open_sqlite(f"sqlite:{Planted.directory}", sessions=sessions, clock=clock, ids=ids)
    backend: Backend = Planted.defect(shop)  # type: ignore[assignment]
    return backend
