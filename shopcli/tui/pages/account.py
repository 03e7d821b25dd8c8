"""Account: who shops where; signing in and up, or the address book."""

from math import ceil
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import ContentSwitcher

from backends.capabilities import Capability
from backends.errors import ShopError
from backends.models import Address
from backends.text import clean
from shopcli.core.isolation import still_works
from shopcli.tui.commands import BY_ID, Command, Scope, bindings
from shopcli.tui.pages.page import Page
from shopcli.tui.screens.address import NEW, AddressScreen
from shopcli.tui.screens.confirm import ConfirmScreen
from shopcli.tui.state import Account, ShopState, Trouble
from shopcli.tui.widgets.line import Line
from shopcli.tui.widgets.paragraph import Paragraph
from shopcli.tui.widgets.rows import Column, RowList
from shopcli.tui.widgets.signing import SignIn, Signing, SignUp
from shopcli.tui.words import Keys

_FORMS = {"account.sign_in", "account.sign_up"}
_BOOK = {"account.new", "account.remove", "account.default"}
_NO_LOGIN = "this shop has no accounts: browsing, the cart and ordering need none"
_NO_BOOK = "this shop keeps no address book: checkout asks where to send an order"


class AccountPage(Page):
    """One of three parts: two forms, or the address book."""

    SCOPE = Scope.ACCOUNT
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SCOPE)]

    def compose(self) -> ComposeResult:
        """Who and where above, the part below."""
        yield Paragraph(id="who")
        with ContentSwitcher(initial="sign-in", id="parts"):
            yield SignIn(id="sign-in")
            yield SignUp(id="sign-up")
            yield RowList[Address](
                Column(lambda address: "default" if address is self._addresses[0] else "", 7),
                Column(lambda address: address.label, 12),
                Column(lambda address: address.name, 18, least=60),
                Column(_on_one_line),
                id="addresses",
            )
        yield Line(id="done")

    def begin(self) -> None:
        """Start where something is to be written or chosen."""
        part = self._part(self.shop.state.account)
        if part == "addresses":
            self._list.focus()
        else:
            self.query_one(f"#{part}", Signing).begin()

    def reload(self) -> None:
        """Ask the shop again."""
        self.shop.account.forget()
        self.shop.account.load()

    def trouble(self, state: ShopState) -> Trouble:
        """Say why the shop could not say who it is, or did not do what was asked for."""
        account = state.account
        refusal = None if account.is_signed_out else account.refusal
        return refusal or account.error, account.loaded_at

    def offers(self, command: Command) -> bool:
        """Forms while nobody is signed in, the address book for whoever is."""
        account = self.shop.state.account
        if command.id in _FORMS:
            return account.is_signed_out and _has(account, Capability.LOGIN)
        if command.id in _BOOK:
            return not account.is_signed_out and _has(account, Capability.ADDRESS_BOOK)
        return command.id != "account.sign_out" or not account.is_signed_out

    def show(self, state: ShopState) -> None:
        """Show who it is, and the part that this leads to."""
        account = state.account
        self.query_one("#who", Paragraph).say(_who(account, self.shop.shop.profile))
        parts, part = self.query_one("#parts", ContentSwitcher), self._part(account)
        if parts.current != part:
            self._turn(parts, part)
        if part == "addresses":
            self._list.show(account.addresses, _nothing(account, self.shop.key))
            self.query_one("#done", Line).say(Content(clean(account.doing or account.said)))
        else:
            self.query_one("#done", Line).say(Content())
            self._show_form(self.query_one(f"#{part}", Signing), account)

    def _turn(self, parts: ContentSwitcher, part: str) -> None:
        """Show another part; what was written into the one before is gone."""
        for form in self.query(Signing):
            form.clear()
        parts.current = part
        if self.shop.tab == self.id:
            self.begin()  # at once: a quick person is writing already when the screen is painted

    def _show_form(self, form: Signing, account: Account) -> None:
        if account.email and isinstance(form, SignIn):
            form.fill("email", account.email)
        other = "account.sign_in" if account.signing_up else "account.sign_up"
        form.say(_said(account, f"{self.shop.key(other)} {BY_ID[other].label.lower()} · esc leaves the fields"))

    def _part(self, account: Account) -> str:
        if not account.is_signed_out or (account.known and not _has(account, Capability.LOGIN)):
            return "addresses"
        return "sign-up" if account.signing_up else "sign-in"

    @property
    def _list(self) -> RowList[Address]:
        return self.query_one("#addresses", RowList)

    @property
    def _addresses(self) -> tuple[Address, ...]:
        return self.shop.state.account.addresses

    # --- signing in, up and out ----------------------------------------------------------------

    @on(Signing.Sent, "#sign-in")
    def _send_sign_in(self, event: Signing.Sent) -> None:
        self.shop.account.sign_in(event.written["email"].strip(), event.written["password"])

    @on(Signing.Sent, "#sign-up")
    def _send_sign_up(self, event: Signing.Sent) -> None:
        written = event.written
        self.shop.account.sign_up(written["name"].strip(), written["email"].strip(), written["password"])

    def action_account_sign_in(self) -> None:
        """Ask for an account that there is."""
        self._ask(signing_up=False)

    def action_account_sign_up(self) -> None:
        """Ask for a new one."""
        self._ask(signing_up=True)

    def _ask(self, *, signing_up: bool) -> None:
        if self.shop.state.account.is_signed_out:
            self.shop.account.ask(signing_up=signing_up)
            self.query_one("#sign-up" if signing_up else "#sign-in", Signing).begin()

    def action_account_sign_out(self) -> None:
        """Log out, after asking."""
        state = self.shop.state
        if state.account.is_signed_out and state.account.error is None:
            return
        who = state.account.user.email if state.account.user else state.account.remembered or "this computer"
        waits = f"\n{state.unfinished} of your checkouts are unfinished: they wait for you." if state.unfinished else ""
        question = f"Log {who} out? The cart stays with the account.{waits}"
        self.app.push_screen(ConfirmScreen(question, yes="Log out", no="Stay"), self._sign_out)

    def _sign_out(self, agreed: bool | None) -> None:  # noqa: FBT001  a screen's answer
        if agreed:
            self.shop.account.sign_out()

    # --- the address book ----------------------------------------------------------------------

    def action_account_new(self) -> None:
        """Write a new address."""
        user = self.shop.state.account.user
        if user is not None and _has(self.shop.state.account, Capability.ADDRESS_BOOK):
            self.shop.work("write", self._write(NEW, name=user.name))

    @on(RowList.Chosen, "#addresses")
    def _edit(self) -> None:
        if (address := self._list.selected) is not None:
            self.shop.work("write", self._write(address))

    def action_account_remove(self) -> None:
        """Remove the selected address, after asking."""
        if (address := self._list.selected) is None:
            return

        def remove(agreed: bool | None) -> None:  # noqa: FBT001  a screen's answer
            if agreed:
                self.shop.account.remove_address(address.label)

        question = f"Remove {address.label} from your address book?\nOrders keep where they go to."
        self.app.push_screen(ConfirmScreen(question, yes="Remove"), remove)

    def action_account_default(self) -> None:
        """Send orders to the selected address unless something else is said."""
        if (address := self._list.selected) is not None:
            self.shop.work("write", self._save(address))

    async def _save(self, address: Address) -> None:
        await self.shop.account.save_address(address, default=True)

    async def _write(self, before: Address, *, name: str = "") -> None:
        """Let an address be written until the shop takes it, or the person has enough."""
        title = f"Address {clean(before.label)}" if before.label else "New address"
        written: Address | None = before if before.label else Address("", name, "", "", "", "")
        trouble = ""
        while written is not None:
            written = await self.app.push_screen_wait(AddressScreen(written, title=title, trouble=trouble))
            if written is not None:
                error = await self.shop.account.save_address(written, instead_of=before.label)
                if error is None:
                    return
                trouble = clean(error.message)


def _has(account: Account, capability: Capability) -> bool:
    """Whether the shop can do something; what is not known yet may be so."""
    return not account.capabilities or capability in account.capabilities


def _who(account: Account, profile: str | None) -> Content:
    """Say who shops, and where."""
    shop = clean(account.backend) or "…"
    where = f"shop   {shop}" + (f" (profile {profile})" if profile else " (no profile)")
    if account.user is not None:
        return Content.assemble((clean(account.user.name), "bold"), f"  {clean(account.user.email)}\n{where}")
    if account.remembered is not None:
        who = f"{clean(account.remembered)}, as far as this computer knows"
    elif account.known:
        who = "nobody is signed in" if _has(account, Capability.LOGIN) else _NO_LOGIN
    else:
        who = "it is not known who is signed in" if account.error else "asking the shop who is signed in …"
    return Content(f"{who}\n{where}")


def _said(account: Account, other: str) -> Content:
    """Say in a form what the shop said to it, and which key leads to the other form."""
    if account.doing:
        return Content(account.doing)
    if account.refusal is None:
        return Content("\n".join(part for part in (clean(account.said), other) if part))
    return Content.assemble(_refused(account.refusal), f"\n{other}")


def _refused(error: ShopError) -> Content:
    wait = f"; listens again in {ceil(error.retry_after)} s" if error.retry_after else ""
    works = still_works(error)
    return Content.assemble(("✗ ", "$text-error"), clean(error.message) + wait + (f"; {works}" if works else ""))


def _nothing(account: Account, key: Keys) -> str:
    """Say why the list is empty."""
    if account.user is None:
        return _NO_LOGIN if account.known else f"the address book cannot be shown now\n{key('retry')} tries again"
    if not _has(account, Capability.ADDRESS_BOOK):
        return _NO_BOOK
    return f"your address book is empty\n{key('account.new')} adds an address"


def _on_one_line(address: Address) -> str:
    parts = (address.line1, address.line2, f"{address.postcode} {address.city}", address.region, address.country)
    return ", ".join(part for part in parts if part)
