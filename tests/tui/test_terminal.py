"""`shop tui` in a real terminal: a process, 80 by 24 characters, nothing but keys."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pexpect
import pytest

from backends.deadline import deadline
from backends.errors import OutcomeUnknown
from backends.models import Fault, FaultKind
from shopcli.core.shop import Shop, open_shop
from tests.campaign import SCREENS, thinned
from tests.tui_checkout import HOME, LENS
from tests.tui_journey import JOURNEY, PASSWORD
from tests.tui_terminal import ROOT, Tui, sequences

TABS = "12345"
SECRET = "s3cret-in-a-variable"
START = Callable[..., Tui]

CRASHING = f"""
import sys
from shopcli.tui.pages import cart
def broken(*_):
    password = "{SECRET}"
    raise RuntimeError("a bug that says {SECRET}")
cart._sums = broken
sys.argv = ["shop", *sys.argv[1:]]
from shopcli.cli.main import main
main()
"""


@pytest.fixture
def data(own_home: Path) -> Path:
    return own_home / "data"


@pytest.fixture
def start(data: Path) -> Iterator[START]:
    started: list[Tui] = []

    def begin(*words: str, **options: str) -> Tui:
        started.append(Tui(data, "tui", *words, **options))  # type: ignore[arg-type]  # an environment
        return started[-1]

    yield begin
    for tui in started:
        tui.close()


def done(action: Callable[[Shop], object]) -> object:
    """Do something in the shop that the process finds."""

    async def opened() -> object:
        shop = open_shop()
        try:
            return await action(shop)  # type: ignore[misc]  # a coroutine
        finally:
            await shop.aclose()

    return asyncio.run(opened())


async def furnish(shop: Shop) -> None:
    """Ada is logged in and has an address and a lens in the cart."""
    backend = shop.backend
    await backend.users.signup("Ada", "ada@example.org", PASSWORD)
    await backend.users.login("ada@example.org", PASSWORD)
    shop.remember("ada@example.org")
    await backend.users.save_address(HOME)
    await fill(shop)


async def fill(shop: Shop) -> None:
    product = await shop.backend.products.get(LENS)
    await shop.backend.carts.add(product.variants[0].id, 1)


def is_restored(written: bytes) -> bool:
    """Whether the terminal is as it was: main screen, cursor shown, no mouse, no bracketed paste."""
    for mode in (b"1049", b"1000", b"1003", b"2004"):
        if written.rfind(b"\x1b[?%bl" % mode) < written.rfind(b"\x1b[?%bh" % mode):
            return False
    return written.rfind(b"\x1b[?25h") > written.rfind(b"\x1b[?25l")


# --- all the way ---------------------------------------------------------------------------------


def test_the_journey_by_keyboard_alone(start: START, data: Path) -> None:
    tui = start()
    for step in JOURNEY:
        tui.press(*step.keys)
        tui.sees(*step.sees)
    tui.press("q")

    assert tui.finish() == 0
    assert PASSWORD.encode() not in tui.written
    listed = subprocess.run(
        [sys.executable, "-m", "shopcli", "orders", "list", "--json"],
        env={**os.environ, "SHOP_DATA_DIR": str(data), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    (order,) = json.loads(listed.stdout)["items"]
    assert (order["number"], order["status"]) == ("1001", "paid")


def test_a_key_of_the_first_moment_is_a_command_and_no_search(start: START) -> None:
    tui = start()
    tui.press("q")  # it waits in the terminal, and is the first that the shop reads
    assert tui.finish() == 0


def test_the_cursor_of_the_terminal_stands_on_the_selected_row(start: START) -> None:
    done(furnish)
    tui = start()
    tui.sees("100 of 156", "Cart(1)")

    def check(*keys: str) -> None:
        tui.press(*keys)
        tui.calm(0.2)
        for _ in range(10):  # a busy machine may paint later, and in parts
            if tui.row_of_mark != [tui.screen.cursor.y]:
                tui.calm(0.3)
        assert tui.row_of_mark == [tui.screen.cursor.y], (keys, tui.text)

    check()
    for keys in ("down", "j", "j", "k", "G", "g", "space", "up", "end", "home"):
        check(keys)
    check("2")
    check("1", "j")
    tui.press("enter")
    tui.sees("standard")
    check()
    check("escape")
    check("question_mark")
    check("j", "j")
    check("escape", "5")
    check("j")
    check("C")
    check("down")


# --- what is written -----------------------------------------------------------------------------


def test_a_screen_on_which_nothing_happens_sends_nothing(start: START) -> None:
    done(furnish)
    tui = start()
    tui.sees("100 of 156", "Cart(1)")
    for key in ("1", "slash", "escape", "f", "escape", "2", "3", "4", "C", "question_mark"):
        tui.press(key)
        tui.calm(0.5)

        assert tui.calm(0.8) == 0, tui.text


def test_a_form_on_which_nothing_happens_sends_nothing(start: START) -> None:
    tui = start("--open", "account")
    tui.sees("nobody is signed in")
    tui.press("A")
    tui.calm(0.6)

    assert tui.calm(1.2) == 0


def colours(written: bytes) -> set[bytes]:
    """Return the colours among the SGR codes in what was written."""
    codes = {
        code for found in re.findall(rb"\x1b\[([0-9;:]*)m", written) for code in re.split(b"[;:]", found) if code != b""
    }
    return {code for code in codes if re.fullmatch(rb"[349][0-8]|10[0-7]", code)}


@pytest.mark.parametrize("signed_in", [True, pytest.param(False, marks=SCREENS)])
def test_without_colour_no_colour_is_written(start: START, signed_in: bool) -> None:
    if signed_in:
        done(furnish)
    tui = start(NO_COLOR="1")
    tui.sees("100 of 156")
    pages = [key for tab in TABS for key in (tab, "A", "escape")]
    screens = (
        "1",
        "slash",
        "s",
        "escape",
        "f",
        "escape",
        "enter",
        "escape",
        "question_mark",
        "escape",
        "ctrl+p",
        "escape",
    )
    for key in (*pages, "ctrl+t", *pages, *screens, "C", "enter", "enter", "tab", "ctrl+t", "escape", "escape"):
        tui.press(key)
        tui.calm(0.15)
    tui.child.send("\x03")

    assert tui.finish() == 0
    assert colours(tui.written) == set()
    assert len(re.findall(rb"\x1b\[[0-9;]*7[;m]", tui.written)) > 5  # reversed, hence styles are looked at


def test_with_colour_there_is_some(start: START) -> None:
    tui = start()
    tui.sees("100 of 156")
    assert colours(tui.written)


# --- ways out ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "way", thinned(["".join(way) for way in product("1/2C4?", "q\x03\x11")], 4, SCREENS), ids=ascii
)
def test_leaving_restores_the_terminal(start: START, way: str) -> None:
    where, key = way[0], way[1]
    tui = start()
    tui.sees("100 of 156")
    tui.press(where)
    tui.calm(0.3)
    if key == "q" and where in ("/", "4"):
        tui.press("escape")
        tui.calm(0.3)
    tui.child.send(key)

    assert tui.finish() == 0
    assert is_restored(tui.written)
    assert b"Traceback" not in tui.written


def test_a_bug_prints_no_secret_and_loses_nothing(start: START) -> None:
    async def leave_open(shop: Shop) -> None:
        await furnish(shop)
        assert shop.backend.admin is not None
        await shop.backend.admin.inject(Fault("payments", FaultKind.REQUEST_LOST, "pay"))
        cart = await shop.checkout.prepare()
        with pytest.raises(OutcomeUnknown), deadline(1):
            await shop.checkout.pay(await shop.checkout.place(shop.checkout.attempt(cart)), "tok_visa")
        await fill(shop)

    done(leave_open)
    tui = start(program=CRASHING)
    tui.sees("100 of 156")
    tui.press("2")

    assert tui.finish() == 1
    assert is_restored(tui.written)
    assert SECRET.encode() not in tui.written
    assert b"Traceback" not in tui.written
    assert b"bug in shop" in tui.written

    async def look(shop: Shop) -> tuple[int, int]:
        return len((await shop.backend.carts.view()).lines), shop.unfinished()

    assert done(look) == (1, 1)


# --- refused -------------------------------------------------------------------------------------


def test_without_a_terminal_it_is_refused_with_a_hint(data: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "shopcli", "tui"],
        env={**os.environ, "SHOP_DATA_DIR": str(data), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )

    assert refused.returncode == 2
    assert refused.stdout == b""
    assert b"needs a terminal" in refused.stderr
    assert b"shop --help" in refused.stderr
    assert b"\x1b[?1049h" not in refused.stderr


@pytest.mark.parametrize("end", ["<", ">"])
def test_half_a_terminal_is_none(data: Path, end: str) -> None:
    child = pexpect.spawn(
        "/bin/sh",
        ["-c", f"{sys.executable} -m shopcli tui {end} /dev/null"],
        env={**os.environ, "SHOP_DATA_DIR": str(data), "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        timeout=30,
    )
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 2
    assert b"needs a terminal" in (child.before or b"")


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_only_writes_lines_is_refused(data: Path, term: str) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "shopcli", "tui"],
        env={**os.environ, "SHOP_DATA_DIR": str(data), "PYTHONPATH": str(ROOT), "TERM": term},
        timeout=30,
    )
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 2
    assert f"TERM is {term or 'unset'}".encode() in (child.before or b"")
    assert b"shop shell" in (child.before or b"")
    assert b"\x1b[?" not in (child.before or b"")


def test_a_page_that_there_is_not_is_refused(start: START) -> None:
    tui = start("--open", "checkout")

    assert tui.finish() == 2
    assert b"browse, cart, orders, account, health" in tui.written
    assert sequences(tui.written) == set()
