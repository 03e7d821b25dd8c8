"""What only the gateway in Python does."""

import json
import socket

from backends.tracing import load
from tests.stub_services.gateway.conftest import Front


def test_its_hop_is_around_those_of_the_service(python: Front) -> None:
    answer = python.ask("GET", "/v1/users/x?secret=1", Shop_Trace="1")

    (hop,) = load(answer.headers["shop-trace"])
    assert (hop.caller, hop.callee, hop.action, hop.status) == ("gateway", "users", "GET /v1/users/x", "200")
    assert hop.milliseconds > 0
    assert [(inner.caller, inner.callee) for inner in hop.hops] == [("users", "orders")]
    assert "shop-trace" not in python.ask("GET", "/v1/users/x").headers


def test_a_refused_connection_is_a_hop_too(python: Front) -> None:
    (hop,) = load(python.ask("GET", "/v1/payments", Shop_Trace="1").headers["shop-trace"])

    assert (hop.callee, hop.status, hop.hops) == ("payments", "connection refused", ())


def test_the_time_that_is_left_goes_along(python: Front) -> None:
    assert 2 < float(python.ask("GET", "/v1/me", Shop_Timeout="2.5").seen["shop-timeout"]) <= 2.5
    assert 9 < float(python.ask("GET", "/v1/me").seen["shop-timeout"]) <= 10
    assert 59 < float(python.ask("GET", "/v1/me", Shop_Timeout="9999").seen["shop-timeout"]) <= 60
    importing = python.ask("PATCH", "/v1/catalog", b"{}", Shop_Timeout="9999", Authorization="Bearer shopm_x")
    assert 599 < float(importing.seen["shop-timeout"]) <= 600


def test_it_waits_no_longer_than_the_deadline(python: Front) -> None:
    asked = python.ask("GET", "/v1/users/never", Shop_Timeout="0.1")
    changed = python.ask("POST", "/v1/users/never", b"{}", Shop_Timeout="0.1")

    assert (asked.status, asked.json["outcome"]) == (503, "not_applied")
    assert (changed.status, changed.json["outcome"]) == (504, "unknown")


def test_a_deadline_that_is_over_or_unreadable_reaches_no_service(python: Front) -> None:
    over = python.ask("POST", "/v1/users", b"{}", Shop_Timeout="0")
    odd = [python.ask("GET", "/v1/me", Shop_Timeout=text).status for text in ("-1", "nan", "1e3", "")]

    assert (over.status, over.json["outcome"]) == (503, "not_applied")
    assert odd == [400, 400, 400, 400]


def test_half_an_answer_is_none(python: Front) -> None:
    assert python.ask("GET", "/v1/orders/broken").json["outcome"] == "not_applied"
    assert python.ask("POST", "/v1/orders/broken", b"{}").json["outcome"] == "unknown"


def test_a_long_answer_streams_through(python: Front) -> None:
    answer = python.ask("GET", "/v1/products/long")

    assert len(answer.body) == 3 << 20
    assert answer.headers["transfer-encoding"] == "chunked"


def test_only_methods_of_the_api_pass(python: Front) -> None:
    assert python.ask("TRACE", "/v1/me").status == 405
    assert python.ask("POST", "/openapi.json").status == 405
    head = python.ask("HEAD", "/v1/me")
    assert (head.status, head.body) == (200, b"")


def test_a_header_that_cannot_pass_unchanged_is_refused(python: Front) -> None:
    assert python.ask("GET", "/v1/me", X_Name="Zoë".encode().decode("latin-1")).seen["x-name"] == "Zoë"
    assert python.ask("GET", "/v1/me", X_Name="\xff").status == 400


def test_a_body_that_breaks_off_reaches_no_service(python: Front) -> None:
    with socket.create_connection(("127.0.0.1", python.port), timeout=20) as connection:
        connection.sendall(b"POST /v1/users HTTP/1.1\r\nhost: x\r\nshop-timeout: 0.1\r\ncontent-length: 9\r\n\r\n{")
        assert connection.makefile("rb").readline().split()[1] == b"408"


def test_a_line_is_logged_for_each_request_without_its_query(python: Front) -> None:
    python.ask("GET", "/v1/me/addresses/x?text=private", Authorization="Bearer shopm_secret", X_Request_Id="find-me")

    while b"find-me" not in (line := python.log.get(timeout=20)):
        assert line, "it ended"
    entry = json.loads(line)
    assert entry["route"] == "/v1/me"
    assert (entry["event"], entry["method"], entry["to"], entry["status"]) == ("request", "GET", "users", 200)
    assert b"private" not in line
    assert b"shopm_" not in line
