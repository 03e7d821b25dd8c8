"""What holds for the gateway in Python and for nginx: both are made from one table of routes."""

import socket
from uuid import UUID

import pytest

from backends.interface import SERVICES
from stub_services.gateway.routes import BODY_BYTES, TABLE
from tests.stub_services.gateway.conftest import Front

_PLAIN = [route for route in TABLE if route.target is None and route.service != "payments"]
_MEMBERS = {"type", "title", "status", "detail", "code", "hint", "service", "outcome", "retryable", "request_id"}


@pytest.mark.parametrize("path", [f"{route.prefix}{rest}" for route in _PLAIN for rest in ("", "/a%20b/c?x=%20&y=")])
def test_a_request_arrives_as_it_was_sent(front: Front, path: str) -> None:
    seen = front.ask("PUT", path, b'{"a": 1}', Authorization="Bearer shopm_x", Idempotency_Key="k")

    assert seen.status == 200
    assert seen.json["method"] == "PUT"
    assert "?".join(filter(None, (seen.json["path"], seen.json["query"]))) == path
    assert seen.json["bytes"] == 8
    assert seen.seen["authorization"] == "Bearer shopm_x"
    assert seen.seen["idempotency-key"] == "k"


@pytest.mark.parametrize(
    ("path", "arrives"),
    [
        ("/v1/health/users", "/readyz"),
        ("/v1/openapi/products", "/openapi.json"),
        ("/v1/faults/orders", "/faults"),
    ],
)
def test_what_a_service_says_about_itself_has_a_path_of_its_own(front: Front, path: str, arrives: str) -> None:
    assert front.ask("GET", path).json["path"] == arrives
    assert front.ask("GET", f"{path}/more").status == 404


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/v1", "/v1/", "/internal/v1/take", "/v1/internal", "/readyz/x", "/v1/usersx", "/v1/user", "/v2/users"),
        *("/v1/%75sers", "/%761/users", "/v1/health", "/v1/health/", "/v1/health/gateway", "/v1/health/processor"),
    ],
)
def test_everything_else_is_not_found(front: Front, path: str) -> None:
    answer = front.ask("GET", path)

    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/v1/products/../admin",
            "/v1/products/%2e%2e/admin",
            "/v1/products/.%2E/admin",
            "/v1/products/..",
            "//v1/me",
        ),
        *("/v1//users", "/v1/users/./me", "/v1/users/%2E", "/v1/users/a%2fb", "/v1/users/a%5Cb", "/v1/users/a\\b"),
        *("/v1/users//", "/v1/users/%00", "/v1/users/..?x=1"),
    ],
)
def test_a_path_that_could_mean_something_else_goes_nowhere(front: Front, path: str) -> None:
    answer = front.ask("GET", path)

    assert (answer.status, answer.json["code"], answer.json["outcome"]) == (400, "invalid_value", "not_applied")


def test_dots_inside_names_are_names(front: Front) -> None:
    assert front.ask("GET", "/v1/products/nikon-50mm-f1.8..s/...").json["path"].endswith("f1.8..s/...")


def test_a_request_id_is_kept_made_or_replaced(front: Front) -> None:
    kept = front.ask("GET", "/v1/me", X_Request_Id="a-1_b.C")
    made = front.ask("GET", "/v1/me")
    replaced = front.ask("GET", "/v1/me", X_Request_Id="x" * 65)

    assert kept.headers["x-request-id"] == kept.seen["x-request-id"] == "a-1_b.C"
    assert UUID(made.headers["x-request-id"]) == UUID(made.seen["x-request-id"])
    assert UUID(replaced.headers["x-request-id"]) == UUID(replaced.seen["x-request-id"])


def test_hop_by_hop_headers_stay_behind(front: Front) -> None:
    seen = front.ask("GET", "/v1/me", TE="trailers", Keep_Alive="5", Shop_Cart="c").seen

    assert "shop-cart" in seen
    assert seen.get("connection", "keep-alive") != "close"
    assert {"upgrade", "proxy-connection", "transfer-encoding"}.isdisjoint(seen)


def test_redirects_are_passed_back_and_not_followed(front: Front) -> None:
    answer = front.ask("GET", "/v1/users/redirect")

    assert (answer.status, answer.headers["location"]) == (302, "/v1/elsewhere")


def test_a_refused_connection_changed_nothing(front: Front) -> None:
    for method in ("GET", "POST"):
        answer = front.ask(method, "/v1/payments/x", X_Request_Id="r1")

        assert answer.status == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json) == _MEMBERS
        assert answer.json["type"] == "urn:shop:problem:unavailable"
        assert answer.json["status"] == 503
        assert answer.json["request_id"] == "r1"
        said = [answer.json[name] for name in ("code", "service", "outcome", "retryable")]
        assert said == ["unavailable", "payments", "not_applied", True]


def test_a_connection_that_breaks_leaves_a_write_unknown(front: Front) -> None:
    answer = front.ask("PUT", "/v1/orders/drop", b"{}")

    assert answer.status == 504
    said = [answer.json[name] for name in ("code", "service", "outcome")]
    assert said == ["outcome_unknown", "orders", "unknown"]


def test_a_connection_that_breaks_leaves_a_read_harmless(front: Front) -> None:
    answer = front.ask("GET", "/v1/orders/drop")

    assert answer.status == 503
    assert [answer.json[name] for name in ("code", "service", "outcome")] == ["unavailable", "orders", "not_applied"]


def test_bodies_are_bounded_and_a_catalog_may_be_larger(front: Front) -> None:
    just, more = b"x" * BODY_BYTES, b"x" * (BODY_BYTES + 1)

    assert front.ask("POST", "/v1/users", just).json["bytes"] == BODY_BYTES
    answer = front.ask("POST", "/v1/users", more)
    assert (answer.status, answer.json["code"], answer.json["outcome"]) == (413, "invalid_value", "not_applied")
    assert front.ask("PATCH", "/v1/catalog", more, Authorization="Bearer shopm_x").json["bytes"] == BODY_BYTES + 1


@pytest.mark.parametrize(
    ("method", "path", "token"),
    [
        ("PATCH", "/v1/catalog", ""),
        ("PATCH", "/v1/catalog", "Bearer eyJ"),
        ("PUT", "/v1/catalog", "Bearer shopm_x"),
        ("PATCH", "/v1/catalog/x", "Bearer shopm_x"),
        ("PATCH", "/v1/products", "Bearer shopm_x"),
    ],
)
def test_only_a_merchant_who_imports_may_send_much(front: Front, method: str, path: str, token: str) -> None:
    assert front.ask(method, path, b"x" * (BODY_BYTES + 1), Authorization=token).status == 413


def test_a_method_that_is_not_served_comes_with_those_that_are(front: Front) -> None:
    answer = front.ask("POST", "/livez", b"{}")

    assert (answer.status, answer.json["code"], answer.headers["allow"]) == (405, "invalid_value", "GET, HEAD, OPTIONS")
    assert "PATCH" in front.ask("TRACE", "/v1/me").headers["allow"]
    assert UUID(answer.headers["x-request-id"])


def test_a_request_names_its_host(front: Front) -> None:
    with socket.create_connection(("127.0.0.1", front.port), timeout=20) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\n\r\n")
        assert b" 400 " in connection.makefile("rb").readline()


def test_chunked_bodies_are_bounded_too(front: Front) -> None:
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    head = b"POST /v1/users HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", front.port), timeout=20) as connection:
        connection.sendall(head + chunk * 17 + b"0\r\n\r\n")
        assert connection.makefile("rb").readline().split()[1] == b"413"


def test_it_speaks_for_itself(front: Front) -> None:
    assert front.ask("GET", "/livez").json["status"] == "up"
    ready = front.ask("GET", "/readyz").json
    assert (ready["service"], ready["status"]) == ("gateway", "up")
    assert front.ask("GET", "/openapi.json").json == {
        "services": {service: f"/v1/openapi/{service}" for service in SERVICES}
    }


def test_it_does_not_tell_its_version(front: Front) -> None:
    assert front.ask("GET", "/nowhere").headers.get("server", "nginx") == "nginx"


def test_a_head_of_any_size_is_not_read(front: Front) -> None:
    with socket.create_connection(("127.0.0.1", front.port), timeout=20) as connection:
        connection.sendall(b"GET /v1/me HTTP/1.1\r\nhost: x\r\n")
        answered = b""
        try:
            for _ in range(100):
                connection.sendall(b"x-more: " + b"y" * 1000 + b"\r\n")
        except OSError:
            pass
        try:
            answered = connection.makefile("rb").readline()
        except OSError:
            return  # it closed before all was read: no answer got through
        assert answered.split()[1] in (b"431", b"400")


def test_garbage_is_no_request(front: Front) -> None:
    with socket.create_connection(("127.0.0.1", front.port), timeout=20) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00 hello\r\n\r\n")
        assert b" 400 " in connection.makefile("rb").readline()
