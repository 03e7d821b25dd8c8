"""The frame of the full-screen shop: five pages, the state that they show, and what can be done everywhere."""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.command import Provider
from textual.events import Event, Key, Paste
from textual.reactive import reactive
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from backends.interface import Clock
from backends.registry import system_clock
from shopcli.core.shop import Shop
from shopcli.tui.background import Background
from shopcli.tui.commands import BY_ID, Command, Scope, bindings, of, shown_key
from shopcli.tui.flows import AccountFlow, CartFlow, CatalogFlow, CheckoutFlow, HealthFlow, OrdersFlow, PayingFlow
from shopcli.tui.keystrokes import Keystrokes
from shopcli.tui.palette import CommandProvider
from shopcli.tui.screens.help import HelpScreen
from shopcli.tui.screens.main import MainScreen
from shopcli.tui.screens.screen import ShopScreen
from shopcli.tui.state import ShopState

DARK, LIGHT = "textual-dark", "textual-light"


class ShopApp(App[None]):
    """Shops on the whole screen."""

    CSS_PATH = "shop.tcss"
    TITLE = "shop"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.EVERYWHERE)]
    ESCAPE_TO_MINIMIZE = False
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {CommandProvider}
    ENABLE_COMMAND_PALETTE = False
    """Textual's own key for it could not be given to another command."""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-wide")]  # noqa: RUF012  Textual declares it otherwise

    state: reactive[ShopState] = reactive(ShopState, init=False, repaint=False)
    """What is shown. Widgets repaint what changes of it; the app itself would repaint the whole screen each time."""

    def __init__(  # noqa: PLR0913  all but the first have defaults
        self,
        background: Background,
        *,
        page: str = "browse",
        keymap: Mapping[str, str] | None = None,
        color: bool = True,
        light: bool = False,
        clock: Clock = system_clock,
        keep: Callable[[], None] | None = None,
    ) -> None:
        """Show `page` first; `keymap` has other keys for some commands, by their ids.

        It begins `light` or dark. Without `color` not one code of a colour is written: text styles and words say the
        same. `keep` is called when something is there that will stay: the first screen, a page of products.
        """
        super().__init__(ansi_color=True if not color else None)
        self.use_command_palette = True
        self.background = background
        self.clock = clock
        self.keep = keep or (lambda: None)
        self.keymap = dict(keymap or {})
        self.failure: Exception | None = None
        """The bug that ended it; whoever ran the app reports it."""
        self.catalog = CatalogFlow(self)
        self.cart = CartFlow(self)
        self.account = AccountFlow(self)
        self.health = HealthFlow(self)
        self.orders = OrdersFlow(self)
        self.checkout = CheckoutFlow(self)
        self.paying = PayingFlow(self)
        self._keystrokes = Keystrokes(self, super().on_event)
        self._first = page
        self._color = color
        self._light = light

    def get_default_screen(self) -> MainScreen:
        """The screen under all others."""
        return MainScreen(self._first)

    def on_mount(self) -> None:
        """Ask the shop for what the first look shows, once the frame is on the screen."""
        self.set_class(not self._color, "-no-color")
        if self._light:
            self.theme = LIGHT
        self.set_keymap(self.keymap)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.keep()
        self.main.page.begin()
        self.catalog.look(self.state.shelf.query)
        self.cart.load()
        self.account.load()
        self.health.check()
        self.orders.count()

    async def on_event(self, event: Event) -> None:
        """Take keys one after the other."""
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            await self._keystrokes.take(event)
        else:
            await super().on_event(event)

    # --- what pages and flows work with --------------------------------------------------------

    @property
    def shop(self) -> Shop:
        """The shop, for what needs no answer of it."""
        return self.background.shop

    @property
    def main(self) -> MainScreen:
        """The screen with the pages."""
        main = self.screen_stack[0]
        assert isinstance(main, MainScreen)  # noqa: S101  get_default_screen makes it
        return main

    @property
    def tab(self) -> str:
        """The page that is seen, or lies under a screen."""
        return self.main.tab

    def put(self, **parts: object) -> None:
        """Replace parts of the state, and show it."""
        self.state = replace(self.state, **parts)  # type: ignore[arg-type]  # the callers' parts are fields

    def watch_state(self, before: ShopState, after: ShopState) -> None:
        """Look at the services when one of them turns out to be missing, or to be there again: the bar says it too."""
        if before.missing != after.missing:
            self.health.look()

    def work(self, group: str, work: Coroutine[Any, Any, None], *, exclusive: bool = True) -> None:
        """Let something go on beside the screen; with `exclusive` it ends what went on in the same group."""
        self.run_worker(work, group=group, exclusive=exclusive, exit_on_error=False)

    def is_working(self, group: str) -> bool:
        """Whether something of this group still goes on."""
        return any(worker.group == group and not worker.is_finished for worker in self.workers)

    # --- commands ------------------------------------------------------------------------------

    def commands_here(self) -> tuple[Command, ...]:
        """What can be done now, the most special first."""
        return (*self._offered(), *of(Scope.LIST))

    def _offered(self) -> tuple[Command, ...]:
        """What the screen on top and the app can do in this state."""
        here, everywhere = of(self._top.scope), of(Scope.EVERYWHERE)
        return (*filter(self._top.offers, here), *filter(self._offers, everywhere))

    def _offers(self, command: Command) -> bool:
        possible = {
            "undo": bool(self.state.basket.undos),
            "checkout": bool(self.state.basket.pieces),
            "back": self._top is not self.main or self.tab != "browse",
            "help": self._top.scope is not Scope.HELP,
        }
        return possible.get(command.id, True)

    def key(self, command_id: str) -> str:
        """Return the key of a command as people call it."""
        return shown_key(self.keymap.get(command_id, BY_ID[command_id].keys))

    @property
    def _top(self) -> ShopScreen:
        return next(screen for screen in reversed(self.screen_stack) if isinstance(screen, ShopScreen))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:  # noqa: ARG002  Textual's
        """Fill the palette from the table."""
        for command in self._offered():
            words = " · ".join(part for part in (command.help, self.key(command.id), command.subcommand) if part)
            yield SystemCommand(command.label, words, self._giver(command.id))

    def _giver(self, command_id: str) -> Callable[[], None]:
        def give() -> None:
            self.call_later(self.action_give, command_id)

        return give

    async def action_give(self, command_id: str) -> None:
        """Do what a command says, as its key would."""
        command = BY_ID[command_id]
        holders = {Scope.EVERYWHERE: self, Scope.LIST: self.screen.focused, self.main.scope: self.main.page}
        await self.run_action(command.action, default_namespace=holders.get(command.scope) or self.screen)

    async def action_tab_browse(self) -> None:
        """Browse the catalog."""
        await self.go("browse")

    async def action_tab_cart(self) -> None:
        """Show the cart."""
        await self.go("cart")

    async def action_tab_orders(self) -> None:
        """Show the orders."""
        await self.go("orders")

    async def action_tab_account(self) -> None:
        """Show the account."""
        await self.go("account")

    async def action_tab_health(self) -> None:
        """Show the services' state."""
        await self.go("health")

    async def go(self, tab: str) -> None:
        """Show a page; screens that lie above it are closed."""
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        await self.main.go(tab)

    def open_product(self, slug: str, variant_id: str = "") -> None:
        """Show all about a product, beginning at one of its variants."""
        self.catalog.open(slug, variant_id)

    def action_checkout(self) -> None:
        """Order what is in the cart, or go back to the checkout that is under way."""
        self.checkout.open()

    def action_undo(self) -> None:
        """Undo the last edit of the cart."""
        self.cart.undo()

    def action_retry(self) -> None:
        """Ask the shop again for what is seen."""
        if isinstance(self.screen, ShopScreen):
            self.screen.reload()
        self.health.check()

    async def action_back(self) -> None:
        """Close the screen on top, or go to the catalog."""
        if len(self.screen_stack) > 1:
            await self.pop_screen()
        elif self.tab != "browse":
            await self.go("browse")

    def action_help_quit(self) -> None:
        """Leave by Ctrl-C, as everywhere else; Textual would only say which key leaves."""
        self.exit()

    async def action_help(self) -> None:
        """Show all keys, or go back from there."""
        if self._top.scope is Scope.HELP:
            await self.action_back()
        else:
            self.push_screen(HelpScreen(self._top.scope))

    def action_palette(self) -> None:
        """Find a command by its name."""
        self.action_command_palette()

    def action_theme(self) -> None:
        """Switch between dark and light."""
        self.theme = LIGHT if self.theme == DARK else DARK

    # --- ends ----------------------------------------------------------------------------------

    async def on_unmount(self) -> None:
        """Close the shop."""
        await self.background.close()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """End the app on a bug: an error of the shop is part of the state and never arrives here."""
        if event.state is WorkerState.ERROR and isinstance(event.worker.error, Exception):
            self._handle_exception(event.worker.error)

    def _handle_exception(self, error: Exception) -> None:
        """Note what ended it. Textual would print the values of variables, and some are secrets."""
        self.failure = self.failure or error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """End without a word; whoever ran the app says what has to be said."""
        self._close_messages_no_wait()
