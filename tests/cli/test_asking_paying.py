"""A question that is cancelled says what stands, and a refused answer is asked for again alone: paying, the account."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from errno import ENOSPC
from typing import TYPE_CHECKING

import pytest

from backends.errors import EmailTaken, InvalidValue
from shopcli.core.checkout import Checkout
from stub_services.inprocess.backend import _Payments, _Users
from tests.cli.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from backends.models import Card, PaymentMethod, User
    from tests.cli.conftest import Result, Run

    Told = Callable[..., Result]

_LENS = "canon-ef-50mm-f1-8-stm"
_GOOD = ("4242 4242 4242 4242", "12/39", "123")
_BY_CARD = ("another card", *_GOOD)
_NEW = "another long password"
_STANDS = "nothing was ordered; the cart keeps the address and the delivery"
_DEFAULTS = Checkout.__init__.__kwdefaults__ or {}


def _typed_unseen(prompt: str, stream: object) -> str:
    sys.stderr.write(f"{prompt}\n")
    if not (line := sys.stdin.readline()):
        raise EOFError
    return line.rstrip("\n")


@pytest.fixture
def told(ada: Run) -> Told:
    """Run `shop` as Ada, whose answers are these lines and then Ctrl-D."""

    def tell(line: str, *answers: str) -> Result:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("shopcli.cli.asking.questions.is_terminal", lambda _: True)
            patch.setattr("getpass.getpass", _typed_unseen)
            patch.setenv("SHOP_PROMPTS", "plain")
            return ada(*line.split(), stdin="".join(f"{answer}\n" for answer in answers))

    return tell


@pytest.fixture
def shopper(ada: Run) -> Run:
    """Ada, with a second address and a line in a cart that was never checked out."""
    where = {"--name": "Ada", "--line1": "Desk", "--city": "Bonn", "--postcode": "53111", "--country": "DE"}
    ada("addresses", "add", "work", *(word for pair in where.items() for word in pair))
    ada("cart", "add", _LENS)
    return ada


def _said(result: Result) -> str:
    return " ".join(result.err.split())


# --- what a cancelled checkout leaves -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "answers", "stands"),
    [
        ("checkout", (), "cancelled, nothing was changed"),
        ("checkout", ("work",), f"cancelled, {_STANDS}"),
        ("checkout --address home", (), f"cancelled, {_STANDS}"),
        ("checkout", ("work", "express"), f"cancelled, {_STANDS}"),
        ("checkout", ("work", "express", "another card"), f"cancelled, {_STANDS}"),
        ("checkout", ("work", "express", "tok_visa", "n"), f"not confirmed, so {_STANDS}"),
    ],
)
def test_a_cancelled_checkout_says_what_the_cart_keeps(
    shopper: Run, told: Told, line: str, answers: tuple[str, ...], stands: str
) -> None:
    result = told(line, *answers)

    assert result.code == 130
    assert _said(result).endswith(f"✗ {stands}")
    cart = shopper("cart", "show", "--json").json
    assert (cart["address"] is None) == ("nothing was changed" in stands)


@pytest.mark.parametrize(("chosen", "stands"), [("standard", "nothing was changed"), ("express", _STANDS)])
def test_a_cart_that_is_as_it_was_was_not_changed(shopper: Run, told: Told, chosen: str, stands: str) -> None:
    shopper("checkout", "--dry-run")
    result = told("checkout --address home", chosen)

    assert _said(result).endswith(f"✗ cancelled, {stands}")


def test_ctrl_c_while_the_cart_is_prepared_names_the_cart(shopper: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("stub_services.inprocess.backend._Carts.set_shipping", stopped)
    result = shopper("checkout", "--pay", "tok_visa", "--yes")

    assert (result.code, result.err) == (
        130,
        "✗ interrupted before the answer came: it may have happened, or not\n→ shop cart show\n",
    )


def test_a_dry_run_that_cannot_be_written_did_nothing_that_has_to_be_looked_up(
    shopper: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("shopcli.cli.output.writing.Output.show", full)
    result = shopper("checkout", "--dry-run", "--json")

    assert (result.code, result.error["code"], result.error["hint"]) == (12, "storage", None)


# --- cards --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (("4242424242424241", *_GOOD), "that is not a card number: a digit is missing or wrong; once more Card number"),
        ((_GOOD[0], "12/20", *_GOOD[1:]), "the card has expired; once more Expires (MM/YY)"),
        ((_GOOD[0], "12/2020", *_GOOD[1:]), "the card has expired; once more Expires (MM/YY)"),
    ],
)
def test_what_no_card_has_is_refused_before_the_total_is_confirmed(
    shopper: Run, told: Told, answers: tuple[str, ...], said: str
) -> None:
    result = told("checkout --address home --shipping standard", "another card", *answers, "y")

    assert result.code == 0
    assert said in _said(result)
    assert result.err.count("[y/N]") == 1
    assert shopper("orders", "list").rows


@pytest.mark.parametrize(
    ("now", "asked"),
    [
        (datetime(2039, 12, 31, 23, 59, tzinfo=UTC), "CVV"),
        (datetime(2040, 1, 1, tzinfo=UTC), "the card has expired; once more Expires"),
    ],
)
def test_a_card_is_good_to_the_end_of_its_month(
    shopper: Run, told: Told, monkeypatch: pytest.MonkeyPatch, now: datetime, asked: str
) -> None:
    monkeypatch.setattr(Checkout.__init__, "__kwdefaults__", {**_DEFAULTS, "clock": lambda: now})
    result = told("checkout --address home --shipping standard", "another card", "4242 4242 4242 4242", "12/39")

    assert f"Expires (MM/YY): {asked}" in _said(result)


def _refusing_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _Payments.tokenize
    refused: list[Card] = []

    async def tokenize(self: _Payments, card: Card) -> PaymentMethod:
        if not refused:
            refused.append(card)
            raise InvalidValue("this shop takes no such card")
        return await whole(self, card)

    monkeypatch.setattr(_Payments, "tokenize", tokenize)


@pytest.mark.parametrize(("flags", "confirmed"), [("", ("y",)), (" --yes", ())])
def test_a_card_that_the_shop_refuses_is_asked_for_again_alone(
    shopper: Run, told: Told, monkeypatch: pytest.MonkeyPatch, flags: str, confirmed: tuple[str, ...]
) -> None:
    _refusing_once(monkeypatch)
    other = ("5555 5555 5555 4444", "12/39", "123")
    result = told(f"checkout --address home --shipping standard{flags}", *_BY_CARD, *confirmed, *other, *confirmed)

    assert result.code == 0
    assert "this shop takes no such card; once more Card number" in _said(result)
    assert result.err.count("Test Visa") == 1
    assert ("with the card ending in 4444? [y/N]" in result.err) == bool(confirmed)
    assert len(shopper("orders", "list").rows) == 1


def test_paying_an_order_asks_again_for_a_card_that_the_shop_refuses(
    shopper: Run, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shopper("checkout", "--pay", "later", "--yes").code == 8
    _refusing_once(monkeypatch)
    other = ("5555 5555 5555 4444", "12/39", "123")

    result = told("orders pay @last", *_BY_CARD, "y", *other, "y")

    assert result.code == 0
    assert "this shop takes no such card; once more Card number" in _said(result)
    assert shopper("orders", "show", "@last", "--json").json["status"] == "paid"


def test_leaving_at_a_card_that_was_refused_orders_nothing(
    shopper: Run, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refusing_once(monkeypatch)
    result = told("checkout --address home --shipping standard", *_BY_CARD, "y")

    assert result.code == 130
    assert _said(result).endswith(_STANDS)
    assert not shopper("orders", "list").rows


@pytest.mark.parametrize("card", ["4242424242424241 12/39 123", "4242424242424242 01/20 123", "nonsense"])
def test_a_refused_card_from_a_pipe_says_that_nothing_was_ordered(shopper: Run, card: str) -> None:
    result = shopper("checkout", "--card-stdin", "--yes", "--address", "work", stdin=card)

    assert result.code == 2
    kept = "nothing was ordered or charged, and the cart keeps the address and the delivery"
    assert _said(result).endswith(f"; {kept} → shop checkout --address work")
    assert not shopper("orders", "list").rows
    assert len(shopper("cart", "show", "--json").json["lines"]) == 1


# --- the account --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ((PASSWORD, "short", "short", _NEW, _NEW), "a password has 8 to 1024 characters; once more New password:"),
        (("not mine", _NEW, _NEW, PASSWORD), "the old password is wrong; once more Old password:"),
    ],
)
def test_a_refused_password_is_asked_for_again_alone(ada: Run, told: Told, answers: tuple[str, ...], said: str) -> None:
    result = told("account password", *answers)

    assert result.code == 0
    assert said in _said(result)
    assert ada("login", "--email", "ada@example.com", "--password-stdin", stdin=_NEW).code == 0


def test_a_wrong_password_costs_no_other_answer_of_an_edit(ada: Run, told: Told) -> None:
    result = told("account edit", "Ada L", "lovelace@example.com", "not mine", PASSWORD)

    assert (result.code, result.rows) == (0, [["Ada L", "lovelace@example.com"]])
    assert "the password is wrong; once more Password:" in _said(result)


@pytest.fixture
def _free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have one e-mail address that is not taken, and the present one is not it."""
    whole = _Users.change_email

    async def change_email(self: _Users, email: str, password: str) -> User:
        if email != "free@example.com":
            raise EmailTaken("somebody has it")
        return await whole(self, email, password)

    monkeypatch.setattr(_Users, "change_email", change_email)


@pytest.mark.usefixtures("_free")
@pytest.mark.parametrize(("other", "email"), [("free@example.com", "free@example.com"), ("", "ada@example.com")])
def test_an_email_address_that_is_taken_is_asked_for_again_alone(told: Told, other: str, email: str) -> None:
    result = told("account edit", "Ada L", "bea@example.com", PASSWORD, other)

    assert (result.code, result.rows) == (0, [["Ada L", email]])
    assert "the e-mail address is taken; once more E-mail [ada@example.com]:" in _said(result)


@pytest.mark.usefixtures("_free")
def test_an_email_address_from_the_command_line_is_not_asked_for_again(told: Told) -> None:
    result = told("account edit --email bea@example.com", PASSWORD)

    assert result.code == 6
    assert result.err.endswith("→ shop account edit\n")


def test_a_name_that_the_shop_refuses_is_asked_for_again_after_the_email_address_changed(
    ada: Run, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def picky(*_: object) -> None:
        raise InvalidValue("this shop has no such name")

    monkeypatch.setattr("stub_services.inprocess.backend._Users.rename", picky)
    result = told("account edit", "Ada L", "lovelace@example.com", PASSWORD)

    assert result.code == 130
    assert "but not the name: this shop has no such name; once more Name [Ada]:" in _said(result)
    assert _said(result).endswith("cancelled, the e-mail address is changed to lovelace@example.com, but not the name")


def test_a_wrong_password_costs_no_typed_email_address_of_a_deletion(ada: Run, told: Told) -> None:
    result = told("account delete", "ada@example.com", "not mine", PASSWORD)

    assert result.code == 0
    assert "the password is wrong; once more Password:" in _said(result)
    assert "the account ada@example.com is deleted" in result.err
