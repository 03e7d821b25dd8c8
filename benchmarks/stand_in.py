"""Servers that do nothing: what remains is what requests cost by themselves (uvicorn, httptools, uvloop, aiohttp).

    python3 benchmarks/stand_in.py FILE     answers as the JSON file says

FILE: {"services": {NAME: URL}, "steps": {PATH: {"body": TEXT, "asks": [[SERVICE, PATH, BYTES], ...]}}}. A step with
asks asks those one after the other, with bodies of so many bytes, and then answers. Without "steps" it is a gateway
that passes requests on to the service that the first part of the path names.
"""

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from yarl import URL

_HEADERS = {
    "authorization": "Bearer shops_0123456789abcdef",
    "content-type": "application/json",
    "shop-timeout": "2.000",
    "x-request-id": "0123456789abcdef",
}


class StandIn:
    """The application."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._services: dict[str, str] = plan["services"]
        self._steps = {
            path: (step["body"].encode(), [(service, asked, b"x" * size) for service, asked, size in step["asks"]])
            for path, step in plan.get("steps", {}).items()
        }
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        """Answer one request."""
        if scope["type"] != "http":
            return
        body = b""
        if scope["method"] != "GET":
            more = True
            while more:
                message = await receive()
                body, more = body + message["body"], message["more_body"]
        if self._steps:
            answer, asks = self._steps[scope["path"]]
            for service, path, sent in asks:
                await self._ask(service, "POST", path, sent)
        else:
            answer = await self._ask(scope["path"].split("/", 2)[1], scope["method"], scope["path"], body)
        length = str(len(answer)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _ask(self, service: str, method: str, path: str, body: bytes) -> bytes:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        url = URL(self._services[service] + path, encoded=True)
        async with self._session.request(method, url, headers=_HEADERS, data=body or None) as response:
            return await response.read()


def main(plan: str) -> None:
    """Serve until SIGTERM."""
    listener = socket.socket(fileno=int(os.environ["SHOP_LISTEN"].removeprefix("fd:")))
    app = StandIn(json.loads(Path(plan).read_text("utf-8")))
    config = uvicorn.Config(app, http="httptools", loop="uvloop", lifespan="off", log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])
