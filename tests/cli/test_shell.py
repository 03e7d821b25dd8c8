"""`shop shell`: typed at a terminal, and from a pipe."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import time
from typing import TYPE_CHECKING, Any

import pexpect
import pyte
import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import to_plain_text

import shopcli.cli.completing.words
import shopcli.cli.shell.command
import shopcli.cli.start
from shopcli.cli.completing.words import Candidate
from shopcli.cli.failures import Usage
from shopcli.cli.options import Options
from shopcli.cli.session import run_command
from shopcli.cli.shell import prompting
from shopcli.cli.shell.command import Shell
from shopcli.cli.shell.history import MOST_LETTERS, MOST_LINES, History
from shopcli.cli.shell.lines import completed, is_command, words_of, written
from shopcli.core.shop import Shop
from shopcli.core.stepping import Runner
from tests.cli.hostile import TEXTS
from tests.served import Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Run, Terminal

_PASSWORD = "correct horse battery"
_SLUG = "canon-ef-50mm-f1-8-stm"
_PATIENCE = 30.0
_ENTER, _TAB, _UP, _RIGHT, _CTRL_C, _CTRL_D = "\r", "\t", "\x1b[A", "\x1b[C", "\x03", "\x04"
_SIGNUP = f"signup --name Ada --email ada@example.com --password-stdin\n{_PASSWORD}\n"
_ADDRESS = "addresses add home --name Ada --line1 Road --city Berlin --postcode 10115 --country de -q\n"
_PROMPTED = "\x1b[?2004h"
"""What comes in front of each prompt: the wish for brackets around what is pasted."""
_PROMPT = "shop default ada@example.com> "


class Screen:
    """A terminal, and what it shows."""

    def __init__(self, child: pexpect.spawn[str]) -> None:
        self.child = child
        self.written = ""
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.Stream(self._screen)
        child.delaybeforesend = None

    def types(self, *keys: str) -> None:
        self.child.send("".join(keys))

    def sees(self, *texts: str) -> None:
        """Wait until the screen shows all of these."""
        self._wait(lambda: all(text in self.text for text in texts), texts)

    def stands_at(self, line: str) -> None:
        """Wait until the line of the cursor is this one, up to the cursor."""
        self._wait(lambda: self.last == line, line)

    def runs(self, *keys: str, then: str) -> None:
        """Type, and wait for another prompt, which is `then`."""
        before = self.written.count(_PROMPTED)
        self.types(*keys)
        self._wait(lambda: self.written.count(_PROMPTED) > before and self.last == then, then)

    def _wait(self, shows: Callable[[], bool], what: object) -> None:
        ends_at = time.monotonic() + _PATIENCE
        while not shows():
            assert time.monotonic() < ends_at, f"{what} never came; the screen says\n{self.text}"
            self._read()

    def ends(self) -> int | None:
        """Wait for the end; return the exit code."""
        while self._read():
            pass
        self.child.close()
        status: int | None = self.child.exitstatus
        return status

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def last(self) -> str:
        """The line that the cursor is on, up to the cursor."""
        line: str = self._screen.display[self._screen.cursor.y]
        return line[: self._screen.cursor.x]

    def style_of(self, text: str) -> str:
        """The colour of a text in the line of the cursor."""
        column = self._screen.display[self._screen.cursor.y].index(text)
        colour: str = self._screen.buffer[self._screen.cursor.y][column].fg
        return colour

    def _read(self) -> bool:
        try:
            read = self.child.read_nonblocking(65_536, timeout=1.0)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.written += read
        self._stream.feed(read)
        return True


@pytest.fixture
def home(furnished: Path, tmp_path: Path) -> Path:
    """The data directory of Ada, who is logged in."""
    return shutil.copytree(furnished, tmp_path / "data")


@pytest.fixture
def shell(terminal: Terminal) -> Callable[..., Screen]:
    """Start `shop WORDS... shell` on a terminal."""
    return lambda *words, **environment: Screen(terminal(*words, "shell", **environment))


# --- at a terminal -------------------------------------------------------------------------------


def test_memory_lives_from_signing_up_to_a_paid_order(shell: Callable[..., Screen], tmp_path: Path) -> None:
    screen = shell("--backend", "memory:")
    screen.sees("the shell of shop", "forgets everything when this shell ends")
    screen.stands_at("shop memory:> ")
    screen.types("signup", _ENTER)
    for question, answer in (("Name: ", "Ada"), ("E-mail: ", "ada@example.com")):
        screen.stands_at(question)
        screen.types(answer, _ENTER)
    for question in ("Password: ", "Password again: "):
        screen.stands_at(question)
        screen.types(_PASSWORD, _ENTER)
    prompt = "shop memory: ada@example.com> "
    screen.sees("Ada <ada@example.com>")
    screen.stands_at(prompt)
    screen.runs(_ADDRESS.strip(), _ENTER, then=prompt)
    screen.runs(f"shop cart add {_SLUG}", _ENTER, then=prompt)
    screen.types("checkout --pay tok_visa", _ENTER)
    screen.sees("Delivery")
    screen.runs(_CTRL_C, then=f"[130] {prompt}")
    screen.types("checkout --pay tok_visa --shipping standard", _ENTER)
    screen.sees("[y/N]")
    screen.runs("y", _ENTER, then=prompt)
    screen.sees("order 1001: paid")
    screen.types("exit", _ENTER)

    assert screen.ends() == 0
    assert _PASSWORD not in screen.written
    assert screen.written.count("forgets everything") == 1
    kept = [file for file in tmp_path.rglob("*") if file.is_file() and _PASSWORD.encode() in file.read_bytes()]
    assert kept == []
    assert not list(tmp_path.rglob("session.json"))  # who was logged in there ends with it
    (history,) = tmp_path.rglob("history")
    assert history.read_text("utf-8").splitlines()[0] == "signup"


def test_a_line_comes_back_in_the_next_session(home: Path, shell: Callable[..., Screen]) -> None:
    first = shell()
    first.stands_at(_PROMPT)
    for line in ("whoami -o id", " cart show -o id", "# aside"):
        first.runs(line, _ENTER, then=_PROMPT)
    first.types(_CTRL_D)
    assert first.ends() == 0

    second = shell()
    second.stands_at(_PROMPT)
    second.types("who")
    second.sees("whoami -o id")
    second.stands_at(f"{_PROMPT}who")
    assert second.style_of("ami -o id") != second.style_of("who")  # suggested, and not typed
    second.types(_RIGHT)
    second.stands_at(f"{_PROMPT}whoami -o id")
    second.runs(_CTRL_C, then=_PROMPT)
    second.types(_UP, _UP)
    second.stands_at(f"{_PROMPT}whoami -o id")
    history = home / "profiles" / "default" / "history"
    assert history.read_text("utf-8") == "whoami -o id\n# aside\n"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert stat.S_IMODE(history.parent.stat().st_mode) == 0o700


def test_tab_completes_commands_products_and_orders(ada: Run, shell: Callable[..., Screen]) -> None:
    ada("cart", "add", _SLUG)
    ada("checkout", "--pay", "tok_visa", "--yes")
    screen = shell()
    screen.stands_at(_PROMPT)
    screen.types("prod", _TAB)
    screen.stands_at(f"{_PROMPT}products ")
    screen.types("sh", _TAB)
    screen.stands_at(f"{_PROMPT}products show ")
    screen.types(_SLUG[:-4], _TAB)
    screen.stands_at(f"{_PROMPT}products show {_SLUG} ")
    screen.runs("-o id", _ENTER, then=_PROMPT)
    screen.types("shop orders show 10", _TAB)
    screen.stands_at(f"{_PROMPT}shop orders show 1001 ")
    screen.runs("-o id", _ENTER, then=_PROMPT)
    screen.sees("\n1001\n")


def test_ctrl_c_cancels_a_line_a_question_or_a_command_and_not_the_session(
    ada: Run, shell: Callable[..., Screen]
) -> None:
    ada("cart", "add", _SLUG)
    ada("checkout", "--pay", "later", "--yes")
    screen = shell()
    screen.stands_at(_PROMPT)
    screen.types("orders pay nonsense")
    screen.stands_at(f"{_PROMPT}orders pay nonsense")
    screen.runs(_CTRL_C, then=_PROMPT)
    screen.types("orders cancel @last", _ENTER)
    screen.sees("[y/N]")
    screen.runs(_CTRL_C, then=f"[130] {_PROMPT}")
    screen.sees("nothing was changed")
    assert screen.style_of("[130]") == "brightblack"
    screen.types("orders watch @last", _ENTER)
    screen.sees("Ctrl-C stops")
    screen.runs(_CTRL_C, then=f"[130] {_PROMPT}")
    screen.runs("orders show @last -o id", _ENTER, then=_PROMPT)
    screen.sees("\n1001\n")
    screen.types(_CTRL_D)

    assert screen.ends() == 0


def test_an_exit_code_is_in_the_next_prompt_until_a_command_succeeds(shell: Callable[..., Screen]) -> None:
    screen = shell()
    screen.stands_at("shop default> ")
    for line, code in (
        ("orders list", "[4] "),
        ("orders lst", "[2] "),
        ("products show 'no such", "[2] "),
        ("products show nothing", "[3] "),
        ("", "[3] "),
        ("cart show -o id", ""),
    ):
        screen.runs(line, _ENTER, then=f"{code}shop default> ")
    assert "a quote is not closed" in screen.text
    screen.types("quit", _ENTER)

    assert screen.ends() == 0


def test_several_pasted_lines_are_several_commands(shell: Callable[..., Screen]) -> None:
    screen = shell()
    screen.stands_at("shop default> ")
    screen.runs("\x1b[200~cart show -o id\norders list\x1b[201~", _ENTER, then="[4] shop default> ")
    screen.sees("the cart is empty", "nobody is logged in")


def test_ctrl_c_in_one_of_several_pasted_lines_stops_those_behind_it(home: Path, shell: Callable[..., Screen]) -> None:
    screen = shell()
    screen.stands_at(_PROMPT)
    screen.types("\x1b[200~login --email ada@example.com\ncart add leica-m11\x1b[201~", _ENTER)
    screen.sees("Password")
    screen.runs(_CTRL_C, then=f"[130] {_PROMPT}")
    screen.sees("stopped at line 1 of 2: those behind it were not run")
    screen.runs("cart show", _ENTER, then=_PROMPT)
    screen.types(_CTRL_D)

    assert screen.ends() == 0
    assert "Leica" not in screen.written


def test_a_password_that_was_pasted_behind_its_command_is_not_kept(home: Path, shell: Callable[..., Screen]) -> None:
    screen = shell()
    screen.stands_at(_PROMPT)
    screen.types(f"\x1b[200~login --email ada@example.com\n{_PASSWORD}\nwhoami\x1b[201~", _ENTER)
    screen.sees("Password")
    screen.runs(_CTRL_C, then=f"[130] {_PROMPT}")
    screen.types(_CTRL_D)

    assert screen.ends() == 0
    kept = (home / "profiles" / "default" / "history").read_text("utf-8")
    assert kept.splitlines() == ["login --email ada@example.com", "whoami"]


def test_a_terminal_that_can_do_nothing_gets_no_escape_sequence(shell: Callable[..., Screen]) -> None:
    screen = shell(TERM="dumb")
    screen.stands_at("shop default> ")
    screen.types("orders list", _ENTER)
    screen.stands_at("[4] shop default> ")
    screen.types("orders", _CTRL_C)
    screen.sees("^C\n[4] shop default>")
    screen.types(_CTRL_D)

    assert screen.ends() == 0
    assert "\x1b" not in screen.written


def test_without_colour_nothing_is_coloured(home: Path, shell: Callable[..., Screen]) -> None:
    screen = shell("--no-color")
    screen.stands_at(_PROMPT)
    screen.runs("orders show 7", _ENTER, then=f"[3] {_PROMPT}")
    screen.types(_CTRL_D)

    assert screen.ends() == 0
    assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|4[0-7]|9[0-7])[;m]", screen.written)


def test_a_history_that_cannot_be_written_costs_no_command(home: Path, shell: Callable[..., Screen]) -> None:
    (home / "profiles" / "default" / "history").mkdir()
    screen = shell()
    screen.stands_at(_PROMPT)
    screen.runs("whoami -o id", _ENTER, then=_PROMPT)
    screen.sees("lines are not kept: ")


# --- from a pipe ---------------------------------------------------------------------------------


def test_a_script_goes_on_and_leaves_with_the_code_of_its_last_command(run: Run) -> None:
    result = run("shell", stdin="orders list\n\n# a comment\nshop cart show -o id # and one behind\nproducts show no\n")

    assert result.code == 3
    assert "> " not in result.out + result.err
    assert result.err.count("✗") == 2


def test_it_stops_where_it_is_told_to(run: Run) -> None:
    result = run("shell", "-e", stdin="cart show\norders list\nproducts list\n")

    assert (result.code, result.out) == (4, "")
    assert "stopped at line 2" in result.err


def test_leaving_a_script_ends_it(run: Run) -> None:
    for word in ("exit", "quit", "shop exit"):
        assert run("shell", stdin=f"products show no\n{word}\nproducts list\n").code == 3
    assert run("shell", stdin="exit 4\n").code == 2
    assert run("shell", stdin="").code == 0


def test_a_script_shops_in_memory(run: Run) -> None:
    stdin = f"{_SIGNUP}{_ADDRESS}cart add {_SLUG}\ncheckout --pay tok_visa --yes\norders list\n"
    result = run("--backend", "memory:", "shell", "-e", stdin=stdin)

    assert result.code == 0
    assert result.rows[-1][:2] == ["1001", "paid"]
    assert "forgets" not in result.err
    assert run("--backend", "memory:", "whoami").code == 4


@pytest.mark.parametrize(
    ("line", "operator", "there"),
    [
        ("cart show | cat", "|", "shop cart show | cat"),
        ("cart show>file", ">", "shop cart show>file"),
        ("shop cart show >> file", ">>", "shop cart show >> file"),
        ("catalog import - < file", "<", "shop catalog import - < file"),
        ("cart show; cart clear", ";", "shop cart show; shop cart clear"),
        ("cart show && echo 'x; cart show'", "&&", "shop cart show && echo 'x; cart show'"),
        ("-q cart show || shop cart clear", "||", "shop -q cart show || shop cart clear"),
        ("serve &", "&", "shop serve &"),
        ("ls | wc", "|", "ls | wc"),
    ],
)
def test_what_only_the_systems_shell_does_is_said(run: Run, line: str, operator: str, there: str) -> None:
    result = run("shell", stdin=f"{line}\n")

    assert result.code == 2
    assert f"✗ {operator} is for the system's shell" in result.err
    assert f"\n→ {there}\n" in result.err


def test_what_is_pasted_into_the_systems_shell_goes_to_the_same_shop(run: Run) -> None:
    result = run("--profile", "default", "--json", "shell", stdin="cart clear | cat; cart show\ntui\n")

    piped, tui = (json.loads(line)["error"] for line in result.err.splitlines())
    assert piped["hint"] == "shop --profile default cart clear | cat; shop --profile default cart show"
    assert tui["hint"] == "shop --profile default tui"
    assert tui["message"].endswith("; run it in another terminal")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("products search 'a|b' \">\" \\; x\\&y", ["products", "search", "a|b", ">", ";", "x&y"]),
        ("products search a#b '#c' #d | e", ["products", "search", "a#b", "#c"]),
        ("  # only | a comment", []),
        ("products search \"it's\" '' ü", ["products", "search", "it's", "", "ü"]),
        ("", []),
    ],
)
def test_a_line_is_quoted_as_for_the_systems_shell(line: str, words: list[str]) -> None:
    assert words_of(line) == words


@pytest.mark.parametrize("line", ["it's", 'say "yes', "'a | b", "end\\", "don't # do"])
def test_an_open_quote_is_an_error_that_says_so(line: str) -> None:
    with pytest.raises(Usage, match=r"not closed|backslash"):
        words_of(line)


@pytest.mark.parametrize("words", [("tui",), ("serve",), ("demo", "run", "buy-now"), ("shell",)])
def test_what_makes_no_sense_in_a_shell_is_refused(run: Run, words: tuple[str, ...]) -> None:
    result = run("--backend", "memory:", "shell", stdin=f"{' '.join(words)}\n{words[0]} --help\n")

    assert result.code == 0
    assert result.err.count("✗") == 1
    assert "run it in another" in result.err
    assert re.search(rf"^→ shop (--backend memory: )?{' '.join(words)}$", result.err, re.MULTILINE)
    assert f"shop {words[0]}" in result.out


@pytest.mark.parametrize("flag", ["--backend memory:", "--profile=default"])
def test_a_line_cannot_leave_the_shop(run: Run, flag: str) -> None:
    result = run("shell", stdin=f"cart show {flag}\n")

    assert result.code == 2
    name = flag.replace("=", " ").split()[0]
    assert f"no {name} here" in result.err
    assert "in the system's shell" in result.err
    assert f"→ shop {flag.replace('=', ' ')} shell\n" in result.err


def test_a_shell_stays_at_its_profile(run: Run, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run("profile", "create", name, f"sqlite:{tmp_path / name}")
    result = run("--profile", "one", "shell", stdin="profile use two\nprofile list\nprofile delete one --yes\n")

    assert "the shop that is open here stays" in result.err
    assert "this shell is at the profile one" in result.err
    assert [row[0] for row in result.rows if "--profile" in row] == ["one"]
    assert run("profile", "list", "--json").json["items"][2]["current"]

    assert "shop shell" in run("shell", stdin="profile list\n").rows[2]


def test_options_of_a_line_hold_for_that_line_and_those_of_the_shell_for_all(run: Run) -> None:
    line = "products list --limit 1"
    stdin = f"{line} --json\n{line}\n{line} -o id --trace -v\n{line} --fields slug\n{line}\n"
    result = run("shell", "-q", stdin=stdin)

    first, second, third, fourth, fifth = result.out.splitlines()
    assert first.startswith('{"items"')
    assert second == fifth
    assert second.count("\t") > 2
    assert third == fourth.split("\t")[0]
    assert result.err.count("· products.list") == 1
    assert result.err.count("1 hop, ") == 1

    inherited = run("--json", "shell", stdin=f"{line}\n{line} -o id\norders list\nit's\n")
    assert inherited.out.splitlines()[0].startswith('{"items"')
    assert inherited.out.splitlines()[1] == third
    assert [said for said in inherited.err.splitlines() if said.startswith('{"error":')] == inherited.err.splitlines()[
        -2:
    ]
    assert run("shell", "--fields", "slug").code == 2


def test_a_bug_in_one_command_ends_only_that(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(shopcli.cli.start, "show_start", broken)
    result = run("shell", stdin="shop\nproducts list -o id --limit 1\n")

    assert result.code == 0
    assert "this is a bug in shop: ZeroDivisionError" in result.err
    assert len(result.rows) == 1


def test_a_command_that_leaves_ends_only_itself(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(_: object) -> None:
        raise SystemExit(0)

    monkeypatch.setattr(shopcli.cli.start, "show_start", leave)
    result = run("shell", stdin="shop\nwhoami\n")

    assert result.code == 4
    assert "this is a bug in shop: SystemExit" in result.err
    assert run().code == 1


@pytest.mark.parametrize(
    "words", ["set credentials keyring", "set --for default credentials file", "unset credentials"]
)
def test_the_token_stays_where_it_is_while_a_shell_has_it(run: Run, words: str) -> None:
    result = run("shell", stdin=f"config {words}\nconfig get credentials\n")

    assert result.err.splitlines() == [
        "✗ this shell has the token of its session where it is; leave it first",
        f"→ shop config {words}",
    ]
    assert result.out == "file\n"


def test_a_scenario_is_no_place_for_a_shell(tmp_path: Path) -> None:
    ran = run_command(("shell",), Shop("memory:", tmp_path), Runner(), stdin="cart show\n")

    assert ran.exit == 2
    assert "no shell here" in ran.err


def test_ctrl_c_between_two_lines_says_what_stands(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shopcli.cli.shell.command, "next_line", interrupted)
    result = run("shell")

    assert result.code == 130
    assert "what the lines before it did stands" in result.err


def test_ctrl_c_just_before_the_prompt_waits_costs_no_session(ada: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter([KeyboardInterrupt(), "whoami -o id", None])

    def read() -> str | None:
        line = next(typed)
        if isinstance(line, KeyboardInterrupt):
            raise line
        return line

    monkeypatch.setattr(shopcli.cli.shell.command, "is_terminal", lambda _stream: True)
    monkeypatch.setattr(shopcli.cli.shell.command, "_prompt", lambda *_: read)

    ran = ada("shell")
    assert (ran.code, len(ran.out.splitlines())) == (0, 1)


def test_ctrl_c_ends_a_script(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shopcli.cli.start, "show_start", interrupted)
    result = run("shell", stdin="shop\nproducts list\n")

    assert (result.code, result.out) == (130, "")


def test_lines_that_are_no_text_are_refused(run: Run) -> None:
    assert run("shell", stdin="cart \x1b[2J\n").code == 2
    assert "no list of commands" in run("shell", stdin="x" * 70_000).err


def test_what_nobody_serves_is_said_at_once(run: Run) -> None:
    result = run("--backend", "gopher://there", "shell", stdin="cart show\ncart show\n")

    assert result.code == 12
    assert result.err.count("✗") == 1


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    shop = Served(tmp_path)
    yield shop
    shop.stop()


def test_a_service_that_was_gone_is_there_again(run: Run, served: Served) -> None:
    run("profile", "create", "mine", served.url, "--owner", served.told["owner"])
    stdin = (
        "products list -o id --limit 1\nservices stop products -q -o id\nproducts list --timeout 1\n"
        "services start products -q -o id\nproducts list -o id --limit 1\n"
    )
    result = run("--profile", "mine", "shell", stdin=stdin)

    assert result.code == 0
    assert result.err.count("✗") == 1
    first, stopped, started, last = result.out.splitlines()
    assert (first, stopped, started) == (last, "products", "products")


# --- history and completion ----------------------------------------------------------------------


def test_the_history_is_bounded_private_and_shared(tmp_path: Path) -> None:
    one, other = History(tmp_path / "a" / "history"), History(tmp_path / "a" / "history")
    for line in ("first", "first", " hidden", "", "\x1b[2J", "x" * (MOST_LETTERS + 1), "second"):
        one.add(line)
    other.add("third")
    assert one.read() == ["first", "second", "third"]

    one.path.write_text("".join(f"{number}\n" for number in range(MOST_LINES + 5)), "utf-8")
    one.path.chmod(0o644)
    one.add("newest")

    assert len(other.read()) == MOST_LINES
    assert other.read()[-1] == "newest"
    assert stat.S_IMODE(one.path.stat().st_mode) == 0o600
    assert History(tmp_path / "none").read() == []


def test_the_longest_lines_come_back_whole(tmp_path: Path) -> None:
    history = History(tmp_path / "history")
    long = "é" * (MOST_LETTERS - 5)
    history.path.write_text("".join(f"{number:04} {long}\n" for number in range(MOST_LINES)), "utf-8")
    history.path.chmod(0o600)
    history.add("orders list")
    lines = history.read()
    assert (len(lines), lines[0], lines[-1]) == (MOST_LINES, f"0001 {long}", "orders list")

    history.path.write_bytes(b"first\n" + b"x" * (5 * MOST_LINES * MOST_LETTERS) + "\n😀\nlast\n".encode())
    assert history.read() == ["😀", "last"]


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("ll", True),
        ("-q ll --limit 1", True),
        ("-o json products list --limit 1", True),
        ("shop --timeout 3 cart", True),
        ("# aside", True),
        ("hunter2", False),
        ("-q hunter2", False),
        ("--timeout ll", False),
        ("--no-such products list", False),
        ("-o", False),
        ("it's", False),
    ],
)
def test_what_begins_a_command_or_an_alias_is_kept(run: Run, line: str, kept: bool) -> None:
    run("alias", "set", "ll", "products list")

    assert is_command(line) == kept


def _offered(line: str) -> list[tuple[str, str, str]]:
    shell = Shell(Options({"--backend": "memory:"}, {}))
    try:
        found = prompting.Completing(shell.shop).get_completions(Document(line), CompleteEvent())
        return [(each.text, to_plain_text(each.display), to_plain_text(each.display_meta)) for each in found]
    finally:
        shell.close()


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_history_that_is_no_file_of_its_own_is_left_alone(tmp_path: Path, kind: str) -> None:
    target, path = tmp_path / "target", tmp_path / "history"
    target.write_text("mine", "utf-8")
    target.chmod(0o644)
    if kind == "link":
        path.symlink_to(target)
    else:
        os.mkfifo(path)

    with pytest.raises(OSError, match=r"symbolic links|no plain file"):
        History(path).add("whoami")
    assert (target.read_text("utf-8"), stat.S_IMODE(target.stat().st_mode)) == ("mine", 0o644)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_hostile_shop_completes_to_nothing_that_acts(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    def candidates(*_: Any) -> list[Candidate]:  # noqa: ANN401
        return [Candidate(text, text), Candidate("--yes", "said by a product"), Candidate("$(reboot)", text)]

    monkeypatch.setattr(shopcli.cli.completing.words, "candidates", candidates)
    for inserted, shown, about in _offered("cart add "):
        assert (inserted + shown + about).isprintable() or not re.search(r"[\x00-\x1f\x7f-\x9f]", inserted + shown)
        assert not inserted.startswith("-")
        assert "$(reboot)" not in inserted.replace("'$(reboot)'", "")


def test_what_stands_for_more_is_shown_last_and_never_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Candidate("so…", "more match: type on"), Candidate("sony", "camera"), Candidate("sigma/", "lens")]
    monkeypatch.setattr(shopcli.cli.completing.words, "candidates", lambda *_: found)

    assert [(text, shown) for text, shown, _ in _offered("cart add s")] == [
        ("sony ", "sony"),
        ("sigma/", "sigma/"),
        ("so", "so…"),
    ]


def test_nothing_is_offered_inside_of_quotes() -> None:
    assert _offered("cart add 'x ") == []
    assert completed("shop cart add so") == (["cart", "add"], "so")
    assert completed("cart add 'so") is None
    assert written("a b", "a") == "'a b'"
    assert [text for text, _, _ in _offered("prof")] == ["profile "]
