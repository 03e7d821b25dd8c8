import pytest

from backends import Backend, Capability, MemorySessions, open_backend
from backends.errors import ConfigurationError
from backends.http import HttpBackend
from backends.registry import canonical
from stub_services.inprocess.backend import CAPABILITIES
from tests.backends.http.fake import ORIGIN, FakeShop, says
from tests.backends.http.samples import CART


def test_it_can_do_what_the_shop_in_process_can(shop: FakeShop) -> None:
    backend: Backend = shop.open()
    assert backend.capabilities == CAPABILITIES - {Capability.FAULTS}
    assert backend.suspends is True
    assert backend.name == ORIGIN
    assert backend.admin is None


async def test_closing_is_idempotent(shop: FakeShop) -> None:
    shop.on("GET", "/v1/cart", says(CART))
    backend = shop.open()
    await backend.aclose()
    await backend.carts.view()
    await backend.aclose()
    await backend.aclose()


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "https://shop.example"])
def test_the_registry_opens_it_without_a_connection(url: str) -> None:
    backend = open_backend(f"{url.upper()}/", sessions=MemorySessions())
    assert isinstance(backend, HttpBackend)
    assert backend.name == url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://Example.ORG:80/", "http://example.org"),
        ("https://Example.org:443", "https://example.org"),
        ("http://example.org:443", "http://example.org:443"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://xn--hns-qla.de", "http://xn--hns-qla.de"),
    ],
)
def test_one_shop_has_one_name(url: str, expected: str) -> None:
    assert canonical(url) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http:",
        "http://",
        "http:/tmp/shop",
        "http://ada:hunter2@shop.example",
        "http://ada@shop.example",
        "http://@shop.example",
        "http://shop.example/path",
        "http://shop.example//",
        "http://shop.example?hunter2",
        "http://shop.example?",
        "http://shop.example#hunter2",
        "http://shop.example:99999",
        "http://shop.example:0",
        "http://shop.example:port",
        "http://[::1",
        "http://shop example",
        "http://shop\n.example",
        "http://häns.de",
        "http://-",
        "http://..",
    ],
    ids=ascii,
)
def test_an_address_that_is_no_origin_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_backend(url)
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.hint
