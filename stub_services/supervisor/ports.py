"""A listening address on the loopback interface that outlives the processes behind it."""

import errno
import socket

from backends.errors import ConfigurationError

_HOST = "127.0.0.1"
_BACKLOG = 2048
_LOOK_AHEAD = 100


class Port:
    """One TCP port of 127.0.0.1, ours for as long as this lives.

    While it is closed the port stays bound and does not listen: connections are refused, and nobody else can take it.
    """

    def __init__(self, number: int) -> None:
        """Bind the port, 0 for any that is free. Raises ConfigurationError where somebody else has it."""
        self._socket = _bound(number)
        self.number: int = self._socket.getsockname()[1]
        self._open = False

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{_HOST}:{self.number}"

    def open(self) -> socket.socket:
        """Let connections queue up, and return the socket for the processes that accept them; idempotent.

        Raises ConfigurationError where somebody else listens.
        """
        if not self._open:
            # Several processes accept from it, and whoever comes second must not wait there: nginx leaves an
            # inherited socket as it is.
            self._socket.settimeout(0)
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self._socket.listen(_BACKLOG)
            except OSError:  # two programs can bind a port at once, but only one of them can listen
                raise _taken(self.number) from None
            self._open = True
        return self._socket

    def close(self) -> None:
        """Refuse connections from now on; the processes that share the socket must have ended. Idempotent."""
        if self._open:
            self._socket.close()
            self._socket = _bound(self.number)
            self._open = False

    def release(self) -> None:
        """Give the port back."""
        self._socket.close()


def _bound(number: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # To bind where old connections are still being forgotten; then taken back, because two sockets that both say
        # it share a port as long as none listens, and whoever listens first, even another user, gets the requests.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((_HOST, number))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRINUSE:
            raise _taken(number) from None
        msg = f"cannot use port {number} of {_HOST}: {error.strerror}"
        raise ConfigurationError(msg, hint="shop serve --port 8080") from None
    return made


def _taken(number: int) -> ConfigurationError:
    free = _next_free(number)
    hint = f"shop serve --port {free}" if free else "shop serve --port 0"
    return ConfigurationError(f"port {number} of {_HOST} is in use by another program", hint=hint)


def _next_free(number: int) -> int | None:
    for candidate in range(number + 1, min(number + _LOOK_AHEAD, 65536)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((_HOST, candidate))
            except OSError:
                continue
            return candidate
    return None
