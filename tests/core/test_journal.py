import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backends import Address, Card, CheckoutAttempt, Money
from backends.deadline import deadline
from backends.errors import Locked, StorageError
from shopcli.core.intents import PLACED, Cancelling, Entry, Paying, Placing
from shopcli.core.journal import Journal
from shopcli.core.stepping import run
from tests.core.scripted import Call, World

ADA = "account-1"
NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
HOME = Address("home", "Zoë „Ada“ Ōkami", "12 Rue de la Paix", "Paris", "75002", "FR", line2="Apt 4")
ATTEMPT = CheckoutAttempt("order-1", "cart-1", 7, Money(Decimal("45.1724"), "EUR"), HOME, "standard", NOON, "tok_visa")
ENTRIES: tuple[Entry, ...] = (
    Placing(ATTEMPT, ADA),
    Placing(CheckoutAttempt("o", "c", None, Money(Decimal("1E+3"), "JPY"), HOME, "s", NOON, None, "h"), ADA, PLACED),
    Placing(CheckoutAttempt("o", "c", 0, Money(Decimal("14.00"), "EUR"), HOME, "s", NOON.replace(microsecond=0)), ADA),
    Paying("payment-1", "order-1", ADA, "card_0123", NOON),
    Cancelling("cancellation-1", "order-1", ADA, NOON),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal(path)
    yield opened
    opened.close()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """Every connection that is opened, the journal's first."""
    connections: list[sqlite3.Connection] = []
    real = sqlite3.connect

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401
        connections.append(real(*arguments, **options))
        return connections[-1]

    monkeypatch.setattr(sqlite3, "connect", connect)
    return connections


def read(path: Path) -> tuple[Entry, ...]:
    """Read it as another terminal does."""
    with closing(Journal(path)) as other:
        return other.unfinished(ADA)


def stored(path: Path, column: str) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute(f"SELECT {column} FROM entries ORDER BY key")]  # noqa: S608


# --- what is written -----------------------------------------------------------------------------


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_comes_back_as_the_same_values_and_the_same_bytes(journal: Journal, path: Path, entry: Entry) -> None:
    journal.record(entry)

    (found,) = read(path)

    assert found == entry
    assert repr(found) == repr(entry)  # 14.00 is not 14.0, nor is 1E+3 1000
    copy = path.with_name("copy.db")
    with closing(Journal(copy)) as other:
        other.record(found)
    assert stored(copy, "request") == stored(path, "request")


def test_others_see_an_entry_as_soon_as_it_is_recorded(journal: Journal, path: Path) -> None:
    for number, entry in enumerate(ENTRIES[2:], 1):
        journal.record(entry)
        assert len(read(path)) == number


def test_entries_come_oldest_first(journal: Journal) -> None:
    entries = [Cancelling(key, "o", ADA, NOON.replace(hour=hour)) for key, hour in (("a", 14), ("b", 13), ("c", 13))]
    for entry in entries:
        journal.record(entry)

    assert [entry.key for entry in journal.unfinished(ADA)] == ["b", "c", "a"]
    assert (journal.count_unfinished(ADA), journal.count_unfinished("ben"), journal.unfinished(None)) == (3, 0, ())


def test_a_new_state_replaces_the_old_one_and_keeps_the_request(journal: Journal, path: Path) -> None:
    journal.record(ENTRIES[0])
    before = stored(path, "request")

    journal.record(Placing(ATTEMPT, ADA, PLACED))
    assert [entry.state for entry in read(path)] == [PLACED]
    assert stored(path, "request") == before


def test_nothing_is_left_of_an_erased_entry(journal: Journal, path: Path) -> None:
    journal.record(ENTRIES[0])
    for _ in range(2):
        journal.erase(ENTRIES[0])

    assert read(path) == ()
    assert b"order-1" not in path.read_bytes()
    assert b"Rue" not in path.read_bytes()


def test_the_entries_of_a_deleted_account_are_given_up_and_nobody_elses(journal: Journal, path: Path) -> None:
    theirs = Paying("payment-2", "order-2", "account-2", "card_9", NOON)
    for entry in (*ENTRIES[3:], theirs):
        journal.record(entry)
    journal.give_up(ADA)
    assert journal.unfinished(ADA) == ()
    assert journal.unfinished("account-2") == (theirs,)
    assert b"order-1" not in path.read_bytes()


def test_a_payment_closes_the_placing_of_its_order_in_the_same_commit(
    opened: list[sqlite3.Connection], journal: Journal, path: Path
) -> None:
    other = CheckoutAttempt("order-2", "cart-1", 7, ATTEMPT.total, HOME, "standard", NOON)
    for entry in (Placing(ATTEMPT, ADA, PLACED), Placing(other, ADA, PLACED), ENTRIES[-1]):
        journal.record(entry)
    statements: list[str] = []
    opened[0].set_trace_callback(statements.append)

    journal.record(Paying("payment-1", "order-1", ADA, "tok_visa", NOON))

    assert [text for text in statements if text.split()[0] in ("BEGIN", "COMMIT")] == ["BEGIN IMMEDIATE", "COMMIT"]
    assert {entry.key for entry in read(path)} == {"order-2", "cancellation-1", "payment-1"}


def test_everything_is_for_the_owner_only_whatever_the_umask(journal: Journal, path: Path) -> None:
    before = os.umask(0)
    try:
        with journal.exclusive():
            journal.record(ENTRIES[0])
    finally:
        os.umask(before)

    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(("journal.db", "journal.lock"), 0o600)


def test_no_card_number_and_no_cvv_is_ever_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, monkeypatch)

    written = b""

    async def look(call: Call) -> Any:  # noqa: ANN401
        nonlocal written
        written = world.path.read_bytes()
        return await call()

    async def buy() -> str:
        method = await world.real.payments.tokenize(Card("4242 4242 4242 4242", 12, 2030, "8431"))
        attempt = world.checkout.attempt(await world.checkout.prepare(), method.token)
        world.shop.script("payments.pay", look)
        await world.checkout.pay(await world.checkout.place(attempt), method.token)
        return method.token

    token = run(world.real, buy()).encode()
    afterwards = world.path.read_bytes()
    world.close()

    assert token in written
    assert token not in afterwards
    assert re.search(rb"4242|(?<![0-9a-f-])8431(?![0-9a-f-])|2030|cvv|expiry", written) is None


# --- what cannot be used -------------------------------------------------------------------------


def _read_only(path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write what is read-only")
    read(path)
    path.chmod(0o400)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_text("no database " * 400),
        Path.mkdir,
        lambda path: path.with_name("journal.db-journal").mkdir(),
        _read_only,
    ],
    ids=["damaged", "directory", "blocked", "read-only"],
)
async def test_with_an_unusable_journal_nothing_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], object]
) -> None:
    world = World(tmp_path, monkeypatch)
    spoil(world.path)
    attempt = await world.confirm()

    for _ in range(2):  # the second time says the same
        with pytest.raises(StorageError, match=r"journal\.db") as caught:
            await world.within(world.checkout.place(attempt))
        assert caught.value.exit_code == 12
        assert caught.value.hint

    assert world.shop.calls("orders.place") == []
    world.close()


def test_a_full_disk_is_no_reason_to_throw_the_journal_away(
    opened: list[sqlite3.Connection], journal: Journal, path: Path
) -> None:
    journal.record(ENTRIES[0])
    opened[0].execute("PRAGMA max_page_count = 1")  # SQLite raises it to what the file has

    with pytest.raises(StorageError, match="full") as caught:
        journal.record(Paying("p", "o", ADA, "x" * 100_000, NOON))

    assert not (caught.value.hint or "").startswith("mv"), "what is unfinished would be forgotten"
    assert read(path) == ENTRIES[:1]


def test_a_busy_file_is_waited_for_and_opened_afresh(journal: Journal, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with deadline(0.02), pytest.raises(Locked):
            journal.record(ENTRIES[0])
        other.execute("COMMIT")

    journal.record(ENTRIES[0])
    assert read(path) == ENTRIES[:1]


@pytest.mark.parametrize("request_text", ["{", "{}", "[]", '{"total": {"amount": "a lot"}}'])
def test_a_damaged_entry_names_the_file_and_the_way_out(journal: Journal, path: Path, request_text: str) -> None:
    journal.record(ENTRIES[0])
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE entries SET request = ?", (request_text,))

    with pytest.raises(StorageError, match="damaged") as caught:
        journal.unfinished(ADA)
    assert (caught.value.hint or "").startswith("mv ")


def test_the_journal_of_a_newer_shop_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 1000000")

    with closing(Journal(path)) as journal, pytest.raises(StorageError, match="newer"):
        journal.record(ENTRIES[0])
