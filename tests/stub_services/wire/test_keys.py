"""Idempotency-Key: a request takes effect once, and is answered with the same bytes as often as it comes."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from backends.errors import Unavailable
from stub_services.carts.service import FORGOTTEN
from stub_services.idempotency import Requests
from stub_services.wire.tokens import LEEWAY, LIFE
from tests.stub_services.wire.conftest import ADDRESS, GUEST, PASSWORD, TRIPOD, Person, Wire, code, done

LINE = {"variant_id": TRIPOD, "quantity": 1}
LINES = "/v1/cart/lines"


async def quantity(person: Person) -> int:
    return sum(line["quantity"] for line in done(await person.ask("GET", "/v1/cart"))["lines"])


@pytest.mark.parametrize("key", [None, "", "x" * 65, "a\tb", "ä", " "])
async def test_a_key_is_needed(ada: Person, key: str | None) -> None:
    headers: Any = list(ada.headers.items())
    headers += [] if key is None else [("idempotency-key", key.encode())]
    response = await ada.wire.ask("POST", LINES, LINE, headers)
    assert code(response) == (400, "invalid_value")
    assert "Idempotency-Key" in response.json()["detail"]
    assert await quantity(ada) == 0


async def test_a_request_has_one_key(ada: Person) -> None:
    headers = [*ada.headers.items(), ("idempotency-key", "1"), ("idempotency-key", "2")]
    assert code(await ada.wire.ask("POST", LINES, LINE, headers)) == (400, "invalid_value")


@pytest.mark.parametrize("key", ["1", "x" * 64, "00000000-0000-4000-8000-000000000001"])
async def test_a_repetition_gets_the_stored_answer_byte_for_byte(ada: Person, key: str) -> None:
    first = await ada.ask("POST", LINES, LINE, idempotency_key=key)
    await ada.add("other", "camera/standard", 2)
    again = await ada.ask("POST", LINES, LINE, idempotency_key=key)
    assert (again.status_code, again.content) == (first.status_code, first.content) == (200, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["etag"] == first.headers["etag"]
    assert await quantity(ada) == 3


async def test_spaces_and_the_order_of_fields_make_no_other_request(ada: Person) -> None:
    await ada.add("k")
    headers = ada.headers | {"idempotency-key": "k", "content-type": "application/json"}
    other = b'{ "quantity" : 1,\n"variant_id": "tripod\\/standard"}'
    done(await ada.wire.ask("POST", LINES, headers=headers, content=other))
    assert await quantity(ada) == 1


@pytest.mark.parametrize("body", [LINE | {"quantity": 2}, LINE | {"variant_id": "camera/standard"}])
async def test_a_key_with_another_body_is_refused(ada: Person, body: dict[str, Any]) -> None:
    await ada.add("k")
    assert code(await ada.ask("POST", LINES, body, idempotency_key="k")) == (422, "key_reused")
    assert await quantity(ada) == 1


async def test_a_key_is_its_callers_own(ada: Person, ben: Person) -> None:
    await ada.add("k", quantity=1)
    await ben.add("k", quantity=2)
    guests = [{"shop-cart": GUEST[:-2] + end, "idempotency-key": "k"} for end in ("ab", "ac")]
    for guest, pieces in zip(guests, (3, 4), strict=True):
        done(await ada.wire.ask("POST", LINES, LINE | {"quantity": pieces}, guest))
    carts = [done(await ada.wire.ask("GET", "/v1/cart", headers=guest)) for guest in guests]
    assert [cart["lines"][0]["quantity"] for cart in carts] == [3, 4]
    assert (await quantity(ada), await quantity(ben)) == (1, 2)


async def test_what_was_refused_under_a_key_stays_refused(ada: Person) -> None:
    """R14: the first request may arrive after its repetition was told no."""
    short = LINE | {"quantity": 999}
    assert code(await ada.ask("POST", LINES, short, idempotency_key="k")) == (409, "out_of_stock")
    await ada.wire.execute("products", "UPDATE variants SET available = 999")
    assert code(await ada.ask("POST", LINES, short, idempotency_key="k")) == (409, "out_of_stock")
    assert code(await ada.ask("POST", LINES, LINE, idempotency_key="k")) == (422, "key_reused")
    assert (await ada.ask("POST", LINES, short, idempotency_key="k2")).status_code == 200


async def test_what_makes_no_sense_uses_no_key_up(ada: Person) -> None:
    assert (await ada.ask("POST", LINES, LINE | {"quantity": 0}, idempotency_key="k")).status_code == 400
    await ada.add("k")
    assert await quantity(ada) == 1


async def test_a_silent_peer_does_not_use_the_key_up(ada: Person) -> None:
    async def refused(caller: str, service: str, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    carry, ada.wire.five.carry = ada.wire.five.carry, refused
    assert code(await ada.ask("POST", LINES, LINE, idempotency_key="k")) == (503, "unavailable")
    ada.wire.five.carry = carry
    await ada.add("k")
    assert await quantity(ada) == 1


async def test_while_the_first_is_under_way_the_second_waits(ada: Person) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()
    deliver = ada.wire.five.carry

    async def slow(caller: str, service: str, request: httpx.Request) -> httpx.Response:
        reached.set()
        await go_on.wait()
        return await deliver(caller, service, request)

    ada.wire.five.carry = slow
    first = asyncio.create_task(ada.ask("POST", LINES, LINE, idempotency_key="k"))
    await reached.wait()
    second = await ada.ask("POST", LINES, LINE, idempotency_key="k")
    assert code(second) == (409, "in_flight")
    assert second.headers["retry-after"] == "1"
    assert second.json()["retryable"] is True
    assert second.json()["outcome"] == "unknown"
    go_on.set()
    answer = await first
    assert (await ada.ask("POST", LINES, LINE, idempotency_key="k")).content == answer.content
    assert await quantity(ada) == 1


async def test_twenty_at_once_take_effect_once(ada: Person) -> None:
    answers = await asyncio.gather(*(ada.ask("POST", LINES, LINE, idempotency_key="k") for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.is_success}) == 1
    assert await quantity(ada) == 1


class Crash(Exception):
    """The process dies here."""


@pytest.fixture
def crashing(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies after the effect's commit, before the answer is stored."""

    async def keep(*_: object) -> None:
        monkeypatch.undo()
        raise Crash

    monkeypatch.setattr(Requests, "keep", keep)


async def test_a_crash_before_the_answer_is_stored_has_one_effect(ada: Person, crashing: None) -> None:
    assert code(await ada.ask("POST", LINES, LINE, idempotency_key="k")) == (500, "internal")
    assert await quantity(ada) == 1
    assert len(await ada.wire.rows("carts", "SELECT * FROM requests WHERE answer IS NULL")) == 1
    again = done(await ada.ask("POST", LINES, LINE, idempotency_key="k"))
    assert again == done(await ada.ask("GET", "/v1/cart"))
    assert await quantity(ada) == 1
    await ada.add("other")
    assert done(await ada.ask("POST", LINES, LINE, idempotency_key="k")) == again  # stored by now


async def test_what_took_effect_is_not_refused_for_its_condition(ada: Person, crashing: None) -> None:
    """The cart is at another version because of the request itself: 412 would say that it was not applied."""
    version = done(await ada.ask("PUT", "/v1/cart/shipping", {"option_id": "standard"}))["version"]
    cart = {"if-match": f'"{version}"'}
    headers = ada.headers | {"idempotency-key": "k"}
    assert (await ada.wire.ask("POST", LINES, LINE, headers | cart)).status_code == 500
    again = await ada.wire.ask("POST", LINES, LINE, headers | cart)
    assert again.status_code == 200
    assert await quantity(ada) == 1


async def test_a_failing_store_of_answers_does_not_hide_the_answer(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def keep(*_: object) -> None:
        raise Unavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Requests, "keep", keep)
        assert (await ada.ask("POST", LINES, LINE, idempotency_key="k")).status_code == 200
    assert await quantity(ada) == 1
    assert (await ada.ask("POST", LINES, LINE, idempotency_key="k")).status_code == 200
    assert await quantity(ada) == 1


async def test_effect_and_key_are_one_commit(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    async def note(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Requests, "note", note)
        assert (await ada.ask("POST", LINES, LINE, idempotency_key="k")).status_code == 500
    assert await quantity(ada) == 0
    await ada.add("k")
    assert await quantity(ada) == 1


# --- signing up ----------------------------------------------------------------------------------

SIGNUP = {"name": "Cleo", "email": "cleo@example.org", "password": PASSWORD}


async def sign_up(wire: Wire, body: dict[str, Any], key: str = "s1") -> httpx.Response:
    return await wire.ask("POST", "/v1/users", body, {"idempotency-key": key})


async def test_a_repeated_sign_up_is_answered_the_same(wire: Wire) -> None:
    first, again = [await sign_up(wire, SIGNUP) for _ in range(2)]
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.status_code == 201
    assert len(await wire.rows("users", "SELECT * FROM users")) == 1
    assert code(await sign_up(wire, SIGNUP, "s2")) == (409, "email_taken")
    assert code(await sign_up(wire, SIGNUP | {"name": "Cleopatra"})) == (422, "key_reused")


async def test_a_refused_sign_up_can_be_mended_under_its_key(wire: Wire) -> None:
    assert code(await sign_up(wire, SIGNUP | {"password": "short"})) == (400, "invalid_value")
    assert code(await sign_up(wire, SIGNUP | {"email": "no address"})) == (400, "invalid_value")
    assert (await sign_up(wire, SIGNUP)).status_code == 201


async def test_two_sign_ups_at_once_make_one_account(wire: Wire) -> None:
    answers = await asyncio.gather(*(sign_up(wire, SIGNUP, f"s{n % 2}") for n in range(10)))
    assert sorted({answer.status_code for answer in answers}) in ([201, 409], [201])
    assert len(await wire.rows("users", "SELECT * FROM users")) == 1


async def test_the_table_of_requests_has_no_secrets(wire: Wire, ada: Person) -> None:
    await sign_up(wire, SIGNUP)
    await ada.add("k")
    kept = json.dumps([await wire.rows(name, "SELECT * FROM requests") for name in ("users", "carts")])
    assert "fingerprint" in kept
    for secret in (PASSWORD, ada.session["access_token"], ada.session["refresh_token"]):
        assert secret not in kept
    other = SIGNUP | {"email": "dora@example.org", "password": "another horse battery"}
    for password in (other["password"], PASSWORD):  # no digest of it is kept: it could be guessed
        assert (await sign_up(wire, other | {"password": password}, "s3")).status_code == 201


async def test_nothing_is_kept_that_no_account_could_delete(wire: Wire) -> None:
    first, again = [await sign_up(wire, SIGNUP) for _ in range(2)]
    assert first.content == again.content
    assert [row["answer"] for row in await wire.rows("users", "SELECT answer FROM requests")] == [None]


async def test_a_deleted_account_leaves_no_address(wire: Wire, ada: Person) -> None:
    guest = {"shop-cart": GUEST, "idempotency-key": "g"}
    done(await wire.ask("PUT", "/v1/cart/address", {"address": ADDRESS, "email": ada.email}, guest))
    done(await wire.ask("POST", LINES, LINE, guest))
    assert (await ada.ask("PUT", f"/v1/cart/merged/{GUEST}")).status_code == 204
    await ada.fill("k")
    await ada.add("k2")
    assert ada.email in json.dumps(await wire.rows("carts", "SELECT answer FROM requests"))
    assert (await ada.ask("POST", "/v1/me/deletion", {"password": PASSWORD})).status_code == 204
    kept = [await wire.rows("carts", f"SELECT * FROM {table}") for table in ("carts", "lines", "requests")]  # noqa: S608
    kept += [await wire.rows("users", f"SELECT * FROM {table}") for table in ("users", "requests")]  # noqa: S608
    assert ada.email not in json.dumps(kept)
    assert ADDRESS["line1"] not in json.dumps(kept)


async def test_an_old_token_makes_no_cart_for_a_deleted_account(wire: Wire, ada: Person) -> None:
    assert (await ada.ask("POST", "/v1/me/deletion", {"password": PASSWORD})).status_code == 204
    wire.clock.advance(LIFE)  # the clocks may differ
    address = {"address": ADDRESS, "email": ada.email}
    assert code(await ada.ask("PUT", "/v1/cart/address", address)) == (401, "login_required")
    assert code(await ada.ask("POST", LINES, LINE, idempotency_key="k")) == (401, "login_required")
    assert (await ada.ask("PUT", f"/v1/cart/merged/{GUEST}")).status_code == 401
    assert await wire.rows("carts", "SELECT * FROM carts") == []
    assert LIFE + LEEWAY < FORGOTTEN


async def test_the_deleted_are_not_remembered_for_long(wire: Wire, ada: Person, ben: Person) -> None:
    await ada.ask("POST", "/v1/me/deletion", {"password": PASSWORD})
    wire.clock.advance(FORGOTTEN * 2)
    session = await wire.ask("POST", "/v1/sessions", {"email": ben.email, "password": PASSWORD})
    ben.session = session.json()
    await ben.ask("POST", "/v1/me/deletion", {"password": PASSWORD})
    assert [row["user_id"] for row in await wire.rows("carts", "SELECT * FROM forgotten")] == [ben.id]


@pytest.mark.parametrize("path", [LINES, f"{LINES}/x"])
async def test_emptying_what_is_not_there_makes_nothing(wire: Wire, path: str) -> None:
    answer = done(await wire.ask("DELETE", path, headers={"shop-cart": GUEST}))
    assert (answer["id"], answer["lines"]) == (None, [])
    assert await wire.rows("carts", "SELECT * FROM carts") == []


async def test_a_merged_cart_is_not_emptied(wire: Wire, ada: Person) -> None:
    guest = {"shop-cart": GUEST, "idempotency-key": "g"}
    done(await wire.ask("POST", LINES, LINE, guest))
    await ada.ask("PUT", f"/v1/cart/merged/{GUEST}")
    assert code(await wire.ask("DELETE", LINES, headers=guest)) == (409, "cart_changed")
    assert await quantity(ada) == 1


async def test_old_keys_are_forgotten(ada: Person) -> None:
    await ada.add("old")
    ada.wire.clock.advance(timedelta(hours=73))
    again = (await ada.wire.ask("POST", "/v1/sessions", {"email": ada.email, "password": PASSWORD})).json()
    ada.session = again
    await ada.add("new")
    assert [row["key"] for row in await ada.wire.rows("carts", "SELECT key FROM requests")] == ["new"]
