"""The cart as a person sees it while edits are on their way.

Edits show at once and are sent one after the other. Each answer is the whole cart and takes the place of what was
known; a failed edit is taken back, with what was built on it. Sums are the server's, so they are those of the last
answer until the next one comes.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from shlex import join

from backends.errors import NotFound, ShopError
from backends.interface import Carts, Products
from backends.models import Cart, Line
from shopcli.core.refs import MAX_QUANTITY

UNDOS = 50
"""So many edits can be undone."""
_NOT_SOLD = "not_sold"
_SHORT = "short_stock"


@dataclass(frozen=True, slots=True)
class Edit:
    """Have this many pieces of a variant in the cart: 0 takes it out."""

    variant_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Basket:
    """The cart that the shop told, and the edits that it has not answered yet."""

    cart: Cart | None = None
    edits: tuple[Edit, ...] = ()
    undos: tuple[Edit, ...] = ()
    """What brings back what was there before each edit, the latest last."""
    loaded_at: datetime | None = None
    error: ShopError | None = None

    @property
    def is_settled(self) -> bool:
        """Whether all that the person did is in the cart."""
        return not self.edits

    @property
    def lines(self) -> tuple[tuple[Line, int], ...]:
        """The lines with the quantities that the person wants."""
        lines = self.cart.lines if self.cart else ()
        wanted = {edit.variant_id: edit.quantity for edit in self.edits}
        shown = ((line, wanted.get(line.variant_id, line.quantity)) for line in lines)
        return tuple((line, quantity) for line, quantity in shown if quantity)

    @property
    def pieces(self) -> int:
        """How many pieces there are, with those that are on their way."""
        counts = {line.variant_id: 0 for line in (self.cart.lines if self.cart else ())}
        for line in self.cart.lines if self.cart else ():
            counts[line.variant_id] += line.quantity
        counts.update((edit.variant_id, edit.quantity) for edit in self.edits)
        return sum(counts.values())

    def quantity(self, variant_id: str) -> int:
        """How many pieces of a variant the person wants to have in the cart."""
        for edit in reversed(self.edits):
            if edit.variant_id == variant_id:
                return edit.quantity
        return self._told(variant_id)

    def wanting(self, variant_id: str, quantity: int) -> "Basket":
        """Want so many of it: shown at once, to be sent. An edit of the same variant that still waits is replaced."""
        undo = Edit(variant_id, self.quantity(variant_id))
        if undo.quantity == quantity:
            return self
        waiting = self.edits[:1] + tuple(edit for edit in self.edits[1:] if edit.variant_id != variant_id)
        edits = (*waiting, Edit(variant_id, quantity))
        return replace(self, edits=edits, undos=(*self.undos, undo)[-UNDOS:], error=None)

    def undone(self) -> "Basket":
        """Take the latest edit back, by another edit. The same basket if there is none."""
        if not self.undos:
            return self
        undo = self.undos[-1]
        return replace(self.wanting(undo.variant_id, undo.quantity), undos=self.undos[:-1])

    def answered(self, cart: Cart, now: datetime) -> "Basket":
        """The first edit is in the cart."""
        return replace(self, cart=cart, edits=self.edits[1:], loaded_at=now, error=None)

    def told(self, cart: Cart, now: datetime) -> "Basket":
        """The shop told the cart without being sent an edit."""
        return replace(self, cart=cart, loaded_at=now, error=None)

    def failed(self, error: ShopError) -> "Basket":
        """The first edit failed: what was wanted is what the shop told last."""
        return replace(self, edits=(), undos=(), error=error)

    def _told(self, variant_id: str) -> int:
        lines = self.cart.lines if self.cart else ()
        return sum(line.quantity for line in lines if line.variant_id == variant_id)


async def send(carts: Carts, cart: Cart, edit: Edit) -> Cart:
    """Bring the cart to what the edit wants; some shops give one variant several lines."""
    lines = [line for line in cart.lines if line.variant_id == edit.variant_id]
    if not lines:
        return await carts.add(edit.variant_id, edit.quantity) if edit.quantity else cart
    first, *others = lines
    rest = edit.quantity - sum(line.quantity for line in others)
    if rest > 0:
        return await carts.set_quantity(first.id, rest)
    return await send(carts, await carts.remove(first.id), edit)


async def mending(products: Products, cart: Cart) -> str | None:
    """Return the command that mends the first line that cannot be ordered as it is, None if there is none."""
    for line in cart.lines:
        told = {notice.code for notice in cart.notices if notice.line_id == line.id}
        if told.isdisjoint((_NOT_SOLD, _SHORT)):
            continue
        left = 0 if _NOT_SOLD in told else await _left(products, line)
        if left is None or left < line.quantity:
            return join(["shop", *_mended(_name(cart, line), line, left)])
    return None


def _mended(name: str, line: Line, left: int | None) -> list[str]:
    if left is None:
        return ["products", "show", line.ref]
    return ["cart", "set", name, str(min(left, MAX_QUANTITY))] if left else ["cart", "remove", name]


async def _left(products: Products, line: Line) -> int | None:
    """Return how many pieces there are for the line, None if nobody says: a notice tells people, but no number."""
    try:
        product = await products.get(line.ref.partition("/")[0])
    except NotFound:
        return 0
    except ShopError:
        return None
    now = next((variant for variant in product.variants if variant.id == line.variant_id), None)
    return now.stock if now and now.in_stock else 0


def _name(cart: Cart, line: Line) -> str:
    """Return what means this line and no other: its ref, unless that may be another line's, or a row."""
    is_own = [each.ref for each in cart.lines].count(line.ref) == 1 and not line.ref.isdigit()
    return line.ref if is_own else line.id
