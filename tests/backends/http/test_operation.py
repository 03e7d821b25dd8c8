"""The owner's port, and health."""

import gzip
import json
from pathlib import Path

import pytest

from backends import Capability, Fault, FaultKind, Imported, MemorySessions
from backends.deadline import deadline
from backends.errors import Forbidden, NotFound, OutcomeUnknown, SessionExpired, Unavailable, Unsupported
from backends.http.operation import MAX_PLAIN
from backends.http.owner import is_private
from backends.http.transport import Transport
from tests.backends.http.fake import GONE, ORIGIN, RESET, FakeShop, VirtualLoop, hangs, nothing, problem, raw, says
from tests.backends.http.samples import CART, PAYMENT, PRODUCT

SERVICES = ("users", "products", "carts", "orders", "payments")
OWNER = {"gateway": ORIGIN, "control": "http://127.0.0.1:9000", "merchant": "shopm_1", "faults": "shopf_1"}
FAULT = Fault("carts", FaultKind.LATENCY, "add", 0.5, 2.0, 3)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "owner.json"
    path.write_text(json.dumps(OWNER), "utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture
def owner(file: Path) -> MemorySessions:
    sessions = MemorySessions()
    sessions.update(lambda kept: kept.update(owner=str(file)))
    return sessions


async def test_the_owner_refunds(shop: FakeShop, owner: MemorySessions) -> None:
    shop.on("PUT", "/v1/payments/pay-1/refund", says(PAYMENT))
    assert await shop.open(owner).payments.refund("pay-1", "key") == PAYMENT
    assert shop.seen[0].headers["authorization"] == "Bearer shopm_1"


async def test_a_merchants_token_that_the_shop_calls_expired_is_no_reason_to_renew_a_session(
    shop: FakeShop, owner: MemorySessions
) -> None:
    shop.on("PUT", "/v1/payments/pay-1/refund", problem(401, "session_expired"))
    with pytest.raises(SessionExpired):
        await shop.open(owner).payments.refund("pay-1", "key")
    assert {each.headers["authorization"] for each in shop.seen} == {"Bearer shopm_1"}


async def test_the_owner_imports(shop: FakeShop, owner: MemorySessions) -> None:
    shop.on("PATCH", "/v1/catalog", says({"added": 0, "updated": 1, "unchanged": 0}))
    admin = shop.open(owner).admin
    assert admin is not None
    assert await admin.import_catalog((PRODUCT,)) == Imported(0, 1, 0)
    assert shop.seen[0].headers["authorization"] == "Bearer shopm_1"
    variant = json.loads(shop.seen[0].content)["products"][0]["variants"][0]
    assert variant["price"] == {"amount": 79900, "currency": "EUR"}


async def test_a_large_catalog_is_sent_compressed_and_each_time_the_same(shop: FakeShop, owner: MemorySessions) -> None:
    shop.on("PATCH", "/v1/catalog", RESET, says({"added": 0, "updated": 0, "unchanged": 4000}))
    admin = shop.open(owner).admin
    assert admin is not None
    # The second one finds what the first one may have done, so nobody knows what both did.
    assert await admin.import_catalog((PRODUCT,) * 4000) == Imported(None, None, None)
    first, second = shop.seen
    assert first.content == second.content
    assert first.headers["content-encoding"] == "gzip"
    assert len(first.content) < MAX_PLAIN < len(gzip.decompress(first.content))
    assert len(json.loads(gzip.decompress(first.content))["products"]) == 4000


async def test_the_owner_runs_the_processes(shop: FakeShop, owner: MemorySessions) -> None:
    shop.on("PUT", "/v1/services/carts/state", nothing)
    shop.on("POST", "/v1/services/gateway/restart", nothing)
    backend = shop.open(owner)
    admin = backend.admin
    assert admin is not None
    await admin.stop("carts")
    await admin.start("carts")
    await admin.restart("gateway")
    await backend.aclose()
    assert [json.loads(each.content or b"null") for each in shop.seen] == [
        {"state": "stopped"},
        {"state": "running"},
        None,
    ]
    assert {(each.url.port, each.headers["authorization"]) for each in shop.seen} == {(9000, "Bearer shopm_1")}
    for call in (admin.stop("nothing"), admin.start("../x"), admin.restart("")):
        with pytest.raises(NotFound):
            await call


async def test_a_supervisor_that_is_gone_is_named(shop: FakeShop, owner: MemorySessions, file: Path) -> None:
    shop.on("PUT", "/v1/services/carts/state", GONE)
    admin = shop.open(owner).admin
    assert admin is not None
    with pytest.raises(Unavailable, match=r"supervisor at http://127\.0\.0\.1:9000 cannot be reached") as caught:
        await admin.stop("carts")
    assert caught.value.hint == f"shop serve --port 8080 --data {file.parent}"


@pytest.mark.parametrize(
    ("change", "hint"),
    [({}, "shop services start gateway"), ({"control": None}, "shop serve --port 8080 --data {data}")],
    ids=["the gateway is stopped", "all has ended"],
)
async def test_the_owner_is_told_what_brings_the_shop_back(
    shop: FakeShop, owner: MemorySessions, file: Path, change: dict[str, object], hint: str
) -> None:
    file.write_text(json.dumps(OWNER | change), "utf-8")
    shop.on("GET", "/v1/categories", GONE)
    with pytest.raises(Unavailable) as caught:
        await shop.open(owner).products.categories()
    assert caught.value.hint == hint.format(data=file.parent)


async def test_a_restart_whose_answer_got_lost_is_not_repeated(shop: FakeShop, owner: MemorySessions) -> None:
    shop.on("POST", "/v1/services/carts/restart", RESET)
    admin = shop.open(owner).admin
    assert admin is not None
    with pytest.raises(OutcomeUnknown) as caught:
        await admin.restart("carts")
    assert caught.value.hint == "shop services status"
    assert len(shop.seen) == 1


@pytest.mark.parametrize("change", [{"control": None}, {"control": ...}])
async def test_once_the_shop_has_ended_nobody_runs_its_services(
    shop: FakeShop, owner: MemorySessions, file: Path, change: dict[str, object]
) -> None:
    kept = {name: value for name, value in (OWNER | change).items() if value is not ...}
    file.write_text(json.dumps(kept), "utf-8")
    admin = shop.open(owner).admin
    assert admin is not None
    for call in (admin.start("carts"), admin.stop("carts"), admin.restart("carts")):
        with pytest.raises(Unavailable, match="has ended") as caught:
            await call
        assert caught.value.hint == f"shop serve --port 8080 --data {file.parent}"
    assert shop.seen == []


async def test_every_connection_is_closed(
    shop: FakeShop, owner: MemorySessions, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    async def close(transport: Transport) -> None:
        closed.append(transport.origin)

    monkeypatch.setattr(Transport, "aclose", close)
    backend = shop.open(owner)
    for port in (9000, 9001):  # a new `shop serve` writes a new address
        file.write_text(json.dumps(OWNER | {"control": f"http://127.0.0.1:{port}"}), "utf-8")
        assert backend.admin is not None
    await backend.aclose()
    assert set(closed) == {ORIGIN, "http://127.0.0.1:9000", "http://127.0.0.1:9001"}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_keys_that_others_could_read_or_change_are_not_used(
    shop: FakeShop, owner: MemorySessions, file: Path, mode: int
) -> None:
    file.chmod(mode)
    assert shop.open(owner).admin is None


async def test_the_owner_injects_faults(shop: FakeShop, owner: MemorySessions) -> None:
    backend = shop.open(owner)
    assert Capability.FAULTS in backend.capabilities
    admin = backend.admin
    assert admin is not None
    for service in (*SERVICES, "gateway"):
        shop.on("GET", f"/v1/faults/{service}", says({"items": []}))
        shop.on("DELETE", f"/v1/faults/{service}", nothing)
    shop.on("POST", "/v1/faults/carts", nothing)
    await admin.inject(FAULT)
    told = json.loads(shop.seen[0].content)
    assert told == {
        "kind": "latency",
        "action": "add",
        "rate": 0.5,
        "seconds": 2.0,
        "times": 3,
        "step": 1,
        "after": False,
    }
    shop.on("GET", "/v1/faults/carts", says({"items": [told]}))
    assert await admin.faults() == (FAULT,)
    await admin.clear_faults("carts")
    await admin.clear_faults()
    assert {each.headers["authorization"] for each in shop.seen} == {"Bearer shopf_1"}
    assert [each for each in shop.asked() if "DELETE" in each] == [
        f"DELETE /v1/faults/{service}" for service in ("carts", *SERVICES, "gateway")
    ]
    for service in ("nothing", ".."):
        with pytest.raises(NotFound):
            await admin.clear_faults(service)


async def test_faults_are_cleared_everywhere_even_if_one_service_is_gone(shop: FakeShop, owner: MemorySessions) -> None:
    for service in SERVICES:
        shop.on("DELETE", f"/v1/faults/{service}", nothing)
    shop.on("DELETE", "/v1/faults/users", problem(503, "unavailable"))
    shop.on("DELETE", "/v1/faults/gateway", problem(404, "not_found"))  # nginx
    admin = shop.open(owner).admin
    assert admin is not None
    with pytest.raises(Unavailable):
        await admin.clear_faults()
    assert shop.asked()[-2:] == ["DELETE /v1/faults/payments", "DELETE /v1/faults/gateway"]


async def test_an_open_circuit_does_not_keep_anybody_from_mending(shop: FakeShop, owner: MemorySessions) -> None:
    shop.on("GET", "/v1/cart", GONE)
    shop.on("DELETE", "/v1/faults/carts", nothing)
    shop.on("GET", "/v1/health/carts", says({"service": "carts", "status": "up", "version": "1", "detail": ""}))
    backend = shop.open(owner)
    for _ in range(4):
        with pytest.raises(Unavailable):
            await backend.carts.view()
    admin = backend.admin
    assert admin is not None
    await admin.clear_faults("carts")


async def test_a_shop_without_faults(shop: FakeShop, owner: MemorySessions, file: Path) -> None:
    file.write_text(json.dumps({**OWNER, "faults": None}), "utf-8")
    backend = shop.open(owner)
    assert Capability.FAULTS not in backend.capabilities
    admin = backend.admin
    assert admin is not None
    for call in (admin.faults(), admin.inject(FAULT), admin.clear_faults()):
        with pytest.raises(Unsupported):
            await call
    assert shop.seen == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        json.dumps({**OWNER, "gateway": "http://127.0.0.1:8081"}),
        json.dumps({**OWNER, "gateway": None}),
        json.dumps({**OWNER, "control": "http://evil.example"}),
        json.dumps({**OWNER, "control": 1}),
        json.dumps({**OWNER, "merchant": "a\r\nb"}),
        json.dumps({**OWNER, "merchant": None}),
        json.dumps({**OWNER, "faults": 1}),
        "[" * 60_000,
    ],
    ids=range(11),
)
async def test_a_file_that_is_not_this_shops_gives_no_keys(
    shop: FakeShop, owner: MemorySessions, file: Path, content: str
) -> None:
    file.write_text(content, "utf-8")
    backend = shop.open(owner)
    assert backend.admin is None
    assert Capability.FAULTS not in backend.capabilities
    with pytest.raises(Forbidden):
        await backend.payments.refund("pay-1", "key")
    assert shop.seen == []


def test_a_file_that_is_gone_gives_no_keys(shop: FakeShop, owner: MemorySessions, file: Path) -> None:
    backend = shop.open(owner)
    assert backend.admin is not None
    file.unlink()
    assert backend.admin is None


async def test_the_merchants_token_does_not_travel_unencrypted(
    shop: FakeShop, owner: MemorySessions, file: Path
) -> None:
    origin = "http://shop.example"
    file.write_text(json.dumps({**OWNER, "gateway": origin}), "utf-8")
    backend = shop.open(owner, origin=origin)
    assert backend.admin is None
    with pytest.raises(Forbidden):
        await backend.payments.refund("pay-1", "key")


@pytest.mark.parametrize(
    ("origin", "private"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:8080", True),
        ("http://localhost:8080", True),
        ("https://shop.example", True),
        ("http://shop.example", False),
        ("http://127.0.0.1.example", False),
        ("http://localhost.example", False),
        ("http://10.0.0.1", False),
        ("ftp://shop.example", False),
        ("", False),
    ],
)
def test_where_nobody_listens_in(origin: str, private: bool) -> None:
    assert is_private(origin) is private


# --- health ----------------------------------------------------------------------------------------------------------


def up(shop: FakeShop) -> None:
    for name in SERVICES:
        said = {"service": name, "status": "up", "version": "0.1.0", "detail": ""}
        shop.on("GET", f"/v1/health/{name}", says(said))
    shop.on("GET", "/readyz", says({"service": "gateway", "status": "up", "version": "0.1.0", "detail": ""}))


async def test_the_five_services_and_the_gateway(shop: FakeShop) -> None:
    up(shop)
    health = await shop.open().health()
    assert [each.service for each in health] == [*SERVICES, "gateway"]
    assert {(each.status, each.version) for each in health} == {("up", "0.1.0")}
    assert all(each.milliseconds is not None for each in health)


@pytest.mark.parametrize(
    ("reply", "status", "detail"),
    [
        (GONE, "down", "refused"),
        (problem(503, "unavailable", detail="the carts service cannot be reached"), "down", "carts service cannot"),
        (
            says({"service": "carts", "status": "down", "version": "1", "detail": "disk full"}, 503),
            "down",
            "disk full",
        ),
        (says({"service": "carts", "status": "up", "version": "1", "detail": "odd"}, 503), "down", "odd"),
        (says({"service": "carts", "status": "degraded", "version": "1", "detail": "slow"}), "degraded", "slow"),
        (raw(200, b"<html>"), "degraded", "no sense"),
        (raw(502, b"<html>"), "down", "answered 502"),
        (raw(301, b"", location="http://evil.example"), "down", "points elsewhere"),
        (says({"status": 7}), "degraded", "no sense"),
    ],
    ids=range(9),
)
async def test_a_service_that_is_not_up(shop: FakeShop, reply: object, status: str, detail: str) -> None:
    up(shop)
    shop.on("GET", "/v1/health/carts", reply)  # type: ignore[arg-type]
    health = {each.service: each for each in await shop.open().health()}
    assert health["carts"].status == status
    assert detail in health["carts"].detail
    assert health["orders"].status == "up"


async def test_a_service_that_was_seen_up_is_asked_again_at_once(shop: FakeShop) -> None:
    up(shop)
    shop.on("GET", "/v1/cart", GONE)
    backend = shop.open()
    for _ in range(3):
        with pytest.raises(Unavailable):
            await backend.carts.view()
    shop.on("GET", "/v1/cart", says(CART))
    with pytest.raises(Unavailable, match="left alone for a moment"):
        await backend.carts.view()

    await backend.health()

    assert await backend.carts.view() == CART


async def test_a_service_that_was_seen_down_is_still_left_alone(shop: FakeShop) -> None:
    up(shop)
    shop.on("GET", "/v1/cart", GONE)
    shop.on("GET", "/v1/health/carts", GONE)
    backend = shop.open()
    for _ in range(3):
        with pytest.raises(Unavailable):
            await backend.carts.view()
    shop.on("GET", "/v1/cart", says(CART))

    await backend.health()

    with pytest.raises(Unavailable, match="left alone for a moment"):
        await backend.carts.view()


async def test_health_takes_two_seconds_at_most(shop: FakeShop, loop: VirtualLoop) -> None:
    up(shop)
    for name in SERVICES:
        shop.on("GET", f"/v1/health/{name}", hangs)
    health = await shop.open().health()
    assert [each.status for each in health] == ["down"] * 5 + ["up"]
    assert loop.now == pytest.approx(2)


async def test_without_a_gateway_nobody_knows_how_the_services_are(shop: FakeShop) -> None:
    shop.on("GET", "/readyz", GONE)
    states = {**dict.fromkeys(SERVICES, "unknown"), "gateway": "down"}
    with deadline(0):
        assert {each.service: each.status for each in await shop.open().health()} == states
    assert {each.service: each.status for each in await shop.open().health()} == states


async def test_services_may_be_down_behind_a_gateway(shop: FakeShop) -> None:
    shop.on("GET", "/readyz", says({"service": "gateway", "status": "up", "version": "1", "detail": ""}))
    for name in SERVICES:
        shop.on("GET", f"/v1/health/{name}", GONE)
    states = {**dict.fromkeys(SERVICES, "down"), "gateway": "up"}
    assert {each.service: each.status for each in await shop.open().health()} == states


@pytest.mark.parametrize(
    ("date", "ahead"),
    [
        ("Mon, 02 Mar 2026 10:00:00 GMT", 0),
        ("Mon, 02 Mar 2026 09:59:59 GMT", 0),
        ("Mon, 02 Mar 2026 10:00:45 GMT", 45),
        ("Mon, 02 Mar 2026 09:59:00 GMT", -59),  # or a second less: the date is cut
        ("yesterday", None),
        ("", None),
        ("Mon, 02 Mar 2026 10:00:00 -0000", None),  # of no time zone
    ],
)
async def test_a_clock_that_is_ahead_or_behind(shop: FakeShop, date: str, ahead: float | None) -> None:
    up(shop)
    said = {"service": "gateway", "status": "up", "version": "1", "detail": ""}
    shop.on("GET", "/readyz", says(said, date=date))
    *services, gateway = await shop.open().health()
    assert gateway.clock_ahead == (None if ahead is None else pytest.approx(ahead, abs=0.9))
    assert {each.clock_ahead for each in services} == {None}


async def test_a_gateway_that_is_down_says_what_brings_it_back(shop: FakeShop, owner: MemorySessions) -> None:
    shop.on("GET", "/readyz", GONE)
    *services, gateway = await shop.open(owner).health()
    assert gateway.hint == "shop services start gateway"
    assert {each.hint for each in services} == {None}
