import io
import json
import os
from typing import Any

import pytest

from stub_services.supervisor.logs import LogStream
from stub_services.supervisor.sink import Sink

_LINE = (
    b'{"time":"2026-03-02T10:00:00.000Z","level":"error","service":"x","request_id":"0123456789",'
    b'"event":"request","ms":1.5,"path":"/v1"}'
)


def logged(*, human: bool, color: bool = False, line: bytes = _LINE) -> str:
    stream = io.StringIO()
    log = LogStream(stream, human=human, color=color)
    log.passed_on("users", line)
    log.drain()
    return stream.getvalue()


def test_a_pipe_gets_json_with_the_name_of_the_process() -> None:
    entry: dict[str, Any] = json.loads(logged(human=False))

    assert (entry["service"], entry["event"], entry["ms"]) == ("users", "request", 1.5)


def test_people_get_lines() -> None:
    assert logged(human=True)[12:] == " users      request 01234567 ms=1.5 path=/v1\n"


@pytest.mark.parametrize(
    ("event", "level", "shows"), [("request", "info", False), ("request", "warning", True), ("ready", "info", True)]
)
def test_requests_that_went_well_may_be_left_out(event: str, level: str, shows: bool) -> None:
    stream = io.StringIO()
    log = LogStream(stream, human=True, color=False, requests=False)

    assert log.passed_on("users", json.dumps({"event": event, "level": level}).encode())["event"] == event
    log.drain()
    assert bool(stream.getvalue()) is shows


def test_a_service_without_its_database_says_so_once() -> None:
    stream = io.StringIO()
    log = LogStream(stream, human=True, color=False)
    said: dict[str, Any] = {"event": "database", "level": "error", "error": "refused"}
    polled: dict[str, Any] = {"event": "request", "level": "warning", "action": "readyz", "status": 503}
    asked = polled | {"action": "signup"}
    for entry in (said, polled, said, polled, said | {"error": "too many"}, asked, said):
        log.passed_on("users", json.dumps(entry).encode())
    log.drain()

    assert [line.split()[2] for line in stream.getvalue().splitlines()] == [
        "database",
        "database",
        "request",
        "database",
    ]


def test_colours_only_where_they_are_wanted() -> None:
    assert "\x1b[31m" in logged(human=True, color=True)
    assert "\x1b" not in logged(human=True)


@pytest.mark.parametrize("line", [b"Traceback \x1b[2J\xff\n", b"[1]\n", b'"x"\n', b"{\n"])
def test_what_is_no_object_is_wrapped_and_cannot_act_on_a_terminal(line: bytes) -> None:
    entry = json.loads(logged(human=False, line=line))

    assert (entry["event"], entry["service"]) == ("output", "users")
    assert "\x1b" not in logged(human=True, line=line)


def test_nobody_reading_the_log_ends_nothing() -> None:
    stream = io.StringIO()
    stream.close()
    log = LogStream(stream, human=False, color=False)

    log.say("stopped")
    assert log.passed_on("users", _LINE)["event"] == "request"


def test_nobody_reading_the_log_stops_nobody_and_what_is_lost_is_counted() -> None:
    ours, theirs = os.pipe()
    with open(theirs, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor
        sink = Sink(stream, lambda count: f"{count} lost\n", most=10_000)
        for number in range(5_000):
            sink.put(f"{number:099}\n")  # 500 KB, where the pipe takes 64 KiB and the queue 10

        assert not sink.drain(0)
        read = b""
        while b"4999\n" not in read:
            read += os.read(ours, 65536)
    lines = read.decode().splitlines()
    lost = [int(line.removesuffix(" lost")) for line in lines if line.endswith(" lost")]
    assert sum(lost) + len(lines) - len(lost) == 5_000
    assert lost
    os.close(ours)
