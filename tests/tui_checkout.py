"""A person with an address and something in the cart, and the way through a checkout by keys."""

from collections.abc import Callable

from textual.widgets import Button

from backends.models import Address, Fault, FaultKind, Order, OrderStatus, Payment
from shopcli.core.shop import Shop
from shopcli.tui.state import Step
from tests.tui_driver import Screenful

HOME = Address("home", "Ada", "Hauptstr. 1", "Berlin", "10115", "DE")
WORK = Address("work", "Ada", "Werkstr. 2", "Potsdam", "14467", "DE")
LENS = "canon-ef-50mm-f1-8-stm"
METHODS = ("tok_visa", "tok_declined", "tok_insufficient_funds", "tok_lost_answer", "another card", "later")


async def signed_in(shop: Screenful, *addresses: Address) -> None:
    async def sign_in(client: Shop) -> None:
        await client.backend.users.signup("Ada", "ada@example.com", "correct horse battery")
        await client.backend.users.login("ada@example.com", "correct horse battery")
        for address in addresses:
            await client.backend.users.save_address(address)

    await shop.do(sign_in)
    shop.app.account.load()
    await shop.until(lambda: shop.app.state.account.user)


async def filled(shop: Screenful, pieces: int = 1) -> None:
    async def fill(client: Shop) -> None:
        product = await client.backend.products.get(LENS)
        await client.backend.carts.add(product.variants[0].id, pieces)

    await shop.do(fill)
    shop.app.cart.load()
    await shop.until(lambda: shop.app.state.basket.pieces == pieces)


async def ready(shop: Screenful, *addresses: Address) -> None:
    """Ada, her address, one lens in the cart."""
    await signed_in(shop, *(addresses or (HOME,)))
    await filled(shop)


def at(shop: Screenful, step: Step) -> Callable[[], bool]:
    return lambda: shop.app.state.checkout.step is step and not shop.app.state.checkout.busy


async def to_payment(shop: Screenful) -> None:
    await shop.press("C")
    await shop.until(lambda: shop.app.state.checkout.addresses and at(shop, Step.ADDRESS)())
    await shop.press("enter")
    await shop.until(at(shop, Step.DELIVERY))
    await shop.press("enter")
    await shop.until(at(shop, Step.PAYMENT))


async def pay_with(shop: Screenful, method: str) -> None:
    """Choose a method in the payment step."""
    for _ in range(METHODS.index(method)):
        await shop.press("down")
    await shop.press("enter")
    await shop.until(at(shop, Step.REVIEW))


async def to_review(shop: Screenful, method: str = "tok_visa") -> None:
    await to_payment(shop)
    await pay_with(shop, method)


def button(shop: Screenful) -> Button:
    return shop.app.screen.query_one("#send", Button)


async def order_it(shop: Screenful, *, step: Step = Step.RECEIPT) -> None:
    """Go to the button, from the rows that have the focus first, and press it."""
    await shop.until(lambda: shop.app.focused is not None and shop.app.focused.id == "bought")
    await shop.press("tab", "enter")
    await shop.until(lambda: not shop.app.is_working("sending") and at(shop, step)())


async def orders(shop: Screenful) -> tuple[Order, ...]:
    page = await shop.do(lambda client: client.backend.orders.list(50))
    found: tuple[Order, ...] = page.items
    return found


async def statuses(shop: Screenful) -> list[OrderStatus]:
    return [order.status for order in await orders(shop)]


async def payments(shop: Screenful) -> list[Payment]:
    async def of_all(client: Shop) -> list[Payment]:
        page = await client.backend.orders.list(50)
        return [payment for order in page.items for payment in await client.backend.payments.list(order.id)]

    found: list[Payment] = await shop.do(of_all)
    return found


async def inject(shop: Screenful, service: str, kind: FaultKind, action: str = "", seconds: float = 1.0) -> None:
    async def struck(client: Shop) -> None:
        assert client.backend.admin is not None
        await client.backend.admin.inject(Fault(service, kind, action, seconds=seconds))

    await shop.do(struck)


async def heal(shop: Screenful) -> None:
    async def healed(client: Shop) -> None:
        assert client.backend.admin is not None
        await client.backend.admin.clear_faults()

    await shop.do(healed)
