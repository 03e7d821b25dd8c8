"""Accounts, sessions and the address book."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from backends import Backend, Capability, MemorySessions, User
from backends.conformance.goods import ADDRESS
from backends.conformance.harness import PASSWORD, Harness, Person, refused

pytestmark = [pytest.mark.needs(Capability.LOGIN), pytest.mark.any_goods]


async def test_a_new_account_can_log_in(harness: Harness, guest: Backend) -> None:
    email = harness.email("grace")
    registered = await guest.users.signup("Grace Hopper", email, PASSWORD)
    assert registered.email == email
    session = await guest.users.login(email, PASSWORD)
    assert (session.user.name, session.user.email) == ("Grace Hopper", email)
    assert await guest.users.me() == session.user


async def test_signing_up_does_not_log_in(harness: Harness, guest: Backend) -> None:
    await guest.users.signup("Grace Hopper", harness.email("grace"), PASSWORD)
    with refused("login_required", service="users"):
        await guest.users.me()


async def test_email_addresses_match_whatever_their_case_and_outer_spaces(harness: Harness, guest: Backend) -> None:
    email = harness.email("grace").title()
    await guest.users.signup("Grace Hopper", f" {email} ", PASSWORD)
    session = await guest.users.login(f"  {email.swapcase()}", PASSWORD)
    assert session.user.email == email


@pytest.mark.needs(Capability.REPORTS_DUPLICATE_EMAIL)
async def test_an_email_address_has_one_account(guest: Backend, ada: Person) -> None:
    with refused("email_taken", service="users"):
        await guest.users.signup("Somebody", ada.email.upper(), PASSWORD)


@pytest.mark.parametrize(
    ("name", "email", "password"),
    [
        ("", "grace@example.org", PASSWORD),
        ("   ", "grace@example.org", PASSWORD),
        ("x" * 201, "grace@example.org", PASSWORD),
        ("Grace\x1b[2J", "grace@example.org", PASSWORD),
        ("Grace", "", PASSWORD),
        ("Grace", "grace", PASSWORD),
        ("Grace", "grace@localhost", PASSWORD),
        ("Grace", "gr ace@example.org", PASSWORD),
        ("Grace", "a@" + "x" * 200 + ".org", PASSWORD),
        ("Grace", "grace@example.org", "seven77"),
        ("Grace", "grace@example.org", "x" * 1025),
        ("Grace\ud800", "grace@example.org", PASSWORD),
        ("Grace", "grace@example.org", PASSWORD + "\ud800"),
    ],
)
async def test_signing_up_refuses(guest: Backend, name: str, email: str, password: str) -> None:
    with refused("invalid_value"):
        await guest.users.signup(name, email, password)


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong password"), ("eve", PASSWORD)])
async def test_wrong_credentials_do_not_say_what_is_wrong(
    ada: Person, guest: Backend, name: str, password: str
) -> None:
    with refused("wrong_credentials", service="users"):
        await guest.users.login(ada.harness.email(name), password)
    with refused("login_required"):
        await guest.users.me()


async def test_logging_out_is_idempotent(ada: Person) -> None:
    await ada.backend.users.logout()
    await ada.backend.users.logout()
    with refused("login_required"):
        await ada.backend.users.me()


@pytest.mark.needs(Capability.SERVER_LOGOUT)
async def test_logging_out_ends_the_session_at_the_server(harness: Harness, ada: Person) -> None:
    sessions = MemorySessions()
    here = harness.visit(sessions)
    await here.users.login(ada.email, PASSWORD)
    stolen = MemorySessions()
    stolen.update(lambda kept: kept.update(sessions.read()))
    await here.users.logout()
    with refused("session_expired", service="users"):
        await harness.visit(stolen).users.me()
    await ada.backend.users.me()


async def test_a_session_ends_by_itself(ada: Person, advance: Callable[[timedelta], None]) -> None:
    session = await ada.log_in()
    assert session.expires_at is not None
    advance(session.expires_at - ada.harness.now() - timedelta(seconds=1))
    await ada.backend.users.me()
    advance(timedelta(seconds=1))
    with refused("session_expired", service="users"):
        await ada.backend.users.me()
    await ada.log_in()
    await ada.backend.users.me()


async def test_a_new_name_is_seen_by_every_session(harness: Harness, ada: Person) -> None:
    elsewhere = harness.visit(None)
    before = (await elsewhere.users.login(ada.email, PASSWORD)).user
    renamed = await ada.backend.users.rename("  Ada Lovelace ")
    assert renamed == User(before.id, "Ada Lovelace", ada.email)
    assert await ada.backend.users.rename("Ada Lovelace") == renamed
    assert await ada.backend.users.me() == await elsewhere.users.me() == renamed


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "Ada\x1b[2J", "Ada\ud800"])
async def test_a_name_that_nobody_could_sign_up_with_is_refused(ada: Person, name: str) -> None:
    before = await ada.backend.users.me()
    with refused("invalid_value", service="users"):
        await ada.backend.users.rename(name)
    assert await ada.backend.users.me() == before


@pytest.mark.needs(Capability.CHANGE_EMAIL)
async def test_a_new_email_address_logs_in_and_the_old_one_does_not(harness: Harness, ada: Person) -> None:
    elsewhere, later = harness.visit(None), harness.visit(None)
    before = (await elsewhere.users.login(ada.email, PASSWORD)).user
    moved = harness.email("ada.lovelace")
    changed = await ada.backend.users.change_email(f" {moved} ", PASSWORD)
    assert changed == User(before.id, before.name, moved)
    assert await ada.backend.users.me() == await elsewhere.users.me() == changed
    with refused("wrong_credentials", service="users"):
        await later.users.login(ada.email, PASSWORD)
    assert (await later.users.login(moved.upper(), PASSWORD)).user == changed


@pytest.mark.needs(Capability.CHANGE_EMAIL)
async def test_changing_the_email_address_once_more_changes_nothing_more(harness: Harness, ada: Person) -> None:
    moved = harness.email("ada.lovelace")
    changed = await ada.backend.users.change_email(moved, PASSWORD)
    assert await ada.backend.users.change_email(moved, PASSWORD) == changed
    other_case = moved.replace("ada", "Ada")
    assert (await ada.backend.users.change_email(other_case, PASSWORD)).email == other_case
    assert (await ada.backend.users.me()).email == other_case


@pytest.mark.needs(Capability.CHANGE_EMAIL)
async def test_an_email_address_that_was_given_up_is_free(harness: Harness, ada: Person) -> None:
    await ada.backend.users.change_email(harness.email("ada.lovelace"), PASSWORD)
    somebody = harness.visit(None)
    await somebody.users.signup("Somebody", ada.email, PASSWORD)
    session = await somebody.users.login(ada.email, PASSWORD)
    assert session.user.id != (await ada.backend.users.me()).id


@pytest.mark.needs(Capability.CHANGE_EMAIL)
async def test_the_email_address_stays_unless_the_password_is_right_and_the_new_one_good_and_free(
    ada: Person, ben: Person
) -> None:
    before = await ada.backend.users.me()
    with refused("wrong_credentials", service="users"):
        await ada.backend.users.change_email(ben.email, "not my password")  # nor is it told that it is taken
    with refused("email_taken", service="users"):
        await ada.backend.users.change_email(ben.email.upper(), PASSWORD)
    for wrong in ("", "grace", "grace@localhost", "gr ace@example.org", "Grace\x1b@example.org"):
        with refused("invalid_value", service="users"):
            await ada.backend.users.change_email(wrong, PASSWORD)
    assert await ada.backend.users.me() == before
    await ada.log_in()
    await ben.log_in()


async def test_only_an_account_changes_itself(guest: Backend) -> None:
    with refused("login_required"):
        await guest.users.rename("Somebody")
    with refused("login_required"):
        await guest.users.change_password(PASSWORD, "another long password")
    with refused("login_required"):
        await guest.users.delete_account(PASSWORD)


@pytest.mark.needs(Capability.CHANGE_EMAIL)
async def test_only_an_account_changes_its_email_address(harness: Harness, guest: Backend) -> None:
    with refused("login_required"):
        await guest.users.change_email(harness.email("somebody"), PASSWORD)


async def test_changing_the_password_ends_every_other_session(harness: Harness, ada: Person) -> None:
    elsewhere = harness.visit(None)
    await elsewhere.users.login(ada.email, PASSWORD)
    await ada.backend.users.change_password(PASSWORD, "another long password")
    await ada.backend.users.me()
    with refused("session_expired"):
        await elsewhere.users.me()
    with refused("wrong_credentials"):
        await elsewhere.users.login(ada.email, PASSWORD)
    await elsewhere.users.login(ada.email, "another long password")


async def test_the_password_stays_unless_the_old_one_is_right_and_the_new_one_good(ada: Person) -> None:
    with refused("wrong_credentials", service="users"):
        await ada.backend.users.change_password("not my password", "another long password")
    with refused("invalid_value"):
        await ada.backend.users.change_password(PASSWORD, "short")
    await ada.log_in()


async def test_a_deleted_account_is_gone_with_all_its_sessions(harness: Harness, ada: Person) -> None:
    elsewhere = harness.visit(None)
    await elsewhere.users.login(ada.email, PASSWORD)
    with refused("wrong_credentials"):
        await ada.backend.users.delete_account("not my password")
    await ada.backend.users.delete_account(PASSWORD)
    with refused("login_required"):
        await ada.backend.users.me()
    with refused("session_expired"):
        await elsewhere.users.me()
    with refused("wrong_credentials"):
        await elsewhere.users.login(ada.email, PASSWORD)
    await ada.sign_up()


async def test_a_second_account_with_a_deleted_ones_email_starts_with_nothing(ada: Person) -> None:
    await ada.backend.users.save_address(ADDRESS)
    before = (await ada.backend.users.me()).id
    await ada.backend.users.delete_account(PASSWORD)
    await ada.sign_up()
    session = await ada.log_in()
    assert session.user == User(session.user.id, "Ada", ada.email)
    assert session.user.id != before
    assert await ada.backend.users.addresses() == ()
    assert (await ada.backend.carts.view()).lines == ()
    assert (await ada.backend.orders.list(10)).items == ()


@pytest.mark.needs(Capability.ADDRESS_BOOK)
async def test_the_first_address_is_the_default_until_another_one_is(ada: Person) -> None:
    work, parents = replace(ADDRESS, label="work"), replace(ADDRESS, label="parents")
    assert await ada.backend.users.save_address(work) == work
    await ada.backend.users.save_address(ADDRESS)
    assert await ada.backend.users.addresses() == (work, ADDRESS)
    await ada.backend.users.save_address(parents, default=True)
    assert await ada.backend.users.addresses() == (parents, ADDRESS, work)


@pytest.mark.needs(Capability.ADDRESS_BOOK)
async def test_saving_under_a_label_replaces_and_keeps_the_default(ada: Person) -> None:
    await ada.backend.users.save_address(replace(ADDRESS, label="work"))
    await ada.backend.users.save_address(ADDRESS)
    moved = replace(ADDRESS, label="work", city="Lyon")
    await ada.backend.users.save_address(moved)
    assert await ada.backend.users.addresses() == (moved, ADDRESS)


@pytest.mark.needs(Capability.ADDRESS_BOOK)
async def test_addresses_lose_outer_spaces(ada: Person) -> None:
    assert await ada.backend.users.save_address(replace(ADDRESS, city="  Paris ")) == ADDRESS


@pytest.mark.needs(Capability.ADDRESS_BOOK)
async def test_removing_an_address(ada: Person, ben: Person) -> None:
    await ada.backend.users.save_address(ADDRESS)
    with refused("not_found", service="users"):
        await ben.backend.users.remove_address(ADDRESS.label)
    await ada.backend.users.remove_address(ADDRESS.label)
    assert await ada.backend.users.addresses() == ()
    with refused("not_found", service="users"):
        await ada.backend.users.remove_address(ADDRESS.label)


@pytest.mark.needs(Capability.ADDRESS_BOOK)
@pytest.mark.parametrize(
    "wrong",
    [
        replace(ADDRESS, label="Home Sweet Home"),
        replace(ADDRESS, label=""),
        replace(ADDRESS, country="fr"),
        replace(ADDRESS, country="FRA"),
        replace(ADDRESS, city=" "),
        replace(ADDRESS, name=""),
        replace(ADDRESS, postcode=""),
        replace(ADDRESS, line1="x" * 201),
        replace(ADDRESS, line2="\N{RIGHT-TO-LEFT OVERRIDE}evil"),
        replace(ADDRESS, phone="\x07"),
    ],
)
async def test_an_address_that_nobody_could_deliver_to(ada: Person, wrong: object) -> None:
    assert isinstance(wrong, type(ADDRESS))
    with refused("invalid_value"):
        await ada.backend.users.save_address(wrong)
    assert await ada.backend.users.addresses() == ()


@pytest.mark.needs(Capability.ADDRESS_BOOK)
async def test_the_address_book_needs_an_account(guest: Backend) -> None:
    with refused("login_required", service="users"):
        await guest.users.addresses()
    with refused("login_required"):
        await guest.users.save_address(ADDRESS)
    with refused("login_required"):
        await guest.users.remove_address("home")
