"""Commands of a scenario given by keys: the full-screen shop without a terminal, one for each shopper.

What the screen can do is done there, by the keys that a person would press; the rest is left to the command line.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

from textual._context import active_app
from textual.pilot import Pilot
from textual.widgets import Input

from backends.deadline import deadline
from backends.errors import Pending, ShopError, Unavailable
from backends.models import OrderStatus, Page
from backends.tracing import recording
from shopcli.core.paying import LATER
from shopcli.core.refs import parse, resolve
from shopcli.core.shop import Shop
from shopcli.core.stepping import Runner
from shopcli.tui.app import ShopApp
from shopcli.tui.background import Action, Background, Last
from shopcli.tui.flows.paying import CHECK_SECONDS
from shopcli.tui.state import Checkout, ShopState, Step
from shopcli.tui.widgets.detail import Detail
from shopcli.tui.widgets.rows import RowList

T = TypeVar("T")

SIZE = (100, 30)
PATIENCE = CHECK_SECONDS + 5
"""Seconds beyond an action's deadline: the screen asks on for a while about what it sent."""
_FLAGS = frozenset(("--yes", "--password-stdin"))


class RunCommand(Protocol):
    """Runs one command of `shop` at a shop that stays open."""

    def __call__(self, words: Sequence[str], shop: Shop, runner: Runner, *, stdin: str = "") -> Any:  # noqa: ANN401
        """Run `shop WORDS...` with `stdin` as its input."""


@dataclass(frozen=True, slots=True)
class Done:
    """How something ended that was done by keys, in the shape of a command's end."""

    exit: int
    shown: object
    error: dict[str, object] | None
    out: str
    err: str = ""

    @property
    def screen(self) -> str:
        """What the screen shows."""
        return self.out


class NotOffered(Exception):
    """The screen does not offer this now: signing up while somebody is signed in, a payment while none is known."""


class _Words(NamedTuple):
    """A command line: its verbs and what they are about, and its options."""

    plain: tuple[str, ...]
    options: Mapping[str, str]


class ByKeys:
    """Runs a scenario's commands on the screen where it can."""

    def __init__(
        self,
        by_command_line: RunCommand,
        *,
        jsonable: Callable[[object], object],
        describe: Callable[[ShopError], dict[str, object]],
    ) -> None:
        """Leave what the screen cannot do to `by_command_line`; the others say things in the shape of JSON."""
        self._by_command_line = by_command_line
        self._jsonable = jsonable
        self._describe = describe
        self._hands: dict[int, Hands] = {}
        self._loop: asyncio.Runner | None = None
        self._context = copy_context()

    def __call__(self, words: Sequence[str], shop: Shop, runner: Runner, *, stdin: str = "") -> Any:  # noqa: ANN401
        """Run `shop WORDS...`."""
        line = _read(words)
        deed = _DEEDS.get(line.plain[:2]) or _DEEDS.get(line.plain[:1])
        if deed is None or not set(line.options) <= deed.options or _is_several(line):
            return self._by_command_line(words, shop, runner, stdin=stdin)
        try:
            return self._run(shop, runner, self._done(shop, deed, line, stdin.rstrip("\n")))
        except NotOffered:
            return self._by_command_line(words, shop, runner, stdin=stdin)

    def close(self, shop: Shop, runner: Runner) -> None:
        """Close the screens."""
        for hands in self._hands.values():
            self._run(shop, runner, hands.close())
        if self._loop is not None:
            self._loop.close()

    async def _done(self, shop: Shop, deed: "_Deed", line: _Words, secret: str) -> Done:
        hands = self._hands.get(id(shop))
        if hands is None:
            hands = self._hands[id(shop)] = await opened(shop)
        active_app.set(hands.app)
        await hands.begin(float(line.options.get("--timeout", "10")))
        try:
            shown, error = self._jsonable(await deed.do(hands, line, secret)), hands.error
        except ShopError as failure:
            shown, error = None, failure
        code = 0 if error is None else error.exit_code
        return Done(code, shown, self._describe(error) if error else None, hands.text())

    def _run(self, shop: Shop, runner: Runner, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run on the loop of the shop's connections, or on one of our own where it has none."""
        if shop.backend.suspends:
            return runner.run(shop.backend, coroutine, context=self._context)
        if self._loop is None:
            self._loop = asyncio.Runner()
        return self._loop.run(coroutine, context=self._context)


class Inline(Background):
    """Asks the shop on the screen's own loop: a shop in memory belongs to the thread that opened it."""

    def __init__(self, shop: Shop) -> None:
        """Start nothing."""
        self.shop = shop
        self.timeout = 10.0
        self.last = Last("", ())

    async def do(self, action: Action[T], *, within: float | None = None, name: str = "") -> T:
        """Run an action of the shop until its deadline. Raises ShopError."""
        with recording() as hops, deadline(within or self.timeout):
            try:
                return await action(self.shop)
            finally:
                if name and hops:
                    self.last = Last(name, tuple(hops))

    async def close(self) -> None:
        """Leave the shop open: it belongs to the stage."""


class Hands:
    """Presses keys at one screen."""

    def __init__(self, app: ShopApp, pilot: Pilot[None], stack: AsyncExitStack) -> None:
        """Take over a running app."""
        self.app = app
        self._pilot = pilot
        self._stack = stack
        self.error: ShopError | None = None

    @property
    def state(self) -> ShopState:
        """What the screen shows."""
        return self.app.state

    async def begin(self, timeout: float) -> None:  # noqa: ASYNC109  the deadline of what follows
        """Bring the screen up to date: the command line may have changed something."""
        self.error = None
        self.app.background.timeout = timeout
        while len(self.app.screen_stack) > 1:
            await self.app.pop_screen()
        self.app.account.load()
        self.app.cart.load()
        await self.until(lambda: not self.app.is_working("account") and not self.app.is_working("cart"))

    async def give(self, command: str) -> None:
        """Give a command by its id, as the palette does."""
        await self.app.action_give(command)
        await self._pilot.pause()

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self._pilot.press(*keys)

    async def type(self, *texts: str) -> None:
        """Type texts into fields, with enter behind each."""
        for text in texts:
            field = self.app.focused
            assert isinstance(field, Input)  # noqa: S101  the steps before came to a field
            field.value = text  # pasted: a key takes 60 ms
            await self.press("enter")

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something on the screen. Raises Unavailable at the deadline."""
        ends_at = time.monotonic() + self.app.background.timeout + PATIENCE
        while not condition():
            if time.monotonic() > ends_at:
                raise Unavailable(f"the screen never came so far:\n{self.text()}")
            await asyncio.sleep(0)
            await self._pilot.pause()

    async def select(self, rows: RowList[Any], place: int) -> None:
        """Go to a row of a list."""
        while rows.cursor != place:
            await self.press("down" if rows.cursor < place else "up")

    def rows(self, name: str) -> RowList[Any]:
        """Return a list of the screen."""
        return self.app.screen.query_one(f"#{name}", RowList)

    def text(self) -> str:
        """Return what the screen shows, without colours."""
        strips = self.app.screen._compositor.render_strips()  # noqa: SLF001  what is on the screen
        lines = ["".join(segment.text for segment in strip).rstrip() for strip in strips]
        return "\n".join(lines) + "\n"

    async def close(self) -> None:
        """Close the screen."""
        active_app.set(self.app)
        await self._stack.aclose()


async def opened(shop: Shop) -> Hands:
    """Open the screen of a shopper."""
    stack = AsyncExitStack()
    app = ShopApp(Inline(shop))
    pilot = await stack.enter_async_context(app.run_test(size=SIZE))
    return Hands(app, pilot, stack)


# --- what is done by keys ----------------------------------------------------------------------


async def _sign_up(hands: Hands, line: _Words, secret: str) -> object:
    await _signing(hands, line, "--name", "--email")
    await hands.press("f3")
    await hands.type(line.options["--name"], line.options["--email"], secret, secret)
    return await _signed(hands)


async def _sign_in(hands: Hands, line: _Words, secret: str) -> object:
    await _signing(hands, line, "--email")
    await hands.press("f2")
    await hands.type(line.options["--email"], secret)
    return await _signed(hands)


async def _signing(hands: Hands, line: _Words, *needed: str) -> None:
    if hands.state.account.user is not None or not set(needed) <= set(line.options):
        raise NotOffered
    await hands.give("tab.account")


async def _signed(hands: Hands) -> object:
    await hands.until(lambda: not hands.state.account.doing and not hands.app.is_working("account"))
    hands.error = hands.state.account.refusal
    return hands.state.account.user


async def _search(hands: Hands, line: _Words, _: str) -> object:
    await _looked(hands, " ".join(line.plain[2:]))
    shelf = hands.state.shelf
    hands.error = shelf.error
    return Page(shelf.products, shelf.next_cursor, shelf.total)


async def _looked(hands: Hands, text: str) -> None:
    await hands.give("tab.browse")
    await hands.press("slash")
    hands.app.screen.query_one("#search", Input).value = text
    await hands.until(lambda: hands.state.shelf.query.text == text and not hands.state.shelf.loading)
    await hands.press("enter")


async def _add(hands: Hands, line: _Words, _: str) -> object:
    for ref in map(parse, line.plain[2:]):
        product, variant = await hands.app.background.do(lambda shop, ref=ref: resolve(shop.backend.products, ref))  # type: ignore[misc]
        await _looked(hands, product.title)
        slugs = [found.slug for found in hands.state.shelf.products]
        await hands.select(hands.rows("products"), _place(slugs, product.slug))
        detail = hands.app.screen.query_one(Detail)
        while detail.variant is not None and detail.variant.id != variant.id:
            await hands.press("v")
        await hands.press(*["a"] * ref.quantity)
        await _settled(hands)
    return hands.state.basket.cart


async def _show_cart(hands: Hands, _: _Words, __: str) -> object:
    await hands.give("tab.cart")
    hands.error = hands.state.basket.error
    return hands.state.basket.cart


async def _remove(hands: Hands, line: _Words, _: str) -> object:
    await hands.give("tab.cart")
    for ref in line.plain[2:]:
        refs = [row.ref for row, _ in hands.state.basket.lines]
        await hands.select(hands.rows("lines"), _place(refs, ref))
        await hands.press("x")
        await _settled(hands)
    return hands.state.basket.cart


async def _settled(hands: Hands) -> None:
    await hands.until(lambda: hands.state.basket.is_settled and not hands.app.is_working("cart-edits"))
    if hands.state.basket.error is not None:
        raise hands.state.basket.error


async def _check_out(hands: Hands, line: _Words, _: str) -> object:
    await hands.give("checkout")
    await _step(hands, Step.ADDRESS)
    await _choose(hands, [each.label for each in hands.state.checkout.addresses], line.options.get("--address"))
    await _step(hands, Step.DELIVERY)
    await _choose(hands, [each.id for each in hands.state.checkout.options], line.options.get("--shipping"))
    await _step(hands, Step.PAYMENT)
    methods = [each.token for each in hands.state.checkout.methods]
    await _choose(hands, [*methods, "card", LATER] if methods else [LATER], line.options.get("--pay", ""))
    await _step(hands, Step.REVIEW)
    await hands.press("tab", "enter")
    await hands.until(lambda: _is_decided(hands.state.checkout))
    order = hands.state.checkout.order
    hands.error = hands.state.checkout.error
    if hands.error is None and order is not None and order.status is OrderStatus.AWAITING_PAYMENT:
        hands.error = Pending(f"order {order.number} is placed and not paid yet", service="payments")
    return order


def _is_decided(now: Checkout) -> bool:
    return not now.sending and not now.busy and (now.step is Step.RECEIPT or now.error is not None)


async def _step(hands: Hands, step: Step) -> None:
    def there() -> bool:
        now = hands.state.checkout
        return now.error is not None or (now.step is step and not now.busy and now.cart is not None)

    await hands.until(there)
    if hands.state.checkout.error is not None and hands.state.checkout.step is not step:
        raise hands.state.checkout.error


async def _choose(hands: Hands, names: list[str], name: str | None) -> None:
    if name is not None:
        await hands.select(hands.rows("choices"), _place(names, name))
    await hands.press("enter")


def _is_several(line: _Words) -> bool:
    """Whether several pieces are to be added, all or none: a key adds one."""
    return line.plain[:2] == ("cart", "add") and any(parse(ref).quantity > 1 for ref in line.plain[2:])


def _place(names: Sequence[str], name: str) -> int:
    if name not in names:
        raise NotOffered(name)
    return names.index(name)


class _Deed(NamedTuple):
    do: Callable[[Hands, _Words, str], Awaitable[object]]
    options: frozenset[str]


def _deed(do: Callable[[Hands, _Words, str], Awaitable[object]], *options: str) -> _Deed:
    return _Deed(do, frozenset(("--timeout", *options)))


_DEEDS: Mapping[tuple[str, ...], _Deed] = {
    ("signup",): _deed(_sign_up, "--name", "--email", "--password-stdin"),
    ("login",): _deed(_sign_in, "--email", "--password-stdin"),
    ("products", "search"): _deed(_search),
    ("cart", "add"): _deed(_add),
    ("cart", "show"): _deed(_show_cart),
    ("cart", "remove"): _deed(_remove),
    ("checkout",): _deed(_check_out, "--address", "--shipping", "--pay", "--yes"),
}


def _read(words: Sequence[str]) -> _Words:
    plain: list[str] = []
    options: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word in _FLAGS:
            options[word] = ""
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            options[name] = value if equals else next(rest, "")
        else:
            plain.append(word)
    return _Words(tuple(plain), options)
