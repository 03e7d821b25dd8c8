"""What a person does in a cell of the table, and how it is told afterwards whether what was said is true."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from backends import Order, ProductQuery
from backends.errors import Unavailable
from tests.model.checker import require
from tests.wire.books import Books
from tests.wire.people import Person
from tests.wire.template import TRIPOD_ID, TWIN_ID, Template
from tests.wire.world import World

Doing = Callable[[], Awaitable[object]]


@dataclass
class Scene:
    """A shop right before something fails."""

    world: World
    template: Template
    books: Books
    ada: Person
    guest: Person
    """Somebody new."""
    order: Order | None = None

    def cart(self) -> dict[str, int]:
        """What is in Ada's cart."""
        sql = "SELECT variant_id, quantity FROM lines JOIN carts ON carts.id = cart_id WHERE user_id = ?"
        found = self.world.rows("carts", sql, self.ada.owner())
        return {row["variant_id"]: row["quantity"] for row in found}


class Action:
    """One variant of a row. `outcome` is "ok", "F", "P": what the person was told."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.ada = scene.ada

    async def before(self) -> None:
        """Do what belongs to an earlier command."""

    async def do(self) -> object:
        """Do it, while something fails."""
        raise NotImplementedError

    async def truth(self, outcome: str) -> None:
        """Check what was told, now that all is well; the checker looks at orders, money, stock and carts besides."""


class SignUp(Action):
    async def do(self) -> object:
        await self.scene.guest.sign_up()
        return None

    async def truth(self, outcome: str) -> None:
        found = self.scene.world.rows("users", "SELECT 1 FROM users WHERE email = ?", self.scene.guest.email)
        require(len(found) == {"ok": 1, "F": 0}.get(outcome, len(found)), 5, f"{outcome}, and {len(found)} accounts")


class LogIn(Action):
    """With a guest's cart that is merged at log-in, or later."""

    async def before(self) -> None:
        await self.scene.guest.sign_up()
        await self.scene.guest.add(TWIN_ID, 1)

    async def do(self) -> object:
        await self.scene.guest.log_in()
        return None

    async def truth(self, outcome: str) -> None:
        guest = self.scene.guest
        require((guest.owner() is not None) == (outcome == "ok"), 5, f"{outcome}, and {guest.owner()} is logged in")
        if guest.owner() is not None:
            cart = await guest.backend.carts.view()
            require([line.variant_id for line in cart.lines] == [TWIN_ID], 4, f"{cart.lines} after log-in")


class Browse(Action):
    async def do(self) -> object:
        page = await self.ada.backend.products.list(ProductQuery(), 20)
        assert page.items
        return await self.ada.backend.products.get("tripod")


class Search(Action):
    async def do(self) -> object:
        page = await self.ada.backend.products.list(ProductQuery(text="tripod"), 20)
        assert len(page.items) == 2
        return await self.ada.backend.products.categories()


class ViewCart(Action):
    async def do(self) -> object:
        cart = await self.ada.backend.carts.view()
        assert [(line.variant_id, line.quantity) for line in cart.lines] == [(TRIPOD_ID, 2)]
        return cart


class Add(Action):
    async def do(self) -> object:
        await self.ada.add(TWIN_ID, 1)
        return None


class Remove(Action):
    async def before(self) -> None:
        self._line = (await self.ada.backend.carts.view()).lines[0].id

    async def do(self) -> object:
        return await self.ada.backend.carts.remove(self._line)

    async def truth(self, outcome: str) -> None:
        left = self.scene.cart().get(TRIPOD_ID, 0)
        require(left == {"ok": 0, "F": 2}.get(outcome, left), 5, f"{outcome}, and {left} are left")
        self.scene.books.journal.put[self.ada.owner(), TRIPOD_ID] -= 2 - left  # type: ignore[index]


class Clear(Remove):
    async def do(self) -> object:
        return await self.ada.backend.carts.clear()


class SetQuantity(Remove):
    async def do(self) -> object:
        return await self.ada.backend.carts.set_quantity(self._line, 3)

    async def truth(self, outcome: str) -> None:
        now = self.scene.cart()[TRIPOD_ID]
        require(now == {"ok": 3, "F": 2}.get(outcome, now), 5, f"{outcome}, and there are {now}")
        self.scene.books.journal.put[self.ada.owner(), TRIPOD_ID] += now - 2  # type: ignore[index]


class Confirm(Action):
    """The cart with address, delivery and total; the person says yes, and something fails before that is heard."""

    async def do(self) -> object:
        cart = await self.ada.checkout.prepare(None, "standard")
        assert cart.requirements == ()
        return cart


class Place(Action):
    """What follows the yes, which is another command's deadline."""

    async def before(self) -> None:
        self._attempt = await self.ada.confirm()

    async def do(self) -> object:
        return await self.ada.place(self._attempt)


class Pay(Action):
    async def do(self) -> object:
        return await self.ada.pay(self.scene.template.waiting)


class List(Action):
    async def do(self) -> object:
        page = await self.ada.backend.orders.list(20)
        assert len(page.items) == 2
        return page


class Show(Action):
    """An order with its payments, which may be unknown."""

    async def do(self) -> object:
        order = await self.ada.backend.orders.get(self.scene.template.paid.number or "")
        try:
            await self.ada.backend.payments.list(order.id)
        except Unavailable as error:
            require(error.service == "payments", 5, f"{error.message}: {error.service}")
        return order


class CancelWaiting(Action):
    order = "waiting"
    ends = "cancelled"

    async def do(self) -> object:
        return await self.ada.cancel(getattr(self.scene.template, self.order).number)

    async def truth(self, outcome: str) -> None:
        order = await self.ada.backend.orders.get(getattr(self.scene.template, self.order).id)
        before = {"waiting": "awaiting_payment", "paid": "paid"}[self.order]
        right = {"ok": (self.ends,), "F": (before,)}.get(outcome, (self.ends, before))
        require(order.status in right, 5, f"{outcome}, and the order is {order.status}")


class CancelPaid(CancelWaiting):
    order = "paid"
    ends = "refunded"


ACTIONS: dict[str, dict[str, type[Action]]] = {
    "log in, sign up": {"sign up": SignUp, "log in": LogIn},
    "browse, search": {"browse": Browse, "search": Search},
    "view cart": {"view cart": ViewCart},
    "edit cart": {"add": Add, "set quantity": SetQuantity, "remove": Remove, "clear": Clear},
    "place order": {"confirm": Confirm, "place": Place},
    "pay": {"pay": Pay},
    "order history": {"list": List, "show": Show},
    "cancel": {"cancel unpaid": CancelWaiting, "cancel paid": CancelPaid},
}
"""The eight actions of the table, and the ways of each."""
