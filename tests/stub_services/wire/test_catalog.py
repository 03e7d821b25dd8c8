"""A whole catalog in one request: compressed, waited for longer than anything else, and in nobody's way."""

import gzip
from typing import Any

import httpx
import msgspec
import pytest
from starlette.requests import Request

from stub_services.gateway import routes as gateway
from stub_services.products import routes
from stub_services.wire import hop
from stub_services.wire.problems import Malformed, status_of
from stub_services.wire.requests import read_body
from tests.stub_services.wire.conftest import MERCHANT, Wire, code, done

PRODUCT = {
    "id": "pen",
    "slug": "pen",
    "title": "Pen",
    "brand": "",
    "category": "Pens",
    "description": "",
    "variants": [
        {
            "id": "pen/red",
            "ref": "pen/red",
            "name": "red",
            "sku": "",
            "price": {"amount": 250, "currency": "EUR"},
            "in_stock": True,
            "stock": 5,
        }
    ],
}
PLAIN = msgspec.json.encode({"products": [PRODUCT]})
PACKED = gzip.compress(PLAIN, mtime=0)


async def sent(wire: Wire, content: bytes, encoding: str = "gzip", path: str = "/v1/catalog") -> httpx.Response:
    headers = {**dict(MERCHANT), "content-encoding": encoding, "content-type": "application/json"}
    return await wire.ask("PATCH", path, headers=headers, content=content)


async def test_a_compressed_catalog(wire: Wire) -> None:
    assert done(await sent(wire, PACKED)) == {"added": 1, "updated": 0, "unchanged": 0}
    assert done(await sent(wire, PLAIN, "identity")) == {"added": 0, "updated": 0, "unchanged": 1}
    assert (await wire.ask("GET", "/v1/products/pen")).json()["variants"][0]["stock"] == 5


@pytest.mark.parametrize(
    ("content", "encoding", "status"),
    [
        (PLAIN, "gzip", 400),
        (PACKED[:-1], "gzip", 400),
        (PACKED + b"x", "gzip", 400),
        (PACKED + PACKED, "gzip", 400),
        (PACKED, "br", 415),
        (PACKED, "gzip, gzip", 415),
    ],
)
async def test_what_is_no_compressed_catalog(wire: Wire, content: bytes, encoding: str, status: int) -> None:
    refused = await sent(wire, content, encoding)
    assert code(refused) == (status, "invalid_value")


async def test_other_bodies_are_not_compressed(wire: Wire) -> None:
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    assert (await wire.ask("POST", "/v1/users", headers=headers, content=PACKED)).status_code == 415


async def test_a_few_bytes_never_become_gigabytes() -> None:
    def asked(size: int) -> Request:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": gzip.compress(b" " * size), "more_body": False}

        headers = [(b"content-type", b"application/json"), (b"content-encoding", b"gzip")]
        return Request({"type": "http", "method": "PATCH", "headers": headers}, receive)

    assert len(await read_body(asked(5000), 100, 5000)) == 5000
    with pytest.raises(Malformed, match="more than 5000 bytes once it is unpacked") as caught:
        await read_body(asked(5001), 100, 5000)
    assert status_of(caught.value) == 413


def test_who_imports_may_wait_longer() -> None:
    assert hop.seconds_of("9999") == hop.MAX_SECONDS
    assert hop.seconds_of("9999", routes.MAX_SECONDS) == routes.MAX_SECONDS == gateway.IMPORT_SECONDS
    importing = ("PATCH", "/v1/catalog", "Bearer shopm_x")
    assert gateway.seconds(*importing) == gateway.IMPORT_SECONDS
    for other in (("PATCH", "/v1/catalog", "Bearer x"), ("GET", *importing[1:]), ("PATCH", "/v1/cart", importing[2])):
        assert gateway.seconds(*other) == hop.MAX_SECONDS


async def test_a_wrong_product_at_the_end_undoes_all(wire: Wire) -> None:
    wrong = {**PRODUCT, "slug": "cup", "variants": []}
    refused = await sent(wire, gzip.compress(msgspec.json.encode({"products": [PRODUCT, wrong]})))
    assert (refused.status_code, refused.json()["detail"]) == (
        400,
        "cup: variants: a product needs at least one, each with its own name",
    )
    assert (await wire.ask("GET", "/v1/products/pen")).status_code == 404
