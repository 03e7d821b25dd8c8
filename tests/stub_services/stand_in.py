"""A service that stands in for the real ones: `python -m tests.stub_services.stand_in NAME`.

It answers what it was asked, and does odd things when a path asks for them.
"""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

from stub_services.wire import serving
from stub_services.wire.limits import LimitedProtocol
from stub_services.wire.log import Log

NAME = sys.argv[1] if len(sys.argv) > 1 else "users"
LOG = Log(NAME)
HELD = asyncio.Event()
HOP = {"from": NAME, "to": "orders", "action": "GET /x", "status": "200", "start": 1, "ms": 2, "attempt": 1, "hops": []}

Scope = Any
Receive = Any
Send = Any


class Dropping(LimitedProtocol):
    """Lets the application break the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {"drop": self.transport.abort}  # type: ignore[dict-item]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    if not await done_oddly(scope, receive, send):
        await answer(scope, send, len(body))


async def done_oddly(scope: Scope, receive: Receive, send: Send) -> bool:
    """Do what the end of the path says; False if the ordinary answer comes next."""
    match scope["raw_path"].decode().rpartition("/")[2]:
        case "crash":
            sys.stderr.write("it fell over\n")
            sys.stderr.flush()
            os._exit(3)
        case "drop":
            scope["extensions"]["drop"]()
        case "child":
            subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
            return False
        case "never":
            await receive()  # until the client gives up
        case "broken":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            scope["extensions"]["drop"]()
        case "held":  # answers when another request asks it to
            LOG.say("info", "held")
            await HELD.wait()
            return False
        case "go":
            HELD.set()
            return False
        case _:
            return False
    return True


async def answer(scope: Scope, send: Send, size: int) -> None:
    path = scope["raw_path"].decode()
    headers = [(b"content-type", b"application/json")]
    if any(name == b"shop-trace" for name, _ in scope["headers"]):
        headers.append((b"shop-trace", json.dumps([HOP]).encode()))
    if path.endswith("/redirect"):
        headers.append((b"location", b"/v1/elsewhere"))
    seen = {
        "service": NAME,
        "pid": os.getpid(),
        "method": scope["method"],
        "path": path,
        "query": scope["query_string"].decode(),
        "headers": [[name.decode(), value.decode("utf-8", "replace")] for name, value in scope["headers"]],
        "bytes": size,
        "environment": {name: value for name, value in os.environ.items() if name.startswith(("SHOP_", "SSL_"))},
    }
    body = b"x" * (3 << 20) if path.endswith("/long") else json.dumps(seen).encode()
    status = 302 if path.endswith("/redirect") else 200
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    serving.run(
        app,
        serving.listening(os.environ["SHOP_LISTEN"]),
        service=NAME,
        ready=lambda: LOG.say("info", "ready"),
        protocol=Dropping,
    )
