"""Account: signing in, up and out, and the address book."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from textual.widgets import Input

from backends.capabilities import Capability
from backends.errors import RateLimited, SessionExpired, Unavailable
from backends.interface import Backend
from backends.models import Address, Registered
from shopcli.core.shop import Shop
from shopcli.tui.screens.address import AddressScreen, mistakes
from shopcli.tui.screens.confirm import ConfirmScreen
from tests.tui_driver import Screenful, screenful

SECRET = "correct-horse"
HOME = Address("home", "Ada", "Main Street 1", "Berlin", "10115", "DE")
WORK = Address("work", "Ada", "Side Street 2", "Hamburg", "20095", "DE", line2="Floor 3")


class Other:
    """A backend some parts of which are other ones."""

    def __init__(self, backend: Any, **parts: Any) -> None:  # noqa: ANN401
        self._backend = backend
        self.__dict__.update(parts)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._backend, name)


def lacking(*capabilities: Capability) -> Callable[[Backend], Backend]:
    return lambda backend: cast("Backend", Other(backend, capabilities=backend.capabilities - set(capabilities)))


def with_users(**methods: Any) -> Callable[[Backend], Backend]:  # noqa: ANN401
    return lambda backend: cast("Backend", Other(backend, users=Other(backend.users, **methods)))


async def has_account(shop: Screenful) -> None:
    await shop.do(lambda each: each.backend.users.signup("Ada", "ada@example.org", SECRET))


async def signed_in(shop: Screenful) -> None:
    """Sign in as people do."""
    await has_account(shop)
    await shop.press("4")
    await shop.type("ada@example.org")
    await shop.press("enter", *SECRET, "enter")
    await shop.until(lambda: shop.app.state.account.user)
    await shop.until(lambda: not shop.app.is_working("account"))


async def with_book(shop: Screenful) -> None:
    """Be signed in, with two addresses."""
    await signed_in(shop)

    async def save(each: Shop) -> None:
        await each.backend.users.save_address(HOME)
        await each.backend.users.save_address(WORK)

    await shop.do(save)
    await shop.press("f5")
    await shop.sees("▸ default  home", "  " + "work", "Floor 3")


def inputs(shop: Screenful) -> list[str]:
    return [one.value for one in shop.app.main.page.query(Input)]


# --- signing in, up and out ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (60, 16)])
async def test_signing_up_logs_in_and_remembers_whose_session_it_is(size: tuple[int, int]) -> None:
    async with screenful(size=size) as shop:
        await shop.press("4", "f3", *"Ada", "enter", *"ada@example.org", "enter")
        await shop.press(*"12345678", "enter", *"12345678", "enter")

        await shop.sees("Ada  ada@example.org", "signed in", "your address book is empty")
        assert shop.app.shop.sessions.read()["email"] == "ada@example.org"


async def test_what_a_guest_put_into_the_cart_is_kept_and_said_to_be() -> None:
    async with screenful() as shop:
        await shop.press("a", "a")
        await shop.until(lambda: shop.app.state.basket.pieces == 2 and shop.app.state.basket.is_settled)
        await signed_in(shop)

        await shop.sees("signed in; the 2 in your cart are kept")
        assert shop.app.state.basket.pieces == 2


async def test_wrong_credentials_are_said_in_the_form_and_the_password_is_gone() -> None:
    async with screenful() as shop:
        await has_account(shop)
        await shop.press("4", *"ada@example.org", "enter", *"wrong", "enter")

        await shop.sees("✗ the e-mail address or the password is wrong", "F3 sign up")
        assert inputs(shop)[:2] == ["ada@example.org", ""]


async def test_a_password_is_never_shown_and_in_no_state_or_message() -> None:
    async with screenful() as shop:
        await shop.press("4", *"a@x.io", "tab", *"hunter22")
        await shop.sees("••••••••")
        assert "hunter" not in shop.grid()

        await shop.press("enter")
        await shop.until(lambda: shop.app.state.account.refusal)
        assert "hunter" not in repr(shop.app.state)
        assert "hunter" not in repr(list(shop.app.workers))


async def test_guessing_is_slowed_down_and_the_form_says_for_how_long() -> None:
    async def login(*_: object) -> None:
        raise RateLimited("too many wrong passwords", service="users", retry_after=41.2)

    async with screenful(observe=with_users(login=login)) as shop:
        await shop.press("4", *"a@x.io", "enter", *"12345678", "enter")

        await shop.sees("✗ too many wrong passwords; listens again in 42 s")


async def test_while_the_user_service_is_down_the_form_says_what_still_works() -> None:
    async with screenful(size=(100, 24)) as shop:
        await shop.do(lambda each: each.backend.admin.stop("users"))  # type: ignore[union-attr]
        await shop.press("4", *"a@x.io", "enter", *"12345678", "enter")

        await shop.sees("✗", "browsing and the cart still work")
        await shop.do(lambda each: each.backend.admin.start("users"))  # type: ignore[union-attr]


async def test_a_taken_address_leads_to_signing_in() -> None:
    async with screenful() as shop:
        await has_account(shop)
        await shop.press("4", "f3", *"Ada", "enter", *"ada@example.org", "enter")
        await shop.press(*"12345678", "enter", *"12345678", "enter")

        await shop.sees("an account with ada@example.org exists already", "F2 sign in")
        await shop.press("f2")
        await shop.sees("Sign in", "F3 sign up")


async def test_an_account_that_waits_for_a_message_is_not_logged_in() -> None:
    async def signup(name: str, email: str, password: str) -> Registered:
        return Registered(email, verification_required=True)

    async with screenful(observe=with_users(signup=signup)) as shop:
        await shop.press("4", "f3", *"Ada", "enter", *"ada@example.org", "enter")
        await shop.press(*"12345678", "enter", *"12345678", "enter")

        await shop.sees("confirm the message sent to ada@example.org", "F3 sign up")
        assert inputs(shop)[:2] == ["ada@example.org", ""]


async def test_what_is_missing_or_differs_is_said_beside_the_field() -> None:
    async with screenful() as shop:
        await shop.press("4", "tab", "enter")
        assert shop.grid().count("✗ is missing") == 2

        await shop.press("f3", *"Ada", "enter", *"a@x.io", "enter", *"12345678", "enter", *"87654321", "enter")
        await shop.sees("✗ is not the same")
        assert shop.app.state.account.user is None


async def test_escape_leaves_the_fields_so_that_keys_are_commands_again() -> None:
    async with screenful() as shop:
        await shop.press("4", "5", "escape", "2")

        assert shop.app.tab == "cart"
        await shop.press("4")
        assert inputs(shop)[0] == "5"


async def test_logging_out_asks_and_leaves_the_cart_with_the_account() -> None:
    async with screenful() as shop:
        await signed_in(shop)
        await shop.press("1", "a")
        await shop.until(lambda: shop.app.state.basket.pieces and shop.app.state.basket.is_settled)
        await shop.press("4", "L", "n")
        assert shop.app.state.account.user is not None
        await shop.press("L")
        await shop.sees("Log ada@example.org out?")
        await shop.press("enter")
        assert shop.app.state.account.user is not None

        await shop.press("L", "y")
        await shop.sees("nobody is signed in", "logged out")
        await shop.until(lambda: shop.app.state.basket.cart is not None and not shop.app.state.basket.pieces)
        assert "email" not in shop.app.shop.sessions.read()


async def test_a_session_that_ended_is_said() -> None:
    async def me() -> None:
        raise SessionExpired("your session has ended", service="users")

    async with screenful(observe=with_users(me=me), page="account") as shop:
        await shop.sees("nobody is signed in", "your session has ended")


async def test_while_nobody_can_say_who_it_is_this_computer_does(tmp_path: Path) -> None:
    async with screenful(f"sqlite:{tmp_path / 'shop'}", size=(100, 24)) as shop:
        await signed_in(shop)
        await shop.do(lambda each: each.backend.admin.stop("users"))  # type: ignore[union-attr]
        shop.app.put(account=type(shop.app.state.account)())
        await shop.press("f5")

        await shop.sees("ada@example.org, as far as this computer knows", "F5 tries again")
        await shop.do(lambda each: each.backend.admin.start("users"))  # type: ignore[union-attr]


async def test_the_first_page_can_be_this_one() -> None:
    async with screenful(page="account") as shop:
        await shop.press(*"ada")

        assert inputs(shop)[0] == "ada"


async def test_a_log_out_that_failed_is_said_until_one_asks_again() -> None:
    async def logout() -> None:
        raise Unavailable("UserService cannot be reached", service="users")

    async with screenful(observe=with_users(logout=logout)) as shop:
        await signed_in(shop)
        await shop.press("L", "y")
        await shop.sees("UserService cannot be reached", "ada@example.org")

        await shop.press("f5")
        await shop.until(lambda: shop.app.state.account.refusal is None)
        assert "cannot be reached" not in shop.grid()


# --- what a shop lacks -----------------------------------------------------------------------------


async def test_a_shop_without_accounts_says_so() -> None:
    async with screenful(observe=lacking(Capability.LOGIN), page="account") as shop:
        await shop.sees("this shop has no accounts")
        assert "Sign in" not in shop.grid()


async def test_a_shop_without_an_address_book_says_so() -> None:
    async with screenful(observe=lacking(Capability.ADDRESS_BOOK)) as shop:
        await signed_in(shop)

        await shop.sees("this shop keeps no address book")
        assert "New address" not in shop.grid()


# --- the address book ------------------------------------------------------------------------------


async def test_an_address_is_written_and_saved_by_keys_alone() -> None:
    async with screenful(size=(60, 16)) as shop:
        await signed_in(shop)
        await shop.press("n", *"home", "enter", "enter", *"Street", "enter", "enter", *"10115", "enter")
        await shop.press(*"Berlin", "enter", "enter", *"de", "enter", "enter")

        await shop.sees("▸ default  home", "Street, 10115 Berlin, DE", "home is saved")


async def test_what_the_shop_does_not_take_is_said_in_the_form_and_nothing_is_lost() -> None:
    async with screenful() as shop:
        await with_book(shop)
        await shop.press("enter", "end", *" Sweet", "shift+tab", "shift+tab", "enter")

        await shop.until(lambda: isinstance(shop.app.screen, AddressScreen))
        await shop.sees("✗ an address label has up to 40", "home Sweet")
        await shop.press("escape")
        assert shop.app.state.account.addresses == (HOME, WORK)


async def test_a_new_label_takes_the_place_of_the_old_one() -> None:
    async with screenful() as shop:
        await with_book(shop)
        await shop.press("j", "enter", "end", *"shop", "enter", *["enter"] * 8)

        await shop.until(lambda: [one.label for one in shop.app.state.account.addresses] == ["home", "workshop"])


async def test_removing_asks() -> None:
    async with screenful() as shop:
        await with_book(shop)
        await shop.press("x")
        assert isinstance(shop.app.screen, ConfirmScreen)
        await shop.press("n", "x", "y")

        await shop.until(lambda: [one.label for one in shop.app.state.account.addresses] == ["work"])
        await shop.sees("home is removed", "▸ default  work")


async def test_another_one_can_be_the_default() -> None:
    async with screenful() as shop:
        await with_book(shop)
        await shop.press("j", "d")

        await shop.sees("default  work")


async def test_a_failure_of_the_book_is_said_and_what_is_known_stays() -> None:
    async def remove_address(label: str) -> None:
        raise Unavailable("UserService cannot be reached", service="users")

    async with screenful(observe=with_users(remove_address=remove_address)) as shop:
        await with_book(shop)
        await shop.press("x", "y")

        await shop.sees("UserService cannot be reached", "work", "as of")


# --- the form --------------------------------------------------------------------------------------


def test_what_is_wrong_with_an_address() -> None:
    assert mistakes(HOME) == {}
    assert mistakes(Address("", "", "", "", "", "Germany")).keys() == {
        "label", "name", "line1", "city", "postcode", "country"
    }  # fmt: skip
    assert mistakes(Address("a", "\u202eAda", "1", "B", "1", "DE")) == {"name": "has invisible characters"}
    assert "phone" in mistakes(Address("a", "A", "1", "B", "1", "DE", phone="1" * 201))


@pytest.mark.parametrize("size", [(60, 16), (300, 100), (20, 5), (1, 1)])
async def test_the_form_is_there_at_any_size(size: tuple[int, int]) -> None:
    async with screenful() as shop:
        answers: list[Address | None] = []
        shop.app.push_screen(AddressScreen(HOME, trouble="no [b]such[/b] label"), answers.append)
        await shop.pilot.resize_terminal(*size)
        await shop.press(*["enter"] * 9)

        await shop.until(lambda: answers == [HOME])
