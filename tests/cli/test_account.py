"""`shop account`, saved cards, and who is logged out by logging in."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pyte
import pytest

from backends import Capability
from backends.errors import OutcomeUnknown, StorageError
from stub_services.inprocess import InProcessBackend
from tests.cli.conftest import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    import pexpect

    from tests.cli.conftest import Finish, Result, Run, Terminal

_LENS = "canon-ef-50mm-f1-8-stm"
_NEW = "another long password"
_ALL_OF_IT = "deleted with the account ada@example.com: its log-in and all its sessions, 1 address"


@pytest.fixture
def at_home(furnished: Path, tmp_path: Path) -> None:
    shutil.copytree(furnished, tmp_path / "data")


def _session(tmp_path: Path) -> dict[str, str]:
    kept: dict[str, str] = json.loads((tmp_path / "data" / "profiles" / "default" / "session.json").read_text())
    return kept


def _log_in(run: Run, email: str, password: str = PASSWORD) -> Result:
    return run("login", "--email", email, "--password-stdin", stdin=password)


def _sign_up_bea(run: Run) -> Result:
    return run("signup", "--name", "Bea", "--email", "bea@example.com", "--password-stdin", stdin=PASSWORD)


def _fails(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    async def silence(*_: object) -> None:
        raise OutcomeUnknown("no answer came")

    monkeypatch.setattr(f"stub_services.inprocess.backend._Users.{method}", silence)


# --- show ---------------------------------------------------------------------------------------------


def test_an_account_is_shown_with_what_belongs_to_it_here(ada: Run, tmp_path: Path) -> None:
    file = str(tmp_path / "data" / "profiles" / "default" / "session.json")
    shown = ada("account", "show", "--json").json
    assert shown == {
        "id": ada("whoami", "--json").json["id"],
        "name": "Ada",
        "email": "ada@example.com",
        "addresses": 1,
        "credentials": {"kind": "file", "where": file, "permissions": "0600"},
    }
    assert ada("account", "show").rows == [["Ada", "ada@example.com", shown["id"], "1"]]
    assert ada("account", "show", "--fields", "credentials").out == f"{file} (0600)\n"
    assert ada("account", "show", "-o", "id").out == "ada@example.com\n"
    assert ada("account", "show", "-o", "table").out.splitlines()[0] == "Ada <ada@example.com>"


@pytest.mark.parametrize(
    "line",
    [
        "account show",
        "account edit --name Eve",
        "account edit --email eve@example.com --password-stdin",
        "account password --password-stdin",
        "account delete --yes --password-stdin",
        "payments methods",
    ],
)
def test_nobody_is_logged_in(run: Run, line: str) -> None:
    result = run(*line.split(), "--json", stdin=PASSWORD)
    assert (result.code, result.out, result.error["hint"]) == (4, "", "shop login")


# --- edit ---------------------------------------------------------------------------------------------


def test_a_name_is_changed(ada: Run) -> None:
    assert ada("account", "edit", "--name", " Ada Lovelace ").rows == [["Ada Lovelace", "ada@example.com"]]
    assert ada("whoami").rows == [["Ada Lovelace", "ada@example.com"]]
    refused = ada("account", "edit", "--name", "", "--json")
    assert (refused.code, refused.error["code"]) == (2, "invalid_value")
    assert ada("whoami").rows == [["Ada Lovelace", "ada@example.com"]]


def test_an_email_address_is_changed_with_the_password(ada: Run, tmp_path: Path) -> None:
    edit = ("account", "edit", "--email", "lovelace@example.com", "--password-stdin")
    wrong = ada(*edit, "--json", stdin="not my password")
    assert (wrong.code, wrong.error["code"], wrong.error["hint"]) == (4, "wrong_credentials", "shop account edit")
    assert ada(*edit, stdin=PASSWORD).rows == [["Ada", "lovelace@example.com"]]
    assert _session(tmp_path)["email"] == "lovelace@example.com"
    assert ada("profile", "list", "--fields", "account").out == "lovelace@example.com\n"
    assert _log_in(ada, "ada@example.com").code == 4
    assert _log_in(ada, "lovelace@example.com").code == 0


def test_an_email_address_that_is_taken(ada: Run) -> None:
    _sign_up_bea(ada)
    result = ada("account", "edit", "--email", "ada@example.com", "--password-stdin", "--json", stdin=PASSWORD)
    assert (result.code, result.error["code"], result.error["hint"]) == (6, "email_taken", "shop account edit")


@pytest.mark.parametrize("given", [("--name", "Ada"), ("--email", "ada@example.com"), ("--name", "Ada", "--email")])
def test_what_is_as_it_was_is_not_sent(ada: Run, given: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    for method in ("rename", "change_email"):
        _fails(monkeypatch, method)
    result = ada("account", "edit", *given, *(["ada@example.com"] if given[-1] == "--email" else []))
    assert (result.code, result.err, result.rows) == (0, "nothing to change\n", [["Ada", "ada@example.com"]])


def test_a_name_that_is_refused_after_the_email_address_changed_says_so(ada: Run, tmp_path: Path) -> None:
    line = ("account", "edit", "--name", "x" * 300, "--email", "lovelace@example.com", "--password-stdin", "--json")
    result = ada(*line, stdin=PASSWORD)
    assert (result.code, result.error["outcome"]) == (2, "applied")
    assert result.error["message"].startswith("the e-mail address is changed to lovelace@example.com, but not the name")
    assert ada("whoami").rows == [["Ada", "lovelace@example.com"]]
    assert _session(tmp_path)["email"] == "lovelace@example.com"


def test_nothing_to_change_is_a_mistake_where_nobody_can_be_asked(ada: Run) -> None:
    result = ada("account", "edit")
    assert result.code == 2
    assert "--name or --email is missing" in result.err
    assert ada("account", "edit", "--email", "b@example.com").code == 2  # and so is the password


@pytest.mark.parametrize(
    ("method", "given", "stands"),
    [
        ("rename", ("--name", "Bea"), "the name is Ada or Bea"),
        (
            "change_email",
            ("--email", "b@example.com", "--password-stdin"),
            "the e-mail address is ada@example.com or b@",
        ),
    ],
)
def test_an_edit_whose_answer_got_lost_says_what_stands(
    ada: Run, method: str, given: tuple[str, ...], stands: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fails(monkeypatch, method)
    result = ada("account", "edit", *given, "--json", stdin=PASSWORD)
    assert (result.code, result.error["outcome"], result.error["hint"]) == (11, "unknown", "shop account show")
    assert stands in result.error["message"]


def test_showing_an_account_learns_its_new_email_address(ada: Run, tmp_path: Path) -> None:
    file = tmp_path / "data" / "profiles" / "default" / "session.json"
    kept = file.read_bytes()
    ada("account", "edit", "--email", "lovelace@example.com", "--password-stdin", stdin=PASSWORD)
    file.write_bytes(kept)  # as another computer would have it
    ada("account", "show")
    assert _session(tmp_path)["email"] == "lovelace@example.com"


def test_a_shop_that_changes_no_email_address(ada: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InProcessBackend, "capabilities", InProcessBackend.capabilities - {Capability.CHANGE_EMAIL})
    result = ada("account", "edit", "--email", "b@example.com", "--password-stdin", "--json", stdin=PASSWORD)
    assert (result.code, result.error["code"], result.error["hint"]) == (
        12,
        "unsupported",
        "shop account edit --name TEXT",
    )


@pytest.mark.usefixtures("at_home")
def test_an_edit_asks_with_what_is_there_and_enter_keeps_it(run: Run, terminal: Terminal, finish: Finish) -> None:
    child = terminal("account", "edit")
    child.expect(r"Name \[Ada\]: ")
    child.sendline("")
    child.expect(r"E-mail \[ada@example.com\]: ")
    child.sendline("lovelace")
    child.expect("looks like ada@example.org; once more")
    child.expect(r"E-mail \[ada@example.com\]: ")
    child.sendline("lovelace@example.com")
    child.expect("Password: ")
    child.sendline(PASSWORD)
    code, screen = finish(child)
    assert code == 0
    assert PASSWORD not in screen
    assert "Ada <lovelace@example.com>" in screen

    child = terminal("account", "edit")
    child.expect(r"Name \[Ada\]: ")
    child.sendline("Ada Lovelace")
    child.expect(r"E-mail \[lovelace@example.com\]: ")
    child.sendline("")
    assert finish(child)[0] == 0  # no e-mail address changed, so no password is asked for
    assert run("whoami").rows == [["Ada Lovelace", "lovelace@example.com"]]


# --- password -----------------------------------------------------------------------------------------


def test_a_password_is_changed_by_two_lines_of_a_pipe(ada: Run) -> None:
    line = ("account", "password", "--password-stdin")
    wrong = ada(*line, "--json", stdin=f"not my password\n{_NEW}\n")
    assert (wrong.code, wrong.error["hint"]) == (4, "shop account password")
    short = ada(*line, "--json", stdin=f"{PASSWORD}\nshort\n")
    assert (short.code, short.error["hint"]) == (2, "shop account password --help")
    done = ada(*line, stdin=f"{PASSWORD}\r\n{_NEW}\n")
    assert (done.code, done.rows) == (0, [["Ada", "ada@example.com"]])
    assert "every other session of the account has ended" in done.err
    assert ada("whoami").code == 0
    assert _log_in(ada, "ada@example.com").code == 4
    assert _log_in(ada, "ada@example.com", _NEW).code == 0


@pytest.mark.parametrize("piped", ["", PASSWORD, f"{PASSWORD}\n", f"{PASSWORD}\n\n"])
def test_one_line_is_not_enough_for_two_passwords(ada: Run, piped: str) -> None:
    result = ada("account", "password", "--password-stdin", stdin=piped)
    assert result.code == 2
    assert "two lines: the old password, then the new one" in result.err


def test_a_password_is_never_asked_for_without_a_terminal(ada: Run) -> None:
    result = ada("account", "password")
    assert result.code == 2
    assert "--password-stdin is missing" in result.err


def test_a_password_whose_answer_got_lost_is_one_of_two(ada: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _fails(monkeypatch, "change_password")
    result = ada("account", "password", "--password-stdin", "--json", stdin=f"{PASSWORD}\n{_NEW}\n")
    assert (result.code, result.error["hint"]) == (11, "shop login")
    assert "the password is the old one or the new one" in result.error["message"]
    assert _NEW not in result.err


@pytest.mark.usefixtures("at_home")
def test_a_new_password_is_typed_twice_and_never_shown(run: Run, terminal: Terminal, finish: Finish) -> None:
    child = terminal("account", "password")
    child.expect("Old password: ")
    child.sendline(PASSWORD)
    for first, second, then in (("one two three", "something else", "these two differ"), (_NEW, _NEW, "is changed")):
        child.expect("New password: ")
        child.sendline(first)
        child.expect("New password again: ")
        child.sendline(second)
        child.expect(then)
    code, screen = finish(child)
    assert code == 0
    assert _NEW not in screen
    assert _log_in(run, "ada@example.com", _NEW).code == 0


# --- delete -------------------------------------------------------------------------------------------


def _delete(run: Run, *flags: str, stdin: str = PASSWORD) -> Result:
    return run("account", "delete", "--yes", "--password-stdin", *flags, stdin=stdin)


def test_what_goes_and_what_stays_is_said_before_anything_is_deleted(ada: Run) -> None:
    ada("cart", "add", _LENS)
    ada("checkout", "--card-stdin", "--yes", stdin="4242 4242 4242 4242 12/39 123")
    ada("cart", "add", _LENS)
    ada("checkout", "--pay", "later", "--yes")
    ada("orders", "list")
    ada("cart", "add", f"{_LENS}:2")
    refused = _delete(ada, stdin="not my password")
    assert refused.code == 4
    assert refused.err.splitlines() == [
        f"{_ALL_OF_IT}, 1 saved card, the cart (2 pieces)",
        "stays with the shop: 2 orders, which nobody can look at or cancel any more",
        "not paid yet: 1 order, which will expire unless you pay first",
        "✗ the password is wrong",
        "→ shop account delete",
    ]
    assert ada("whoami").code == 0


def test_a_deleted_account_is_forgotten_here_too(ada: Run, tmp_path: Path) -> None:
    done = _delete(ada)
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines() == [
        f"{_ALL_OF_IT}, 0 saved cards, an empty cart",
        "the account ada@example.com is deleted, and you are logged out",
    ]
    assert _session(tmp_path) == {}
    assert ada("whoami").code == 4
    assert _log_in(ada, "ada@example.com").code == 4


@pytest.mark.parametrize(
    ("given", "lacking"), [((), "--yes, --password-stdin are"), (("--yes",), "--password-stdin is")]
)
def test_nothing_is_deleted_unasked(ada: Run, given: tuple[str, ...], lacking: str) -> None:
    result = ada("account", "delete", *given)
    assert result.code == 2
    assert f"{lacking} missing" in result.err
    assert ada("whoami").code == 0


def test_unfinished_checkouts_keep_the_account_unless_forced(ada: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silence(*_: object, **__: object) -> tuple[()]:
        return ()

    ada("cart", "add", _LENS)
    ada("checkout", "--pay", "later", "--yes")
    monkeypatch.setattr("shopcli.core.shop.Shop.settle", silence)
    refused = _delete(ada, "--json")
    assert (refused.code, refused.error["code"], refused.error["hint"]) == (6, "conflict", "shop orders resume")
    assert ada("whoami").code == 0
    forced = _delete(ada, "--force")
    assert forced.code == 0
    assert "unfinished: 1 checkout; an order may come of that without you knowing" in forced.err
    resumed = ada("orders", "resume")
    assert (resumed.code, resumed.rows) == (0, [])  # nobody is asked to log in to an account that is gone


def test_a_deletion_whose_answer_got_lost_says_what_stands(ada: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _fails(monkeypatch, "delete_account")
    result = _delete(ada, "--json")
    assert (result.code, result.error["hint"]) == (11, "shop account show")
    assert "the account may be deleted" in result.error["message"]
    assert ada("whoami").code == 0


def test_a_deletion_is_no_less_done_if_the_session_cannot_be_forgotten(
    ada: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr("shopcli.core.sessions.FileSessions.update", full)
    result = _delete(ada, "--json")
    assert (result.code, result.error["outcome"], result.error["hint"]) == (12, "applied", "shop logout")
    assert "the account is deleted" in result.error["message"]
    assert ada("whoami", "--json").error["code"] == "session_expired"


def _expect_delete(terminal: Terminal) -> pexpect.spawn[str]:
    child = terminal("account", "delete")
    child.expect("deleted with the account ada@example.com")
    child.expect("Type ada@example.com to delete the account: ")
    return child


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("typed", ["", "y", "yes", "ada@example.org"])
def test_only_the_email_address_confirms(run: Run, terminal: Terminal, finish: Finish, typed: str) -> None:
    child = _expect_delete(terminal)
    child.sendline(typed)
    code, screen = finish(child)
    assert code == 130
    assert "that is not the account's e-mail address, so nothing was changed" in screen
    assert run("whoami").code == 0


@pytest.mark.usefixtures("at_home")
def test_an_account_is_deleted_by_its_email_address_and_password(terminal: Terminal, finish: Finish) -> None:
    child = _expect_delete(terminal)
    child.sendline("Ada@example.com")
    child.expect("Password: ")
    child.sendline(PASSWORD)
    code, written = finish(child)
    screen = pyte.Screen(80, 24)
    pyte.Stream(screen).feed(written)
    assert code == 0
    assert PASSWORD not in written
    assert "the account ada@example.com is deleted, and you are logged out" in [line.strip() for line in screen.display]


@pytest.mark.usefixtures("at_home")
def test_leaving_at_the_password_deletes_nothing(run: Run, terminal: Terminal, finish: Finish) -> None:
    child = _expect_delete(terminal)
    child.sendline("ada@example.com")
    child.expect("Password: ")
    child.send("\x03")
    assert finish(child)[0] == 130
    assert run("whoami").code == 0


# --- logging in as somebody else, and saved cards -------------------------------------------------------


def test_logging_in_says_who_was_logged_out(ada: Run) -> None:
    switched = _sign_up_bea(ada)
    assert switched.code == 0
    assert "ada@example.com was logged in here, and is not any more\n" in switched.err
    assert "bea@example.com was logged in here, and is not any more\n" in _log_in(ada, "ada@example.com").err
    assert "logged in here" not in _log_in(ada, "ada@example.com").err
    ada("logout")
    assert "logged in here" not in _log_in(ada, "bea@example.com").err


def test_saved_cards_are_listed_beside_the_test_tokens(ada: Run) -> None:
    ada("cart", "add", _LENS)
    ada("checkout", "--card-stdin", "--yes", stdin="4242 4242 4242 4242 12/39 123")
    methods = ada("payments", "methods", "--json").json["items"]
    (saved,) = [method for method in methods if not method["test"]]
    assert "4242" in saved["label"]
    assert "tok_visa" in [method["token"] for method in methods]
    ids = ada("payments", "methods", "-o", "id").out.split()
    assert ids == [method["token"] for method in methods]
    assert ada("payments", "methods", "--fields", "token,test").rows == [
        [method["token"], "yes" if method["test"] else "no"] for method in methods
    ]
    ada("cart", "add", _LENS)
    assert ada("checkout", "--pay", saved["token"], "--yes").code == 0
