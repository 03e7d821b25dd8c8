"""The rules of stock: never below zero, held for one order, sold once."""

from datetime import datetime

from backends.interface import Clock
from backends.models import BookEntry, Page
from stub_services.books import entries_in, page_of
from stub_services.caller import Caller
from stub_services.currency import CURRENCY
from stub_services.database import Store
from stub_services.peers import MEMORY, Item, Offer, Refusal, Reserved, SoldLine
from stub_services.products.stock_store import StockRows


class Stock:
    """What ProductService answers its peers."""

    def __init__(self, store: Store[StockRows], *, clock: Clock) -> None:
        """Keep stock in `store`, the catalog's own database."""
        self._store = store
        self._clock = clock

    async def offers(self, variant_ids: tuple[str, ...]) -> dict[str, Offer]:
        """Price and stock now; unknown variants are missing."""
        async with self._store.read() as rows:
            return await rows.offers(variant_ids)

    async def reserve(self, order_id: str, items: tuple[Item, ...], intent_at: datetime) -> Reserved | Refusal:
        """Hold all items or none; a replay answers what was recorded."""
        async with self._store.write() as rows:
            known = await rows.reservation(order_id)
            if known is not None:
                return known.outcome or Refusal("cancelled", "the order was cancelled")
            if self._clock() - intent_at > MEMORY:
                return Refusal("too_old", "the checkout is too old to be repeated")
            outcome = _decide(items, await rows.offers(tuple(item.variant_id for item in items)))
            held = isinstance(outcome, Reserved)
            await rows.insert_reservation(order_id, "held" if held else "refused", outcome)
            for item in items if held else ():
                await rows.hold(item)
            return outcome

    async def books(self, caller: Caller, cursor: str | None) -> Page[BookEntry]:
        """What each order holds of the stock, or has bought, and where the shelf counts otherwise. Raises Forbidden."""
        return await page_of(entries_in(self._store), caller, cursor, self._miscounted)

    async def _miscounted(self, most: int) -> tuple[BookEntry, ...]:
        async with self._store.read() as rows:
            return tuple(await rows.miscounted())[:most]

    async def sell(self, order_id: str) -> None:
        """Turn what is held into sold; nothing happens to what was released."""
        async with self._store.write() as rows:
            reservation = await rows.reservation(order_id)
            if reservation and await rows.move_reservation(order_id, "sold", expected=("held",)):
                for item in _items(reservation.outcome):
                    await rows.sell(item)

    async def release(self, order_id: str) -> None:
        """Put everything back on the shelf, for good: a reserve that comes later finds a tombstone (R18)."""
        async with self._store.write() as rows:
            reservation = await rows.reservation(order_id)
            if reservation is None:
                await rows.insert_reservation(order_id, "released", None)
            elif await rows.move_reservation(order_id, "released", expected=("held", "sold")):
                for item in _items(reservation.outcome):
                    await rows.put_back(item, sold=reservation.state == "sold")


def _decide(items: tuple[Item, ...], offers: dict[str, Offer]) -> Reserved | Refusal:
    for item in items:
        offer = offers.get(item.variant_id)
        if offer is None:
            return Refusal("out_of_stock", f"{item.variant_id} is not sold any more")
        if offer.available < item.quantity:
            return Refusal("out_of_stock", f"{offer.title}: {item.quantity} wanted, {offer.available} left")
    lines = tuple(SoldLine(offers[item.variant_id], item.quantity) for item in items)
    return Reserved(lines, sum(line.offer.unit_price * line.quantity for line in lines), CURRENCY)


def _items(outcome: Reserved | Refusal | None) -> tuple[Item, ...]:
    lines = outcome.lines if isinstance(outcome, Reserved) else ()
    return tuple(Item(line.offer.variant_id, line.quantity) for line in lines)
