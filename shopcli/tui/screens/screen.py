"""What every full screen has: the bar on top, trouble and hints at the bottom, its own between them."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.events import DescendantBlur, DescendantFocus
from textual.screen import Screen
from textual.widgets import Input

from shopcli.tui.commands import Command, Scope
from shopcli.tui.state import ShopState, Trouble
from shopcli.tui.widgets.bar import Bar
from shopcli.tui.widgets.hints import Hints
from shopcli.tui.widgets.status import Status

if TYPE_CHECKING:
    from shopcli.tui.app import ShopApp


class ShopScreen(Screen[None]):
    """Shows a part of the state in the frame that all screens have."""

    SCOPE: ClassVar[Scope]

    @property
    def shop(self) -> "ShopApp":
        """The app, by its own type."""
        return cast("ShopApp", self.app)

    @property
    def scope(self) -> Scope:
        """Whose commands can be given now."""
        return self.SCOPE

    def compose(self) -> ComposeResult:
        """Draw the frame; the data comes later."""
        yield Bar(id="bar")
        yield from self.compose_body()
        yield Status(id="status")
        yield Hints(id="hints")

    def compose_body(self) -> ComposeResult:
        """Draw what is between the frame's lines."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Show the state now and whenever it changes."""
        self.watch(self.app, "state", self.show_all)

    def on_resize(self) -> None:
        """Fit the frame into the new width."""
        self.call_after_refresh(self._show_frame_now)

    def on_screen_resume(self) -> None:
        """Show the commands of this screen again, and where the cursor is: another one lay above it."""
        self.call_after_refresh(self._show_frame_now)
        if self.focused is not None:
            self.focused.refresh()

    def on_screen_suspend(self) -> None:
        """A question lies above: no command of this screen is taken."""
        self.query_one(Hints).rest()

    @on(DescendantFocus)
    @on(DescendantBlur)
    def show_hints(self) -> None:
        """Show the commands that can be given where the focus is."""
        if self.is_current:
            writing = isinstance(self.focused, Input)
            self.query_one(Hints).show(self.shop.commands_here(), self.shop.keymap, writing=writing)

    def _show_frame_now(self) -> None:
        """Show the state as it is when this is called: the one of a moment ago may have no error yet."""
        self.show_frame(self.shop.state)

    def show_all(self, state: ShopState) -> None:
        """Show this state."""
        self.show(state)
        self.show_frame(state)

    def show_frame(self, state: ShopState) -> None:
        """Show the frame's part of it."""
        self.query_one(Bar).show(state, self.shop.tab)
        self.show_hints()
        self.query_one(Status).show(*self.trouble(state), key=self.shop.key)

    def show(self, state: ShopState) -> None:
        """Show this state's part that the screen is about."""

    def trouble(self, state: ShopState) -> Trouble:  # noqa: ARG002  others need it
        """Say what is wrong with what is shown."""
        return None, None

    def reload(self) -> None:
        """Ask the shop again for what is shown."""

    def offers(self, command: Command) -> bool:  # noqa: ARG002  others need it
        """Whether a command of the screen's scope can be given now; hints and palette leave out the others."""
        return True
