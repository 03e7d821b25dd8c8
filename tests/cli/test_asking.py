"""What is missing is asked for on a terminal, command by command, and named elsewhere."""

from __future__ import annotations

import io
import re
from functools import partial
from typing import TYPE_CHECKING

import pytest

from backends.errors import InvalidValue
from shopcli.cli.asking.answers import Answers, until_accepted
from shopcli.cli.failures import Cancelled
from shopcli.cli.options import Options
from shopcli.cli.run import Run as ShopRun
from tests.cli.conftest import PASSWORD
from tests.cli.person import DOWN, ENTER, ESC, SIZES, UP

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Asked, Run

_LENS = "canon-ef-50mm-f1-8-stm"


@pytest.fixture
def shopper(ada: Run) -> Run:
    """Ada, with a second address, two lines in the cart and an order that waits."""
    ada("cart", "add", _LENS)
    ada("checkout", "--pay", "later", "--yes")
    ada("orders", "resume")
    where = {"--name": "Ada", "--line1": "Desk", "--city": "Bonn", "--postcode": "53111", "--country": "DE"}
    ada("addresses", "add", "work", *(word for pair in where.items() for word in pair))
    ada("cart", "add", _LENS, "sigma-35-f2/l-mount")
    return ada


def test_a_checkout_is_chosen_step_by_step(shopper: Run, person: Asked) -> None:
    somebody = person("checkout").sees("Deliver to:").marks("home").types(DOWN).marks("work").types(ENTER)
    somebody.sees("Delivery:").marks("Standard").types("express").marks("Express").types(ENTER)
    somebody.sees("Pay with:", "another card", "later", "12.90 EUR").types("tok_visa").marks("Test Visa").types(ENTER)
    somebody.sees("[y/N]").types("y\n")

    assert somebody.ends() == 0
    order = shopper("orders", "show", "1002", "--json").json
    assert (order["status"], order["address"]["city"], order["totals"]["shipping"]["amount"]) == (
        "paid",
        "Bonn",
        "12.90",
    )


def test_enter_takes_the_defaults_of_a_checkout(shopper: Run, person: Asked) -> None:
    somebody = person("checkout").sees("Deliver to:").types(ENTER).sees("Delivery:").types(ENTER).sees("Pay with:")
    somebody.types("later").marks("later").types(ENTER).sees("[y/N]").types("y\n")

    assert somebody.ends() == 8
    assert shopper("orders", "show", "1002", "--json").json["address"]["label"] == "home"


def test_yes_asks_only_what_has_no_default(shopper: Run, person: Asked) -> None:
    somebody = person("checkout", "--yes").sees("Pay with:").types(ENTER)

    assert somebody.ends() == 0
    assert "Deliver" not in somebody.text


def test_another_card_is_typed_unseen(shopper: Run, person: Asked) -> None:
    somebody = person("orders", "pay").sees("Order:").marks("1001").types(ENTER).sees("Pay with:")
    assert "later" not in somebody.text
    somebody.types("another").marks("another card").types(ENTER)
    for question, answer in (("Card number:", "4242 4242 4242 4242"), ("Expires", "12/39"), ("CVV", "987")):
        somebody.sees(question).types(f"{answer}\n")
    somebody.sees("ending in 4242", "[y/N]").types("y\n")

    assert somebody.ends() == 0
    assert "4242 4242" not in somebody.written
    assert "order 1001: paid" in somebody.text


def test_each_part_of_a_card_is_checked_when_it_is_given(shopper: Run, person: Asked) -> None:
    somebody = person("orders", "pay", "1001").sees("Pay with:").types("another").marks("another card").types(ENTER)
    for question, wrong, said, right in (
        ("Card number:", "4242 4242", "12 to 19 digits; once more", "4242-4242-4242-4242"),
        ("Expires (MM/YY):", "13/39", "such as 12/30; once more", "12 / 39"),
        ("CVV:", "y", "3 or 4 digits; once more", "987"),
    ):
        somebody.sees(question).types(f"{wrong}\n").sees(f"{said}\n{question}").types(f"{right}\n")
    somebody.sees("ending in 4242", "[y/N]").types("y\n")

    assert somebody.ends() == 0
    assert "4242-4242" not in somebody.written


def test_what_is_needed_is_said_and_ctrl_z_shows_no_password(run: Run, person: Asked) -> None:
    somebody = person("signup").sees("Name:").types("\n").sees("an answer is needed here; Ctrl-C cancels\nName:")
    somebody.types("Eve\n").sees("E-mail:").types("eve@example.com\n")
    somebody.sees("Password:").types(f"\x1a{PASSWORD}\n").sees("Password again:").types(f"{PASSWORD}\n")

    assert somebody.ends() == 0
    assert PASSWORD not in somebody.written
    assert run("whoami", "--json").json["name"] == "Eve"


def test_an_arrow_key_costs_one_answer_and_not_all(run: Run, person: Asked) -> None:
    somebody = person("signup").sees("Name:").types("Eve\n").sees("E-mail:").types(f"{UP}\n")
    somebody.sees("such as arrow keys leave, are no text; once more").types("eve@example.com\n")
    somebody.sees("Password:").types(f"{PASSWORD}\n").sees("Password again:").types(f"{PASSWORD}\n")

    assert somebody.ends() == 0
    assert somebody.text.count("Name:") == 1
    assert run("whoami", "--json").json["name"] == "Eve"


def test_a_refund_says_how_much_it_is_and_what_for(shopper: Run, person: Asked) -> None:
    shopper("orders", "pay", "1001", "--pay", "tok_visa", "--yes")
    paid = shopper("payments", "list", "1001", "-o", "id").out.strip()
    somebody = person("payments", "refund", paid).sees("give 123.90 EUR for order 1001 back? [y/N]").types("n\n")

    assert somebody.ends() == 130
    unknown = person("payments", "refund", "1001").sees("give all of payment 1001 back? [y/N]").types("y\n")
    assert unknown.ends() == 3


def test_whoever_has_no_address_is_asked_for_one(run: Run, person: Asked) -> None:
    run("signup", "--name", "Eve", "--email", "e@example.com", "--password-stdin", stdin=PASSWORD)
    run("cart", "add", _LENS)
    somebody = person("checkout", "--pay", "tok_visa").sees("where shall it go?")
    for question, answer in (
        *(("What you call it", "HOME"), ("Name:", "Eve"), ("Street", "Road"), ("More about", ""), ("Postcode", "1")),
        *(("City", "Berlin"), ("State", ""), ("Country", "germany"), ("two-letter code", "de"), ("Phone", "")),
        ("lower-case letters", "home"),
    ):
        somebody.sees(question).types(f"{answer}\n")
    somebody.sees("Delivery:").types(ESC)

    assert somebody.ends() == 130
    assert "cancelled, nothing was ordered; the address home is kept" in " ".join(somebody.text.split())
    assert run("addresses", "list").rows[0][0] == "home"


def test_an_empty_cart_asks_nothing_about_its_way(run: Run, person: Asked) -> None:
    run("signup", "--name", "Eve", "--email", "e@example.com", "--password-stdin", stdin=PASSWORD)
    somebody = person("checkout")

    assert somebody.ends() == 6
    assert "the cart is empty" in somebody.text


def test_each_answer_of_a_signup_is_checked_when_it_is_given(run: Run, person: Asked) -> None:
    somebody = person("signup").sees("Name:").types("Eve\n").sees("E-mail:").types("eve@example\n")
    somebody.sees("looks like ada@example.org; once more").types("eve@example.com\n")
    somebody.sees("Password:").types("short\n").sees("Password again:").types("short\n")
    somebody.sees("a password has 8 to 1024 characters; once more\nPassword:").types(f"{PASSWORD}\n")
    somebody.waits(lambda: somebody.text.count("Password again:") == 2, "again")
    somebody.types(f"{PASSWORD}\n")

    assert somebody.ends() == 0
    assert "Eve <eve@example.com>" in somebody.text
    assert somebody.text.count("Name:") == 1


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("the name must have 1 to 200 characters", "name"),
        ("Name is missing", "name"),
        ("the username part of an e-mail address is too long", "e-mail"),
        ("a password must not repeat your name", None),  # it was piped
        ("no user-name and no surname is like that", None),
    ],
)
def test_of_a_signup_the_answer_that_the_shop_names_is_asked_for_again(said: str, again: str | None) -> None:
    answers = {"name": "", "e-mail": "", "password": "piped"}
    asks = {name: partial(str, "better") for name in ("name", "e-mail")}

    def send(answers: Answers) -> Answers:
        if "better" not in answers.values():
            raise InvalidValue(said)
        return answers

    if again is None:
        with pytest.raises(InvalidValue):
            until_accepted(send, answers, asks)
    else:
        assert until_accepted(send, dict(answers), asks) == {**answers, again: "better"}


def test_what_was_given_as_an_option_is_not_asked_for_again(person: Asked) -> None:
    somebody = person("signup", "--email", "no", "--name", "Eve").sees("Password:").types(f"{PASSWORD}\n")
    somebody.sees("Password again:").types(f"{PASSWORD}\n")

    assert somebody.ends() == 2
    assert "that is not an e-mail address" in somebody.text


def test_a_quantity_is_asked_for(shopper: Run, person: Asked) -> None:
    somebody = person("cart", "set").sees("Line:").types("sigma").marks("Sigma").types(ENTER)
    somebody.sees("How many, now 1:").types("0\n").sees("from 1 to 999").types("3\n")

    assert somebody.ends() == 0
    assert [line["quantity"] for line in shopper("cart", "show", "--json").json["lines"]] == [1, 3]


_CHOSEN = [
    ("cart remove", ["Line:"], "sigma", 0, "119.00 EUR"),
    ("cart set 2", ["How many, now 1:"], "5", 0, "3314.00 EUR"),
    ("addresses remove", ["Remove:", "Desk"], "work", 0, "home"),
    ("orders show", ["Order:", "1001", "awaiting_payment"], "", 0, "order 1001: awaiting_payment"),
    ("orders pay --pay tok_visa --yes", ["Order:"], "1001", 0, "order 1001: paid"),
    ("orders cancel --yes", ["Order:"], "1001", 0, "order 1001: cancelled"),
    ("orders watch --timeout 0.01", ["Order:"], "1001", 8, "order 1001 is awaiting_payment"),
    ("payments list", ["Order:"], "1001", 0, "no payment yet"),
    ("profile use", ["Profile:", "corner"], "corner", 0, "shop profile use"),
    ("profile delete --yes", ["Profile:", "corner"], "", 0, "default"),
    ("services stop", ["Service:", "payments"], "payments", 0, "payments is stopped"),
    ("services start", ["Service:"], "carts", 0, "up"),
    ("services fault", ["Service:"], "carts", None, "What goes wrong:"),
]


@pytest.mark.parametrize(("line", "asked", "typed", "code", "expected"), _CHOSEN, ids=[each[0] for each in _CHOSEN])
@pytest.mark.parametrize("size", SIZES)
def test_what_is_missing_is_asked_for(
    shopper: Run,
    person: Asked,
    size: tuple[int, int],
    line: str,
    asked: list[str],
    typed: str,
    code: int | None,
    expected: str,
) -> None:
    shopper("profile", "create", "corner", "sqlite:corner")
    somebody = person(*line.split(), size=size).sees(*(asked if size[0] == 80 else asked[:1]))
    somebody.types(typed)
    if ":" not in asked[0] or asked[0].startswith("How"):
        somebody.types("\n")
    else:
        somebody.marks(typed if typed != "sigma" else "Sigma").types(ENTER)
    somebody.sees(*expected.split()[:1])
    if code is None:
        somebody.sees(expected).marks("stopped").types("hang").marks("hang").types(ENTER)
        code = 0

    assert somebody.ends() == code
    assert expected in " ".join(somebody.text.split()) or size[0] < 80


@pytest.mark.parametrize("line", ["payments show", "payments refund --yes"])
def test_a_payment_is_chosen_by_its_order(shopper: Run, person: Asked, line: str) -> None:
    shopper("orders", "pay", "1001", "--pay", "tok_visa", "--yes")
    somebody = person(*line.split()).sees("Payment:", "123.90 EUR for order 1001", "settled").types(ENTER)

    assert somebody.ends() == 0
    assert re.search(r"payment \S+: (settled|refund)", somebody.text)


@pytest.mark.parametrize(
    ("line", "said", "code"),
    [
        ("cart remove", "the cart is empty", 3),
        ("cart set", "the cart is empty", 3),
        ("orders pay", "no order waits for a payment", 3),
        ("orders cancel", "no order can be cancelled", 3),
        ("orders show", "there are no orders yet", 3),
        ("payments refund", "the latest orders have no such payment", 3),
        ("profile delete", "there is no profile but default", 3),
        ("services stop --backend http://127.0.0.1:9", "only the owner", 12),
    ],
)
def test_where_there_is_nothing_to_choose_nothing_is_asked(
    ada: Run, person: Asked, line: str, said: str, code: int
) -> None:
    somebody = person(*line.split())

    assert somebody.ends() == code
    assert said in somebody.text


@pytest.mark.parametrize(
    ("line", "missing", "hint"),
    [
        ("cart add", "PRODUCT is", "shop products list"),
        ("products show", "PRODUCT is", "shop products list"),
        ("cart set", "LINE, QTY are", "shop cart show"),
        ("cart set 1", "QTY is", "shop cart show"),
        ("cart remove", "LINE is", "shop cart show"),
        ("addresses remove", "LABEL is", "shop addresses list"),
        ("orders show", "ORDER is", "shop orders list"),
        ("orders pay", "ORDER is", "shop orders list"),
        ("orders watch", "ORDER is", "shop orders list"),
        ("orders cancel", "ORDER, --yes are", "shop orders cancel --help"),
        ("payments show", "PAYMENT is", "shop payments list -o id"),
        ("payments refund", "PAYMENT is", "shop payments list -o id"),
        ("alias set", "ALIAS, COMMAND are", "shop alias set --help"),
        ("alias set cheap", "COMMAND is", "shop alias set --help"),
        ("alias delete", "ALIAS is", "shop alias list"),
        ("demo run", "NAME|FILE is", "shop demo list"),
        ("demo check", "NAME|FILE is", "shop demo list"),
        ("profile use", "NAME is", "shop profile list"),
        ("profile delete", "NAME is", "shop profile list"),
        ("services stop", "SERVICE is", "shop services status"),
        ("services start", "SERVICE is", "shop services status"),
        ("services restart", "SERVICE is", "shop services status"),
        ("services fault", "SERVICE is", "shop services status"),
    ],
)
def test_without_a_terminal_what_is_missing_is_named(ada: Run, line: str, missing: str, hint: str) -> None:
    result = ada(*line.split())

    assert result.code == 2
    assert result.err == f"✗ {missing} missing, and there is no terminal to ask at\n→ {hint}\n"


def test_a_profile_is_created_step_by_step(run: Run, person: Asked) -> None:
    somebody = person("profile", "create").sees("Name:").types("Corner\n").sees("a-z, 0-9 and -", "once more")
    somebody.types("default\n").sees("there already", "once more").types("corner\n")
    somebody.sees("URL:").types("gone:x\n").sees("no backend serves 'gone'", "once more").types("memory:\n")

    assert somebody.ends() == 0
    assert [each["backend"] for each in run("profile", "list", "--json").json["items"]][1:] == ["memory:"]


def test_a_setting_and_its_value_are_chosen(run: Run, person: Asked) -> None:
    somebody = person("config", "set").sees("Setting:", "timeout").types("pager").marks("pager").types(ENTER)
    somebody.sees("pager:").marks("auto").types(DOWN).marks("never").types(ENTER)
    assert somebody.ends() == 0
    assert run("config", "get", "pager").out == "never\n"

    somebody = person("config", "set", "timeout").sees("timeout, seconds").types("soon\n").sees("once more")
    assert somebody.types("20\n").ends() == 0
    somebody = person("config", "get").sees("Setting:").types("timeout").marks("timeout").types(ENTER)
    assert somebody.ends() == 0
    assert somebody.text.endswith("20")

    somebody = person("config", "unset").sees("Setting:").types("pager").marks("pager").types(ENTER)
    assert somebody.ends() == 0
    assert run("config", "get", "pager").out == "auto\n"


def test_an_alias_is_set_step_by_step_and_one_is_chosen_to_be_deleted(run: Run, person: Asked) -> None:
    somebody = person("alias", "set").sees("Alias:").types("cart\n").sees("is a command", "once more").types("cheap\n")
    somebody.sees("Command that cheap stands for:").types("prodcuts list\n").sees("begins no command", "once more")
    assert somebody.types("products list --sort price\n").ends() == 0
    assert run("alias", "set", "mine", "orders list").code == 0
    assert run("alias", "list").rows == [["cheap", "products list --sort price"], ["mine", "orders list"]]

    somebody = person("alias", "delete").sees("Alias:", "cheap", "products list --sort price").types("mine")
    assert somebody.marks("mine").types(ENTER).ends() == 0
    assert run("alias", "list").rows == [["cheap", "products list --sort price"]]


def test_a_scenario_is_chosen(person: Asked) -> None:
    somebody = person("demo", "check").sees("Scenario:", "buy-now").types("last one").marks("last-one-in-stock")
    assert somebody.types(ENTER).ends() == 0
    assert "last-one-in-stock" in somebody.text.splitlines()[-1]


def test_words_to_search_for_are_asked_for(person: Asked) -> None:
    somebody = person("products", "search").sees("Words:").types("sigma 35\n")

    assert somebody.ends() == 0
    assert "sigma-35-f2" in somebody.text


def test_a_catalog_asks_for_its_file(run: Run, person: Asked, tmp_path: Path) -> None:
    goods = tmp_path / "g.csv"
    goods.write_text("slug,title,price,stock\nrope,Rope,1.00,5\n", "utf-8")
    somebody = person("catalog", "import", "--dry-run").sees("File:").types("nowhere.csv\n").sees("once more")

    assert somebody.types(f"{goods}\n").ends() == 0
    assert "this was a dry run" in somebody.text


def test_no_input_asks_nothing_on_a_terminal_either(shopper: Run, person: Asked) -> None:
    somebody = person("payments", "list", "--no-input")

    assert somebody.ends() == 0
    assert "no payment yet" in somebody.text


def test_a_variant_is_shown_by_its_ref(run: Run) -> None:
    assert [row[0] for row in run("products", "show", "sigma-35-f2").rows] == [
        "sigma-35-f2/sony-e",
        "sigma-35-f2/l-mount",
    ]
    assert [row[0] for row in run("products", "show", "sigma-35-f2/l-mount").rows] == ["sigma-35-f2/l-mount"]
    assert run("products", "show", "sigma-35-f2/none").code == 3


def test_the_shell_may_ask_too(person: Asked) -> None:
    somebody = person("shell", TERM="dumb").sees("default>").types("cart add sigma-35-f2\n").sees("Variant:", "text:")
    somebody.types("2\n").sees("added 1").types("exit\n")

    assert somebody.ends() == 0


def test_ctrl_c_while_a_question_is_still_being_written_ends_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Quick(io.StringIO):
        """Whoever reads it presses Ctrl-C at once."""

        def flush(self) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr("sys.stderr", shown := Quick())
    asking = ShopRun(Options({}, {})).ask
    monkeypatch.setattr(asking, "require", lambda *_: None)

    with pytest.raises(Cancelled):
        asking.confirm("Really?")
    assert shown.getvalue() == "Really? [y/N] \n"
