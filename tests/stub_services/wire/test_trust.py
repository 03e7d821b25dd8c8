"""Who is calling: no credential that is not ours opens anything, whatever it looks like."""

import asyncio
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from backends.errors import LoginRequired, SessionExpired, Unavailable
from stub_services.faults import MemoryFaults
from stub_services.wire import fault_routes
from stub_services.wire.app import Answering, Part
from stub_services.wire.endpoint import Endpoint, Needs
from stub_services.wire.fault_routes import FaultStore
from stub_services.wire.log import Log
from stub_services.wire.peers import PEERS, endpoints_of
from stub_services.wire.tokens import Signer, Verifier, make_key
from stub_services.wire.trust import Trust
from tests.conftest import VirtualClock, countable_ids
from tests.five import MERCHANT_TOKEN, Five, bearer
from tests.stub_services.wire.conftest import (
    GUEST,
    MERCHANT,
    SERVICE,
    TABLES,
    Headers,
    Person,
    Wire,
    code,
    everything,
)
from tests.stub_services.wire.forging import Mint, expired, forged, presented

OTHERS = {
    "the merchant's of another shop": "shopm_of-another-shop",
    "a service's of another shop": "shops_of-another-shop",
    "our own services'": SERVICE["authorization"].removeprefix("Bearer "),
    "for faults": "shopf_for-faults",
    "a prefix": "shopm_",
}
FOR_ACCOUNTS = (Needs.ACCOUNT, Needs.SHOPPER, Needs.VIEWER)


async def mint_of(person: Person) -> Mint:
    (key,) = await person.wire.rows("users", "SELECT * FROM signing_keys")
    return Mint(key["id"], key["private_key"], person.id, int(person.wire.clock().timestamp()))


def asked(endpoint: Endpoint) -> tuple[str, str]:
    """Method and path of an endpoint; what it is asked does not matter before it is known who asks."""
    path = endpoint.path
    for name in endpoint.path_parameters:
        path = path.replace(f"{{{name}}}", "x")
    return endpoint.method, path


async def answer(wire: Wire, service: str, endpoint: Endpoint, headers: Headers) -> tuple[int, str | None, str | None]:
    """Status, code and WWW-Authenticate of an endpoint that is asked without a body."""
    response = await wire.ask(*asked(endpoint), headers=headers, service=service)
    if response.status_code < 400:
        return response.status_code, None, None
    return *code(response), response.headers.get("www-authenticate")


@pytest.mark.parametrize("service", TABLES)
async def test_no_forged_token_opens_anything(wire: Wire, ada: Person, service: str) -> None:
    mint = await mint_of(ada)
    tokens = forged(mint, refresh_token=ada.session["refresh_token"], others=OTHERS)
    credentials: dict[str, Headers] = {
        name: [(b"authorization", f"Bearer {text}".encode())] for name, text in tokens.items()
    }
    credentials |= presented(mint)
    assert len(credentials) > 90
    wrong = []
    for endpoint in TABLES[service]:
        if endpoint.needs is Needs.ANYBODY:
            continue
        for name, headers in credentials.items():
            found = await answer(wire, service, endpoint, headers)
            if found != (401, "login_required", "Bearer"):
                wrong.append((asked(endpoint), name, found))
        if endpoint.needs in FOR_ACCOUNTS:
            found = await answer(wire, service, endpoint, bearer(mint.token()))
            assert found[0] != 401 or found[1] == "session_expired", (endpoint.name, found)  # its session is made up
            assert (await answer(wire, service, endpoint, ada.headers))[0] != 401
    assert wrong == []


@pytest.mark.parametrize("service", TABLES)
async def test_what_is_presented_must_hold_where_nothing_is_needed(wire: Wire, ada: Person, service: str) -> None:
    mint = await mint_of(ada)
    free = [endpoint for endpoint in everything(service) if endpoint.needs is Needs.ANYBODY]
    for endpoint in free:
        for text in (mint.token({"iss": "x"}), "shopm_no", "shops_no", "shopf_no", "password"):
            assert await answer(wire, service, endpoint, bearer(text)) == (401, "login_required", "Bearer")
        for good in (ada.headers, MERCHANT, SERVICE):
            assert (await answer(wire, service, endpoint, good))[0] != 401


@pytest.mark.parametrize("service", TABLES)
async def test_a_token_that_has_ended_says_so(wire: Wire, ada: Person, service: str) -> None:
    mint = await mint_of(ada)
    for endpoint in TABLES[service]:
        for name, text in expired(mint).items():
            found = await answer(wire, service, endpoint, bearer(text))
            assert found == (401, "session_expired", "Bearer"), (endpoint.name, name)


async def test_the_leeway_is_30_seconds_to_both_sides(wire: Wire, ada: Person) -> None:
    mint = await mint_of(ada)
    now = mint.claims["iat"]
    for times in ({"iat": now - 629, "exp": now - 29}, {"iat": now + 30, "exp": now + 600}):
        assert (await wire.ask("GET", "/v1/orders", headers=bearer(mint.token(times)))).status_code == 200


async def test_the_scheme_is_read_in_any_case(wire: Wire, ada: Person) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"authorization": f"{scheme} {ada.session['access_token']}"}
        assert (await wire.ask("GET", "/v1/me", headers=headers)).status_code == 200


async def test_an_access_token_ends_after_ten_minutes(wire: Wire, ada: Person) -> None:
    assert ada.session["access_expires_at"] == "2026-03-02T10:10:00Z"
    wire.clock.advance(timedelta(minutes=10, seconds=30))
    assert code(await ada.ask("GET", "/v1/orders")) == (401, "session_expired")


async def test_who_has_no_credentials_is_told_so(wire: Wire) -> None:
    for service, endpoints in TABLES.items():
        for endpoint in endpoints:
            found = await answer(wire, service, endpoint, ())
            needed = endpoint.needs not in (Needs.ANYBODY, Needs.VIEWER)
            assert (found == (401, "login_required", "Bearer")) == needed, endpoint.name


async def test_guests_reach_carts_only(wire: Wire) -> None:
    for service, endpoints in TABLES.items():
        for endpoint in endpoints:
            found = await answer(wire, service, endpoint, {"shop-cart": GUEST})
            assert (found[0] == 401) == (endpoint.needs in (Needs.ACCOUNT, Needs.MERCHANT)), endpoint.name


@pytest.mark.parametrize(
    "cart",
    ["1", "", "x" * 36, GUEST.upper(), GUEST.replace("4000", "1000"), f"{GUEST} ", "00000000000040008000000000000001"],
)
async def test_a_guests_cart_is_a_random_uuid(wire: Wire, cart: str) -> None:
    headers = [(b"shop-cart", cart.encode())]
    assert code(await wire.ask("GET", "/v1/cart", headers=headers)) == (400, "invalid_value")


async def test_a_request_has_one_cart(wire: Wire) -> None:
    headers = [(b"shop-cart", GUEST.encode()), (b"shop-cart", GUEST.replace("aa", "bb").encode())]
    assert code(await wire.ask("GET", "/v1/cart", headers=headers)) == (400, "invalid_value")


async def test_the_merchant_reaches_the_merchants_things_only(wire: Wire, ada: Person) -> None:
    for service, endpoints in TABLES.items():
        for endpoint in endpoints:
            as_merchant = await answer(wire, service, endpoint, MERCHANT)
            as_ada = await answer(wire, service, endpoint, ada.headers)
            forbidden = (403, "forbidden", None)
            assert (as_merchant == forbidden) == (endpoint.needs in FOR_ACCOUNTS), endpoint.name
            assert (as_ada == forbidden) == (endpoint.needs is Needs.MERCHANT), endpoint.name


async def test_internal_endpoints_open_to_services_only(wire: Wire, ada: Person) -> None:
    wrong: dict[str, Headers] = {
        "nobody": (),
        "an account": ada.headers,
        "a guest": {"shop-cart": GUEST},
        "the merchant": MERCHANT,
        "another shop": bearer("shops_of-another-shop"),
        "a prefix": bearer("shops_"),
        "more": bearer(SERVICE["authorization"].removeprefix("Bearer ") + "x"),
        "faults": bearer("shopf_for-faults"),
        "basic": {"authorization": "Basic eDp4"},
        "twice": [("authorization", SERVICE["authorization"]), ("authorization", SERVICE["authorization"])],
    }
    for peer, (service, _) in PEERS.items():
        for endpoint in endpoints_of(peer):
            for name, headers in wrong.items():
                found = await answer(wire, service, endpoint, headers)
                assert found == (401, "login_required", "Bearer"), (endpoint.path, name)
            assert (await answer(wire, service, endpoint, SERVICE))[:2] == (415, "invalid_value")


async def test_who_is_logged_in_goes_on_while_users_is_down(wire: Wire, ada: Person) -> None:
    carry = wire.five.carry

    async def without_users(caller: str, service: str, request: Any) -> Any:  # noqa: ANN401
        if service == "users":
            raise AssertionError("users was asked")
        return await carry(caller, service, request)

    wire.five.carry = without_users
    assert await ada.fill()
    assert await ada.order()
    assert await ada.pay("o-1", "p-1")


# --- the verifier ------------------------------------------------------------------------------


class Published:
    """UserService's published keys, which count how often they are fetched."""

    def __init__(self, *signers: Signer) -> None:
        self.keys: list[dict[str, Any]] = [key for signer in signers for key in signer.published()]
        self.fetched = 0
        self.is_down = False

    async def __call__(self) -> list[dict[str, Any]]:
        self.fetched += 1
        await asyncio.sleep(0)
        if self.is_down:
            raise Unavailable("users is down")
        return self.keys


class Seconds:
    """A monotonic clock."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def signer(clock: VirtualClock) -> Signer:
    key_id, pem = make_key()
    return Signer({key_id: pem}, clock=clock)


async def test_unknown_keys_are_looked_for_once_in_five_seconds(virtual_clock: VirtualClock) -> None:
    ours, seconds = signer(virtual_clock), Seconds()
    published = Published(ours)
    verifier = Verifier(published, clock=virtual_clock, monotonic=seconds)
    await verifier.prepare()
    strangers = [signer(virtual_clock).sign("ada", "s")[0] for _ in range(20)]
    seconds.now += 5
    refused = await asyncio.gather(*map(verifier.verify, strangers), return_exceptions=True)
    assert [type(refusal) for refusal in refused] == [LoginRequired] * 20
    assert published.fetched == 2
    seconds.now += 4.9
    with pytest.raises(LoginRequired):
        await verifier.verify(strangers[0])
    assert published.fetched == 2
    seconds.now += 0.2
    with pytest.raises(LoginRequired):
        await verifier.verify(strangers[0])
    assert published.fetched == 3
    assert (await verifier.verify(ours.sign("ada", "s")[0])).user_id == "ada"


async def test_a_new_key_is_found(virtual_clock: VirtualClock) -> None:
    old, new, seconds = signer(virtual_clock), signer(virtual_clock), Seconds()
    published = Published(old)
    verifier = Verifier(published, clock=virtual_clock, monotonic=seconds)
    await verifier.prepare()
    published.keys += new.published()
    seconds.now += 5
    for known in (new, old):
        assert (await verifier.verify(known.sign("ada", "s1")[0])).session_id == "s1"


async def test_without_keys_it_is_not_known_who_asks(virtual_clock: VirtualClock) -> None:
    ours, seconds = signer(virtual_clock), Seconds()
    published = Published(ours)
    published.is_down = True
    verifier = Verifier(published, clock=virtual_clock, monotonic=seconds)
    with pytest.raises(Unavailable) as caught:
        await verifier.verify(ours.sign("ada", "s")[0])
    assert caught.value.service == "users"
    published.is_down = False
    with pytest.raises(Unavailable):  # it was asked just now
        await verifier.verify(ours.sign("ada", "s")[0])
    seconds.now += 1
    assert (await verifier.verify(ours.sign("ada", "s")[0])).user_id == "ada"
    published.is_down = True
    seconds.now += 60
    with pytest.raises(LoginRequired):  # known keys stay known
        await verifier.verify(signer(virtual_clock).sign("ada", "s")[0])
    assert (await verifier.verify(ours.sign("ada", "s")[0])).user_id == "ada"


@pytest.mark.parametrize(
    "keys", [[{}], [{"kid": "x"}], [{"kid": "x", "kty": "OKP", "crv": "Ed25519", "x": "?"}], [None]]
)
async def test_keys_that_are_none_are_silence(virtual_clock: VirtualClock, keys: list[Any]) -> None:
    published = Published()
    published.keys = keys
    verifier = Verifier(published, clock=virtual_clock)
    with pytest.raises(Unavailable):
        await verifier.verify(signer(virtual_clock).sign("ada", "s")[0])


async def test_garbage_keys_do_not_replace_good_ones(virtual_clock: VirtualClock) -> None:
    ours, seconds = signer(virtual_clock), Seconds()
    published = Published(ours)
    verifier = Verifier(published, clock=virtual_clock, monotonic=seconds)
    await verifier.prepare()
    published.keys = [{}]
    seconds.now += 60
    with pytest.raises(LoginRequired):
        await verifier.verify(signer(virtual_clock).sign("ada", "s")[0])
    assert (await verifier.verify(ours.sign("ada", "s")[0])).user_id == "ada"


async def test_a_token_of_an_older_key_still_counts(virtual_clock: VirtualClock) -> None:
    old, new = make_key(), make_key()
    both = Signer(dict([new, old]), clock=virtual_clock)
    token = Signer(dict([old]), clock=virtual_clock).sign("ada", "s")[0]
    verifier = Verifier(Published(both), clock=virtual_clock)
    assert (await verifier.verify(token)).user_id == "ada"


async def test_the_edge_of_a_tokens_life(virtual_clock: VirtualClock) -> None:
    ours = signer(virtual_clock)
    token, ends = ours.sign("ada", "s")
    verifier = Verifier(Published(ours), clock=virtual_clock)
    virtual_clock.now = ends + timedelta(seconds=29)
    assert await verifier.verify(token)
    virtual_clock.now = ends + timedelta(seconds=30)
    with pytest.raises(SessionExpired):
        await verifier.verify(token)


# --- at the start --------------------------------------------------------------------------------


async def test_keys_are_fetched_at_the_start(virtual_clock: VirtualClock) -> None:
    """Who is logged in is known from then on, whether UserService lives or not."""
    asked_for: list[str] = []
    five = Five(virtual_clock, countable_ids())

    async def carry(caller: str, service: str, request: httpx.Request) -> httpx.Response:
        asked_for.append(f"{caller} {request.method} {request.url.path}")
        return await five.deliver(caller, service, request)

    five.carry = carry
    await five.start()
    await five.stop()
    assert asked_for == [f"{name} GET /v1/keys" for name in ("products", "carts", "orders", "payments")]


# --- who may break things --------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["shopf_ours", None])
async def test_faults_are_injected_with_their_own_token(wire: Wire, ada: Person, token: str | None) -> None:
    async def no_keys() -> list[dict[str, Any]]:
        return []

    verifier = Verifier(no_keys, clock=wire.clock)
    trust = Trust(verifier, service_token="shops_x", merchant_token=MERCHANT_TOKEN, faults_token=token)
    store = FaultStore("carts", MemoryFaults())
    answering = Answering("carts", trust, None, Log("carts", io.StringIO()))
    application = answering.application(Part(store, fault_routes.ENDPOINTS))
    wire.five.apps["carts"] = replace(wire.five.apps["carts"], application=application)
    wrong: tuple[Headers, ...] = (
        (),
        ada.headers,
        MERCHANT,
        SERVICE,
        bearer("shopf_"),
        bearer("shopf_others"),
        {"shop-cart": GUEST},
    )
    for endpoint in fault_routes.ENDPOINTS:
        for headers in wrong:
            assert await answer(wire, "carts", endpoint, headers) == (401, "login_required", "Bearer")
    right = await wire.ask("GET", "/faults", headers=bearer("shopf_ours"), service="carts")
    assert right.status_code == (200 if token else 401)
