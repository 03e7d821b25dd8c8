"""The line on top: where one is, what is in the cart, who shops, how the services are."""

from textual.content import Content

from backends.text import shorten
from shopcli.core.basket import Basket
from shopcli.tui.commands import Scope, of
from shopcli.tui.state import Health, ShopState
from shopcli.tui.widgets.line import Line
from shopcli.tui.words import money

TABS = tuple(command for command in of(Scope.EVERYWHERE) if command.id.startswith("tab."))
_MOST_OF_A_NAME = 24


class Bar(Line):
    """The tabs and the state of everything, as much of it as fits."""

    def show(self, state: ShopState, page: str) -> None:
        """Show where one is."""
        health = _health(state.health)
        for left, right in (
            (_tabs(state, page, roomy=True), Content.assemble(_account(state), "  ", health)),
            (_tabs(state, page, roomy=False), Content.assemble(_account(state), "  ", health)),
            (_tabs(state, page, roomy=False), health),
            (_tabs(state, page, roomy=False), Content()),
        ):
            gap = self.size.width - left.cell_length - right.cell_length
            if gap > 0:
                break
        self.say(Content.assemble(left, " " * max(0, gap), right))


def _tabs(state: ShopState, page: str, *, roomy: bool) -> Content:
    parts = [Content.styled("shop ", "bold")] if roomy else []
    for number, tab in enumerate(TABS, 1):
        name = tab.label + (_cart(state.basket, with_sum=roomy) if tab.id == "tab.cart" else "")
        text = Content.styled(
            f" {number} {name}{' ' if roomy else ''}", "reverse bold" if tab.id == f"tab.{page}" else ""
        )
        parts.append(text.stylize(f"@click=app.{tab.action}"))
    return Content.assemble(*parts)


def _cart(basket: Basket, *, with_sum: bool) -> str:
    if not basket.pieces:
        return ""
    totals = basket.cart.totals if basket.cart and basket.is_settled else None
    return f"({basket.pieces})" + (f" {money(totals.items)}" if totals and with_sum else "")


def _account(state: ShopState) -> str:
    if state.account.user is None:
        return "signed out" if state.account.known else ""
    return shorten(state.account.user.email, _MOST_OF_A_NAME)


def _health(health: Health) -> Content:
    count = len(health.services)
    if not count:
        return Content()
    up = sum(service.status == "up" for service in health.services)
    sign, tone = ("●", "$text-success") if up == count else ("▲", "$text-warning")
    return Content.styled(f"{sign}{up}/{count} up", tone)
