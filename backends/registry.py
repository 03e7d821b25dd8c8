"""Which URL scheme is served by which module. Strings only, so that nothing is imported before it is used.

A scheme that the table does not know is looked for among the plug-ins (`backends.plugins`).
"""

import os
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar, cast

from backends.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from backends.interface import Backend, Clock, Ids, SessionStore
    from backends.plugins import Plugin

BACKENDS = {
    "http": "backends.http:open_http",
    "https": "backends.http:open_http",
    "memory": "stub_services.inprocess:open_memory",
    "sqlite": "stub_services.inprocess:open_sqlite",
}

_PORTS = {"http": 80, "https": 443}
_ADDRESS = "shop --backend http://127.0.0.1:8080"

T = TypeVar("T")


class MemorySessions:
    """A `SessionStore` for one process: what a library user gets by default."""

    def __init__(self) -> None:
        """Start logged out."""
        self._stored: dict[str, str] = {}

    def read(self) -> dict[str, str]:
        """Return a copy of what is stored."""
        return dict(self._stored)

    def update(self, change: "Callable[[MutableMapping[str, str]], T]") -> T:
        """Change the stored mapping in place and return what `change` returns. Raises ConfigurationError."""
        changed = dict(self._stored)
        result = change(changed)
        see_that_it_is_text(changed)
        self._stored = changed
        return result


def see_that_it_is_text(stored: "Mapping[str, str]") -> None:
    """Raise ConfigurationError where an adapter keeps something else: no session could be read back."""
    for name, value in stored.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            msg = f"the backend keeps a {type(value).__name__} as {name!r} in its session, which holds text only"
            raise ConfigurationError(msg, hint="json.dumps it in the backend")


def system_clock() -> datetime:
    """Now, by the machine's clock."""
    return datetime.now(UTC)


def random_ids() -> str:
    """Return a random UUID version 4."""
    from uuid import uuid4  # costs 0.8 of a bare Python start, so only what writes pays for it

    return str(uuid4())


def canonical(url: str) -> str:
    """Return the one way to write a URL, so that one shop has one name.

    `sqlite:` paths are absolute; of `http://` and `https://` the origin is left, in lower case and without a default
    port. What a plug-in serves stays as it is written. Raises ConfigurationError for what cannot be.
    """
    scheme, _, rest = url.partition(":")
    if scheme.lower() in _PORTS:
        return _origin(url)
    if scheme != "sqlite" or not rest:
        return url
    if "\0" in rest:
        raise ConfigurationError("a path has no NUL character", hint="shop --backend sqlite:DIRECTORY")
    return f"sqlite:{os.path.abspath(os.path.expanduser(rest))}"  # noqa: PTH100, PTH111  pathlib would follow links


def _origin(url: str) -> str:
    """Return scheme, host and port (RFC 6454). The URL is not quoted in errors: it may hold a password."""
    import re  # only an address on the network pays for reading it
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url if url.isprintable() else "")  # it drops line breaks silently
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigurationError("the shop's address has no valid host or port", hint=_ADDRESS) from None
    if "@" in parts.netloc:
        raise ConfigurationError("a shop's address holds no user and no password", hint=_ADDRESS)
    if parts.path not in ("", "/") or "?" in url or "#" in url:
        raise ConfigurationError("a shop's address ends after host and port", hint=_ADDRESS)
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*", host) or port == 0:
        raise ConfigurationError("the shop's address has no valid host or port", hint=_ADDRESS)
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + ("" if port in (None, _PORTS[parts.scheme]) else f":{port}")


def _unknown(url: str) -> ConfigurationError:
    """Return the error for a URL that nobody serves; `127.0.0.1:8080` only lacks its scheme."""
    import re

    scheme = url.partition(":")[0]
    host, _, port = url.rstrip("/").partition(":")
    if re.fullmatch(r"localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", host) and re.fullmatch("[0-9]{0,5}", port):
        local = host == "localhost" or host.replace(".", "").isdigit()
        meant = f"{'http' if local else 'https'}://{url.rstrip('/')}"
        return ConfigurationError(
            f"a shop's address begins with http:// or https://: {meant}", hint=f"shop --backend {meant}"
        )
    # Only the scheme is named: what stands behind it may hold a password.
    more = {plugin.scheme for plugin in plugins() if plugin.trouble is None}
    known = ", ".join(f"{name}:" for name in sorted({*BACKENDS, *more}))
    hint = "shop backends list" if ":" in url else "shop --backend sqlite:DIRECTORY"
    return ConfigurationError(f"no backend serves {scheme!r}; known: {known}", hint=hint)


def plugins() -> "tuple[Plugin, ...]":
    """Return the backends that installed distributions offer, by scheme; imports none of them."""
    from backends.plugins import installed

    return installed(frozenset(BACKENDS))


def _plugin(url: str) -> "Plugin":
    """Return the plug-in for a URL. Raises ConfigurationError where there is none."""
    rest = url.partition(":")[2]
    found = plugin_of(url)
    if found is None:
        raise _unknown(url)
    if rest.startswith("//") and "@" in rest[2:].partition("/")[0]:  # URLs are kept in files, and shown
        raise ConfigurationError("a shop's address holds no user and no password", hint="shop backends list")
    return found


def plugin_of(url: str) -> "Plugin | None":
    """Return the plug-in that serves `url`, None where that is built in or nobody does."""
    scheme, colon, _ = url.partition(":")
    if scheme in BACKENDS or not colon:
        return None
    return next((plugin for plugin in plugins() if plugin.scheme == scheme), None)


def open_backend(
    url: str,
    *,
    sessions: "SessionStore | None" = None,
    clock: "Clock" = system_clock,
    ids: "Ids" = random_ids,
) -> "Backend":
    """Open the shop behind `url`: `memory:`, `sqlite:DIRECTORY`, `http://HOST:PORT`, `https://HOST`, or a plug-in's.

    Raises ConfigurationError for a scheme that nobody serves, and for a plug-in that is broken. Opening touches no
    file or network.
    """
    url = canonical(url)
    kept = MemorySessions() if sessions is None else sessions
    scheme, colon, _ = url.partition(":")
    if scheme not in BACKENDS or not colon:
        return _plugin(url).open(url, sessions=kept, clock=clock, ids=ids)
    module, _, function = BACKENDS[scheme].partition(":")
    opener = getattr(import_module(module), function)
    return cast("Backend", opener(url, sessions=kept, clock=clock, ids=ids))
