"""What every page has."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual.containers import Vertical

from shopcli.tui.commands import Command, Scope
from shopcli.tui.state import ShopState, Trouble

if TYPE_CHECKING:
    from shopcli.tui.app import ShopApp


class Page(Vertical):
    """A tab: shows a part of the state."""

    SCOPE: ClassVar[Scope]

    @property
    def shop(self) -> "ShopApp":
        """The app, by its own type."""
        return cast("ShopApp", self.app)

    def on_mount(self) -> None:
        """Show the state now and whenever it changes."""
        self.watch(self.app, "state", self.show)

    def show(self, state: ShopState) -> None:
        """Show this state."""
        raise NotImplementedError

    def trouble(self, state: ShopState) -> Trouble:
        """Say what is wrong with what is shown, and when that was true."""
        raise NotImplementedError

    def begin(self) -> None:
        """Take the focus: the page was just opened."""
        raise NotImplementedError

    def reload(self) -> None:
        """Ask the shop again."""
        raise NotImplementedError

    def offers(self, command: Command) -> bool:  # noqa: ARG002  others need it
        """Whether a command of the page's scope can be given now; hints and palette leave out the others."""
        return True
