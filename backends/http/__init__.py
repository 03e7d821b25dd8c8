"""Five services behind a gateway, over HTTP: the backend behind `http://` and `https://`."""

from backends.http.backend import HttpBackend
from backends.http.calls import Outside
from backends.interface import Clock, Ids, SessionStore

__all__ = ["HttpBackend", "open_http"]


def open_http(url: str, *, sessions: SessionStore, clock: Clock, ids: Ids) -> HttpBackend:
    """Open the shop whose gateway is at `url`, an origin as `backends.registry.canonical` writes it."""
    return HttpBackend(url, sessions, Outside(clock, ids))
