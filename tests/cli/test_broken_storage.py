"""Files that are damaged, locked, read-only or cannot grow: what still works, what is said, and what helps."""

from __future__ import annotations

import contextlib
import os
import resource
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stub_services.orders.service import OrderService
from stub_services.payments.service import PaymentService
from tests.campaign import thinned
from tests.cli.conftest import PASSWORD
from tests.cli.test_bad_input import LENS, books, shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Finish, Result, Run, Terminal

_ROOT = Path(__file__).parents[2]
_NOBODY = 65534
_CHECKOUT = ["checkout", "--yes", "--pay", "tok_visa"]
_FILES = {
    **{name: f"local/{name}.db" for name in ("users", "products", "carts", "orders", "payments", "processor")},
    "journal": "profiles/default/journal.db",
    "session": "profiles/default/session.json",
}


@pytest.fixture(scope="session")
def stocked(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a shop with all its files: Ada has a paid order 1001, an unpaid one 1002, and a line in her cart."""
    data = tmp_path_factory.mktemp("stocked") / "data"
    shutil.copytree(furnished, data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_DATA_DIR", str(data))
        for line, code in (
            (f"cart add {LENS}", 0),
            ("checkout --yes --card-stdin", 0),
            (f"cart add {LENS}", 0),
            ("checkout --yes --pay later", 8),
            ("orders resume", 8),
            (f"cart add {LENS}", 0),
        ):
            assert shop(*line.split(), stdin="4242 4242 4242 4242 12/39 123")[0] == code, line
    return data


@pytest.fixture
def data(stocked: Path, tmp_path: Path) -> Path:
    """Move in: Ada is logged in."""
    shutil.copytree(stocked, tmp_path / "data")
    return tmp_path / "data"


def _unmeasured() -> dict[str, str]:
    """Return the environment without what makes coverage write a file: these children may not write any."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COV")}


def _process(
    words: list[str],
    *,
    before: Callable[[], None] | None = None,
    user: int | None = None,
    stdin: bytes = b"",
    **environment: str,
) -> Result:
    from tests.cli.conftest import Result

    done = subprocess.run(
        [*([] if user is None else _as_user(user)), sys.executable, "-B", "-m", "shopcli", *words],
        env={**_unmeasured(), "PYTHONPATH": str(_ROOT), **environment},
        input=stdin,
        capture_output=True,
        check=False,
        preexec_fn=before,
        timeout=50,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def _says_it_all(result: Result, file: Path | None = None) -> None:
    """Whoever fails says which file is broken and what helps, without a word of Python."""
    assert "Traceback" not in result.err
    assert "Warning" not in result.err
    assert "bug in shop" not in result.err
    if result.code in (10, 12):
        assert "→ " in result.err
        assert file is None or str(file) in result.err


# --- damaged files ------------------------------------------------------------------------------------------------


def _garbage(file: Path) -> None:
    file.write_bytes(bytes(range(256)) * 32)


def _half(file: Path) -> None:
    pages = file.stat().st_size // 4096
    os.truncate(file, 4096 * max(1, pages // 2) if pages else file.stat().st_size // 2)


def _odd(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2 + 77 if file.stat().st_size > 4096 else 7)


def _header(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.write(b"\xff" * 32)


_DAMAGES = {"garbage": _garbage, "half": _half, "odd": _odd, "header": _header}

# What works while a file is damaged: "what each action does while a service is down" in the protocol's notes.
# A session is a row in users.db here, so without it nobody is known.
_BROWSE = ["products list", f"products show {LENS}", "products search lens"]
_EDIT = ["cart remove 1", "cart clear"]
_PAY = ["orders pay 1002 --pay tok_visa --yes"]
_HISTORY = ["orders list", "orders show 1001"]
_CANCEL = ["orders cancel 1002 --yes"]
_LOGIN = ["login --email ada@example.com --password-stdin"]
_WORKS = {
    "users": [*_BROWSE],
    "products": ["cart show", *_EDIT, *_HISTORY, *_CANCEL, *_PAY, *_LOGIN, "whoami", "payments list"],
    "carts": [*_BROWSE, *_HISTORY, *_CANCEL, *_PAY, *_LOGIN, "whoami", "payments list"],
    "orders": [*_BROWSE, "cart show", f"cart add {LENS}", *_EDIT, *_LOGIN, "whoami", "addresses list"],
    "payments": [*_BROWSE, "cart show", f"cart add {LENS}", *_HISTORY, *_CANCEL, *_LOGIN, "whoami"],
    "processor": [*_BROWSE, "cart show", f"cart add {LENS}", *_HISTORY, *_CANCEL, *_LOGIN, "payments list"],
    "journal": [*_BROWSE, f"cart add {LENS}", *_EDIT, *_LOGIN, "whoami", "addresses list", "logout"],
    "session": [*_BROWSE, "logout"],
}
_EVERYTHING = [
    *(*_BROWSE, "cart show", f"cart add {LENS}", "cart set 1 2", *_EDIT, "addresses list", "addresses remove home"),
    *("whoami", *_HISTORY, *_PAY, *_CANCEL, "orders resume", "payments list 1001", "checkout --yes --pay later"),
    *("checkout --yes --pay tok_visa", "logout", *_LOGIN),
]


@pytest.mark.parametrize("damage", thinned(_DAMAGES, 2))
@pytest.mark.parametrize("name", _FILES)
def test_what_does_not_need_a_damaged_file_still_works(
    run: Run, data: Path, stocked: Path, name: str, damage: str
) -> None:
    for line in _WORKS[name]:
        _move_in(data, stocked)
        _DAMAGES[damage](data / _FILES[name])
        result = run(*line.split(), "--timeout", "2", stdin=PASSWORD)
        assert result.code == 0, (line, result)
        _says_it_all(result)


def _move_in(data: Path, stocked: Path) -> None:
    shutil.rmtree(data)
    shutil.copytree(stocked, data)


@pytest.mark.parametrize("damage", thinned(_DAMAGES, 2))
@pytest.mark.parametrize("name", _FILES)
def test_what_needs_a_damaged_file_names_it_and_what_helps(
    run: Run, data: Path, stocked: Path, name: str, damage: str
) -> None:
    file = data / _FILES[name]
    for line in _EVERYTHING:
        _move_in(data, stocked)
        _DAMAGES[damage](file)
        before = books_of_others(data, name)
        result = run(*line.split(), "--timeout", "0.3", stdin=PASSWORD)
        _says_it_all(result, file)
        assert result.code in (0, 8, 11, 12), (line, result)
        if result.code == 12:  # nothing changed, as the table of exit codes says
            after = books_of_others(data, name)
            changed = {key for key in before if before[key] != after[key]}
            # A session that nobody could be given the token of is no loss; who logs out is logged out here at least.
            allowed = {"session": {"users.sessions"}, "users": {"session"} if line == "logout" else set()}
            assert changed <= allowed.get(name, set()), line
        if result.code == 11:
            assert file.name in result.err, (line, result)


def books_of_others(data: Path, name: str) -> dict[str, object]:
    """Return what the files say that are not damaged; address and delivery are on the cart before an order is."""
    file = data / _FILES[name]
    hidden = file.with_name("hidden")
    file.rename(hidden)
    try:
        return books(data)
    finally:
        hidden.rename(file)


@pytest.mark.parametrize("damage", _DAMAGES)
@pytest.mark.parametrize("name", _FILES)
def test_the_start_screen_shows_the_trouble(run: Run, data: Path, name: str, damage: str) -> None:
    file = data / _FILES[name]
    _DAMAGES[damage](file)
    result = run()

    assert result.code == 0, result
    _says_it_all(result)
    if name in ("users", "carts", "journal", "session"):
        assert str(file) in result.out
    if name in ("users", "session"):
        assert "nobody is logged in" not in result.out  # that is not known


_LOST = {
    "users": "loses all accounts with their addresses",
    "products": "loses the catalog and its stock, which come back as shipped",
    "carts": "loses all carts",
    "orders": "loses all orders; money that was paid stays with PaymentService",
    "payments": "loses all payments and saved cards; paid orders stay paid",
    "processor": "loses what the test processor knows",
}


@pytest.mark.parametrize("damage", _DAMAGES)
@pytest.mark.parametrize("name", _FILES)
def test_the_hint_for_a_damaged_file_makes_the_shop_work_again(run: Run, data: Path, name: str, damage: str) -> None:
    _DAMAGES[damage](data / _FILES[name])
    asking = {
        "users": ["whoami"],
        "products": ["products", "list"],
        "carts": ["cart", "show"],
        "orders": ["orders", "list"],
        "payments": ["payments", "list", "1001"],
        "processor": ["orders", "pay", "1002", "--pay", "tok_visa", "--yes", "--timeout", "0.3"],
        "journal": ["orders", "list"],
        "session": ["whoami"],
    }[name]
    error = run(*asking, "--json").error
    hint = shlex.split(error["hint"])
    if name in _LOST:
        assert f"put a backup in its place if there is one, because moving it away {_LOST[name]}" in error["message"]
    if name == "processor":  # its books alone know what was charged: nothing that shop could do would be the truth
        result = run(*hint[1:], "--timeout", "0.3")
        assert (result.code, "processor.db is damaged" in result.out) == (11, True)
        return
    if hint[0] == "shop":
        assert run(*hint[1:]).code == 0
    else:
        assert hint[0] == "mv", hint
        subprocess.run(hint, check=True)
        assert [file.name for file in data.rglob("*.damaged")] == [f"{Path(_FILES[name]).name}.damaged"]

    if name == "users":
        assert "account and cart are as you left them" not in run("whoami").err
        run("logout")
        signup = ["signup", "--name", "Ada", "--email", "ada@example.com", "--password-stdin"]
        assert run(*signup, stdin=PASSWORD).code == 0
        address = ["addresses", "add", "home", "--name", "A", "--line1", "R", "--city", "C", "--postcode", "1"]
        assert run(*address, "--country", "DE").code == 0
    if name == "session":
        assert run("login", "--email", "ada@example.com", "--password-stdin", stdin=PASSWORD).code == 0
    assert "not sold any more" not in run("cart", "show").err
    assert run("cart", "add", LENS).code == 0
    assert run(*_CHECKOUT, "-q").rows[0][1] == "paid"


@pytest.mark.parametrize(
    ("name", "line", "stays"),
    [
        ("orders", "services reconcile", "1 settled"),  # the payment of an order that is unknown now
        ("payments", "orders list -q", "\tpaid\t"),  # and are not cancelled: nothing could be given back
        ("products", "products list -q --limit 1", "\n"),
    ],
)
def test_what_is_said_of_a_lost_file_is_so(run: Run, data: Path, name: str, line: str, stays: str) -> None:
    (data / _FILES[name]).unlink()

    assert stays in run(*line.split()).out


@pytest.mark.parametrize("name", ["users", "products", "carts", "orders", "payments", "processor", "journal"])
def test_an_empty_file_is_a_new_one(run: Run, data: Path, name: str) -> None:
    os.truncate(data / _FILES[name], 0)
    for line in _EVERYTHING:
        result = run(*line.split(), stdin=PASSWORD)
        assert result.code not in (1, 10, 11, 12), (line, result)
        _says_it_all(result)


def test_an_empty_session_file_is_damaged(run: Run, data: Path) -> None:
    os.truncate(data / _FILES["session"], 0)

    assert run("whoami", "--json").error["hint"] == "shop logout"


@pytest.mark.parametrize(
    ("name", "sql", "line"),
    [
        ("products", "UPDATE products SET title = CAST(x'66ff' AS TEXT)", "products list"),
        ("users", "UPDATE users SET name = CAST(x'66ff' AS TEXT)", "whoami"),
        ("users", "UPDATE addresses SET address = '{'", "addresses list"),
        ("users", "UPDATE addresses SET address = '[]'", "addresses list"),
        ("carts", "UPDATE lines SET offer = '{'", "cart show"),
        ("carts", "UPDATE lines SET offer = '{}'", "cart show"),
        ("orders", "UPDATE orders SET state = 'nonsense'", "orders list"),
        ("orders", "UPDATE orders SET address = '{'", "orders list"),
        ("payments", "UPDATE payments SET state = 'nonsense'", "payments list 1001"),
        ("products", "DROP TABLE variants", "products list"),
    ],
)
def test_a_flipped_bit_inside_a_file_is_no_bug(run: Run, data: Path, name: str, sql: str, line: str) -> None:
    with contextlib.closing(sqlite3.connect(data / _FILES[name])) as database, database:
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute(sql)
    result = run(*line.split())

    assert result.code == 12, result
    _says_it_all(result, data / _FILES[name])
    assert run().code == 0


@pytest.mark.parametrize(
    "text", ["{", "[]", "null", '{"token": 1}', "\x00\x01", '"x"', "{}" * 9, "[" * 100_000, '{"token": "\\ud800"}']
)
def test_a_damaged_session_is_replaced_by_logging_out(run: Run, data: Path, text: str) -> None:
    (data / _FILES["session"]).write_text(text)
    result = run("whoami", "--json")

    assert result.code in (4, 12), result
    assert run(*shlex.split(result.error["hint"])[1:]).code in (0, 2)
    assert run("logout").code == 0
    assert run("whoami").code == 4


# --- files that somebody else holds -------------------------------------------------------------------------------


@contextlib.contextmanager
def _held(file: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        yield
        database.execute("ROLLBACK")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("users", "addresses remove home"),
        ("users", "login --email ada@example.com --password-stdin"),
        ("users", "signup --name B --email b@example.com --password-stdin"),
        ("users", "logout"),
        ("carts", f"cart add {LENS}"),
        ("carts", "cart set 1 2"),
        ("carts", "cart remove 1"),
        ("carts", "cart clear"),
        ("carts", "checkout --yes --pay tok_visa"),
        ("orders", "checkout --yes --pay tok_visa"),
        ("orders", "checkout --yes --pay later"),
        ("orders", "orders cancel 1002 --yes"),
        ("journal", "checkout --yes --pay tok_visa"),
        ("journal", "orders pay 1002 --pay tok_visa --yes"),
        ("journal", "orders cancel 1002 --yes"),
    ],
)
def test_a_lock_held_for_too_long_changes_nothing(run: Run, data: Path, name: str, line: str) -> None:
    run("cart", "set", "1", "1")
    run("checkout", "--dry-run")  # the address is on the cart already
    before = books(data)
    with _held(data / _FILES[name]):
        result = run(*line.split(), "--timeout", "0.3", "--json", stdin=PASSWORD)
        if name != "users":
            assert books(data)["session"] == before["session"]

    assert result.code == 10, result
    assert (result.error["code"], result.error["retryable"], result.error["outcome"]) == ("locked", True, "not_applied")
    assert str(data / _FILES[name]) in result.error["message"]
    assert books(data) == before
    assert run(*line.split(), stdin=PASSWORD).code in (0, 8)


@pytest.mark.parametrize("name", ["products", "processor"])
def test_a_lock_behind_the_order_leaves_it_unknown_and_settles_later(run: Run, data: Path, name: str) -> None:
    with _held(data / _FILES[name]):
        result = run(*_CHECKOUT, "--timeout", "0.3", "--json")

    assert (result.code, result.error["hint"]) == (11, "shop orders resume")
    assert run("orders", "resume").code in (0, 8)
    assert len(run("orders", "list").rows) == 3
    assert run("cart", "show").out == ""


def test_without_payments_the_order_waits(run: Run, data: Path) -> None:
    with _held(data / _FILES["payments"]):
        result = run(*_CHECKOUT, "--timeout", "0.3", "--json")

    assert (result.code, result.error["hint"]) == (8, "shop orders pay 1003")
    assert run("orders", "pay", "1003", "--pay", "tok_visa", "--yes").code == 0


@pytest.mark.parametrize("line", ["checkout --yes --pay tok_visa", "orders cancel 1002 --yes", "orders resume"])
def test_the_lock_of_a_profile_is_waited_for(run: Run, data: Path, line: str) -> None:
    import fcntl

    run("checkout", "--dry-run")
    if "resume" in line:
        run("checkout", "--yes", "--pay", "later")
    before = books(data)
    with (data / "profiles" / "default" / "journal.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = run(*line.split(), "--timeout", "0.3", "--json")

    assert (result.code, result.error["code"]) == (10, "locked")
    assert books(data) == before
    assert run(*line.split()).code in (0, 8)


def test_the_lock_of_a_session_is_waited_for(run: Run, data: Path) -> None:
    import fcntl

    before = books(data)
    with (data / "profiles" / "default" / "session.json.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = run("logout", "--timeout", "0.3", "--json")

    assert (result.code, result.error["code"]) == (10, "locked")
    assert result.error["hint"]
    assert books(data) == before
    assert run("logout").code == 0


@pytest.mark.parametrize(
    ("service", "method", "line", "became"),
    [
        (OrderService, "place", "checkout --yes --pay later", "awaiting_payment"),
        (OrderService, "place", "checkout --yes --pay tok_visa", "awaiting_payment"),
        (PaymentService, "pay", "checkout --yes --pay tok_visa", "paid"),
        (PaymentService, "pay", "orders pay 1002 --pay tok_visa --yes", "paid"),
        (OrderService, "cancel", "orders cancel 1002 --yes", "cancelled"),
    ],
)
@pytest.mark.parametrize("trouble", ["locked", "damaged"])
def test_a_journal_that_fails_after_the_answer_never_says_that_nothing_happened(
    run: Run,
    data: Path,
    service: type[OrderService | PaymentService],
    method: str,
    line: str,
    became: str,
    trouble: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal = data / _FILES["journal"]
    answer = getattr(service, method)
    with contextlib.ExitStack() as stack:

        async def and_then_trouble(*arguments: object, **options: object) -> object:
            answered = await answer(*arguments, **options)
            if trouble == "locked":
                stack.enter_context(_held_for_writing(journal))
            else:
                _garbage(journal)
                for extra in journal.parent.glob("journal.db-*"):
                    _garbage(extra)
            monkeypatch.setattr(service, method, answer)
            return answered

        monkeypatch.setattr(service, method, and_then_trouble)
        result = run(*line.split(), "--timeout", "0.3", "--json")

    if trouble == "damaged":
        journal.rename(journal.with_name("damaged"))
        for extra in journal.parent.glob("journal.db-*"):
            extra.unlink()
    number = "1003" if line.startswith("checkout") else "1002"
    assert run("orders", "show", number).rows[0][1] == became
    # It did happen, so neither code nor words may say that nothing did.
    assert result.code not in (10, 12), result
    assert "nothing was sent" not in result.err
    assert not result.err or result.error["outcome"] != "not_applied"


@contextlib.contextmanager
def _held_for_writing(file: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")


# --- a full disk --------------------------------------------------------------------------------------------------


def _files_end_at(size: int) -> Callable[[], None]:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def _went_on(run: Run, data: Path, result: Result, before: dict[str, object]) -> None:
    """Check that it was done or not done, that what was said about it is true, and that the shop goes on."""
    resumed = run("orders", "resume")
    assert resumed.code in (0, 8), resumed
    orders = run("orders", "list").rows
    cart = run("cart", "show", "-q").rows
    assert (len(orders), len(cart)) in ((2, 1), (3, 0))
    if result.code in (10, 12):
        assert len(orders) == 2
        assert books(data)["payments.payments"] == before["payments.payments"]
    if result.code == 0:
        assert orders[0][1] == "paid"
    if cart:
        assert run(*_CHECKOUT).code == 0


@pytest.mark.parametrize(
    "size", thinned([0, 4096, 20_000, 33_000, 36_900, 41_000, 45_100, 50_000, 58_000, 62_000, 70_000], 4)
)
def test_a_file_that_cannot_grow_leaves_nothing_half_done(run: Run, data: Path, size: int) -> None:
    before = books(data)
    result = _process([*_CHECKOUT, "--timeout", "2"], before=_files_end_at(size))

    assert result.code in (0, 8, 11, 12), result
    _says_it_all(result)
    assert "journal.db.damaged" not in result.err  # it is not damaged, and holds what was confirmed
    _went_on(run, data, result, before)


@pytest.mark.parametrize("size", [0, 4096, 20_000, 100_000, 300_000])
def test_a_first_run_that_finds_no_room_is_repeated(run: Run, tmp_path: Path, size: int) -> None:
    result = _process(["products", "list"], before=_files_end_at(size))

    assert result.code in (0, 12)
    _says_it_all(result)
    assert len(run("products", "list").rows) == 30
    assert len(list((tmp_path / "data" / "local").iterdir())) >= 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("a small disk needs mount and root: only files that cannot grow are tried here")
    if subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True, check=False
    ).returncode:
        pytest.skip("mounting is not allowed here: only files that cannot grow are tried")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.parametrize("room", thinned([0, 4, 16, 40, 80, 120, 160, 200, 260, 320], 5))
def test_a_full_disk_loses_nothing(
    run: Run, stocked: Path, small_disk: Path, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = small_disk / "data"
    shutil.copytree(stocked, data)
    monkeypatch.setenv("SHOP_DATA_DIR", str(data))
    before = books(data)
    ballast = small_disk / "ballast"
    free = os.statvfs(small_disk)
    ballast.write_bytes(b"x" * max(0, free.f_bavail * free.f_frsize - room * 1024))

    result = _process([*_CHECKOUT, "--timeout", "2"])
    ballast.unlink()

    assert result.code in (0, 8, 11, 12), result
    _says_it_all(result)
    assert "journal.db.damaged" not in result.err  # it is not damaged, and holds what was confirmed
    if result.code == 12:
        assert "full" in result.err
    _went_on(run, data, result, before)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
@pytest.mark.parametrize(
    ("line", "number", "became"),
    [
        ("checkout --yes --pay tok_visa -q", "1003", "paid"),
        ("orders pay 1002 --pay tok_visa --yes -q", "1002", "paid"),
        ("orders cancel 1002 --yes -q", "1002", "cancelled"),
    ],
)
def test_output_that_cannot_be_written_never_says_that_nothing_happened(
    run: Run, data: Path, line: str, number: str, became: str
) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "shopcli", *line.split(), "--json"],
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            check=False,
            text=True,
        )

    assert run("orders", "show", number).rows[0][1] == became
    assert '"outcome": "not_applied"' not in done.stderr
    assert '"hint": null' not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
@pytest.mark.parametrize(("line", "code"), [("orders show 99", 3), ("nonsense", 2), ("whoami --backend x:", 12)])
@pytest.mark.parametrize("output", ["tsv", "json"])
def test_errors_that_cannot_be_written_keep_the_exit_code(data: Path, line: str, code: int, output: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "shopcli", *line.split(), "-o", output],
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
            stdout=subprocess.PIPE,
            stderr=full,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    assert (done.returncode, done.stdout) == (code, b"")


# --- a directory that cannot be used ------------------------------------------------------------------------------


def _nowhere(tmp_path: Path) -> dict[str, tuple[Path, str]]:
    """Make places that are none, each with the word that explains it."""
    file = tmp_path / "file"
    file.write_text("")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    return {
        "file": (file, "not a directory"),
        "below-file": (file / "x" / "y", "not a directory"),
        "proc": (Path("/proc/nowhere"), ""),
        "dangling": (tmp_path / "dangling", "link"),
        "loop": (tmp_path / "loop", "link"),
        "long": (tmp_path / ("x" * 300), "too long"),
    }


@pytest.mark.parametrize("place", thinned(["file", "below-file", "proc", "loop", "long", "dangling"], 2))
@pytest.mark.parametrize("line", ["", *_EVERYTHING], ids=lambda line: line or "start")
def test_a_place_that_is_no_directory_is_named(
    run: Run, tmp_path: Path, place: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "proc" and sys.platform != "linux":
        pytest.skip("no /proc here")
    path, _ = _nowhere(tmp_path)[place]
    monkeypatch.setenv("SHOP_DATA_DIR", str(path))
    result = run(*line.split(), "--json", stdin=PASSWORD)

    assert result.code == 12, result
    assert str(path) in result.error["message"]
    assert result.error["hint"] == "SHOP_DATA_DIR=DIRECTORY shop"
    monkeypatch.setenv("SHOP_DATA_DIR", str(tmp_path / "DIRECTORY"))
    assert run().code == 0


@pytest.mark.parametrize("place", ["file", "below-file", "dangling", "loop", "long"])
def test_what_is_wrong_with_a_place_is_said(
    run: Run, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, why = _nowhere(tmp_path)[place]
    monkeypatch.setenv("SHOP_DATA_DIR", str(path))

    assert why in run("whoami").err.lower()


@pytest.mark.parametrize("line", ["orders list", f"cart add {LENS}", "cart show", "orders resume"])
def test_python_says_nothing_of_its_own_about_a_place_that_is_no_directory(tmp_path: Path, line: str) -> None:
    (tmp_path / "file").write_text("")
    result = _process([*line.split(), "--json"], SHOP_DATA_DIR=str(tmp_path / "file"))

    assert result.code == 12
    assert result.error["code"] == "storage"  # stderr is one JSON object


def _as_user(uid: int) -> list[str]:
    """Return what runs a program as somebody else: modes do not bind root."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root may do everything, and there is no setpriv here to become somebody else")
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]


@pytest.fixture
def open_house(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the data to whoever runs the child; pytest's own folder is closed to others whenever a pytest starts."""
    with tempfile.TemporaryDirectory() as place:
        house = shutil.copytree(data, Path(place) / "data")
        monkeypatch.setenv("SHOP_DATA_DIR", str(house))
        if os.geteuid() == 0:
            for path in (Path(place), house, *house.rglob("*")):
                os.chown(path, _NOBODY, _NOBODY)
        if _process(["whoami"], user=_NOBODY).code != 0:
            pytest.skip("an unprivileged child cannot read python, the project or the data here")
        yield house
        for path in (house, *house.rglob("*")):
            path.chmod(0o700)


@pytest.mark.parametrize("mode", [0o000, 0o400, 0o500], ids=oct)
@pytest.mark.parametrize("place", thinned(["", "local/orders.db", "profiles/default", "local", _FILES["journal"]], 2))
def test_what_may_not_be_written_or_read_is_named(run: Run, open_house: Path, place: str, mode: int) -> None:
    path = open_house / place
    before = books(open_house)
    path.chmod(mode)
    for line in ("cart show", f"cart add {LENS}", "checkout --yes --pay later", "orders cancel 1002 --yes", "logout"):
        result = _process([*line.split(), "--timeout", "1"], user=_NOBODY)
        _says_it_all(result)
        assert result.code in (0, 12), (line, result)
        if result.code == 12:
            assert str(path) in result.err
            assert "damaged" not in result.err
        else:
            assert place in ("local/orders.db", "profiles/default", _FILES["journal"]), (line, result)
    path.chmod(0o700)
    if place != "local/orders.db":
        assert books(open_house)["orders.orders"] == before["orders.orders"]
    assert run("login", "--email", "ada@example.com", "--password-stdin", stdin=PASSWORD).code == 0
    assert run(*_CHECKOUT).code == 0


def test_without_a_home_directory() -> None:
    if os.geteuid() != 0:
        pytest.skip("somebody without a home directory can only be played by root")
    environment = {
        name: value for name, value in _unmeasured().items() if name not in ("HOME", "SHOP_DATA_DIR", "SHOP_CONFIG_DIR")
    }
    done = subprocess.run(
        [*_as_user(54_321), sys.executable, "-B", "-m", "shopcli", "whoami", "--json"],
        env={**environment, "PYTHONPATH": str(_ROOT), "XDG_DATA_HOME": "not/absolute"},
        capture_output=True,
        check=False,
        text=True,
    )
    if '"error"' not in done.stderr:
        pytest.skip("an unprivileged child cannot read python or the project here")

    assert done.returncode == 12
    assert "no home directory" in done.stderr
    assert "SHOP_DATA_DIR=DIRECTORY shop" in done.stderr
    assert "Traceback" not in done.stderr


# --- standard streams that are closed -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "closed", thinned(["<&-", "<&- >&-", ">&-", "<&- 2>&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"], 4)
)
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("", 0),
        ("--help", 0),
        ("products list", 0),
        ("whoami", 0),
        ("cart add canon-ef-50mm-f1-8-stm", 0),
        ("login --email ada@example.com --password-stdin", 2),
        ("login", 2),
        ("orders cancel 1002", 2),
        ("orders show 99", 3),
        ("nonsense", 2),
    ],
)
def test_closed_streams_change_no_exit_code(data: Path, closed: str, line: str, code: int) -> None:
    done = subprocess.run(
        ["sh", "-c", f"exec {shlex.quote(sys.executable)} -m shopcli {line} {closed}"],
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
    )

    assert done.returncode == code, done
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    for database in (data / "local").glob("*.db"):  # nothing printed landed in a file that took the number
        with contextlib.closing(sqlite3.connect(database)) as opened:
            assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize(
    "line", ["products list --all", "products list --all --json", "products list --all -o jsonl", "--help", ""]
)
def test_a_reader_that_leaves_early_is_no_error(data: Path, line: str) -> None:
    script = f'{shlex.quote(sys.executable)} -m shopcli {line} | head -1; echo "${{PIPESTATUS[0]}}"'
    for forced in ("", "1"):
        done = subprocess.run(
            ["bash", "-c", script],
            env={**os.environ, "PYTHONPATH": str(_ROOT), "SHOP_FORCE_TTY": forced},
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.stdout.splitlines()[-1] == "0"
        assert done.stderr in ("", done.stderr if "there is more" in done.stderr else "")
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("users", "addresses remove home"),
        ("carts", "cart clear"),
        ("orders", "orders cancel 1002 --yes"),
        ("journal", "orders cancel 1002 --yes"),
    ],
)
def test_ctrl_c_while_waiting_for_a_lock_ends_it_at_once(
    run: Run, terminal: Terminal, finish: Finish, data: Path, name: str, line: str
) -> None:
    before = books(data)
    with _held(data / _FILES[name]):
        child = terminal(*line.split(), "--timeout", "600", NO_COLOR="1")
        child.expect("waiting for the shop")
        child.send("\x03")
        code, screen = finish(child)  # which waits for 30 s, not for the 600 of the lock

    assert code == 130
    assert "Traceback" not in screen
    assert "interrupted before the answer came" in screen or "nothing was changed" in screen
    assert books(data) == before
    assert run(*line.split()).code == 0
