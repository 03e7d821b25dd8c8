"""The screen under all others: the five pages, one of them seen."""

from textual.app import ComposeResult
from textual.widgets import ContentSwitcher

from shopcli.tui.commands import Command, Scope
from shopcli.tui.pages import PAGES, Page
from shopcli.tui.screens.screen import ShopScreen
from shopcli.tui.state import ShopState, Trouble


class MainScreen(ShopScreen):
    """Makes a page when it is first seen."""

    AUTO_FOCUS = ""
    """Pages say where they begin: the first field would take the keys of the first moments for a search."""

    def __init__(self, page: str) -> None:
        """Show this page first."""
        super().__init__()
        self.tab = page

    def compose_body(self) -> ComposeResult:
        """The pages."""
        with ContentSwitcher(initial=self.tab):
            yield PAGES[self.tab](id=self.tab)

    @property
    def page(self) -> Page:
        """The page that is seen."""
        return self.query_one(f"#{self.tab}", Page)

    @property
    def scope(self) -> Scope:
        """The page's."""
        return PAGES[self.tab].SCOPE

    async def go(self, tab: str) -> None:
        """Show another page."""
        switcher = self.query_one(ContentSwitcher)
        if not switcher.query(f"#{tab}"):
            await switcher.mount(PAGES[tab](id=tab))
        self.tab = switcher.current = tab
        self.page.begin()
        self.show_frame(self.shop.state)

    def trouble(self, state: ShopState) -> Trouble:
        """The page's."""
        return self.page.trouble(state)

    def reload(self) -> None:
        """The page's."""
        self.page.reload()

    def offers(self, command: Command) -> bool:
        """The page's."""
        return self.page.offers(command)
