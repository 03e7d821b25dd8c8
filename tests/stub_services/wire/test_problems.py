"""Errors on the wire, and requests that are none: always a problem document, never a detail too much."""

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from backends import errors
from backends.deadline import deadline
from backends.errors import InFlight, Outcome, ShopError, StorageError
from stub_services.carts.service import CartService
from stub_services.products.service import ProductService
from stub_services.wire.caching import MAX_BYTES, Cached
from stub_services.wire.endpoint import MAX_BODY
from stub_services.wire.log import Log
from stub_services.wire.problems import Bug, Malformed, Stale, problem, status_of
from stub_services.wire.requests import names_tag, read_body
from tests.stub_services.wire.conftest import (
    ADDRESS,
    CARD,
    GUEST,
    MERCHANT,
    PASSWORD,
    SERVICE,
    TABLES,
    TRIPOD,
    Person,
    Wire,
    code,
    done,
    everything,
)

INVALID = (400, "invalid_value")
LINE = {"variant_id": TRIPOD, "quantity": 1}
JSON = {"content-type": "application/json"}

STATUS = {
    "error": 500,
    "invalid_value": 400,
    "not_found": 404,
    "login_required": 401,
    "session_expired": 401,
    "wrong_credentials": 401,
    "forbidden": 403,
    "conflict": 409,
    "email_taken": 409,
    "in_flight": 409,
    "out_of_stock": 409,
    "price_changed": 409,
    "cart_changed": 409,
    "invalid_state": 409,
    "key_reused": 422,
    "payment_declined": 500,
    "pending": 500,
    "unavailable": 503,
    "locked": 503,
    "rate_limited": 429,
    "outcome_unknown": 504,
    "configuration": 500,
    "unsupported": 501,
    "storage": 500,
}
CLASSES = {kind.code: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ShopError)}


@pytest.mark.parametrize("name", STATUS)
async def test_every_error_becomes_its_problem(wire: Wire, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    kind = CLASSES[name]
    error = kind("what happened", hint="shop help", service="products", retry_after=1.2)

    async def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(ProductService, "categories", fail)
    response = await wire.ask("GET", "/v1/categories", headers={"x-request-id": "r-1"})
    assert code(response) == (STATUS[name], name)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["retry-after"] == "2"  # never earlier than asked
    assert response.headers.get("www-authenticate") == ("Bearer" if STATUS[name] == 401 else None)
    assert response.json() == {
        "type": f"urn:shop:problem:{name}",
        "title": name.replace("_", " ").capitalize(),
        "status": STATUS[name],
        "detail": "what happened",
        "code": name,
        "hint": "shop help",
        "service": "products",
        "outcome": kind.outcome.value,
        "retryable": kind.retryable,
        "request_id": "r-1",
        "retry_after": 1.2,
    }


def test_every_class_of_errors_is_tested() -> None:
    assert set(STATUS) == set(CLASSES)


def test_the_errors_of_the_wire_itself() -> None:
    assert [status_of(kind) for kind in (InFlight, Stale, Bug)] == [409, 412, 500]
    assert [status_of(Malformed("", status)) for status in (400, 404, 405, 413, 415)] == [400, 404, 405, 413, 415]
    document = json.loads(problem(Bug("a bug", outcome=Outcome.UNKNOWN), "r", "carts"))
    assert (document["code"], document["service"], document["outcome"]) == ("internal", "carts", "unknown")
    assert "retry_after" not in document


def test_an_outcome_that_an_error_was_given_is_told() -> None:
    document = json.loads(problem(StorageError("no", outcome=Outcome.UNKNOWN), "r", "carts"))
    assert document["outcome"] == "unknown"


async def test_a_bug_tells_nothing_but_where_it_is(wire: Wire, ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "4242424242424242"

    async def fail(*_: object) -> None:
        held = {"number": secret}
        raise KeyError(held["number"], held)

    monkeypatch.setattr(CartService, "view", fail)
    response = await ada.ask("GET", "/v1/cart", x_request_id="r-7")
    assert code(response) == (500, "internal")
    assert response.json()["outcome"] == "unknown"
    assert response.json()["detail"] == "this is a bug in the shop"
    for word in (secret, "KeyError", "Traceback", ".py", "fail"):
        assert word not in response.text
    (bug,) = [line for line in await logged(wire) if line["event"] == "bug"]
    assert (bug["level"], bug["error"], bug["request_id"]) == ("error", "KeyError", "r-7")
    assert all(re.fullmatch(r"[\w.]+:\d+", place) for place in bug["places"])
    assert bug["places"][-1].startswith("test_problems.py:")
    assert secret not in wire.five.logs.getvalue()


async def test_a_bug_in_a_bodys_error_is_the_last_one(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a bug the service goes on."""

    async def fail(*_: object) -> None:
        raise RecursionError

    with monkeypatch.context() as patch:
        patch.setattr(ProductService, "categories", fail)
        assert (await wire.ask("GET", "/v1/categories")).status_code == 500
    assert (await wire.ask("GET", "/v1/categories")).status_code == 200


async def test_a_cache_that_cannot_look_leaves_it_to_the_service(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    def version() -> int:
        raise StorageError("the database is damaged", service="products")

    cache = wire.five.apps["products"].application
    assert isinstance(cache, Cached)
    await wire.ask("GET", "/v1/products")
    monkeypatch.setattr(cache, "_version", version)
    assert (await wire.ask("GET", "/v1/products")).status_code == 200


# --- what is not offered ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/", "/v1", "/v2/cart", "/v1/cart/", "/v1//cart", "/v1/cart/lines/a/b", "/internal/carts", "/docs", "/v1/cart%00"],
)
async def test_unknown_paths(wire: Wire, path: str) -> None:
    for headers in ((), SERVICE):
        response = await wire.ask("GET", path, headers=headers, service="carts")
        assert code(response) == (404, "invalid_value")


@pytest.mark.parametrize("service", TABLES)
async def test_methods_that_a_path_does_not_offer(wire: Wire, service: str) -> None:
    offered: dict[str, set[str]] = {}
    for endpoint in everything(service):
        offered.setdefault(endpoint.path, set()).add(endpoint.method)
    for path, methods in offered.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"} - methods:
            concrete = re.sub(r"\{\w+\}", "x", path)
            if concrete in offered and "{" in path:
                continue
            response = await wire.ask(method, concrete, headers=SERVICE, service=service)
            if re.search(r"\{", path) is None or response.status_code == 405:
                assert code(response) == (405, "invalid_value"), (method, path)
                assert set(response.headers["allow"].split(", ")) <= methods | {"HEAD"}
            else:  # another template offers it
                assert response.status_code != 404, (method, path)
        response = await wire.ask("HEAD", re.sub(r"\{\w+\}", "x", path), headers=SERVICE, service=service)
        assert (response.status_code == 405) == ("GET" not in methods), path


# --- bodies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [None, "", "text/plain", "application/xml", "multipart/form-data", "application/jsonx", "application/problem+json"],
)
async def test_a_body_is_json(ada: Person, kind: str | None) -> None:
    headers = ada.headers | {"idempotency-key": "k"} | ({} if kind is None else {"content-type": kind})
    response = await ada.wire.ask("POST", "/v1/cart/lines", headers=headers, content=json.dumps(LINE).encode())
    assert code(response) == (415, "invalid_value")


@pytest.mark.parametrize("kind", ["application/json", "APPLICATION/JSON", "application/json; charset=utf-8"])
async def test_the_media_type_is_read_as_http_says(ada: Person, kind: str) -> None:
    headers = ada.headers | {"idempotency-key": "k", "content-type": kind}
    response = await ada.wire.ask("POST", "/v1/cart/lines", headers=headers, content=json.dumps(LINE).encode())
    assert response.status_code == 200


HOSTILE = {
    "nothing": b"",
    "a BOM": b"\xef\xbb\xbf" + json.dumps(LINE).encode(),
    "UTF-16": json.dumps(LINE).encode("utf-16"),
    "not UTF-8": b'{"variant_id": "\xff", "quantity": 1}',
    "half a character": b'{"variant_id": "\xc3", "quantity": 1}',
    "a lone surrogate": b'{"variant_id": "\\ud800", "quantity": 1}',
    "NaN": b'{"variant_id": "x", "quantity": NaN}',
    "Infinity": b'{"variant_id": "x", "quantity": Infinity}',
    "a huge number": b'{"variant_id": "x", "quantity": ' + b"9" * 5000 + b"}",
    "a huge exponent": b'{"variant_id": "x", "quantity": 1e400}',
    "a fraction": b'{"variant_id": "x", "quantity": 1.5}',
    "2**63": b'{"variant_id": "x", "quantity": 9223372036854775808}',
    "text for a number": b'{"variant_id": "x", "quantity": "1"}',
    "true for a number": b'{"variant_id": "x", "quantity": true}',
    "null for a number": b'{"variant_id": "x", "quantity": null}',
    "a number for text": b'{"variant_id": 1, "quantity": 1}',
    "too little": b'{"variant_id": "x", "quantity": 0}',
    "too much": b'{"variant_id": "x", "quantity": 1000}',
    "an unknown field": json.dumps(LINE | {"price": 1}).encode(),
    "a missing field": b'{"quantity": 1}',
    "another case": b'{"Variant_id": "x", "quantity": 1}',
    "an array": b"[]",
    "null": b"null",
    "text": b'"x"',
    "a rest": json.dumps(LINE).encode() + b" x",
    "two documents": json.dumps(LINE).encode() * 2,
    "a comment": b"/* */" + json.dumps(LINE).encode(),
    "single quotes": b"{'variant_id': 'x', 'quantity': 1}",
    "deep arrays": b'{"variant_id": ' + b"[" * 30_000,
    "deep objects": b'{"a":' * 10_000,
    "deep, in an unknown field": b'{"x": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "text that is too long": json.dumps(LINE | {"variant_id": "x" * 301}).encode(),
    "text that is too short": json.dumps(LINE | {"variant_id": ""}).encode(),
    "cut off": json.dumps(LINE).encode()[:-1],
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_bodies(ada: Person, name: str) -> None:
    headers = ada.headers | {"idempotency-key": "k"} | JSON
    response = await ada.wire.ask("POST", "/v1/cart/lines", headers=headers, content=HOSTILE[name])
    assert code(response) == INVALID
    assert response.json()["outcome"] == "not_applied"
    assert len(response.json()["detail"]) < 300
    assert await ada.wire.rows("carts", "SELECT * FROM carts") == []


@pytest.mark.parametrize("service", TABLES)
async def test_no_endpoint_breaks_on_a_hostile_body(wire: Wire, ada: Person, service: str) -> None:
    for endpoint in everything(service):
        if endpoint.body is None:
            continue
        who = {"MERCHANT": MERCHANT, "SERVICE": SERVICE}.get(endpoint.needs.name, ada.headers)
        path = re.sub(r"\{\w+\}", "x", endpoint.path)
        for name, body in HOSTILE.items():
            headers = {**who, **JSON, "idempotency-key": "k"}
            response = await wire.ask(endpoint.method, path, headers=headers, content=body, service=service)
            if (endpoint.path, name) == ("/v1/cart/lines/{line_id}", "a missing field"):
                continue  # here it is whole
            assert code(response) == INVALID, (endpoint.path, name)


async def test_a_body_that_is_too_large(wire: Wire, ada: Person) -> None:
    headers = ada.headers | {"idempotency-key": "k"} | JSON
    whole = json.dumps(LINE).encode()
    fits = whole + b" " * (MAX_BODY - len(whole))
    assert (await wire.ask("POST", "/v1/cart/lines", headers=headers, content=fits)).status_code == 200
    response = await wire.ask("POST", "/v1/cart/lines", headers=headers | {"idempotency-key": "l"}, content=fits + b" ")
    assert code(response) == (413, "invalid_value")


async def test_an_endless_body_is_not_read_to_its_end(wire: Wire, ada: Person) -> None:
    sent = 0

    async def endless() -> AsyncIterator[dict[str, Any]]:
        nonlocal sent
        while True:
            sent += 1024
            yield {"type": "http.request", "body": b" " * 1024, "more_body": True}

    parts = endless()
    answer: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        answer.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/cart/lines",
        "raw_path": b"/v1/cart/lines",
        "query_string": b"",
        "headers": [(b"authorization", ada.headers["authorization"].encode()), (b"content-type", b"application/json")],
    }
    await wire.five.apps["carts"](scope, parts.__anext__, send)  # type: ignore[arg-type]
    assert answer[0]["status"] == 413
    assert sent <= MAX_BODY + 2048


async def test_a_body_is_waited_for_no_longer_than_for_the_answer() -> None:
    async def never() -> dict[str, object]:
        await asyncio.Event().wait()
        raise AssertionError

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    with deadline(0), pytest.raises(Malformed) as caught:
        await read_body(Request(scope, never), MAX_BODY)
    assert status_of(caught.value) == 408


async def test_a_currency_has_three_letters_and_nothing_behind_them(ada: Person) -> None:
    attempt = ada.attempt(await ada.fill())
    attempt["total"] |= {"currency": "EUR\n"}
    assert code(await ada.ask("PUT", "/v1/orders/o-1", attempt)) == INVALID


async def test_a_log_that_nobody_reads_stops_nothing() -> None:
    class Broken(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    Log("carts", Broken()).say("info", "ready")


async def test_a_client_that_leaves_while_it_sends_is_no_bug(wire: Wire, ada: Person) -> None:
    messages: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        return None

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "PUT",
        "path": "/v1/cart/shipping",
        "raw_path": b"/v1/cart/shipping",
        "query_string": b"",
        "headers": [(b"authorization", ada.headers["authorization"].encode()), (b"content-type", b"application/json")],
    }
    await wire.five.apps["carts"](scope, receive, send)  # type: ignore[arg-type]
    assert [line["event"] for line in await logged(wire) if line["level"] == "error"] == []


# --- paths and queries -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=1.5",
        "limit=1e3",
        "limit=" + "9" * 5000,
        "limit=NaN",
        "limit=",
        "limit=%20%201",
        "limit=1&limit=2",
        "limit=1&limit=1",
        "limit=%EF%BC%91",
        "nonsense=1",
        "LIMIT=1",
        "cursor=",
        "cursor=nonsense",
        "cursor=" + "x" * 201,
        "in_stock=maybe",
        "in_stock=2",
        "in_stock=",
        "sort=nonsense",
        "price_min=-1",
        "price_min=1e3",
        "price_min=NaN",
        "price_min=1,5",
        "price_max=" + "9" * 13,
        "price_min=2&price_max=1",
        "text=" + "x" * 201,
        "category=" + "x" * 101,
    ],
)
async def test_hostile_queries(wire: Wire, query: str) -> None:
    response = await wire.ask("GET", f"/v1/products?{query}")
    assert code(response) == INVALID
    assert len(response.json()["detail"]) < 300


async def test_what_takes_no_query_gets_none(wire: Wire, ada: Person) -> None:
    assert code(await wire.ask("GET", "/v1/categories?x=1")) == INVALID
    assert code(await ada.ask("PUT", "/v1/cart/shipping?x=1", {"option_id": "standard"})) == INVALID
    assert (await wire.ask("GET", "/v1/categories?")).status_code == 200


@pytest.mark.parametrize(
    "text", ["%00", "%FF%FE", "%F0%9F%93%B7", "'\"", "*", "AND OR NOT", "%", "%zz", "(((", "a" * 200]
)
async def test_any_text_may_be_searched_for(wire: Wire, text: str) -> None:
    assert (await wire.ask("GET", f"/v1/products?text={text}")).status_code == 200


@pytest.mark.parametrize("path", ["/v1/payments/", "/v1/cart/lines/", "/v1/me/addresses/"])
async def test_parts_of_a_path_are_bounded(ada: Person, path: str) -> None:
    method = "GET" if path == "/v1/payments/" else "DELETE"
    assert code(await ada.ask(method, path + "x" * 201)) == INVALID
    for part in ("%00", "%FF", "'", "%E2%80%AE", "9" * 60):
        response = await ada.ask(method, path + part)
        assert response.status_code in (200, 400, 404), response.text


# --- conditions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/products", "/v1/categories", "/v1/products/tripod", "/v1/keys", "/openapi.json"])
async def test_what_is_the_same_for_everybody_has_a_tag(wire: Wire, path: str) -> None:
    service = "users" if path == "/v1/keys" else "products"
    whole = await wire.ask("GET", path, service=service)
    tag = whole.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]+"', tag)
    for condition in (tag, f"W/{tag}", "*", f'"x", {tag}', f'"x",W/{tag} , "y"'):
        unchanged = await wire.ask("GET", path, headers={"if-none-match": condition}, service=service)
        assert (unchanged.status_code, unchanged.content) == (304, b""), condition
        assert unchanged.headers["etag"] == tag
        assert "content-length" not in unchanged.headers
    lines = [("if-none-match", '"x"'), ("if-none-match", tag)]
    assert (await wire.ask("GET", path, headers=lines, service=service)).status_code == 304
    for condition in ('"x"', tag.strip('"'), "", "W/", f"w/{tag}", '"*"', "nonsense"):
        changed = await wire.ask("GET", path, headers={"if-none-match": condition}, service=service)
        assert changed.content == whole.content, condition


async def test_a_tag_changes_with_the_catalog(wire: Wire) -> None:
    first = await wire.ask("GET", "/v1/products/tripod")
    product = first.json()
    product["title"] = "Another title"
    assert (await wire.ask("PATCH", "/v1/catalog", {"products": [product]}, MERCHANT)).status_code == 200
    for headers in ({}, {"if-none-match": first.headers["etag"]}):
        again = await wire.ask("GET", "/v1/products/tripod", headers=headers)
        assert again.json()["title"] == "Another title"
        assert again.headers["etag"] != first.headers["etag"]


async def test_an_edit_may_name_the_version_that_it_is_meant_for(ada: Person) -> None:
    cart = await ada.add("k")
    view = await ada.ask("GET", "/v1/cart")
    tag = view.headers["etag"]
    assert tag == f'"{cart["version"]}"'
    line = f"/v1/cart/lines/{cart['lines'][0]['id']}"
    for number, template in enumerate(("{}", '"77", {}', '{},"77"', "*")):
        condition = template.format(tag)
        response = await ada.wire.ask("PUT", line, {"quantity": number + 2}, ada.headers | {"if-match": condition})
        assert response.status_code == 200, condition
        tag = response.headers["etag"]
    before = (await ada.ask("GET", "/v1/cart")).json()
    for condition in ('"77"', f"W/{tag}", tag.strip('"'), "nonsense", f'"77", W/{tag}', '"*"'):
        response = await ada.wire.ask("PUT", line, {"quantity": 9}, ada.headers | {"if-match": condition})
        assert code(response) == (412, "cart_changed"), condition
        assert response.json()["outcome"] == "not_applied"
    assert (await ada.ask("GET", "/v1/cart")).json() == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/cart/lines", LINE),
        ("DELETE", "/v1/cart/lines", None),
        ("PUT", "/v1/cart/address", {"address": ADDRESS | {"city": "Rom"}, "email": "ada@example.org"}),
        ("PUT", "/v1/cart/shipping", {"option_id": "express"}),
        ("PUT", "/v1/cart/lines/{line}", {"quantity": 5}),
        ("DELETE", "/v1/cart/lines/{line}", None),
    ],
)
async def test_every_edit_honours_if_match(ada: Person, method: str, path: str, body: object) -> None:
    cart = await ada.fill()
    path = path.format(line=cart["lines"][0]["id"])
    stale = {"if-match": '"1"', "idempotency-key": "k2"}
    assert code(await ada.wire.ask(method, path, body, ada.headers | stale)) == (412, "cart_changed")
    assert done(await ada.ask("GET", "/v1/cart")) == cart
    fresh = stale | {"if-match": f'"{cart["version"]}"'}
    assert done(await ada.wire.ask(method, path, body, ada.headers | fresh))["version"] == cart["version"] + 1


@pytest.mark.parametrize("condition", ["*", '"None"', '"0"', '""'])
async def test_a_cart_that_is_not_there_is_at_no_version(ada: Person, condition: str) -> None:
    headers = ada.headers | {"if-match": condition}
    response = await ada.wire.ask("PUT", "/v1/cart/shipping", {"option_id": "standard"}, headers)
    assert code(response) == (412, "cart_changed")


async def test_of_two_edits_of_one_version_one_wins(ada: Person) -> None:
    cart = await ada.add("k")
    condition = {"if-match": f'"{cart["version"]}"'}
    deliver, both = ada.wire.five.carry, asyncio.Event()
    arrived: list[str] = []

    async def together(caller: str, service: str, request: httpx.Request) -> httpx.Response:
        arrived.append(service)
        if len(arrived) > 1:
            both.set()
        await both.wait()
        return await deliver(caller, service, request)

    ada.wire.five.carry = together
    line = f"/v1/cart/lines/{cart['lines'][0]['id']}"
    edits = (ada.wire.ask("PUT", line, {"quantity": n}, ada.headers | condition) for n in (2, 3))
    assert sorted(answer.status_code for answer in await asyncio.gather(*edits)) == [200, 412]


async def test_an_empty_cart_has_no_tag(wire: Wire, ada: Person) -> None:
    assert "etag" not in (await ada.ask("GET", "/v1/cart")).headers
    assert "etag" not in (await wire.ask("GET", "/v1/cart", headers={"shop-cart": GUEST})).headers


def test_tags() -> None:
    assert names_tag('"1"', '"1"')
    assert not names_tag('W/"1"', '"1"')
    assert names_tag('W/"1"', '"1"', weak=True)
    assert not names_tag("*", None)


# --- request ids and time ------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["r-1", "a" * 64, "0.9_A-z"])
async def test_sane_request_ids_are_kept_and_carried_on(wire: Wire, ada: Person, given: str) -> None:
    response = await ada.ask("POST", "/v1/cart/lines", LINE, idempotency_key="k", x_request_id=given)
    assert response.headers["x-request-id"] == given
    lines = [line for line in await logged(wire) if line.get("request_id") == given]
    assert {line["service"] for line in lines} == {"carts", "products"}


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "a\tb", "ä", '"', "<script>", "a\x1b[31m", "a,b", "a/../b"])
async def test_other_request_ids_are_replaced(wire: Wire, given: str) -> None:
    for path in ("/v1/products", "/v1/products", "/v1/cart", "/nonesuch"):
        service = "products" if "products" in path else "carts"
        response = await wire.ask("GET", path, headers=[(b"x-request-id", given.encode())], service=service)
        assert re.fullmatch(r"[0-9a-f-]{16,36}", response.headers["x-request-id"]), path
        assert response.headers.get_list("x-request-id") == [response.headers["x-request-id"]]


@pytest.mark.parametrize("seconds", ["", "-1", "NaN", "inf", "1e9", "9" * 400, "1,5", " 1", "abc", "0x10", "\u0661"])
async def test_nonsense_in_shop_timeout_is_refused(ada: Person, seconds: str) -> None:
    headers: list[tuple[str | bytes, str | bytes]] = [("shop-timeout", seconds.encode()), ("idempotency-key", "k")]
    headers += ada.headers.items()
    response = await ada.wire.ask("POST", "/v1/cart/lines", LINE, headers)
    assert code(response) == (400, "invalid_value")
    assert response.json()["outcome"] == "not_applied"


async def test_whoever_has_no_time_left_gets_no_peer_asked(ada: Person) -> None:
    async def carry(caller: str, service: str, request: httpx.Request) -> httpx.Response:
        raise AssertionError("somebody was asked")

    ada.wire.five.carry = carry
    response = await ada.ask("POST", "/v1/cart/lines", LINE, shop_timeout="0", idempotency_key="k")
    assert code(response) == (503, "unavailable")
    assert response.json()["outcome"] == "not_applied"


async def test_the_time_that_is_left_is_told_to_the_peers(ada: Person) -> None:
    told: list[float] = []
    deliver = ada.wire.five.carry

    async def carry(caller: str, service: str, request: httpx.Request) -> httpx.Response:
        told.append(float(request.headers["shop-timeout"]))
        return await deliver(caller, service, request)

    ada.wire.five.carry = carry
    for seconds, most in (("0.9", 0.9), ("30", 2.0), ("60000", 2.0)):
        told.clear()
        done(await ada.ask("POST", "/v1/cart/lines", LINE, shop_timeout=seconds, idempotency_key=f"k{most}{seconds}"))
        assert told
        assert all(0 < value <= most for value in told)


# --- logs --------------------------------------------------------------------------------------------------


async def logged(wire: Wire) -> list[dict[str, Any]]:
    """Every line of all five logs, each of which is one JSON object."""
    for _ in range(3):  # what waits is written at the loop's next turn here
        await asyncio.sleep(0)
    return [json.loads(line) for line in wire.five.logs.getvalue().splitlines()]


async def test_logs_hold_no_secrets(wire: Wire, ada: Person) -> None:
    await ada.order("o-1")
    method = done(await ada.ask("POST", "/v1/payment-methods", CARD))
    await ada.pay("o-1", "p-1", method["token"])
    guest = {"shop-cart": GUEST, "idempotency-key": "g"}
    await wire.ask("POST", "/v1/cart/lines", LINE, guest)
    await ada.ask("PUT", f"/v1/cart/merged/{GUEST}")
    old = ada.session
    ada.session = done(await wire.ask("POST", "/v1/sessions/refresh", {"refresh_token": old["refresh_token"]}))
    await wire.ask("POST", "/v1/sessions", {"email": ada.email, "password": "wrong horse battery"})
    await ada.ask("PATCH", "/v1/me", {"name": "Secret Wish"})
    await ada.ask("PUT", "/v1/me/email", {"email": "lovelace@example.org", "password": PASSWORD})
    await ada.ask("PUT", "/v1/me/password", {"old": PASSWORD, "new": "new horse battery"})
    await ada.ask("GET", "/v1/products?text=secret-wish")
    await ada.ask("PUT", "/v1/me/addresses/home", {k: v for k, v in ADDRESS.items() if k != "label"})
    await wire.ask("PUT", "/v1/payments/p-1/refund", headers=MERCHANT)
    await ada.ask("POST", "/v1/me/deletion", {"password": "new horse battery"})
    lines = await logged(wire)
    assert {"signup", "login", "refresh", "tokenize", "pay", "place", "merge"} <= {line.get("action") for line in lines}
    text = wire.five.logs.getvalue()
    secrets: list[str] = [
        PASSWORD,
        "wrong horse",
        "new horse",
        str(CARD["number"]),
        "4242424242424242",
        ada.email,
        "Weg 1",
        GUEST,
    ]
    secrets += [str(method["token"]), "secret-wish", "Bern", "Secret Wish", "lovelace"]
    secrets += [session[name] for session in (old, ada.session) for name in ("access_token", "refresh_token")]
    secrets += [SERVICE["authorization"][7:], MERCHANT["authorization"][7:]]
    assert [secret for secret in secrets if secret in text] == []


async def test_each_request_is_one_line(wire: Wire, ada: Person) -> None:
    await ada.ask("GET", "/v1/orders", x_request_id="r-9")
    (line,) = [line for line in await logged(wire) if line.get("request_id") == "r-9"]
    assert line.items() >= {"service": "orders", "event": "request", "method": "GET", "status": 200}.items()
    assert set(line) == {"time", "level", "service", "event", "action", "method", "status", "ms", "request_id"}


@pytest.mark.parametrize("path", ["/v1/categories", "/v1/products/tripod", "/readyz"])
async def test_every_path_that_is_read_answers_head(wire: Wire, path: str) -> None:
    read = await wire.ask("GET", path, service="products")
    head = await wire.ask("HEAD", path, service="products")
    assert head.status_code == 200
    for name in ("etag", "content-length", "content-type"):
        assert head.headers[name] == read.headers[name]


def test_a_cache_is_bounded_in_bytes() -> None:
    async def nobody(*_: object) -> None:
        raise AssertionError

    cache = Cached(nobody, paths=(), version=lambda: 1, log=Log("products"))
    body = {"body": b"x" * (MAX_BYTES // 4)}
    for number in range(5):
        cache.keep((b"%d" % number, b""), 1, {}, body)
        assert sum(len(answer["body"]) for _, answer in cache._kept.values()) <= MAX_BYTES  # noqa: SLF001
    assert (b"4", b"") in cache._kept  # noqa: SLF001
