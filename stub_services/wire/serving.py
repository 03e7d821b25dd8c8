"""Running an ASGI application with uvicorn: from a socket or an address, until a signal, without losing a request.

A server that closes an idle connection races with the request that its client is just writing onto it. So after
SIGTERM nothing new is accepted, but the connections that are open stay usable for `DRAIN_SECONDS`, longer than our
own clients keep an idle one (`IDLE_SECONDS`), and each next answer asks to close. After SIGINT nobody is expected to
go on: requests under way are finished, idle connections are closed.
"""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import uvicorn
import uvloop
from uvicorn._types import ASGI3Application

from backends.errors import ConfigurationError
from stub_services.wire.limits import LimitedProtocol, LimitedState

IDLE_SECONDS = 0.5
"""How long our clients keep an idle connection."""
DRAIN_SECONDS = 1.5
KEEP_ALIVE_SECONDS = 15
"""How long a server keeps an idle connection: longer than its clients, or they write onto closed ones."""
FINISH_SECONDS = 3
"""How long requests under way may take behind that; the supervisor kills 5 s after the signal."""
MAX_CONNECTIONS = 480
"""Each may need one more to a service, and 1,024 open files is the usual limit of a process."""
_TICK_SECONDS = 0.02


class Server(uvicorn.Server):
    """uvicorn that leaves signals to whoever runs it, and closes its connections in two steps."""

    def __init__(
        self,
        app: ASGI3Application,
        *,
        service: str = "",
        ready: Callable[[], None] = lambda: None,
        protocol: type[LimitedProtocol] = LimitedProtocol,
    ) -> None:
        """Serve `app` of `service`; `ready` is called once connections are accepted."""
        super().__init__(_config(app, protocol))
        self._ready = ready
        self.server_state: LimitedState = LimitedState()
        self.server_state.service = service

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept."""
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nothing more, let clients go on to another process, then finish."""
        for server in self.servers:
            server.close()
        if self.server_state.draining:
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_SECONDS):
                    while self.server_state.connections:  # noqa: ASYNC110 - uvicorn tells nobody when one goes
                        await asyncio.sleep(_TICK_SECONDS)
        await super().shutdown(sockets)

    def stop(self, number: int, _frame: FrameType | None = None) -> None:
        """Begin to stop, in the way that the signal asks for."""
        self.server_state.draining = number == signal.SIGTERM
        self.should_exit = True


def _config(app: ASGI3Application, protocol: type[LimitedProtocol]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=FINISH_SECONDS,
    )


def listening(where: str) -> socket.socket:
    """Return the socket that SHOP_LISTEN names: `fd:3` or `127.0.0.1:8101`. Raises ConfigurationError."""
    kind, _, number = where.rpartition(":")
    try:
        if kind == "fd":
            return socket.socket(fileno=int(number))
        return socket.create_server((kind, int(number)), backlog=2048)
    except (OSError, OverflowError, ValueError) as error:
        raise ConfigurationError(f"cannot listen on {where!r}: {error}", hint="SHOP_LISTEN=127.0.0.1:8080") from error


def run(
    app: ASGI3Application,
    listener: socket.socket,
    *,
    service: str,
    ready: Callable[[], None],
    protocol: type[LimitedProtocol] = LimitedProtocol,
) -> None:
    """Serve until SIGTERM or SIGINT, then return; `ready` is called once connections are accepted."""
    server = Server(app, service=service, ready=ready, protocol=protocol)

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.stop, number)
        await server.serve([listener])

    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(serve())


def _loop() -> Any:  # noqa: ANN401 - uvloop's loop is untyped
    return uvloop.new_event_loop()
