"""Checkout: address, delivery, payment, review, receipt, one after the other on one screen."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, ContentSwitcher, Static

from backends.errors import LoginRequired
from backends.models import Address, Card, Order, PaymentMethod, ShippingOption
from backends.models import Line as BoughtLine
from backends.text import clean
from shopcli.tui.commands import Command, Scope, bindings
from shopcli.tui.flows.orders import waits
from shopcli.tui.screens.card import CardScreen
from shopcli.tui.screens.screen import ShopScreen
from shopcli.tui.state import Checkout, ShopState, Step, Trouble
from shopcli.tui.widgets.bill import name_of, receipt, to_confirm
from shopcli.tui.widgets.choices import Choice, Other, choices, chosen
from shopcli.tui.widgets.line import Line
from shopcli.tui.widgets.rows import Column, RowList
from shopcli.tui.words import Keys, is_signed_out, money

_ARROW = " › "  # noqa: RUF001  as people draw a path
_QUESTIONS = {
    Step.ADDRESS: "Where should it go?",
    Step.DELIVERY: "How should it get there?",
    Step.PAYMENT: "How will you pay?",
    Step.REVIEW: "Is all of it right? tab, then enter on the button, sends.",
    Step.RECEIPT: "",
}


class CheckoutScreen(ShopScreen):
    """Shows the step that the checkout is at."""

    SCOPE = Scope.CHECKOUT
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SCOPE)]

    def __init__(self) -> None:
        """Show nothing yet."""
        super().__init__()
        self._entered: object = None
        """The step, and what it is about, for which the cursor was placed."""

    def compose_body(self) -> ComposeResult:
        """Where one is, what is asked, and the step's own part."""
        yield Line(id="steps")
        yield Line(id="question")
        yield Static(id="said")
        with ContentSwitcher(initial="choices"):
            yield RowList[Choice](
                Column(lambda choice: choice.text),
                Column(lambda choice: choice.price, 13, right=True),
                id="choices",
            )
            with Vertical(id="review"):
                yield RowList[BoughtLine](
                    Column(lambda line: line.title),
                    Column(lambda line: line.variant, 16, least=64),
                    Column(lambda line: f"{line.quantity} ×", 6, right=True),
                    Column(lambda line: money(line.unit_price), 13, right=True, least=50),
                    Column(lambda line: money(line.total), 13, right=True),
                    id="bought",
                )
                yield Static(id="facts")
                yield Button("", variant="primary", id="send", compact=True)
            with VerticalScroll(id="receipt"):
                yield Static(id="became")

    def show(self, state: ShopState) -> None:
        """Show the step."""
        checkout = state.checkout
        self.query_one("#steps", Line).say(_steps(checkout))
        self.query_one("#question", Line).say(Content(checkout.busy or _question(checkout)))
        said = self.query_one("#said", Static)
        said.display = bool(checkout.said)
        said.update(Content("\n".join(f"! {clean(words)}" for words in checkout.said)))
        self.query_one(ContentSwitcher).current = {Step.REVIEW: "review", Step.RECEIPT: "receipt"}.get(
            checkout.step, "choices"
        )
        if checkout.step is Step.REVIEW:
            self._show_review(checkout)
        elif checkout.step is Step.RECEIPT:
            self.query_one("#became", Static).update(receipt(checkout, self.shop.key))
        else:
            self._choices.show(choices(checkout), _nothing(checkout, self.shop.key))
        self._enter(checkout)

    def trouble(self, state: ShopState) -> Trouble:
        """Say why it does not go on."""
        error = state.checkout.error
        return None if is_signed_out(error) else error, None

    def reload(self) -> None:
        """Ask the shop again for what this step needs."""
        self.shop.checkout.reload()

    def on_unmount(self) -> None:
        """Forget what was not confirmed."""
        self.shop.checkout.leave()

    @property
    def _choices(self) -> RowList[Choice]:
        return self.query_one("#choices", RowList)

    def _show_review(self, checkout: Checkout) -> None:
        source = checkout.cart or checkout.order
        self.query_one("#bought", RowList).show(source.lines if source else ())
        self.query_one("#facts", Static).update(to_confirm(checkout))
        button = self.query_one("#send", Button)
        button.label = Content(_button(checkout))
        if button.disabled and not checkout.busy:
            self.query_one("#bought", RowList).focus()  # a key that was meant for what is over presses nothing
        button.disabled = bool(checkout.busy)

    def _enter(self, checkout: Checkout) -> None:
        """Place cursor and focus if another step has begun: never on the button that sends."""
        key = checkout.attempt.key if checkout.attempt else None
        entered = (checkout.step, key, bool(checkout.busy) and checkout.step is not Step.REVIEW)
        if entered == self._entered:
            return
        self._entered = entered
        if checkout.step is Step.REVIEW:
            self.query_one("#bought", RowList).focus()
        elif checkout.step is Step.RECEIPT:
            self.query_one("#receipt").focus()
        else:
            self._choices.cursor = chosen(checkout, choices(checkout))
            self._choices.focus()

    # --- choosing ------------------------------------------------------------------------------

    @on(RowList.Chosen, "#choices")
    def choose(self) -> None:
        """Take the selected row."""
        if self.shop.state.checkout.busy or (choice := self._choices.selected) is None:
            return
        flow, value = self.shop.checkout, choice.value
        if isinstance(value, Address):
            flow.deliver_to(value)
        elif isinstance(value, ShippingOption):
            flow.deliver_by(value)
        elif isinstance(value, PaymentMethod | Card):
            flow.pay_with(value)
        elif value is Other.ADDRESS:
            flow.write_address()
        elif value is Other.CARD:
            self.app.push_screen(CardScreen(), self._typed)
        else:
            flow.pay_with(None)

    def _typed(self, card: Card | None) -> None:
        if card is not None:
            self.shop.checkout.pay_with(card)

    @on(Button.Pressed, "#send")
    def send(self, event: Button.Pressed) -> None:
        """Send what was confirmed, once."""
        event.button.disabled = True
        self.shop.paying.confirm()

    def offers(self, command: Command) -> bool:
        """Paying is for an order that waits for it."""
        return command.id != "checkout.pay" or _payable(self.shop.state.checkout) is not None

    def action_checkout_pay(self) -> None:
        """Pay for the order that was placed."""
        if (order := _payable(self.shop.state.checkout)) is not None:
            self.shop.checkout.pay(order)

    async def action_checkout_back(self) -> None:
        """Go one step back, or leave."""
        if not self.shop.checkout.back():
            await self.shop.action_back()


def _payable(checkout: Checkout) -> Order | None:
    """Return the order that the receipt is about if it waits for a payment, and none is on its way."""
    order = checkout.order
    decided = checkout.step is Step.RECEIPT and checkout.open_id is None and not checkout.sending
    return order if order is not None and decided and waits(order) else None


def _steps(checkout: Checkout) -> Content:
    steps = (Step.PAYMENT, Step.REVIEW, Step.RECEIPT) if checkout.cart is None and checkout.order else tuple(Step)
    shown = [step for step in steps if step is not Step.RECEIPT or checkout.step is Step.RECEIPT]
    parts: list[str | tuple[str, str]] = []
    for step in shown:
        parts += [_ARROW] if parts else []
        parts.append((step.value.upper(), "bold reverse") if step is checkout.step else step.value)
    return Content.assemble(*parts)


def _question(checkout: Checkout) -> str:
    if checkout.cart is None and checkout.order is None:
        return ""
    if checkout.step is Step.PAYMENT and checkout.order is not None:
        return f"How will you pay {money(checkout.order.totals.total)} for order {name_of(checkout.order)}?"
    return _QUESTIONS[checkout.step]


def _nothing(checkout: Checkout, key: Keys) -> str:
    """Say why nothing can be chosen."""
    if checkout.busy:
        return ""
    if isinstance(checkout.error, LoginRequired):
        signs, goes = key("tab.account"), key("checkout")
        return f"an order needs an account\n{signs} signs in or signs up; afterwards {goes} goes on, the cart is kept"
    if checkout.step is Step.DELIVERY:
        return f"the shop offers no delivery for this cart\n{key('checkout.back')} goes back to the address"
    if checkout.order is not None and checkout.error is not None:
        return "it cannot be paid now, and the order goes on waiting\nthe line below says why"
    if checkout.cart is None and checkout.error is not None:
        return "nothing can be ordered now\nthe line below says why"
    return ""


def _button(checkout: Checkout) -> str:
    if checkout.attempt is None:
        return f"Pay {money(checkout.order.totals.total)}" if checkout.order else ""
    total = money(checkout.attempt.total)
    return f"Order and pay {total}" if checkout.means else f"Order for {total}, pay later"
