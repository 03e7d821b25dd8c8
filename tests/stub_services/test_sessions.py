"""Sessions: tokens that rotate, guesses that are counted, accounts that are forgotten everywhere."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from backends import Address
from backends.errors import (
    EmailTaken,
    InvalidValue,
    LoginRequired,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    SessionExpired,
    ShopError,
    Unavailable,
    WrongCredentials,
)
from stub_services.caller import Caller
from stub_services.database import Database, Store
from stub_services.sqlite import SqliteDatabase
from stub_services.users.service import Ticket, UserService
from stub_services.users.store import UserRows
from tests.conftest import VirtualClock, countable_ids

EMAIL = "ada@example.org"
PASSWORD = "correct horse battery"
NEW = "another horse battery"
MIGRATIONS = Path(__file__).parents[2] / "stub_services" / "users" / "migrations"
SECOND = timedelta(seconds=1)


class Plain:
    """Passwords that cost nothing; `gate` holds everybody back who checks one."""

    def __init__(self) -> None:
        self.checked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def hash(self, password: str) -> str:
        return f"plain:{password}"

    async def matches(self, password: str, stored: str | None) -> bool:
        self.checked += 1
        await self.gate.wait()
        return stored == f"plain:{password}"


class Keeping:
    """Somebody who keeps something of each account, and may be down."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []
        self.is_down = False

    async def forget(self, user_id: str) -> None:
        if self.is_down:
            raise Unavailable("down")
        self.forgotten.append(user_id)


class Accounts:
    """UserService, and what surrounds it."""

    def __init__(self, database: Database, clock: VirtualClock, ids: Callable[[], str]) -> None:
        self.database = database
        self.clock = clock
        self.ids = ids
        self.passwords = Plain()
        self.keepers = (Keeping(), Keeping())
        self.service = self.another()

    def another(self, database: Database | None = None) -> UserService:
        """One more process, perhaps with a connection of its own."""
        store = Store(database or self.database, UserRows)
        return UserService(store, self.passwords, lambda: self.keepers, clock=self.clock, ids=self.ids)

    async def count(self, table: str) -> int:
        async with self.database.read() as sql:
            row = await sql.one(f"SELECT count(*) AS n FROM {table}")  # noqa: S608
        assert row is not None
        return int(row["n"])

    async def login(self, email: str = EMAIL, password: str = PASSWORD) -> Ticket:
        return await self.service.login(email, password)


def caller(ticket: Ticket) -> Caller:
    return Caller(user_id=ticket.user.id, session_id=ticket.session_id)


@pytest.fixture
def accounts(runner: asyncio.Runner, virtual_clock: VirtualClock) -> Iterator[Accounts]:
    made = Accounts(SqliteDatabase(None, MIGRATIONS, service="users"), virtual_clock, countable_ids())
    runner.run(made.service.signup("Ada", EMAIL, PASSWORD))
    yield made
    runner.run(made.database.close())


# --- refreshing ------------------------------------------------------------------------------------


async def test_refreshing_rotates_the_token(accounts: Accounts) -> None:
    first = await accounts.login()
    second = await accounts.service.refresh(first.token)
    assert second.token != first.token
    assert (second.session_id, second.user) == (first.session_id, first.user)
    third = await accounts.service.refresh(second.token)
    assert len({first.token, second.token, third.token}) == 3


async def test_a_replaced_token_works_for_a_minute(accounts: Accounts) -> None:
    first = await accounts.login()
    second = await accounts.service.refresh(first.token)
    accounts.clock.advance(60 * SECOND)
    again = await accounts.service.refresh(first.token)
    assert again.token not in (first.token, second.token)
    for token in (second.token, again.token):
        assert (await accounts.service.refresh(token)).session_id == first.session_id


async def test_the_minute_begins_when_the_successor_is_first_used(accounts: Accounts) -> None:
    first = await accounts.login()
    second = await accounts.service.refresh(first.token)
    for _ in range(2):
        accounts.clock.advance(30 * SECOND)
        await accounts.service.refresh(second.token)
    accounts.clock.advance(30 * SECOND)
    await accounts.service.refresh(first.token)
    accounts.clock.advance(SECOND)
    with pytest.raises(SessionExpired):
        await accounts.service.refresh(first.token)


@pytest.mark.parametrize("lost", [1, 3])
async def test_lost_answers_never_end_the_session(accounts: Accounts, lost: int) -> None:
    token = (await accounts.login()).token
    for _ in range(3):
        for _ in range(lost):
            await accounts.service.refresh(token)  # the answer never comes
            accounts.clock.advance(timedelta(hours=7))
        token = (await accounts.service.refresh(token)).token


async def test_a_stolen_token_ends_the_session_though_both_refresh_with_it(accounts: Accounts) -> None:
    first = await accounts.login()
    mine, thiefs = await accounts.service.refresh(first.token), await accounts.service.refresh(first.token)
    accounts.clock.advance(timedelta(minutes=10))
    await accounts.service.refresh(mine.token)
    accounts.clock.advance(timedelta(minutes=10))
    with pytest.raises(SessionExpired, match="ended for safety"):
        await accounts.service.refresh(thiefs.token)
    assert await accounts.count("sessions") == 0


async def test_what_is_forgotten_is_found_without_looking_at_everything(accounts: Accounts) -> None:
    async with accounts.database.read() as sql:
        for table, column in (("sessions", "expires_at"), ("tokens", "replaced_at"), ("attempts", "at")):
            step = await sql.one(f"EXPLAIN QUERY PLAN DELETE FROM {table} WHERE {column} < 1")  # noqa: S608
            assert step is not None
            assert step["detail"].startswith(f"SEARCH {table} USING")


async def test_a_token_used_later_ends_the_session_for_everybody(accounts: Accounts) -> None:
    first, other = await accounts.login(), await accounts.login()
    second = await accounts.service.refresh(first.token)
    await accounts.service.refresh(second.token)
    accounts.clock.advance(61 * SECOND)
    with pytest.raises(SessionExpired, match="ended for safety"):
        await accounts.service.refresh(first.token)
    for token in (first.token, second.token):
        with pytest.raises(SessionExpired):
            await accounts.service.refresh(token)
    with pytest.raises(SessionExpired):
        await accounts.service.me(caller(first))
    assert await accounts.service.refresh(other.token)  # the account's other session is not concerned
    assert await accounts.count("sessions") == 1


async def test_two_processes_refresh_at_once(
    tmp_path: Path, virtual_clock: VirtualClock, ids: Callable[[], str]
) -> None:
    databases = [SqliteDatabase(tmp_path / "users.db", MIGRATIONS, service="users") for _ in range(2)]
    made = Accounts(databases[0], virtual_clock, ids)
    terminals = [made.service, made.another(databases[1])]
    await made.service.signup("Ada", EMAIL, PASSWORD)
    first = await made.login()
    both = [await terminal.refresh(first.token) for terminal in terminals]
    assert both[0].token != both[1].token
    virtual_clock.advance(timedelta(days=1))
    for terminal, ticket in zip(terminals, reversed(both), strict=True):
        assert (await terminal.refresh(ticket.token)).session_id == first.session_id
    for database in databases:
        await database.close()


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 10_000, "\ud800", "ä", "' OR 1=1 --"])
async def test_what_is_no_token_refreshes_nothing(accounts: Accounts, token: str) -> None:
    await accounts.login()
    with pytest.raises(SessionExpired):
        await accounts.service.refresh(token)
    await accounts.service.logout(token)
    assert await accounts.count("sessions") == 1


async def test_tokens_are_kept_as_digests(accounts: Accounts) -> None:
    ticket = await accounts.login()
    async with accounts.database.read() as sql:
        kept = [str(dict(row)) for table in ("tokens", "sessions") for row in await sql.all(f"SELECT * FROM {table}")]  # noqa: S608
    assert ticket.token not in "".join(kept)
    assert ticket.token not in repr(ticket)


async def test_old_tokens_are_forgotten(accounts: Accounts) -> None:
    ticket = await accounts.login()
    for _ in range(5):
        ticket = await accounts.service.refresh(ticket.token)
        accounts.clock.advance(timedelta(hours=13))
    assert await accounts.count("tokens") <= 4


async def test_a_session_ends_by_itself(accounts: Accounts) -> None:
    ticket = await accounts.login()
    accounts.clock.now = ticket.expires_at
    for attempt in (accounts.service.refresh(ticket.token), accounts.service.me(caller(ticket))):
        with pytest.raises(SessionExpired, match="has ended"):
            await attempt
    accounts.passwords.checked = 0
    await accounts.login()
    assert await accounts.count("sessions") == 1


async def test_logging_out_is_idempotent(accounts: Accounts) -> None:
    ticket, other = await accounts.login(), await accounts.login()
    newer = await accounts.service.refresh(ticket.token)
    for token in (ticket.token, newer.token, newer.token, "unknown"):
        await accounts.service.logout(token)
    for token in (ticket.token, newer.token):
        with pytest.raises(SessionExpired):
            await accounts.service.refresh(token)
    assert await accounts.service.refresh(other.token)


# --- passwords ---------------------------------------------------------------------------------------


async def test_a_new_password_ends_the_other_sessions(accounts: Accounts) -> None:
    mine, other = await accounts.login(), await accounts.login()
    older = other.token
    other = await accounts.service.refresh(other.token)
    await accounts.service.change_password(caller(mine), PASSWORD, NEW)
    for token in (older, other.token):
        with pytest.raises(SessionExpired):
            await accounts.service.refresh(token)
    with pytest.raises(SessionExpired):
        await accounts.service.me(caller(other))
    assert await accounts.service.refresh(mine.token)
    with pytest.raises(WrongCredentials):
        await accounts.login()
    assert await accounts.login(password=NEW)


async def test_a_wrong_password_changes_nothing(accounts: Accounts) -> None:
    mine, other = await accounts.login(), await accounts.login()
    with pytest.raises(WrongCredentials):
        await accounts.service.change_password(caller(mine), "wrong horse", NEW)
    assert await accounts.service.refresh(other.token)
    assert await accounts.login()


async def beside(accounts: Accounts, checking: asyncio.Task[Ticket], change: Callable[[], Awaitable[None]]) -> None:
    """Let something happen while somebody's password is being checked."""
    while not accounts.passwords.checked:  # noqa: ASYNC110  no event tells it
        await asyncio.sleep(0)
    accounts.passwords.gate.set()
    await change()
    await checking


async def test_a_new_password_ends_a_log_in_that_is_under_way(accounts: Accounts) -> None:
    mine = await accounts.login()
    accounts.passwords.checked = 0
    accounts.passwords.gate.clear()
    checking = asyncio.create_task(accounts.login())

    async def change() -> None:
        async with accounts.database.write() as sql:  # what change_password commits
            await sql.run("UPDATE users SET password_hash = ?", f"plain:{NEW}")
            await sql.run("DELETE FROM sessions WHERE id <> ?", mine.session_id)

    with pytest.raises(WrongCredentials):
        await beside(accounts, checking, change)


async def test_an_account_that_is_deleted_while_somebody_logs_in(accounts: Accounts) -> None:
    mine = await accounts.login()
    accounts.passwords.checked = 0
    accounts.passwords.gate.clear()
    checking = asyncio.create_task(accounts.login())

    async def leave() -> None:
        async with accounts.database.write() as sql:
            await sql.run("DELETE FROM users WHERE id = ?", mine.user.id)

    with pytest.raises(WrongCredentials):
        await beside(accounts, checking, leave)


async def test_guesses_are_counted_wherever_a_password_is_asked(accounts: Accounts) -> None:
    mine = await accounts.login()
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            await accounts.service.change_password(caller(mine), "wrong horse", NEW)
    with pytest.raises(RateLimited):
        await accounts.service.change_password(caller(mine), "wrong horse", NEW)


async def while_checking(accounts: Accounts, change: Awaitable[object], commit: str) -> None:
    """Let another session commit something while the password for a change is being checked."""
    accounts.passwords.checked = 0
    accounts.passwords.gate.clear()
    changing = asyncio.ensure_future(change)
    while not accounts.passwords.checked:  # noqa: ASYNC110  no event tells it
        await asyncio.sleep(0)
    async with accounts.database.write() as sql:
        await sql.run(commit)
    accounts.passwords.gate.set()
    await changing


@pytest.mark.parametrize("commit", ["DELETE FROM sessions", "DELETE FROM users"])
async def test_what_ends_a_session_stops_the_changes_that_it_has_under_way(accounts: Accounts, commit: str) -> None:
    """A changed password ends other sessions: one of them, stolen, must not take the account over behind that."""
    for change in (
        lambda mine: accounts.service.change_email(caller(mine), "eve@example.org", PASSWORD),
        lambda mine: accounts.service.change_password(caller(mine), PASSWORD, NEW),
    ):
        mine = await accounts.login()
        with pytest.raises(SessionExpired):
            await while_checking(accounts, change(mine), commit)
        if "users" in commit:
            await accounts.service.signup("Ada", EMAIL, PASSWORD)
    assert (await accounts.login()).user.email == EMAIL


# --- name and e-mail address -------------------------------------------------------------------------


async def test_a_session_that_is_over_renames_nobody(accounts: Accounts) -> None:
    mine = await accounts.login()
    await accounts.service.logout(mine.token)
    with pytest.raises(SessionExpired):
        await accounts.service.rename(caller(mine), "Eve")
    assert (await accounts.login()).user.name == "Ada"


async def test_a_new_email_address_keeps_all_sessions_and_clears_the_guesses(accounts: Accounts) -> None:
    mine, other = await accounts.login(), await accounts.login()
    await guess(accounts, 4)
    changed = await accounts.service.change_email(caller(mine), "Lovelace@example.org", PASSWORD)
    assert changed.email == "Lovelace@example.org"
    assert await accounts.count("attempts") == 0
    assert (await accounts.service.refresh(other.token)).user == changed
    with pytest.raises(WrongCredentials):
        await accounts.login()
    assert (await accounts.login("lovelace@EXAMPLE.org")).user == changed


async def test_guesses_are_counted_where_the_email_address_changes(accounts: Accounts) -> None:
    mine = await accounts.login()
    for told in (*[WrongCredentials] * 5, RateLimited):
        with pytest.raises(told):
            await accounts.service.change_email(caller(mine), "eve@example.org", "wrong horse")


async def test_what_is_refused_for_its_value_is_no_guess(accounts: Accounts) -> None:
    mine = await accounts.login()
    await accounts.service.signup("Ben", "ben@example.org", PASSWORD)
    for _ in range(6):
        with pytest.raises(InvalidValue):
            await accounts.service.change_email(caller(mine), "no address", PASSWORD)
        with pytest.raises(InvalidValue):
            await accounts.service.change_password(caller(mine), PASSWORD, "short")
        with pytest.raises(EmailTaken):
            await accounts.service.change_email(caller(mine), "BEN@example.org", PASSWORD)
    assert await accounts.count("attempts") == 0


async def test_of_two_who_want_an_address_one_gets_it(accounts: Accounts) -> None:
    mine = await accounts.login()
    await accounts.service.signup("Ben", "ben@example.org", PASSWORD)
    bens = await accounts.login("ben@example.org")
    found = await asyncio.gather(
        *(accounts.service.change_email(caller(each), "free@example.org", PASSWORD) for each in (mine, bens)),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in found) == ["EmailTaken", "User"]


# --- guessing ----------------------------------------------------------------------------------------


async def guess(accounts: Accounts, times: int, email: str = EMAIL) -> list[type[Exception]]:
    found = await asyncio.gather(
        *(accounts.service.login(email, f"wrong {n}") for n in range(times)), return_exceptions=True
    )
    return [type(each) for each in found if isinstance(each, Exception)]


async def test_after_five_wrong_guesses_nobody_is_listened_to(accounts: Accounts) -> None:
    assert await guess(accounts, 5) == [WrongCredentials] * 5
    accounts.passwords.checked = 0
    accounts.clock.advance(20 * SECOND)
    for password in ("wrong", PASSWORD):
        with pytest.raises(RateLimited) as caught:
            await accounts.login(password=password)
        assert caught.value.retry_after == 40
        assert caught.value.service == "users"
    assert accounts.passwords.checked == 0
    accounts.clock.advance(timedelta(seconds=39.5))
    with pytest.raises(RateLimited) as caught:
        await accounts.login()
    assert caught.value.retry_after == 1
    accounts.clock.advance(timedelta(seconds=0.5))
    assert await accounts.login()


async def test_who_is_limited_does_not_wait_longer_for_trying(accounts: Accounts) -> None:
    await guess(accounts, 5)
    for _ in range(11):
        accounts.clock.advance(5 * SECOND)
        assert await guess(accounts, 1) == [RateLimited]
    accounts.clock.advance(5 * SECOND)
    assert await accounts.login()


async def test_the_window_slides(accounts: Accounts) -> None:
    for _ in range(5):
        assert await guess(accounts, 1) == [WrongCredentials]
        accounts.clock.advance(10 * SECOND)
    assert await guess(accounts, 1) == [RateLimited]  # 50 s after the first
    accounts.clock.advance(10 * SECOND)
    assert await guess(accounts, 2) == [WrongCredentials, RateLimited]
    accounts.clock.advance(10 * SECOND)
    assert await guess(accounts, 2) == [WrongCredentials, RateLimited]


async def test_parallel_guesses_are_five(accounts: Accounts) -> None:
    accounts.passwords.gate.clear()
    guessing = asyncio.create_task(guess(accounts, 30))
    while accounts.passwords.checked < 5:  # noqa: ASYNC110  an event would have to count
        await asyncio.sleep(0)
    for _ in range(50):
        await asyncio.sleep(0)
    assert accounts.passwords.checked == 5
    accounts.passwords.gate.set()
    found = await guessing
    assert (found.count(WrongCredentials), found.count(RateLimited)) == (5, 25)


async def test_the_limit_is_an_accounts_own(accounts: Accounts) -> None:
    await accounts.service.signup("Ben", "ben@example.org", PASSWORD)
    await guess(accounts, 6)
    assert await accounts.login("ben@example.org")


@pytest.mark.parametrize("email", ["ADA@example.org", " ada@example.org ", "Ada@Example.Org"])
async def test_the_limit_holds_however_the_address_is_written(accounts: Accounts, email: str) -> None:
    await guess(accounts, 5)
    with pytest.raises(RateLimited):
        await accounts.login(email)


async def test_unknown_addresses_are_limited_too(accounts: Accounts) -> None:
    found = await guess(accounts, 7, "nobody@example.org")
    assert (found.count(WrongCredentials), found.count(RateLimited)) == (5, 2)
    assert accounts.passwords.checked == 5  # the same work as for an account


async def test_a_success_clears_the_guesses(accounts: Accounts) -> None:
    for _ in range(5):
        await guess(accounts, 4)
        await accounts.login()
    assert await accounts.count("attempts") == 0
    assert await guess(accounts, 5) == [WrongCredentials] * 5


async def test_other_sessions_go_on_while_somebody_guesses(accounts: Accounts) -> None:
    ticket = await accounts.login()
    await guess(accounts, 9)
    assert await accounts.service.me(caller(ticket))
    assert await accounts.service.refresh(ticket.token)


async def test_addresses_are_not_kept_with_the_guesses(accounts: Accounts) -> None:
    await guess(accounts, 1, "secret@example.org")
    async with accounts.database.read() as sql:
        assert "secret" not in str([dict(row) for row in await sql.all("SELECT * FROM attempts")])


# --- leaving -----------------------------------------------------------------------------------------


async def test_an_account_is_forgotten_by_everybody(accounts: Accounts) -> None:
    ticket, other = await accounts.login(), await accounts.login()
    await accounts.service.save_address(ticket.user.id, Address("home", "A", "B", "C", "1", "DE"), default=True)
    await accounts.service.delete_account(caller(ticket), PASSWORD)
    assert [keeper.forgotten for keeper in accounts.keepers] == [[ticket.user.id]] * 2
    for table in ("users", "sessions", "tokens", "addresses"):
        assert await accounts.count(table) == 0, table
    for attempt in (accounts.service.refresh(other.token), accounts.service.me(caller(ticket))):
        with pytest.raises(SessionExpired):
            await attempt
    with pytest.raises(WrongCredentials):
        await accounts.login()
    with pytest.raises(LoginRequired):  # an access token may live for some minutes more
        await accounts.service.save_address(ticket.user.id, Address("home", "A", "B", "C", "1", "DE"), default=True)
    with pytest.raises(NotFound):
        await accounts.service.remove_address(ticket.user.id, "home")


@pytest.mark.parametrize(("silent", "told"), [(0, Unavailable), (1, OutcomeUnknown)])
async def test_leaving_can_be_repeated_after_a_peer_failed(
    accounts: Accounts, silent: int, told: type[ShopError]
) -> None:
    ticket = await accounts.login()
    accounts.keepers[silent].is_down = True
    with pytest.raises(told):  # "nothing was changed" would be false once the first one has forgotten
        await accounts.service.delete_account(caller(ticket), PASSWORD)
    assert await accounts.service.me(caller(ticket))  # the account goes last
    accounts.keepers[silent].is_down = False
    await accounts.service.delete_account(caller(ticket), PASSWORD)
    assert all(ticket.user.id in keeper.forgotten for keeper in accounts.keepers)
    assert await accounts.count("users") == 0


async def test_only_who_knows_the_password_leaves(accounts: Accounts) -> None:
    ticket = await accounts.login()
    with pytest.raises(WrongCredentials):
        await accounts.service.delete_account(caller(ticket), "wrong horse")
    assert [keeper.forgotten for keeper in accounts.keepers] == [[], []]
    assert await accounts.login()
