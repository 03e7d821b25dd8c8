"""Health: how the services are, and who asked whom in the last action."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Hide, Resize, Show
from textual.timer import Timer
from textual.widgets import Static

from backends.models import ServiceHealth
from backends.text import clean
from shopcli.core.diagram import Line as Drawn
from shopcli.core.diagram import draw
from shopcli.core.isolation import NAMES, STILL_WORKS
from shopcli.tui.background import Last
from shopcli.tui.commands import Command, Scope, bindings
from shopcli.tui.flows.health import Operation
from shopcli.tui.pages.page import Page
from shopcli.tui.screens.confirm import ConfirmScreen
from shopcli.tui.state import Health, ShopState, Trouble
from shopcli.tui.widgets.line import Line
from shopcli.tui.widgets.rows import Column, RowList
from shopcli.tui.widgets.sparkline import sparkline
from shopcli.tui.words import clock

EVERY = 2.0
"""Seconds between two looks at the services while the page is seen."""
_SYMBOLS = {"up": ("●", "good"), "degraded": ("▲", "warn"), "down": ("✗", "bad")}
_SPARKS = 20
_MEANS = {
    Operation.STOP: "It ends what it is doing, then nobody reaches it",
    Operation.RESTART: "Its processes are replaced by new ones",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A service and how long it took lately."""

    health: ServiceHealth
    latencies: tuple[float | None, ...]

    @property
    def name(self) -> str:
        """What people call it."""
        return NAMES.get(self.health.service, self.health.service)


class HealthPage(Page):
    """The services above, the hops of the last action below."""

    SCOPE = Scope.HEALTH
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SCOPE)]

    _looks: Timer
    _drawn: tuple[Last, int] | None = None
    _count = 0

    def compose(self) -> ComposeResult:
        """The services, more about the selected one, the diagram."""
        yield RowList[Row](
            Column(lambda row: row.name, 14),
            Column(_status, 10, tone=_tone),
            Column(_latency, 8, right=True, least=40),
            Column(_sparks, _SPARKS, least=76),
            Column(lambda row: row.health.version, 8, least=100),
            Column(lambda row: row.health.detail),
            id="services",
        )
        yield Line(id="selected")
        yield Line(id="action")
        with VerticalScroll(id="diagram"):
            yield Static(id="hops")

    def on_mount(self) -> None:
        """Look again and again while the page is seen."""
        self._looks = self.set_interval(EVERY, self._look)
        super().on_mount()

    def on_show(self, _: Show) -> None:
        """Go on looking."""
        self._looks.resume()

    def on_hide(self, _: Hide) -> None:
        """Stop looking."""
        self._looks.pause()

    def on_resize(self, _: Resize) -> None:
        """Draw the diagram for the new width."""
        self._draw()

    def begin(self) -> None:
        """Start in the list, with news."""
        self._list.focus()
        self._look()
        self._draw()

    def reload(self) -> None:
        """The app asks the services after every retry."""

    def trouble(self, state: ShopState) -> Trouble:
        """Say why something was not done."""
        return state.health.error, state.health.checked_at

    def offers(self, command: Command) -> bool:  # noqa: ARG002  all of them alike
        """Operating is the owner's."""
        return self.shop.state.health.can_operate

    def show(self, state: ShopState) -> None:
        """Show how they are."""
        health, told = state.health, dict(state.health.latencies)
        rows = tuple(Row(service, told.get(service.service, ())) for service in health.services)
        if self._count != len(rows):  # setting a height, even the same one, paints the whole screen
            self._count = len(rows)
            self._list.styles.height = max(1, len(rows))
        self._list.show(rows, _nothing(health))
        self._tell()
        if self._is_seen:
            self._draw()

    @on(RowList.Moved)
    def _tell(self) -> None:
        """Say more about the selected service."""
        self.query_one("#selected", Line).say(_more(self.shop.state.health, self._list.selected))

    @property
    def _list(self) -> RowList[Row]:
        return self.query_one("#services", RowList)

    @property
    def _is_seen(self) -> bool:
        return self.shop.tab == self.id and self.app.screen is self.screen

    def _look(self) -> None:
        if self._is_seen:
            self.shop.health.look()

    # --- the diagram ---------------------------------------------------------------------------

    def _draw(self) -> None:
        """Draw the hops of the last action, unless they are drawn."""
        last, width = self.shop.background.last, self.query_one("#diagram").scrollable_content_region.width
        if width <= 0 or (last, width) == self._drawn:
            return
        self._drawn = last, width
        self.query_one("#action", Line).say(_heading(last))
        self.query_one("#hops", Static).update(Content("\n").join(map(_line, draw(last.hops, width))))

    # --- commands ------------------------------------------------------------------------------

    def action_health_stop(self) -> None:
        """Stop the selected service, after asking."""
        self._ask(Operation.STOP)

    def action_health_restart(self) -> None:
        """Restart it, after asking."""
        self._ask(Operation.RESTART)

    def action_health_start(self) -> None:
        """Start it."""
        if (row := self._list.selected) is not None:
            self.shop.health.operate(row.health.service, Operation.START)

    def _ask(self, operation: Operation) -> None:
        row = self._list.selected
        if row is None:
            return
        service = row.health.service
        if not self.shop.state.health.can_operate:  # what the shop says to that
            self.shop.health.operate(service, operation)
            return
        works = STILL_WORKS.get(service) if operation is Operation.STOP else None
        question = f"{operation.capitalize()} {row.name}? {_MEANS[operation]}" + (f"; {works}." if works else ".")
        confirm = ConfirmScreen(question, yes=operation.capitalize(), no="Leave it")
        self.app.push_screen(confirm, partial(self._operate, service, operation))

    def _operate(self, service: str, operation: Operation, agreed: bool | None) -> None:  # noqa: FBT001  an answer
        if agreed:
            self.shop.health.operate(service, operation)


def _status(row: Row) -> str:
    symbol, _ = _SYMBOLS.get(row.health.status, ("?", "dim"))
    return f"{symbol} {row.health.status}"


def _tone(row: Row) -> str:
    return _SYMBOLS.get(row.health.status, ("?", "dim"))[1]


def _latency(row: Row) -> str:
    """Say how long it took, nothing where no wire lies between."""
    took = row.health.milliseconds
    return "" if took is None else f"{took:.0f} ms" if took >= 10 else f"{took:.1f} ms"  # noqa: PLR2004


def _sparks(row: Row) -> str:
    """Draw how long it took lately; nothing where nothing is measured."""
    return sparkline(row.latencies, _SPARKS) if any(took is not None for took in row.latencies) else ""


def _nothing(health: Health) -> str:
    if health.checked_at is None and health.error is None:
        return "asking the services …"
    return "this shop has no services to look at" if health.error is None else "the services cannot be asked now"


def _more(health: Health, row: Row | None) -> Content:
    """Say what was done, what the selected service says, and what works without it."""
    said = clean(health.doing or health.said)
    if row is None or health.doing:
        return Content(said)
    version = f"version {clean(row.health.version)}" if row.health.version else ""
    detail = clean(row.health.detail)
    works = "" if row.health.status == "up" else STILL_WORKS.get(row.health.service, "")
    asked = "asking …" if health.checking else f"asked at {clock(health.checked_at)}" if health.checked_at else ""
    return Content(" · ".join(dict.fromkeys(part for part in (said, version, detail, works, asked) if part)))


def _heading(last: Last) -> Content:
    if not last.hops:
        return Content("nothing was asked yet")
    return Content.assemble("last action: ", (clean(last.name), "bold"), "   tab, then arrows scroll")


def _line(drawn: Drawn) -> Content:
    """Return a line of the diagram; a failure is bold and says so in words."""
    line = Content(drawn.text)
    return line if drawn.failure is None else line.stylize("$text-error bold", *drawn.failure)
